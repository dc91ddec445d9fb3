import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import {
  DeleteObjectCommand,
  DeleteObjectsCommand,
  DeleteObjectTaggingCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  PutObjectTaggingCommand,
  type PutObjectCommandInput,
} from '@aws-sdk/client-s3'
import { ACCOUNT } from '../../support/emulator.ts'
import { allow, denied, deny, refusal, startWorld, type World } from './support.ts'

const Bucket = 'objects'
let world: World
beforeAll(async () => {
  world = await startWorld(Bucket, 'listing')
})
afterAll(() => world.stop())

const put = (Key: string, more: Partial<PutObjectCommandInput> = {}) =>
  world.s3.send(new PutObjectCommand({ Bucket, Key, Body: `body of ${Key}`, ...more }))
const read = async (Key: string) => {
  const { Body } = await world.s3.send(new GetObjectCommand({ Bucket, Key }))
  return Body?.transformToString()
}
/** How many blobs there are. */
const blobs = () => {
  let count = 0
  world.emulator.emulator.env.blobs.sweep(() => ++count > 0)
  return count
}

describe('PutObject and GetObject', () => {
  it('keep what headers say', async () => {
    const given = {
      CacheControl: 'no-store',
      ContentDisposition: 'inline',
      ContentEncoding: 'gzip',
      ContentLanguage: 'de',
      ContentType: 'text/plain',
      Metadata: { colour: 'blue' },
      StorageClass: 'STANDARD_IA',
      WebsiteRedirectLocation: '/elsewhere',
    } as const
    await put('headers', { ...given, Tagging: 'a=1&b=2' })
    const answer = await world.s3.send(new GetObjectCommand({ Bucket, Key: 'headers' }))
    expect(answer).toMatchObject({ ...given, TagCount: 2, AcceptRanges: 'bytes', ServerSideEncryption: 'AES256' })
    const { $metadata, ...head } = await world.s3.send(new HeadObjectCommand({ Bucket, Key: 'headers' }))
    expect($metadata.httpStatusCode).toBe(200)
    expect(head).toMatchObject({ ...given, ContentLength: 15 })
    expect(head.ChecksumCRC32).toBeUndefined()
  })

  it('tell how many tags there are to those who may read them, of a version as another permission', async () => {
    await put('counted', { Tagging: 'a=1&b=2' })
    const reads = ['s3:GetObject', 's3:GetObjectVersion'] as const
    const { s3 } = await world.user('counter', allow(reads))
    const counts = async (VersionId?: string) => {
      const at = { Bucket, Key: 'counted', VersionId }
      const { TagCount: got } = await s3.send(new GetObjectCommand(at))
      const { TagCount: told } = await s3.send(new HeadObjectCommand(at))
      expect(told).toBe(got)
      return got
    }
    expect(await counts()).toBeUndefined()
    await world.allow('counter', allow([...reads, 's3:GetObjectTagging']))
    expect([await counts(), await counts('null')]).toEqual([2, undefined])
    await world.allow('counter', allow([...reads, 's3:GetObjectVersionTagging']))
    expect([await counts(), await counts('null')]).toEqual([undefined, 2])
  })

  it('answer MD5 as the ETag and the checksum that was sent', async () => {
    const answer = await put('digests', { ChecksumAlgorithm: 'SHA256' })
    const body = 'body of digests'
    expect(answer).toMatchObject({
      ETag: `"${createHash('md5').update(body).digest('hex')}"`,
      ChecksumSHA256: createHash('sha256').update(body).digest('base64'),
      ChecksumType: 'FULL_OBJECT',
    })
    const head = await world.s3.send(new HeadObjectCommand({ Bucket, Key: 'digests', ChecksumMode: 'ENABLED' }))
    expect(head.ChecksumSHA256).toBe(answer.ChecksumSHA256)
  })

  it('take an empty body', async () => {
    await put('empty', { Body: '' })
    expect(await read('empty')).toBe('')
  })

  it('stream large bodies both ways', async () => {
    const chunk = Buffer.alloc(256 * 1024, 'twokey ')
    const length = 40 * chunk.length + 17
    // eslint-disable-next-line @typescript-eslint/require-await -- a stream is asynchronous
    async function* body() {
      for (let n = 0; n < 40; n++) yield chunk
      yield chunk.subarray(0, 17)
    }
    await put('large', { Body: Readable.from(body()), ContentLength: length })
    const { Body } = await world.s3.send(new GetObjectCommand({ Bucket, Key: 'large' }))
    const bytes = Buffer.from((await Body?.transformToByteArray()) ?? [])
    expect(bytes.length).toBe(length)
    expect(bytes.subarray(0, chunk.length).equals(chunk)).toBe(true)
    expect(bytes.subarray(-17).equals(chunk.subarray(0, 17))).toBe(true)
  })

  it.each([
    ['bytes=5-6', 'of', 'bytes 5-6/14'],
    ['bytes=-4', 'range', undefined],
    ['bytes=8-', 'ranges', 'bytes 8-13/14'],
  ])('answer %s', async (Range, text, contentRange) => {
    await put('ranges')
    const answer = await world.s3.send(new GetObjectCommand({ Bucket, Key: 'ranges', Range }))
    expect(answer.$metadata.httpStatusCode).toBe(206)
    expect(answer.ChecksumCRC32).toBeUndefined()
    const body = await answer.Body?.transformToString()
    if (contentRange) expect([body, answer.ContentRange]).toEqual([text, contentRange])
    else expect(text).toContain(body?.slice(0, 3) ?? 'nothing')
  })

  it('refuse a range that does not exist', async () => {
    await put('ranges')
    expect(await refusal(world.s3.send(new GetObjectCommand({ Bucket, Key: 'ranges', Range: 'bytes=99-' })))).toEqual({
      status: 416,
      code: 'InvalidRange',
      message: 'The requested range is not satisfiable',
    })
  })

  it('leave no blob of what was overwritten or refused', async () => {
    await put('overwritten')
    const before = blobs()
    await put('overwritten', { Body: 'again' })
    await refusal(put('overwritten', { Body: 'never', IfNoneMatch: '*' }))
    await refusal(put('overwritten', { Body: 'never', ContentMD5: createHash('md5').update('other').digest('base64') }))
    expect(blobs()).toBe(before)
    expect(await read('overwritten')).toBe('again')
  })

  it.each([
    [{ ContentMD5: 'bm90IGFuIG1kNQ==' }, 'InvalidDigest', 'The Content-MD5 you specified was invalid.'],
    [
      { ContentMD5: createHash('md5').update('other').digest('base64') },
      'BadDigest',
      'The Content-MD5 you specified did not match what we received.',
    ],
    [{ ChecksumCRC32: 'AAAAAA==' }, 'BadDigest', 'The CRC32 you specified did not match the calculated checksum.'],
    [{ ACL: 'public-read' as const }, 'AccessControlListNotSupported', 'The bucket does not allow ACLs'],
    [
      { Metadata: { big: 'x'.repeat(2048) } },
      'MetadataTooLarge',
      'Your metadata headers exceed the maximum allowed metadata size',
    ],
    [{ StorageClass: 'CHEAP' as 'STANDARD' }, 'InvalidStorageClass', 'The storage class you specified is not valid'],
  ])('refuse %j', async (more, code, message) => {
    expect(await refusal(put('refused', more))).toEqual({ status: 400, code, message })
    expect(await refusal(read('refused'))).toMatchObject({ code: 'NoSuchKey' })
  })
})

