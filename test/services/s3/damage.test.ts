import { closeSync, copyFileSync, mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync } from 'node:fs'
import { rmdirSync, rmSync, statSync, truncateSync, writeSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3'
import { startEmulator, type TestEmulator } from '../../support/emulator.ts'
import { signed } from '../../support/raw.ts'
import { refusal } from './support.ts'

const Bucket = 'damaged'
const Key = 'some folder/damaged'
/** How logs write it. */
const NAMED = `${Bucket}/some+folder/damaged`
const path = `/${Bucket}/some%20folder/damaged`
const KIB = 1024
const SECRET = 'nobody may read this. '
const text = (length: number) => Buffer.alloc(length, SECRET)
const INTERNAL_ERROR = {
  status: 500,
  code: 'InternalError',
  message: 'We encountered an internal error. Please try again.',
}

let dataDir: string
let emulator: TestEmulator
let s3: S3Client
beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'twokey-damage-'))
  emulator = await startEmulator({ dataDir })
  s3 = emulator.client(S3Client)
  await s3.send(new CreateBucketCommand({ Bucket }))
  await s3.send(new PutObjectCommand({ Bucket, Key: 'other', Body: text(900 * KIB), ServerSideEncryption: 'aws:kms' }))
})
beforeEach(async () => {
  await s3.send(new DeleteObjectCommand({ Bucket, Key }))
})
afterAll(async () => {
  await emulator.stop()
  rmSync(dataDir, { recursive: true, force: true })
})

