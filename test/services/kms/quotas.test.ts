import { afterEach, describe, expect, it } from '@jest/globals'
import * as client from '@aws-sdk/client-kms'
import { CreateAccessKeyCommand, CreateUserCommand, IAMClient } from '@aws-sdk/client-iam'
import {
  CreateAliasCommand,
  CreateGrantCommand,
  CreateKeyCommand,
  DecryptCommand,
  DescribeKeyCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  KMSClient,
  ListKeysCommand,
  PutKeyPolicyCommand,
  ReplicateKeyCommand,
} from '@aws-sdk/client-kms'
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import type { GrantRecord, KmsState } from '../../../emulator/services/kms/state.ts'
import { awsQuota, QUOTAS } from '../../../emulator/services/kms/quotas.ts'
import { ACCOUNT, OTHER_ACCOUNT, REGION, rootOf, startEmulator, type TestEmulator } from '../../support/emulator.ts'
import { told, wire } from '../../support/wire.ts'
import { answer, refusal } from './support.ts'

/** One request, and then none for so long that no test gets there by waiting. */
const ONE = 0.001
const UNTIL_NEXT = 1_000_000

const THROTTLED = {
  code: 'ThrottlingException',
  status: 400,
  message: 'You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls.',
}

let twokey: TestEmulator
afterEach(() => twokey.stop())

async function start(quotas: Readonly<Record<string, number>>): Promise<KMSClient> {
  twokey = await startEmulator({ quotas: new Map(Object.entries(quotas)) })
  return twokey.client(KMSClient)
}
const advance = (milliseconds: number) => {
  const { clock } = twokey.emulator
  clock.setOffset(clock.offset + milliseconds)
}
const of = (account: string, region = REGION) => twokey.client(KMSClient, { credentials: rootOf(account), region })
const newKey = async (kms: KMSClient, Policy?: string) => {
  const { KeyMetadata } = await kms.send(new CreateKeyCommand({ Policy }))
  return KeyMetadata?.Arn ?? ''
}
const encrypt = (KeyId: string) => new EncryptCommand({ KeyId, Plaintext: Buffer.from('x') })
const describeKey = (KeyId: string) => new DescribeKeyCommand({ KeyId })

describe('request quotas', () => {
  it('throttle in AWS’s words, until the clock has moved on', async () => {
    const kms = await start({ ListKeys: ONE })
    await kms.send(new ListKeysCommand({}))
    expect(await refusal(kms.send(new ListKeysCommand({})))).toEqual(THROTTLED)
    const { body } = await wire(twokey.url).kms('ListKeys', {})
    expect(JSON.parse(body)).toEqual({ __type: THROTTLED.code, message: THROTTLED.message })
    advance(UNTIL_NEXT)
    await kms.send(new ListKeysCommand({}))
    expect(await refusal(kms.send(new ListKeysCommand({})))).toEqual(THROTTLED)
  })

  it('are off unless asked for', async () => {
    twokey = await startEmulator()
    const kms = twokey.client(KMSClient)
    // AWS admits five a second.
    expect(await Promise.all(Array.from({ length: 30 }, () => newKey(kms)))).toHaveLength(30)
  })

  it('`aws` means AWS’s own numbers', async () => {
    twokey = await startEmulator({ quotas: 'aws' })
    const kms = twokey.client(KMSClient)
    const calls = Array.from({ length: 40 }, () => newKey(kms).catch((error: unknown) => (error as Error).name))
    expect(await Promise.all(calls)).toContain('ThrottlingException')
  })

  it('are shared by the cryptographic operations, and by nothing else', async () => {
    const kms = await start({ CryptographicOperationsSymmetric: ONE })
    const KeyId = await newKey(kms)
    const { CiphertextBlob } = await kms.send(encrypt(KeyId))
    for (const command of [
      encrypt(KeyId),
      new DecryptCommand({ CiphertextBlob }),
      new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256' }),
    ]) {
      expect(await refusal(kms.send(command as EncryptCommand))).toEqual(THROTTLED)
    }
    await kms.send(describeKey(KeyId))
  })

  it('are the caller’s, in each Region by itself, whoever owns the key', async () => {
    const kms = await start({ CryptographicOperationsSymmetric: ONE })
    const KeyId = await newKey(
      kms,
      JSON.stringify({
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Principal: { AWS: [ACCOUNT, OTHER_ACCOUNT] }, Action: 'kms:*', Resource: '*' }],
      }),
    )
    const foreign = of(OTHER_ACCOUNT)
    await foreign.send(encrypt(KeyId))
    expect(await refusal(foreign.send(encrypt(KeyId)))).toEqual(THROTTLED)
    await kms.send(encrypt(KeyId))
    const elsewhere = of(ACCOUNT, 'eu-west-1')
    await elsewhere.send(encrypt(await newKey(elsewhere)))
    expect(await refusal(kms.send(encrypt(KeyId)))).toEqual(THROTTLED)
  })

  it('come before authorization and before what is not found, and are counted there, too', async () => {
    const kms = await start({ DescribeKey: ONE })
    const KeyId = await newKey(kms)
    const iam = twokey.client(IAMClient)
    await iam.send(new CreateUserCommand({ UserName: 'nobody' }))
    const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'nobody' }))
    const nobody = twokey.client(KMSClient, {
      credentials: { accessKeyId: AccessKey?.AccessKeyId ?? '', secretAccessKey: AccessKey?.SecretAccessKey ?? '' },
    })
    expect(await refusal(nobody.send(describeKey(KeyId)))).toMatchObject({ code: 'AccessDeniedException' })
    expect(await refusal(nobody.send(describeKey(KeyId)))).toEqual(THROTTLED)
    expect(await refusal(kms.send(describeKey('alias/none')))).toEqual(THROTTLED)
    advance(UNTIL_NEXT)
    expect(await refusal(kms.send(describeKey('alias/none')))).toMatchObject({ code: 'NotFoundException' })
    expect(await refusal(kms.send(describeKey(KeyId)))).toEqual(THROTTLED)
  })

  it('come after authentication and validation', async () => {
    await start({ DescribeKey: ONE })
    const ask = wire(twokey.url)
    const wrong = { as: { accessKeyId: ACCOUNT, secretAccessKey: 'wrong' } }
    for (let attempt = 0; attempt < 2; attempt++) {
      expect(told(await ask.kms('DescribeKey', { KeyId: 'x' }, wrong))).toContain('InvalidSignatureException')
      expect(told(await ask.kms('DescribeKey', { KeyId: '' }))).toContain('ValidationException')
    }
    expect(told(await ask.kms('DescribeKey', { KeyId: 'x' }))).toBe("400 NotFoundException: Invalid keyId 'x'")
  })

  it('leave a record without parameters, and a decision that says what happened', async () => {
    const kms = await start({ DescribeKey: ONE })
    const KeyId = await newKey(kms)
    await kms.send(describeKey(KeyId))
    await refusal(kms.send(describeKey(KeyId)))
    const [record] = twokey.emulator.trail.list(1)
    expect(record).toMatchObject({
      eventName: 'DescribeKey',
      errorCode: THROTTLED.code,
      errorMessage: THROTTLED.message,
      requestParameters: null,
    })
    expect(record).not.toHaveProperty('resources')
    expect(twokey.emulator.decisions.list({ limit: 1 })).toMatchObject([
      { outcome: 'failed', error: { code: THROTTLED.code } },
    ])
  })

  it('are counted anew after a reset', async () => {
    const kms = await start({ ListKeys: ONE })
    await kms.send(new ListKeysCommand({}))
    twokey.emulator.reset()
    await kms.send(new ListKeysCommand({}))
  })
})

