import { beforeAll, describe, expect, it } from '@jest/globals'
import * as sdk from '@aws-sdk/client-kms'
import { DisableKeyCommand } from '@aws-sdk/client-kms'
import { send, signed } from '../../support/raw.ts'
import { kmsForTests, refused, rootOf, ACCOUNT, DRY, notAllowed, type Key, type Refusal } from './support.ts'

/** Two faults in one request: which of them AWS answers, for each operation (facts: A6). */
const kms = kmsForTests()

type Json = Readonly<Record<string, unknown>>
const ROOT = `arn:aws:iam::${ACCOUNT}:root`
const BYTES = Buffer.from('x').toString('base64')

/** A valid input of each operation on a key, but for the key; `''` is the member that names it where it is not KeyId. */
const INPUTS: Readonly<Record<string, Json>> = {
  CancelKeyDeletion: {},
  CreateAlias: { AliasName: 'alias/order', '': 'TargetKeyId' },
  CreateGrant: { GranteePrincipal: ROOT, Operations: ['Encrypt'] },
  Decapsulate: { EncapsulationAlgorithm: 'ML_KEM', SharedSecretCiphertextBlob: BYTES },
  Decrypt: { CiphertextBlob: BYTES },
  DeleteImportedKeyMaterial: {},
  DeriveSharedSecret: { KeyAgreementAlgorithm: 'ECDH', PublicKey: BYTES },
  DescribeKey: {},
  DisableKey: {},
  DisableKeyRotation: {},
  EnableKey: {},
  EnableKeyRotation: {},
  Encapsulate: { EncapsulationAlgorithm: 'ML_KEM' },
  Encrypt: { Plaintext: BYTES },
  GenerateDataKey: { KeySpec: 'AES_256' },
  GenerateDataKeyPair: { KeyPairSpec: 'ECC_NIST_P256' },
  GenerateDataKeyPairWithoutPlaintext: { KeyPairSpec: 'ECC_NIST_P256' },
  GenerateDataKeyWithoutPlaintext: { KeySpec: 'AES_256' },
  GenerateMac: { Message: BYTES, MacAlgorithm: 'HMAC_SHA_256' },
  GetKeyLastUsage: {},
  GetKeyPolicy: {},
  GetKeyRotationStatus: {},
  GetParametersForImport: { WrappingAlgorithm: 'RSAES_OAEP_SHA_256', WrappingKeySpec: 'RSA_2048' },
  GetPublicKey: {},
  ImportKeyMaterial: { ImportToken: BYTES, EncryptedKeyMaterial: BYTES },
  ListGrants: {},
  ListKeyPolicies: {},
  ListKeyRotations: {},
  ListResourceTags: {},
  PutKeyPolicy: { Policy: '{}' },
  ReEncrypt: { CiphertextBlob: BYTES, DestinationKeyId: 'alias/order-target', '': 'SourceKeyId' },
  ReplicateKey: { ReplicaRegion: 'us-west-2' },
  RevokeGrant: { GrantId: 'none' },
  RotateKeyOnDemand: {},
  ScheduleKeyDeletion: { PendingWindowInDays: 1 },
  Sign: { Message: BYTES, SigningAlgorithm: 'ECDSA_SHA_256' },
  TagResource: { Tags: [{ TagKey: 'aws:a', TagValue: '' }] },
  UntagResource: { TagKeys: ['a'] },
  UpdateKeyDescription: { Description: 'x' },
  UpdatePrimaryRegion: { PrimaryRegion: 'us-west-2' },
  Verify: { Message: BYTES, SigningAlgorithm: 'ECDSA_SHA_256', Signature: BYTES },
  VerifyMac: { Message: BYTES, MacAlgorithm: 'HMAC_SHA_256', Mac: BYTES },
}
const OPERATIONS = Object.keys(INPUTS)

