import { constants, createPublicKey, publicEncrypt } from 'node:crypto'
import { beforeAll, describe, expect, it } from '@jest/globals'
import {
  DecryptCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GetPublicKeyCommand,
  ReEncryptCommand,
  type DecryptCommandInput,
  type EncryptCommandInput,
  type EncryptionAlgorithmSpec,
  type KeySpec,
  type ReEncryptCommandInput,
} from '@aws-sdk/client-kms'
import {
  ACCOUNT,
  DRY,
  allowIf,
  answer,
  bufferOf,
  kmsForTests,
  notAllowed,
  policyOf,
  refusal,
  refused,
  type Key,
} from './support.ts'

const kms = kmsForTests()
const SECRET = Buffer.from('secret')
const SHA_1 = 'RSAES_OAEP_SHA_1'
const SHA_256 = 'RSAES_OAEP_SHA_256'
const NOT_A_CIPHERTEXT = refused('InvalidCiphertextException', '')
const INCORRECT = refused(
  'IncorrectKeyException',
  'The key ID in the request does not identify a CMK that can perform this operation.',
)
const NO_CONTEXT = refused(
  'ValidationException',
  'EncryptionContext is not supported when encrypting/decrypting with asymmetric CMKs.',
)
const incompatible = (algorithm: string, spec: string) =>
  refused('InvalidKeyUsageException', `Algorithm ${algorithm} is incompatible with key spec ${spec}.`)

let rsa: Key
let symmetric: Key
let signing: Key
beforeAll(async () => {
  rsa = await kms.createKey({ KeySpec: 'RSA_2048', KeyUsage: 'ENCRYPT_DECRYPT' })
  symmetric = await kms.createKey()
  signing = await kms.createKey({ KeySpec: 'RSA_2048', KeyUsage: 'SIGN_VERIFY' })
})
const encrypt = (input: Partial<EncryptCommandInput> = {}) =>
  kms.root.send(new EncryptCommand({ KeyId: rsa.KeyId, Plaintext: SECRET, EncryptionAlgorithm: SHA_256, ...input }))
const decrypt = (CiphertextBlob: Uint8Array | undefined, input: Partial<DecryptCommandInput> = {}) =>
  kms.root.send(new DecryptCommand({ CiphertextBlob, KeyId: rsa.KeyId, EncryptionAlgorithm: SHA_256, ...input }))
const sealed = async (algorithm: EncryptionAlgorithmSpec = SHA_256) =>
  bufferOf((await encrypt({ EncryptionAlgorithm: algorithm })).CiphertextBlob)

