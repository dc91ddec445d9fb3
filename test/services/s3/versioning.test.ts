import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  DeleteObjectTaggingCommand,
  GetBucketVersioningCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  UploadPartCommand,
  type PutObjectCommandInput,
} from '@aws-sdk/client-s3'
import { send, signed } from '../../support/raw.ts'
import { refusal, startWorld, type World } from './support.ts'

let world: World
let Bucket: string
let buckets = 0
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.stop())
beforeEach(async () => {
  Bucket = `versions-${++buckets}`
  await world.s3.send(new CreateBucketCommand({ Bucket }))
})

type Status = 'Enabled' | 'Suspended'
const versioning = (Status: Status) =>
  world.s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status } }))
const Key = 'report'
/** Puts a body; the version id that is answered. */
const put = async (Body: string, more: Partial<PutObjectCommandInput> = {}) =>
  (await world.s3.send(new PutObjectCommand({ Bucket, Key, Body, ...more }))).VersionId
const read = async (VersionId?: string, key = Key) => {
  const answer = await world.s3.send(new GetObjectCommand({ Bucket, Key: key, VersionId }))
  return [await answer.Body?.transformToString(), answer.VersionId]
}
const remove = async (VersionId?: string) => {
  const { $metadata, ...answer } = await world.s3.send(new DeleteObjectCommand({ Bucket, Key, VersionId }))
  expect($metadata.httpStatusCode).toBe(204)
  return answer
}
/** All versions, as `<id> <body size>` or `<id> deleted`, the latest with a star, as they stand in the listing. */
const versions = async () => {
  const { Versions = [], DeleteMarkers = [] } = await world.s3.send(new ListObjectVersionsCommand({ Bucket }))
  const star = (latest: boolean | undefined) => (latest ? '*' : '')
  return [
    ...Versions.map(({ VersionId, Size, IsLatest }) => `${VersionId} ${Size}${star(IsLatest)}`),
    ...DeleteMarkers.map(({ VersionId, IsLatest }) => `${VersionId} deleted${star(IsLatest)}`),
  ]
}
/** How many blobs there are. */
const blobs = () => {
  let count = 0
  world.emulator.emulator.env.blobs.sweep(() => ++count > 0)
  return count
}
const raw = (request: Parameters<typeof signed>[2]) =>
  send(world.emulator.url, signed(world.emulator.url, 's3', request))

const UNKNOWN = '7'.repeat(32)
const noSuchKey = { status: 404, code: 'NoSuchKey', message: 'The specified key does not exist.' }
const noSuchVersion = { status: 404, code: 'NoSuchVersion', message: 'The specified version does not exist.' }

describe('the configuration of versioning', () => {
  const configuration = async () => {
    const { $metadata, ...answer } = await world.s3.send(new GetBucketVersioningCommand({ Bucket }))
    expect($metadata.httpStatusCode).toBe(200)
    return answer
  }

  it('is absent, then Enabled, then Suspended', async () => {
    expect(await configuration()).toEqual({})
    await versioning('Enabled')
    expect(await configuration()).toEqual({ Status: 'Enabled' })
    await versioning('Suspended')
    expect(await configuration()).toEqual({ Status: 'Suspended' })
  })

  it('tells that MFA Delete is off when that was said', async () => {
    const VersioningConfiguration = { Status: 'Enabled', MFADelete: 'Disabled' } as const
    await world.s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }))
    expect(await configuration()).toEqual(VersioningConfiguration)
  })

  it('refuses what it does not know, and stays as it was', async () => {
    await versioning('Enabled')
    const configure = (VersioningConfiguration: object) =>
      refusal(world.s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration })))
    const malformed = {
      status: 400,
      code: 'MalformedXML',
      message: 'The XML you provided was not well-formed or did not validate against our published schema',
    }
    expect(await configure({})).toEqual({
      status: 400,
      code: 'IllegalVersioningConfigurationException',
      message: 'The Versioning element must be specified',
    })
    expect(await configure({ Status: 'Disabled' })).toEqual(malformed)
    expect(await configure({ Status: 'Suspended', MFADelete: 'On' })).toEqual(malformed)
    expect(await configure({ Status: 'Suspended', MFADelete: 'Enabled' })).toEqual({
      status: 501,
      code: 'NotImplemented',
      message: 'twokey does not emulate s3 MFA Delete',
    })
    expect(await configuration()).toEqual({ Status: 'Enabled' })
  })
})