describe('conditions', () => {
  it('of a read', async () => {
    const { ETag } = await put('conditions')
    const get = (more: object) => world.s3.send(new GetObjectCommand({ Bucket, Key: 'conditions', ...more }))
    await expect(get({ IfMatch: ETag })).resolves.toBeDefined()
    const failed = {
      status: 412,
      code: 'PreconditionFailed',
      message: 'At least one of the pre-conditions you specified did not hold',
    }
    expect(await refusal(get({ IfMatch: '"other"' }))).toEqual(failed)
    expect(await refusal(get({ IfNoneMatch: ETag }))).toMatchObject({ status: 304 })
    expect(await refusal(get({ IfModifiedSince: new Date(Date.now() + 1000) }))).toMatchObject({ status: 304 })
    expect(await refusal(get({ IfUnmodifiedSince: new Date(0) }))).toEqual(failed)
    await expect(get({ IfMatch: ETag, IfUnmodifiedSince: new Date(0) })).resolves.toBeDefined()
  })

  it('of a write', async () => {
    const { ETag } = await put('create-once', { IfNoneMatch: '*' })
    expect(await refusal(put('create-once', { IfNoneMatch: '*' }))).toMatchObject({ status: 412 })
    expect(await refusal(put('create-once', { IfMatch: '"other"' }))).toMatchObject({ status: 412 })
    await put('create-once', { IfMatch: ETag, Body: 'changed' })
    expect(await read('create-once')).toBe('changed')
    expect(await refusal(put('not-there', { IfMatch: ETag }))).toMatchObject({ status: 404, code: 'NoSuchKey' })
    expect(await refusal(put('create-once', { IfNoneMatch: ETag }))).toEqual({
      status: 501,
      code: 'NotImplemented',
      message: 'A header you provided implies functionality that is not implemented',
    })
  })

  it('lets one of many writers through', async () => {
    const writers = Array.from({ length: 8 }, (_, n) => put('race', { IfNoneMatch: '*', Body: String(n) }))
    const results = await Promise.allSettled(writers)
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })
})

