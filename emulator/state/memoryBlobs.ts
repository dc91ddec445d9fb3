import { createIds } from '../lib/ids.ts'
import { BlobMissing } from './errors.ts'
import type { BlobReader, BlobWriter, Blobs } from './store.ts'

interface Blob {
  readonly chunks: readonly Buffer[]
  readonly size: number
}

/** Blobs that live as long as the process. Chunks are kept as they come, not copied. */
export class MemoryBlobs implements Blobs {
  readonly #blobs = new Map<string, Blob>()
  readonly #ids = createIds()

  create(): BlobWriter {
    const id = this.#ids.hex(32)
    let chunks: Buffer[] = []
    let size = 0
    return {
      id,
      write(chunk) {
        chunks.push(chunk)
        size += chunk.length
        return Promise.resolve()
      },
      commit: () => {
        this.#blobs.set(id, { chunks, size })
        return Promise.resolve()
      },
      abort() {
        chunks = []
        return Promise.resolve()
      },
    }
  }

  open(id: string): BlobReader {
    const blob = this.#get(id)
    return {
      size: blob.size,
      // eslint-disable-next-line @typescript-eslint/require-await -- a file would wait
      async *read(start = 0, end = blob.size) {
        let at = 0
        for (const chunk of blob.chunks) {
          const part = chunk.subarray(Math.max(0, start - at), Math.max(0, end - at))
          at += chunk.length
          if (part.length > 0) yield part
        }
      },
      close: () => undefined,
    }
  }

  async *read(id: string, start?: number, end?: number): AsyncGenerator<Buffer, void, undefined> {
    yield* this.open(id).read(start, end)
  }

  readSmall(id: string): Buffer {
    return Buffer.concat(this.#get(id).chunks)
  }

  size(id: string): number | undefined {
    return this.#blobs.get(id)?.size
  }

  delete(id: string): void {
    this.#blobs.delete(id)
  }

  sweep(live: (id: string) => boolean): void {
    for (const id of this.#blobs.keys()) if (!live(id)) this.#blobs.delete(id)
  }

  reset(): void {
    this.#blobs.clear()
  }

  close(): void {
    // Nothing is open.
  }

  #get(id: string): Blob {
    const blob = this.#blobs.get(id)
    if (!blob) throw new BlobMissing(id)
    return blob
  }
}
