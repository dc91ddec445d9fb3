import {
  createHmac,
  createPrivateKey,
  createPublicKey,
  constants,
  diffieHellman,
  generateKeyPairSync,
  publicEncrypt,
  randomBytes,
  verify,
  type KeyObject,
} from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import {
  DecryptCommand,
  DeleteImportedKeyMaterialCommand,
  DeriveSharedSecretCommand,
  GenerateMacCommand,
  GetKeyRotationStatusCommand,
  GetPublicKeyCommand,
  ListKeyRotationsCommand,
  RotateKeyOnDemandCommand,
  SignCommand,
  type AlgorithmSpec,
  type KeySpec,
  type KeyUsageType,
  type WrappingKeySpec,
} from '@aws-sdk/client-kms'
import { importsFor, wrap, type ImportOptions } from './importing.ts'
import { answer, kmsForTests, refusal, refused } from './support.ts'

const kms = kmsForTests()
const { parametersFor, importInto, metadata } = importsFor(kms)

const HMACS = [
  ['HMAC_224', 28],
  ['HMAC_256', 32],
  ['HMAC_384', 48],
  ['HMAC_512', 64],
] as const

const pkcs8 = (key: KeyObject) => key.export({ type: 'pkcs8', format: 'der' })
const spki = (key: KeyObject) => key.export({ type: 'spki', format: 'der' }).toString('hex')

interface Family {
  readonly KeySpec: KeySpec
  readonly KeyUsage: KeyUsageType
  readonly make: () => { readonly privateKey: KeyObject; readonly publicKey: KeyObject }
  readonly way: readonly [AlgorithmSpec, WrappingKeySpec]
}

const curve = (namedCurve: string) => () => generateKeyPairSync('ec', { namedCurve })
const SIGNS = { KeyUsage: 'SIGN_VERIFY' } as const
const P256: Family = { KeySpec: 'ECC_NIST_P256', ...SIGNS, make: curve('P-256'), way: ['RSAES_OAEP_SHA_1', 'RSA_2048'] }
const RSA: Family = {
  KeySpec: 'RSA_2048',
  KeyUsage: 'ENCRYPT_DECRYPT',
  make: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  way: ['RSA_AES_KEY_WRAP_SHA_256', 'RSA_2048'],
}
const ED25519: Family = {
  KeySpec: 'ECC_NIST_EDWARDS25519',
  ...SIGNS,
  make: () => generateKeyPairSync('ed25519'),
  way: ['RSAES_OAEP_SHA_256', 'RSA_3072'],
}
const FAMILIES: readonly Family[] = [
  RSA,
  {
    KeySpec: 'RSA_3072',
    ...SIGNS,
    make: () => generateKeyPairSync('rsa', { modulusLength: 3072 }),
    way: ['RSA_AES_KEY_WRAP_SHA_1', 'RSA_3072'],
  },
  P256,
  { KeySpec: 'ECC_NIST_P384', ...SIGNS, make: curve('P-384'), way: ['RSAES_OAEP_SHA_256', 'RSA_2048'] },
  { KeySpec: 'ECC_NIST_P521', ...SIGNS, make: curve('P-521'), way: ['RSA_AES_KEY_WRAP_SHA_256', 'RSA_2048'] },
  { KeySpec: 'ECC_SECG_P256K1', ...SIGNS, make: curve('secp256k1'), way: ['RSAES_OAEP_SHA_256', 'RSA_2048'] },
  ED25519,
]
const named = (families: readonly Family[]) => families.map((family) => [family.KeySpec, family] as const)

/** A key of a family without material, and the way its material is to come. */
async function empty({ KeySpec, KeyUsage, way }: Pick<Family, 'KeySpec' | 'KeyUsage' | 'way'>) {
  const { KeyId, Arn } = await kms.createKey({ KeySpec, KeyUsage, Origin: 'EXTERNAL' })
  const parameters = await parametersFor(KeyId, ...way)
  const bring = (bytes: Buffer, options: ImportOptions = {}) =>
    importInto(KeyId, bytes, {
      ImportToken: parameters.token,
      EncryptedKeyMaterial: wrap(parameters, bytes),
      ...options,
    })
  const remove = () => kms.root.send(new DeleteImportedKeyMaterialCommand({ KeyId }))
  return { KeyId, Arn, bring, remove }
}
const emptyHmac = (KeySpec: KeySpec) =>
  empty({ KeySpec, KeyUsage: 'GENERATE_VERIFY_MAC', way: ['RSAES_OAEP_SHA_256', 'RSA_2048'] })

