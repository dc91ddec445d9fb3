import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import {
  DeleteBucketPolicyCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  HeadObjectCommand,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  type DeleteObjectCommandInput,
  type ObjectIdentifier,
  type S3Client,
} from '@aws-sdk/client-s3'
import { send, signed } from '../../support/raw.ts'
import { allow, denied, deny, policy, refusal, startWorld, type Person, type World } from './support.ts'

const Bucket = 'deletions'
const VERSIONED = 'deletions-of-versions'
const Key = 'object'
const ARN = `arn:aws:s3:::${Bucket}/${Key}`
const NOT_IMPLEMENTED = 'A header you provided implies functionality that is not implemented'

let world: World
/** May delete, and not read. */
let user: Person
let etag = ''
beforeAll(async () => {
  world = await startWorld(Bucket, VERSIONED)
  user = await world.user('deleter', allow(['s3:DeleteObject', 's3:ListBucket']))
  const VersioningConfiguration = { Status: 'Enabled' as const }
  await world.s3.send(new PutBucketVersioningCommand({ Bucket: VERSIONED, VersioningConfiguration }))
})
afterAll(() => world.stop())
beforeEach(async () => {
  const { ETag = '' } = await world.s3.send(new PutObjectCommand({ Bucket, Key, Body: 'text' }))
  etag = ETag
})

const remove = (s3: S3Client, more: Partial<DeleteObjectCommandInput> = {}) =>
  s3.send(new DeleteObjectCommand({ Bucket, Key, ...more }))
const removeAll = (s3: S3Client, ...entries: readonly Partial<ObjectIdentifier>[]) =>
  s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: entries.map((entry) => ({ Key, ...entry })) } }))
const isThere = async () => {
  const answer = await refusal(world.s3.send(new HeadObjectCommand({ Bucket, Key }))).catch(() => 'there')
  return answer === 'there'
}
const unread = () =>
  `User: ${user.arn} is not authorized to perform: s3:GetObject on resource: "${ARN}" because no identity-based policy allows the s3:GetObject action`

describe('DeleteObject with a condition', () => {
  it('on the ETag needs the permission to read, too', async () => {
    // A wrong one is not told of either.
    for (const IfMatch of [etag, '"other"']) {
      expect(await refusal(remove(user.s3, { IfMatch }))).toEqual(denied(unread()))
    }
    expect(await isThere()).toBe(true)
    await remove(world.s3, { IfMatch: etag })
    expect(await isThere()).toBe(false)
  })

  it('that there is an object needs no more than the permission to delete', async () => {
    await remove(user.s3, { IfMatch: '*' })
    expect(await isThere()).toBe(false)
  })

  it.each([
    ['x-amz-if-match-size', '4'],
    ['x-amz-if-match-size', '99'],
    ['x-amz-if-match-last-modified-time', 'Thu, 01 Dec 1994 16:00:00 GMT'],
  ])('of directory buckets is refused: %s: %s', async (name, value) => {
    const { url } = world.emulator
    const request = { method: 'DELETE', path: `/${Bucket}/${Key}`, headers: { [name]: value } }
    const { status, body } = await send(url, signed(url, 's3', request))
    expect(status).toBe(501)
    expect(body).toContain(
      `<Code>NotImplemented</Code><Message>${NOT_IMPLEMENTED}</Message><Header>${name}</Header><RequestId>`,
    )
    expect(await isThere()).toBe(true)
  })

  it('is refused on a version that is named, even the current one', async () => {
    const put = new PutObjectCommand({ Bucket: VERSIONED, Key, Body: 'text' })
    const { VersionId, ETag } = await world.s3.send(put)
    for (const IfMatch of [ETag, '*', '"other"']) {
      const refused = await refusal(remove(world.s3, { Bucket: VERSIONED, VersionId, IfMatch }))
      expect(refused).toEqual({ status: 501, code: 'NotImplemented', message: NOT_IMPLEMENTED })
    }
    const { ContentLength } = await world.s3.send(new HeadObjectCommand({ Bucket: VERSIONED, Key, VersionId }))
    expect(ContentLength).toBe(4)
  })
})

describe('DeleteObjects with conditions', () => {
  it('on ETags needs the permission to read those objects, too', async () => {
    const refused = await removeAll(user.s3, { ETag: etag }, { Key: 'another' })
    expect(refused.Errors).toEqual([{ Key, Code: 'AccessDenied', Message: unread() }])
    expect(refused.Deleted).toEqual([{ Key: 'another' }])
    expect(await isThere()).toBe(true)
    const { Errors } = await removeAll(world.s3, { ETag: '"other"' })
    expect(Errors).toEqual([
      {
        Key,
        Code: 'PreconditionFailed',
        Message: 'At least one of the pre-conditions you specified did not hold',
      },
    ])
    const { Deleted } = await removeAll(user.s3, { ETag: '*' })
    expect(Deleted).toEqual([{ Key }])
    expect(await isThere()).toBe(false)
  })

  it('can be demanded by a policy, for each key', async () => {
    const statement = {
      ...deny('s3:DeleteObject', `arn:aws:s3:::${Bucket}/*`),
      Principal: '*',
      Condition: { Null: { 's3:if-match': 'true' } },
    }
    await world.s3.send(new PutBucketPolicyCommand({ Bucket, Policy: policy(statement) }))
    const { Errors, Deleted } = await removeAll(user.s3, { ETag: '*' }, { Key: 'another' })
    await world.s3.send(new DeleteBucketPolicyCommand({ Bucket }))
    expect(Deleted).toEqual([{ Key }])
    const message = `User: ${user.arn} is not authorized to perform: s3:DeleteObject on resource: "arn:aws:s3:::${Bucket}/another" with an explicit deny in a resource-based policy`
    expect(Errors).toEqual([{ Key: 'another', Code: 'AccessDenied', Message: message }])
  })

  it.each([{ Size: 4 }, { LastModifiedTime: new Date(0) }])('of directory buckets are refused: %j', async (entry) => {
    expect(await refusal(removeAll(world.s3, entry))).toEqual({
      status: 400,
      code: 'MalformedXML',
      message: 'The XML you provided was not well-formed or did not validate against our published schema',
    })
    expect(await isThere()).toBe(true)
  })

  it('are refused on versions that are named', async () => {
    const { Errors } = await removeAll(world.s3, { VersionId: 'null', ETag: etag })
    expect(Errors).toEqual([{ Key, VersionId: 'null', Code: 'NotImplemented', Message: NOT_IMPLEMENTED }])
    expect(await isThere()).toBe(true)
  })
})
