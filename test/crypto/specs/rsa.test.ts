import { constants, createHash, createPrivateKey, createPublicKey, publicEncrypt, sign as nodeSign } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import {
  acceptMaterial,
  asymmetricDecrypt,
  asymmetricEncrypt,
  digestLength,
  generateMaterial,
  longestPlaintext,
  publicKeyOf,
  sign,
  verify,
} from '../../../emulator/crypto/keyMaterial.ts'
import { accepted, bytesOf, flipped, hex, indefinite, keyOf, tlv } from '../keys.ts'
import { describeWithOpenssl, openssl, opensslAgrees } from '../openssl.ts'

const SIZES = [
  { spec: 'RSA_2048', bits: 2048, sha1: 214, sha256: 190 },
  { spec: 'RSA_3072', bits: 3072, sha1: 342, sha256: 318 },
  { spec: 'RSA_4096', bits: 4096, sha1: 470, sha256: 446 },
] as const
const HASHES = ['256', '384', '512'] as const
const SIGNING = HASHES.flatMap((bits) => [
  { algorithm: `RSASSA_PKCS1_V1_5_SHA_${bits}`, hash: `sha${bits}`, padding: ['rsa_padding_mode:pkcs1'] },
  {
    algorithm: `RSASSA_PSS_SHA_${bits}`,
    hash: `sha${bits}`,
    padding: ['rsa_padding_mode:pss', 'rsa_pss_saltlen:digest'],
  },
])
const message = Buffer.from('a message of no importance')
const digestOf = (hash: string) => createHash(hash).update(message).digest()

describe('RSA generation', () => {
  it('leaves the event loop free, and happens one at a time', async () => {
    let ticks = 0
    const timer = setInterval(() => ticks++, 1)
    const finished: string[] = []
    const note = async (spec: 'RSA_4096' | 'RSA_2048') => {
      await keyOf(spec)
      finished.push(spec)
    }
    await Promise.all([note('RSA_4096'), note('RSA_2048')])
    clearInterval(timer)
    expect(ticks).toBeGreaterThan(3)
    // Side by side, the smaller one would be ready long before.
    expect(finished).toEqual(['RSA_4096', 'RSA_2048'])
  })
})

describe.each(SIZES)('$spec', ({ spec, bits, sha1, sha256 }) => {
  const length = bits / 8

  it('is generated as a PKCS#8 key with two primes and the usual exponent', async () => {
    const material = await keyOf(spec)
    const key = createPrivateKey({ key: bytesOf(material), format: 'der', type: 'pkcs8' })
    expect(key.asymmetricKeyType).toBe('rsa')
    expect(key.asymmetricKeyDetails).toEqual({ modulusLength: bits, publicExponent: 65537n })
    expect(accepted(spec, bytesOf(material)).equals(material)).toBe(true)
  })

  it('has the public key as SPKI, computed once', async () => {
    const material = await keyOf(spec)
    const spki = publicKeyOf(spec, material)
    const privateKey = createPrivateKey({ key: bytesOf(material), format: 'der', type: 'pkcs8' })
    expect(spki).toEqual(createPublicKey(privateKey).export({ format: 'der', type: 'spki' }))
    expect(publicKeyOf(spec, material)).toBe(spki)
  })

  it.each([
    ['RSAES_OAEP_SHA_1', sha1],
    ['RSAES_OAEP_SHA_256', sha256],
  ])('encrypts with %s up to %d bytes', async (algorithm, longest) => {
    const material = await keyOf(spec)
    expect(longestPlaintext(spec, algorithm)).toBe(longest)
    for (const size of [1, longest]) {
      const plaintext = Buffer.alloc(size, 0x61)
      const ciphertext = asymmetricEncrypt(spec, material, algorithm, plaintext)
      expect(ciphertext).toHaveLength(length)
      expect(ciphertext).not.toEqual(asymmetricEncrypt(spec, material, algorithm, plaintext))
      expect(asymmetricDecrypt(spec, material, algorithm, ciphertext)).toEqual(plaintext)
    }
    expect(() => asymmetricEncrypt(spec, material, algorithm, Buffer.alloc(longest + 1))).toThrow(RangeError)
  })

  it.each(SIGNING)('signs with $algorithm', async ({ algorithm, hash }) => {
    const material = await keyOf(spec)
    const raw = { spec, material, algorithm, messageType: 'RAW', message } as const
    const digest = { ...raw, messageType: 'DIGEST', message: digestOf(hash) } as const
    expect(digestLength(algorithm)).toBe(digest.message.length)
    const signatures = [sign(raw), sign(digest)] as const
    for (const signature of signatures) {
      expect(signature).toHaveLength(length)
      expect(verify({ ...raw, signature })).toBe(true)
      expect(verify({ ...digest, signature })).toBe(true)
      expect(verify({ ...raw, message: Buffer.from('another'), signature })).toBe(false)
      expect(verify({ ...raw, signature: signature.subarray(1) })).toBe(false)
      expect(verify({ ...raw, signature: Buffer.concat([Buffer.alloc(1), signature]) })).toBe(false)
      expect(verify({ ...raw, signature: flipped(signature, 8 * length - 1) })).toBe(false)
    }
    // captures-kms-iam §8: RAW and DIGEST give the same PKCS#1 v1.5 signature, PSS is randomised.
    expect(signatures[0].equals(signatures[1])).toBe(algorithm.includes('PKCS1'))
  })
})

