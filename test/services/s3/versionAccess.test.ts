import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { DisableKeyCommand } from '@aws-sdk/client-kms'
import {
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  ListObjectVersionsCommand,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  S3Client,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3'
import { startEmulator } from '../../support/emulator.ts'
import { allow, denied, policy, refusal, startWorld, type Person, type World } from './support.ts'

let world: World
let reader: Person
let Bucket: string
let buckets = 0
beforeAll(async () => {
  world = await startWorld()
  reader = await world.user('reader', allow(['s3:*', 'kms:*']))
})
afterAll(() => world.stop())
beforeEach(async () => {
  Bucket = `access-${++buckets}`
  await world.s3.send(new CreateBucketCommand({ Bucket }))
  await enable(world.s3, Bucket)
})

const enable = (s3: S3Client, name: string) =>
  s3.send(new PutBucketVersioningCommand({ Bucket: name, VersioningConfiguration: { Status: 'Enabled' } }))
const Key = 'item'
const put = async (Body: string, more: object = {}) =>
  (await world.s3.send(new PutObjectCommand({ Bucket, Key, Body, ...more }))).VersionId ?? ''
const read = async (VersionId?: string, s3 = reader.s3) =>
  (await s3.send(new GetObjectCommand({ Bucket, Key, VersionId }))).Body?.transformToString()
const UNKNOWN = '7'.repeat(32)

/** A bucket policy that denies the reader an action on the item, on some condition. */
const forbid = (Action: string, Condition?: object) =>
  world.s3.send(
    new PutBucketPolicyCommand({
      Bucket,
      Policy: policy({
        Effect: 'Deny',
        Principal: { AWS: reader.arn },
        Action,
        Resource: `arn:aws:s3:::${Bucket}/*`,
        ...(Condition && { Condition }),
      }),
    }),
  )
const forbidden = (action: string) =>
  denied(
    `User: ${reader.arn} is not authorized to perform: ${action} on resource: "arn:aws:s3:::${Bucket}/${Key}" with an explicit deny in a resource-based policy`,
  )

describe('policies about versions', () => {
  it('a deny of s3:GetObjectVersion does not touch reads of the current version by its name alone', async () => {
    const first = await put('one')
    await put('second')
    await forbid('s3:GetObjectVersion')
    expect(await refusal(read(first))).toEqual(forbidden('s3:GetObjectVersion'))
    expect(await read()).toBe('second')
    await forbid('s3:GetObject')
    expect(await refusal(read())).toEqual(forbidden('s3:GetObject'))
    expect(await read(first)).toBe('one')
  })

  it('a deny of s3:DeleteObjectVersion does not stop the deletion that makes a marker', async () => {
    const first = await put('one')
    await forbid('s3:DeleteObjectVersion')
    const remove = (VersionId?: string) => reader.s3.send(new DeleteObjectCommand({ Bucket, Key, VersionId }))
    expect(await refusal(remove(first))).toEqual(forbidden('s3:DeleteObjectVersion'))
    const marker = await remove()
    expect(marker.DeleteMarker).toBe(true)
    expect(await refusal(remove(marker.VersionId))).toEqual(forbidden('s3:DeleteObjectVersion'))
    const Objects = [{ Key, VersionId: first }, { Key }]
    const { Deleted, Errors } = await reader.s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }))
    const { code, message } = forbidden('s3:DeleteObjectVersion')
    expect(Errors).toEqual([{ Key, VersionId: first, Code: code, Message: message }])
    expect(Deleted).toMatchObject([{ Key, DeleteMarker: true }])
  })

  it('s3:VersionId is the version that is asked for, null literally', async () => {
    const first = await put('one')
    const second = await put('second')
    await forbid('s3:GetObjectVersion', { StringEquals: { 's3:VersionId': [first, 'null'] } })
    expect(await refusal(read(first))).toEqual(forbidden('s3:GetObjectVersion'))
    expect(await refusal(read('null'))).toEqual(forbidden('s3:GetObjectVersion'))
    expect(await read(second)).toBe('second')
    await forbid('s3:DeleteObjectVersion', { StringEquals: { 's3:VersionId': first } })
    const Objects = [
      { Key, VersionId: first },
      { Key, VersionId: second },
    ]
    const { Deleted, Errors } = await reader.s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }))
    expect(Errors?.map(({ VersionId }) => VersionId)).toEqual([first])
    expect(Deleted?.map(({ VersionId }) => VersionId)).toEqual([second])
  })

  it('a delete marker that is named is 405 even to those who are denied it, but its deletion is 403', async () => {
    await put('one')
    const { VersionId } = await world.s3.send(new DeleteObjectCommand({ Bucket, Key }))
    await forbid('s3:*ObjectVersion*')
    expect(await refusal(read(VersionId))).toEqual({
      status: 405,
      code: 'MethodNotAllowed',
      message: 'The specified method is not allowed against this resource.',
    })
    const remove = reader.s3.send(new DeleteObjectCommand({ Bucket, Key, VersionId }))
    expect(await refusal(remove)).toEqual(forbidden('s3:DeleteObjectVersion'))
  })

  it('the tags of a version have an action of their own, and are its condition keys', async () => {
    const first = await put('one', { Tagging: 'team=red' })
    await put('second', { Tagging: 'team=blue' })
    await forbid('s3:PutObjectVersionTagging')
    const Tagging = { TagSet: [{ Key: 'team', Value: 'green' }] }
    const tag = (VersionId?: string) => reader.s3.send(new PutObjectTaggingCommand({ Bucket, Key, VersionId, Tagging }))
    expect(await refusal(tag(first))).toEqual(forbidden('s3:PutObjectVersionTagging'))
    await tag()
    const tags = await reader.s3.send(new GetObjectTaggingCommand({ Bucket, Key, VersionId: first }))
    expect(tags.TagSet).toEqual([{ Key: 'team', Value: 'red' }])
    await forbid('s3:GetObject*', { StringEquals: { 's3:ExistingObjectTag/team': 'red' } })
    expect(await refusal(read(first))).toEqual(forbidden('s3:GetObjectVersion'))
    expect(await read()).toBe('second')
  })

  it('who may not list the bucket does not learn which versions there are', async () => {
    await put('one')
    const stranger = await world.user(`stranger-${buckets}`, allow('s3:GetObject*'))
    expect(await refusal(read(UNKNOWN, stranger.s3))).toEqual(
      denied(
        `User: ${stranger.arn} is not authorized to perform: s3:ListBucket on resource: "arn:aws:s3:::${Bucket}" because no identity-based policy allows the s3:ListBucket action`,
      ),
    )
  })
})

