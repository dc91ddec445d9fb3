import { createPrivateKey, createPublicKey } from 'node:crypto'
import { beforeAll, describe, expect, it } from '@jest/globals'
import {
  CreateGrantCommand,
  DecryptCommand,
  DisableKeyCommand,
  GenerateDataKeyPairCommand,
  GenerateDataKeyPairWithoutPlaintextCommand,
  type DataKeyPairSpec,
  type GenerateDataKeyPairCommandInput,
} from '@aws-sdk/client-kms'
import {
  ACCOUNT,
  DRY,
  OTHER_ACCOUNT,
  WITHHELD,
  allowIf,
  answer,
  bufferOf,
  denied,
  invalid,
  kmsForTests,
  notAllowed,
  refusal,
  refused,
  type Key,
} from './support.ts'

const kms = kmsForTests()
let key: Key
beforeAll(async () => {
  key = await kms.createKey()
})
type Input = Partial<GenerateDataKeyPairCommandInput>
const inputOf = (input: Input) => ({ KeyId: key.KeyId, KeyPairSpec: 'ECC_NIST_P256' as const, ...input })
const generate = (input: Input = {}, client = kms.root) => client.send(new GenerateDataKeyPairCommand(inputOf(input)))
const withoutPlaintext = (input: Input = {}, client = kms.root) =>
  client.send(new GenerateDataKeyPairWithoutPlaintextCommand(inputOf(input)))
const opened = async (CiphertextBlob: Uint8Array | undefined, EncryptionContext?: Record<string, string>) =>
  bufferOf((await kms.root.send(new DecryptCommand({ CiphertextBlob, EncryptionContext }))).Plaintext)

/** The public key of a private one, by node:crypto. */
const publicOf = (pkcs8: Buffer) =>
  createPublicKey(createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })).export({
    format: 'der',
    type: 'spki',
  })

describe('GenerateDataKeyPair', () => {
  it.each<[DataKeyPairSpec, number | undefined]>([
    ['RSA_2048', undefined],
    ['ECC_NIST_P256', 150],
    ['ECC_NIST_P384', undefined],
    ['ECC_NIST_P521', undefined],
    ['ECC_SECG_P256K1', 144],
    ['ECC_NIST_EDWARDS25519', undefined],
  ])('of %s: a pair, its private key bare and under the KMS key', async (KeyPairSpec, length) => {
    const EncryptionContext = { a: 'b' }
    const made = await answer(generate({ KeyPairSpec, EncryptionContext }))
    expect(made).toEqual({
      PrivateKeyCiphertextBlob: expect.any(Uint8Array),
      PrivateKeyPlaintext: expect.any(Uint8Array),
      PublicKey: expect.any(Uint8Array),
      KeyId: key.Arn,
      KeyPairSpec,
      KeyMaterialId: key.CurrentKeyMaterialId,
    })
    const privateKey = bufferOf(made.PrivateKeyPlaintext)
    if (length !== undefined) expect(privateKey).toHaveLength(length)
    expect(publicOf(privateKey)).toEqual(bufferOf(made.PublicKey))
    expect(await opened(made.PrivateKeyCiphertextBlob, EncryptionContext)).toEqual(privateKey)
    expect(bufferOf(made.PrivateKeyCiphertextBlob).toString('base64')).toMatch(/^AQIDAH/)
    const again = await generate({ KeyPairSpec, EncryptionContext })
    expect(bufferOf(again.PublicKey)).not.toEqual(bufferOf(made.PublicKey))
  })

  it('can keep the private key to itself', async () => {
    const made = await answer(withoutPlaintext())
    expect(made).toEqual({
      PrivateKeyCiphertextBlob: expect.any(Uint8Array),
      PublicKey: expect.any(Uint8Array),
      KeyId: key.Arn,
      KeyPairSpec: 'ECC_NIST_P256',
      KeyMaterialId: key.CurrentKeyMaterialId,
    })
    expect(publicOf(await opened(made.PrivateKeyCiphertextBlob))).toEqual(bufferOf(made.PublicKey))
  })

  it('makes SM2 pairs in China only', async () => {
    const china = kms.of(ACCOUNT, 'cn-north-1')
    const { KeyId } = await kms.createKey({}, china)
    expect((await generate({ KeyId, KeyPairSpec: 'SM2' }, china)).KeyPairSpec).toBe('SM2')
    expect(await refusal(generate({ KeyPairSpec: 'SM2' }))).toMatchObject({ code: 'UnsupportedOperationException' })
  })
})

