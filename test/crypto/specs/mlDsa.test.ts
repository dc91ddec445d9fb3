import { createHash } from 'node:crypto'
import { ml_dsa44, ml_dsa65, ml_dsa87 } from '@noble/post-quantum/ml-dsa.js'
import { describe, expect, it } from '@jest/globals'
import { acceptMaterial, digestLength, publicKeyOf, sign, verify } from '../../../emulator/crypto/keyMaterial.ts'
import { accepted, bytesOf, flipped, hex, indefinite, keyOf, pkcs8, tlv } from '../keys.ts'

const algorithm = 'ML_DSA_SHAKE_256'
/** `known`: SHA-256 of the SPKI that OpenSSL 4.0 writes for the seed 00 01 … 1f (the example keys of RFC 9881). */
const SETS = [
  {
    spec: 'ML_DSA_44',
    oid: '0609608648016503040311',
    noble: ml_dsa44,
    signature: 2420,
    spki: 1334,
    known: '837832708c5236d951581f1fddf2b79991b3424a0486d16da1ddad0fd69701be',
  },
  {
    spec: 'ML_DSA_65',
    oid: '0609608648016503040312',
    noble: ml_dsa65,
    signature: 3309,
    spki: 1974,
    known: 'b8b62131bfbe84433efb2273d7f5b87f7a22854a2cfd366fc2aead86d837c52d',
  },
  {
    spec: 'ML_DSA_87',
    oid: '0609608648016503040313',
    noble: ml_dsa87,
    signature: 4627,
    spki: 2614,
    known: '07e57c4f14dbad1267f621ec3777b4e2e6c4fbc4c22fbb87510ff8e0b3c6a642',
  },
] as const
const SEED = Buffer.from(Array.from({ length: 32 }, (_, at) => at))
const SPKI_HEAD = 22
const message = Buffer.from('a message of no importance')

const shake = (...parts: readonly Buffer[]) =>
  createHash('shake256', { outputLength: 64 }).update(Buffer.concat(parts)).digest()
/** captures-kms-iam §8: mu = SHAKE256(SHAKE256(raw public key, 64) || 00 00 || M, 64). */
const muOf = (spki: Buffer, of: Buffer) => shake(shake(spki.subarray(SPKI_HEAD)), hex('0000'), of)

describe.each(SETS)('$spec', ({ spec, oid, noble, signature: signatureLength, spki: spkiLength, known }) => {
  const request = { spec, algorithm, message } as const

  it('is kept as a seed in PKCS#8, and its public key is SPKI', async () => {
    const material = await keyOf(spec)
    const seed = bytesOf(material).subarray(-32)
    expect(bytesOf(material)).toEqual(pkcs8(oid, tlv(0x80, seed)))
    const spki = publicKeyOf(spec, material)
    expect(spki).toHaveLength(spkiLength)
    const point = Buffer.from(noble.keygen(seed).publicKey)
    expect(spki).toEqual(tlv(0x30, tlv(0x30, hex(oid)), tlv(0x03, hex('00'), point)))
    expect(publicKeyOf(spec, material)).toBe(spki)
  })

  it('has the public key of a known seed', () => {
    const material = accepted(spec, pkcs8(oid, tlv(0x80, SEED)))
    expect(createHash('sha256').update(publicKeyOf(spec, material)).digest('hex')).toBe(known)
  })

  it('signs messages and mus, and either signature is good for both', async () => {
    const material = await keyOf(spec)
    const spki = publicKeyOf(spec, material)
    const raw = { ...request, material, messageType: 'RAW' } as const
    const mu = { ...raw, messageType: 'EXTERNAL_MU', message: muOf(spki, message) } as const
    const signatures = [sign(raw), sign(raw), sign(mu), sign(mu)]
    expect(new Set(signatures.map((signature) => signature.toString('hex'))).size).toBe(4)
    for (const signature of signatures) {
      expect(signature).toHaveLength(signatureLength)
      expect(verify({ ...raw, signature })).toBe(true)
      expect(verify({ ...mu, signature })).toBe(true)
      // The standard's own way from the message, without mu.
      expect(noble.verify(signature, message, spki.subarray(SPKI_HEAD))).toBe(true)
    }
    const theirs = Buffer.from(noble.sign(message, noble.keygen(bytesOf(material).subarray(-32)).secretKey))
    expect(verify({ ...raw, signature: theirs })).toBe(true)
    expect(verify({ ...mu, signature: theirs })).toBe(true)
  })

  it('refuses whatever is no signature of the message', async () => {
    const material = await keyOf(spec)
    const raw = { ...request, material, messageType: 'RAW' } as const
    const signature = sign(raw)
    expect(verify({ ...raw, message: flipped(message, 0), signature })).toBe(false)
    for (const bit of [0, 300, 5000, signatureLength * 8 - 1]) {
      expect(verify({ ...raw, signature: flipped(signature, bit) })).toBe(false)
    }
    expect(verify({ ...raw, signature: signature.subarray(0, -1) })).toBe(false)
    expect(verify({ ...raw, signature: Buffer.concat([signature, hex('00')]) })).toBe(false)
    expect(verify({ ...raw, signature: Buffer.alloc(0) })).toBe(false)
    expect(verify({ ...raw, material: accepted(spec, pkcs8(oid, tlv(0x80, SEED))), signature })).toBe(false)
  })

  it('takes mus of 64 bytes, and no digests', async () => {
    const material = await keyOf(spec)
    expect(digestLength(algorithm)).toBe(64)
    for (const length of [0, 32, 63, 65]) {
      const mu = { ...request, material, messageType: 'EXTERNAL_MU', message: Buffer.alloc(length) } as const
      expect(() => sign(mu)).toThrow(RangeError)
      expect(verify({ ...mu, signature: Buffer.alloc(signatureLength) })).toBe(false)
    }
    expect(() => sign({ ...request, material, messageType: 'DIGEST', message: Buffer.alloc(64) })).toThrow(TypeError)
  })

  it('comes from outside as a seed only', () => {
    const der = pkcs8(oid, tlv(0x80, SEED))
    expect(bytesOf(accepted(spec, der))).toEqual(der)
    const { secretKey } = noble.keygen(SEED)
    expect(acceptMaterial(spec, pkcs8(oid, tlv(0x04, Buffer.from(secretKey))))).toBeUndefined()
    expect(acceptMaterial(spec, pkcs8(oid, tlv(0x80, SEED.subarray(1))))).toBeUndefined()
    expect(acceptMaterial(spec, pkcs8(oid, tlv(0x80, SEED, hex('00'))))).toBeUndefined()
    expect(acceptMaterial(spec, pkcs8(oid, tlv(0x04, SEED)))).toBeUndefined()
    expect(acceptMaterial(spec, indefinite(der))).toBeUndefined()
    for (const other of SETS) {
      const theirs = acceptMaterial(spec, pkcs8(other.oid, tlv(0x80, SEED)))
      expect(theirs === undefined).toBe(other.spec !== spec)
    }
    for (let length = 0; length < der.length; length++) {
      expect(acceptMaterial(spec, der.subarray(0, length))).toBeUndefined()
    }
  })
})