describe('keys of versions', () => {
  it('an old version fails with its own key, while the current one reads', async () => {
    const under = (SSEKMSKeyId: string) => ({ ServerSideEncryption: 'aws:kms', SSEKMSKeyId })
    const [old, current] = [await world.key(), await world.key()]
    const first = await put('one', under(old))
    const second = await put('second', under(current))
    expect(await read(first)).toBe('one')
    await world.kms.send(new DisableKeyCommand({ KeyId: old }))
    const disabled = { status: 400, code: 'KMS.DisabledException', message: `${old} is disabled.` }
    expect(await refusal(read(first))).toEqual(disabled)
    expect(await read()).toBe('second')
    expect(await read(second)).toBe('second')
    const head = await reader.s3.send(new HeadObjectCommand({ Bucket, Key, VersionId: first }))
    expect(head).toMatchObject({ SSEKMSKeyId: old, VersionId: first })
    // What no key is needed for goes on: deleting the current version makes the old one current.
    await reader.s3.send(new DeleteObjectCommand({ Bucket, Key, VersionId: second }))
    expect(await refusal(read())).toEqual(disabled)
  })

  it('both gates are asked for a version: the data without the key is denied, naming it', async () => {
    const key = await world.key()
    const id = await put('one', { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: key })
    const dataOnly = await world.user(`data-only-${buckets}`, allow('s3:GetObjectVersion'))
    expect(await refusal(read(id, dataOnly.s3))).toEqual(
      denied(
        `User: ${dataOnly.arn} is not authorized to perform: kms:Decrypt on resource: ${key} because no identity-based policy allows the kms:Decrypt action`,
      ),
    )
    await world.allow(`data-only-${buckets}`, allow('s3:GetObjectVersion'), allow('kms:Decrypt', key))
    expect(await read(id, dataOnly.s3)).toBe('one')
  })
})

