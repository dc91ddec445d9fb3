import { createDecipheriv, createHmac } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { generateSecret, revealBytes } from '../../emulator/crypto/material.ts'
import {
  ObjectDamaged,
  decryptRange,
  encryptStream,
  openSmall,
  sealSmall,
  twoKeys,
} from '../../emulator/crypto/objectCipher.ts'
import type { SecretBytes } from '../../emulator/crypto/types.ts'

const inner = generateSecret(32)
const outer = generateSecret(32)
const pair = twoKeys(inner, outer)
const ID = 'bucket/object/1'
const HEADER = 32
/** 256 KiB with both tags. */
const SEGMENT = 256 * 1024 - 32

async function join(source: AsyncIterable<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of source) parts.push(part)
  return Buffer.concat(parts)
}

function* chunksOf(bytes: Buffer, size: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

const encrypt = (plaintext: Buffer, chunk = 50_000) => join(encryptStream(pair, ID)(chunksOf(plaintext, chunk)))

function decrypt(ciphertext: Buffer, length: number, start = 0, end = length, key = pair, reads: number[] = []) {
  // eslint-disable-next-line @typescript-eslint/require-await -- a file would wait
  const read = async function* (from: number, to: number) {
    reads.push(to - from)
    yield* chunksOf(ciphertext.subarray(from, to), 40_000)
  }
  return join(decryptRange(key, ID, length, start, end, read))
}

/** Opens one layer of a single segment by the description of the format alone. */
function peel(secret: SecretBytes, label: string, header: Buffer, sealed: Buffer): Buffer {
  const key = createHmac('sha256', revealBytes(secret)).update(label).update(header).digest()
  const decipher = createDecipheriv('aes-256-gcm', key, Buffer.alloc(12), { authTagLength: 16 })
  decipher.setAAD(Buffer.concat([Buffer.from([1]), Buffer.from(ID, 'utf16le')]))
  decipher.setAuthTag(sealed.subarray(-16))
  return Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()])
}

const INNER = 'twokey/object\0'
const OUTER = 'twokey/object/outer\0'

describe('two layers of encryption', () => {
  it('round trip in any chunks, in any range', async () => {
    const sizes = [0, 1, SEGMENT - 1, SEGMENT, SEGMENT + 1, 2 * SEGMENT + 77]
    for (const size of sizes) {
      const plaintext = Buffer.alloc(size, 'plaintext ')
      const ciphertext = await encrypt(plaintext, 33_333)
      expect(ciphertext.length).toBe(HEADER + size + 32 * Math.max(1, Math.ceil(size / SEGMENT)))
      expect((await decrypt(ciphertext, size)).equals(plaintext)).toBe(true)
    }
    const size = 3 * SEGMENT + 5
    const plaintext = Buffer.alloc(size)
    for (let at = 0; at < size; at += 4) plaintext.writeUInt32LE(at, Math.min(at, size - 4))
    const ciphertext = await encrypt(plaintext)
    await fc.assert(
      fc.asyncProperty(fc.nat(size), fc.nat(size), async (a, b) => {
        const [start, end] = [Math.min(a, b), Math.max(a, b)]
        const got = await decrypt(ciphertext, size, start, end)
        expect(got.equals(plaintext.subarray(start, end))).toBe(true)
      }),
      { numRuns: 25 },
    )
  })

  it('a range reads only its segments', async () => {
    const reads: number[] = []
    const size = 8 * SEGMENT
    await decrypt(await encrypt(Buffer.alloc(size)), size, SEGMENT + 1, SEGMENT + 2, pair, reads)
    expect(reads).toEqual([HEADER, 256 * 1024])
  })

  it('small bodies at once are the same format', async () => {
    const plaintext = Buffer.from('small')
    expect(openSmall(pair, ID, await encrypt(plaintext)).equals(plaintext)).toBe(true)
    expect((await decrypt(sealSmall(pair, ID, plaintext), 5)).equals(plaintext)).toBe(true)
    expect(() => sealSmall(pair, ID, Buffer.alloc(SEGMENT + 1))).toThrow(RangeError)
  })

  it('each layer is sealed for itself: the outer key alone gives ciphertext, the inner key alone nothing', () => {
    const plaintext = Buffer.from('a secret of some length')
    const sealed = sealSmall(pair, ID, plaintext)
    const [header, body] = [sealed.subarray(0, HEADER), sealed.subarray(HEADER)]
    expect(() => peel(inner, INNER, header, body)).toThrow()
    const between = peel(outer, OUTER, header, body)
    expect(between.length).toBe(plaintext.length + 16)
    expect(between.includes(plaintext)).toBe(false)
    expect(() => peel(outer, OUTER, header, between)).toThrow()
    expect(() => peel(outer, INNER, header, between)).toThrow()
    expect(peel(inner, INNER, header, between).equals(plaintext)).toBe(true)
  })

  it('no key opens what needs two, and no two what needs one', async () => {
    const plaintext = Buffer.from('a secret of some length')
    const sealed = sealSmall(pair, ID, plaintext)
    const wrong = [inner, outer, twoKeys(inner, inner), twoKeys(outer, inner), twoKeys(outer, outer)]
    for (const key of [...wrong, twoKeys(generateSecret(32), outer), twoKeys(inner, generateSecret(32))]) {
      expect(() => openSmall(key, ID, sealed)).toThrow(ObjectDamaged)
      await expect(decrypt(sealed, plaintext.length, 0, plaintext.length, key)).rejects.toThrow(ObjectDamaged)
    }
    // Not even when somebody relabels the file.
    const relabelled = Buffer.from(sealed)
    relabelled[7] = 3
    for (const key of [inner, outer, pair]) expect(() => openSmall(key, ID, relabelled)).toThrow(ObjectDamaged)
    expect(() => openSmall(pair, ID, sealSmall(inner, ID, plaintext))).toThrow(ObjectDamaged)
    expect(() => twoKeys(pair, outer)).toThrow(RangeError)
  })

  it('any flipped bit is noticed, in each tag too', () => {
    const sealed = sealSmall(pair, ID, Buffer.from('0123456789'))
    for (let at = 0; at < sealed.length; at++) {
      const flipped = Buffer.from(sealed)
      flipped[at] = (flipped[at] ?? 0) ^ 1
      expect(() => openSmall(pair, ID, flipped)).toThrow(ObjectDamaged)
    }
    for (let length = 0; length < sealed.length; length++) {
      expect(() => openSmall(pair, ID, sealed.subarray(0, length))).toThrow(ObjectDamaged)
    }
    expect(() => openSmall(pair, 'bucket/object/2', sealed)).toThrow(ObjectDamaged)
  })

  it('segments cannot be exchanged', async () => {
    const plaintext = Buffer.alloc(3 * SEGMENT, 'x')
    const ciphertext = await encrypt(plaintext)
    const segment = (n: number) => ciphertext.subarray(HEADER + n * 256 * 1024, HEADER + (n + 1) * 256 * 1024)
    const swapped = Buffer.concat([ciphertext.subarray(0, HEADER), segment(1), segment(0), segment(2)])
    await expect(decrypt(swapped, plaintext.length)).rejects.toThrow(ObjectDamaged)
  })
})
