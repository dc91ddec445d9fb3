import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import {
  CreateAliasCommand,
  CreateKeyCommand,
  DeleteAliasCommand,
  KMSClient,
  ScheduleKeyDeletionCommand,
  UpdateAliasCommand,
} from '@aws-sdk/client-kms'
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  GetBucketEncryptionCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutBucketEncryptionCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
  UploadPartCommand,
  UploadPartCopyCommand,
  type PutObjectCommandInput,
  type S3Client,
  type ServerSideEncryptionRule,
} from '@aws-sdk/client-s3'
import { ACCOUNT, OTHER_ACCOUNT, rootOf } from '../../support/emulator.ts'
import { send, signed } from '../../support/raw.ts'
import { allow, policy, refusal, startWorld, type World } from './support.ts'

/* How writes find their key and context: header, default, alias, id, ARN (facts: A3 to A6, A9; captures 7.4 to 7.6). */

const Bucket = 'named'
const ABSENT = '11111111-2222-4333-8444-555555555555'
let world: World
let key: string
beforeAll(async () => {
  world = await startWorld(Bucket)
})
beforeEach(async () => {
  key = await world.key()
})
afterAll(() => world.stop())

const KMS = { ServerSideEncryption: 'aws:kms' as const }
const put = (Key: string, more: Partial<PutObjectCommandInput> = {}, s3 = world.s3) =>
  s3.send(new PutObjectCommand({ Bucket, Key, Body: 'plaintext', ...more }))
const read = async (Key: string, bucket = Bucket) =>
  (await world.s3.send(new GetObjectCommand({ Bucket: bucket, Key }))).Body?.transformToString()
const setDefault = (bucket: string, rule: ServerSideEncryptionRule) =>
  world.s3.send(
    new PutBucketEncryptionCommand({ Bucket: bucket, ServerSideEncryptionConfiguration: { Rules: [rule] } }),
  )
const kmsDefault = (KMSMasterKeyID: string | undefined): ServerSideEncryptionRule => ({
  ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID },
})
const kms = (code: string, message: string) => ({ status: 400, code: `KMS.${code}`, message })

/** The operations that choose an encryption; each answers what was chosen. */
type Write = (s3: S3Client, more: object) => Promise<{ readonly SSEKMSKeyId?: string | undefined }>
const WRITES: readonly (readonly [string, Write])[] = [
  ['PutObject', (s3, more) => s3.send(new PutObjectCommand({ Bucket, Key: 'w', Body: 'x', ...more }))],
  ['CreateMultipartUpload', (s3, more) => s3.send(new CreateMultipartUploadCommand({ Bucket, Key: 'w', ...more }))],
  [
    'CopyObject',
    (s3, more) => s3.send(new CopyObjectCommand({ Bucket, Key: 'w', CopySource: `${Bucket}/source`, ...more })),
  ],
]

