import { describe, expect, it } from '@jest/globals'
import {
  CreateAliasCommand,
  CreateGrantCommand,
  CreateKeyCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  DisableKeyRotationCommand,
  EnableKeyRotationCommand,
  GetKeyRotationStatusCommand,
  GetPublicKeyCommand,
  ListKeyRotationsCommand,
  ListKeysCommand,
  RotateKeyOnDemandCommand,
  UpdateAliasCommand,
  type CreateKeyCommandInput,
  type GrantOperation,
  type KeyMetadata,
  type KeySpec,
  type KeyUsageType,
} from '@aws-sdk/client-kms'
import { ACCOUNT, allowIf, answer, kmsForTests, notAllowed, refusal, refused } from './support.ts'

const kms = kmsForTests()
const CHINA = 'cn-north-1'

const RSA_SIGNING = [
  'RSASSA_PKCS1_V1_5_SHA_256',
  'RSASSA_PKCS1_V1_5_SHA_384',
  'RSASSA_PKCS1_V1_5_SHA_512',
  'RSASSA_PSS_SHA_256',
  'RSASSA_PSS_SHA_384',
  'RSASSA_PSS_SHA_512',
]

/** As recorded (facts: B5), but for ML-KEM. */
const KINDS: readonly [KeySpec, KeyUsageType, keyof KeyMetadata, readonly string[]][] = [
  ['HMAC_224', 'GENERATE_VERIFY_MAC', 'MacAlgorithms', ['HMAC_SHA_224']],
  ['HMAC_256', 'GENERATE_VERIFY_MAC', 'MacAlgorithms', ['HMAC_SHA_256']],
  ['HMAC_384', 'GENERATE_VERIFY_MAC', 'MacAlgorithms', ['HMAC_SHA_384']],
  ['HMAC_512', 'GENERATE_VERIFY_MAC', 'MacAlgorithms', ['HMAC_SHA_512']],
  ['RSA_2048', 'ENCRYPT_DECRYPT', 'EncryptionAlgorithms', ['RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256']],
  ['RSA_3072', 'SIGN_VERIFY', 'SigningAlgorithms', RSA_SIGNING],
  ['RSA_4096', 'SIGN_VERIFY', 'SigningAlgorithms', RSA_SIGNING],
  ['ECC_NIST_P256', 'SIGN_VERIFY', 'SigningAlgorithms', ['ECDSA_SHA_256']],
  ['ECC_NIST_P384', 'SIGN_VERIFY', 'SigningAlgorithms', ['ECDSA_SHA_384']],
  ['ECC_NIST_P521', 'SIGN_VERIFY', 'SigningAlgorithms', ['ECDSA_SHA_512']],
  ['ECC_NIST_P256', 'KEY_AGREEMENT', 'KeyAgreementAlgorithms', ['ECDH']],
  ['ECC_NIST_P384', 'KEY_AGREEMENT', 'KeyAgreementAlgorithms', ['ECDH']],
  ['ECC_NIST_P521', 'KEY_AGREEMENT', 'KeyAgreementAlgorithms', ['ECDH']],
  ['ECC_SECG_P256K1', 'SIGN_VERIFY', 'SigningAlgorithms', ['ECDSA_SHA_256']],
  ['ECC_NIST_EDWARDS25519', 'SIGN_VERIFY', 'SigningAlgorithms', ['ED25519_PH_SHA_512', 'ED25519_SHA_512']],
  ['ML_DSA_44', 'SIGN_VERIFY', 'SigningAlgorithms', ['ML_DSA_SHAKE_256']],
  ['ML_DSA_65', 'SIGN_VERIFY', 'SigningAlgorithms', ['ML_DSA_SHAKE_256']],
  ['ML_DSA_87', 'SIGN_VERIFY', 'SigningAlgorithms', ['ML_DSA_SHAKE_256']],
  ['ML_KEM_512', 'ENCAPSULATE_DECAPSULATE', 'EncapsulationAlgorithms', ['ML_KEM']],
  ['ML_KEM_768', 'ENCAPSULATE_DECAPSULATE', 'EncapsulationAlgorithms', ['ML_KEM']],
  ['ML_KEM_1024', 'ENCAPSULATE_DECAPSULATE', 'EncapsulationAlgorithms', ['ML_KEM']],
]

