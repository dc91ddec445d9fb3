import { existsSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { open, rm } from 'node:fs/promises'
import { performance } from 'node:perf_hooks'
import type { Adapter } from 'lowdb'
import { StateError } from './errors.ts'
import { FILE_MODE, replaceFile, syncDirectory } from './files.ts'
import { forEachLine } from './lines.ts'
import { checkVersion } from './migrations/index.ts'
import { StateLines, stateLines } from './stateLines.ts'
import type { StateImage } from './stateLines.ts'

/** A slice is handed to the disk when it is this long (characters), even if its time is not over. */
const SLICE_LENGTH = 1024 * 1024

export interface StateFileOptions {
  readonly directory: string
  /** How long a slice may keep the event loop, in milliseconds. */
  readonly sliceMs: number
  readonly fsync: boolean
  /** An image with an empty model, to read into. */
  readonly empty: () => StateImage
}

/**
 * `state.json`, as an adapter for lowdb. It is written in slices: everything else gets its turn between two of them,
 * so the image may change while it is written. That is harmless, because whatever changes then is also in the journal
 * file that the image names, and replaying puts and deletes a second time changes nothing.
 */
export class StateFile implements Adapter<StateImage> {
  readonly path: string
  /** Bytes read or written last. */
  size = 0
  readonly #options: StateFileOptions
  /** Raised to make a running `write` give up. INVARIANT: callers start no second one while it runs. */
  #era = 0

  constructor(options: StateFileOptions) {
    this.#options = options
    this.path = `${options.directory}/state.json`
    // Left behind by a process that died while writing.
    for (const temporary of this.#temporaries) rmSync(temporary, { force: true })
  }

  get #temporaries(): readonly [sliced: string, whole: string] {
    return [`${this.path}.tmp`, `${this.path}.new`]
  }

  /** The image on disk; null when there is none. Throws a StateError, naming the place, for a damaged file. */
  read(): Promise<StateImage | null> {
    if (!existsSync(this.path)) return Promise.resolve(null)
    this.size = statSync(this.path).size
    return Promise.resolve(this.#read())
  }

  #read(): StateImage {
    const image = this.#options.empty()
    const lines = new StateLines(image)
    let place = { number: 1, offset: 0 }
    try {
      const rest = forEachLine(this.path, (line, at) => {
        place = at
        lines.take(line)
        if (at.number === 1) checkVersion(image.version, `\`${this.path}\``)
      })
      if (place.number === 1 || !lines.recognised) return this.#readWhole()
      place = { number: place.number, offset: rest.offset }
      lines.finish(rest.length)
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error
      if (!lines.recognised) return this.#readWhole()
      throw new StateError(
        `\`${this.path}\` is damaged at line ${String(place.number)} (offset ${String(place.offset)}): ${error.message}; ` +
          'mend that line, restore the data directory from a copy, or move it away to begin with an empty state',
      )
    }
    return image
  }

  /** A document in another layout: put in order by an editor, or exported and placed here (it then names no journal). */
  #readWhole(): StateImage {
    let document: unknown
    try {
      document = JSON.parse(readFileSync(this.path, 'utf8'))
    } catch {
      throw new StateError(
        `\`${this.path}\` is not JSON; restore the data directory from a copy, or move it away to begin with an empty state`,
      )
    }
    const image = this.#options.empty()
    // Throws a StateError unless it is a document.
    image.model.replace(document as Parameters<StateImage['model']['replace']>[0])
    const journal = (document as { readonly journal?: unknown }).journal
    if (typeof journal === 'number' && Number.isInteger(journal) && journal > 0) image.journal = journal
    return image
  }

  /** Replaces the file, taking turns with everything else. Gives up, having changed nothing, at a `writeNow`. */
  async write(image: StateImage): Promise<void> {
    const era = ++this.#era
    const [temporary] = this.#temporaries
    const file = await open(temporary, 'w', FILE_MODE)
    let size = 0
    try {
      for (const slice of this.#slices(image)) {
        await file.appendFile(slice)
        size += slice.length
        if (era !== this.#era) return
      }
      // Always: the journal files it replaces are deleted next.
      await file.datasync()
    } finally {
      await file.close()
      if (era !== this.#era) await rm(temporary, { force: true })
    }
    if (era !== this.#era) return
    // Synchronously: nothing may come between this and the check before it.
    renameSync(temporary, this.path)
    if (this.#options.fsync) syncDirectory(this.#options.directory)
    this.size = size
  }

  /** Replaces the file at once; a running `write` gives up. */
  writeNow(image: StateImage): void {
    this.#era++
    this.size = replaceFile(this.path, this.#temporaries[1], this.#slices(image), this.#options.fsync)
    if (this.#options.fsync) syncDirectory(this.#options.directory)
  }

  *#slices(image: StateImage): Generator<Buffer, void, undefined> {
    let text = ''
    let end = performance.now() + this.#options.sliceMs
    for (const line of stateLines(image)) {
      text += line
      if (text.length < SLICE_LENGTH && performance.now() < end) continue
      yield Buffer.from(text)
      text = ''
      end = performance.now() + this.#options.sliceMs
    }
    yield Buffer.from(text)
  }
}