describe.each(WRITES)('%s', (_name, write) => {
  beforeEach(() => put('source'))

  it.each([
    ['fake-key-id', "Invalid keyId 'fake-key-id'"],
    ['aws/s3', "Invalid keyId 'aws/s3'"],
    [ABSENT, `Key 'arn:aws:kms:us-east-1:${ACCOUNT}:key/${ABSENT}' does not exist`],
    [
      `arn:aws:kms:us-east-1:${ACCOUNT}:key/${ABSENT}`,
      `Key 'arn:aws:kms:us-east-1:${ACCOUNT}:key/${ABSENT}' does not exist`,
    ],
    [`arn:aws:kms:eu-west-1:${ACCOUNT}:key/${ABSENT}`, 'Invalid arn eu-west-1'],
    ['alias/none', `Alias arn:aws:kms:us-east-1:${ACCOUNT}:alias/none is not found.`],
  ])('refuses the key %s', async (SSEKMSKeyId, message) => {
    expect(await refusal(write(world.s3, { ...KMS, SSEKMSKeyId }))).toEqual(kms('NotFoundException', message))
  })

  it('refuses a key of another Region by its bare id', async () => {
    const elsewhere = world.emulator.client(KMSClient, { region: 'eu-west-1' })
    const { KeyMetadata } = await elsewhere.send(new CreateKeyCommand({}))
    const SSEKMSKeyId = KeyMetadata?.KeyId ?? ''
    expect(await refusal(write(world.s3, { ...KMS, SSEKMSKeyId }))).toEqual(
      kms('NotFoundException', `Key 'arn:aws:kms:us-east-1:${ACCOUNT}:key/${SSEKMSKeyId}' does not exist`),
    )
  })

  it.each([
    ['SIGN_VERIFY', 'RSA_2048'],
    ['ENCRYPT_DECRYPT', 'RSA_2048'],
    ['GENERATE_VERIFY_MAC', 'HMAC_256'],
  ] as const)('refuses a key for %s (%s)', async (KeyUsage, KeySpec) => {
    const { KeyMetadata } = await world.kms.send(new CreateKeyCommand({ KeyUsage, KeySpec }))
    const SSEKMSKeyId = KeyMetadata?.Arn ?? ''
    expect(await refusal(write(world.s3, { ...KMS, SSEKMSKeyId }))).toEqual(
      kms(
        'InvalidKeyUsageException',
        KeyUsage === 'ENCRYPT_DECRYPT'
          ? 'Algorithm SYMMETRIC_DEFAULT is incompatible with key spec RSA_2048.'
          : `${SSEKMSKeyId} key usage is ${KeyUsage} which is not valid for GenerateDataKey.`,
      ),
    )
  })

  it('refuses a key whose deletion or import is pending', async () => {
    await world.kms.send(new ScheduleKeyDeletionCommand({ KeyId: key }))
    expect(await refusal(write(world.s3, { ...KMS, SSEKMSKeyId: key }))).toEqual(
      kms('KMSInvalidStateException', `${key} is pending deletion.`),
    )
    const { KeyMetadata } = await world.kms.send(new CreateKeyCommand({ Origin: 'EXTERNAL' }))
    const imported = KeyMetadata?.Arn ?? ''
    expect(await refusal(write(world.s3, { ...KMS, SSEKMSKeyId: imported }))).toEqual(
      kms('KMSInvalidStateException', `${imported} is pending import.`),
    )
  })

  it('refuses headers that contradict each other', async () => {
    const requires =
      'Server Side Encryption with AWS KMS managed key requires HTTP header x-amz-server-side-encryption : aws:kms'
    const invalid = (message: string) => ({ status: 400, code: 'InvalidArgument', message })
    expect(await refusal(write(world.s3, { SSEKMSKeyId: key }))).toEqual(invalid(requires))
    expect(await refusal(write(world.s3, { ServerSideEncryption: 'AES256', SSEKMSKeyId: key }))).toEqual(
      invalid(requires),
    )
    expect(await refusal(write(world.s3, { ServerSideEncryption: 'AES512' }))).toEqual(
      invalid('The encryption method specified is not supported'),
    )
  })
})

