import { createHash } from 'node:crypto'
import { ml_kem1024, ml_kem512, ml_kem768 } from '@noble/post-quantum/ml-kem.js'
import { describe, expect, it } from '@jest/globals'
import { acceptMaterial, decapsulate, encapsulate, publicKeyOf } from '../../../emulator/crypto/keyMaterial.ts'
import { accepted, bytesOf, flipped, hex, keyOf, pkcs8, tlv } from '../keys.ts'

/**
 * `known`: what OpenSSL 4.0 answers for the seed 00 01 … 3f: SHA-256 of the SPKI, the secret of the ciphertext that
 * the message 80 81 … 9f makes, and that of a ciphertext of 2a bytes (implicit rejection). It was not asked for 512.
 */
const SETS = [
  { spec: 'ML_KEM_512', oid: '0609608648016503040401', noble: ml_kem512, ciphertext: 768, spki: 822, known: undefined },
  {
    spec: 'ML_KEM_768',
    oid: '0609608648016503040402',
    noble: ml_kem768,
    ciphertext: 1088,
    spki: 1206,
    known: {
      spki: 'c23e23dd3d485a9256cda09358a4a286e00b373db10761eadf99f710649ca31c',
      secret: 'ef91db44b6cd5b2c50f483481a3d6e2a08cc149764fcb8dc568851332da45ed9',
      rejected: '77eef2a7b8486ad8b6a8117b920d3005ff6071136d917ebbc3dcaa76997770e3',
    },
  },
  {
    spec: 'ML_KEM_1024',
    oid: '0609608648016503040403',
    noble: ml_kem1024,
    ciphertext: 1568,
    spki: 1590,
    known: {
      spki: 'd2b7480ae006a14b37c1e8a8e45ea39022e32a9b1a7b90d594c84d869c6ac420',
      secret: '7d9404fdb9a12fafe778c3cec2c017de229fdb1c8564964830db5541970e8079',
      rejected: '0f07232a2e0c566db60514608d98db122c86cb4b838bababfb811743d160972c',
    },
  },
] as const
const counting = (from: number, length: number) => Buffer.from(Array.from({ length }, (_, at) => from + at))
const SEED = counting(0, 64)
const SPKI_HEAD = 22

describe.each(SETS)('$spec', ({ spec, oid, noble, ciphertext: ciphertextLength, spki: spkiLength, known }) => {
  const fromSeed = () => accepted(spec, pkcs8(oid, tlv(0x80, SEED)))

  it('is kept as a seed in PKCS#8, and its public key is SPKI', async () => {
    const material = await keyOf(spec)
    const seed = bytesOf(material).subarray(-64)
    expect(bytesOf(material)).toEqual(pkcs8(oid, tlv(0x80, seed)))
    const spki = publicKeyOf(spec, material)
    expect(spki).toHaveLength(spkiLength)
    const key = Buffer.from(noble.keygen(seed).publicKey)
    expect(spki).toEqual(tlv(0x30, tlv(0x30, hex(oid)), tlv(0x03, hex('00'), key)))
    expect(publicKeyOf(spec, material)).toBe(spki)
  })

  it('encapsulates 32 bytes, never the same, and gets them back', async () => {
    const material = await keyOf(spec)
    const made = Array.from({ length: 4 }, () => encapsulate(spec, material))
    expect(new Set(made.map(({ sharedSecret }) => sharedSecret.toString('hex'))).size).toBe(4)
    for (const { ciphertext, sharedSecret } of made) {
      expect(ciphertext).toHaveLength(ciphertextLength)
      expect(sharedSecret).toHaveLength(32)
      expect(decapsulate(spec, material, ciphertext)).toEqual(sharedSecret)
      const { secretKey } = noble.keygen(bytesOf(material).subarray(-64))
      expect(Buffer.from(noble.decapsulate(ciphertext, secretKey))).toEqual(sharedSecret)
    }
  })

  it('opens what others make with the public key', async () => {
    const material = await keyOf(spec)
    const { cipherText, sharedSecret } = noble.encapsulate(publicKeyOf(spec, material).subarray(SPKI_HEAD))
    expect(decapsulate(spec, material, Buffer.from(cipherText))).toEqual(Buffer.from(sharedSecret))
  })

  it('answers a secret of nobody’s to a ciphertext that was changed (FIPS 203, implicit rejection)', () => {
    const material = fromSeed()
    const { ciphertext, sharedSecret } = encapsulate(spec, material)
    for (const bit of [0, 4000, ciphertextLength * 8 - 1]) {
      const changed = flipped(ciphertext, bit)
      const rejected = createHash('shake256', { outputLength: 32 }).update(SEED.subarray(32)).update(changed).digest()
      expect(decapsulate(spec, material, changed)).toEqual(rejected)
      expect(rejected).not.toEqual(sharedSecret)
    }
  })

  it('answers nothing to a ciphertext of another length', () => {
    const material = fromSeed()
    const lengths = [0, 1, ciphertextLength - 1, ciphertextLength + 1, ...SETS.map((set) => set.ciphertext)]
    for (const length of lengths) {
      const found = decapsulate(spec, material, Buffer.alloc(length))
      expect([length, found === undefined]).toEqual([length, length !== ciphertextLength])
    }
  })

  it('comes from outside as a seed only', () => {
    const der = pkcs8(oid, tlv(0x80, SEED))
    expect(bytesOf(accepted(spec, der))).toEqual(der)
    const { secretKey } = noble.keygen(SEED)
    expect(acceptMaterial(spec, pkcs8(oid, tlv(0x04, Buffer.from(secretKey))))).toBeUndefined()
    expect(acceptMaterial(spec, pkcs8(oid, tlv(0x80, SEED.subarray(1))))).toBeUndefined()
    for (const other of SETS) {
      const theirs = acceptMaterial(spec, pkcs8(other.oid, tlv(0x80, SEED)))
      expect(theirs === undefined).toBe(other.spec !== spec)
    }
  })

  if (known) {
    it('answers what OpenSSL does', () => {
      const material = fromSeed()
      const spki = publicKeyOf(spec, material)
      expect(createHash('sha256').update(spki).digest('hex')).toBe(known.spki)
      const { cipherText } = noble.encapsulate(spki.subarray(SPKI_HEAD), counting(0x80, 32))
      expect(decapsulate(spec, material, Buffer.from(cipherText))?.toString('hex')).toBe(known.secret)
      const arbitrary = Buffer.alloc(ciphertextLength, 0x2a)
      expect(decapsulate(spec, material, arbitrary)?.toString('hex')).toBe(known.rejected)
    })
  }
})