describe('a missing key', () => {
  it('is 404 for those who may list the bucket', async () => {
    expect(await refusal(world.s3.send(new GetObjectCommand({ Bucket, Key: 'missing' })))).toEqual({
      status: 404,
      code: 'NoSuchKey',
      message: 'The specified key does not exist.',
    })
    expect(await refusal(world.s3.send(new HeadObjectCommand({ Bucket, Key: 'missing' })))).toMatchObject({
      status: 404,
      code: 'NotFound',
    })
  })

  it('is 403 for those who may not', async () => {
    const user = await world.user('reader', allow('s3:GetObject'))
    expect(await refusal(user.s3.send(new GetObjectCommand({ Bucket, Key: 'missing' })))).toEqual(
      denied(
        `User: ${user.arn} is not authorized to perform: s3:ListBucket on resource: "arn:aws:s3:::${Bucket}" because no identity-based policy allows the s3:ListBucket action`,
      ),
    )
  })

  it('of a version that S3 never gave out', async () => {
    const get = (VersionId: string) => world.s3.send(new GetObjectCommand({ Bucket, Key: 'missing', VersionId }))
    expect(await refusal(get('nonsense'))).toEqual({
      status: 400,
      code: 'InvalidArgument',
      message: 'Invalid version id specified',
    })
    expect(await refusal(get('a'.repeat(32)))).toMatchObject({ status: 404, code: 'NoSuchVersion' })
  })
})

