import { createHmac } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { hmacSha256, hmacSha256Hex, hmacSha256Into, hmacSha256Once } from '../../emulator/lib/hmac.ts'

const reference = (key: Buffer, message: Buffer | string) => createHmac('sha256', key).update(message).digest('hex')
const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map((array) => Buffer.from(array))

describe('HMAC-SHA-256 by one-shot hashes', () => {
  it('is what node:crypto computes, for bytes and for text, short and long', () => {
    fc.assert(
      fc.property(
        bytes(80),
        fc.oneof(bytes(5000), fc.string({ unit: 'grapheme', maxLength: 3000 })),
        (key, message) => {
          expect(hmacSha256Hex(key, message)).toBe(reference(key, message))
          expect(hmacSha256(key, message).toString('hex')).toBe(reference(key, message))
          expect(hmacSha256Once(Buffer.alloc(32), key, message).toString('hex')).toBe(reference(key, message))
          expect(hmacSha256Into(Buffer.alloc(32), key, message).toString('hex')).toBe(reference(key, message))
        },
      ),
      { numRuns: 500 },
    )
  })

  it('remembers nothing of an earlier, longer message', () => {
    const key = Buffer.from('k')
    hmacSha256Hex(key, 'a'.repeat(1000))
    expect(hmacSha256Hex(key, 'b')).toBe(reference(key, 'b'))
  })

  it('hands out bytes that stay what they are', () => {
    const key = Buffer.from('k')
    const first = hmacSha256(key, 'first')
    hmacSha256(key, 'second')
    expect(first.toString('hex')).toBe(reference(key, 'first'))
  })
})
