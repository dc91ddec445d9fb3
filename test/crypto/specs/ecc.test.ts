import {
  createECDH,
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign as nodeSign,
  verify as nodeVerify,
} from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import {
  acceptMaterial,
  deriveSharedSecret,
  digestLength,
  generateMaterial,
  publicKeyOf,
  sign,
  verify,
} from '../../../emulator/crypto/keyMaterial.ts'
import { accepted, bytesOf, flipped, hex, indefinite, keyOf, pkcs8, tlv } from '../keys.ts'
import { describeWithOpenssl, openssl, opensslAgrees } from '../openssl.ts'

const EC = '06072a8648ce3d0201'
const CURVES = [
  { spec: 'ECC_NIST_P256', curve: 'prime256v1', oid: '06082a8648ce3d030107', hash: 'sha256', field: 32, whole: 150 },
  { spec: 'ECC_NIST_P384', curve: 'secp384r1', oid: '06052b81040022', hash: 'sha384', field: 48, whole: 194 },
  { spec: 'ECC_NIST_P521', curve: 'secp521r1', oid: '06052b81040023', hash: 'sha512', field: 66, whole: 250 },
  { spec: 'ECC_SECG_P256K1', curve: 'secp256k1', oid: '06052b8104000a', hash: 'sha256', field: 32, whole: 144 },
] as const
const message = Buffer.from('a message of no importance')
const algorithmOf = (hash: string) => `ECDSA_${hash.toUpperCase().replace('SHA', 'SHA_')}`
const DER = ['-keyform', 'DER'] as const

