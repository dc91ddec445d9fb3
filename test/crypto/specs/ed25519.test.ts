import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, verify as nodeVerify } from 'node:crypto'
import { ed25519 } from '@noble/curves/ed25519.js'
import { describe, expect, it } from '@jest/globals'
import { acceptMaterial, digestLength, publicKeyOf, sign, verify } from '../../../emulator/crypto/keyMaterial.ts'
import { accepted, bytesOf, flipped, hex, indefinite, keyOf, pkcs8, tlv } from '../keys.ts'
import { describeWithOpenssl, openssl, opensslAgrees } from '../openssl.ts'

const SPEC = 'ECC_NIST_EDWARDS25519'
const fromSeed = (seed: string) => accepted(SPEC, pkcs8('06032b6570', tlv(0x04, hex(seed))))
const pure = { spec: SPEC, algorithm: 'ED25519_SHA_512', messageType: 'RAW' } as const
const prehash = { spec: SPEC, algorithm: 'ED25519_PH_SHA_512', messageType: 'DIGEST' } as const
const sha512 = (bytes: Buffer) => createHash('sha512').update(bytes).digest()

describe('Ed25519 keys', () => {
  it('are PKCS#8 and SPKI as RFC 8410 has them', async () => {
    const material = await keyOf(SPEC)
    expect(material).toHaveLength(48)
    const key = createPrivateKey({ key: bytesOf(material), format: 'der', type: 'pkcs8' })
    expect(key.asymmetricKeyType).toBe('ed25519')
    expect(publicKeyOf(SPEC, material)).toEqual(createPublicKey(key).export({ format: 'der', type: 'spki' }))
    expect(publicKeyOf(SPEC, material)).toHaveLength(44)
    expect(publicKeyOf(SPEC, material)).toBe(publicKeyOf(SPEC, material))
    expect(accepted(SPEC, bytesOf(material)).equals(material)).toBe(true)
  })

  it('come from outside in DER only', () => {
    const der = generateKeyPairSync('ed25519').privateKey.export({ format: 'der', type: 'pkcs8' })
    expect(bytesOf(accepted(SPEC, der))).toEqual(der)
    // captures-kms-iam §5.3: BER, which RSA and EC keys may be, is refused here.
    expect(acceptMaterial(SPEC, indefinite(der))).toBeUndefined()
    expect(acceptMaterial(SPEC, Buffer.concat([hex('30812e'), der.subarray(2)]))).toBeUndefined()
    expect(acceptMaterial(SPEC, Buffer.concat([der, hex('00')]))).toBeUndefined()
    for (let length = 0; length < der.length; length++) {
      expect(acceptMaterial(SPEC, der.subarray(0, length))).toBeUndefined()
    }
    const seed = der.subarray(16)
    expect(acceptMaterial(SPEC, seed)).toBeUndefined()
    expect(acceptMaterial(SPEC, pkcs8('06032b6570', seed))).toBeUndefined()
    expect(acceptMaterial(SPEC, pkcs8('06032b6570', tlv(0x04, seed.subarray(1))))).toBeUndefined()
    expect(acceptMaterial(SPEC, pkcs8('06032b65700500', tlv(0x04, seed)))).toBeUndefined()
    for (const type of ['x25519', 'ed448'] as const) {
      const { privateKey } = type === 'x25519' ? generateKeyPairSync('x25519') : generateKeyPairSync('ed448')
      expect(acceptMaterial(SPEC, privateKey.export({ format: 'der', type: 'pkcs8' }))).toBeUndefined()
    }
  })
})

describe('ED25519_SHA_512', () => {
  // RFC 8032 §7.1, tests 1 and 2.
  it.each([
    [
      '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
      'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
      '',
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
    ],
    [
      '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
      '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
      '72',
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
    ],
  ])('signs as in RFC 8032: %s', (seed, point, message, signature) => {
    const request = { ...pure, material: fromSeed(seed), message: hex(message) }
    expect(publicKeyOf(SPEC, request.material).subarray(12).toString('hex')).toBe(point)
    expect(sign(request).toString('hex')).toBe(signature)
    expect(verify({ ...request, signature: hex(signature) })).toBe(true)
    expect(verify({ ...request, message: Buffer.from('other'), signature: hex(signature) })).toBe(false)
  })

  it('takes messages, not digests', async () => {
    const material = await keyOf(SPEC)
    expect(digestLength('ED25519_SHA_512')).toBeUndefined()
    for (const messageType of ['DIGEST', 'EXTERNAL_MU'] as const) {
      expect(() => sign({ ...pure, material, messageType, message: Buffer.alloc(64) })).toThrow(TypeError)
    }
  })

  it('refuses whatever is no signature of the message', async () => {
    const request = { ...pure, material: await keyOf(SPEC), message: Buffer.from('m') }
    const signature = sign(request)
    expect(sign(request)).toEqual(signature)
    for (let bit = 0; bit < 512; bit++) expect(verify({ ...request, signature: flipped(signature, bit) })).toBe(false)
    for (const length of [0, 63]) expect(verify({ ...request, signature: signature.subarray(0, length) })).toBe(false)
    expect(verify({ ...request, signature: Buffer.concat([signature, hex('00')]) })).toBe(false)
  })
})

