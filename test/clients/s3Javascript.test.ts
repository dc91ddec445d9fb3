import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { setTimeout } from 'node:timers/promises'
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  PutObjectCommand,
  UploadPartCommand,
  paginateListObjectsV2,
  waitUntilObjectExists,
  waitUntilObjectNotExists,
  type CompletedPart,
} from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { allow, refusal, startWorld, type World } from '../services/s3/support.ts'

const MIB = 1 << 20
const Bucket = 'data'
let world: World
let SSEKMSKeyId: string
beforeAll(async () => {
  world = await startWorld(Bucket)
  SSEKMSKeyId = await world.key()
})
afterAll(() => world.stop())

const underKey = () => ({ Bucket, ServerSideEncryption: 'aws:kms', SSEKMSKeyId }) as const
const uploads = async () => (await world.s3.send(new ListMultipartUploadsCommand({ Bucket }))).Uploads ?? []

async function read(Key: string, Range?: string): Promise<Buffer> {
  const { Body } = await world.s3.send(new GetObjectCommand({ Bucket, Key, Range }))
  return Buffer.from((await Body?.transformToByteArray()) ?? [])
}

describe('Upload of lib-storage', () => {
  it('uploads a stream in parts under a key', async () => {
    const bytes = randomBytes(12 * MIB)
    const progress: number[] = []
    const upload = new Upload({
      client: world.s3,
      params: { ...underKey(), Key: 'stream', Body: Readable.from([bytes.subarray(0, 100), bytes.subarray(100)]) },
    })
    upload.on('httpUploadProgress', ({ loaded = 0 }) => progress.push(loaded))
    await upload.done()
    expect((await read('stream')).equals(bytes)).toBe(true)
    expect(await world.s3.send(new HeadObjectCommand({ Bucket, Key: 'stream' }))).toMatchObject({ SSEKMSKeyId })
    expect(Math.max(...progress)).toBe(bytes.length)
  })

  it('puts what is small in one piece', async () => {
    await new Upload({ client: world.s3, params: { ...underKey(), Key: 'small', Body: 'small' } }).done()
    expect((await read('small')).toString()).toBe('small')
  })

  it('leaves nothing when it is aborted in the middle', async () => {
    const body = new Readable({ read: () => undefined })
    body.push(randomBytes(6 * MIB))
    const upload = new Upload({ client: world.s3, params: { ...underKey(), Key: 'aborted', Body: body } })
    const done = upload.done()
    await new Promise((resolve) => {
      upload.on('httpUploadProgress', resolve)
    })
    expect((await uploads()).map(({ Key }) => Key)).toEqual(['aborted'])
    const aborted = upload.abort()
    body.push(null)
    await aborted
    await expect(done).rejects.toMatchObject({ name: 'AbortError' })
    // The library says so before it has told the server.
    while ((await uploads()).length > 0) await setTimeout(20)
    expect(await refusal(world.s3.send(new GetObjectCommand({ Bucket, Key: 'aborted' })))).toMatchObject({
      status: 404,
    })
  })

  it('leaves nothing when the key is not to be used', async () => {
    const writer = await world.user('writer', allow('s3:*'))
    const params = { ...underKey(), Key: 'denied', Body: randomBytes(6 * MIB) }
    expect(await refusal(new Upload({ client: writer.s3, params }).done())).toEqual({
      status: 403,
      code: 'AccessDenied',
      message: `User: ${writer.arn} is not authorized to perform: kms:GenerateDataKey on resource: ${SSEKMSKeyId} because no identity-based policy allows the kms:GenerateDataKey action`,
    })
    expect(await uploads()).toEqual([])
  })
})

describe('presigned parts', () => {
  it('are uploaded by somebody without credentials', async () => {
    const at = { Bucket, Key: 'by-url' }
    const { UploadId } = await world.s3.send(new CreateMultipartUploadCommand({ ...underKey(), ...at }))
    const url = await getSignedUrl(world.s3, new UploadPartCommand({ ...at, UploadId, PartNumber: 1 }))
    const sent = await fetch(url, { method: 'PUT', body: 'a part' })
    expect(sent.status).toBe(200)
    const Parts = [{ PartNumber: 1, ETag: sent.headers.get('etag') ?? '' }]
    await world.s3.send(new CompleteMultipartUploadCommand({ ...at, UploadId, MultipartUpload: { Parts } }))
    expect(await (await fetch(await getSignedUrl(world.s3, new GetObjectCommand(at)))).text()).toBe('a part')
  })
})