describe('a default key', () => {
  it('is kept as written, whatever it is, and found at each write', async () => {
    await world.s3.send(new CreateBucketCommand({ Bucket: 'named-default' }))
    await setDefault('named-default', kmsDefault('alias/later'))
    const { ServerSideEncryptionConfiguration } = await world.s3.send(
      new GetBucketEncryptionCommand({ Bucket: 'named-default' }),
    )
    expect(ServerSideEncryptionConfiguration?.Rules?.[0]?.ApplyServerSideEncryptionByDefault).toEqual({
      SSEAlgorithm: 'aws:kms',
      KMSMasterKeyID: 'alias/later',
    })
    const write = () => put('k', { Bucket: 'named-default' })
    expect(await refusal(write())).toEqual(
      kms('NotFoundException', `Alias arn:aws:kms:us-east-1:${ACCOUNT}:alias/later is not found.`),
    )
    await world.kms.send(new CreateAliasCommand({ AliasName: 'alias/later', TargetKeyId: key }))
    expect(await write()).toMatchObject({ ...KMS, SSEKMSKeyId: key })
    // Retargeting the alias moves new objects only.
    const other = await world.key()
    await world.kms.send(new UpdateAliasCommand({ AliasName: 'alias/later', TargetKeyId: other }))
    const head = await world.s3.send(new HeadObjectCommand({ Bucket: 'named-default', Key: 'k' }))
    expect(head.SSEKMSKeyId).toBe(key)
    expect((await write()).SSEKMSKeyId).toBe(other)
    await world.kms.send(new DeleteAliasCommand({ AliasName: 'alias/later' }))
    expect(await read('k', 'named-default')).toBe('plaintext')
  })

  it('that is an alias, or aws/s3, is the writer’s own', async () => {
    const shared = { Bucket: 'named-shared' }
    await world.s3.send(new CreateBucketCommand(shared))
    const statement = {
      ...allow('s3:PutObject', 'arn:aws:s3:::named-shared/*'),
      Principal: { AWS: `arn:aws:iam::${OTHER_ACCOUNT}:root` },
    }
    await world.s3.send(new PutBucketPolicyCommand({ ...shared, Policy: policy(statement) }))
    await world.kms.send(new CreateAliasCommand({ AliasName: 'alias/shared', TargetKeyId: key }))
    await setDefault('named-shared', kmsDefault('alias/shared'))
    const other = world.as(rootOf(OTHER_ACCOUNT))
    expect((await put('k', shared)).SSEKMSKeyId).toBe(key)
    expect(await refusal(put('k', shared, other))).toEqual(
      kms('NotFoundException', `Alias arn:aws:kms:us-east-1:${OTHER_ACCOUNT}:alias/shared is not found.`),
    )
    const theirs = world.emulator.client(KMSClient, { credentials: rootOf(OTHER_ACCOUNT) })
    const { KeyMetadata } = await theirs.send(new CreateKeyCommand({}))
    await theirs.send(new CreateAliasCommand({ AliasName: 'alias/shared', TargetKeyId: KeyMetadata?.KeyId }))
    expect((await put('k', shared, other)).SSEKMSKeyId).toBe(KeyMetadata?.Arn)
    await setDefault('named-shared', kmsDefault(undefined))
    expect((await put('k', shared, other)).SSEKMSKeyId).toMatch(new RegExp(`:${OTHER_ACCOUNT}:key/`))
  })

  it('is frozen when an upload begins', async () => {
    const frozen = { Bucket: 'named-frozen', Key: 'k' }
    await world.s3.send(new CreateBucketCommand({ Bucket: 'named-frozen' }))
    await world.kms.send(new CreateAliasCommand({ AliasName: 'alias/frozen', TargetKeyId: key }))
    await setDefault('named-frozen', kmsDefault('alias/frozen'))
    const { UploadId } = await world.s3.send(new CreateMultipartUploadCommand(frozen))
    await setDefault('named-frozen', { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } })
    await world.kms.send(new DeleteAliasCommand({ AliasName: 'alias/frozen' }))
    const part = await world.s3.send(new UploadPartCommand({ ...frozen, UploadId, PartNumber: 1, Body: 'x' }))
    expect(part).toMatchObject({ ...KMS, SSEKMSKeyId: key })
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag: part.ETag }] }
    const done = await world.s3.send(new CompleteMultipartUploadCommand({ ...frozen, UploadId, MultipartUpload }))
    expect(done).toMatchObject({ ...KMS, SSEKMSKeyId: key })
  })

  it('yields to a request for AES256, without a call to KMS', async () => {
    await world.s3.send(new CreateBucketCommand({ Bucket: 'named-aes' }))
    await setDefault('named-aes', kmsDefault(ABSENT))
    const answer = await put('k', { Bucket: 'named-aes', ServerSideEncryption: 'AES256' })
    expect([answer.ServerSideEncryption, answer.SSEKMSKeyId]).toEqual(['AES256', undefined])
  })
})

describe('blocked encryption types', () => {
  const blocked = (types: readonly string[] | undefined) =>
    setDefault(Bucket, {
      ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' },
      ...(types && { BlockedEncryptionTypes: { EncryptionType: types as 'NONE'[] } }),
    })
  const now = async () =>
    (await world.s3.send(new GetBucketEncryptionCommand({ Bucket }))).ServerSideEncryptionConfiguration?.Rules?.[0]
      ?.BlockedEncryptionTypes?.EncryptionType

  it.each([
    [[], 'InvalidArgument'],
    [['NONE', 'NONE'], 'InvalidArgument'],
    [['NONE', 'SSE-C'], 'InvalidArgument'],
    [['AES256'], 'MalformedXML'],
  ])('refuse %j and stay as they were', async (types, code) => {
    await blocked(['NONE'])
    expect(await refusal(blocked(types))).toMatchObject({ status: 400, code })
    expect(await now()).toEqual(['NONE'])
    await blocked(undefined)
    expect(await now()).toEqual(['SSE-C'])
  })
})

