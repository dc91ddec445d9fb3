import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { request, type ClientRequest, type IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { CreateUserCommand, CreateAccessKeyCommand, IAMClient } from '@aws-sdk/client-iam'
import {
  AbortMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { ACCOUNT, rootOf, startEmulator, type TestEmulator } from '../../support/emulator.ts'
import { signed } from '../../support/raw.ts'

const Bucket = 'refused'
const Key = 'object'
const MIB = 1024 * 1024

let dataDir: string
let emulator: TestEmulator
let s3: S3Client
/** May do nothing. */
let nobody = rootOf(ACCOUNT)
beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'twokey-refused-'))
  emulator = await startEmulator({ dataDir })
  s3 = emulator.client(S3Client)
  await s3.send(new CreateBucketCommand({ Bucket }))
  await s3.send(new PutObjectCommand({ Bucket, Key: 'kept', Body: 'kept', ServerSideEncryption: 'aws:kms' }))
  const iam = emulator.client(IAMClient)
  await iam.send(new CreateUserCommand({ UserName: 'nobody' }))
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'nobody' }))
  nobody = { accessKeyId: AccessKey?.AccessKeyId ?? '', secretAccessKey: AccessKey?.SecretAccessKey ?? '' }
})
afterAll(async () => {
  await emulator.stop()
  rmSync(dataDir, { recursive: true, force: true })
})