/** The files of all blobs, finished or not. */
function files(): string[] {
  const entries = readdirSync(join(dataDir, 'blobs'), { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
}

const records = () =>
  Object.entries(emulator.emulator.env.store.export({ secrets: false }).collections).filter(([name]) =>
    name.startsWith('s3.'),
  )

/** The files that an upload made. */
async function madeBy(upload: () => Promise<unknown>): Promise<string[]> {
  const before = new Set(files())
  await upload()
  return files().filter((file) => !before.has(file))
}

async function put(size: number): Promise<string> {
  const input = { Bucket, Key, Body: text(size), ServerSideEncryption: 'aws:kms' as const }
  const [file = ''] = await madeBy(() => s3.send(new PutObjectCommand(input)))
  return file
}

function flip(file: string, at: number): void {
  const byte = readFileSync(file).at(at) ?? 0
  const position = at < 0 ? statSync(file).size + at : at
  const handle = openSync(file, 'r+')
  writeSync(handle, Buffer.from([byte ^ 0x10]), 0, 1, position)
  closeSync(handle)
}

interface Got {
  /** 0 when nothing came at all. */
  readonly status: number
  readonly bytes: Buffer
  /** Whether the answer came to its proper end. */
  readonly whole: boolean
}

function get(where = path, range?: string): Promise<Got> {
  const { headers } = signed(emulator.url, 's3', { method: 'GET', path: where, headers: range ? { range } : {} })
  const { hostname, port } = new URL(emulator.url)
  return new Promise((resolve) => {
    const asked = request({ hostname, port, path: where, headers, agent: false }, (answer) => {
      const chunks: Buffer[] = []
      answer.on('data', (chunk: Buffer) => chunks.push(chunk))
      answer.on('error', () => undefined)
      answer.on('close', () => {
        resolve({ status: answer.statusCode ?? 0, bytes: Buffer.concat(chunks), whole: answer.complete })
      })
    })
    // Cut off before anything of it was sent.
    asked.on('error', () => {
      resolve({ status: 0, bytes: Buffer.alloc(0), whole: false })
    })
    asked.end()
  })
}

const CopySource = `${Bucket}/some%20folder/damaged`
const copy = () => s3.send(new CopyObjectCommand({ Bucket, Key: 'copy', CopySource }))

/** Whoever reads the log learns which object it is, and nothing of what is in it. */
function expectLog(since: number): void {
  const lines = emulator.lines.slice(since)
  expect(lines.some((line) => line.includes(`s3 object \`${NAMED}\` cannot be read`))).toBe(true)
  expect(lines.join('\n')).not.toContain(SECRET.trim())
}

const DAMAGE: readonly (readonly [string, (file: string) => void])[] = [
  [
    'a flipped bit of the first byte',
    (file) => {
      flip(file, 0)
    },
  ],
  [
    'a flipped bit of the format',
    (file) => {
      flip(file, 7)
    },
  ],
  [
    'a flipped bit of the salt',
    (file) => {
      flip(file, 20)
    },
  ],
  [
    'a flipped bit of the first segment',
    (file) => {
      flip(file, 32)
    },
  ],
  [
    'only its header',
    (file) => {
      truncateSync(file, 32)
    },
  ],
  [
    'nothing in it',
    (file) => {
      truncateSync(file, 0)
    },
  ],
  [
    'no file',
    (file) => {
      rmSync(file)
    },
  ],
  [
    'another object’s file',
    (file) => {
      copyFileSync(files().find((each) => each !== file) ?? '', file)
    },
  ],
]
const SMALL = [
  [
    'a flipped bit of the tag',
    (file: string) => {
      flip(file, -1)
    },
  ],
  [
    'the last byte missing',
    (file: string) => {
      truncateSync(file, statSync(file).size - 1)
    },
  ],
] as const

describe.each([
  ['a small object', 1000, [...DAMAGE, ...SMALL]],
  ['a large object', 700 * KIB, DAMAGE],
])('%s', (_, size, damages) => {
  it.each(damages)('with %s is an internal error before any byte, and can be deleted', async (__, damage) => {
    const file = await put(size)
    damage(file)
    const rest = files()
    const before = records()
    for (const range of [undefined, 'bytes=0-9']) {
      const since = emulator.lines.length
      const { status, bytes, whole } = await get(path, range)
      expect([status, whole]).toEqual([500, true])
      expect(bytes.toString()).toContain('<Code>InternalError</Code>')
      expectLog(since)
    }
    const since = emulator.lines.length
    expect(await refusal(copy())).toEqual(INTERNAL_ERROR)
    expectLog(since)
    expect(files()).toEqual(rest)
    expect(records()).toEqual(before)
    // What needs no bytes goes on, and so do others.
    expect((await s3.send(new HeadObjectCommand({ Bucket, Key }))).ContentLength).toBe(size)
    expect((await get(`/${Bucket}/other`)).bytes.equals(text(900 * KIB))).toBe(true)
    await s3.send(new DeleteObjectCommand({ Bucket, Key }))
    const { Contents } = await s3.send(new ListObjectsV2Command({ Bucket }))
    expect(Contents?.map((object) => object.Key)).toEqual(['other'])
    expect(files()).toEqual(rest.filter((each) => each !== file))
  })
})

describe('a large object whose end is damaged', () => {
  const size = 700 * KIB
  const intact = 2 * 256 * KIB - 32
  it.each([
    [
      'flipped',
      (file: string) => {
        flip(file, -1)
      },
    ],
    [
      'flipped in the middle of the last segment',
      (file: string) => {
        flip(file, 600 * KIB)
      },
    ],
    [
      'cut off',
      (file: string) => {
        truncateSync(file, statSync(file).size - 1)
      },
    ],
    [
      'cut off after a segment',
      (file: string) => {
        truncateSync(file, 32 + 512 * KIB)
      },
    ],
  ])('(%s) is never a short body that looks whole', async (_, damage) => {
    damage(await put(size))
    const since = emulator.lines.length
    const { status, bytes, whole } = await get()
    expect([status === 0 || status === 200, whole]).toEqual([true, false])
    // Nothing but what was verified.
    expect(bytes.length).toBeLessThanOrEqual(intact)
    expect(bytes.equals(text(size).subarray(0, bytes.length))).toBe(true)
    expectLog(since)
    const early = await get(path, 'bytes=100-300000')
    expect([early.status, early.whole]).toEqual([206, true])
    expect(early.bytes.equals(text(size).subarray(100, 300_001))).toBe(true)
    expect(await get(path, 'bytes=-10')).toMatchObject({ status: 500, whole: true })
    const rest = files()
    expect(await refusal(copy())).toEqual(INTERNAL_ERROR)
    expect(files()).toEqual(rest)
  })
})

describe('an object of several parts', () => {
  const MIB = KIB * KIB
  const part = (PartNumber: number, UploadId: string | undefined, Body: Buffer) =>
    s3.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body }))

  it('whose second part is gone gives the first, then is cut off; and is of no use as a source', async () => {
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key }))
    const made: string[] = []
    const Parts: { PartNumber: number; ETag: string | undefined }[] = []
    for (const [PartNumber, size] of [
      [1, 5 * MIB],
      [2, 1000],
    ] as const) {
      made.push(
        ...(await madeBy(async () =>
          Parts.push({ PartNumber, ETag: (await part(PartNumber, UploadId, text(size))).ETag }),
        )),
      )
    }
    await s3.send(new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts } }))
    rmSync(made[1] ?? '')
    const { status, bytes, whole } = await get()
    expect([status, whole]).toEqual([200, false])
    expect(bytes.length).toBeLessThanOrEqual(5 * MIB)
    expect((await get(`${path}?partNumber=1`)).bytes.equals(text(5 * MIB))).toBe(true)
    expect(await get(`${path}?partNumber=2`)).toMatchObject({ status: 500, whole: true })

    const target = { Bucket, Key: 'copy of a part' }
    const begun = await s3.send(new CreateMultipartUploadCommand(target))
    const before = files()
    const since = emulator.lines.length
    const take = (CopySourceRange?: string) =>
      s3.send(
        new UploadPartCopyCommand({ ...target, UploadId: begun.UploadId, PartNumber: 1, CopySource, CopySourceRange }),
      )
    expect(await refusal(take())).toEqual(INTERNAL_ERROR)
    expect(files()).toEqual(before)
    expectLog(since)
    await expect(take('bytes=0-999')).resolves.toBeDefined()
  })

  it('whose file cannot be deleted is gone or replaced all the same, and the log names the file', async () => {
    for (const end of [() => s3.send(new DeleteObjectCommand({ Bucket, Key })), () => put(100)]) {
      const file = await put(1000)
      // Nobody, not even root, unlinks a directory.
      rmSync(file)
      mkdirSync(file)
      const since = emulator.lines.length
      await end()
      expect(emulator.lines.slice(since)).toContainEqual(
        expect.stringMatching(
          new RegExp(`^the file of blob \`${basename(file)}\`, which nothing names any more, cannot be deleted before`),
        ),
      )
      rmdirSync(file)
    }
    expect((await get()).bytes.equals(text(100))).toBe(true)
  })

  it('that is completed without one of its files is an internal error when it is read', async () => {
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key }))
    let ETag: string | undefined
    const [file = ''] = await madeBy(async () => ({ ETag } = await part(1, UploadId, text(1000))))
    rmSync(file)
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] }
    await s3.send(new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload }))
    expect(await get()).toMatchObject({ status: 500, whole: true })
    await s3.send(new DeleteObjectCommand({ Bucket, Key }))
    expect(await get()).toMatchObject({ status: 404 })
  })
})