/* How data is read and committed by Spark on Hadoop's S3A file system. */
describe('an analytics engine', () => {
  const PART = 5 * MIB
  const bytes = randomBytes(3 * PART + 12_345)

  async function begin(Key: string, body: Buffer): Promise<{ UploadId: string | undefined; Parts: CompletedPart[] }> {
    const { UploadId } = await world.s3.send(new CreateMultipartUploadCommand({ ...underKey(), Key }))
    const numbers = Array.from({ length: Math.ceil(body.length / PART) }, (_, index) => index + 1)
    const Parts = numbers.map(async (PartNumber) => {
      const Body = body.subarray((PartNumber - 1) * PART, PartNumber * PART)
      const { ETag } = await world.s3.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body }))
      return { PartNumber, ETag }
    })
    return { UploadId, Parts: await Promise.all(Parts) }
  }

  it('commits by completing, from elsewhere, what its tasks have uploaded', async () => {
    const Key = 'table/part-0000.parquet'
    const { UploadId, Parts } = await begin(Key, bytes)
    const abandoned = await begin('table/part-0001.parquet', Buffer.from('of a task that failed'))
    expect((await world.s3.send(new ListObjectsV2Command({ Bucket, Prefix: 'table/' }))).KeyCount).toBe(0)

    // The committer is another process, with the same rights; it knows the upload's id and the parts' ETags only.
    const committer = await world.user('committer', allow(['s3:*', 'kms:Decrypt']))
    const listed = await committer.s3.send(new ListPartsCommand({ Bucket, Key, UploadId }))
    expect(listed.Parts?.map(({ ETag }) => ETag)).toEqual(Parts.map(({ ETag }) => ETag))
    await committer.s3.send(new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts } }))
    expect((await read(Key)).equals(bytes)).toBe(true)
    expect((await uploads()).map(({ UploadId: id }) => id)).toEqual([abandoned.UploadId])
  })

  it('reads many ranges of one large object at once', async () => {
    const { UploadId, Parts } = await begin('columns', bytes)
    const at = { Bucket, Key: 'columns' }
    await world.s3.send(new CompleteMultipartUploadCommand({ ...at, UploadId, MultipartUpload: { Parts } }))
    const ranges = Array.from({ length: 64 }, (_, index) => {
      const start = Math.floor((index * bytes.length) / 64)
      return [start, Math.min(start + 300_000 + index, bytes.length) - 1] as const
    })
    const found = await Promise.all(
      ranges.map(([start, end]) => read('columns', `bytes=${String(start)}-${String(end)}`)),
    )
    expect(
      found.every((range, index) => range.equals(bytes.subarray(ranges[index]?.[0], (ranges[index]?.[1] ?? 0) + 1))),
    ).toBe(true)
    expect((await read('columns', 'bytes=-8')).equals(bytes.subarray(-8))).toBe(true)
  })

  it('renames a directory: lists it page by page, copies, deletes', async () => {
    const names = Array.from({ length: 25 }, (_, index) => `_temporary/${String(index % 3)}/${String(index)}`)
    await Promise.all(names.map((Key) => world.s3.send(new PutObjectCommand({ ...underKey(), Key, Body: Key }))))
    const prefixes: (string | undefined)[] = []
    const page = { client: world.s3, pageSize: 2 }
    for await (const { CommonPrefixes = [] } of paginateListObjectsV2(page, {
      Bucket,
      Prefix: '_temporary/',
      Delimiter: '/',
    })) {
      prefixes.push(...CommonPrefixes.map(({ Prefix }) => Prefix))
    }
    expect(prefixes).toEqual(['_temporary/0/', '_temporary/1/', '_temporary/2/'])

    const moved: string[] = []
    for await (const { Contents = [] } of paginateListObjectsV2(
      { ...page, pageSize: 7 },
      { Bucket, Prefix: '_temporary/' },
    )) {
      for (const { Key = '' } of Contents) {
        const target = Key.replace('_temporary', 'final')
        await world.s3.send(new CopyObjectCommand({ ...underKey(), Key: target, CopySource: `${Bucket}/${Key}` }))
        await world.s3.send(new DeleteObjectCommand({ Bucket, Key }))
        moved.push(Key)
      }
    }
    expect(moved.sort()).toEqual([...names].sort())
    expect((await world.s3.send(new ListObjectsV2Command({ Bucket, Prefix: '_temporary/' }))).KeyCount).toBe(0)
    expect((await read('final/1/13')).toString()).toBe('_temporary/1/13')
    await waitUntilObjectExists({ client: world.s3, maxWaitTime: 10 }, { Bucket, Key: 'final/0/0' })
    await waitUntilObjectNotExists({ client: world.s3, maxWaitTime: 10 }, { Bucket, Key: '_temporary/0/0' })
  })
})