/** The files of all blobs, finished or not. */
const files = () =>
  readdirSync(join(dataDir, 'blobs'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name)
    .sort()
const unfinished = () => files().filter((name) => name.endsWith('.tmp'))

const records = () =>
  Object.entries(emulator.emulator.env.store.export({ secrets: false }).collections).filter(([name]) =>
    name.startsWith('s3.'),
  )

async function until(holds: () => boolean): Promise<void> {
  for (const since = Date.now(); !holds() && Date.now() - since < 10_000;) await wait(5)
  expect(holds()).toBe(true)
}

interface Upload {
  readonly sent: ClientRequest
  readonly answer: Promise<{ readonly status: number; readonly body: string }>
}

/** Signs and begins an upload whose body the test sends as it likes. */
function begin(path: string, length: number, headers: Record<string, string> = {}, more: object = {}): Upload {
  const { url } = emulator
  const raw = signed(url, 's3', { method: 'PUT', path, headers }, { payloadHash: 'UNSIGNED-PAYLOAD', ...more })
  const { hostname, port } = new URL(url)
  const sent = request({
    hostname,
    port,
    path,
    method: 'PUT',
    headers: { ...raw.headers, 'content-length': String(length) },
    agent: false,
  })
  const answer = new Promise<IncomingMessage>((resolve, reject) => {
    sent.once('response', resolve)
    sent.on('error', reject)
  }).then(async (response) => {
    let body = ''
    for await (const chunk of response as AsyncIterable<Buffer>) body += chunk.toString()
    return { status: response.statusCode ?? 0, body }
  })
  answer.catch(() => undefined)
  return { sent, answer }
}

const codeOf = ({ status, body }: { readonly status: number; readonly body: string }) =>
  `${String(status)} ${/<Code>(.*?)<\/Code>/.exec(body)?.[1] ?? ''}`

describe.each([
  ['an object', 1000],
  ['a part', 1000],
  ['a large object', 4 * MIB],
  ['a large part', 4 * MIB],
])('%s of %i bytes', (what, size) => {
  const isPart = what.endsWith('part')
  const body = Buffer.alloc(size, 'x')
  const half = body.subarray(size / 2)
  let UploadId = ''
  let path = ''
  let before: { readonly files: string[]; readonly records: ReturnType<typeof records> }
  beforeEach(async () => {
    UploadId = (await s3.send(new CreateMultipartUploadCommand({ Bucket, Key }))).UploadId ?? ''
    path = isPart ? `/${Bucket}/${Key}?partNumber=1&uploadId=${UploadId}` : `/${Bucket}/${Key}`
    before = { files: files(), records: records() }
  })
  const expectNothing = () => {
    expect(files()).toEqual(before.files)
    expect(records()).toEqual(before.records)
  }

  it('whose client goes away leaves nothing', async () => {
    const { sent, answer } = begin(path, size)
    sent.write(half)
    if (size > MIB) await until(() => unfinished().length === 1)
    else await wait(50)
    sent.destroy()
    await expect(answer).rejects.toThrow()
    await until(() => unfinished().length === 0)
    await wait(20)
    expectNothing()
  })

  it.each([
    ['x-amz-checksum-crc32', 'AAAAAA==', '400 BadDigest'],
    ['x-amz-checksum-sha256', Buffer.alloc(32).toString('base64'), '400 BadDigest'],
    ['content-md5', Buffer.alloc(16).toString('base64'), '400 BadDigest'],
  ])('whose %s is wrong leaves nothing', async (name, value, refused) => {
    const { sent, answer } = begin(path, size, { [name]: value })
    sent.end(body)
    expect(codeOf(await answer)).toBe(refused)
    expectNothing()
  })

  it('that is not what was signed leaves nothing', async () => {
    const { sent, answer } = begin(path, size, {}, { payloadHash: '0'.repeat(64) })
    sent.end(body)
    expect(codeOf(await answer)).toBe('400 XAmzContentSHA256Mismatch')
    expectNothing()
  })

  it('with a chunk that is not signed as the request was leaves nothing', async () => {
    const framed = Buffer.concat([
      Buffer.from(`${size.toString(16)};chunk-signature=${'0'.repeat(64)}\r\n`),
      body,
      Buffer.from(`\r\n0;chunk-signature=${'0'.repeat(64)}\r\n\r\n`),
    ])
    const headers = { 'content-encoding': 'aws-chunked', 'x-amz-decoded-content-length': String(size) }
    const more = { payloadHash: 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD' }
    const { sent, answer } = begin(path, framed.length, headers, more)
    sent.end(framed)
    expect(codeOf(await answer)).toBe('403 SignatureDoesNotMatch')
    expectNothing()
  })

  it('with fewer bytes than its chunks announced leaves nothing', async () => {
    const framed = Buffer.concat([Buffer.from(`${half.length.toString(16)}\r\n`), half, Buffer.from('\r\n0\r\n\r\n')])
    const headers = { 'content-encoding': 'aws-chunked', 'x-amz-decoded-content-length': String(size) }
    const more = { payloadHash: 'STREAMING-UNSIGNED-PAYLOAD-TRAILER' }
    const { sent, answer } = begin(path, framed.length, headers, more)
    sent.end(framed)
    expect(codeOf(await answer)).toBe('400 IncompleteBody')
    expectNothing()
  })

  it('that may not be written leaves nothing', async () => {
    const { sent, answer } = begin(path, size, {}, { credentials: nobody })
    sent.end(body)
    expect(codeOf(await answer)).toBe('403 AccessDenied')
    expectNothing()
  })

  it('whose bucket or upload goes away meanwhile leaves nothing', async () => {
    const [bucket, key] = ['short-lived', 'object']
    await s3.send(new CreateBucketCommand({ Bucket: bucket }))
    const made = await s3.send(new CreateMultipartUploadCommand({ Bucket: bucket, Key: key }))
    const query = isPart ? `?partNumber=1&uploadId=${made.UploadId ?? ''}` : ''
    const { sent, answer } = begin(`/${bucket}/${key}${query}`, size)
    sent.write(half)
    if (size > MIB) await until(() => unfinished().length === 1)
    else await wait(50)
    await s3.send(new AbortMultipartUploadCommand({ Bucket: bucket, Key: key, UploadId: made.UploadId }))
    await s3.send(new DeleteBucketCommand({ Bucket: bucket }))
    sent.end(half)
    expect(codeOf(await answer)).toBe(isPart ? '404 NoSuchUpload' : '404 NoSuchBucket')
    expectNothing()
  })

  it('whose condition has come to fail leaves nothing', async () => {
    if (isPart) return
    const { sent, answer } = begin(`/${Bucket}/kept`, size, { 'if-none-match': '*' })
    sent.end(body)
    expect(codeOf(await answer)).toBe('412 PreconditionFailed')
    expectNothing()
  })
})