describe('permissions', () => {
  it('are asked for each object', async () => {
    await put('allowed/one')
    await put('forbidden/one')
    const user = await world.user('partial', allow('s3:GetObject', `arn:aws:s3:::${Bucket}/allowed/*`))
    await expect(user.s3.send(new GetObjectCommand({ Bucket, Key: 'allowed/one' }))).resolves.toBeDefined()
    expect(await refusal(user.s3.send(new GetObjectCommand({ Bucket, Key: 'forbidden/one' })))).toEqual(
      denied(
        `User: arn:aws:iam::${ACCOUNT}:user/partial is not authorized to perform: s3:GetObject on resource: "arn:aws:s3:::${Bucket}/forbidden/one" because no identity-based policy allows the s3:GetObject action`,
      ),
    )
  })

  it('are refused before a large body has been read, and the client hears why', async () => {
    const user = await world.user('large-writer', allow('s3:GetObject'))
    const large = { Bucket, Key: 'large', Body: Buffer.alloc(30_000_000) }
    expect(await refusal(user.s3.send(new PutObjectCommand(large)))).toMatchObject({ code: 'AccessDenied' })
  })

  it('see the tags of the object and of the request', async () => {
    await put('tagged', { Tagging: 'team=blue' })
    const user = await world.user(
      'tag-reader',
      { ...allow('s3:GetObject'), Condition: { StringEquals: { 's3:ExistingObjectTag/team': 'blue' } } },
      allow('s3:PutObject'),
      { ...allow('s3:PutObjectTagging'), Condition: { StringEquals: { 's3:RequestObjectTag/team': 'red' } } },
    )
    await expect(user.s3.send(new GetObjectCommand({ Bucket, Key: 'tagged' }))).resolves.toBeDefined()
    await world.s3.send(
      new PutObjectTaggingCommand({ Bucket, Key: 'tagged', Tagging: { TagSet: [{ Key: 'team', Value: 'red' }] } }),
    )
    expect(await refusal(user.s3.send(new GetObjectCommand({ Bucket, Key: 'tagged' })))).toMatchObject({ status: 403 })
    const write = (Tagging: string) =>
      user.s3.send(new PutObjectCommand({ Bucket, Key: 'tagged-by-user', Body: 'x', Tagging }))
    await expect(write('team=red')).resolves.toBeDefined()
    expect(await refusal(write('team=blue'))).toEqual(
      denied(
        `User: ${user.arn} is not authorized to perform: s3:PutObjectTagging on resource: "arn:aws:s3:::${Bucket}/tagged-by-user" because no identity-based policy allows the s3:PutObjectTagging action`,
      ),
    )
  })

  it('to list see the prefix', async () => {
    const user = await world.user('lister', {
      ...allow('s3:ListBucket'),
      Condition: { StringLike: { 's3:prefix': 'home/*' } },
    })
    await expect(user.s3.send(new ListObjectsV2Command({ Bucket, Prefix: 'home/a' }))).resolves.toBeDefined()
    expect(await refusal(user.s3.send(new ListObjectsV2Command({ Bucket })))).toEqual(
      denied(
        `User: ${user.arn} is not authorized to perform: s3:ListBucket on resource: "arn:aws:s3:::${Bucket}" because no identity-based policy allows the s3:ListBucket action`,
      ),
    )
  })
})

describe('DeleteObject and DeleteObjects', () => {
  it('delete what is there and what is not', async () => {
    await put('gone')
    const { $metadata } = await world.s3.send(new DeleteObjectCommand({ Bucket, Key: 'gone' }))
    expect($metadata.httpStatusCode).toBe(204)
    await world.s3.send(new DeleteObjectCommand({ Bucket, Key: 'gone' }))
    expect(await refusal(read('gone'))).toMatchObject({ code: 'NoSuchKey' })
  })

  it('answer for each key', async () => {
    for (const key of ['batch/a', 'batch/b', 'batch/c']) await put(key)
    const user = await world.user('sweeper', allow('s3:*'), deny('s3:DeleteObject', `arn:aws:s3:::${Bucket}/batch/b`))
    const answer = await user.s3.send(
      new DeleteObjectsCommand({
        Bucket,
        Delete: { Objects: [{ Key: 'batch/a' }, { Key: 'batch/b' }, { Key: 'batch/never' }] },
      }),
    )
    expect(answer.Deleted).toEqual([{ Key: 'batch/a' }, { Key: 'batch/never' }])
    expect(answer.Errors).toEqual([
      {
        Key: 'batch/b',
        Code: 'AccessDenied',
        Message: `User: ${user.arn} is not authorized to perform: s3:DeleteObject on resource: "arn:aws:s3:::${Bucket}/batch/b" with an explicit deny in an identity-based policy`,
      },
    ])
    expect(await read('batch/b')).toBe('body of batch/b')
    expect(await refusal(read('batch/a'))).toMatchObject({ code: 'NoSuchKey' })
  })
})

describe('tagging', () => {
  it('of an object', async () => {
    await put('tags', { Tagging: 'a=1' })
    const tags = async () => (await world.s3.send(new GetObjectTaggingCommand({ Bucket, Key: 'tags' }))).TagSet
    expect(await tags()).toEqual([{ Key: 'a', Value: '1' }])
    const TagSet = [{ Key: 'b', Value: '' }]
    await world.s3.send(new PutObjectTaggingCommand({ Bucket, Key: 'tags', Tagging: { TagSet } }))
    expect(await tags()).toEqual(TagSet)
    await world.s3.send(new DeleteObjectTaggingCommand({ Bucket, Key: 'tags' }))
    expect(await tags()).toEqual([])
    expect(await read('tags')).toBe('body of tags')
  })
})