describe.each([
  ['GenerateDataKeyPair', generate],
  ['GenerateDataKeyPairWithoutPlaintext', withoutPlaintext],
] as const)('%s', (operation, call) => {
  it('can be tried out', async () => {
    expect(await refusal(call({ DryRun: true }))).toEqual(DRY)
  })

  it('refuses key pairs and HMAC keys, and disabled keys before', async () => {
    const pair = await kms.createKey({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' })
    const hmac = await kms.createKey({ KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' })
    for (const DryRun of [false, true]) {
      expect(await refusal(call({ KeyId: pair.KeyId, DryRun }))).toEqual(
        refused('InvalidKeyUsageException', 'You cannot generate a data key pair with an asymmetric CMK'),
      )
      expect(await refusal(call({ KeyId: hmac.KeyId, DryRun }))).toEqual(
        refused(
          'InvalidKeyUsageException',
          `${hmac.Arn} key usage is GENERATE_VERIFY_MAC which is not valid for ${operation}.`,
        ),
      )
    }
    await kms.root.send(new DisableKeyCommand({ KeyId: pair.KeyId }))
    expect(await refusal(call({ KeyId: pair.KeyId }))).toEqual(refused('DisabledException', `${pair.Arn} is disabled.`))
  })

  it('refuses what is no key pair', async () => {
    expect(await refusal(call({ KeyPairSpec: 'ML_DSA_44' as never }))).toEqual(
      invalid(
        "Value 'ML_DSA_44' at 'keyPairSpec' failed to satisfy constraint: Member must satisfy enum value set: [RSA_2048, RSA_3072, RSA_4096, ECC_NIST_P256, ECC_NIST_P384, ECC_NIST_P521, ECC_SECG_P256K1, SM2, ECC_NIST_EDWARDS25519]",
      ),
    )
  })

  it('needs permission, which may depend on pair and context', async () => {
    const user = await kms.user(
      `${operation}-user`,
      allowIf(`kms:${operation}`, { 'kms:DataKeyPairSpec': 'ECC_NIST_P256', 'kms:EncryptionContext:a': 'b' }),
    )
    await call({ EncryptionContext: { a: 'b' } }, user.kms)
    for (const input of [{}, { EncryptionContext: { a: 'b' }, KeyPairSpec: 'ECC_SECG_P256K1' }] as const) {
      expect(await refusal(call(input, user.kms))).toEqual(notAllowed(user.arn, `kms:${operation}`, key.Arn))
    }
  })

  it('may come from a grant whose constraint holds', async () => {
    const role = await kms.role(operation)
    const { kms: grantee, arn } = await kms.session(role)
    await kms.root.send(
      new CreateGrantCommand({
        KeyId: key.KeyId,
        GranteePrincipal: role,
        Operations: [operation],
        Constraints: { EncryptionContextSubset: { a: 'b' } },
      }),
    )
    await call({ EncryptionContext: { a: 'b', c: 'd' } }, grantee)
    expect(await refusal(call({}, grantee))).toEqual(notAllowed(arn, `kms:${operation}`, key.Arn))
    expect(await refusal(call({ KeyId: key.Arn }, kms.of(OTHER_ACCOUNT)))).toEqual(
      denied(
        `User: arn:aws:iam::${OTHER_ACCOUNT}:root is not authorized to perform: kms:${operation} on this resource ${WITHHELD}`,
      ),
    )
  })
})

describe('a key that is disabled while a pair is made', () => {
  it('does not seal it', async () => {
    const { KeyId, Arn } = await kms.createKey()
    // Two: the second waits for the first, so that the key is disabled before its turn comes.
    const pairs = [generate({ KeyId, KeyPairSpec: 'RSA_3072' }), generate({ KeyId, KeyPairSpec: 'RSA_3072' })]
    const outcomes = Promise.allSettled(pairs)
    await kms.root.send(new DisableKeyCommand({ KeyId }))
    const refusals = (await outcomes).filter(({ status }) => status === 'rejected')
    for (const { reason } of refusals as PromiseRejectedResult[]) {
      expect(reason).toMatchObject({ name: 'DisabledException', message: `${Arn} is disabled.` })
    }
    expect(refusals.length).toBeGreaterThan(0)
  }, 60_000)
})