describe('request quotas behind S3', () => {
  const Bucket = 'throttled'
  const SLOW_DOWN = {
    code: 'SlowDown',
    status: 503,
    message: 'Please reduce your request rate for operations involving AWS KMS.',
  }
  const put = (s3: S3Client, Key: string, more: { readonly BucketKeyEnabled?: boolean } = {}) =>
    s3.send(new PutObjectCommand({ Bucket, Key, Body: 'x', ServerSideEncryption: 'aws:kms', ...more }))

  it('S3 asks to slow down, and stores nothing', async () => {
    await start({ CryptographicOperationsSymmetric: ONE })
    const s3 = twokey.client(S3Client)
    await s3.send(new CreateBucketCommand({ Bucket }))
    await put(s3, 'first')
    expect(await refusal(put(s3, 'second'))).toEqual(SLOW_DOWN)
    expect(await refusal(s3.send(new GetObjectCommand({ Bucket, Key: 'first' })))).toEqual(SLOW_DOWN)
    expect(await refusal(s3.send(new GetObjectCommand({ Bucket, Key: 'second' })))).toMatchObject({
      code: 'NoSuchKey',
    })
    // Objects that need no KMS key are not concerned.
    await s3.send(new PutObjectCommand({ Bucket, Key: 'plain', Body: 'x' }))
  })

  it('Bucket Keys keep within them', async () => {
    await start({ CryptographicOperationsSymmetric: ONE })
    const s3 = twokey.client(S3Client)
    await s3.send(new CreateBucketCommand({ Bucket }))
    for (const Key of ['a', 'b', 'c']) await put(s3, Key, { BucketKeyEnabled: true })
    // The first read of a bucket-level key is a request of its own.
    expect(await refusal(s3.send(new GetObjectCommand({ Bucket, Key: 'a' })))).toEqual(SLOW_DOWN)
    advance(UNTIL_NEXT)
    for (const Key of ['a', 'b', 'c']) await s3.send(new GetObjectCommand({ Bucket, Key }))
  })
})

