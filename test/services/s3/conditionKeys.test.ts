import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteBucketPolicyCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutBucketEncryptionCommand,
  PutBucketOwnershipControlsCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { ACCOUNT, OTHER_ACCOUNT } from '../../support/emulator.ts'
import { canonicalId } from '../../../emulator/services/s3/names.ts'
import { allow, denied, deny, policy, refusal, startWorld, type Person, type World } from './support.ts'

const Bucket = 'conditional'
const Key = 'object'
const ARN = `arn:aws:s3:::${Bucket}/${Key}`

let world: World
let user: Person
let keyArn = ''
beforeAll(async () => {
  world = await startWorld(Bucket)
  user = await world.user('writer', allow('*'))
  keyArn = await world.key()
  const OwnershipControls = { Rules: [{ ObjectOwnership: 'ObjectWriter' as const }] }
  await world.s3.send(new PutBucketOwnershipControlsCommand({ Bucket, OwnershipControls }))
  await world.s3.send(new PutObjectCommand({ Bucket, Key, Body: 'text', Tagging: 'team=red' }))
})
afterAll(() => world.stop())

/** Denies an action while a condition holds. */
async function forbid(action: string, Condition: object, resource = ARN) {
  const statement = { ...deny(action, resource), Principal: '*', Condition }
  await world.s3.send(new PutBucketPolicyCommand({ Bucket, Policy: policy(statement) }))
}
const struck = (action: string, resource = ARN) =>
  denied(
    `User: ${user.arn} is not authorized to perform: ${action} on resource: "${resource}" with an explicit deny in a resource-based policy`,
  )
const put = (more: object = {}) => user.s3.send(new PutObjectCommand({ Bucket, Key, Body: 'text', ...more }))
const get = (more: object = {}) => user.s3.send(new GetObjectCommand({ Bucket, Key, ...more }))
const list = (more: object = {}) => user.s3.send(new ListObjectsV2Command({ Bucket, ...more }))

describe('a condition on a write sees', () => {
  const OTHER = `id="${canonicalId(OTHER_ACCOUNT)}"`
  it.each<[string, string | null, object, object]>([
    ['s3:x-amz-acl', 'bucket-owner-read', { ACL: 'bucket-owner-read' }, {}],
    ['s3:x-amz-grant-read', OTHER, { GrantRead: OTHER }, {}],
    ['s3:x-amz-grant-read-acp', OTHER, { GrantReadACP: OTHER }, {}],
    ['s3:x-amz-grant-write-acp', OTHER, { GrantWriteACP: OTHER }, {}],
    ['s3:x-amz-grant-full-control', OTHER, { GrantFullControl: OTHER }, {}],
    ['s3:x-amz-storage-class', 'STANDARD_IA', { StorageClass: 'STANDARD_IA' }, {}],
    ['s3:x-amz-website-redirect-location', '/there', { WebsiteRedirectLocation: '/there' }, {}],
    ['s3:x-amz-server-side-encryption', 'AES256', { ServerSideEncryption: 'AES256' }, {}],
    ['s3:RequestObjectTag/team', 'blue', { Tagging: 'team=blue' }, { Tagging: 'team=red' }],
    ['s3:if-none-match', '*', { IfNoneMatch: '*' }, {}],
  ])('%s', async (key, value, with_, without) => {
    await forbid('s3:PutObject', { StringEquals: { [key]: value } })
    expect(await refusal(put(with_))).toEqual(struck('s3:PutObject'))
    await put(without)
  })

  it('s3:ObjectCreationOperation: only what makes an object must be conditional', async () => {
    await forbid('s3:PutObject', {
      Null: { 's3:if-none-match': 'true' },
      Bool: { 's3:ObjectCreationOperation': 'true' },
    })
    expect(await refusal(put())).toEqual(struck('s3:PutObject'))
    expect(
      await refusal(
        user.s3.send(
          new CopyObjectCommand({ Bucket, Key, CopySource: `${Bucket}/${Key}`, MetadataDirective: 'REPLACE' }),
        ),
      ),
    ).toEqual(struck('s3:PutObject'))
    const { UploadId } = await user.s3.send(new CreateMultipartUploadCommand({ Bucket, Key }))
    const { ETag } = await user.s3.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber: 1, Body: 'part' }))
    const complete = new CompleteMultipartUploadCommand({
      Bucket,
      Key,
      UploadId,
      MultipartUpload: { Parts: [{ PartNumber: 1, ETag }] },
    })
    expect(await refusal(user.s3.send(complete))).toEqual(struck('s3:PutObject'))
    expect(await refusal(put({ IfNoneMatch: '*' }))).toMatchObject({ status: 412 })
  })

  it('the key that will be used, by its ARN, also where only the bucket names one', async () => {
    const name = 's3:x-amz-server-side-encryption-aws-kms-key-id'
    await forbid('s3:PutObject', { ArnNotEqualsIfExists: { [name]: keyArn } })
    await put({ ServerSideEncryption: 'aws:kms', SSEKMSKeyId: keyArn.split('/')[1] })
    expect(await refusal(put({ ServerSideEncryption: 'aws:kms' }))).toEqual(struck('s3:PutObject'))
    await world.s3.send(
      new PutBucketEncryptionCommand({
        Bucket,
        ServerSideEncryptionConfiguration: {
          Rules: [
            { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: keyArn.split('/')[1] } },
          ],
        },
      }),
    )
    await put()
    await forbid('s3:PutObject', { ArnEquals: { [name]: keyArn } })
    expect(await refusal(put())).toEqual(struck('s3:PutObject'))
    await put({ ServerSideEncryption: 'AES256', Tagging: 'team=red' })
  })
})

