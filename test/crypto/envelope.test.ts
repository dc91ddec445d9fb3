import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { materialId, openBlob, parseBlob, sealBlob } from '../../emulator/crypto/envelope.ts'
import type { BlobKind } from '../../emulator/crypto/envelope.ts'
import { generateSecret, secretOf } from '../../emulator/crypto/material.ts'
import type { EncryptionContext, SecretBytes } from '../../emulator/crypto/types.ts'

const KEY_ID = '1234abcd-12ab-34cd-56ef-1234567890ab'
const material = generateSecret(32)
const id = materialId(KEY_ID, material)

function seal(plaintext: Buffer, context: EncryptionContext = {}, kind: BlobKind = 'encrypt', key = material): Buffer {
  return sealBlob({ kind, materialId: id, material: key, context, plaintext })
}

function openWith(blob: Buffer, context: EncryptionContext = {}, key: SecretBytes = material): Buffer | undefined {
  const parsed = parseBlob(blob)
  return parsed && openBlob(parsed, key, context)
}

describe('a KMS ciphertext blob', () => {
  it('opens to what was sealed, with the same context', () => {
    const contexts = fc.dictionary(fc.string(), fc.string(), { maxKeys: 4 })
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 4096 }),
        contexts,
        fc.constantFrom<BlobKind>('encrypt', 'dataKey'),
        (bytes, c, kind) => {
          const plaintext = Buffer.from(bytes)
          const blob = seal(plaintext, c, kind)
          expect(parseBlob(blob)).toMatchObject({ kind, materialId: id })
          expect(openWith(blob, c)).toEqual(plaintext)
        },
      ),
    )
  })

  // captures-kms-iam §3: whole blobs recorded from AWS, by plaintext length.
  it.each([
    [13, 165],
    [16, 168],
    [22, 174],
    [27, 179],
    [32, 184],
    [144, 301],
    [150, 307],
    [2374, 2536],
  ])('is as long as AWS’s: %d bytes make %d', (plaintext, blob) => {
    expect(seal(Buffer.alloc(plaintext))).toHaveLength(blob)
  })

  it('begins as AWS’s do', () => {
    const blob = seal(Buffer.alloc(32))
    expect(blob.subarray(0, 5).toString('hex')).toBe('0102020078')
    expect(blob.subarray(5, 37).toString('hex')).toBe(id)
    expect(blob[37]).toBe(1)
    expect(blob.readUInt32BE(54)).toBe(blob.length - 58)
    expect(blob.subarray(58, 61).toString('hex')).toBe('307c06') // SEQUENCE of 124 bytes, OID
    expect(blob.toString('base64')).toMatch(/^AQICAH[g-j]/)
    expect(seal(Buffer.alloc(32), {}, 'dataKey').toString('base64')).toMatch(/^AQIDAH[g-j]/)
  })

  it('is another one each time', () => {
    const blobs = Array.from({ length: 2000 }, () => seal(Buffer.alloc(1)))
    expect(new Set(blobs.map((blob) => blob.toString('hex', 38, 54))).size).toBe(2000)
    const nonces = blobs.map((blob) => parseBlob(blob)?.nonce.toString('hex'))
    expect(new Set(nonces).size).toBe(2000)
  })

  it.each([0, 1, 32, 150, 400])('does not open with any single bit changed (%d bytes of plaintext)', (length) => {
    const context = { purpose: 'test' }
    const blob = seal(Buffer.alloc(length, 0x5a), context)
    expect(openWith(blob, context)).toBeDefined()
    for (let bit = 0; bit < blob.length * 8; bit++) {
      const flipped = Buffer.from(blob)
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect([bit, openWith(flipped, context)]).toEqual([bit, undefined])
    }
  })

  it('does not open cut short or drawn out', () => {
    const blob = seal(Buffer.alloc(40))
    for (let length = 0; length < blob.length; length++) {
      expect(openWith(blob.subarray(0, length))).toBeUndefined()
    }
    expect(openWith(Buffer.concat([blob, Buffer.alloc(1)]))).toBeUndefined()
  })

  it('does not open with another context', () => {
    const blob = seal(Buffer.from('x'), { a: 'bc' })
    const others: EncryptionContext[] = [{}, { ab: 'c' }, { a: 'bC' }, { A: 'bc' }, { a: 'bc', d: '' }]
    for (const other of others) {
      expect(openWith(blob, other)).toBeUndefined()
    }
  })

  it('does not open with other material, whatever id the blob names', () => {
    expect(openWith(seal(Buffer.from('x')), {}, generateSecret(32))).toBeUndefined()
  })

  it('does not take a part from another blob', () => {
    const one = seal(Buffer.alloc(32, 1))
    const two = seal(Buffer.alloc(32, 2))
    for (let cut = 1; cut < one.length; cut++) {
      const mixed = Buffer.concat([one.subarray(0, cut), two.subarray(cut)])
      if (!mixed.equals(one) && !mixed.equals(two)) expect(openWith(mixed)).toBeUndefined()
    }
  })

  it('is told from any other bytes without an exception', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (bytes, likely) => {
        const start = likely ? seal(Buffer.alloc(9)).subarray(0, 70) : Buffer.alloc(0)
        expect(openWith(Buffer.concat([start, Buffer.from(bytes)]))).toBeUndefined()
      }),
    )
  })
})

describe('a key material id', () => {
  it('has 64 hexadecimal digits and stays the same', () => {
    const known = secretOf(Buffer.alloc(32, 7))
    expect(materialId(KEY_ID, known)).toMatch(/^[0-9a-f]{64}$/)
    expect(materialId(KEY_ID, known)).toBe(materialId(KEY_ID, secretOf(Buffer.alloc(32, 7))))
  })

  it('is another for other bytes, and for another key', () => {
    expect(materialId(KEY_ID, generateSecret(32))).not.toBe(id)
    expect(materialId('mrk-1234abcd12ab34cd56ef1234567890ab', material)).not.toBe(id)
  })

  it('is refused when a caller hands over something else', () => {
    expect(() =>
      sealBlob({ kind: 'encrypt', materialId: 'abc', material, context: {}, plaintext: Buffer.alloc(1) }),
    ).toThrow(RangeError)
  })
})