describe('RSA signatures', () => {
  it('are none of another algorithm', async () => {
    const material = await keyOf('RSA_2048')
    for (const { algorithm } of SIGNING) {
      const signature = sign({ spec: 'RSA_2048', material, algorithm, messageType: 'RAW', message })
      const valid = SIGNING.filter((other) =>
        verify({ spec: 'RSA_2048', material, algorithm: other.algorithm, messageType: 'RAW', message, signature }),
      )
      expect(valid.map((other) => other.algorithm)).toEqual([algorithm])
    }
  })

  it('are what node:crypto makes of the same message', async () => {
    const material = await keyOf('RSA_2048')
    const key = createPrivateKey({ key: bytesOf(material), format: 'der', type: 'pkcs8' })
    for (const bits of HASHES) {
      const request = { spec: 'RSA_2048', material, messageType: 'RAW', message } as const
      const plain = nodeSign(`sha${bits}`, message, key)
      expect(sign({ ...request, algorithm: `RSASSA_PKCS1_V1_5_SHA_${bits}` })).toEqual(plain)
      const padding = constants.RSA_PKCS1_PSS_PADDING
      const salted = (saltLength: number) => nodeSign(`sha${bits}`, message, { key, padding, saltLength })
      const algorithm = `RSASSA_PSS_SHA_${bits}`
      expect(verify({ ...request, algorithm, signature: salted(Number(bits) / 8) })).toBe(true)
      // The salt is as long as the digest (facts: B5): any other length is another algorithm.
      for (const other of [0, Number(bits) / 8 - 1, Number(bits) / 8 + 1]) {
        expect(verify({ ...request, algorithm, signature: salted(other) })).toBe(false)
      }
    }
  })

  it('takes digests of the right length only', async () => {
    const material = await keyOf('RSA_2048')
    const request = { spec: 'RSA_2048', material, algorithm: 'RSASSA_PSS_SHA_256', messageType: 'DIGEST' } as const
    expect(() => sign({ ...request, message: Buffer.alloc(31) })).toThrow(RangeError)
    expect(verify({ ...request, message: Buffer.alloc(31), signature: Buffer.alloc(256) })).toBe(false)
    expect(() => sign({ ...request, messageType: 'EXTERNAL_MU', message: Buffer.alloc(64) })).toThrow(TypeError)
    expect(() => sign({ ...request, algorithm: 'ECDSA_SHA_256', message: Buffer.alloc(32) })).toThrow(TypeError)
  })

  it('refuses a signature above the modulus', async () => {
    const material = await keyOf('RSA_2048')
    const request = {
      spec: 'RSA_2048',
      material,
      algorithm: 'RSASSA_PSS_SHA_256',
      messageType: 'RAW',
      message,
    } as const
    expect(verify({ ...request, signature: Buffer.alloc(256, 0xff) })).toBe(false)
    expect(verify({ ...request, signature: Buffer.alloc(256) })).toBe(false)
  })
})

