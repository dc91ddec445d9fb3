import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { CreateAliasCommand, DisableKeyCommand, EnableKeyCommand, PutKeyPolicyCommand } from '@aws-sdk/client-kms'
import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteBucketEncryptionCommand,
  GetBucketEncryptionCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutBucketEncryptionCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  type ServerSideEncryptionRule,
} from '@aws-sdk/client-s3'
import { ACCOUNT, OTHER_ACCOUNT, rootOf } from '../../support/emulator.ts'
import { send, signed } from '../../support/raw.ts'
import { allow, denied, policy, refusal, startWorld, type World } from './support.ts'

const Bucket = 'encrypted'
let world: World
let key: string
beforeAll(async () => {
  world = await startWorld(Bucket)
})
beforeEach(async () => {
  key = await world.key()
})
afterAll(() => world.stop())

const put = (Key: string, more: Partial<PutObjectCommandInput> = {}, s3 = world.s3) =>
  s3.send(
    new PutObjectCommand({
      Bucket,
      Key,
      Body: 'plaintext',
      ServerSideEncryption: 'aws:kms',
      SSEKMSKeyId: key,
      ...more,
    }),
  )
const read = async (Key: string, s3 = world.s3) =>
  (await s3.send(new GetObjectCommand({ Bucket, Key }))).Body?.transformToString()
const setDefault = (rule: ServerSideEncryptionRule, bucket = Bucket) =>
  world.s3.send(
    new PutBucketEncryptionCommand({ Bucket: bucket, ServerSideEncryptionConfiguration: { Rules: [rule] } }),
  )
const raw = async (method: string, path: string) => {
  const { url } = world.emulator
  return send(url, signed(url, 's3', { method, path }))
}
const base64 = (value: object | string) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64')