/** RFC 8032 §5.1.7 for Ed25519ph with no context, from the equation: S B = R + k A. */
function verifiesPh(point: Buffer, message: Buffer, signature: Buffer): boolean {
  const { Point } = ed25519
  const number = (bytes: Buffer) => BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`)
  const r = signature.subarray(0, 32)
  const domain = Buffer.from('SigEd25519 no Ed25519 collisions\u0001\0', 'latin1')
  const k = number(sha512(Buffer.concat([domain, r, point, sha512(message)]))) % Point.Fn.ORDER
  const left = Point.BASE.multiplyUnsafe(number(signature.subarray(32)))
  return left.equals(Point.fromBytes(r).add(Point.fromBytes(point).multiplyUnsafe(k)))
}

describe('ED25519_PH_SHA_512', () => {
  it('is checked by an equation that holds for RFC 8032 §7.3', () => {
    const material = fromSeed('833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42')
    const point = publicKeyOf(SPEC, material).subarray(12)
    expect(point.toString('hex')).toBe('ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf')
    const signature = hex(
      '98a70222f0b8121aa9d30f813d683f809e462b469c7ff87639499bb94e6dae41' +
        '31f85042463c2a355a2003d062adf5aaa10b8c61e636062aaad11c2a26083406',
    )
    expect(verifiesPh(point, Buffer.from('abc'), signature)).toBe(true)
    expect(verifiesPh(point, Buffer.from('abd'), signature)).toBe(false)
  })

  it('hashes the digest again, as KMS does', async () => {
    const material = await keyOf(SPEC)
    const digest = sha512(Buffer.from('a message of no importance'))
    const signature = sign({ ...prehash, material, message: digest })
    expect(signature).toHaveLength(64)
    expect(sign({ ...prehash, material, message: digest })).toEqual(signature)
    expect(verify({ ...prehash, material, message: digest, signature })).toBe(true)
    const point = publicKeyOf(SPEC, material).subarray(12)
    expect(verifiesPh(point, digest, signature)).toBe(true)
    expect(verifiesPh(point, Buffer.from('a message of no importance'), signature)).toBe(false)
  })

  it('takes digests of 64 bytes, and nothing else', async () => {
    const material = await keyOf(SPEC)
    expect(digestLength('ED25519_PH_SHA_512')).toBe(64)
    for (const length of [0, 32, 63, 65]) {
      const message = Buffer.alloc(length)
      expect(() => sign({ ...prehash, material, message })).toThrow(RangeError)
      expect(verify({ ...prehash, material, message, signature: Buffer.alloc(64) })).toBe(false)
    }
    expect(() => sign({ ...prehash, material, messageType: 'RAW', message: Buffer.alloc(64) })).toThrow(TypeError)
  })

  it('and ED25519_SHA_512 do not verify each other', async () => {
    const material = await keyOf(SPEC)
    const message = Buffer.alloc(64, 9)
    expect(verify({ ...pure, material, message, signature: sign({ ...prehash, material, message }) })).toBe(false)
    expect(verify({ ...prehash, material, message, signature: sign({ ...pure, material, message }) })).toBe(false)
  })

  it('refuses whatever is no signature of the digest', async () => {
    const request = { ...prehash, material: await keyOf(SPEC), message: Buffer.alloc(64, 1) }
    const signature = sign(request)
    expect(verify({ ...request, message: Buffer.alloc(64, 2), signature })).toBe(false)
    for (let bit = 0; bit < 512; bit += 13) {
      expect(verify({ ...request, signature: flipped(signature, bit) })).toBe(false)
    }
    for (const length of [0, 63]) expect(verify({ ...request, signature: signature.subarray(0, length) })).toBe(false)
    expect(verify({ ...request, signature: Buffer.concat([signature, hex('00')]) })).toBe(false)
    expect(verify({ ...request, signature: Buffer.alloc(64) })).toBe(false)
  })
})

describeWithOpenssl('Ed25519 and OpenSSL', () => {
  it('verify each other’s signatures', async () => {
    const material = await keyOf(SPEC)
    const spki = publicKeyOf(SPEC, material)
    const message = Buffer.from('a message of no importance')
    const ours = sign({ ...pure, material, message })
    const options = ['-rawin', '-keyform', 'DER', '-in', message] as const
    expect(opensslAgrees('pkeyutl', '-verify', '-pubin', ...options, '-inkey', spki, '-sigfile', ours)).toBe(true)
    expect(openssl('pkeyutl', '-sign', ...options, '-inkey', bytesOf(material))).toEqual(ours)
    const key = createPublicKey({ key: spki, format: 'der', type: 'spki' })
    expect(nodeVerify(null, message, key, ours)).toBe(true)
  })
})
