import {
  CreateBucketCommand,
  GetObjectCommand,
  ListObjectVersionsCommand,
  PutBucketEncryptionCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { createPresignedPost, type PresignedPost } from '@aws-sdk/s3-presigned-post'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { startEmulator, type TestEmulator } from '../../support/emulator.ts'
import { send } from '../../support/raw.ts'

const Bucket = 'form-writes'
const MIB = 1024 * 1024

let dataDir: string
let emulator: TestEmulator
let s3: S3Client
beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'twokey-forms-'))
  emulator = await startEmulator({ dataDir })
  s3 = emulator.client(S3Client)
  await s3.send(new CreateBucketCommand({ Bucket }))
  await s3.send(new PutObjectCommand({ Bucket, Key: 'first', Body: 'x' }))
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

const form = (Key: string, Fields: Record<string, string> = {}, most = 100 * MIB) =>
  // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- it brings an S3 client of its own
  createPresignedPost(s3, { Bucket, Key, Fields, Conditions: [['content-length-range', 0, most]], Expires: 60 })

const BOUNDARY = 'boundary'
const TYPE = { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` }
const part = (name: string, value: string, more = '') =>
  `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"${more}\r\n\r\n${value}`
/** All of a form before the contents of its file, and after. */
const head = ({ fields }: PresignedPost) =>
  Object.entries(fields)
    .map(([name, value]) => `${part(name, value)}\r\n`)
    .join('') + part('file', '', '; filename="f"')
const TAIL = `\r\n--${BOUNDARY}--\r\n`

const post = (signed: PresignedPost, file: string, agent?: Agent) =>
  send(emulator.url, { path: `/${Bucket}`, headers: TYPE, body: head(signed) + file + TAIL }, agent)

const read = async (Key: string, more: object = {}) => {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key, ...more }))
  return Body?.transformToString()
}

describe('what a form leaves behind', () => {
  it('is nothing when its client goes away within the file', async () => {
    const before = files()
    const signed = await form('gone')
    const sent = request(emulator.url, {
      method: 'POST',
      path: `/${Bucket}`,
      headers: { ...TYPE, 'content-length': String(20 * MIB) },
    })
    sent.on('error', () => undefined)
    sent.write(head(signed) + 'x'.repeat(2 * MIB))
    while (!files().some((name) => name.endsWith('.tmp'))) await wait(5)
    sent.destroy()
    while (files().some((name) => name.endsWith('.tmp'))) await wait(5)
    expect(files()).toEqual(before)
    await expect(read('gone')).rejects.toThrow('The specified key does not exist.')
  })

  it('is nothing when its file turns out too large, and the connection goes on', async () => {
    const before = files()
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const sockets = new Set<unknown>()
    agent.on('free', (socket: unknown) => sockets.add(socket))
    const answer = await post(await form('large', {}, MIB), 'x'.repeat(3 * MIB), agent)
    expect(answer.body).toContain(`<ProposedSize>${3 * MIB}</ProposedSize><MaxSizeAllowed>${MIB}</MaxSizeAllowed>`)
    expect(files()).toEqual(before)
    expect((await post(await form('small', {}, MIB), 'x', agent)).status).toBe(204)
    expect((await post(await form('small', {}, MIB), 'y'.repeat(200_000), agent)).status).toBe(204)
    expect(await read('small')).toBe('y'.repeat(200_000))
    expect(sockets.size).toBe(1)
    agent.destroy()
  })

  it('is a refusal for a client that sends much before it reads', async () => {
    const signed = await form('refused')
    signed.fields['x-amz-signature'] = '0'.repeat(64)
    const answer = await post(signed, 'x'.repeat(10 * MIB))
    expect(answer.status).toBe(403)
    expect(answer.body).toContain('<Code>SignatureDoesNotMatch</Code>')
  })

  it('is as large as the file, wherever packets end', async () => {
    for (const size of [0, 1, 64 * 1024 - 1, 64 * 1024, 64 * 1024 + 1, 256 * 1024, MIB + 1]) {
      const file = randomBytes(size)
        .toString('latin1')
        .replace(/[^ -~]/g, '\r')
      expect((await post(await form('sized'), file)).status).toBe(204)
      expect(await read('sized')).toBe(file)
    }
  })
})

describe('a form does what PutObject does', () => {
  it('under a key that the customer brings', async () => {
    await s3.send(
      new PutBucketEncryptionCommand({
        Bucket,
        ServerSideEncryptionConfiguration: {
          Rules: [
            {
              ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' },
              BlockedEncryptionTypes: { EncryptionType: ['NONE'] },
            },
          ],
        },
      }),
    )
    const key = randomBytes(32)
    const md5 = createHash('md5').update(key).digest('base64')
    const signed = await form('customer', {
      'x-amz-server-side-encryption-customer-algorithm': 'AES256',
      'x-amz-server-side-encryption-customer-key': key.toString('base64'),
      'x-amz-server-side-encryption-customer-key-MD5': md5,
    })
    const answer = await post(signed, 'secret')
    expect(answer.body).toBe('')
    expect(answer.headers['x-amz-server-side-encryption-customer-key-md5']).toBe(md5)
    await expect(read('customer')).rejects.toThrow('The object was stored using a form of Server Side Encryption.')
    const given = { SSECustomerAlgorithm: 'AES256', SSECustomerKey: key.toString('base64'), SSECustomerKeyMD5: md5 }
    expect(await read('customer', given)).toBe('secret')
  })

  it('in buckets that keep versions', async () => {
    await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }))
    const first = await post(await form('versions'), 'one')
    const second = await post(await form('versions'), 'two')
    const { Versions } = await s3.send(new ListObjectVersionsCommand({ Bucket, Prefix: 'versions' }))
    expect(Versions?.map(({ VersionId }) => VersionId)).toEqual([
      second.headers['x-amz-version-id'],
      first.headers['x-amz-version-id'],
    ])
    expect(await read('versions', { VersionId: first.headers['x-amz-version-id'] })).toBe('one')
  })
})