describe('SSE-KMS', () => {
  it('round trips, and answers the key by full ARN', async () => {
    const id = key.slice(key.indexOf('/') + 1)
    await world.kms.send(new CreateAliasCommand({ AliasName: 'alias/data', TargetKeyId: id }))
    for (const SSEKMSKeyId of [key, id, 'alias/data']) {
      const answer = await put('forms', { SSEKMSKeyId })
      expect(answer).toMatchObject({ ServerSideEncryption: 'aws:kms', SSEKMSKeyId: key })
      expect(answer.BucketKeyEnabled).toBeUndefined()
      expect(await read('forms')).toBe('plaintext')
    }
    const head = await world.s3.send(new HeadObjectCommand({ Bucket, Key: 'forms' }))
    expect(head).toMatchObject({ ServerSideEncryption: 'aws:kms', SSEKMSKeyId: key })
  })

  it('without a key means aws/s3', async () => {
    const answer = await put('managed', { SSEKMSKeyId: undefined })
    expect(answer.SSEKMSKeyId).toMatch(new RegExp(`^arn:aws:kms:us-east-1:${ACCOUNT}:key/[0-9a-f-]{36}$`))
    expect(await read('managed')).toBe('plaintext')
  })

  it('has opaque ETags', async () => {
    const [first, second] = [await put('etag'), await put('etag')]
    expect(first.ETag).toMatch(/^"[0-9a-f]{32}"$/)
    expect(first.ETag).not.toBe(second.ETag)
    const plain = await put('etag', { ServerSideEncryption: 'AES256', SSEKMSKeyId: undefined })
    expect(plain.ETag).not.toBe(first.ETag)
  })

  it('keeps neither plaintext nor its checksum in the state', async () => {
    const { ChecksumSHA256 = 'missing' } = await put('secret', { Body: 'a little secret', ChecksumAlgorithm: 'SHA256' })
    const state = JSON.stringify(world.emulator.emulator.env.store.export({ secrets: true }))
    expect(state).toContain(`${Bucket}/secret`)
    expect(state).not.toContain(ChecksumSHA256)
    const head = await world.s3.send(new HeadObjectCommand({ Bucket, Key: 'secret', ChecksumMode: 'ENABLED' }))
    expect(head.ChecksumSHA256).toBe(ChecksumSHA256)
  })

  it.each([
    [{ SSEKMSKeyId: 'fake-key-id' }, 'KMS.NotFoundException', "Invalid keyId 'fake-key-id'"],
    [
      { SSEKMSKeyId: '11111111-2222-4333-8444-555555555555' },
      'KMS.NotFoundException',
      `Key 'arn:aws:kms:us-east-1:${ACCOUNT}:key/11111111-2222-4333-8444-555555555555' does not exist`,
    ],
    [
      { ServerSideEncryption: 'AES256' as const },
      'InvalidArgument',
      'Server Side Encryption with AWS KMS managed key requires HTTP header x-amz-server-side-encryption : aws:kms',
    ],
    [
      { ServerSideEncryption: 'rot13' as 'aws:kms' },
      'InvalidArgument',
      'The encryption method specified is not supported',
    ],
    [
      { SSEKMSEncryptionContext: base64('no json') },
      'InvalidArgument',
      "The header 'x-amz-server-side-encryption-context' shall be Base64-encoded UTF-8 string holding JSON which represents a string-string map",
    ],
    [
      { SSEKMSEncryptionContext: base64({ 'aws:s3:arn': 'arn:aws:s3:::other/key' }) },
      'InvalidArgument',
      `The value of aws:s3:arn in the header 'x-amz-server-side-encryption-context' must be arn:aws:s3:::${Bucket}/refused`,
    ],
  ])('refuses %j', async (more, code, message) => {
    expect(await refusal(put('refused', more))).toEqual({ status: 400, code, message })
    expect(await refusal(read('refused'))).toMatchObject({ code: 'NoSuchKey' })
  })

  it('is refused for anonymous callers, who have no signature', async () => {
    await world.s3.send(new CreateBucketCommand({ Bucket: 'anonymous-write' }))
    const rule = { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms' as const } }
    await setDefault(rule, 'anonymous-write')
    const answer = await send(world.emulator.url, { method: 'PUT', path: '/anonymous-write/k', body: 'x' })
    expect(answer.status).toBe(400)
    expect(answer.body).toContain(
      '<Code>InvalidArgument</Code><Message>Requests specifying Server Side Encryption with AWS KMS managed keys require AWS Signature Version 4.</Message><ArgumentName>Authorization</ArgumentName><ArgumentValue>null</ArgumentValue>',
    )
  })

  it('is not confused with what is not emulated', async () => {
    const fsx = { ServerSideEncryption: 'aws:fsx' as const, SSEKMSKeyId: undefined }
    expect(await refusal(put('fsx', fsx))).toEqual({
      status: 501,
      code: 'NotImplemented',
      message: 'twokey does not emulate s3 server-side encryption aws:fsx',
    })
    const rule = { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:fsx' as const } }
    expect(await refusal(setDefault(rule))).toEqual({
      status: 501,
      code: 'NotImplemented',
      message: 'twokey does not emulate s3 default encryption aws:fsx',
    })
  })

  it('by customer keys is blocked on new buckets', async () => {
    const { url } = world.emulator
    const headers = { 'x-amz-server-side-encryption-customer-algorithm': 'AES256' }
    const answer = await send(url, signed(url, 's3', { method: 'PUT', path: `/${Bucket}/c`, headers, body: 'x' }))
    expect(answer.status).toBe(403)
    expect(answer.body).toContain(
      `<Code>AccessDenied</Code><Message>User: arn:aws:iam::${ACCOUNT}:root is not authorized to perform: s3:PutObject on resource: &quot;arn:aws:s3:::${Bucket}/c&quot; because this bucket has blocked upload requests that specify Server Side Encryption with Customer provided keys (SSE-C). Please specify a different server-side encryption type</Message>`,
    )
  })
})

describe('both keys must turn', () => {
  const data = allow(['s3:GetObject', 's3:PutObject', 's3:ListBucket', 's3:GetObjectAttributes'])

  it('to write: kms:GenerateDataKey', async () => {
    const user = await world.user('writer', data, allow('kms:Decrypt'))
    expect(await refusal(put('two-keys', {}, user.s3))).toEqual(
      denied(
        `User: ${user.arn} is not authorized to perform: kms:GenerateDataKey on resource: ${key} because no identity-based policy allows the kms:GenerateDataKey action`,
      ),
    )
    await world.allow('writer', data, allow('kms:GenerateDataKey', key))
    await expect(put('two-keys', {}, user.s3)).resolves.toBeDefined()
  })

  it('to read: kms:Decrypt', async () => {
    await put('two-keys')
    const user = await world.user('reader', data, allow('kms:GenerateDataKey'))
    const message = `User: ${user.arn} is not authorized to perform: kms:Decrypt on resource: ${key} because no identity-based policy allows the kms:Decrypt action`
    expect(await refusal(read('two-keys', user.s3))).toEqual(denied(message))
    await world.allow('reader', data, allow('kms:Decrypt', key))
    expect(await read('two-keys', user.s3)).toBe('plaintext')
  })

  it('when the key policy does not delegate', async () => {
    await put('not-delegated')
    const user = await world.user('admin', allow('*'))
    const keyPolicy = policy({ ...allow('kms:*'), Principal: { AWS: 'arn:aws:iam::111111111111:user/writer' } })
    await world.kms.send(
      new PutKeyPolicyCommand({ KeyId: key, Policy: keyPolicy, BypassPolicyLockoutSafetyCheck: true }),
    )
    expect(await refusal(read('not-delegated', user.s3))).toEqual(
      denied(
        `User: ${user.arn} is not authorized to perform: kms:Decrypt on resource: ${key} because no resource-based policy allows the kms:Decrypt action`,
      ),
    )
  })

  it('across accounts: the key is not named', async () => {
    await world.s3.send(new CreateBucketCommand({ Bucket: 'shared' }))
    const Policy = policy({
      ...allow(['s3:GetObject', 's3:PutObject'], 'arn:aws:s3:::shared/*'),
      Principal: { AWS: `arn:aws:iam::${OTHER_ACCOUNT}:root` },
    })
    await world.s3.send(new PutBucketPolicyCommand({ Bucket: 'shared', Policy }))
    await put('theirs', { Bucket: 'shared' })
    const other = world.as(rootOf(OTHER_ACCOUNT))
    const withheld =
      'because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access'
    const root = `User: arn:aws:iam::${OTHER_ACCOUNT}:root is not authorized to perform:`
    expect(await refusal(put('mine', { Bucket: 'shared' }, other))).toEqual(
      denied(`${root} kms:GenerateDataKey on this resource ${withheld}`),
    )
    expect(await refusal(other.send(new GetObjectCommand({ Bucket: 'shared', Key: 'theirs' })))).toEqual(
      denied(`${root} kms:Decrypt on the resource associated with this ciphertext ${withheld}`),
    )
  })

  it('for a condition on the object that the key is used for', async () => {
    const context = (arn: string) => ({ StringEquals: { 'kms:EncryptionContext:aws:s3:arn': arn } })
    const user = await world.user('pinned', data, {
      ...allow('kms:GenerateDataKey'),
      Condition: context(`arn:aws:s3:::${Bucket}/pinned`),
    })
    await expect(put('pinned', {}, user.s3)).resolves.toBeDefined()
    const message = `User: ${user.arn} is not authorized to perform: kms:GenerateDataKey on resource: ${key} because no identity-based policy allows the kms:GenerateDataKey action`
    expect(await refusal(put('other', {}, user.s3))).toEqual(denied(message))
    // With a Bucket Key the context is the bucket's.
    expect(await refusal(put('pinned', { BucketKeyEnabled: true }, user.s3))).toEqual(denied(message))
    await world.allow('pinned', data, { ...allow('kms:GenerateDataKey'), Condition: context(`arn:aws:s3:::${Bucket}`) })
    const answer = await put('pinned', { BucketKeyEnabled: true }, user.s3)
    expect(answer.BucketKeyEnabled).toBe(true)
  })

  it('only through S3, where the key policy says so', async () => {
    const through = { StringEquals: { 'kms:ViaService': 's3.us-east-1.amazonaws.com' } }
    const user = await world.user('via', data, { ...allow('kms:*'), Condition: through })
    await put('via', {}, user.s3)
    expect(await read('via', user.s3)).toBe('plaintext')
  })
})

describe('the order of checks', () => {
  it('PutObject asks KMS before it asks for s3:PutObject', async () => {
    const user = await world.user('no-put', allow('kms:*'))
    expect(await refusal(put('order', {}, user.s3))).toEqual(
      denied(
        `User: ${user.arn} is not authorized to perform: s3:PutObject on resource: "arn:aws:s3:::${Bucket}/order" because no identity-based policy allows the s3:PutObject action`,
      ),
    )
    await world.kms.send(new DisableKeyCommand({ KeyId: key }))
    expect(await refusal(put('order', {}, user.s3))).toEqual({
      status: 400,
      code: 'KMS.DisabledException',
      message: `${key} is disabled.`,
    })
  })

  it('PutObject looks at checksums and conditions last', async () => {
    await put('order')
    const user = await world.user('no-put-2', allow('kms:*'))
    const faults = { ChecksumCRC32: 'AAAAAA==', IfNoneMatch: '*' }
    expect(await refusal(put('order', faults, user.s3))).toMatchObject({ code: 'AccessDenied' })
    expect(await refusal(put('order', faults))).toMatchObject({ code: 'BadDigest' })
    expect(await refusal(put('order', { IfNoneMatch: '*' }))).toMatchObject({ code: 'PreconditionFailed' })
  })

  it('GetObject looks at conditions before it asks KMS', async () => {
    await put('order')
    await world.kms.send(new DisableKeyCommand({ KeyId: key }))
    const get = (more: object) => world.s3.send(new GetObjectCommand({ Bucket, Key: 'order', ...more }))
    expect(await refusal(get({ IfMatch: '"other"' }))).toMatchObject({ status: 412 })
    expect(await refusal(get({}))).toEqual({
      status: 400,
      code: 'KMS.DisabledException',
      message: `${key} is disabled.`,
    })
  })

  it('CopyObject asks for the new key before it asks for the source', async () => {
    await put('source')
    const target = await world.key()
    await world.kms.send(new DisableKeyCommand({ KeyId: target }))
    const user = await world.user('copier', allow('kms:*'))
    const copy = (SSEKMSKeyId: string) =>
      user.s3.send(
        new CopyObjectCommand({
          Bucket,
          Key: 'copy',
          CopySource: `${Bucket}/source`,
          ServerSideEncryption: 'aws:kms',
          SSEKMSKeyId,
        }),
      )
    expect(await refusal(copy(target))).toMatchObject({ code: 'KMS.DisabledException' })
    expect(await refusal(copy(key))).toEqual(
      denied(
        `User: ${user.arn} is not authorized to perform: s3:GetObject on resource: "arn:aws:s3:::${Bucket}/source" because no identity-based policy allows the s3:GetObject action`,
      ),
    )
  })

  it('a failed write leaves the old object, which can be read when the key is back', async () => {
    await put('kept', { Body: 'old' })
    await world.kms.send(new DisableKeyCommand({ KeyId: key }))
    await refusal(put('kept', { Body: 'new' }))
    await world.kms.send(new EnableKeyCommand({ KeyId: key }))
    expect(await read('kept')).toBe('old')
  })
})

describe('without the key', () => {
  beforeEach(async () => {
    await put('no-key')
    await world.kms.send(new DisableKeyCommand({ KeyId: key }))
  })

  it('HeadObject answers, without checksums', async () => {
    const head = await world.s3.send(new HeadObjectCommand({ Bucket, Key: 'no-key', ChecksumMode: 'ENABLED' }))
    expect(head).toMatchObject({ ContentLength: 9, SSEKMSKeyId: key })
    expect([head.ChecksumCRC32, head.ChecksumType]).toEqual([undefined, undefined])
  })

  it('GetObjectAttributes does not, whatever is asked for', async () => {
    const input = { Bucket, Key: 'no-key', ObjectAttributes: ['ETag' as const] }
    expect(await refusal(world.s3.send(new GetObjectAttributesCommand(input)))).toMatchObject({
      code: 'KMS.DisabledException',
    })
  })

  it('listings do', async () => {
    const { Contents } = await world.s3.send(new ListObjectsV2Command({ Bucket, Prefix: 'no-key' }))
    expect(Contents?.[0]?.Size).toBe(9)
  })
})

describe('the encryption context', () => {
  it('is answered by all operations when the caller added to it', async () => {
    const answer = await put('context', { SSEKMSEncryptionContext: base64({ department: 'finance' }) })
    const complete = base64({ 'aws:s3:arn': `arn:aws:s3:::${Bucket}/context`, department: 'finance' })
    expect(answer.SSEKMSEncryptionContext).toBe(complete)
    for (const method of ['GET', 'HEAD']) {
      const { headers } = await raw(method, `/${Bucket}/context`)
      expect(headers['x-amz-server-side-encryption-context']).toBe(complete)
    }
  })

  it('is not answered when it is only S3’s', async () => {
    const answer = await put('context')
    expect(answer.SSEKMSEncryptionContext).toBeUndefined()
    const { headers } = await raw('GET', `/${Bucket}/context`)
    expect(headers['x-amz-server-side-encryption-context']).toBeUndefined()
  })
})

describe('default encryption', () => {
  const config = async (bucket: string) =>
    (await world.s3.send(new GetBucketEncryptionCommand({ Bucket: bucket }))).ServerSideEncryptionConfiguration?.Rules
  const fresh = async (name: string) => {
    await world.s3.send(new CreateBucketCommand({ Bucket: name }))
    return name
  }
  const NEW = [
    {
      ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' },
      BucketKeyEnabled: false,
      BlockedEncryptionTypes: { EncryptionType: ['SSE-C'] },
    },
  ]

  it('of a new bucket is AES256, and is again when deleted', async () => {
    const bucket = await fresh('defaults')
    expect(await config(bucket)).toEqual(NEW)
    await setDefault({ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms' } }, bucket)
    expect(await config(bucket)).toEqual([
      {
        ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms' },
        BucketKeyEnabled: false,
        BlockedEncryptionTypes: { EncryptionType: ['SSE-C'] },
      },
    ])
    await world.s3.send(new DeleteBucketEncryptionCommand({ Bucket: bucket }))
    expect(await config(bucket)).toEqual(NEW)
  })

  it('keeps the key as written and uses it, with its Bucket Key', async () => {
    const bucket = await fresh('defaults-key')
    const id = key.slice(key.indexOf('/') + 1)
    await setDefault(
      {
        ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: id },
        BucketKeyEnabled: true,
      },
      bucket,
    )
    expect((await config(bucket))?.[0]?.ApplyServerSideEncryptionByDefault?.KMSMasterKeyID).toBe(id)
    const plain = { Bucket: bucket, Key: 'k', Body: 'x' }
    expect(await world.s3.send(new PutObjectCommand(plain))).toMatchObject({
      ServerSideEncryption: 'aws:kms',
      SSEKMSKeyId: key,
      BucketKeyEnabled: true,
    })
    // Naming the method without a key means aws/s3, but the bucket's Bucket Key.
    const managed = await world.s3.send(new PutObjectCommand({ ...plain, ServerSideEncryption: 'aws:kms' }))
    expect(managed.SSEKMSKeyId).not.toBe(key)
    expect(managed.BucketKeyEnabled).toBe(true)
    const aes = await world.s3.send(new PutObjectCommand({ ...plain, ServerSideEncryption: 'AES256' }))
    expect([aes.ServerSideEncryption, aes.SSEKMSKeyId]).toEqual(['AES256', undefined])
  })

  it.each([
    [{}, 'two rules', 400, 'MalformedXML', undefined],
    [
      { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' as const, KMSMasterKeyID: 'x' } },
      'a key for AES256',
      400,
      'InvalidArgument',
      'a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse',
    ],
    [
      { BlockedEncryptionTypes: { EncryptionType: ['AES256' as 'NONE'] } },
      'an unknown type',
      400,
      'MalformedXML',
      undefined,
    ],
    [
      { BlockedEncryptionTypes: { EncryptionType: ['NONE' as const, 'SSE-C' as const] } },
      'two types',
      400,
      'InvalidArgument',
      undefined,
    ],
  ])('refuses %j (%s)', async (rule: ServerSideEncryptionRule, what, status, code, message) => {
    const Rules = what === 'two rules' ? [rule, rule] : [rule]
    const input = { Bucket, ServerSideEncryptionConfiguration: { Rules } }
    expect(await refusal(world.s3.send(new PutBucketEncryptionCommand(input)))).toMatchObject({
      status,
      code,
      ...(message !== undefined && { message }),
    })
  })

  it('of a bucket that does not exist is not looked at', async () => {
    const input = { Bucket: 'no-such-bucket', ServerSideEncryptionConfiguration: { Rules: [] } }
    expect(await refusal(world.s3.send(new PutBucketEncryptionCommand(input)))).toMatchObject({ code: 'NoSuchBucket' })
  })
})

describe('policies on encryption', () => {
  it('see the header, and the key that will be used', async () => {
    await world.s3.send(new CreateBucketCommand({ Bucket: 'guarded' }))
    const statement = {
      Effect: 'Deny',
      Principal: '*',
      Action: 's3:PutObject',
      Resource: 'arn:aws:s3:::guarded/*',
    }
    const Policy = policy(
      {
        ...statement,
        Condition: { StringNotEqualsIfExists: { 's3:x-amz-server-side-encryption-aws-kms-key-id': key } },
      },
      { ...statement, Condition: { StringEquals: { 's3:x-amz-server-side-encryption': 'AES256' } } },
    )
    await world.s3.send(new PutBucketPolicyCommand({ Bucket: 'guarded', Policy }))
    const user = await world.user('guarded', allow('*'))
    const id = key.slice(key.indexOf('/') + 1)
    await expect(put('k', { Bucket: 'guarded', SSEKMSKeyId: id }, user.s3)).resolves.toBeDefined()
    const message = `User: ${user.arn} is not authorized to perform: s3:PutObject on resource: "arn:aws:s3:::guarded/k" with an explicit deny in a resource-based policy`
    const other = await world.key()
    expect(await refusal(put('k', { Bucket: 'guarded', SSEKMSKeyId: other }, user.s3))).toEqual(denied(message))
    const aes = { Bucket: 'guarded', ServerSideEncryption: 'AES256' as const, SSEKMSKeyId: undefined }
    expect(await refusal(put('k', aes, user.s3))).toEqual(denied(message))
  })
})
