import { createHash, createPrivateKey, generateKeyPairSync, sign as nodeSign } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import {
  acceptMaterial,
  asymmetricDecrypt,
  asymmetricEncrypt,
  deriveSharedSecret,
  digestLength,
  longestPlaintext,
  publicKeyOf,
  sign,
  verify,
} from '../../../emulator/crypto/keyMaterial.ts'
import { accepted, bytesOf, flipped, hex, indefinite, keyOf, pkcs8, tlv } from '../keys.ts'
import { describeWithOpenssl, openssl, opensslAgrees } from '../openssl.ts'

const SPEC = 'SM2'
const ALGORITHM = '06072a8648ce3d0201 06082a811ccf5501822d'
const fromScalar = (scalar: string) =>
  acceptMaterial(SPEC, pkcs8(ALGORITHM, tlv(0x30, hex('020101'), tlv(0x04, hex(scalar)))))
/** The key of the examples of GB/T 32918.5. */
const KNOWN = '3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8'
const known = () => accepted(SPEC, pkcs8(ALGORITHM, tlv(0x30, hex('020101'), tlv(0x04, hex(KNOWN)))))
const integer = (digits: string) => {
  const bytes = hex(digits)
  return tlv(0x02, (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([hex('00'), bytes]) : bytes)
}
const message = Buffer.from('a message of no importance')
const dsa = { spec: SPEC, algorithm: 'SM2DSA' } as const
const N = 'fffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123'

describe('SM2 keys', () => {
  it('are PKCS#8 and SPKI of the curve', async () => {
    const material = await keyOf(SPEC)
    expect(material).toHaveLength(150)
    expect(publicKeyOf(SPEC, material)).toHaveLength(91)
    expect(publicKeyOf(SPEC, material)).toBe(publicKeyOf(SPEC, material))
    expect(accepted(SPEC, bytesOf(material)).equals(material)).toBe(true)
    expect(accepted(SPEC, indefinite(bytesOf(material))).equals(material)).toBe(true)
    expect(publicKeyOf(SPEC, known()).subarray(27).toString('hex').toUpperCase()).toBe(
      '09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020' +
        'CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13',
    )
  })

  it('have a scalar that can sign', () => {
    expect(fromScalar('00'.repeat(32))).toBeUndefined()
    expect(fromScalar(N)).toBeUndefined()
    expect(fromScalar(N.replace(/23$/, '22'))).toBeUndefined()
    expect(fromScalar(N.replace(/23$/, '21'))).toBeDefined()
    expect(fromScalar('01'.padStart(64, '0'))).toBeDefined()
  })

  it('are no keys of another curve', async () => {
    expect(acceptMaterial(SPEC, bytesOf(await keyOf('ECC_NIST_P256')))).toBeUndefined()
    expect(acceptMaterial('ECC_NIST_P256', bytesOf(await keyOf(SPEC)))).toBeUndefined()
  })
})

describe('SM2DSA', () => {
  // GB/T 32918.5, annex A.
  const signature = tlv(
    0x30,
    integer('F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3'),
    integer('B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA'),
  )
  const e = hex('F0B43E94BA45ACCAACE692ED534382EB17E6AB5A19CE7B31F4486FDFC0D28640')

  it('verifies the signature of the standard, of its message and of its digest', () => {
    const material = known()
    const raw = { ...dsa, material, messageType: 'RAW', message: Buffer.from('message digest') } as const
    expect(verify({ ...raw, signature })).toBe(true)
    expect(verify({ ...raw, messageType: 'DIGEST', message: e, signature })).toBe(true)
    expect(verify({ ...raw, message: Buffer.from('message Digest'), signature })).toBe(false)
  })

  it('signs messages and digests, never twice alike', async () => {
    const material = await keyOf(SPEC)
    expect(digestLength('SM2DSA')).toBe(32)
    const point = publicKeyOf(SPEC, material).subarray(27)
    const curve = hex(
      'fffffffeffffffffffffffffffffffffffffffff00000000fffffffffffffffc' +
        '28e9fa9e9d9f5e344d5a9e4bcf6509a7f39789f515ab8f92ddbcbd414d940e93' +
        '32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7' +
        'bc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0',
    )
    const sm3 = (...parts: Buffer[]) => createHash('sm3').update(Buffer.concat(parts)).digest()
    const digest = sm3(sm3(hex('0080'), Buffer.from('1234567812345678'), curve, point), message)
    const raw = { ...dsa, material, messageType: 'RAW', message } as const
    const prehashed = { ...raw, messageType: 'DIGEST', message: digest } as const
    const signatures = [sign(raw), sign(raw), sign(prehashed)]
    expect(new Set(signatures.map((made) => made.toString('hex'))).size).toBe(3)
    for (const made of signatures) {
      expect(made.length).toBeGreaterThan(60)
      expect(made.length).toBeLessThanOrEqual(72)
      for (const request of [raw, prehashed]) {
        expect(verify({ ...request, signature: made })).toBe(true)
        expect(verify({ ...request, message: flipped(request.message, 0), signature: made })).toBe(false)
        expect(verify({ ...request, signature: flipped(made, made.length * 8 - 1) })).toBe(false)
      }
    }
    expect(() => sign({ ...prehashed, message: Buffer.alloc(31) })).toThrow(RangeError)
    expect(() => sign({ ...raw, messageType: 'EXTERNAL_MU' })).toThrow(TypeError)
  })

  it('refuses what is no signature', () => {
    const request = { ...dsa, material: known(), messageType: 'DIGEST', message: e } as const
    const r = integer('F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3')
    const s = integer('B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA')
    expect(verify({ ...request, signature: tlv(0x30, r, s) })).toBe(true)
    const zero = hex('020100')
    const bad = [
      Buffer.alloc(0),
      ...Array.from({ length: signature.length }, (_, length) => signature.subarray(0, length)),
      Buffer.concat([signature, hex('00')]),
      tlv(0x30, r),
      tlv(0x30, r, s, zero),
      tlv(0x30, s, r),
      tlv(0x30, zero, s),
      tlv(0x30, r, zero),
      tlv(0x30, zero, zero),
      tlv(0x30, integer(N), s),
      tlv(0x30, r, integer(N)),
      tlv(0x30, r, hex('0200')),
      // The same numbers, the one negative, the other longer than it need be.
      tlv(0x30, tlv(0x02, r.subarray(3)), s),
      tlv(0x30, tlv(0x02, hex('00'), r.subarray(2)), s),
      tlv(0x31, r, s),
    ]
    for (const [at, made] of bad.entries()) expect([at, verify({ ...request, signature: made })]).toEqual([at, false])
  })
})

describe('SM2PKE', () => {
  const algorithm = 'SM2PKE'

  it('decrypts the ciphertext of the standard', () => {
    // GB/T 32918.5, annex C: the key of annex A.
    const ciphertext = tlv(
      0x30,
      integer('04EBFC718E8D1798620432268E77FEB6415E2EDE0E073C0F4F640ECD2E149A73'),
      integer('E858F9D81E5430A57B36DAAB8F950A3C64E6EE6A63094D99283AFF767E124DF0'),
      tlv(0x04, hex('59983C18F809E262923C53AEC295D30383B54E39D609D160AFCB1908D0BD8766')),
      tlv(0x04, hex('21886CA989CA9C7D58087307CA93092D651EFA')),
    )
    expect(asymmetricDecrypt(SPEC, known(), algorithm, ciphertext)?.toString()).toBe('encryption standard')
  })

  it.each([1, 31, 32, 33, 64, 1024])('gives back %d bytes', async (length) => {
    const material = await keyOf(SPEC)
    const plaintext = Buffer.alloc(length, 0x5a)
    const ciphertext = asymmetricEncrypt(SPEC, material, algorithm, plaintext)
    expect(ciphertext).not.toEqual(asymmetricEncrypt(SPEC, material, algorithm, plaintext))
    expect(asymmetricDecrypt(SPEC, material, algorithm, ciphertext)).toEqual(plaintext)
  })

  it('takes 1024 bytes and no more', async () => {
    expect(longestPlaintext(SPEC, algorithm)).toBe(1024)
    const material = await keyOf(SPEC)
    expect(() => asymmetricEncrypt(SPEC, material, algorithm, Buffer.alloc(1025))).toThrow(RangeError)
  })

  it('answers nothing for whatever is wrong', async () => {
    const material = await keyOf(SPEC)
    const ciphertext = asymmetricEncrypt(SPEC, material, algorithm, Buffer.from('secret'))
    for (let bit = 0; bit < ciphertext.length * 8; bit += 3) {
      expect([bit, asymmetricDecrypt(SPEC, material, algorithm, flipped(ciphertext, bit))]).toEqual([bit, undefined])
    }
    for (let length = 0; length < ciphertext.length; length++) {
      expect(asymmetricDecrypt(SPEC, material, algorithm, ciphertext.subarray(0, length))).toBeUndefined()
    }
    expect(asymmetricDecrypt(SPEC, material, algorithm, Buffer.concat([ciphertext, hex('00')]))).toBeUndefined()
    expect(asymmetricDecrypt(SPEC, known(), algorithm, ciphertext)).toBeUndefined()
    const zero = hex('020100')
    const atNoPoint = tlv(0x30, zero, zero, tlv(0x04, Buffer.alloc(32)), tlv(0x04, hex('00')))
    expect(asymmetricDecrypt(SPEC, material, algorithm, atNoPoint)).toBeUndefined()
  })
})

describe('SM2 key agreement', () => {
  it('is ECDH: both sides come to the same X', async () => {
    const ours = await keyOf(SPEC)
    const secret = deriveSharedSecret(SPEC, ours, publicKeyOf(SPEC, known()))
    expect(secret).toHaveLength(32)
    expect(secret).toEqual(deriveSharedSecret(SPEC, known(), publicKeyOf(SPEC, ours)))
    const spki = publicKeyOf(SPEC, known())
    expect(deriveSharedSecret(SPEC, ours, flipped(spki, spki.length * 8 - 1))).toBeUndefined()
    expect(deriveSharedSecret(SPEC, ours, publicKeyOf('ECC_NIST_P256', await keyOf('ECC_NIST_P256')))).toBeUndefined()
  })
})

describeWithOpenssl('SM2 and OpenSSL', () => {
  const DER = ['-keyform', 'DER'] as const
  const ID = ['-sigopt', 'distid:1234567812345678'] as const

  it('verify each other’s signatures', async () => {
    const material = await keyOf(SPEC)
    const spki = publicKeyOf(SPEC, material)
    const ours = sign({ ...dsa, material, messageType: 'RAW', message })
    const verifies = (...options: readonly string[]) =>
      opensslAgrees('dgst', '-sm3', ...DER, '-verify', spki, ...options, '-signature', ours, message)
    expect(verifies(...ID)).toBe(true)
    expect(verifies('-sigopt', 'distid:somebody else')).toBe(false)
    const theirs = openssl('dgst', '-sm3', ...DER, '-sign', bytesOf(material), ...ID, message)
    expect(verify({ ...dsa, material, messageType: 'RAW', message, signature: theirs })).toBe(true)
  })

  it('verify each other’s signatures of digests', async () => {
    const material = await keyOf(SPEC)
    const digest = createHash('sm3').update(message).digest()
    const request = { ...dsa, material, messageType: 'DIGEST', message: digest } as const
    const spki = publicKeyOf(SPEC, material)
    const ours = sign(request)
    expect(opensslAgrees('pkeyutl', '-verify', '-pubin', ...DER, '-inkey', spki, '-in', digest, '-sigfile', ours)).toBe(
      true,
    )
    const theirs = openssl('pkeyutl', '-sign', ...DER, '-inkey', bytesOf(material), '-in', digest)
    expect(verify({ ...request, signature: theirs })).toBe(true)
  })

  it.each([1, 32, 33, 1024])('decrypt each other’s ciphertexts of %d bytes', async (length) => {
    const material = await keyOf(SPEC)
    const plaintext = Buffer.alloc(length, 0x33)
    const ours = asymmetricEncrypt(SPEC, material, 'SM2PKE', plaintext)
    expect(openssl('pkeyutl', '-decrypt', ...DER, '-inkey', bytesOf(material), '-in', ours)).toEqual(plaintext)
    const spki = publicKeyOf(SPEC, material)
    const theirs = openssl('pkeyutl', '-encrypt', '-pubin', ...DER, '-inkey', spki, '-in', plaintext)
    expect(asymmetricDecrypt(SPEC, material, 'SM2PKE', theirs)).toEqual(plaintext)
  })

  it('make keys that are accepted', () => {
    const pair = generateKeyPairSync('ec', { namedCurve: 'SM2' })
    const material = accepted(SPEC, pair.privateKey.export({ format: 'der', type: 'pkcs8' }))
    expect(publicKeyOf(SPEC, material)).toEqual(pair.publicKey.export({ format: 'der', type: 'spki' }))
    // node:crypto names nobody as the signer.
    const key = createPrivateKey({ key: bytesOf(material), format: 'der', type: 'pkcs8' })
    const signature = nodeSign('sm3', message, key)
    expect(verify({ ...dsa, material, messageType: 'RAW', message, signature })).toBe(false)
  })
})
