import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { get as getPlain } from 'node:http'
import { get as getTls } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { ACCOUNT, REGION, startEmulator, type TestEmulator } from '../../support/emulator.ts'

const Bucket = 'large'
const MIB = 1024 * 1024
/** Sizes around whole segments and whole chunks from the disk. */
const SIZES = [3 * MIB, 4 * MIB + 1, 2 * MIB - 17, 5 * MIB + 333]

let dataDir: string
let emulator: TestEmulator
const bodies = SIZES.map((size, seed) => {
  const body = Buffer.alloc(size)
  for (let at = 0; at < size; at++) body[at] = (at * 7 + (at >> 8) * 13 + (at >> 16) * 31 + seed) & 0xff
  return body
})

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'twokey-large-'))
  emulator = await startEmulator({ dataDir, tlsPort: 0 })
  const s3 = emulator.client(S3Client)
  await s3.send(new CreateBucketCommand({ Bucket }))
  for (const [index, Body] of bodies.entries())
    await s3.send(new PutObjectCommand({ Bucket, Key: String(index), Body, ServerSideEncryption: 'aws:kms' }))
})
afterAll(async () => {
  await emulator.stop()
  rmSync(dataDir, { recursive: true, force: true })
})

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')

/** The digest of an answer's body, taken at once or with a rest now and then. */
async function digestOf(url: string, slowly: boolean, headers: Record<string, string> = {}): Promise<string> {
  const hash = createHash('sha256')
  const get = url.startsWith('https') ? getTls : getPlain
  const options = url.startsWith('https') ? { rejectUnauthorized: false, headers } : { headers }
  await new Promise<void>((resolve, reject) => {
    get(url, { ...options, agent: false }, (answer) => {
      void (async () => {
        for await (const chunk of answer as AsyncIterable<Buffer>) {
          hash.update(chunk)
          if (slowly) await sleep(1)
        }
        resolve()
      })().catch(reject)
    }).on('error', reject)
  })
  return hash.digest('hex')
}

async function linkTo(index: number, endpoint: string): Promise<string> {
  const client = new S3Client({
    endpoint,
    region: REGION,
    forcePathStyle: true,
    credentials: { accessKeyId: ACCOUNT, secretAccessKey: 'test' },
  })
  return getSignedUrl(client, new GetObjectCommand({ Bucket, Key: String(index) }))
}

// The memory of chunks is used again as soon as they are sent, so what must be shown is that none is sent too late.
describe.each(['http', 'https'])('large objects over %s', (scheme) => {
  const endpoint = () => (scheme === 'http' ? emulator.url : (emulator.emulator.tls?.url ?? ''))

  it('arrive whole, however many are read at once and however slowly', async () => {
    const links = await Promise.all(SIZES.map((_, index) => linkTo(index, endpoint())))
    const readers = links.flatMap((link) => [false, true, false].map((slowly) => digestOf(link, slowly)))
    const expected = bodies.flatMap((body) => Array<string>(3).fill(sha256(body)))
    expect(await Promise.all(readers)).toEqual(expected)
  })

  it('and so do their ranges', async () => {
    const link = await linkTo(1, endpoint())
    const body = bodies[1] ?? Buffer.alloc(0)
    const ranges = Array.from({ length: 8 }, (_, n) => [n * 300_000 + 5, n * 300_000 + 2_000_000] as const)
    const digests = ranges.map(([from, to], n) => digestOf(link, n % 2 === 0, { range: `bytes=${from}-${to}` }))
    expect(await Promise.all(digests)).toEqual(ranges.map(([from, to]) => sha256(body.subarray(from, to + 1))))
  })
})