describe('copies of versions', () => {
  const copy = (query: string, more: object = {}, s3 = reader.s3) =>
    s3.send(new CopyObjectCommand({ Bucket, Key: 'copy', CopySource: `${Bucket}/${Key}${query}`, ...more }))

  it('take the version that is named, and tell both', async () => {
    const first = await put('one', { Metadata: { n: '1' }, Tagging: 'n=1' })
    const second = await put('second')
    const named = await copy(`?versionId=${first}`)
    expect(named.CopySourceVersionId).toBe(first)
    expect(named.VersionId).toMatch(/^[A-Za-z0-9._]{32}$/)
    const answer = await reader.s3.send(new GetObjectCommand({ Bucket, Key: 'copy' }))
    expect(await answer.Body?.transformToString()).toBe('one')
    expect(answer).toMatchObject({ Metadata: { n: '1' }, TagCount: 1, VersionId: named.VersionId })
    expect((await copy('')).CopySourceVersionId).toBe(second)
  })

  it('restore an old version by copying it onto its own key', async () => {
    const first = await put('one')
    await put('second')
    const { VersionId } = await copy(`?versionId=${first}`, { Key })
    expect(await read()).toBe('one')
    expect(await read(VersionId)).toBe('one')
    const { Versions } = await reader.s3.send(new ListObjectVersionsCommand({ Bucket, Prefix: Key }))
    expect(Versions).toHaveLength(3)
    expect(await refusal(copy('', { Key }))).toMatchObject({ status: 400, code: 'InvalidRequest' })
  })

  it('refuse delete markers, unknown and malformed versions', async () => {
    await put('one')
    const { VersionId: marker } = await reader.s3.send(new DeleteObjectCommand({ Bucket, Key }))
    const noSuchKey = { status: 404, code: 'NoSuchKey', message: 'The specified key does not exist.' }
    expect(await refusal(copy(''))).toEqual(noSuchKey)
    expect(await refusal(copy(`?versionId=${marker}`))).toEqual({
      status: 400,
      code: 'InvalidRequest',
      message: 'The source of a copy request may not specifically refer to a delete marker by version id.',
    })
    expect(await refusal(copy(`?versionId=${UNKNOWN}`))).toEqual({
      status: 404,
      code: 'NoSuchVersion',
      message: 'The specified version does not exist.',
    })
    expect(await refusal(copy('?versionId=short'))).toEqual({
      status: 400,
      code: 'InvalidArgument',
      message: 'Invalid version id specified',
    })
    await expect(refusal(reader.s3.send(new HeadObjectCommand({ Bucket, Key: 'copy' })))).resolves.toMatchObject({
      status: 404,
    })
  })

  it('need the permission for that version and its tags', async () => {
    const first = await put('one', { Tagging: 'n=1' })
    await put('second')
    await forbid('s3:GetObjectVersion')
    expect(await refusal(copy(`?versionId=${first}`))).toEqual(forbidden('s3:GetObjectVersion'))
    await forbid('s3:GetObjectVersionTagging')
    expect(await refusal(copy(`?versionId=${first}`))).toEqual(forbidden('s3:GetObjectVersionTagging'))
    expect((await copy('')).CopyObjectResult?.ETag).toBeDefined()
  })

  it('UploadPartCopy takes versions, too', async () => {
    const first = await put('one')
    await put('second')
    const { UploadId } = await reader.s3.send(new CreateMultipartUploadCommand({ Bucket, Key: 'parts' }))
    const part = (versionId: string) =>
      reader.s3.send(
        new UploadPartCopyCommand({
          Bucket,
          Key: 'parts',
          UploadId,
          PartNumber: 1,
          CopySource: `${Bucket}/${Key}?versionId=${versionId}`,
        }),
      )
    const answer = await part(first)
    expect(answer.CopySourceVersionId).toBe(first)
    expect(answer.CopyPartResult?.ETag).toBe('"f97c5d29941bfb1b2fdab0874906ab82"')
    expect(await refusal(part(UNKNOWN))).toMatchObject({ status: 404, code: 'NoSuchVersion' })
  })
})

