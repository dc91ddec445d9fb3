import type { ByteStream } from './byteStream.ts'

/** Takes exact numbers of bytes from a stream of chunks, without copying. */
export class ChunkReader {
  readonly #stream: ByteStream
  readonly #cutShort: () => Error
  readonly #source: AsyncIterator<Buffer>
  #rest: Buffer = Buffer.alloc(0)
  /** The chunk that `#rest` is the end of. */
  #chunk: Buffer | undefined
  #spent: Buffer[] = []

  /** @param cutShort what is thrown when the stream ends too early */
  constructor(source: ByteStream, cutShort: () => Error) {
    this.#stream = source
    this.#cutShort = cutShort
    this.#source = source[Symbol.asyncIterator]()
  }

  /** The next `length` bytes. Throws `cutShort` when the stream ends before. */
  async take(length: number): Promise<Buffer[]> {
    const parts: Buffer[] = []
    let missing = length
    while (missing > 0) {
      if (this.#rest.length === 0) {
        const next = await this.#source.next()
        if (next.done === true) throw this.#cutShort()
        if (this.#chunk) this.#spent.push(this.#chunk)
        this.#chunk = this.#rest = next.value
      }
      const part = this.#rest.subarray(0, missing)
      this.#rest = this.#rest.subarray(part.length)
      missing -= part.length
      if (part.length > 0) parts.push(part)
    }
    return parts
  }

  /** Gives back the chunks of which all has been taken: what was taken so far must not be needed any more. */
  release(): void {
    if (this.#chunk && this.#rest.length === 0) {
      this.#spent.push(this.#chunk)
      this.#chunk = undefined
    }
    for (const chunk of this.#spent) this.#stream.release?.(chunk)
    this.#spent = []
  }

  /** Lets the source close its file. */
  async close(): Promise<void> {
    await this.#source.return?.()
  }
}
