import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { readdirSync, rmSync, writeFileSync, mkdtempSync, mkdirSync, readFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import {
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { ACCOUNT, REGION } from '../support/emulator.ts'
import { signed } from '../support/raw.ts'
import { startServer, type ServerProcess } from '../support/server.ts'

const Bucket = 'interrupted'
const MIB = 1024 * 1024
let folder: string
let server: ServerProcess
let s3: S3Client

async function start(): Promise<void> {
  server = await startServer({ TWOKEY_DATA_DIR: folder, TWOKEY_LOG: 'error' })
  s3 = new S3Client({
    endpoint: server.url,
    region: REGION,
    credentials: { accessKeyId: ACCOUNT, secretAccessKey: 'test' },
    forcePathStyle: true,
    maxAttempts: 1,
  })
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'twokey-interrupted-'))
  await start()
  await s3.send(new CreateBucketCommand({ Bucket }))
}, 60_000)
afterAll(async () => {
  await server.stop()
  rmSync(folder, { recursive: true })
})

const files = () =>
  readdirSync(join(folder, 'blobs'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))

/** Begins an upload and sends half of it. */
function half(path: string): void {
  const raw = signed(server.url, 's3', { method: 'PUT', path }, { payloadHash: 'UNSIGNED-PAYLOAD' })
  const { hostname, port } = new URL(server.url)
  const headers = { ...raw.headers, 'content-length': String(4 * MIB) }
  const sent = request({ hostname, port, path, method: 'PUT', headers, agent: false })
  sent.on('error', () => undefined)
  sent.write(Buffer.alloc(2 * MIB, 'plain words '))
}

describe('uploads that a kill interrupts', () => {
  it('leave nothing on the disk after the next start, and what was acknowledged stays', async () => {
    await s3.send(new PutObjectCommand({ Bucket, Key: 'kept', Body: 'kept' }))
    const place = { Bucket, Key: 'multipart' }
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand(place))
    const { ETag } = await s3.send(new UploadPartCommand({ ...place, UploadId, PartNumber: 1, Body: 'a part' }))
    const acknowledged = files().sort()
    expect(acknowledged).toHaveLength(2)

    half(`/${Bucket}/object`)
    half(`/${Bucket}/kept`)
    half(`/${Bucket}/multipart?partNumber=1&uploadId=${UploadId ?? ''}`)
    const unfinished = () => files().filter((file) => file.endsWith('.tmp'))
    for (const since = Date.now(); unfinished().length < 3 && Date.now() - since < 10_000;) await wait(5)
    expect(unfinished()).toHaveLength(3)
    for (const file of unfinished()) expect(readFileSync(file).includes('plain words')).toBe(false)
    await server.kill()
    // One that was written whole when the end came, before the journal named it.
    mkdirSync(join(folder, 'blobs/f/f'), { recursive: true })
    writeFileSync(join(folder, 'blobs/f/f', 'f'.repeat(32)), 'orphan')

    await start()
    expect(files().sort()).toEqual(acknowledged)
    const { Contents } = await s3.send(new ListObjectsV2Command({ Bucket }))
    expect(Contents?.map(({ Key }) => Key)).toEqual(['kept'])
    const { Parts } = await s3.send(new ListPartsCommand({ ...place, UploadId }))
    expect(Parts?.map((part) => part.ETag)).toEqual([ETag])
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] }
    await s3.send(new CompleteMultipartUploadCommand({ ...place, UploadId, MultipartUpload }))
    for (const [Key, text] of [
      ['kept', 'kept'],
      ['multipart', 'a part'],
    ] as const) {
      const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }))
      expect(await Body?.transformToString()).toBe(text)
    }
  }, 60_000)
})
