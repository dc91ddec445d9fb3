import { createCipheriv, createHmac, randomBytes } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { generateSecret, revealBytes } from '../../emulator/crypto/material.ts'
import {
  ObjectDamaged,
  SEGMENT_LENGTH,
  ciphertextLength,
  decryptRange,
  encryptStream,
  openSmall,
  sealSmall,
} from '../../emulator/crypto/objectCipher.ts'
import type { SecretBytes } from '../../emulator/crypto/types.ts'

const key = generateSecret(32)
const ID = 'bucket/object/1'
const HEADER = 32
const SEALED = SEGMENT_LENGTH + 16

function* chunksOf(bytes: Buffer, size: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function join(source: AsyncIterable<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of source) parts.push(part)
  return Buffer.concat(parts)
}

const encrypt = (plaintext: Buffer, chunk = 50_000, identity = ID, dataKey: SecretBytes = key) =>
  join(encryptStream(dataKey, identity)(chunksOf(plaintext, chunk)))

interface Reading {
  readonly start?: number
  readonly end?: number
  readonly chunk?: number
  readonly identity?: string
  readonly dataKey?: SecretBytes
  readonly reads?: [number, number][]
}

/** Decrypts from a buffer that plays the file. */
function decrypt(ciphertext: Buffer, length: number, how: Reading = {}): Promise<Buffer> {
  const { start = 0, end = length, chunk = 40_000, identity = ID, dataKey = key, reads = [] } = how
  // eslint-disable-next-line @typescript-eslint/require-await -- a file would wait
  const read = async function* (from: number, to: number) {
    reads.push([from, to])
    yield* chunksOf(ciphertext.subarray(from, to), chunk)
  }
  return join(decryptRange(dataKey, identity, length, start, end, read))
}

/** Written by the description of the format alone. @param version 1: segments of 64 KiB; 2: of 256 KiB; 3: of 256 KiB with the tag */
function written(version: number, segment: number, plaintext: Buffer): Buffer {
  const header = Buffer.concat([Buffer.from('twokey\0'), Buffer.from([version]), randomBytes(24)])
  const streamKey = createHmac('sha256', revealBytes(key)).update('twokey/object\0').update(header).digest()
  const parts = [header]
  for (let at = 0, index = 0; at === 0 || at < plaintext.length; at += segment, index++) {
    const nonce = Buffer.alloc(12)
    nonce.writeUInt32BE(index, 8)
    const cipher = createCipheriv('aes-256-gcm', streamKey, nonce)
    cipher.setAAD(Buffer.concat([Buffer.from([at + segment >= plaintext.length ? 1 : 0]), Buffer.from(ID, 'utf16le')]))
    parts.push(cipher.update(plaintext.subarray(at, at + segment)), cipher.final(), cipher.getAuthTag())
  }
  return Buffer.concat(parts)
}

const SIZES = [0, 1, 1000, SEGMENT_LENGTH - 1, SEGMENT_LENGTH, SEGMENT_LENGTH + 1, 3 * SEGMENT_LENGTH, 200_001]

