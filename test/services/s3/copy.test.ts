import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteBucketEncryptionCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  PutBucketEncryptionCommand,
  PutObjectCommand,
  type CopyObjectCommandInput,
} from '@aws-sdk/client-s3'
import { allow, denied, refusal, startWorld, type World } from './support.ts'

const Bucket = 'copies'
let world: World
let key: string
beforeAll(async () => {
  world = await startWorld(Bucket)
  key = await world.key()
  await world.s3.send(
    new PutObjectCommand({
      Bucket,
      Key: 'source ü+',
      Body: 'content',
      ContentType: 'text/plain',
      Metadata: { colour: 'blue' },
      Tagging: 'team=blue',
      ServerSideEncryption: 'aws:kms',
      SSEKMSKeyId: key,
    }),
  )
})
afterAll(() => world.stop())

const CopySource = `${Bucket}/${encodeURIComponent('source ü+')}`
const copy = (Key: string, more: Partial<CopyObjectCommandInput> = {}, s3 = world.s3) =>
  s3.send(new CopyObjectCommand({ Bucket, Key, CopySource, ...more }))
const read = async (Key: string) => {
  const { Body } = await world.s3.send(new GetObjectCommand({ Bucket, Key }))
  return Body?.transformToString()
}
const tags = async (Key: string) => (await world.s3.send(new GetObjectTaggingCommand({ Bucket, Key }))).TagSet

describe('CopyObject', () => {
  it('copies bytes, metadata and tags, but not the encryption', async () => {
    const answer = await copy('plain-copy')
    expect(answer.ServerSideEncryption).toBe('AES256')
    expect(answer.CopyObjectResult).toMatchObject({
      ETag: '"9a0364b9e99bb480dd25e1f0284c8555"',
      ChecksumType: 'FULL_OBJECT',
    })
    expect(await read('plain-copy')).toBe('content')
    const head = await world.s3.send(new HeadObjectCommand({ Bucket, Key: 'plain-copy' }))
    expect(head).toMatchObject({ ContentType: 'text/plain', Metadata: { colour: 'blue' } })
    expect(await tags('plain-copy')).toEqual([{ Key: 'team', Value: 'blue' }])
  })

  it('replaces metadata and tags when told to', async () => {
    await copy('replaced', {
      MetadataDirective: 'REPLACE',
      Metadata: { shape: 'round' },
      ContentType: 'text/html',
      TaggingDirective: 'REPLACE',
      Tagging: 'a=1',
    })
    const head = await world.s3.send(new HeadObjectCommand({ Bucket, Key: 'replaced' }))
    expect(head).toMatchObject({ ContentType: 'text/html', Metadata: { shape: 'round' } })
    expect(await tags('replaced')).toEqual([{ Key: 'a', Value: '1' }])
  })

  it('to itself must change something', async () => {
    const self = { CopySource: `${Bucket}/self` }
    await world.s3.send(new PutObjectCommand({ Bucket, Key: 'self', Body: 'self' }))
    expect(await refusal(copy('self', self))).toEqual({
      status: 400,
      code: 'InvalidRequest',
      message:
        "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.",
    })
    const answer = await copy('self', { ...self, ServerSideEncryption: 'aws:kms', SSEKMSKeyId: key })
    expect(answer.SSEKMSKeyId).toBe(key)
    expect(await read('self')).toBe('self')
  })

  it('to itself needs no change where default encryption was put, were it what buckets have anyway', async () => {
    const own = 'self-copies'
    await world.s3.send(new CreateBucketCommand({ Bucket: own }))
    await world.s3.send(new PutObjectCommand({ Bucket: own, Key: 'self', Body: 'self' }))
    const self = () => world.s3.send(new CopyObjectCommand({ Bucket: own, Key: 'self', CopySource: `${own}/self` }))
    const byDefault = (SSEAlgorithm: 'AES256' | 'aws:kms', KMSMasterKeyID?: string) =>
      world.s3.send(
        new PutBucketEncryptionCommand({
          Bucket: own,
          ServerSideEncryptionConfiguration: {
            Rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm, KMSMasterKeyID } }],
          },
        }),
      )
    expect(await refusal(self())).toMatchObject({ code: 'InvalidRequest' })
    await byDefault('AES256')
    expect(await self()).toMatchObject({ ServerSideEncryption: 'AES256' })
    await byDefault('aws:kms', key)
    expect(await self()).toMatchObject({ SSEKMSKeyId: key })
    await world.s3.send(new DeleteBucketEncryptionCommand({ Bucket: own }))
    expect(await refusal(self())).toMatchObject({ code: 'InvalidRequest' })
  })

  it('checks the source’s conditions', async () => {
    expect(await refusal(copy('conditional', { CopySourceIfMatch: '"other"' }))).toEqual({
      status: 412,
      code: 'PreconditionFailed',
      message: 'At least one of the pre-conditions you specified did not hold',
    })
    expect(await refusal(copy('conditional', { CopySourceIfNoneMatch: '*' }))).toMatchObject({ status: 412 })
  })

  it('of a missing source is NoSuchKey, of a missing bucket NoSuchBucket', async () => {
    expect(await refusal(copy('x', { CopySource: `${Bucket}/missing` }))).toMatchObject({ code: 'NoSuchKey' })
    expect(await refusal(copy('x', { CopySource: 'no-such-bucket/missing' }))).toMatchObject({ code: 'NoSuchBucket' })
  })

  it('needs all of: reading the source and its tags, both keys, writing the copy and its tags', async () => {
    const user = await world.user('copier')
    const source = `"arn:aws:s3:::${Bucket}/source ü+"`
    const target = `"arn:aws:s3:::${Bucket}/theirs"`
    const missing = (action: string, resource: string) =>
      denied(
        `User: ${user.arn} is not authorized to perform: ${action} on resource: ${resource} because no identity-based policy allows the ${action} action`,
      )
    const attempt = () => copy('theirs', { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: key }, user.s3)
    const order = [
      ['kms:GenerateDataKey', key],
      ['s3:GetObject', source],
      ['s3:GetObjectTagging', source],
      ['kms:Decrypt', key],
      ['s3:PutObject', target],
      ['s3:PutObjectTagging', target],
    ] as const
    const granted: object[] = [allow('s3:ListAllMyBuckets')]
    for (const [action, resource] of order) {
      await world.allow('copier', ...granted)
      expect(await refusal(attempt())).toEqual(missing(action, resource))
      granted.push(allow(action))
    }
    await world.allow('copier', ...granted)
    await expect(attempt()).resolves.toBeDefined()
  })

  it('survives that its source is replaced meanwhile', async () => {
    await world.s3.send(new CreateBucketCommand({ Bucket: 'busy' }))
    const Body = Buffer.alloc(3_000_000, 'first ')
    await world.s3.send(new PutObjectCommand({ Bucket: 'busy', Key: 'k', Body }))
    const reading = await world.s3.send(new GetObjectCommand({ Bucket: 'busy', Key: 'k' }))
    const copying = copy('from-busy', { CopySource: 'busy/k' })
    await world.s3.send(new PutObjectCommand({ Bucket: 'busy', Key: 'k', Body: 'second' }))
    await world.s3.send(new DeleteObjectCommand({ Bucket: 'busy', Key: 'k' }))
    expect(Buffer.from((await reading.Body?.transformToByteArray()) ?? []).equals(Body)).toBe(true)
    await copying
    expect(['first ', 'second']).toContain((await read('from-busy'))?.slice(0, 6))
  })
})