describe('Encrypt and Decrypt with RSA', () => {
  it.each([SHA_1, SHA_256] as const)('go there and back: %s', async (EncryptionAlgorithm) => {
    const made = await answer(encrypt({ EncryptionAlgorithm, EncryptionContext: {} }))
    expect(made).toEqual({ CiphertextBlob: expect.any(Uint8Array), KeyId: rsa.Arn, EncryptionAlgorithm })
    expect(made.CiphertextBlob).toHaveLength(256)
    expect(await answer(decrypt(made.CiphertextBlob, { EncryptionAlgorithm, EncryptionContext: {} }))).toEqual({
      KeyId: rsa.Arn,
      Plaintext: new Uint8Array(SECRET),
      EncryptionAlgorithm,
    })
  })

  it.each([
    [SHA_1, 'sha1'],
    [SHA_256, 'sha256'],
  ] as const)('take ciphertexts that others made: %s', async (EncryptionAlgorithm, oaepHash) => {
    const { PublicKey } = await kms.root.send(new GetPublicKeyCommand({ KeyId: rsa.KeyId }))
    const key = createPublicKey({ key: bufferOf(PublicKey), format: 'der', type: 'spki' })
    const padding = constants.RSA_PKCS1_OAEP_PADDING
    const foreign = publicEncrypt({ key, padding, oaepHash }, SECRET)
    expect(bufferOf((await decrypt(foreign, { EncryptionAlgorithm })).Plaintext)).toEqual(SECRET)
  })

  it.each<[KeySpec, EncryptionAlgorithmSpec, number]>([
    ['RSA_2048', SHA_1, 214],
    ['RSA_2048', SHA_256, 190],
    ['RSA_3072', SHA_1, 342],
    ['RSA_3072', SHA_256, 318],
  ])(
    '%s with %s takes %i bytes and no more',
    async (KeySpec, EncryptionAlgorithm, most) => {
      const { KeyId } = KeySpec === 'RSA_2048' ? rsa : await kms.createKey({ KeySpec, KeyUsage: 'ENCRYPT_DECRYPT' })
      const Plaintext = Buffer.alloc(most, 1)
      const { CiphertextBlob } = await encrypt({ KeyId, EncryptionAlgorithm, Plaintext })
      const opened = await decrypt(CiphertextBlob, { KeyId, EncryptionAlgorithm })
      expect(bufferOf(opened.Plaintext)).toEqual(Plaintext)
      for (const DryRun of [false, true]) {
        const call = encrypt({ KeyId, EncryptionAlgorithm, Plaintext: Buffer.alloc(most + 1), DryRun })
        expect(await refusal(call)).toEqual(
          refused(
            'ValidationException',
            `Algorithm ${EncryptionAlgorithm} and key spec ${KeySpec} cannot encrypt data larger than ${String(most)} bytes.`,
          ),
        )
      }
    },
    60_000,
  )

  it('know no encryption context', async () => {
    const EncryptionContext = { a: 'b' }
    expect(await refusal(encrypt({ EncryptionContext }))).toEqual(NO_CONTEXT)
    expect(await refusal(decrypt(await sealed(), { EncryptionContext }))).toEqual(NO_CONTEXT)
  })

  it('need an algorithm, and the key', async () => {
    const blob = await sealed()
    expect(await refusal(encrypt({ EncryptionAlgorithm: undefined }))).toEqual(
      incompatible('SYMMETRIC_DEFAULT', 'RSA_2048'),
    )
    expect(await refusal(decrypt(blob, { EncryptionAlgorithm: undefined }))).toEqual(NOT_A_CIPHERTEXT)
    expect(await refusal(decrypt(blob, { KeyId: undefined }))).toEqual(
      refused('ValidationException', 'KeyId must not be null'),
    )
    // Nothing in it tells whose it is.
    expect(await refusal(decrypt(blob, { KeyId: undefined, EncryptionAlgorithm: undefined }))).toEqual(NOT_A_CIPHERTEXT)
  })

  it('fail alike, in a dry run too', async () => {
    const blob = await sealed()
    const flipped = Buffer.from(blob)
    flipped.writeUInt8(flipped.readUInt8(100) ^ 1, 100)
    const other = await kms.createKey({ KeySpec: 'RSA_2048', KeyUsage: 'ENCRYPT_DECRYPT' })
    for (const DryRun of [false, true]) {
      for (const call of [
        decrypt(blob, { DryRun, EncryptionAlgorithm: SHA_1 }),
        decrypt(flipped, { DryRun }),
        decrypt(blob.subarray(1), { DryRun }),
        decrypt(Buffer.alloc(256, 255), { DryRun }),
        decrypt(blob, { DryRun, KeyId: other.KeyId }),
      ]) {
        expect(await refusal(call)).toEqual(NOT_A_CIPHERTEXT)
      }
    }
  })

  it('refuse other keys and algorithms', async () => {
    const { CiphertextBlob } = await kms.root.send(new EncryptCommand({ KeyId: symmetric.KeyId, Plaintext: SECRET }))
    expect(await refusal(encrypt({ EncryptionAlgorithm: 'SM2PKE' }))).toEqual(incompatible('SM2PKE', 'RSA_2048'))
    expect(await refusal(decrypt(await sealed(), { EncryptionAlgorithm: 'SM2PKE' }))).toEqual(
      incompatible('SM2PKE', 'RSA_2048'),
    )
    expect(await refusal(decrypt(await sealed(), { KeyId: symmetric.KeyId }))).toEqual(
      incompatible(SHA_256, 'SYMMETRIC_DEFAULT'),
    )
    expect(await refusal(decrypt(CiphertextBlob, { EncryptionAlgorithm: undefined }))).toEqual(INCORRECT)
    expect(await refusal(encrypt({ KeyId: signing.KeyId }))).toEqual(
      refused('InvalidKeyUsageException', `${signing.Arn} key usage is SIGN_VERIFY which is not valid for Encrypt.`),
    )
    expect(await refusal(decrypt(await sealed(), { KeyId: signing.KeyId }))).toEqual(INCORRECT)
    const dataKey = (KeyId: string) => kms.root.send(new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256' }))
    expect(await refusal(dataKey(rsa.KeyId))).toEqual(incompatible('SYMMETRIC_DEFAULT', 'RSA_2048'))
    expect(await refusal(dataKey(signing.KeyId))).toEqual(
      refused(
        'InvalidKeyUsageException',
        `${signing.Arn} key usage is SIGN_VERIFY which is not valid for GenerateDataKey.`,
      ),
    )
  })

  it('can be tried out', async () => {
    expect(await refusal(encrypt({ DryRun: true }))).toEqual(DRY)
    expect(await refusal(decrypt(await sealed(), { DryRun: true }))).toEqual(DRY)
    const ignoring = { DryRun: true, DryRunModifiers: ['IGNORE_CIPHERTEXT' as const] }
    expect(await refusal(decrypt(undefined, ignoring))).toEqual(DRY)
  })

  it('are decided by the algorithm', async () => {
    const user = await kms.user('only-sha-256', allowIf('kms:Encrypt', { 'kms:EncryptionAlgorithm': SHA_256 }))
    const input = { KeyId: rsa.KeyId, Plaintext: SECRET }
    await user.kms.send(new EncryptCommand({ ...input, EncryptionAlgorithm: SHA_256 }))
    for (const EncryptionAlgorithm of [SHA_1, undefined] as const) {
      const call = user.kms.send(new EncryptCommand({ ...input, EncryptionAlgorithm }))
      expect(await refusal(call)).toEqual(notAllowed(user.arn, 'kms:Encrypt', rsa.Arn))
    }
  })
})

describe('Encrypt and Decrypt with SM2', () => {
  it('go there and back, up to 1024 bytes', async () => {
    const china = kms.of(ACCOUNT, 'cn-north-1')
    const { KeyId } = await kms.createKey({ KeySpec: 'SM2', KeyUsage: 'ENCRYPT_DECRYPT' }, china)
    const EncryptionAlgorithm = 'SM2PKE'
    const Plaintext = Buffer.alloc(1024, 1)
    const { CiphertextBlob } = await china.send(new EncryptCommand({ KeyId, EncryptionAlgorithm, Plaintext }))
    const opened = await china.send(new DecryptCommand({ KeyId, EncryptionAlgorithm, CiphertextBlob }))
    expect(bufferOf(opened.Plaintext)).toEqual(Plaintext)
    const longer = new EncryptCommand({ KeyId, EncryptionAlgorithm, Plaintext: Buffer.alloc(1025) })
    expect(await refusal(china.send(longer))).toEqual(
      refused('ValidationException', 'Algorithm SM2PKE and key spec SM2 cannot encrypt data larger than 1024 bytes.'),
    )
  })
})

describe('ReEncrypt', () => {
  const reEncrypt = (CiphertextBlob: Uint8Array | undefined, input: Partial<ReEncryptCommandInput>) =>
    kms.root.send(new ReEncryptCommand({ CiphertextBlob, DestinationKeyId: rsa.KeyId, ...input }))
  const fromSymmetric = async (Plaintext = SECRET) =>
    (await kms.root.send(new EncryptCommand({ KeyId: symmetric.KeyId, Plaintext }))).CiphertextBlob

  it('goes from a symmetric key to RSA', async () => {
    const moved = await answer(reEncrypt(await fromSymmetric(), { DestinationEncryptionAlgorithm: SHA_256 }))
    expect(moved).toEqual({
      CiphertextBlob: expect.any(Uint8Array),
      SourceKeyId: symmetric.Arn,
      KeyId: rsa.Arn,
      SourceEncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
      DestinationEncryptionAlgorithm: SHA_256,
      SourceKeyMaterialId: symmetric.CurrentKeyMaterialId,
    })
    expect(bufferOf((await decrypt(moved.CiphertextBlob)).Plaintext)).toEqual(SECRET)
    const [record] = kms.running.emulator.trail.list(2).slice(1)
    expect(record).toMatchObject({
      eventName: 'ReEncrypt',
      additionalEventData: { sourceKeyMaterialId: symmetric.CurrentKeyMaterialId },
    })
    expect(record?.['additionalEventData']).not.toHaveProperty('destinationKeyMaterialId')
  })

  it('goes from RSA to a symmetric key, and to itself', async () => {
    const source = { SourceKeyId: rsa.KeyId, SourceEncryptionAlgorithm: SHA_1 } as const
    const moved = await answer(
      reEncrypt(await sealed(SHA_1), {
        ...source,
        DestinationKeyId: symmetric.KeyId,
        DestinationEncryptionContext: { a: 'b' },
      }),
    )
    expect(moved).toEqual({
      CiphertextBlob: expect.any(Uint8Array),
      SourceKeyId: rsa.Arn,
      KeyId: symmetric.Arn,
      SourceEncryptionAlgorithm: SHA_1,
      DestinationEncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
      DestinationKeyMaterialId: symmetric.CurrentKeyMaterialId,
    })
    const opened = await kms.root.send(
      new DecryptCommand({ CiphertextBlob: moved.CiphertextBlob, EncryptionContext: { a: 'b' } }),
    )
    expect(bufferOf(opened.Plaintext)).toEqual(SECRET)
    const again = await reEncrypt(await sealed(SHA_1), { ...source, DestinationEncryptionAlgorithm: SHA_256 })
    expect(bufferOf((await decrypt(again.CiphertextBlob)).Plaintext)).toEqual(SECRET)
  })

  it('refuses on either side, before a dry run ends', async () => {
    const to = { DestinationEncryptionAlgorithm: SHA_256, DryRun: true } as const
    expect(await refusal(reEncrypt(await fromSymmetric(), to))).toEqual(DRY)
    expect(await refusal(reEncrypt(await fromSymmetric(), { DryRun: true }))).toEqual(
      incompatible('SYMMETRIC_DEFAULT', 'RSA_2048'),
    )
    expect(await refusal(reEncrypt(await fromSymmetric(Buffer.alloc(191)), to))).toEqual(
      refused(
        'ValidationException',
        `Algorithm ${SHA_256} and key spec RSA_2048 cannot encrypt data larger than 190 bytes.`,
      ),
    )
    expect(
      await refusal(reEncrypt(await fromSymmetric(), { ...to, DestinationEncryptionContext: { a: 'b' } })),
    ).toEqual(NO_CONTEXT)
    expect(await refusal(reEncrypt(await fromSymmetric(), { ...to, SourceKeyId: rsa.KeyId }))).toEqual(INCORRECT)
    expect(await refusal(reEncrypt(await sealed(), { ...to, SourceEncryptionAlgorithm: SHA_256 }))).toEqual(
      refused('ValidationException', 'KeyId must not be null'),
    )
    const source = { SourceKeyId: rsa.KeyId, SourceEncryptionAlgorithm: SHA_1 } as const
    expect(await refusal(reEncrypt(await sealed(SHA_256), { ...to, ...source }))).toEqual(NOT_A_CIPHERTEXT)
  })

  it('is decided by the algorithm of each side', async () => {
    const allowSide = (Action: string, algorithm: string) => ({
      Effect: 'Allow',
      Action,
      Resource: '*',
      Condition: { StringEquals: { 'kms:EncryptionAlgorithm': algorithm } },
    })
    const user = await kms.user(
      'sides',
      policyOf(allowSide('kms:ReEncryptFrom', 'SYMMETRIC_DEFAULT'), allowSide('kms:ReEncryptTo', SHA_256)),
    )
    const input = { CiphertextBlob: await fromSymmetric(), DestinationKeyId: rsa.KeyId }
    await user.kms.send(new ReEncryptCommand({ ...input, DestinationEncryptionAlgorithm: SHA_256 }))
    const other = user.kms.send(new ReEncryptCommand({ ...input, DestinationEncryptionAlgorithm: SHA_1 }))
    expect(await refusal(other)).toEqual(notAllowed(user.arn, 'kms:ReEncryptTo', rsa.Arn))
  })
})