describe('AWS’s numbers', () => {
  it.each([
    ['CryptographicOperationsSymmetric', 'us-east-1', 100_000],
    ['CryptographicOperationsSymmetric', 'eu-central-1', 20_000],
    ['CryptographicOperationsSymmetric', 'eu-north-1', 10_000],
    ['CryptographicOperationsSymmetric', 'constructor', 10_000],
    ['CryptographicOperationsRSA', 'us-east-1', 1000],
    ['GenerateDataKeyPair_RSA_4096', 'us-east-1', 1],
    ['GenerateDataKeyPair_RSA_4096', 'cn-north-1', 0.1],
    ['GetParametersForImport', 'us-east-1', 1],
    ['Keys', 'us-east-1', 100_000],
    ['toString', 'us-east-1', undefined],
  ])('%s in %s: %p', (quota, region, value) => {
    expect(awsQuota(quota, region)).toBe(value)
  })

  it('every operation of KMS has one, its own or a shared one', () => {
    const shared =
      /^(Decrypt|Encrypt|ReEncrypt|Sign|Verify|DeriveSharedSecret|GenerateMac|VerifyMac|GenerateRandom|GenerateDataKey(WithoutPlaintext|Pair|PairWithoutPlaintext)?)$/
    const operations = Object.keys(client).flatMap((name) => /^([A-Z]\w+)Command$/.exec(name)?.[1] ?? [])
    expect(operations.length).toBeGreaterThan(40)
    const without = operations.filter((name) => !QUOTAS.includes(name) && !shared.test(name))
    // Newer than the page on quotas.
    expect(without).toEqual(['Decapsulate', 'Encapsulate'])
  })
})

describe('resource quotas', () => {
  it('keys of an account and Region: AWS managed ones do not count, other Regions are others', async () => {
    const kms = await start({ Keys: 2 })
    await kms.send(new DescribeKeyCommand({ KeyId: 'alias/aws/s3' }))
    await newKey(kms)
    await newKey(kms)
    expect(await refusal(newKey(kms))).toMatchObject({ code: 'LimitExceededException', status: 400 })
    await newKey(of(ACCOUNT, 'eu-west-1'))
    await newKey(of(OTHER_ACCOUNT))
    expect((await answer(kms.send(new ListKeysCommand({})))).Keys).toHaveLength(3)
  })

  it('replica keys count where they are', async () => {
    const kms = await start({ Keys: 1 })
    const { KeyMetadata } = await kms.send(new CreateKeyCommand({ MultiRegion: true }))
    const replicate = () => kms.send(new ReplicateKeyCommand({ KeyId: KeyMetadata?.KeyId, ReplicaRegion: 'eu-west-1' }))
    await newKey(of(ACCOUNT, 'eu-west-1'))
    expect(await refusal(replicate())).toMatchObject({ code: 'LimitExceededException', status: 400 })
    const { KeyMetadata: after } = await kms.send(new DescribeKeyCommand({ KeyId: KeyMetadata?.KeyId }))
    expect(after?.MultiRegionConfiguration?.ReplicaKeys).toEqual([])
  })

  it('grants of a key: 50,000', async () => {
    const kms = await start({})
    const KeyId = await newKey(kms)
    const grant = () =>
      kms.send(new CreateGrantCommand({ KeyId, GranteePrincipal: ACCOUNT_ROOT, Operations: ['Decrypt'] }))
    await grant()
    const { store, state } = kmsOf(twokey)
    const grants = state.grants.in()
    store.transaction(() => {
      const [[path, first] = ['', undefined]] = [...grants.entries()] as [string, GrantRecord][]
      for (let index = 1; index < 49_999; index++) {
        const id = String(index)
        grants.put(path.replace(/[^/]+$/, id), { ...first!, id })
      }
    })
    await grant()
    expect(await refusal(grant())).toEqual({
      code: 'LimitExceededException',
      status: 400,
      message: `Grant limit exceeded for key ${KeyId}`,
    })
  })

  it('a key policy: 32 KiB, when a key is created, too', async () => {
    const kms = await start({})
    const long = JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        { Effect: 'Allow', Principal: { AWS: ACCOUNT_ROOT }, Action: 'kms:*', Resource: '*', Sid: 'a'.repeat(32_768) },
      ],
    })
    const tooLong = { code: 'LimitExceededException', status: 400 }
    expect(await refusal(newKey(kms, long))).toMatchObject(tooLong)
    const KeyId = await newKey(kms)
    expect(await refusal(kms.send(new PutKeyPolicyCommand({ KeyId, Policy: long })))).toMatchObject(tooLong)
  })

  it('aliases of a key: 50, those of other keys apart', async () => {
    const kms = await start({})
    const [KeyId, other] = [await newKey(kms), await newKey(kms)]
    const alias = (index: number, TargetKeyId: string) =>
      kms.send(new CreateAliasCommand({ AliasName: `alias/a${String(index)}`, TargetKeyId }))
    for (let index = 0; index < 50; index++) await alias(index, KeyId)
    expect(await refusal(alias(50, KeyId))).toEqual({
      code: 'LimitExceededException',
      status: 400,
      message: `Alias limit exceeded for key ${KeyId}`,
    })
    await alias(50, other)
  })
})

const ACCOUNT_ROOT = `arn:aws:iam::${ACCOUNT}:root`
const kmsOf = ({ emulator }: TestEmulator) => ({
  store: emulator.store,
  state: emulator.registry.require('kms').state as KmsState,
})