describe.each(CURVES)('$spec', ({ spec, curve, oid, hash, field, whole }) => {
  const algorithm = algorithmOf(hash)
  const digest = createHash(hash).update(message).digest()
  const spkiOf = (point: Buffer) => tlv(0x30, tlv(0x30, hex(EC + oid)), tlv(0x03, hex('00'), point))
  const fresh = () => createECDH(curve)
  /** ECPrivateKey with nothing but the scalar. */
  const bare = (scalar: Buffer, ...rest: Buffer[]) =>
    pkcs8(EC + oid, tlv(0x30, hex('020101'), tlv(0x04, scalar), ...rest))

  it('is generated as PKCS#8 with curve and public key inside, as AWS’s', async () => {
    const material = await keyOf(spec)
    // captures-kms-iam §8: 150 bytes for P-256, 144 for secp256k1.
    expect(material).toHaveLength(whole)
    const key = createPrivateKey({ key: bytesOf(material), format: 'der', type: 'pkcs8' })
    expect(key.asymmetricKeyDetails).toEqual({ namedCurve: curve })
    expect(publicKeyOf(spec, material)).toEqual(createPublicKey(key).export({ format: 'der', type: 'spki' }))
    expect(publicKeyOf(spec, material)).toBe(publicKeyOf(spec, material))
    expect(accepted(spec, bytesOf(material)).equals(material)).toBe(true)
    expect((await generateMaterial(spec)).equals(material)).toBe(false)
  })

  it('signs messages and digests, never twice alike', async () => {
    const material = await keyOf(spec)
    const raw = { spec, material, algorithm, messageType: 'RAW', message } as const
    const prehashed = { ...raw, messageType: 'DIGEST', message: digest } as const
    expect(digestLength(algorithm)).toBe(digest.length)
    const signatures = [sign(raw), sign(raw), sign(prehashed), sign(prehashed)]
    expect(new Set(signatures.map((signature) => signature.toString('hex'))).size).toBe(4)
    for (const signature of signatures) {
      // SEQUENCE of two INTEGERs, each at most a byte longer than the field.
      expect(signature[0]).toBe(0x30)
      expect(signature.length).toBeLessThanOrEqual(2 * (field + 3) + (field > 60 ? 3 : 2))
      expect(signature.length).toBeGreaterThan(2 * field - 4)
      expect(verify({ ...raw, signature })).toBe(true)
      expect(verify({ ...prehashed, signature })).toBe(true)
      for (const request of [raw, prehashed]) {
        expect(verify({ ...request, message: flipped(request.message, 7), signature })).toBe(false)
        expect(verify({ ...request, signature: flipped(signature, signature.length * 8 - 1) })).toBe(false)
        expect(verify({ ...request, signature: signature.subarray(0, -1) })).toBe(false)
        expect(verify({ ...request, signature: Buffer.concat([signature, hex('00')]) })).toBe(false)
        expect(verify({ ...request, signature: Buffer.alloc(0) })).toBe(false)
      }
    }
    expect(verify({ ...prehashed, message: digest.subarray(1), signature: signatures[0]! })).toBe(false)
    expect(() => sign({ ...prehashed, message: digest.subarray(1) })).toThrow(RangeError)
  })

  it('signs any digest so that OpenSSL agrees, with halves from all over their range', async () => {
    const material = await keyOf(spec)
    const publicKey = createPublicKey({ key: publicKeyOf(spec, material), format: 'der', type: 'spki' })
    const signed = Array.from({ length: 40 }, (_, index) => {
      const text = Buffer.from(`message ${String(index)}`)
      const prehashed = createHash(hash).update(text).digest()
      const signature = sign({ spec, material, algorithm, messageType: 'DIGEST', message: prehashed })
      expect(nodeVerify(hash, text, publicKey, signature)).toBe(true)
      return signature
    })
    // DER is as long as the numbers are: forty of one length would mean that their first bits are always the same.
    expect(new Set(signed.map(({ length }) => length)).size).toBeGreaterThan(1)
    for (const byte of [0x00, 0xff]) {
      const extreme = Buffer.alloc(digest.length, byte)
      const request = { spec, material, algorithm, messageType: 'DIGEST', message: extreme } as const
      expect(verify({ ...request, signature: sign(request) })).toBe(true)
    }
  })

  it('refuses signatures of zeros', async () => {
    const material = await keyOf(spec)
    const signature = hex('3006020100020100')
    for (const messageType of ['RAW', 'DIGEST'] as const) {
      expect(verify({ spec, material, algorithm, messageType, message: digest, signature })).toBe(false)
    }
  })

  it('agrees with either form of the other’s point', async () => {
    const material = await keyOf(spec)
    const other = fresh()
    const point = other.generateKeys()
    const ours = publicKeyOf(spec, material)
    const secret = deriveSharedSecret(spec, material, spkiOf(point))
    expect(secret).toHaveLength(field)
    expect(secret).toEqual(other.computeSecret(ours.subarray(ours.length - point.length)))
    expect(deriveSharedSecret(spec, material, spkiOf(other.getPublicKey(null, 'compressed')))).toEqual(secret)
    // The recording took its own public key (captures-kms-iam §8).
    expect(deriveSharedSecret(spec, material, ours)).toHaveLength(field)
  })

  it('agrees with no key that it cannot read and no point beside the curve', async () => {
    const material = await keyOf(spec)
    const point = fresh().generateKeys()
    const spki = spkiOf(point)
    expect(deriveSharedSecret(spec, material, spki)).toBeDefined()
    const outside = [
      ...CURVES.filter((other) => other.spec !== spec).map((other) => createECDH(other.curve).generateKeys()),
      flipped(point, point.length * 8 - 1),
      Buffer.concat([hex('04'), Buffer.alloc(2 * field)]),
      Buffer.concat([hex('04'), Buffer.alloc(2 * field, 0xff)]),
      Buffer.concat([hex('06'), point.subarray(1)]),
      Buffer.concat([hex('02'), Buffer.alloc(field, 0xff)]),
      hex('00'),
      Buffer.alloc(0),
      point.subarray(0, -1),
      point.subarray(0, 1 + field),
      Buffer.concat([point, hex('00')]),
    ]
    for (const [at, bad] of outside.entries()) {
      expect([at, deriveSharedSecret(spec, material, spkiOf(bad))]).toEqual([at, undefined])
    }
    for (let length = 0; length < spki.length; length++) {
      expect(deriveSharedSecret(spec, material, spki.subarray(0, length))).toBeUndefined()
    }
    expect(deriveSharedSecret(spec, material, Buffer.concat([spki, hex('00')]))).toBeUndefined()
    expect(deriveSharedSecret(spec, material, indefinite(spki))).toBeUndefined()
    const otherCurves = CURVES.filter((other) => other.spec !== spec)
    for (const other of otherCurves) {
      const theirs = generateKeyPairSync('ec', { namedCurve: other.curve }).publicKey
      expect(deriveSharedSecret(spec, material, theirs.export({ format: 'der', type: 'spki' }))).toBeUndefined()
    }
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'der', type: 'spki' })
    expect(deriveSharedSecret(spec, material, rsa)).toBeUndefined()
  })

  it('writes keys from outside as it writes its own', () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: curve })
    const theirs = privateKey.export({ format: 'der', type: 'pkcs8' })
    const spki = publicKey.export({ format: 'der', type: 'spki' })
    const { d = '' } = privateKey.export({ format: 'jwk' })
    const scalar = Buffer.from(d, 'base64url')
    const material = accepted(spec, theirs)
    expect(material).toHaveLength(whole)
    expect(publicKeyOf(spec, material)).toEqual(spki)
    // captures-kms-iam §5.3: an open outermost length is accepted.
    const forms = [indefinite(theirs), bytesOf(material), bare(scalar), bare(scalar, tlv(0xa0, hex(oid)))]
    const point = spki.subarray(spki.length - 1 - 2 * field)
    const compressed = Buffer.concat([Buffer.from([2 + ((point[2 * field] ?? 0) & 1)]), point.subarray(1, 1 + field)])
    forms.push(bare(scalar, tlv(0xa1, tlv(0x03, hex('00'), compressed))))
    for (const form of forms) expect(accepted(spec, form).equals(material)).toBe(true)
  })

  it('refuses keys that are not of this curve, or do not belong together', () => {
    const pair = fresh()
    const point = pair.generateKeys()
    const scalar = Buffer.concat([Buffer.alloc(field - pair.getPrivateKey().length), pair.getPrivateKey()])
    const withPoint = (bytes: Buffer) => bare(scalar, tlv(0xa1, tlv(0x03, hex('00'), bytes)))
    expect(acceptMaterial(spec, withPoint(point))).toBeDefined()
    expect(acceptMaterial(spec, withPoint(fresh().generateKeys()))).toBeUndefined()
    expect(acceptMaterial(spec, withPoint(flipped(point, point.length * 8 - 1)))).toBeUndefined()
    expect(acceptMaterial(spec, bare(Buffer.alloc(field)))).toBeUndefined()
    expect(acceptMaterial(spec, bare(Buffer.alloc(field, 0xff)))).toBeUndefined()
    expect(acceptMaterial(spec, bare(Buffer.alloc(0)))).toBeUndefined()
    for (const other of CURVES.filter((candidate) => candidate.spec !== spec)) {
      const { privateKey } = generateKeyPairSync('ec', { namedCurve: other.curve })
      expect(acceptMaterial(spec, privateKey.export({ format: 'der', type: 'pkcs8' }))).toBeUndefined()
    }
    const good = withPoint(point)
    for (const form of [good, indefinite(good)]) {
      for (let length = 0; length < form.length; length++) {
        expect([length, acceptMaterial(spec, form.subarray(0, length))]).toEqual([length, undefined])
      }
      expect(acceptMaterial(spec, Buffer.concat([form, hex('00')]))).toBeUndefined()
    }
  })
})