const create = (input: CreateKeyCommandInput, region?: string) =>
  (region === undefined ? kms.root : kms.of(ACCOUNT, region)).send(new CreateKeyCommand(input))

describe('CreateKey', () => {
  it.each(KINDS)(
    'makes a key of %s for %s',
    async (KeySpec, KeyUsage, member, algorithms) => {
      const made = await kms.createKey({ KeySpec, KeyUsage })
      expect(made).toEqual({
        AWSAccountId: ACCOUNT,
        KeyId: made.KeyId,
        Arn: made.Arn,
        CreationDate: expect.any(Date),
        Enabled: true,
        Description: '',
        KeyUsage,
        KeyState: 'Enabled',
        Origin: 'AWS_KMS',
        KeyManager: 'CUSTOMER',
        CustomerMasterKeySpec: KeySpec,
        KeySpec,
        [member]: algorithms,
        MultiRegion: false,
      })
      const { KeyMetadata } = await kms.root.send(new DescribeKeyCommand({ KeyId: made.KeyId }))
      expect(KeyMetadata).toEqual(made)
    },
    120_000,
  )

  it.each<[KeyUsageType, keyof KeyMetadata, string]>([
    ['ENCRYPT_DECRYPT', 'EncryptionAlgorithms', 'SM2PKE'],
    ['SIGN_VERIFY', 'SigningAlgorithms', 'SM2DSA'],
    ['KEY_AGREEMENT', 'KeyAgreementAlgorithms', 'ECDH'],
  ])('makes SM2 keys in China only: for %s', async (KeyUsage, member, algorithm) => {
    const { KeyMetadata } = await create({ KeySpec: 'SM2', KeyUsage }, CHINA)
    expect(KeyMetadata).toMatchObject({ KeySpec: 'SM2', KeyUsage, [member]: [algorithm] })
    expect(await refusal(create({ KeySpec: 'SM2', KeyUsage }))).toEqual(
      refused('UnsupportedOperationException', 'KeySpec SM2 is not supported in this Region'),
    )
  })

  it('makes ML-KEM keys everywhere else', async () => {
    const call = create({ KeySpec: 'ML_KEM_768', KeyUsage: 'ENCAPSULATE_DECAPSULATE' }, CHINA)
    expect(await refusal(call)).toEqual(
      refused('UnsupportedOperationException', 'KeySpec ML_KEM_768 is not supported in this Region'),
    )
  })

  it.each(KINDS.map(([spec]) => spec))('wants a usage for %s', async (KeySpec) => {
    expect(await refusal(create({ KeySpec }))).toEqual(
      refused(
        'ValidationException',
        'You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.',
      ),
    )
  })

  it.each<[KeySpec, KeyUsageType]>([
    ['RSA_2048', 'KEY_AGREEMENT'],
    ['RSA_2048', 'GENERATE_VERIFY_MAC'],
    ['HMAC_224', 'ENCRYPT_DECRYPT'],
    ['ECC_NIST_P256', 'ENCRYPT_DECRYPT'],
    ['ECC_SECG_P256K1', 'KEY_AGREEMENT'],
    ['ECC_NIST_EDWARDS25519', 'KEY_AGREEMENT'],
    ['ML_DSA_44', 'KEY_AGREEMENT'],
    ['ML_KEM_768', 'SIGN_VERIFY'],
    ['SYMMETRIC_DEFAULT', 'SIGN_VERIFY'],
  ])('refuses %s for %s', async (KeySpec, KeyUsage) => {
    expect(await refusal(create({ KeySpec, KeyUsage }))).toEqual(
      refused('ValidationException', `KeyUsage ${KeyUsage} is not compatible with KeySpec ${KeySpec}`),
    )
  })

  it('takes the spec under its old name', async () => {
    const made = await kms.createKey({ CustomerMasterKeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' })
    expect(made.KeySpec).toBe('HMAC_256')
  })

  it('is decided by spec and usage', async () => {
    const maker = await kms.user(
      'mac-maker',
      allowIf('kms:CreateKey', { 'kms:KeySpec': 'HMAC_256', 'kms:KeyUsage': 'GENERATE_VERIFY_MAC' }),
    )
    await kms.createKey({ KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' }, maker.kms)
    for (const input of [{}, { KeySpec: 'HMAC_384', KeyUsage: 'GENERATE_VERIFY_MAC' }] as const) {
      expect(await refusal(kms.createKey(input, maker.kms))).toEqual(notAllowed(maker.arn, 'kms:CreateKey', '*'))
    }
  })

  it('shows no key before its material is there, and answers others meanwhile', async () => {
    const client = kms.of('333333333333')
    const making = { done: false }
    const creation = kms.createKey({ KeySpec: 'RSA_4096', KeyUsage: 'SIGN_VERIFY' }, client).finally(() => {
      making.done = true
    })
    const seen: number[] = []
    while (!making.done) {
      const { Keys = [] } = await client.send(new ListKeysCommand({}))
      seen.push(Keys.length)
      for (const { KeyId } of Keys) await client.send(new GetPublicKeyCommand({ KeyId }))
    }
    await creation
    expect(seen[0]).toBe(0)
    expect(seen.length).toBeGreaterThan(1)
    expect((await client.send(new ListKeysCommand({}))).Keys).toHaveLength(1)
  }, 120_000)

  it('keeps the material of key pairs out of plain exports', async () => {
    const { emulator } = kms.running
    await kms.createKey({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' })
    expect(emulator.store.export({ secrets: false }).collections['kms.material']).toBeUndefined()
  })
})

const HMAC = { KeySpec: 'HMAC_224', KeyUsage: 'GENERATE_VERIFY_MAC' } as const
const CURVE = { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' } as const
const NOT_FOR_THIS = refused('UnsupportedOperationException', '')

describe.each([HMAC, CURVE])('rotation of $KeySpec', (input) => {
  it('is not there to be had, and says so or that it is off', async () => {
    const { KeyId, Arn } = await kms.createKey(input)
    expect(await refusal(kms.root.send(new EnableKeyRotationCommand({ KeyId })))).toEqual(NOT_FOR_THIS)
    expect(await refusal(kms.root.send(new RotateKeyOnDemandCommand({ KeyId })))).toEqual(NOT_FOR_THIS)
    await kms.root.send(new DisableKeyRotationCommand({ KeyId }))
    expect(await answer(kms.root.send(new GetKeyRotationStatusCommand({ KeyId })))).toEqual({
      KeyRotationEnabled: false,
      KeyId: Arn,
    })
    expect(await answer(kms.root.send(new ListKeyRotationsCommand({ KeyId })))).toEqual({
      Rotations: [],
      Truncated: false,
    })
    const all = kms.root.send(new ListKeyRotationsCommand({ KeyId, IncludeKeyMaterial: 'ALL_KEY_MATERIAL' }))
    expect(await refusal(all)).toEqual(
      refused('ValidationException', 'Input parameter includeKeyMaterial can only be used with symmetric keys.'),
    )
  })

  it('is refused for the state first', async () => {
    const { KeyId, Arn } = await kms.createKey(input)
    await kms.root.send(new DisableKeyCommand({ KeyId }))
    expect(await refusal(kms.root.send(new EnableKeyRotationCommand({ KeyId })))).toEqual(
      refused('DisabledException', `${Arn} is disabled.`),
    )
  })
})

describe('grants on other kinds of keys', () => {
  const grant = (KeyId: string, Operations: GrantOperation[], more = {}) =>
    kms.root.send(
      new CreateGrantCommand({ KeyId, GranteePrincipal: `arn:aws:iam::${ACCOUNT}:root`, Operations, ...more }),
    )

  it.each<[string, CreateKeyCommandInput, string, GrantOperation[]]>([
    ['HMAC', HMAC, 'a symmetric', ['GenerateMac', 'VerifyMac']],
    [
      'RSA encryption',
      { KeySpec: 'RSA_2048', KeyUsage: 'ENCRYPT_DECRYPT' },
      'an asymmetric',
      ['GetPublicKey', 'Encrypt', 'Decrypt', 'ReEncryptFrom', 'ReEncryptTo'],
    ],
    ['signing', CURVE, 'an asymmetric', ['GetPublicKey', 'Sign', 'Verify']],
    [
      'key agreement',
      { KeySpec: 'ECC_NIST_P256', KeyUsage: 'KEY_AGREEMENT' },
      'an asymmetric',
      ['GetPublicKey', 'DeriveSharedSecret'],
    ],
    [
      'key encapsulation',
      { KeySpec: 'ML_KEM_512', KeyUsage: 'ENCAPSULATE_DECAPSULATE' },
      'an asymmetric',
      ['GetPublicKey', 'Encapsulate', 'Decapsulate'],
    ],
  ])('list the operations of %s keys, without encryption context', async (_what, input, kind, operations) => {
    const { KeyId } = await kms.createKey(input)
    await grant(KeyId, ['CreateGrant', 'RetireGrant', 'DescribeKey', ...operations])
    expect(await refusal(grant(KeyId, ['GenerateDataKey', 'DescribeKey']))).toEqual(
      refused(
        'ValidationException',
        `Operations [GenerateDataKey] are not supported when creating a grant for ${kind} KMS key with key usage ${input.KeyUsage ?? ''}. ` +
          `Valid operations are [CreateGrant, RetireGrant, DescribeKey, ${operations.join(', ')}]`,
      ),
    )
    for (const Constraints of [{ EncryptionContextEquals: { a: 'b' } }, { EncryptionContextSubset: { a: 'b' } }]) {
      expect(await refusal(grant(KeyId, operations, { Constraints }))).toEqual(
        refused(
          'ValidationException',
          'EncryptionContext is supported only when creating a grant for a symmetric encryption KMS key.',
        ),
      )
    }
  })
})

describe('aliases', () => {
  const SYMMETRIC: CreateKeyCommandInput = {}
  const RSA: CreateKeyCommandInput = { KeySpec: 'RSA_2048', KeyUsage: 'ENCRYPT_DECRYPT' }
  const OTHER_CURVE: CreateKeyCommandInput = { KeySpec: 'ECC_SECG_P256K1', KeyUsage: 'SIGN_VERIFY' }
  const AGREEMENT: CreateKeyCommandInput = { KeySpec: 'ECC_NIST_P256', KeyUsage: 'KEY_AGREEMENT' }
  let count = 0
  const move = async (from: CreateKeyCommandInput, to: CreateKeyCommandInput) => {
    const AliasName = `alias/kind-${String(count++)}`
    const [old, next] = [await kms.createKey(from), await kms.createKey(to)]
    await kms.root.send(new CreateAliasCommand({ AliasName, TargetKeyId: old.KeyId }))
    await kms.root.send(new UpdateAliasCommand({ AliasName, TargetKeyId: next.KeyId }))
    expect((await kms.root.send(new DescribeKeyCommand({ KeyId: AliasName }))).KeyMetadata?.Arn).toBe(next.Arn)
  }

  it.each([
    [HMAC, { ...HMAC, KeySpec: 'HMAC_512' }],
    [CURVE, OTHER_CURVE],
  ] as const)('move between keys of one kind and usage: %j %j', async (from, to) => {
    await move(from, to)
  })

  it.each([
    [SYMMETRIC, RSA],
    [SYMMETRIC, HMAC],
    [HMAC, CURVE],
    [CURVE, AGREEMENT],
  ])('do not move between others: %j %j', async (from, to) => {
    expect(await refusal(move(from, to))).toMatchObject({ code: 'ValidationException', status: 400 })
  })
})