describe('RSA decryption', () => {
  it('answers nothing, in the same way, for whatever is wrong', async () => {
    const material = await keyOf('RSA_2048')
    const algorithm = 'RSAES_OAEP_SHA_256'
    const ciphertext = asymmetricEncrypt('RSA_2048', material, algorithm, message)
    const decrypt = (bytes: Buffer, name: string = algorithm) => asymmetricDecrypt('RSA_2048', material, name, bytes)
    expect(decrypt(ciphertext)).toEqual(message)
    expect(decrypt(ciphertext, 'RSAES_OAEP_SHA_1')).toBeUndefined()
    expect(decrypt(ciphertext.subarray(1))).toBeUndefined()
    expect(decrypt(Buffer.concat([Buffer.alloc(1), ciphertext]))).toBeUndefined()
    expect(decrypt(Buffer.alloc(0))).toBeUndefined()
    expect(decrypt(Buffer.alloc(256, 0xff))).toBeUndefined()
    for (let bit = 0; bit < 2048; bit += 41) expect(decrypt(flipped(ciphertext, bit))).toBeUndefined()
    const other = accepted('RSA_2048', bytesOf(await generateMaterial('RSA_2048')))
    expect(asymmetricDecrypt('RSA_2048', other, algorithm, ciphertext)).toBeUndefined()
  })

  it('knows no other padding', async () => {
    const material = await keyOf('RSA_2048')
    const key = createPublicKey({ key: publicKeyOf('RSA_2048', material), format: 'der', type: 'spki' })
    const ciphertext = publicEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, message)
    expect(asymmetricDecrypt('RSA_2048', material, 'RSAES_OAEP_SHA_1', ciphertext)).toBeUndefined()
    expect(() => asymmetricDecrypt('RSA_2048', material, 'RSAES_PKCS1_V1_5', ciphertext)).toThrow(TypeError)
  })
})

