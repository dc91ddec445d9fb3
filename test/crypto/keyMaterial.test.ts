import { inspect } from 'node:util'
import { beforeAll, describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import {
  acceptMaterial,
  asymmetricDecrypt,
  asymmetricEncrypt,
  decapsulate,
  deriveSharedSecret,
  digestLength,
  encapsulate,
  longestPlaintext,
  mac,
  publicKeyOf,
  sign,
  verify,
} from '../../emulator/crypto/keyMaterial.ts'
import type { MaterialSpec } from '../../emulator/crypto/keyMaterial.ts'
import { fromStored, secretOf, toStored } from '../../emulator/crypto/material.ts'
import type { SecretBytes } from '../../emulator/crypto/types.ts'
import { bytesOf, flipped, keyOf } from './keys.ts'

/** One spec of each family, with what it can do (facts: B5). */
interface Family {
  readonly spec: MaterialSpec
  readonly signing?: readonly (readonly [algorithm: string, type: 'RAW' | 'DIGEST' | 'EXTERNAL_MU', digest?: number])[]
  readonly encryption?: readonly string[]
  readonly agreement?: true
  readonly kem?: true
  readonly secret?: true
}
const ecdsa = (algorithm: string, length: number): Pick<Family, 'signing' | 'agreement'> => ({
  signing: [
    [algorithm, 'RAW'],
    [algorithm, 'DIGEST', length],
  ],
  agreement: true,
})
const mlDsa: Pick<Family, 'signing'> = {
  signing: [
    ['ML_DSA_SHAKE_256', 'RAW'],
    ['ML_DSA_SHAKE_256', 'EXTERNAL_MU', 64],
  ],
}
const FAMILIES: readonly Family[] = [
  { spec: 'SYMMETRIC_DEFAULT', secret: true },
  { spec: 'HMAC_224', secret: true },
  { spec: 'HMAC_512', secret: true },
  {
    spec: 'RSA_2048',
    signing: [
      ['RSASSA_PKCS1_V1_5_SHA_256', 'RAW'],
      ['RSASSA_PSS_SHA_384', 'DIGEST', 48],
    ],
    encryption: ['RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256'],
  },
  { spec: 'ECC_NIST_P256', ...ecdsa('ECDSA_SHA_256', 32) },
  { spec: 'ECC_NIST_P384', ...ecdsa('ECDSA_SHA_384', 48) },
  { spec: 'ECC_NIST_P521', ...ecdsa('ECDSA_SHA_512', 64) },
  { spec: 'ECC_SECG_P256K1', ...ecdsa('ECDSA_SHA_256', 32) },
  {
    spec: 'ECC_NIST_EDWARDS25519',
    signing: [
      ['ED25519_SHA_512', 'RAW'],
      ['ED25519_PH_SHA_512', 'DIGEST', 64],
    ],
  },
  { spec: 'ML_DSA_44', ...mlDsa },
  { spec: 'ML_DSA_87', ...mlDsa },
  { spec: 'ML_KEM_512', kem: true },
  { spec: 'ML_KEM_1024', kem: true },
  { spec: 'SM2', ...ecdsa('SM2DSA', 32), encryption: ['SM2PKE'] },
]

const anyBytes = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  // Something that begins like DER.
  fc
    .uint8Array({ minLength: 1, maxLength: 120 })
    .map((bytes) => Buffer.concat([Buffer.from([0x30, bytes.length]), bytes])),
)
const RUNS = { numRuns: 60 }