describe('ECDSA', () => {
  it('of secp256k1 does not force the lower half', async () => {
    const material = await keyOf('ECC_SECG_P256K1')
    const request = {
      spec: 'ECC_SECG_P256K1',
      material,
      algorithm: 'ECDSA_SHA_256',
      message: Buffer.alloc(32, 1),
    } as const
    for (const messageType of ['RAW', 'DIGEST'] as const) {
      const high = Array.from({ length: 40 }, () => sign({ ...request, messageType })).filter((signature) => {
        const s = signature.subarray(4 + (signature[3] ?? 0) + 2)
        return s.length === 33 // the upper half of the field: a zero in front
      })
      expect(high.length).toBeGreaterThan(0)
      for (const signature of high) {
        expect(verify({ ...request, messageType: 'RAW', message: request.message, signature })).toBe(
          messageType === 'RAW',
        )
        expect(verify({ ...request, messageType: 'DIGEST', message: request.message, signature })).toBe(
          messageType === 'DIGEST',
        )
      }
    }
  })

  it('takes no message type of another family', async () => {
    const material = await keyOf('ECC_NIST_P256')
    const request = { spec: 'ECC_NIST_P256', material, algorithm: 'ECDSA_SHA_256', message: Buffer.alloc(64) } as const
    expect(() => sign({ ...request, messageType: 'EXTERNAL_MU' })).toThrow(TypeError)
    expect(() => sign({ ...request, algorithm: 'ECDSA_SHA_384', messageType: 'RAW' })).toThrow(TypeError)
  })
})