const publicKeyOf = async (KeyId: string) =>
  Buffer.from((await kms.root.send(new GetPublicKeyCommand({ KeyId }))).PublicKey ?? []).toString('hex')

const UNEXPECTED = /^Imported key material does not have the expected identifier \([0-9a-f]{64}\)\.$/
const pendingImport = (arn: string) => refused('KMSInvalidStateException', `${arn} is pending import.`)

/** DER with the length of its outer sequence left open, as BER allows. */
function indefinite(der: Buffer): Buffer {
  const lengthOctets = (der[1] ?? 0) < 0x80 ? 1 : 1 + ((der[1] ?? 0) & 0x7f)
  return Buffer.concat([Buffer.from([0x30, 0x80]), der.subarray(1 + lengthOctets), Buffer.from([0, 0])])
}

describe('HMAC keys', () => {
  it.each(HMACS)('%s takes %i bytes or more', async (KeySpec, least) => {
    const { KeyId, Arn, bring } = await emptyHmac(KeySpec)
    expect(await refusal(bring(randomBytes(least - 1)))).toEqual(refused('InvalidCiphertextException', ''))
    expect((await metadata(KeyId))?.KeyState).toBe('PendingImport')
    const bytes = randomBytes(least)
    expect(await answer(bring(bytes))).toEqual({ KeyId: Arn })
    const now = await metadata(KeyId)
    expect(now).toMatchObject({ KeyState: 'Enabled', ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE' })
    expect(now).not.toHaveProperty('CurrentKeyMaterialId')

    const hash = KeySpec.replace('HMAC_', '')
    const Message = Buffer.from('message')
    const { Mac } = await kms.root.send(
      new GenerateMacCommand({ KeyId, Message, MacAlgorithm: `HMAC_SHA_${hash}` as 'HMAC_SHA_256' }),
    )
    expect(Buffer.from(Mac ?? [])).toEqual(createHmac(`sha${hash}`, bytes).update(Message).digest())
  })

  it('take up to 128 bytes', async () => {
    const { bring } = await emptyHmac('HMAC_256')
    expect(await refusal(bring(randomBytes(129)))).toEqual(refused('InvalidCiphertextException', ''))
    await bring(randomBytes(128))
  })

  it('take the same bytes again, and tell the hidden id of what they expect', async () => {
    const { KeyId, Arn, bring, remove } = await emptyHmac('HMAC_224')
    const bytes = randomBytes(28)
    await bring(bytes)
    expect(await answer(remove())).toEqual({ KeyId: Arn })
    expect(await answer(remove())).toEqual({ KeyId: Arn })
    const answered = await refusal(bring(randomBytes(28)))
    expect(answered).toMatchObject({ code: 'IncorrectKeyMaterialException' })
    expect(answered.message).toMatch(UNEXPECTED)
    const call = kms.root.send(
      new GenerateMacCommand({ KeyId, Message: Buffer.from('m'), MacAlgorithm: 'HMAC_SHA_224' }),
    )
    expect(await refusal(call)).toEqual(pendingImport(Arn))
    await bring(bytes)
    expect((await metadata(KeyId))?.KeyState).toBe('Enabled')
  })
})

describe('keys that have one material for ever', () => {
  it.each([
    ['HMAC_384', () => emptyHmac('HMAC_384')],
    ['ECC_NIST_P256', () => empty(P256)],
  ] as const)('%s: members that tell several apart are refused', async (KeySpec, make) => {
    const { bring } = await make()
    for (const [name, options] of [
      ['importType', { ImportType: 'NEW_KEY_MATERIAL' }],
      ['importType', { ImportType: 'EXISTING_KEY_MATERIAL' }],
      ['keyMaterialId', { KeyMaterialId: 'ab'.repeat(32) }],
      ['keyMaterialDescription', { KeyMaterialDescription: 'mine' }],
    ] as const) {
      expect(await refusal(bring(randomBytes(48), options))).toEqual(
        refused('ValidationException', `Input parameter ${name} cannot be used with ${KeySpec} imported keys.`),
      )
    }
  })

  it('do not rotate, and list no material', async () => {
    const { KeyId, Arn, bring } = await emptyHmac('HMAC_256')
    await bring(randomBytes(32))
    const list = kms.root.send(new ListKeyRotationsCommand({ KeyId, IncludeKeyMaterial: 'ALL_KEY_MATERIAL' }))
    expect(await refusal(list)).toEqual(
      refused('ValidationException', 'Input parameter includeKeyMaterial can only be used with symmetric keys.'),
    )
    expect(await refusal(kms.root.send(new RotateKeyOnDemandCommand({ KeyId })))).toEqual(
      refused('UnsupportedOperationException', ''),
    )
    expect(await answer(kms.root.send(new GetKeyRotationStatusCommand({ KeyId })))).toEqual({
      KeyRotationEnabled: false,
      KeyId: Arn,
    })
  })
})

describe('key pairs', () => {
  it.each(named(FAMILIES))('%s: the public key is that of the imported one', async (_spec, family) => {
    const { KeyId, Arn, bring, remove } = await empty(family)
    const { privateKey, publicKey } = family.make()
    expect(await refusal(kms.root.send(new GetPublicKeyCommand({ KeyId })))).toEqual(pendingImport(Arn))
    expect(await answer(bring(pkcs8(privateKey)))).toEqual({ KeyId: Arn })
    expect(await publicKeyOf(KeyId)).toBe(spki(publicKey))

    expect(await answer(remove())).toEqual({ KeyId: Arn })
    expect(await refusal(kms.root.send(new GetPublicKeyCommand({ KeyId })))).toEqual(pendingImport(Arn))
    const other = await refusal(bring(pkcs8(family.make().privateKey)))
    expect(other).toMatchObject({ code: 'IncorrectKeyMaterialException' })
    expect(other.message).toMatch(UNEXPECTED)
    await bring(pkcs8(privateKey))
    expect(await publicKeyOf(KeyId)).toBe(spki(publicKey))
  })

  it.each([
    ['RSA_2048', RSA],
    ['ECC_NIST_P256', P256],
  ] as const)('%s: comes again in BER', async (_spec, family) => {
    const { KeyId, bring, remove } = await empty(family)
    const der = pkcs8(family.make().privateKey)
    await bring(der)
    await remove()
    await bring(indefinite(der))
    expect((await metadata(KeyId))?.KeyState).toBe('Enabled')
  })

  it('Ed25519 does not come in BER', async () => {
    const { bring, remove } = await empty(ED25519)
    const der = pkcs8(ED25519.make().privateKey)
    await bring(der)
    await remove()
    expect(await refusal(bring(indefinite(der)))).toEqual(refused('InvalidCiphertextException', ''))
  })

  it('refuses keys of another kind, public keys and what is no key', async () => {
    const { bring } = await empty(P256)
    const { publicKey } = P256.make()
    for (const bytes of [
      pkcs8(curve('secp256k1')().privateKey),
      pkcs8(ED25519.make().privateKey),
      publicKey.export({ type: 'spki', format: 'der' }),
      randomBytes(138),
    ]) {
      expect(await refusal(bring(bytes))).toEqual(refused('InvalidCiphertextException', ''))
    }
  })

  it.each<[KeySpec, KeyUsageType, AlgorithmSpec, WrappingKeySpec]>([
    ['RSA_3072', 'SIGN_VERIFY', 'RSAES_OAEP_SHA_256', 'RSA_2048'],
    ['RSA_2048', 'SIGN_VERIFY', 'RSAES_OAEP_SHA_1', 'RSA_4096'],
    ['ECC_NIST_EDWARDS25519', 'SIGN_VERIFY', 'RSAES_OAEP_SHA_256', 'RSA_2048'],
    ['ECC_NIST_P521', 'SIGN_VERIFY', 'RSAES_OAEP_SHA_1', 'RSA_2048'],
    ['ECC_NIST_P256', 'SIGN_VERIFY', 'RSAES_PKCS1_V1_5', 'RSA_2048'],
    ['HMAC_256', 'GENERATE_VERIFY_MAC', 'RSA_AES_KEY_WRAP_SHA_256', 'RSA_2048'],
  ])('%s for %s does not come in %s with %s', async (KeySpec, KeyUsage, algorithm, wrappingSpec) => {
    const { KeyId } = await kms.createKey({ KeySpec, KeyUsage, Origin: 'EXTERNAL' })
    expect(await refusal(parametersFor(KeyId, algorithm, wrappingSpec))).toEqual(
      refused(
        'ValidationException',
        `Wrapping algorithm ${algorithm} and wrapping key spec ${wrappingSpec} cannot be used to import a ${KeySpec} key.`,
      ),
    )
  })

  it('decrypts what was encrypted elsewhere, before and after the material was gone', async () => {
    const { KeyId, Arn, bring, remove } = await empty(RSA)
    const { privateKey, publicKey } = RSA.make()
    await bring(pkcs8(privateKey))
    const padding = constants.RSA_PKCS1_OAEP_PADDING
    const CiphertextBlob = publicEncrypt({ key: publicKey, padding, oaepHash: 'sha256' }, Buffer.from('secret'))
    const decrypt = () =>
      kms.root.send(new DecryptCommand({ KeyId, CiphertextBlob, EncryptionAlgorithm: 'RSAES_OAEP_SHA_256' }))
    expect(Buffer.from((await decrypt()).Plaintext ?? []).toString()).toBe('secret')
    await remove()
    expect(await refusal(decrypt())).toEqual(pendingImport(Arn))
    await bring(pkcs8(privateKey))
    expect(Buffer.from((await decrypt()).Plaintext ?? []).toString()).toBe('secret')
  })

  it('signs with the imported key', async () => {
    const { KeyId, bring } = await empty(P256)
    const { privateKey, publicKey } = P256.make()
    await bring(pkcs8(privateKey))
    const Message = Buffer.from('message')
    const { Signature } = await kms.root.send(new SignCommand({ KeyId, Message, SigningAlgorithm: 'ECDSA_SHA_256' }))
    expect(verify('sha256', Message, publicKey, Buffer.from(Signature ?? []))).toBe(true)
  })

  it('agrees on secrets with the imported key, and says where that is from', async () => {
    const { KeyId, Arn, bring, remove } = await empty({ ...P256, KeyUsage: 'KEY_AGREEMENT' })
    const { privateKey, publicKey } = P256.make()
    await bring(pkcs8(privateKey))
    const peer = P256.make()
    const derive = () =>
      kms.root.send(
        new DeriveSharedSecretCommand({
          KeyId,
          KeyAgreementAlgorithm: 'ECDH',
          PublicKey: peer.publicKey.export({ type: 'spki', format: 'der' }),
        }),
      )
    const derived = await derive()
    expect(derived.KeyOrigin).toBe('EXTERNAL')
    expect(Buffer.from(derived.SharedSecret ?? [])).toEqual(diffieHellman({ privateKey: peer.privateKey, publicKey }))
    await remove()
    expect(await refusal(derive())).toEqual(pendingImport(Arn))
  })

  it('takes a private key without its public half, which is the same key', async () => {
    const { KeyId, bring, remove } = await empty(P256)
    const { privateKey, publicKey } = P256.make()
    await bring(pkcs8(privateKey))
    await remove()
    const { d } = privateKey.export({ format: 'jwk' })
    const scalar = Buffer.from(d ?? '', 'base64url')
    const bare = Buffer.concat([
      Buffer.from('3041020100301306072a8648ce3d020106082a8648ce3d030107042730250201010420', 'hex'),
      scalar,
    ])
    expect(spki(createPublicKey(createPrivateKey({ key: bare, format: 'der', type: 'pkcs8' })))).toBe(spki(publicKey))
    await bring(bare)
    expect(await publicKeyOf(KeyId)).toBe(spki(publicKey))
  })
})