describe.each(FAMILIES)('$spec', ({ spec, signing = [], encryption = [], agreement, kem, secret }) => {
  let material: SecretBytes
  let whole: Buffer
  beforeAll(async () => {
    material = await keyOf(spec)
    whole = bytesOf(material)
  })
  /** Arbitrary bytes, and a right answer of which one bit is wrong. */
  const spoilt = (right: Buffer) =>
    fc.oneof(
      anyBytes.map((bytes) => Buffer.from(bytes)),
      fc.nat(right.length * 8 - 1).map((bit) => flipped(right, bit)),
      fc.nat(right.length - 1).map((length) => right.subarray(0, length)),
    )

  it('is the same key after it was stored', () => {
    const restored = fromStored(toStored(material))
    expect(acceptMaterial(spec, bytesOf(restored))?.equals(material)).toBe(true)
    if (!secret) expect(publicKeyOf(spec, restored)).toEqual(publicKeyOf(spec, material))
  })

  it('shows nothing of itself', () => {
    expect(JSON.stringify(material)).toBe('{}')
    expect(inspect(material, { showHidden: true, depth: 9 })).toBe(`SecretBytes(${material.length})`)
  })

  it('accepts no bytes that it does not take for good, and never throws', () => {
    fc.assert(
      fc.property(spoilt(whole), (bytes) => {
        const found = acceptMaterial(spec, Buffer.from(bytes))
        if (!found) return
        // What was accepted is a key: it is accepted again, unchanged, and has a public key.
        expect(acceptMaterial(spec, bytesOf(found))?.equals(found)).toBe(true)
        if (!secret) expect(publicKeyOf(spec, found).length).toBeGreaterThan(40)
      }),
      RUNS,
    )
  })

  it('does not keep the bytes it was made from', () => {
    const bytes = Buffer.from(whole)
    const found = acceptMaterial(spec, bytes)
    bytes.fill(0)
    expect(found?.equals(material)).toBe(true)
  })

  for (const [algorithm, type, length] of signing) {
    it(`verifies no arbitrary bytes with ${algorithm} of ${type}`, () => {
      const request = { spec, material, algorithm, messageType: type, message: Buffer.alloc(length ?? 20, 1) } as const
      if (length !== undefined) expect(digestLength(algorithm)).toBe(length)
      const right = sign(request)
      expect(verify({ ...request, signature: right })).toBe(true)
      fc.assert(
        fc.property(spoilt(right), (signature) => {
          expect(verify({ ...request, signature })).toBe(false)
        }),
        RUNS,
      )
    })
  }

  for (const algorithm of encryption) {
    it(`decrypts no arbitrary bytes with ${algorithm}`, () => {
      const right = asymmetricEncrypt(spec, material, algorithm, Buffer.from('secret'))
      expect(asymmetricDecrypt(spec, material, algorithm, right)?.toString()).toBe('secret')
      fc.assert(
        fc.property(spoilt(right), (ciphertext) => {
          expect(asymmetricDecrypt(spec, material, algorithm, ciphertext)).toBeUndefined()
        }),
        RUNS,
      )
    })
  }

  it('does only what its family does', () => {
    const request = { spec, material, messageType: 'RAW', message: Buffer.alloc(1) } as const
    const algorithms = new Set(FAMILIES.flatMap((family) => family.signing?.map(([algorithm]) => algorithm) ?? []))
    for (const algorithm of algorithms) {
      if (signing.some(([own]) => own === algorithm) || (spec === 'RSA_2048' && algorithm.startsWith('RSA'))) continue
      expect(() => sign({ ...request, algorithm })).toThrow(TypeError)
      expect(() => verify({ ...request, algorithm, signature: Buffer.alloc(64) })).toThrow(TypeError)
    }
    for (const algorithm of ['RSAES_OAEP_SHA_1', 'SM2PKE', 'SYMMETRIC_DEFAULT']) {
      if (encryption.includes(algorithm)) continue
      expect(longestPlaintext(spec, algorithm)).toBeUndefined()
      expect(() => asymmetricEncrypt(spec, material, algorithm, Buffer.alloc(1))).toThrow(TypeError)
      expect(() => asymmetricDecrypt(spec, material, algorithm, Buffer.alloc(1))).toThrow(TypeError)
    }
    if (!agreement) expect(() => deriveSharedSecret(spec, material, Buffer.alloc(1))).toThrow(TypeError)
    if (!kem) {
      expect(() => encapsulate(spec, material)).toThrow(TypeError)
      expect(() => decapsulate(spec, material, Buffer.alloc(768))).toThrow(TypeError)
    }
    if (secret) expect(() => publicKeyOf(spec, material)).toThrow(TypeError)
  })

  if (agreement) {
    it('agrees with no arbitrary bytes', () => {
      const right = publicKeyOf(spec, material)
      expect(deriveSharedSecret(spec, material, right)).toBeDefined()
      fc.assert(
        fc.property(spoilt(right), (peer) => {
          expect(deriveSharedSecret(spec, material, peer)).toBeUndefined()
        }),
        RUNS,
      )
    })
  }

  if (kem) {
    it('never throws when it decapsulates', () => {
      const { ciphertext, sharedSecret } = encapsulate(spec, material)
      fc.assert(
        fc.property(spoilt(ciphertext), (bytes) => {
          expect(decapsulate(spec, material, Buffer.from(bytes))).not.toEqual(sharedSecret)
        }),
        RUNS,
      )
    })
  }
})

describe('key material', () => {
  it('of one spec is none of another', async () => {
    for (const { spec } of FAMILIES.filter((family) => !family.secret)) {
      const bytes = bytesOf(await keyOf(spec))
      const takers = FAMILIES.filter((family) => !family.secret && acceptMaterial(family.spec, bytes))
      expect(takers.map((family) => family.spec)).toEqual([spec])
    }
  })

  it('that nothing here made is refused', () => {
    const lookalike: SecretBytes = { length: 32, equals: () => true }
    expect(() => mac('HMAC_SHA_256', lookalike, Buffer.alloc(1))).toThrow(TypeError)
    expect(() => publicKeyOf('RSA_2048', lookalike)).toThrow(TypeError)
  })

  it('that is broken fails without a word of what it holds', () => {
    const secret = 'hush-hush-hush-hush-hush-hush-hu'
    for (const { spec } of FAMILIES.filter((family) => !family.secret)) {
      let message = ''
      try {
        publicKeyOf(spec, secretOf(Buffer.from(secret)))
      } catch (error) {
        message = inspect(error, { depth: 9 })
      }
      expect(message).not.toBe('')
      expect(message).not.toContain('hush')
      expect(message).not.toContain(Buffer.from(secret).toString('base64').slice(0, 12))
      expect(message).not.toContain(Buffer.from(secret).toString('hex').slice(0, 12))
    }
  })

  it('of an unknown signing algorithm takes no digests', () => {
    expect(digestLength('ECDSA_SHA_1')).toBeUndefined()
  })
})