describe('ECDH', () => {
  it('gives the secret of NIST’s test vector (CAVS 14.1, P-256, first)', () => {
    const scalar = hex('7d7dc5f71eb29ddaf80d6214632eeae03d9058af1fb6d22ed80badb62bc1a534')
    const material = accepted(
      'ECC_NIST_P256',
      pkcs8(EC + '06082a8648ce3d030107', tlv(0x30, hex('020101'), tlv(0x04, scalar))),
    )
    const peer = hex(
      '04 700c48f77f56584c5cc632ca65640db91b6bacce3a4df6b42ce7cc838833d287' +
        'db71e509e3fd9b060ddb20ba5c51dcc5948d46fbf640dfe0441782cab85fa4ac',
    )
    const spki = tlv(0x30, tlv(0x30, hex(EC + '06082a8648ce3d030107')), tlv(0x03, hex('00'), peer))
    expect(deriveSharedSecret('ECC_NIST_P256', material, spki)?.toString('hex')).toBe(
      '46fc62106420ff012e54a434fbdd2d25ccc5852060561e68040dd7778997bd7b',
    )
  })

  it('keeps the zeros in front of a secret', async () => {
    // One secret in 256 begins with a zero byte; scalars count upwards until one does.
    const material = await keyOf('ECC_NIST_P256')
    const ours = publicKeyOf('ECC_NIST_P256', material).subarray(-65)
    const scalar = Buffer.alloc(32)
    for (let value = 1; ; value++) {
      scalar.writeUInt32BE(value, 28)
      const other = createECDH('prime256v1')
      other.setPrivateKey(scalar)
      const expected = other.computeSecret(ours)
      if (expected[0] !== 0) continue
      const spki = tlv(0x30, tlv(0x30, hex(EC + '06082a8648ce3d030107')), tlv(0x03, hex('00'), other.getPublicKey()))
      expect(deriveSharedSecret('ECC_NIST_P256', material, spki)).toEqual(expected)
      return
    }
  })
})

describeWithOpenssl('elliptic curves and OpenSSL', () => {
  it.each(CURVES)('verify each other’s signatures on $curve', async ({ spec, hash }) => {
    const material = await keyOf(spec)
    const spki = publicKeyOf(spec, material)
    const digest = createHash(hash).update(message).digest()
    const raw = { spec, material, algorithm: algorithmOf(hash), messageType: 'RAW', message } as const
    const prehashed = { ...raw, messageType: 'DIGEST', message: digest } as const
    for (const ours of [sign(raw), sign(prehashed)]) {
      expect(opensslAgrees('dgst', `-${hash}`, ...DER, '-verify', spki, '-signature', ours, message)).toBe(true)
      expect(
        opensslAgrees('pkeyutl', '-verify', '-pubin', ...DER, '-inkey', spki, '-in', digest, '-sigfile', ours),
      ).toBe(true)
    }
    const theirs = [
      openssl('dgst', `-${hash}`, ...DER, '-sign', bytesOf(material), message),
      openssl('pkeyutl', '-sign', ...DER, '-inkey', bytesOf(material), '-in', digest),
      nodeSign(hash, message, createPrivateKey({ key: bytesOf(material), format: 'der', type: 'pkcs8' })),
    ]
    for (const signature of theirs) {
      expect(verify({ ...raw, signature })).toBe(true)
      expect(verify({ ...prehashed, signature })).toBe(true)
    }
  })

  it.each(CURVES)('derive the same secret on $curve', async ({ spec, curve }) => {
    const material = await keyOf(spec)
    const pair = generateKeyPairSync('ec', {
      namedCurve: curve,
      publicKeyEncoding: { format: 'der', type: 'spki' },
      privateKeyEncoding: { format: 'der', type: 'pkcs8' },
    })
    const peer = ['-peerform', 'DER', '-peerkey', publicKeyOf(spec, material)] as const
    const theirs = openssl('pkeyutl', '-derive', ...DER, '-inkey', pair.privateKey, ...peer)
    expect(deriveSharedSecret(spec, material, pair.publicKey)).toEqual(theirs)
  })

  it('spell curves out: such keys are refused', () => {
    const key = openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-param_enc', 'explicit')
    const bytes = openssl('pkcs8', '-topk8', '-nocrypt', '-outform', 'DER', '-in', key)
    expect(bytes.length).toBeGreaterThan(300)
    expect(() => createPrivateKey({ key: bytes, format: 'der', type: 'pkcs8' })).not.toThrow()
    expect(acceptMaterial('ECC_NIST_P256', bytes)).toBeUndefined()
    expect(acceptMaterial('ECC_NIST_P256', openssl('ec', '-outform', 'DER', '-in', key))).toBeUndefined()
  })
})
