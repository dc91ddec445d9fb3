import { createHash, randomBytes } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { DisableKeyCommand } from '@aws-sdk/client-kms'
import {
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectVersionsCommand,
  PutBucketEncryptionCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  UpdateObjectEncryptionCommand,
  UploadPartCommand,
  type PutObjectCommandInput,
} from '@aws-sdk/client-s3'
import type { Blobs } from '../../../emulator/state/store.ts'
import { ACCOUNT, OTHER_ACCOUNT } from '../../support/emulator.ts'
import { send, signed } from '../../support/raw.ts'
import { allow, denied, deny, refusal, startWorld, type World } from './support.ts'

const Bucket = 'updated'
const PART = 5 * 1024 * 1024
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
  s3.send(new PutObjectCommand({ Bucket, Key, Body: 'plaintext', ...more }))
const read = async (Key: string, s3 = world.s3) =>
  (await s3.send(new GetObjectCommand({ Bucket, Key }))).Body?.transformToString()
const head = (Key: string) => world.s3.send(new HeadObjectCommand({ Bucket, Key, ChecksumMode: 'ENABLED' }))
const update = (Key: string, KMSKeyArn = key, s3 = world.s3, BucketKeyEnabled?: boolean) =>
  s3.send(
    new UpdateObjectEncryptionCommand({
      Bucket,
      Key,
      ObjectEncryption: { SSEKMS: { KMSKeyArn, ...(BucketKeyEnabled !== undefined && { BucketKeyEnabled }) } },
    }),
  )
const under = (SSEKMSKeyId: string) => ({ ServerSideEncryption: 'aws:kms' as const, SSEKMSKeyId })
const invalidRequest = (message: string) => ({ status: 400, code: 'InvalidRequest', message })
/** Ids of all blobs there are. */
function blobIds(): string[] {
  const ids: string[] = []
  const { blobs } = world.emulator.emulator.env as { readonly blobs: Blobs }
  blobs.sweep((id) => {
    ids.push(id)
    return true
  })
  return ids.sort()
}
const events = (name: string) => world.emulator.emulator.trail.list(1000).filter(({ eventName }) => eventName === name)