describe('a condition on a read sees', () => {
  it.each([
    ['s3:ExistingObjectTag/team', { StringEquals: { 's3:ExistingObjectTag/team': 'red' } }],
    ['s3:authType', { StringEquals: { 's3:authType': 'REST-HEADER' } }],
    ['s3:signatureversion', { StringEquals: { 's3:signatureversion': 'AWS4-HMAC-SHA256' } }],
    ['s3:signatureAge', { NumericLessThan: { 's3:signatureAge': '60000' } }],
    ['s3:TlsVersion', { NumericGreaterThan: { 's3:TlsVersion': '1.1' } }],
    ['s3:ResourceAccount', { StringEquals: { 's3:ResourceAccount': ACCOUNT } }],
    ['aws:ResourceAccount', { StringEquals: { 'aws:ResourceAccount': ACCOUNT } }],
    ['aws:SourceIp', { IpAddress: { 'aws:SourceIp': '127.0.0.0/8' } }],
    ['aws:SecureTransport', { Bool: { 'aws:SecureTransport': 'true' } }],
    ['aws:PrincipalArn', { ArnLike: { 'aws:PrincipalArn': `arn:aws:iam::${ACCOUNT}:user/writer` } }],
  ])('%s', async (_, Condition) => {
    await forbid('s3:GetObject', Condition)
    expect(await refusal(get())).toEqual(struck('s3:GetObject'))
    expect(await refusal(user.s3.send(new HeadObjectCommand({ Bucket, Key })))).toMatchObject({ status: 403 })
  })

  it('s3:VersionId, of reads that name one', async () => {
    await forbid('s3:GetObjectVersion', { StringEquals: { 's3:VersionId': 'null' } })
    expect(await refusal(get({ VersionId: 'null' }))).toEqual(struck('s3:GetObjectVersion'))
    await get()
  })

  it('s3:prefix, s3:delimiter and s3:max-keys of listings', async () => {
    const bucket = `arn:aws:s3:::${Bucket}`
    await forbid('s3:ListBucket', { StringNotLike: { 's3:prefix': 'mine/*' } }, bucket)
    expect(await refusal(list())).toEqual(struck('s3:ListBucket', bucket))
    await list({ Prefix: 'mine/' })
    await forbid('s3:ListBucket', { StringEquals: { 's3:delimiter': '/' } }, bucket)
    expect(await refusal(list({ Delimiter: '/' }))).toEqual(struck('s3:ListBucket', bucket))
    await list()
    await forbid('s3:ListBucket', { NumericGreaterThan: { 's3:max-keys': '10' } }, bucket)
    expect(await refusal(list({ MaxKeys: 11 }))).toEqual(struck('s3:ListBucket', bucket))
    await list({ MaxKeys: 10 })
  })
})

it('a condition on tags sees those that are put', async () => {
  const tag = (Value: string) =>
    user.s3.send(new PutObjectTaggingCommand({ Bucket, Key, Tagging: { TagSet: [{ Key: 'team', Value }] } }))
  await forbid('s3:PutObjectTagging', { StringNotEquals: { 's3:RequestObjectTag/team': 'red' } })
  expect(await refusal(tag('blue'))).toEqual(struck('s3:PutObjectTagging'))
  await tag('red')
  await world.s3.send(new DeleteBucketPolicyCommand({ Bucket }))
})