describe('under versioning', () => {
  beforeEach(() => versioning('Enabled'))

  it('each write is a version with an id of its own, and all can be read', async () => {
    const first = await put('one')
    const second = await put('second')
    expect(first).toMatch(/^[A-Za-z0-9._]{32}$/)
    expect(second).toMatch(/^[A-Za-z0-9._]{32}$/)
    expect(second).not.toBe(first)
    expect(await read()).toEqual(['second', second])
    expect(await read(first)).toEqual(['one', first])
    expect(await read(second)).toEqual(['second', second])
    expect(await versions()).toEqual([`${second} 6*`, `${first} 3`])
    const { KeyCount, Contents } = await world.s3.send(new ListObjectsV2Command({ Bucket }))
    expect([KeyCount, Contents?.[0]?.Size]).toEqual([1, 6])
    const head = await world.s3.send(new HeadObjectCommand({ Bucket, Key, VersionId: first }))
    expect(head).toMatchObject({ VersionId: first, ContentLength: 3 })
    const attributes = await world.s3.send(
      new GetObjectAttributesCommand({ Bucket, Key, VersionId: first, ObjectAttributes: ['ObjectSize'] }),
    )
    expect(attributes).toMatchObject({ VersionId: first, ObjectSize: 3 })
  })

  it('reads of versions take ranges, conditions and part numbers', async () => {
    const first = await put('one')
    await put('second')
    const version = { Bucket, Key, VersionId: first }
    const part = await world.s3.send(new GetObjectCommand({ ...version, Range: 'bytes=1-' }))
    expect([await part.Body?.transformToString(), part.ContentRange]).toEqual(['ne', 'bytes 1-2/3'])
    const current = await world.s3.send(new HeadObjectCommand({ Bucket, Key }))
    const conditional = new GetObjectCommand({ ...version, IfMatch: current.ETag })
    expect(await refusal(world.s3.send(conditional))).toMatchObject({ status: 412, code: 'PreconditionFailed' })
  })

  it('what was there before has the version null, and stays', async () => {
    Bucket = `versions-${++buckets}`
    await world.s3.send(new CreateBucketCommand({ Bucket }))
    expect(await put('before')).toBeUndefined()
    expect(await read()).toEqual(['before', undefined])
    expect((await read('null'))[0]).toBe('before')
    await versioning('Enabled')
    expect(await read()).toEqual(['before', 'null'])
    const id = await put('after it')
    expect(await read('null')).toEqual(['before', 'null'])
    expect(await versions()).toEqual([`${id} 8*`, 'null 6'])
    // The one before it becomes current again.
    expect(await remove(id)).toEqual({ VersionId: id })
    expect(await read()).toEqual(['before', 'null'])
  })

  it('a deletion makes a delete marker, which hides the object', async () => {
    const first = await put('one')
    const marker = await remove()
    expect(marker).toEqual({ DeleteMarker: true, VersionId: expect.stringMatching(/^[A-Za-z0-9._]{32}$/) })
    expect(await refusal(read())).toEqual(noSuchKey)
    expect((await world.s3.send(new ListObjectsV2Command({ Bucket }))).KeyCount).toBe(0)
    expect(await read(first)).toEqual(['one', first])
    expect(await versions()).toEqual([`${first} 3`, `${marker.VersionId} deleted*`])
    const again = await remove()
    expect(again.VersionId).not.toBe(marker.VersionId)
    expect(await versions()).toEqual([`${first} 3`, `${again.VersionId} deleted*`, `${marker.VersionId} deleted`])
    expect(await remove(again.VersionId)).toEqual({ DeleteMarker: true, VersionId: again.VersionId })
    expect(await refusal(read())).toEqual(noSuchKey)
    expect(await remove(marker.VersionId)).toEqual({ DeleteMarker: true, VersionId: marker.VersionId })
    expect(await read()).toEqual(['one', first])
  })

  it('a deletion of what does not exist makes a delete marker, too', async () => {
    const { VersionId } = await remove()
    expect(await versions()).toEqual([`${VersionId} deleted*`])
  })

  it('answers about a delete marker say what it is', async () => {
    await put('one')
    const { VersionId: marker = '' } = await remove()
    for (const method of ['GET', 'HEAD']) {
      const hidden = await raw({ method, path: `/${Bucket}/${Key}` })
      expect(hidden.status).toBe(404)
      expect(hidden.headers).toMatchObject({ 'x-amz-delete-marker': 'true', 'x-amz-version-id': marker })
      const named = await raw({ method, path: `/${Bucket}/${Key}?versionId=${marker}` })
      expect(named.status).toBe(405)
      expect(named.headers).toMatchObject({
        'x-amz-delete-marker': 'true',
        'x-amz-version-id': marker,
        allow: 'DELETE',
      })
      expect(Date.parse(String(named.headers['last-modified']))).toBeGreaterThan(0)
      if (method === 'GET') {
        expect(named.body).toContain(
          '<Code>MethodNotAllowed</Code><Message>The specified method is not allowed against this resource.</Message>' +
            '<Method>GET</Method><ResourceType>DeleteMarker</ResourceType>',
        )
      }
    }
    const version = { Bucket, Key, VersionId: marker }
    const notAllowed = {
      status: 405,
      code: 'MethodNotAllowed',
      message: 'The specified method is not allowed against this resource.',
    }
    expect(await refusal(world.s3.send(new GetObjectTaggingCommand(version)))).toEqual(notAllowed)
    const ObjectAttributes = ['ETag' as const]
    const attributes = new GetObjectAttributesCommand({ ...version, ObjectAttributes })
    expect(await refusal(world.s3.send(attributes))).toEqual(notAllowed)
    const tagging = new PutObjectTaggingCommand({ ...version, Tagging: { TagSet: [{ Key: 'a', Value: '1' }] } })
    expect(await refusal(world.s3.send(tagging))).toEqual(notAllowed)
  })

  it('unknown, foreign and malformed versions are refused', async () => {
    const id = await put('one')
    await put('other', { Key: 'other' })
    expect(await refusal(read(UNKNOWN))).toEqual(noSuchVersion)
    expect(await refusal(read('null'))).toEqual(noSuchVersion)
    expect(await refusal(read(id, 'other'))).toEqual(noSuchVersion)
    const malformed = { status: 400, code: 'InvalidArgument', message: 'Invalid version id specified' }
    expect(await refusal(read('short'))).toEqual(malformed)
    expect(await refusal(remove('short'))).toEqual(malformed)
    // S3 deletes what is not there.
    expect(await remove(UNKNOWN)).toEqual({ VersionId: UNKNOWN })
    expect(await read()).toEqual(['one', id])
  })

  it('the deletion of a version removes its bytes, and that of a noncurrent one nothing else', async () => {
    const before = blobs()
    const first = await put('one')
    const second = await put('second')
    const third = await put('the third')
    expect(blobs()).toBe(before + 3)
    await remove(second)
    expect(blobs()).toBe(before + 2)
    expect(await refusal(read(second))).toEqual(noSuchVersion)
    expect(await versions()).toEqual([`${third} 9*`, `${first} 3`])
    await remove(third)
    expect(await read()).toEqual(['one', first])
    await remove(first)
    expect(await refusal(read())).toEqual(noSuchKey)
    expect(await versions()).toEqual([])
    expect(blobs()).toBe(before)
  })

  it('DeleteObjects tells the markers it makes and removes', async () => {
    const id = await put('one')
    const del = (...Objects: { Key: string; VersionId?: string }[]) =>
      world.s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }))
    const made = await del({ Key })
    const marker = made.Deleted?.[0]?.DeleteMarkerVersionId ?? ''
    expect(made.Deleted).toEqual([{ Key, DeleteMarker: true, DeleteMarkerVersionId: marker }])
    expect(await versions()).toEqual([`${id} 3`, `${marker} deleted*`])
    const removed = await del({ Key, VersionId: marker }, { Key, VersionId: id ?? '' }, { Key, VersionId: UNKNOWN })
    expect(removed.Errors).toBeUndefined()
    expect(removed.Deleted).toEqual([
      { Key, VersionId: marker, DeleteMarker: true, DeleteMarkerVersionId: marker },
      { Key, VersionId: id },
      { Key, VersionId: UNKNOWN },
    ])
    expect(await versions()).toEqual([])
    const { Errors } = await del({ Key, VersionId: 'short' })
    expect(Errors).toEqual([
      { Key, VersionId: 'short', Code: 'NoSuchVersion', Message: 'The specified version does not exist.' },
    ])
  })

  it('conditions look at the current version alone', async () => {
    await put('one')
    expect(await refusal(put('again', { IfNoneMatch: '*' }))).toMatchObject({ status: 412 })
    await remove()
    // Nothing is there to match.
    expect(await refusal(put('again', { IfMatch: '*' }))).toEqual(noSuchKey)
    const id = await put('new', { IfNoneMatch: '*' })
    expect(await read()).toEqual(['new', id])
    const { ETag } = await world.s3.send(new HeadObjectCommand({ Bucket, Key }))
    await put('newer')
    const stale = new DeleteObjectCommand({ Bucket, Key, IfMatch: ETag })
    expect(await refusal(world.s3.send(stale))).toMatchObject({ status: 412, code: 'PreconditionFailed' })
    expect((await read())[0]).toBe('newer')
    await remove()
    const hidden = new DeleteObjectCommand({ Bucket, Key, IfMatch: '*' })
    expect(await refusal(world.s3.send(hidden))).toEqual(noSuchKey)
  })

  it('each version has tags of its own', async () => {
    const first = await put('one', { Tagging: 'n=1' })
    const second = await put('second', { Tagging: 'n=2' })
    const tags = async (VersionId?: string) => {
      const answer = await world.s3.send(new GetObjectTaggingCommand({ Bucket, Key, VersionId }))
      return [answer.VersionId, answer.TagSet?.map((tag) => `${tag.Key}=${tag.Value}`).join()]
    }
    expect(await tags()).toEqual([second, 'n=2'])
    expect(await tags(first)).toEqual([first, 'n=1'])
    const Tagging = { TagSet: [{ Key: 'n', Value: 'one' }] }
    const set = await world.s3.send(new PutObjectTaggingCommand({ Bucket, Key, VersionId: first, Tagging }))
    expect(set.VersionId).toBe(first)
    expect(await tags(first)).toEqual([first, 'n=one'])
    const cleared = await world.s3.send(new DeleteObjectTaggingCommand({ Bucket, Key }))
    expect(cleared.VersionId).toBe(second)
    expect(await tags()).toEqual([second, ''])
    expect(await tags(first)).toEqual([first, 'n=one'])
    // Nothing moved.
    expect(await versions()).toEqual([`${second} 6*`, `${first} 3`])
  })

  it('an upload makes one version, and its repeated completion tells the same', async () => {
    const create = () => world.s3.send(new CreateMultipartUploadCommand({ Bucket, Key }))
    const { UploadId } = await create()
    const { ETag } = await world.s3.send(
      new UploadPartCommand({ Bucket, Key, UploadId, PartNumber: 1, Body: 'in parts' }),
    )
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] }
    const complete = () => world.s3.send(new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload }))
    const first = await complete()
    expect(first.VersionId).toMatch(/^[A-Za-z0-9._]{32}$/)
    expect((await complete()).VersionId).toBe(first.VersionId)
    const later = await put('later')
    expect((await complete()).VersionId).toBe(first.VersionId)
    expect(await versions()).toEqual([`${later} 5*`, `${first.VersionId} 8`])
    expect(await read(first.VersionId)).toEqual(['in parts', first.VersionId])
    const { UploadId: given } = await create()
    await world.s3.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId: given }))
    expect(await versions()).toHaveLength(2)
  })

  it('the bucket cannot be deleted while versions or delete markers are left', async () => {
    const notEmpty = {
      status: 409,
      code: 'BucketNotEmpty',
      message: 'The bucket you tried to delete is not empty. You must delete all versions in the bucket.',
    }
    const id = await put('one')
    const drop = () => world.s3.send(new DeleteBucketCommand({ Bucket }))
    expect(await refusal(drop())).toEqual(notEmpty)
    const { VersionId } = await remove()
    expect(await refusal(drop())).toEqual(notEmpty)
    await remove(id)
    expect(await refusal(drop())).toEqual(notEmpty)
    await remove(VersionId)
    await drop()
    expect(await refusal(versions())).toMatchObject({ code: 'NoSuchBucket' })
  })

  it('writes at the same moment are all kept, in some order', async () => {
    const ids = await Promise.all(Array.from({ length: 20 }, (_, n) => put(`body ${n}`)))
    const { Versions = [] } = await world.s3.send(new ListObjectVersionsCommand({ Bucket }))
    expect(Versions.map(({ VersionId }) => VersionId).sort()).toEqual([...ids].sort())
    expect(Versions.filter(({ IsLatest }) => IsLatest)).toHaveLength(1)
    for (const [n, id] of ids.entries()) expect((await read(id))[0]).toBe(`body ${n}`)
    expect((await read())[1]).toBe(Versions[0]?.VersionId)
  })

  it('keys with NULs keep apart from keys without', async () => {
    const keys = ['a', 'a\0b', `a\0${UNKNOWN}`]
    for (const key of keys) for (const body of ['old', 'newer']) await put(body, { Key: key })
    await world.s3.send(new DeleteObjectCommand({ Bucket, Key: 'a' }))
    expect(await refusal(read(undefined, 'a'))).toEqual(noSuchKey)
    for (const key of keys.slice(1)) expect((await read(undefined, key))[0]).toBe('newer')
  })
})