let nobody: { arn: string; credentials: { accessKeyId: string; secretAccessKey: string } }
let symmetric: Key
let mac: Key
beforeAll(async () => {
  const user = await kms.user('nobody')
  const { accessKeyId, secretAccessKey } = await user.kms.config.credentials()
  nobody = { arn: user.arn, credentials: { accessKeyId, secretAccessKey } }
  symmetric = await kms.createKey()
  mac = await kms.createKey({ KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' })
  for (const { KeyId } of [symmetric, mac]) await kms.root.send(new DisableKeyCommand({ KeyId }))
  const { KeyId: TargetKeyId } = await kms.createKey()
  await kms.root.send(new sdk.CreateAliasCommand({ AliasName: 'alias/order-target', TargetKeyId }))
})

async function answerTo(operation: string, key: string, more: Json = {}, credentials = rootOf(ACCOUNT)) {
  const { '': member = 'KeyId', ...input } = INPUTS[operation] ?? {}
  const { url } = kms.running
  const { status, body } = await send(
    url,
    signed(
      url,
      'kms',
      {
        headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `TrentService.${operation}` },
        body: JSON.stringify({ ...input, [member as string]: key, ...more }),
      },
      { credentials },
    ),
  )
  const { __type: code = '', message, Message } = body === '' ? ({} as Json) : (JSON.parse(body) as Json)
  return { code, status, message: message ?? Message ?? '' } as Refusal
}
const stranger = (operation: string, key: string, more?: Json) => answerTo(operation, key, more, nobody.credentials)

describe('to a caller without any permission', () => {
  it.each(OPERATIONS)('%s: the model’s constraints come first', async (operation) => {
    const { code, message } = await stranger(operation, '')
    expect(code).toBe('ValidationException')
    expect(message).toMatch(/^1 validation error detected: Value '' at '\w*[kK]eyId' failed to satisfy constraint: /)
  })

  it.each(OPERATIONS)('%s: then whether there is such a key', async (operation) => {
    expect(await stranger(operation, 'nonsense')).toEqual(refused('NotFoundException', "Invalid keyId 'nonsense'"))
    const id = '12345678-1234-1234-1234-123456789012'
    expect(await stranger(operation, id)).toEqual(
      refused('NotFoundException', `Key 'arn:aws:kms:us-east-1:${ACCOUNT}:key/${id}' does not exist`),
    )
  })

  it.each(OPERATIONS)('%s: then the permission, before anything about the key', async (operation) => {
    const action = `kms:${operation === 'ReEncrypt' ? 'ReEncryptFrom' : operation}`
    const resource = operation === 'CreateAlias' ? `arn:aws:kms:us-east-1:${ACCOUNT}:alias/order` : symmetric.Arn
    expect(await stranger(operation, symmetric.KeyId)).toEqual(notAllowed(nobody.arn, action, resource))
  })
})

/** Cryptographic operations, which look at state, usage, algorithm and data in this order. */
const CRYPTOGRAPHIC = [
  'Decapsulate',
  'Decrypt',
  'DeriveSharedSecret',
  'Encapsulate',
  'Encrypt',
  'GenerateDataKey',
  'GenerateDataKeyPair',
  'GenerateDataKeyPairWithoutPlaintext',
  'GenerateDataKeyWithoutPlaintext',
  'GenerateMac',
  'ReEncrypt',
  'Sign',
  'Verify',
  'VerifyMac',
]

describe('to a caller who is allowed', () => {
  it.each(CRYPTOGRAPHIC)('%s: the state of the key comes before all that is wrong with its kind', async (operation) => {
    const key = ['GenerateMac', 'VerifyMac'].includes(operation) ? symmetric : mac
    expect(await answerTo(operation, key.KeyId, { DryRun: true })).toEqual(
      refused('DisabledException', `${key.Arn} is disabled.`),
    )
  })

  it.each<[string, Json]>([
    ['Encrypt', { EncryptionAlgorithm: 'RSAES_OAEP_SHA_1', EncryptionContext: { a: 'b' } }],
    ['GenerateDataKey', { NumberOfBytes: 1 }],
    ['GenerateDataKeyWithoutPlaintext', { NumberOfBytes: 1 }],
    ['GenerateMac', { MacAlgorithm: 'HMAC_SHA_512' }],
    ['VerifyMac', { MacAlgorithm: 'HMAC_SHA_512' }],
    ['DeriveSharedSecret', {}],
    ['Encapsulate', {}],
    ['Decapsulate', {}],
    ['Verify', { SigningAlgorithm: 'RSASSA_PSS_SHA_256', MessageType: 'EXTERNAL_MU' }],
  ])('%s: then its usage, before algorithm, data and dry run', async (operation, wrong) => {
    const { KeyId, Arn } = await kms.createKey({ KeySpec: 'RSA_2048', KeyUsage: 'SIGN_VERIFY' })
    if (operation === 'Verify') {
      const { KeyId: id, Arn: arn } = await kms.createKey()
      expect(await answerTo(operation, id, { ...wrong, DryRun: true })).toEqual(misused(arn, 'ENCRYPT_DECRYPT'))
    } else expect(await answerTo(operation, KeyId, { ...wrong, DryRun: true })).toEqual(misused(Arn, 'SIGN_VERIFY'))

    function misused(arn: string, usage: string): Refusal {
      return refused('InvalidKeyUsageException', `${arn} key usage is ${usage} which is not valid for ${operation}.`)
    }
  })

  it('then the algorithm, before message type and length, context and size', async () => {
    const signs = await kms.createKey({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' })
    const wrong = { SigningAlgorithm: 'RSASSA_PSS_SHA_256', MessageType: 'DIGEST', DryRun: true }
    const unfit = (algorithm: string, spec: string) =>
      refused('InvalidKeyUsageException', `Algorithm ${algorithm} is incompatible with key spec ${spec}.`)
    expect(await answerTo('Sign', signs.KeyId, wrong)).toEqual(unfit('RSASSA_PSS_SHA_256', 'ECC_NIST_P256'))
    const rsa = await kms.createKey({ KeySpec: 'RSA_2048', KeyUsage: 'ENCRYPT_DECRYPT' })
    const large = { Plaintext: Buffer.alloc(4096).toString('base64'), EncryptionContext: { a: 'b' }, DryRun: true }
    expect(await answerTo('Encrypt', rsa.KeyId, large)).toEqual(unfit('SYMMETRIC_DEFAULT', 'RSA_2048'))
  })
})

describe('dry runs', () => {
  /** A key and an input with which each operation succeeds; what it needs is made beforehand. */
  const succeeds: Readonly<Record<string, () => Promise<[key: string, input: Json]>>> = {
    CreateGrant: async () => [(await kms.createKey()).KeyId, {}],
    Decapsulate: async () => {
      const { KeyId } = await kms.createKey({ KeySpec: 'ML_KEM_512', KeyUsage: 'ENCAPSULATE_DECAPSULATE' })
      const made = await kms.root.send(new sdk.EncapsulateCommand({ KeyId, EncapsulationAlgorithm: 'ML_KEM' }))
      return [KeyId, { SharedSecretCiphertextBlob: base64(made.SharedSecretCiphertextBlob) }]
    },
    Decrypt: sealed,
    DeriveSharedSecret: async () => {
      const { KeyId } = await kms.createKey({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'KEY_AGREEMENT' })
      const { PublicKey } = await kms.root.send(new sdk.GetPublicKeyCommand({ KeyId }))
      return [KeyId, { PublicKey: base64(PublicKey) }]
    },
    Encapsulate: async () => [
      (await kms.createKey({ KeySpec: 'ML_KEM_512', KeyUsage: 'ENCAPSULATE_DECAPSULATE' })).KeyId,
      {},
    ],
    Encrypt: async () => [(await kms.createKey()).KeyId, {}],
    GenerateDataKey: async () => [(await kms.createKey()).KeyId, {}],
    GenerateDataKeyPair: async () => [(await kms.createKey()).KeyId, {}],
    GenerateDataKeyPairWithoutPlaintext: async () => [(await kms.createKey()).KeyId, {}],
    GenerateDataKeyWithoutPlaintext: async () => [(await kms.createKey()).KeyId, {}],
    GenerateMac: async () => [
      (await kms.createKey({ KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' })).KeyId,
      {},
    ],
    ReEncrypt: sealed,
    RetireGrant: granted,
    RevokeGrant: granted,
    Sign: async () => [(await kms.createKey({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' })).KeyId, {}],
    Verify: async () => {
      const { KeyId } = await kms.createKey({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' })
      const input = { KeyId, Message: Buffer.from('x'), SigningAlgorithm: 'ECDSA_SHA_256' } as const
      return [KeyId, { Signature: base64((await kms.root.send(new sdk.SignCommand(input))).Signature) }]
    },
    VerifyMac: async () => {
      const { KeyId } = await kms.createKey({ KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' })
      const input = { KeyId, Message: Buffer.from('x'), MacAlgorithm: 'HMAC_SHA_256' } as const
      return [KeyId, { Mac: base64((await kms.root.send(new sdk.GenerateMacCommand(input))).Mac) }]
    },
  }
  const base64 = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString('base64')

  async function sealed(): Promise<[string, Json]> {
    const { KeyId } = await kms.createKey()
    const { CiphertextBlob } = await kms.root.send(new sdk.EncryptCommand({ KeyId, Plaintext: Buffer.from('x') }))
    return [KeyId, { CiphertextBlob: base64(CiphertextBlob) }]
  }
  async function granted(): Promise<[string, Json]> {
    const { KeyId, Arn } = await kms.createKey()
    const { GrantId } = await kms.root.send(
      new sdk.CreateGrantCommand({ KeyId, GranteePrincipal: ROOT, Operations: ['Encrypt'] }),
    )
    return [Arn, { GrantId }]
  }

  it.each(Object.keys(succeeds))('%s: the request would have succeeded, and does', async (operation) => {
    const [key, input] = (await succeeds[operation]?.()) ?? ['', {}]
    expect(await answerTo(operation, key, { ...input, DryRun: true })).toEqual(DRY)
    expect(await answerTo(operation, key, { ...input, DryRun: false })).toMatchObject({ status: 200 })
    expect(await answerTo(operation, key, { ...input, DryRun: true }, rootOf('333333333333'))).not.toEqual(DRY)
  })

  it('are all that the SDK knows', () => {
    // `[9, namespace, operation, traits, input, output]`, and `[3, namespace, name, traits, members, …]` of the input.
    const known = Object.values(sdk as Readonly<Record<string, unknown>>).flatMap((schema) => {
      if (!Array.isArray(schema) || schema[0] !== 9) return []
      const [, , operation, , input] = schema as [9, string, string, unknown, unknown]
      const shape = (typeof input === 'function' ? (input as () => unknown)() : input) as readonly unknown[]
      return (shape[4] as readonly string[] | undefined)?.includes('DryRun') === true ? [operation] : []
    })
    expect(known.sort()).toEqual(Object.keys(succeeds).sort())
  })
})