describe('object encryption', () => {
  it.each(SIZES)('gives %d bytes back, in any chunks, at the promised length', async (size) => {
    const plaintext = randomBytes(size)
    for (const chunk of [size < 5000 ? 1 : 999, 65_536, 65_552, 1_000_000]) {
      const ciphertext = await encrypt(plaintext, chunk)
      expect(ciphertext).toHaveLength(ciphertextLength(size))
      expect((await decrypt(ciphertext, size, { chunk })).equals(plaintext)).toBe(true)
    }
  })

  it('gives exactly any range, reading only its segments', async () => {
    const size = 5 * SEGMENT_LENGTH + 777
    const plaintext = randomBytes(size)
    const ciphertext = await encrypt(plaintext)
    const offset = fc.oneof(
      fc.nat(size),
      fc.tuple(fc.nat(5), fc.integer({ min: -1, max: 1 })).map(([n, d]) => Math.max(0, n * SEGMENT_LENGTH + d)),
    )
    await fc.assert(
      fc.asyncProperty(offset, offset, fc.integer({ min: 100, max: 200_000 }), async (a, b, chunk) => {
        const [start, end] = [Math.min(a, b), Math.max(a, b)]
        const reads: [number, number][] = []
        const range = await decrypt(ciphertext, size, { start, end, chunk, reads })
        expect(range.equals(plaintext.subarray(start, end))).toBe(true)
        const segments =
          start === end ? 0 : Math.floor((end - 1) / SEGMENT_LENGTH) - Math.floor(start / SEGMENT_LENGTH) + 1
        const read = reads.reduce((sum, [from, to]) => sum + to - from, 0)
        expect(read).toBeLessThanOrEqual(segments === 0 ? 0 : HEADER + segments * SEALED)
      }),
    )
  })

  it('reads what the format describes, and the formats before it', async () => {
    for (const [version, segment] of [
      [1, 64 * 1024],
      [2, 256 * 1024],
      [3, 256 * 1024 - 16],
    ] as const) {
      for (const size of [0, 1, segment, segment + 1, 3 * segment + 5]) {
        const plaintext = randomBytes(size)
        const stored = written(version, segment, plaintext)
        expect((await decrypt(stored, size)).equals(plaintext)).toBe(true)
        const range = { start: Math.floor(size / 2), end: size }
        expect((await decrypt(stored, size, range)).equals(plaintext.subarray(range.start))).toBe(true)
      }
    }
    await expect(decrypt(written(4, SEGMENT_LENGTH, Buffer.alloc(5)), 5)).rejects.toThrow(ObjectDamaged)
  })

  it('refuses ranges outside the object', async () => {
    const ciphertext = await encrypt(Buffer.alloc(10))
    for (const [start, end] of [
      [-1, 5],
      [0, 11],
      [6, 5],
      [NaN, 5],
    ] as const) {
      await expect(decrypt(ciphertext, 10, { start, end })).rejects.toThrow(RangeError)
    }
  })

  it('never gives the same ciphertext twice', async () => {
    expect(await encrypt(Buffer.alloc(100))).not.toEqual(await encrypt(Buffer.alloc(100)))
  })

  it('closes the file when the reader stops early', async () => {
    const ciphertext = await encrypt(Buffer.alloc(200_000))
    let open = 0
    // eslint-disable-next-line @typescript-eslint/require-await -- a file would wait
    const read = async function* (from: number, to: number) {
      open++
      try {
        yield* chunksOf(ciphertext.subarray(from, to), 10_000)
      } finally {
        open--
      }
    }
    for await (const chunk of decryptRange(key, ID, 200_000, 70_000, 200_000, read)) {
      expect(chunk.length).toBeGreaterThan(0)
      break
    }
    expect(open).toBe(0)
  })

  it('lets an error of the disk through as it is', async () => {
    const failure = new Error('disk gone')
    // eslint-disable-next-line @typescript-eslint/require-await, require-yield -- a disk that fails at once
    const read = async function* (): AsyncGenerator<Buffer> {
      throw failure
    }
    await expect(join(decryptRange(key, ID, 10, 0, 10, read))).rejects.toBe(failure)
  })
})

describe('a damaged object', () => {
  const size = 3 * SEGMENT_LENGTH + 5
  const plaintext = randomBytes(size)
  const segment = (ciphertext: Buffer, n: number) => ciphertext.subarray(HEADER + n * SEALED, HEADER + (n + 1) * SEALED)
  const damaged = expect.any(ObjectDamaged)
  const outcome = (promise: Promise<Buffer>) =>
    promise.then(
      () => 'opened',
      (error: unknown) => error,
    )

  it('is an error wherever a bit has changed', async () => {
    const ciphertext = await encrypt(plaintext)
    const places = [0, 7, 8, 31, 32, 33, HEADER + SEALED - 1, HEADER + SEALED, 2 * SEALED, ciphertext.length - 1]
    for (const at of places) {
      const flipped = Buffer.from(ciphertext)
      flipped[at] = (flipped[at] ?? 0) ^ 1
      expect([at, await outcome(decrypt(flipped, size))]).toEqual([at, damaged])
    }
  })

  it('still gives the ranges that are whole', async () => {
    const ciphertext = await encrypt(plaintext)
    ciphertext[HEADER + SEALED + 5] = (ciphertext[HEADER + SEALED + 5] ?? 0) ^ 1
    const range = { start: 0, end: SEGMENT_LENGTH }
    expect((await decrypt(ciphertext, size, range)).equals(plaintext.subarray(0, SEGMENT_LENGTH))).toBe(true)
    expect(await outcome(decrypt(ciphertext, size, { start: 0, end: SEGMENT_LENGTH + 1 }))).toEqual(damaged)
  })

  it('hands out nothing of a segment that does not verify', async () => {
    const ciphertext = await encrypt(plaintext)
    ciphertext[HEADER + SEALED + SEALED - 1] = (ciphertext[HEADER + SEALED + SEALED - 1] ?? 0) ^ 1
    let got = 0
    // eslint-disable-next-line @typescript-eslint/require-await -- a file would wait
    const read = async function* (from: number, to: number) {
      yield* chunksOf(ciphertext.subarray(from, to), 1000)
    }
    const work = async () => {
      for await (const chunk of decryptRange(key, ID, size, 0, size, read)) got += chunk.length
    }
    await expect(work()).rejects.toThrow(ObjectDamaged)
    expect(got).toBe(SEGMENT_LENGTH)
  })

  it('is an error with segments swapped, doubled, missing or taken from another object', async () => {
    const one = await encrypt(plaintext)
    const two = await encrypt(plaintext)
    const header = one.subarray(0, HEADER)
    const [a, b, c, last] = [0, 1, 2, 3].map((n) => segment(one, n)) as [Buffer, Buffer, Buffer, Buffer]
    const forms = {
      swapped: Buffer.concat([header, b, a, c, last]),
      doubled: Buffer.concat([header, a, a, c, last]),
      missing: Buffer.concat([header, a, c, last]),
      foreign: Buffer.concat([header, a, segment(two, 1), c, last]),
      otherHeader: Buffer.concat([two.subarray(0, HEADER), a, b, c, last]),
    }
    expect((await decrypt(Buffer.concat([header, a, b, c, last]), size)).equals(plaintext)).toBe(true)
    for (const [name, form] of Object.entries(forms)) {
      expect([name, await outcome(decrypt(form, size))]).toEqual([name, damaged])
    }
  })

  it('is an error when cut off, even if its recorded length is cut to fit', async () => {
    const ciphertext = await encrypt(plaintext)
    for (const kept of [3, 2, 1]) {
      const short = ciphertext.subarray(0, HEADER + kept * SEALED)
      expect(await outcome(decrypt(short, kept * SEGMENT_LENGTH))).toEqual(damaged)
      expect(await outcome(decrypt(short, size))).toEqual(damaged)
    }
    expect(await outcome(decrypt(ciphertext.subarray(0, HEADER), 0))).toEqual(damaged)
    expect(await outcome(decrypt(ciphertext.subarray(0, 5), 0))).toEqual(damaged)
    expect(await outcome(decrypt(Buffer.alloc(0), 0))).toEqual(damaged)
  })

  it('is an error when drawn out, even if its recorded length is drawn out to fit', async () => {
    const exact = await encrypt(plaintext.subarray(0, SEGMENT_LENGTH))
    const more = Buffer.concat([exact, segment(exact, 0)])
    expect(await outcome(decrypt(more, 2 * SEGMENT_LENGTH))).toEqual(damaged)
  })

  it('is an error under another identity or key', async () => {
    const ciphertext = await encrypt(plaintext)
    expect(await outcome(decrypt(ciphertext, size, { identity: 'bucket/object/2' }))).toEqual(damaged)
    expect(await outcome(decrypt(ciphertext, size, { dataKey: generateSecret(32) }))).toEqual(damaged)
  })
})

