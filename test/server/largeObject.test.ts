import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtemp, open, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CreateKeyCommand, KMSClient } from '@aws-sdk/client-kms'
import {
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  PutBucketEncryptionCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
  type CompletedPart,
} from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { ACCOUNT, REGION } from '../support/emulator.ts'
import { download, upload } from '../support/generated.ts'
import { startServer, type ServerProcess } from '../support/server.ts'

const MIB = 1024 * 1024
/** How much the server's memory may grow with a body of any size. */
const ALLOWANCE = 64 * MIB
/** The body that no memory is to hold, in MiB; less where time is short. */
const LARGE = Number(process.env['LARGE_OBJECT_MIB'] ?? '1024')

/** The same for a body in parts. The largest single upload is 5 GiB: `LARGE_MULTIPART_MIB=5120` shows that parts go beyond it. */
const LARGE_IN_PARTS = Number(process.env['LARGE_MULTIPART_MIB'] ?? '512')
const PART = 64

const [Bucket, Key] = ['large', 'object']
let server: ServerProcess
let folder: string
let s3: S3Client

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'twokey-large-'))
  server = await startServer({ TWOKEY_DATA_DIR: folder, TWOKEY_LOG: 'error' })
  const config = {
    endpoint: server.url,
    region: REGION,
    credentials: { accessKeyId: ACCOUNT, secretAccessKey: 'test' },
    forcePathStyle: true,
    maxAttempts: 1,
  }
  s3 = new S3Client(config)
  const made = await new KMSClient(config).send(new CreateKeyCommand({}))
  await s3.send(new CreateBucketCommand({ Bucket }))
  const rule = { SSEAlgorithm: 'aws:kms' as const, KMSMasterKeyID: made.KeyMetadata!.Arn! }
  await s3.send(
    new PutBucketEncryptionCommand({
      Bucket,
      ServerSideEncryptionConfiguration: { Rules: [{ ApplyServerSideEncryptionByDefault: rule }] },
    }),
  )
  // What a first request loads is not what a body costs.
  await there(4 * MIB)
  await remove()
}, 60_000)
afterAll(async () => {
  await server.stop()
  await rm(folder, { recursive: true })
})

const links = async () => ({
  put: await getSignedUrl(s3, new PutObjectCommand({ Bucket, Key })),
  get: await getSignedUrl(s3, new GetObjectCommand({ Bucket, Key })),
})
const remove = () => s3.send(new DeleteObjectCommand({ Bucket, Key }))

/** There and back. */
async function there(size: number) {
  const { put, get } = await links()
  const sent = await upload(put, size)
  return { sent, received: await download(get) }
}

/** Resident memory of the server in bytes. */
function residentBytes(): number {
  const { stdout } = spawnSync('ps', ['-o', 'rss=', '-p', String(server.pid)], { encoding: 'utf8' })
  return Number(stdout.trim()) * 1024
}

/** The most that the server's memory grew while something ran. */
async function growthDuring(run: () => Promise<void>): Promise<number> {
  const before = residentBytes()
  let most = before
  const timer = setInterval(() => {
    most = Math.max(most, residentBytes())
  }, 50)
  await run()
  clearInterval(timer)
  return Math.max(most, residentBytes()) - before
}

async function blobFile(): Promise<string> {
  const names = await readdir(join(folder, 'blobs'), { recursive: true, withFileTypes: true })
  const files = names.filter((entry) => entry.isFile())
  expect(files).toHaveLength(1)
  return join(files[0]!.parentPath, files[0]!.name)
}

describe('a large object under SSE-KMS', () => {
  it.each([64, LARGE])(
    'of %i MiB comes back as it went, and is never held in memory',
    async (mebibytes) => {
      const size = mebibytes * MIB
      const growth = await growthDuring(async () => {
        const { sent, received } = await there(size)
        expect(sent.status).toBe(200)
        expect(received).toEqual({ status: 200, size, sha256: sent.sha256, whole: true })
      })
      expect(growth).toBeLessThan(ALLOWANCE)
      await remove()
    },
    120_000,
  )

  it(`of ${String(LARGE_IN_PARTS)} MiB in parts comes back as it went, and is never held in memory`, async () => {
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key }))
    const Parts: CompletedPart[] = []
    const all = createHash('sha256')
    const growth = await growthDuring(async () => {
      for (let sent = 0; sent < LARGE_IN_PARTS; sent += PART) {
        const PartNumber = Parts.length + 1
        const link = await getSignedUrl(s3, new UploadPartCommand({ Bucket, Key, UploadId, PartNumber }))
        const { status, etag } = await upload(link, PART * MIB, all)
        expect(status).toBe(200)
        Parts.push({ PartNumber, ETag: etag })
      }
      const MultipartUpload = { Parts }
      await s3.send(new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload }))
      const size = LARGE_IN_PARTS * MIB
      const sha256 = all.digest('hex')
      expect(await download((await links()).get)).toEqual({ status: 200, size, sha256, whole: true })
    })
    expect(growth).toBeLessThan(ALLOWANCE)
    await remove()
  }, 600_000)

  it('is ciphertext on the disk', async () => {
    const { put } = await links()
    const body = 'plain words '.repeat(100_000)
    expect((await fetch(put, { method: 'PUT', body })).status).toBe(200)
    const file = await blobFile()
    expect((await stat(file)).size).toBeGreaterThan(body.length)
    expect((await readFile(file)).includes('plain words')).toBe(false)
    await remove()
  })
})

describe('a flipped bit on the disk', () => {
  // Small objects are read at once, large ones segment by segment of 64 KiB.
  it.each([
    ['a small object', 1000, 500, 0],
    ['the first segment', 5 * MIB, 1000, 0],
    ['a later segment', 5 * MIB, 3 * MIB, 3 * MIB],
    ['the last byte', 5 * MIB, -1, 5 * MIB],
  ])('in %s fails the read and never yields wrong bytes', async (_, size, place, mostGiven) => {
    const { sent, received } = await there(size)
    expect(received.sha256).toBe(sent.sha256)
    await flip(await blobFile(), place)
    const { get } = await links()
    const answer = await fetch(get).then(
      async (response) => ({
        status: response.status,
        requestId: response.headers.get('x-amz-request-id'),
        bytes: await response.arrayBuffer().catch(() => undefined),
      }),
      () => undefined,
    )
    const failed = await download(get).catch(() => ({ status: 0, size: 0, whole: false }))
    if (failed.whole) expect(failed.status).toBe(500)
    else expect(failed.size).toBeLessThanOrEqual(mostGiven)
    if (answer?.status === 200) expect(answer.bytes).toBeUndefined()
    // Who reads the log learns which request failed and what it asked for; nothing of the bytes.
    const lines = server.output().split('\n')
    const told = lines.filter((line) => line.includes(`GET /${Bucket}/${Key}`) && line.includes('ObjectDamaged'))
    expect(told.length).toBeGreaterThanOrEqual(2)
    if (answer?.requestId) expect(told.some((line) => line.includes(answer.requestId!))).toBe(true)
    await remove()
  })
})

async function flip(path: string, place: number): Promise<void> {
  const file = await open(path, 'r+')
  const position = place < 0 ? (await file.stat()).size + place : place
  const byte = Buffer.alloc(1)
  await file.read(byte, 0, 1, position)
  byte[0]! ^= 1
  await file.write(byte, 0, 1, position)
  await file.close()
}
