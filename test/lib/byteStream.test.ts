import { describe, expect, it } from '@jest/globals'
import { free, releasable } from '../../emulator/lib/byteStream.ts'

describe('a chunk that is given back', () => {
  it('is empty afterwards, and so is every view of it', () => {
    const chunk = Buffer.allocUnsafeSlow(1000)
    const view = chunk.subarray(10, 20)
    free(chunk)
    expect(chunk).toHaveLength(0)
    expect(view).toHaveLength(0)
    expect(chunk.buffer.byteLength).toBe(0)
  })

  it('does not count as memory in use any more, before any garbage is collected', () => {
    const before = process.memoryUsage().arrayBuffers
    const chunks = Array.from({ length: 8 }, () => Buffer.allocUnsafeSlow(1024 * 1024))
    for (const chunk of chunks) free(chunk)
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1024 * 1024)
  })

  it('belongs to a stream that still yields what it did', async () => {
    async function* source() {
      for (const text of ['a', 'b']) yield await Promise.resolve(Buffer.alloc(1, text))
    }
    const stream = releasable(source())
    const seen: string[] = []
    for await (const chunk of stream) {
      seen.push(chunk.toString())
      stream.release?.(chunk)
      expect(chunk).toHaveLength(0)
    }
    expect(seen).toEqual(['a', 'b'])
  })
})
