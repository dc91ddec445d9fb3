import { createHash, randomBytes } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import {
  externalAad,
  parseExternalBlob,
  writeExternalBlob,
  type ExternalBlob,
} from '../../emulator/crypto/externalEnvelope.ts'
import { parseBlob } from '../../emulator/crypto/envelope.ts'

const blobOf = (ivLength: number, metadataLength: number, length: number): ExternalBlob => ({
  kind: length % 2 === 0 ? 'encrypt' : 'dataKey',
  materialId: randomBytes(32).toString('hex'),
  outer: {
    initializationVector: randomBytes(ivLength),
    authenticationTag: randomBytes(16),
    ciphertextMetadata: randomBytes(metadataLength),
    ciphertext: randomBytes(length),
  },
})

describe('the blob of an external key store', () => {
  it.each([
    [12, 0, 184],
    [16, 20, 4300],
    [12, 13, 1],
    [16, 0, 0],
  ])('keeps an initialization vector of %d, metadata of %d and a ciphertext of %d bytes', (iv, metadata, length) => {
    const blob = blobOf(iv, metadata, length)
    const written = writeExternalBlob(blob)
    expect(parseExternalBlob(written)).toEqual(blob)
    expect(written.subarray(5, 37).toString('hex')).toBe(blob.materialId)
    // It is no blob of KMS's own, nor is one of those one of these.
    expect(parseBlob(written)).toBeUndefined()
  })

  it('is not read when it is cut, lengthened, or says something else in its head', () => {
    const written = writeExternalBlob(blobOf(12, 5, 40))
    for (let end = 0; end < written.length; end++) expect(parseExternalBlob(written.subarray(0, end))).toBeUndefined()
    expect(parseExternalBlob(Buffer.concat([written, Buffer.alloc(1)]))).toBeUndefined()
    for (const at of [0, 1, 2, 3, 4, 37, 38, 39, 40, 41, 42]) {
      const changed = Buffer.from(written)
      changed[at] = (changed[at] ?? 0) ^ 0x40
      expect(parseExternalBlob(changed)).toBeUndefined()
    }
  })

  it('does not take a material id that is none', () => {
    expect(() => writeExternalBlob({ ...blobOf(12, 0, 1), materialId: 'abc' })).toThrow(RangeError)
  })
})

describe('additional authenticated data for a proxy', () => {
  it('is the same for the same pairs in any order, and another for others', () => {
    expect(externalAad({ a: '1', b: '2' })).toEqual(externalAad({ b: '2', a: '1' }))
    expect(externalAad({ a: 'bc' })).not.toEqual(externalAad({ ab: 'c' }))
    expect(externalAad({})).toBeUndefined()
    expect(externalAad({ '': '' })).toBeDefined()
  })

  it('is a hash where it would be more than a proxy has to take', () => {
    const whole = externalAad({ a: 'x'.repeat(4_000) })!
    expect(whole.length).toBeGreaterThan(8_000)
    const hashed = externalAad({ a: 'x'.repeat(5_000) })!
    expect(hashed).toHaveLength(36)
    expect(hashed.subarray(0, 4).toString('hex')).toBe('ffffffff')
    const canonical = Buffer.from(
      `\u0000\u0001\u0000\u0001a\u0000${String.fromCharCode(5_000)}${'x'.repeat(5_000)}`,
      'utf16le',
    )
    expect(hashed.subarray(4)).toEqual(createHash('sha256').update(canonical).digest())
  })
})