describe('after a restart', () => {
  it('versions and delete markers are as they were, current and not', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'twokey-versions-'))
    let emulator = await startEmulator({ dataDir })
    try {
      let s3 = emulator.client(S3Client)
      const name = 'kept'
      const write = (key: string, Body: string) => s3.send(new PutObjectCommand({ Bucket: name, Key: key, Body }))
      await s3.send(new CreateBucketCommand({ Bucket: name }))
      await write('a', 'null')
      await enable(s3, name)
      const { VersionId: second } = await write('a', 'second')
      await write('a', 'third')
      await write('b', 'hidden')
      await s3.send(new DeleteObjectCommand({ Bucket: name, Key: 'b' }))
      const listing = async () => {
        const { $metadata, ...rest } = await s3.send(new ListObjectVersionsCommand({ Bucket: name }))
        expect($metadata.httpStatusCode).toBe(200)
        return rest
      }
      const before = await listing()

      await emulator.stop()
      emulator = await startEmulator({ dataDir })
      s3 = emulator.client(S3Client)
      expect(await listing()).toEqual(before)
      const text = async (key: string, VersionId?: string) =>
        (await s3.send(new GetObjectCommand({ Bucket: name, Key: key, VersionId }))).Body?.transformToString()
      expect([await text('a'), await text('a', second), await text('a', 'null')]).toEqual(['third', 'second', 'null'])
      expect(await refusal(text('b'))).toMatchObject({ status: 404, code: 'NoSuchKey' })
      expect(before.DeleteMarkers).toHaveLength(1)
      await s3.send(
        new DeleteObjectCommand({ Bucket: name, Key: 'b', VersionId: before.DeleteMarkers?.[0]?.VersionId }),
      )
      expect(await text('b')).toBe('hidden')
      // New versions come before the old ones.
      await write('a', 'fourth')
      expect((await listing()).Versions?.map(({ Size }) => Size)).toEqual([6, 5, 6, 4, 6])
    } finally {
      await emulator.stop()
      rmSync(dataDir, { recursive: true, force: true })
    }
  })

  it('a version is on disk before its answer goes out', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'twokey-versions-'))
    const copied = mkdtempSync(join(tmpdir(), 'twokey-versions-'))
    const first = await startEmulator({ dataDir })
    const s3 = first.client(S3Client)
    const name = 'killed'
    await s3.send(new CreateBucketCommand({ Bucket: name }))
    await enable(s3, name)
    const { VersionId: old } = await s3.send(new PutObjectCommand({ Bucket: name, Key: 'a', Body: 'old' }))
    await s3.send(new PutObjectCommand({ Bucket: name, Key: 'a', Body: 'new' }))
    const { VersionId: marker } = await s3.send(new DeleteObjectCommand({ Bucket: name, Key: 'a' }))
    // As if the machine had stopped here.
    cpSync(dataDir, copied, { recursive: true, filter: (path) => !path.endsWith('lock') })
    await first.stop()
    const second = await startEmulator({ dataDir: copied })
    try {
      const later = second.client(S3Client)
      const { Versions, DeleteMarkers } = await later.send(new ListObjectVersionsCommand({ Bucket: name }))
      expect(Versions).toHaveLength(2)
      expect(DeleteMarkers?.map(({ VersionId }) => VersionId)).toEqual([marker])
      const answer = await later.send(new GetObjectCommand({ Bucket: name, Key: 'a', VersionId: old }))
      expect(await answer.Body?.transformToString()).toBe('old')
    } finally {
      await second.stop()
      for (const path of [dataDir, copied]) rmSync(path, { recursive: true, force: true })
    }
  })
})

describe('the audit trail', () => {
  it('tells which version was asked for', async () => {
    const id = await put('one')
    world.emulator.emulator.trail.clear()
    await read(id)
    await reader.s3.send(new DeleteObjectCommand({ Bucket, Key, VersionId: id }))
    const records = world.emulator.emulator.trail.list(10).reverse()
    const requestParameters = { bucketName: Bucket, key: Key, versionId: id }
    expect(records).toMatchObject([
      { eventName: 'GetObject', requestParameters },
      { eventName: 'DeleteObject', requestParameters },
    ])
  })
})