describe('UpdateObjectEncryption', () => {
  it('brings an object under KMS and keeps all else', async () => {
    await put('from-s3', { Metadata: { a: 'b' }, Tagging: 'team=red', ChecksumAlgorithm: 'SHA256' })
    const before = await head('from-s3')
    expect(before.ServerSideEncryption).toBe('AES256')
    const blobs = blobIds()
    await update('from-s3')
    const now = await head('from-s3')
    expect(now).toEqual({ ...before, ...under(key), $metadata: now.$metadata })
    // The MD5 stays the ETag, although the object is under KMS now.
    expect(now.ETag).toBe(`"${createHash('md5').update('plaintext').digest('hex')}"`)
    expect(await read('from-s3')).toBe('plaintext')
    // The bytes were encrypted anew; the old ones are gone.
    expect(blobIds().length).toBe(blobs.length)
    expect(blobIds()).not.toEqual(blobs)
    const state = JSON.stringify(world.emulator.emulator.env.store.export({ secrets: true }))
    expect(state).not.toContain(before.ChecksumSHA256)
    await world.kms.send(new DisableKeyCommand({ KeyId: key }))
    expect(await refusal(read('from-s3'))).toEqual({
      status: 400,
      code: 'KMS.DisabledException',
      message: `${key} is disabled.`,
    })
  })

  it('changes the key without touching the bytes', async () => {
    const first = await world.key()
    const { ETag } = await put('from-kms', under(first))
    const blobs = blobIds()
    const before = events('ReEncrypt').length
    await update('from-kms')
    expect(await head('from-kms')).toMatchObject({ ...under(key), ETag })
    expect(blobIds()).toEqual(blobs)
    await world.kms.send(new DisableKeyCommand({ KeyId: first }))
    expect(await read('from-kms')).toBe('plaintext')
    const [event, ...more] = events('ReEncrypt')
    expect(more.length).toBe(before)
    const context = { 'aws:s3:arn': `arn:aws:s3:::${Bucket}/from-kms` }
    expect(event).toMatchObject({
      userAgent: 'fas.s3.amazonaws.com',
      requestParameters: { sourceEncryptionContext: context, destinationEncryptionContext: context },
    })
  })

  it('puts an object under a Bucket Key, and takes it from there', async () => {
    await put('bucket-key', under(key))
    await update('bucket-key', key, world.s3, true)
    expect((await head('bucket-key')).BucketKeyEnabled).toBe(true)
    expect(await read('bucket-key')).toBe('plaintext')
    expect(events('Decrypt')[0]).toMatchObject({
      requestParameters: { encryptionContext: { 'aws:s3:arn': `arn:aws:s3:::${Bucket}` } },
    })
    await update('bucket-key')
    expect((await head('bucket-key')).BucketKeyEnabled).toBeUndefined()
    expect(await read('bucket-key')).toBe('plaintext')
  })

  it('keeps parts and their checksums', async () => {
    const Key = 'parts'
    const { UploadId } = await world.s3.send(
      new CreateMultipartUploadCommand({ Bucket, Key, ChecksumAlgorithm: 'SHA256' }),
    )
    const Parts = []
    for (const [index, Body] of [randomBytes(PART), Buffer.from('the end')].entries()) {
      const part = { Bucket, Key, UploadId, PartNumber: index + 1, Body, ChecksumAlgorithm: 'SHA256' as const }
      const { ETag, ChecksumSHA256 } = await world.s3.send(new UploadPartCommand(part))
      Parts.push({ ETag, ChecksumSHA256, PartNumber: part.PartNumber })
    }
    const MultipartUpload = { Parts }
    await world.s3.send(new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload }))
    const attributes = async () => {
      const ObjectAttributes = ['ETag' as const, 'Checksum' as const, 'ObjectParts' as const]
      const answer = await world.s3.send(new GetObjectAttributesCommand({ Bucket, Key, ObjectAttributes }))
      return { ...answer, $metadata: undefined }
    }
    const before = await attributes()
    await update(Key)
    expect(await attributes()).toEqual(before)
    const last = await world.s3.send(new GetObjectCommand({ Bucket, Key, PartNumber: 2 }))
    expect(last).toMatchObject({ ...under(key), PartsCount: 2 })
    expect(await last.Body?.transformToString()).toBe('the end')
  })

  it('needs s3:UpdateObjectEncryption, s3:PutObject and the keys', async () => {
    const first = await world.key()
    await put('permissions', under(first))
    await put('permissions-s3')
    const user = await world.user('updater')
    const s3Denied = (action: string, name = 'permissions') =>
      denied(
        `User: ${user.arn} is not authorized to perform: ${action} on resource: "arn:aws:s3:::${Bucket}/${name}" because no identity-based policy allows the ${action} action`,
      )
    const kmsDenied = (action: string, resource: string) =>
      denied(
        `User: ${user.arn} is not authorized to perform: ${action} on resource: ${resource} because no identity-based policy allows the ${action} action`,
      )
    const tries = () => refusal(update('permissions', key, user.s3))
    expect(await tries()).toEqual(s3Denied('s3:UpdateObjectEncryption'))
    const statements = [allow('s3:UpdateObjectEncryption')]
    const also = async (action: string, resource?: string) => {
      statements.push(allow(action, resource))
      await world.allow('updater', ...statements)
    }
    await also('s3:UpdateObjectEncryption')
    expect(await tries()).toEqual(s3Denied('s3:PutObject'))
    await also('s3:PutObject')
    expect(await tries()).toEqual(kmsDenied('kms:ReEncryptFrom', first))
    await also('kms:ReEncryptFrom', first)
    expect(await tries()).toEqual(kmsDenied('kms:ReEncryptTo', key))
    expect(await head('permissions')).toMatchObject(under(first))
    await also('kms:ReEncryptTo', key)
    await update('permissions', key, user.s3)
    expect(await head('permissions')).toMatchObject(under(key))
    expect(await refusal(update('permissions-s3', key, user.s3))).toEqual(kmsDenied('kms:GenerateDataKey', key))
    await also('kms:GenerateDataKey', key)
    await update('permissions-s3', key, user.s3)
    expect(await head('permissions-s3')).toMatchObject(under(key))
  })

  it('shows policies the method and the key that it is to be, and makes no object', async () => {
    await put('conditions')
    const user = await world.user('conditional')
    const other = await world.key()
    const sse = 's3:x-amz-server-side-encryption'
    const unless = (action: string, operator: string, keys: object) =>
      world.allow('conditional', allow('*'), { ...deny(action), Condition: { [operator]: keys } })
    const refused = (action: string) =>
      denied(
        `User: ${user.arn} is not authorized to perform: ${action} on resource: "arn:aws:s3:::${Bucket}/conditions" with an explicit deny in an identity-based policy`,
      )
    for (const action of ['s3:PutObject', 's3:UpdateObjectEncryption']) {
      await unless(action, 'StringNotEquals', { [sse]: 'aws:kms' })
      await update('conditions', key, user.s3)
      await unless(action, 'StringEquals', { [sse]: 'aws:kms' })
      expect(await refusal(update('conditions', key, user.s3))).toEqual(refused(action))
      await unless(action, 'StringNotEquals', { [`${sse}-aws-kms-key-id`]: key })
      await update('conditions', key, user.s3)
      expect(await refusal(update('conditions', other, user.s3))).toEqual(refused(action))
    }
    await unless('s3:PutObject', 'BoolIfExists', { 's3:ObjectCreationOperation': 'true' })
    await update('conditions', key, user.s3)
  })

  it('refuses what it does not update', async () => {
    const source = invalidRequest(
      "The UpdateObjectEncryption operation doesn't support source objects with the encryption type DSSE-KMS or SSE-C. Only source objects encrypted with SSE-S3 or SSE-KMS are supported.",
    )
    await put('dual', { ServerSideEncryption: 'aws:kms:dsse', SSEKMSKeyId: key })
    expect(await refusal(update('dual'))).toEqual(source)
    const rule = {
      ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' as const },
      BlockedEncryptionTypes: { EncryptionType: ['NONE' as const] },
    }
    await world.s3.send(
      new PutBucketEncryptionCommand({ Bucket, ServerSideEncryptionConfiguration: { Rules: [rule] } }),
    )
    await put('customer', { SSECustomerAlgorithm: 'AES256', SSECustomerKey: randomBytes(32).toString('base64') })
    expect(await refusal(update('customer'))).toEqual(source)
    expect(await refusal(update('missing'))).toEqual({
      status: 404,
      code: 'NoSuchKey',
      message: 'The specified key does not exist.',
    })
  })

  it.each([
    [
      'alias/data',
      invalidRequest(
        "Requests that modify an object's encryption type to SSE-KMS require a valid AWS KMS key Amazon Resource Name (ARN). Confirm that you have a correctly formatted KMS key ARN in your request, and then try again.",
      ),
    ],
    [
      '',
      invalidRequest(
        "Requests that modify an object's encryption type to SSE-KMS require an AWS KMS key Amazon Resource Name (ARN). Modify the request to specify a KMS key ARN, and then try again.",
      ),
    ],
    [
      `arn:aws:kms:us-east-1:${OTHER_ACCOUNT}:key/11111111-2222-4333-8444-555555555555`,
      denied(
        'The AWS KMS key in the request must be owned by the same account as the bucket. Modify the request to specify a KMS key from the same account, and then try again.',
      ),
    ],
    [
      `arn:aws:kms:us-east-1:${ACCOUNT}:key/11111111-2222-4333-8444-555555555555`,
      {
        status: 400,
        code: 'KMS.NotFoundException',
        message: `Key 'arn:aws:kms:us-east-1:${ACCOUNT}:key/11111111-2222-4333-8444-555555555555' does not exist`,
      },
    ],
    [
      `arn:aws:kms:eu-west-1:${ACCOUNT}:key/11111111-2222-4333-8444-555555555555`,
      { status: 400, code: 'KMS.NotFoundException', message: 'Invalid arn eu-west-1' },
    ],
  ])('refuses the key %j', async (KMSKeyArn, expected) => {
    for (const [name, more] of [
      ['bad-key', {}],
      ['bad-key-kms', under(key)],
    ] as const) {
      await put(name, more)
      const blobs = blobIds()
      expect(await refusal(update(name, KMSKeyArn))).toEqual(expected)
      expect(blobIds()).toEqual(blobs)
      expect(await read(name)).toBe('plaintext')
    }
  })

  it('refuses other bodies, and bodies without a checksum', async () => {
    await put('raw')
    const { url } = world.emulator
    const raw = (body: string, checked = true) => {
      const digest = createHash('md5').update(body).digest('base64')
      const headers = checked ? { 'content-md5': digest } : {}
      return send(url, signed(url, 's3', { method: 'PUT', path: `/${Bucket}/raw?encryption`, headers, body }))
    }
    const whole = (inner: string) => `<ObjectEncryption>${inner}</ObjectEncryption>`
    const type =
      '<Code>InvalidRequest</Code><Message>Requests that modify an object encryption configuration require a valid new encryption type. Valid values are SSEKMS. Modify the request to specify SSE-KMS for the updated encryption type, and then try again.</Message>'
    expect((await raw(whole('<SSE-S3/>'))).body).toContain(type)
    expect((await raw(whole(''))).body).toContain(type)
    expect((await raw('<Other/>')).body).toContain('<Code>MalformedXML</Code>')
    expect((await raw('no xml')).body).toContain('<Code>MalformedXML</Code>')
    expect((await raw('')).status).toBe(400)
    const good = whole(`<SSE-KMS><KMSKeyArn>${key}</KMSKeyArn></SSE-KMS>`)
    expect((await raw(good, false)).body).toContain(
      '<Code>InvalidRequest</Code><Message>Missing required header for this request: Content-MD5 OR x-amz-checksum-*</Message>',
    )
    const flag = `<SSE-KMS><KMSKeyArn>${key}</KMSKeyArn><BucketKeyEnabled>maybe</BucketKeyEnabled></SSE-KMS>`
    expect((await raw(whole(flag))).status).toBe(400)
    expect((await head('raw')).ServerSideEncryption).toBe('AES256')
    const answer = await raw(good)
    expect([answer.status, answer.body]).toEqual([200, ''])
    expect((await head('raw')).ServerSideEncryption).toBe('aws:kms')
  })

  it('changes the version that is named, and makes no new one', async () => {
    const versioned = { Bucket: 'updated-versions' }
    await world.s3.send(new CreateBucketCommand(versioned))
    await world.s3.send(
      new PutBucketVersioningCommand({ ...versioned, VersioningConfiguration: { Status: 'Enabled' } }),
    )
    const older = await put('k', { ...versioned, Body: 'older' })
    const newer = await put('k', { ...versioned, Body: 'newer' })
    const version = { ...versioned, Key: 'k', VersionId: older.VersionId }
    await world.s3.send(
      new UpdateObjectEncryptionCommand({ ...version, ObjectEncryption: { SSEKMS: { KMSKeyArn: key } } }),
    )
    const got = await world.s3.send(new GetObjectCommand(version))
    expect(got).toMatchObject({ ...under(key), VersionId: older.VersionId, ETag: older.ETag })
    expect(await got.Body?.transformToString()).toBe('older')
    const current = await world.s3.send(new HeadObjectCommand({ ...versioned, Key: 'k' }))
    expect(current).toMatchObject({ ServerSideEncryption: 'AES256', VersionId: newer.VersionId })
    const { Versions } = await world.s3.send(new ListObjectVersionsCommand(versioned))
    expect(Versions?.length).toBe(2)
  })

  it('wants a signature', async () => {
    const body = `<ObjectEncryption><SSE-KMS><KMSKeyArn>${key}</KMSKeyArn></SSE-KMS></ObjectEncryption>`
    const answer = await send(world.emulator.url, { method: 'PUT', path: `/${Bucket}/raw?encryption`, body })
    expect(answer.status).toBe(400)
    expect(answer.body).toContain(
      '<Code>InvalidRequest</Code><Message>Requests that modify an object encryption configuration require AWS Signature Version 4. Modify the request to use AWS Signature Version 4, and then try again.</Message>',
    )
  })
})