describe('GetObjectAttributes', () => {
  it('answers what was asked for', async () => {
    const { ETag, ChecksumCRC32 } = await put('attributes')
    const answer = await world.s3.send(
      new GetObjectAttributesCommand({
        Bucket,
        Key: 'attributes',
        ObjectAttributes: ['ETag', 'Checksum', 'ObjectSize', 'StorageClass'],
      }),
    )
    expect(answer).toMatchObject({
      ETag: ETag?.replaceAll('"', ''),
      Checksum: { ChecksumCRC32, ChecksumType: 'FULL_OBJECT' },
      ObjectSize: 18,
      StorageClass: 'STANDARD',
    })
  })

  it('needs the permission to read, too', async () => {
    await put('attributes')
    const user = await world.user('attributes', allow('s3:GetObjectAttributes'))
    expect(
      await refusal(
        user.s3.send(new GetObjectAttributesCommand({ Bucket, Key: 'attributes', ObjectAttributes: ['ETag'] })),
      ),
    ).toEqual(
      denied(
        `User: ${user.arn} is not authorized to perform: s3:GetObject on resource: "arn:aws:s3:::${Bucket}/attributes" because no identity-based policy allows the s3:GetObject action`,
      ),
    )
  })
})

describe('listings', () => {
  beforeAll(async () => {
    for (const Key of ['a', 'b/1', 'b/2', 'c d', 'é']) {
      await world.s3.send(new PutObjectCommand({ Bucket: 'listing', Key, Body: Key }))
    }
  })

  it('in pages, by token', async () => {
    const found: unknown[] = []
    let ContinuationToken: string | undefined
    do {
      const page = await world.s3.send(
        new ListObjectsV2Command({ Bucket: 'listing', Delimiter: '/', MaxKeys: 1, ContinuationToken }),
      )
      expect(page.KeyCount).toBe(1)
      found.push(page.Contents?.[0]?.Key ?? page.CommonPrefixes?.[0]?.Prefix)
      ContinuationToken = page.NextContinuationToken
      expect(page.IsTruncated).toBe(ContinuationToken !== undefined)
    } while (ContinuationToken)
    expect(found).toEqual(['a', 'b/', 'c d', 'é'])
  })

  it('after a key', async () => {
    const { Contents } = await world.s3.send(new ListObjectsV2Command({ Bucket: 'listing', StartAfter: 'b/1' }))
    expect(Contents?.map(({ Key }) => Key)).toEqual(['b/2', 'c d', 'é'])
  })

  it('by marker, with owners', async () => {
    const page = await world.s3.send(new ListObjectsCommand({ Bucket: 'listing', Delimiter: '/', MaxKeys: 2 }))
    expect(page).toMatchObject({ IsTruncated: true, NextMarker: 'b/', CommonPrefixes: [{ Prefix: 'b/' }] })
    expect(page.Contents?.[0]?.Owner?.ID).toMatch(/^[0-9a-f]{64}$/)
    const rest = await world.s3.send(
      new ListObjectsCommand({ Bucket: 'listing', Delimiter: '/', Marker: page.NextMarker }),
    )
    expect(rest.Contents?.map(({ Key }) => Key)).toEqual(['c d', 'é'])
  })

  it('with encoded keys', async () => {
    const page = await world.s3.send(new ListObjectsV2Command({ Bucket: 'listing', EncodingType: 'url', Prefix: 'c' }))
    expect(page).toMatchObject({ EncodingType: 'url', Contents: [{ Key: 'c+d' }] })
  })

  it.each([
    [{ MaxKeys: -1 }, 'Argument maxKeys must be an integer between 0 and 2147483647'],
    [{ ContinuationToken: '!' }, 'The continuation token provided is incorrect'],
    [{ EncodingType: 'base64' as 'url' }, 'Invalid Encoding Method specified in Request'],
  ])('refuse %j', async (more, message) => {
    expect(await refusal(world.s3.send(new ListObjectsV2Command({ Bucket: 'listing', ...more })))).toEqual({
      status: 400,
      code: 'InvalidArgument',
      message,
    })
  })
})
