import { closeSync, openSync } from 'node:fs'

/** How many are kept: few beside what operating systems let a process have open (256 and more). */
const MOST = 64

/**
 * Files kept open for those who read them again and again: opening and closing one costs ten times as much as reading a small one
 * (docs/speed.md). The one opened longest ago goes first. A descriptor is good until the next call of any of these methods.
 */
export class OpenFiles {
  readonly #descriptors = new Map<string, number>()

  /** A descriptor to read from. Errors of `openSync` pass through. */
  open(path: string): number {
    const known = this.#descriptors.get(path)
    if (known !== undefined) return known
    const descriptor = openSync(path, 'r')
    if (this.#descriptors.size >= MOST) {
      for (const oldest of this.#descriptors.keys()) {
        this.close(oldest)
        break
      }
    }
    this.#descriptors.set(path, descriptor)
    return descriptor
  }

  /** Before the file is deleted: its space is free only when nobody has it open. Harmless for files that are not open. */
  close(path: string): void {
    const descriptor = this.#descriptors.get(path)
    if (descriptor === undefined) return
    this.#descriptors.delete(path)
    closeSync(descriptor)
  }

  closeAll(): void {
    for (const path of [...this.#descriptors.keys()]) this.close(path)
  }
}