describe('small objects', () => {
  const SMALL = [0, 1, 5000, SEGMENT_LENGTH]

  it.each(SMALL)('%d bytes have the same format at once as streamed', async (size) => {
    const plaintext = randomBytes(size)
    const sealed = sealSmall(key, ID, plaintext)
    expect(sealed).toHaveLength(ciphertextLength(size))
    expect(openSmall(key, ID, sealed).equals(plaintext)).toBe(true)
    expect((await decrypt(sealed, size)).equals(plaintext)).toBe(true)
    expect(openSmall(key, ID, await encrypt(plaintext)).equals(plaintext)).toBe(true)
  })

  it('refuse anything changed', () => {
    const sealed = sealSmall(key, ID, Buffer.from('hello'))
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const flipped = Buffer.from(sealed)
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(() => openSmall(key, ID, flipped)).toThrow(ObjectDamaged)
    }
    for (let length = 0; length < sealed.length; length++) {
      expect(() => openSmall(key, ID, sealed.subarray(0, length))).toThrow(ObjectDamaged)
    }
    expect(() => openSmall(key, ID, Buffer.concat([sealed, Buffer.alloc(1)]))).toThrow(ObjectDamaged)
    expect(() => openSmall(key, 'other', sealed)).toThrow(ObjectDamaged)
  })

  it('are at most one segment', () => {
    expect(() => sealSmall(key, ID, Buffer.alloc(SEGMENT_LENGTH + 1))).toThrow(RangeError)
    expect(() => openSmall(key, ID, Buffer.alloc(HEADER + SEALED + 1))).toThrow(ObjectDamaged)
  })
})

describe('a large object', () => {
  it('passes through in constant memory', async () => {
    const chunk = randomBytes(256 * 1024)
    const count = 1024 // 256 MiB
    const before = process.memoryUsage()
    let peak = 0
    let length = 0
    const source = function* () {
      for (let n = 0; n < count; n++) yield chunk
    }
    for await (const part of encryptStream(key, ID)(source())) {
      length += part.length
      const now = process.memoryUsage()
      peak = Math.max(peak, now.arrayBuffers + now.heapUsed - before.arrayBuffers - before.heapUsed)
    }
    expect(length).toBe(ciphertextLength(count * chunk.length))
    // Loose: garbage may wait for its collector, but never the whole object.
    expect(peak).toBeLessThan(128 * 1024 * 1024)
  })
})