describe('while versioning is suspended', () => {
  let old: string | undefined
  beforeEach(async () => {
    await versioning('Enabled')
    old = await put('one')
    await versioning('Suspended')
  })

  it('writes are the version null, of which there is one, and others stay', async () => {
    const before = blobs()
    // The answer to a write does not speak of `null`; reads do.
    expect(await put('null one')).toBeUndefined()
    expect(await put('null two!')).toBeUndefined()
    expect(blobs()).toBe(before + 1)
    expect(await read()).toEqual(['null two!', 'null'])
    expect(await read(old)).toEqual(['one', old])
    expect(await versions()).toEqual(['null 9*', `${old} 3`])
  })

  it('a deletion replaces the version null by a delete marker of that id', async () => {
    const before = blobs()
    await put('null one')
    expect(await remove()).toEqual({ DeleteMarker: true, VersionId: 'null' })
    expect(blobs()).toBe(before)
    expect(await remove()).toEqual({ DeleteMarker: true, VersionId: 'null' })
    expect(await versions()).toEqual([`${old} 3`, 'null deleted*'])
    expect(await refusal(read('null'))).toMatchObject({ status: 405, code: 'MethodNotAllowed' })
    expect(await remove('null')).toEqual({ DeleteMarker: true, VersionId: 'null' })
    expect(await read()).toEqual(['one', old])
  })

  it('an older version null is replaced wherever it stands', async () => {
    await put('null one')
    await versioning('Enabled')
    const newer = await put('newer')
    await versioning('Suspended')
    expect(await versions()).toEqual([`${newer} 5*`, 'null 8', `${old} 3`])
    await put('null again')
    expect(await versions()).toEqual(['null 10*', `${newer} 5`, `${old} 3`])
    await versioning('Enabled')
    const { VersionId } = await remove()
    expect(await versions()).toEqual(['null 10', `${newer} 5`, `${old} 3`, `${VersionId} deleted*`])
    await remove('null')
    expect(await refusal(read())).toEqual(noSuchKey)
    await remove(VersionId)
    expect(await read()).toEqual(['newer', newer])
  })
})

describe('without versioning', () => {
  it('nothing speaks of versions', async () => {
    expect(await put('one')).toBeUndefined()
    expect(await put('second')).toBeUndefined()
    expect(await read()).toEqual(['second', undefined])
    expect(await versions()).toEqual(['null 6*'])
    expect(await refusal(read(UNKNOWN))).toEqual(noSuchVersion)
    expect(await remove()).toEqual({})
    expect(await versions()).toEqual([])
    await put('third')
    expect(await remove('null')).toEqual({ VersionId: 'null' })
    expect(await refusal(read('null'))).toEqual(noSuchKey)
  })
})
