import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { run as state } from '../../emulator/cli/state.ts'
import { refusal } from '../services/s3/support.ts'
import { startEmulator, type TestEmulator } from '../support/emulator.ts'

const Bucket = 'stateful'
const place = { Bucket, Key: 'a ü' }

let twokey: TestEmulator
let s3: S3Client
let folder: string
let file: string
let printed: string
beforeAll(async () => {
  twokey = await startEmulator()
  s3 = twokey.client(S3Client)
  folder = mkdtempSync(join(tmpdir(), 'twokey-state-'))
  file = join(folder, 'state.json')
})
afterAll(async () => {
  await twokey.stop()
  rmSync(folder, { recursive: true })
})
beforeEach(async () => {
  process.env['TWOKEY_URL'] = twokey.url
  printed = ''
  jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += String(text)
    return true
  })
  twokey.emulator.reset()
  await s3.send(new CreateBucketCommand({ Bucket }))
  await s3.send(new PutObjectCommand({ ...place, Body: 'the content', ServerSideEncryption: 'aws:kms' }))
})
afterEach(() => {
  jest.restoreAllMocks()
  delete process.env['TWOKEY_URL']
})

const read = async () => (await s3.send(new GetObjectCommand(place))).Body?.transformToString()

describe('twokey state', () => {
  it('takes a state back to where its objects are', async () => {
    expect(await state(['export', file, '--secrets'])).toBe(0)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    await s3.send(new PutObjectCommand({ Bucket, Key: 'later', Body: 'later' }))
    expect(await state(['import', file])).toBe(0)
    expect(printed).toBe(`imported ${file}\n`)
    expect(await read()).toBe('the content')
    expect(await refusal(s3.send(new GetObjectCommand({ Bucket, Key: 'later' })))).toMatchObject({ code: 'NoSuchKey' })
  })

  it('exports no bytes of objects, and says so when they are missed', async () => {
    await state(['export', file, '--secrets'])
    expect(readFileSync(file, 'utf8')).not.toContain('the content')
    expect(await state(['reset'])).toBe(0)
    printed = ''
    expect(await state(['import', file])).toBe(0)
    expect(printed).toBe(
      `imported ${file}; bytes of objects or snapshots that it names are not in this data directory and cannot be read (blobs missing: 1)\n`,
    )
    const since = twokey.lines.length
    expect(await refusal(s3.send(new GetObjectCommand(place)))).toMatchObject({ status: 500, code: 'InternalError' })
    expect(twokey.lines.slice(since).join('\n')).toContain('s3 object `stateful/a+%C3%BC` cannot be read')
    // What cannot be read can be replaced and deleted.
    await s3.send(new PutObjectCommand({ ...place, Body: 'again' }))
    expect(await read()).toBe('again')
    await s3.send(new DeleteObjectCommand(place))
  })
})
