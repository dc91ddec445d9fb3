import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { generateSecret } from '../../../emulator/crypto/material.ts'
import { createLeases } from '../../../emulator/services/s3/data/leases.ts'
import { readSmall, readStream } from '../../../emulator/services/s3/data/read.ts'
import { writeBody } from '../../../emulator/services/s3/data/write.ts'
import type { ObjectRecord } from '../../../emulator/services/s3/state.ts'
import { MemoryBlobs } from '../../../emulator/state/memoryBlobs.ts'

const bucket = 'bucket'
const key = 'a/key'

// eslint-disable-next-line @typescript-eslint/require-await -- the contract is an asynchronous iterable
async function* chunksOf(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function collect(chunks: AsyncIterable<Buffer>): Promise<Buffer> {
  const found: Buffer[] = []
  for await (const chunk of chunks) found.push(chunk)
  return Buffer.concat(found)
}

/** Bytes that show when they are out of place. */
function pattern(length: number, seed: number): Buffer {
  const bytes = Buffer.alloc(length)
  for (let at = 0; at < length; at++) bytes[at] = (at * 7 + (at >> 8) * 13 + seed) & 0xff
  return bytes
}

async function stored(lengths: readonly number[], chunkSize = 10_000) {
  const blobs = new MemoryBlobs()
  const leases = createLeases()
  const dataKey = generateSecret(32)
  const bodies = lengths.map((length, index) => pattern(length, index))
  const parts: ObjectRecord['parts'][number][] = []
  for (const [index, body] of bodies.entries()) {
    const { blob, size } = await writeBody({
      blobs,
      dataKey,
      bucket,
      key,
      source: chunksOf(body, chunkSize),
      length: body.length,
      md5: false,
      algorithms: [],
    })
    parts.push({ number: index + 1, blob, size, checksum: { algorithm: 'CRC64NVME', type: 'FULL_OBJECT' } })
  }
  const plaintext = Buffer.concat(bodies)
  const object: ObjectRecord = {
    key,
    size: plaintext.length,
    etag: '',
    lastModified: 0,
    encryption: { kind: 's3' },
    checksum: { algorithm: 'CRC64NVME', type: 'FULL_OBJECT' },
    parts,
    headers: { contentType: '' },
    metadata: {},
    tags: {},
    storageClass: 'STANDARD',
  }
  return { blobs, leases, dataKey, object, plaintext }
}

describe('bodies', () => {
  it('come back by any range, from any parts', async () => {
    const length = fc.oneof(
      fc.integer({ min: 0, max: 200_000 }),
      fc.constantFrom(0, 1, 65_535, 65_536, 65_537, 131_072),
    )
    await fc.assert(
      fc.asyncProperty(
        fc.array(length, { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 1, max: 70_000 }),
        fc.nat(),
        fc.nat(),
        async (lengths, chunkSize, a, b) => {
          const { blobs, leases, dataKey, object, plaintext } = await stored(lengths, chunkSize)
          const [start, end] = [a % (plaintext.length + 1), b % (plaintext.length + 1)].sort((x, y) => x - y) as [
            number,
            number,
          ]
          const request = { blobs, leases, dataKey, bucket, object, range: { start, end } }
          const want = plaintext.subarray(start, end)
          expect((await collect(readStream(request))).equals(want)).toBe(true)
          const small = readSmall(request)
          if (small) expect(small.equals(want)).toBe(true)
        },
      ),
      { numRuns: 40 },
    )
  })

  it('are not stored in the clear', async () => {
    const { blobs, object, plaintext } = await stored([300])
    const bytes = blobs.readSmall(object.parts[0]?.blob ?? '')
    expect(bytes.includes(plaintext.subarray(0, 16))).toBe(false)
  })

  it.each([100, 100_000])('of %d bytes that fail at their end leave nothing', async (length) => {
    const blobs = new MemoryBlobs()
    // eslint-disable-next-line @typescript-eslint/require-await -- the contract is an asynchronous iterable
    async function* failing() {
      yield pattern(length, 0)
      throw new Error('the signature does not fit')
    }
    await expect(
      writeBody({
        blobs,
        dataKey: generateSecret(32),
        bucket,
        key,
        source: failing(),
        length,
        md5: false,
        algorithms: [],
      }),
    ).rejects.toThrow('the signature does not fit')
    const live: string[] = []
    blobs.sweep((id) => live.push(id) > 0)
    expect(live).toEqual([])
  })

  it.each([
    ['fewer', 50],
    ['more', 150],
  ])('of %s bytes than announced are refused', async (_, length) => {
    await expect(
      writeBody({
        blobs: new MemoryBlobs(),
        dataKey: generateSecret(32),
        bucket,
        key,
        source: chunksOf(pattern(100, 0), 10),
        length,
        md5: false,
        algorithms: [],
      }),
    ).rejects.toMatchObject({ code: 'IncompleteBody', status: 400 })
  })
})

describe('a reader on its way', () => {
  it('keeps the blobs of an object that is deleted meanwhile, and lets go at its end', async () => {
    const { blobs, leases, dataKey, object, plaintext } = await stored([100_000, 100_000, 100_000])
    const ids = object.parts.map(({ blob }) => blob)
    const stream = readStream({ blobs, leases, dataKey, bucket, object, range: { start: 0, end: object.size } })
    leases.discard(blobs, ids)
    expect((await collect(stream)).equals(plaintext)).toBe(true)
    expect(ids.map((id) => blobs.size(id))).toEqual([undefined, undefined, undefined])
  })

  it('that gives up lets go, even before it began', async () => {
    const { blobs, leases, dataKey, object } = await stored([100_000])
    const stream = readStream({ blobs, leases, dataKey, bucket, object, range: { start: 0, end: object.size } })
    const id = object.parts[0]?.blob ?? ''
    leases.discard(blobs, [id])
    expect(blobs.size(id)).toBeDefined()
    await stream[Symbol.asyncIterator]().return?.()
    expect(blobs.size(id)).toBeUndefined()
  })

  it('does not keep what nobody discards', async () => {
    const { blobs, leases, dataKey, object } = await stored([100_000])
    const request = { blobs, leases, dataKey, bucket, object, range: { start: 5, end: 10 } }
    await collect(readStream(request))
    await collect(readStream(request))
    expect(blobs.size(object.parts[0]?.blob ?? '')).toBeDefined()
  })
})
