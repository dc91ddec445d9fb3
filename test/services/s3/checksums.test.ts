import { createHash } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { ALGORITHMS, ALGORITHM_NAMES } from '../../../emulator/services/s3/checksums/algorithms.ts'
import { combineChecksums } from '../../../emulator/services/s3/checksums/combine.ts'
import { contentMd5, requestedChecksum } from '../../../emulator/services/s3/checksums/requested.ts'
import { chooseUploadChecksum } from '../../../emulator/services/s3/checksums/upload.ts'
import type { ChecksumAlgorithm } from '../../../emulator/services/s3/state.ts'

async function digest(algorithm: ChecksumAlgorithm, ...chunks: readonly Buffer[]): Promise<string> {
  const digester = ALGORITHMS[algorithm].create()
  for (const chunk of chunks) digester.update(chunk)
  return (await digester.digest()).toString('base64')
}

/** A request as far as checksums look at it. */
const call = (headers: Record<string, string> = {}) => ({
  http: { method: 'PUT', path: '/', query: '', headers, sourceIp: '', userAgent: '', secure: true },
})

describe('checksums', () => {
  // Check values of the CRC catalogue for "123456789"; digests as published.
  it.each([
    ['CRC32', 'cbf43926'],
    ['CRC32C', 'e3069283'],
    ['CRC64NVME', 'ae8b14860a799888'],
    ['SHA1', 'f7c3bc1d808e04732adf679965ccc34ca7ae3441'],
    ['SHA256', '15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225'],
    ['MD5', '25f9e794323b453885f5181f1b624d0b'],
  ] as const)('%s of the check string', async (algorithm, hex) => {
    expect(
      Buffer.from(await digest(algorithm, Buffer.from('1234'), Buffer.from('56789')), 'base64').toString('hex'),
    ).toBe(hex)
  })

  it.each(['CRC32', 'CRC32C', 'CRC64NVME'] as const)('%s of the parts make that of the whole', async (algorithm) => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 8 }), async (chunks) => {
        const buffers = chunks.map((chunk) => Buffer.from(chunk))
        const parts = await Promise.all(
          buffers.map(async (buffer) => ({ value: await digest(algorithm, buffer), size: buffer.length })),
        )
        expect(await combineChecksums(algorithm, 'FULL_OBJECT', parts)).toBe(await digest(algorithm, ...buffers))
      }),
    )
  })

  it('composite is the digest of digests, with the number of parts', async () => {
    const digests = ['a', 'b', 'c'].map((text) => createHash('sha256').update(text).digest())
    const parts = digests.map((value) => ({ value: value.toString('base64'), size: 1 }))
    const whole = createHash('sha256').update(Buffer.concat(digests)).digest('base64')
    expect(await combineChecksums('SHA256', 'COMPOSITE', parts)).toBe(`${whole}-3`)
  })
})

const TRAILER = { 'x-amz-trailer': 'x-amz-checksum-crc32' }

describe('the checksum of a request', () => {
  it('is the one in its headers', () => {
    expect(requestedChecksum({ ChecksumCRC32: 'AAAAAA==' }, call())).toEqual({
      algorithm: 'CRC32',
      expected: 'AAAAAA==',
    })
  })

  it('is announced for the trailer', () => {
    expect(requestedChecksum({ ChecksumAlgorithm: 'SHA1' }, call({ 'x-amz-trailer': 'x-amz-checksum-sha1' }))).toEqual({
      algorithm: 'SHA1',
    })
  })

  it.each([
    [
      { ChecksumCRC32: 'AAAAAA==', ChecksumSHA1: 'x' },
      'Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.',
    ],
    [{ ChecksumCRC32: 'nonsense' }, 'Value for x-amz-checksum-crc32 header is invalid.'],
    [{ ChecksumSHA256: 'AAAAAA==' }, 'Value for x-amz-checksum-sha256 header is invalid.'],
    [
      { ChecksumAlgorithm: 'CRC32' },
      'x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.',
    ],
  ])('%j is refused', (input, text) => {
    expect(() => requestedChecksum(input, call())).toThrow(
      expect.objectContaining({ code: 'InvalidRequest', status: 400, text }),
    )
  })

  it.each<[object, Record<string, string>, string]>([
    [{ ChecksumCRC32: 'AAAAAA==' }, TRAILER, 'Expecting a single x-amz-checksum- header'],
    [{ ChecksumSHA1: 'x' }, TRAILER, 'Expecting a single x-amz-checksum- header'],
    [{ ChecksumAlgorithm: 'SHA1' }, TRAILER, 'Value for x-amz-sdk-checksum-algorithm header is invalid.'],
    [{}, { 'x-amz-checksum-foo': 'x' }, 'The algorithm type you specified in x-amz-checksum- header is invalid.'],
  ])('%j with the headers %j is refused', (input, headers, text) => {
    expect(() => requestedChecksum(input, call(headers))).toThrow(
      expect.objectContaining({ code: 'InvalidRequest', status: 400, text }),
    )
  })

  it('may stand beside headers that are none', () => {
    const headers = { 'x-amz-checksum-foo': 'x', 'x-amz-checksum-algorithm': 'SHA1', 'x-amz-checksum-type': 'x' }
    expect(requestedChecksum({ ChecksumCRC32: 'AAAAAA==' }, call(headers))).toMatchObject({ algorithm: 'CRC32' })
    expect(requestedChecksum({}, call({ 'x-amz-checksum-algorithm': 'SHA1' }))).toBeUndefined()
  })

  it('is not ignored when it cannot be computed', () => {
    expect(() => requestedChecksum({}, call({ 'x-amz-checksum-xxhash3': 'x' }))).toThrow(
      expect.objectContaining({ code: 'NotImplemented', status: 501 }),
    )
  })

  it('refuses a Content-MD5 that is none', () => {
    expect(() => contentMd5('bm90IGFuIG1kNQ==')).toThrow(
      expect.objectContaining({ code: 'InvalidDigest', text: 'The Content-MD5 you specified was invalid.' }),
    )
  })
})

describe('the checksum of an upload', () => {
  it.each([
    [undefined, { algorithm: 'CRC64NVME', type: 'FULL_OBJECT', explicit: false }],
    ['CRC64NVME', { algorithm: 'CRC64NVME', type: 'FULL_OBJECT', explicit: true }],
    ['CRC32', { algorithm: 'CRC32', type: 'COMPOSITE', explicit: true }],
    ['SHA256', { algorithm: 'SHA256', type: 'COMPOSITE', explicit: true }],
  ])('for %s', (algorithm, chosen) => {
    expect(chooseUploadChecksum(algorithm, undefined)).toEqual(chosen)
  })

  it('of hashes is never of the whole object', () => {
    expect(() => chooseUploadChecksum('SHA256', 'FULL_OBJECT')).toThrow(
      expect.objectContaining({
        text: 'The FULL_OBJECT checksum type cannot be used with the sha256 checksum algorithm.',
      }),
    )
  })

  it('covers every algorithm', () => {
    for (const name of ALGORITHM_NAMES) expect(chooseUploadChecksum(name, undefined).algorithm).toBe(name)
  })
})
