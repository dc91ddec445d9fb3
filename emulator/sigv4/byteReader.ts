/** Reads lines and runs of bytes out of a stream that may be cut anywhere, holding no more than one piece and one line. */
export interface ByteReader {
  /** The next line without its CRLF; undefined when the stream ends first or the line is longer than `limit` bytes. */
  line(limit: number): Promise<string | undefined>
  /** Some of the next bytes, at least one and at most `limit`; undefined at the end of the stream. */
  some(limit: number): Promise<Buffer | undefined>
  atEnd(): Promise<boolean>
  /** Tells the source that nothing more will be read. */
  close(): Promise<void>
}

export function byteReader(source: AsyncIterable<Uint8Array>): ByteReader {
  const pieces = source[Symbol.asyncIterator]()
  let piece: Buffer = Buffer.alloc(0)

  const fill = async (): Promise<boolean> => {
    while (piece.length === 0) {
      const next = await pieces.next()
      if (next.done === true) return false
      piece = Buffer.from(next.value.buffer, next.value.byteOffset, next.value.byteLength)
    }
    return true
  }

  const take = (length: number): Buffer => {
    const taken = piece.subarray(0, length)
    piece = piece.subarray(length)
    return taken
  }

  return {
    async line(limit) {
      let text = ''
      while (await fill()) {
        const end = piece.indexOf(0x0a)
        const room = limit + 2 - text.length
        if ((end === -1 ? piece.length : end + 1) > room) return undefined
        text += take(end === -1 ? piece.length : end + 1).toString('latin1')
        if (end !== -1) return text.endsWith('\r\n') ? text.slice(0, -2) : undefined
      }
      return undefined
    },
    async some(limit) {
      return (await fill()) ? take(limit) : undefined
    },
    async atEnd() {
      return !(await fill())
    },
    async close() {
      await pieces.return?.()
    },
  }
}