describe('RSA keys from outside', () => {
  it('may be BER, but nothing may follow', async () => {
    const material = await keyOf('RSA_2048')
    const der = bytesOf(material)
    expect(accepted('RSA_2048', indefinite(der)).equals(material)).toBe(true)
    for (const bytes of [der, indefinite(der)]) {
      expect(acceptMaterial('RSA_2048', Buffer.concat([bytes, hex('00')]))).toBeUndefined()
      expect(acceptMaterial('RSA_2048', bytes.subarray(0, -1))).toBeUndefined()
    }
  })

  it('must be of the very spec', async () => {
    expect(acceptMaterial('RSA_3072', bytesOf(await keyOf('RSA_2048')))).toBeUndefined()
    expect(acceptMaterial('RSA_2048', bytesOf(await keyOf('RSA_3072')))).toBeUndefined()
    expect(acceptMaterial('ECC_NIST_P256', bytesOf(await keyOf('RSA_2048')))).toBeUndefined()
    expect(acceptMaterial('RSA_2048', bytesOf(await keyOf('ECC_NIST_P256')))).toBeUndefined()
  })

  it('must be whole: whatever bit is changed, the key is refused or the same', async () => {
    const material = await keyOf('RSA_2048')
    const der = bytesOf(material)
    let refused = 0
    for (let bit = 0; bit < der.length * 8; bit += 97) {
      const found = acceptMaterial('RSA_2048', flipped(der, bit))
      expect([bit, found?.equals(material) ?? true]).toEqual([bit, true])
      if (!found) refused++
    }
    expect(refused).toBeGreaterThan(90)
  })

  it('must have two factors, which OpenSSL does not ask when it reads a key', async () => {
    const { n, e, d } = createPrivateKey({
      key: bytesOf(await keyOf('RSA_2048')),
      format: 'der',
      type: 'pkcs8',
    }).export({ format: 'jwk' })
    const number = (text: string | undefined) => {
      const bytes = Buffer.from(text ?? '', 'base64url')
      return tlv(0x02, (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([hex('00'), bytes]) : bytes)
    }
    const one = hex('020101')
    const inner = tlv(0x30, hex('020100'), number(n), number(e), number(d), number(n), one, number(d), one, one)
    const bytes = tlv(0x30, hex('020100'), tlv(0x30, hex('06092a864886f70d0101010500')), tlv(0x04, inner))
    expect(() => createPrivateKey({ key: bytes, format: 'der', type: 'pkcs8' })).not.toThrow()
    expect(acceptMaterial('RSA_2048', bytes)).toBeUndefined()
  })
})

describeWithOpenssl('RSA and OpenSSL', () => {
  it.each(SIGNING)('verify each other’s $algorithm', async ({ algorithm, hash, padding }) => {
    const material = await keyOf('RSA_2048')
    const spki = publicKeyOf('RSA_2048', material)
    const options = [...padding, `digest:${hash}`].flatMap((option) => ['-pkeyopt', option])
    const dgstOptions = padding.flatMap((option) => ['-sigopt', option])
    const request = { spec: 'RSA_2048', material, algorithm, message } as const
    const digest = digestOf(hash)

    const ours = sign({ ...request, messageType: 'DIGEST', message: digest })
    const inDer = ['-keyform', 'DER'] as const
    expect(
      opensslAgrees('dgst', `-${hash}`, ...inDer, '-verify', spki, ...dgstOptions, '-signature', ours, message),
    ).toBe(true)
    expect(
      opensslAgrees(
        'pkeyutl',
        '-verify',
        '-pubin',
        ...inDer,
        '-inkey',
        spki,
        ...options,
        '-in',
        digest,
        '-sigfile',
        ours,
      ),
    ).toBe(true)

    const theirs = openssl('pkeyutl', '-sign', ...inDer, '-inkey', bytesOf(material), ...options, '-in', digest)
    expect(verify({ ...request, messageType: 'RAW', signature: theirs })).toBe(true)
  })

  it.each([
    ['RSAES_OAEP_SHA_1', 'sha1'],
    ['RSAES_OAEP_SHA_256', 'sha256'],
  ])('decrypt each other’s %s', async (algorithm, hash) => {
    const material = await keyOf('RSA_2048')
    const options = ['rsa_padding_mode:oaep', `rsa_oaep_md:${hash}`, `rsa_mgf1_md:${hash}`].flatMap((option) => [
      '-pkeyopt',
      option,
    ])
    const ours = asymmetricEncrypt('RSA_2048', material, algorithm, message)
    const der = ['-keyform', 'DER'] as const
    expect(openssl('pkeyutl', '-decrypt', ...der, '-inkey', bytesOf(material), ...options, '-in', ours)).toEqual(
      message,
    )
    const spki = publicKeyOf('RSA_2048', material)
    const theirs = openssl('pkeyutl', '-encrypt', '-pubin', ...der, '-inkey', spki, ...options, '-in', message)
    expect(asymmetricDecrypt('RSA_2048', material, algorithm, theirs)).toEqual(message)
  })

  const DER = ['-inform', 'DER', '-outform', 'DER'] as const
  function generated(algorithm: string, ...options: readonly string[]): Buffer {
    const named = ['rsa_keygen_bits:2048', ...options].flatMap((option) => ['-pkeyopt', option])
    const key = openssl('genpkey', '-algorithm', algorithm, '-outform', 'DER', ...named)
    return openssl('pkcs8', '-topk8', '-nocrypt', ...DER, '-in', key)
  }

  it('make keys that are accepted as they are', () => {
    const bytes = generated('RSA')
    expect(bytesOf(accepted('RSA_2048', bytes))).toEqual(bytes)
    const small = generated('RSA', 'rsa_keygen_pubexp:3')
    expect(bytesOf(accepted('RSA_2048', small))).toEqual(small)
  })

  it.each([
    ['has three primes', () => generated('RSA', 'rsa_keygen_primes:3')],
    ['is for PSS only', () => generated('RSA-PSS')],
  ])('make a key that %s: it can be read and is refused', (_, make) => {
    const bytes = make()
    expect(() => createPrivateKey({ key: bytes, format: 'der', type: 'pkcs8' })).not.toThrow()
    expect(acceptMaterial('RSA_2048', bytes)).toBeUndefined()
  })

  it('write a good key in forms that are refused', () => {
    const bytes = generated('RSA')
    const traditional = openssl('rsa', ...DER, '-traditional', '-in', bytes)
    expect(createPrivateKey({ key: traditional, format: 'der', type: 'pkcs1' }).asymmetricKeyType).toBe('rsa')
    expect(acceptMaterial('RSA_2048', traditional)).toBeUndefined()
    expect(acceptMaterial('RSA_2048', openssl('rsa', ...DER, '-pubout', '-in', bytes))).toBeUndefined()
    expect(acceptMaterial('RSA_2048', openssl('pkey', '-inform', 'DER', '-in', bytes))).toBeUndefined()
    const encrypted = openssl('pkcs8', '-topk8', ...DER, '-passout', 'pass:x', '-in', bytes)
    expect(acceptMaterial('RSA_2048', encrypted)).toBeUndefined()
  })
})