describe('an encryption context', () => {
  const base64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64')
  const given = base64({ probe: 'frozen-context', ключ: 'значение' })
  const whole = (name: string) =>
    base64({ 'aws:s3:arn': `arn:aws:s3:::${Bucket}/${name}`, probe: 'frozen-context', ключ: 'значение' })
  const raw = async (method: string, path: string, headers: Record<string, string> = {}, body = '') => {
    const { url } = world.emulator
    const answer = await send(url, signed(url, 's3', { method, path, headers, body }))
    expect([answer.status, answer.body]).toEqual([200, expect.anything()])
    return answer.headers['x-amz-server-side-encryption-context']
  }
  const sse = () => ({
    'x-amz-server-side-encryption': 'aws:kms',
    'x-amz-server-side-encryption-aws-kms-key-id': key,
    'x-amz-server-side-encryption-context': given,
  })

  it('is answered by every operation on the object and the upload', async () => {
    expect(await raw('PUT', `/${Bucket}/ctx`, sse(), 'x')).toBe(whole('ctx'))
    expect(await raw('PUT', `/${Bucket}/ctx-copy`, { ...sse(), 'x-amz-copy-source': `${Bucket}/ctx` })).toBe(
      whole('ctx-copy'),
    )
    expect(await raw('GET', `/${Bucket}/ctx`)).toBe(whole('ctx'))
    expect(await raw('HEAD', `/${Bucket}/ctx`)).toBe(whole('ctx'))
    const Key = 'ctx-parts'
    const created = await world.s3.send(
      new CreateMultipartUploadCommand({ Bucket, Key, ...KMS, SSEKMSKeyId: key, SSEKMSEncryptionContext: given }),
    )
    expect(created.SSEKMSEncryptionContext).toBe(whole(Key))
    const query = `uploadId=${created.UploadId ?? ''}`
    expect(await raw('PUT', `/${Bucket}/${Key}?partNumber=1&${query}`, {}, 'x')).toBe(whole(Key))
    const copied = new UploadPartCopyCommand({
      Bucket,
      Key,
      UploadId: created.UploadId,
      PartNumber: 1,
      CopySource: `${Bucket}/ctx`,
    })
    const ETag = (await world.s3.send(copied)).CopyPartResult?.ETag ?? ''
    const body = `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>${ETag}</ETag></Part></CompleteMultipartUpload>`
    expect(await raw('POST', `/${Bucket}/${Key}?${query}`, {}, body)).toBe(whole(Key))
    // A copy does not take it along.
    const plain = { 'x-amz-copy-source': `${Bucket}/ctx`, 'x-amz-server-side-encryption': 'aws:kms' }
    expect(await raw('PUT', `/${Bucket}/ctx-copy`, plain)).toBeUndefined()
  })

  it('may repeat S3’s own pair, and is then not answered', async () => {
    const own = base64({ 'aws:s3:arn': `arn:aws:s3:::${Bucket}/own` })
    const answer = await put('own', { ...KMS, SSEKMSKeyId: key, SSEKMSEncryptionContext: own })
    expect(answer.SSEKMSEncryptionContext).toBeUndefined()
    expect(await read('own')).toBe('plaintext')
  })

  it.each([
    ['no base64', '{"a":"b"}'],
    ['no UTF-8', Buffer.from('{"a":"\xff"}', 'latin1').toString('base64')],
    ['no JSON', Buffer.from('a=b').toString('base64')],
    ['an array', base64(['a'])],
    ['a number', base64({ a: 1 })],
    ['a nested map', base64({ a: { b: 'c' } })],
    ['null', base64(null)],
    ['nothing', ''],
  ])('that is %s is refused', async (_what, context) => {
    const { url } = world.emulator
    const headers = { ...sse(), 'x-amz-server-side-encryption-context': context }
    const answer = await send(url, signed(url, 's3', { method: 'PUT', path: `/${Bucket}/bad`, headers, body: 'x' }))
    expect(answer.status).toBe(400)
    expect(answer.body).toContain(
      "<Code>InvalidArgument</Code><Message>The header 'x-amz-server-side-encryption-context' shall be Base64-encoded UTF-8 string holding JSON which represents a string-string map</Message>",
    )
  })
})

describe('SSE headers where there is nothing to choose', () => {
  it.each([
    ['GET', '/k', ''],
    ['HEAD', '/k', ''],
    ['PUT', '/k?partNumber=1&uploadId=x', 'x'],
    ['GET', '/k?attributes', ''],
  ])('%s %s is refused', async (method, path, body) => {
    await put('k')
    const { url } = world.emulator
    const headers = { 'x-amz-server-side-encryption': 'aws:kms', 'x-amz-object-attributes': 'ETag' }
    const answer = await send(url, signed(url, 's3', { method, path: `/${Bucket}${path}`, headers, body }))
    expect(answer.status).toBe(400)
    if (method === 'HEAD') return
    expect(answer.body).toContain(
      '<Code>InvalidArgument</Code><Message>x-amz-server-side-encryption header is not supported for this operation.</Message><ArgumentName>x-amz-server-side-encryption</ArgumentName><ArgumentValue>aws:kms</ArgumentValue>',
    )
  })
})
