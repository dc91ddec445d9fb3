import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { Readable } from 'node:stream'
import { CreateKeyCommand, EncryptCommand, KMSClient } from '@aws-sdk/client-kms'
import {
  CreateBucketCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import { createTwokey } from '../../plugin/twokey.ts'
import type { Twokey } from '../../plugin/types.ts'
import { ACCOUNT, OTHER_ACCOUNT } from '../support/emulator.ts'
import { refusal } from '../services/s3/support.ts'

let twokey: Twokey
let s3: S3Client
beforeAll(async () => {
  twokey = await createTwokey()
  s3 = twokey.client(S3Client)
  await s3.send(new CreateBucketCommand({ Bucket: 'reports' }))
})
afterAll(() => twokey.close())

const bytes = (length: number) => Buffer.alloc(length, 'twokey ')

describe('an emulator in the process, reached by the SDK', () => {
  it('opens no port until one is asked for', async () => {
    expect(twokey.url).toBeUndefined()
    const another = await createTwokey()
    const url = await another.listen()
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    expect((await fetch(`${url}/_twokey/health`)).status).toBe(200)
    expect(another.sdk().endpoint).toBe(url)
    await another.close()
  })

  it('streams bodies both ways, with checksums in trailers', async () => {
    const body = bytes(3_000_000)
    const chunks = [body.subarray(0, 1_000_001), body.subarray(1_000_001)]
    await s3.send(
      new PutObjectCommand({
        Bucket: 'reports',
        Key: 'large',
        Body: Readable.from(chunks),
        ContentLength: body.length,
        ChecksumAlgorithm: 'SHA256',
      }),
    )
    const { Body, ChecksumSHA256 } = await s3.send(
      new GetObjectCommand({ Bucket: 'reports', Key: 'large', ChecksumMode: 'ENABLED' }),
    )
    expect(ChecksumSHA256).toMatch(/^[\w+/]{43}=$/)
    expect(Buffer.from((await Body?.transformToByteArray()) ?? []).equals(body)).toBe(true)
  })

  it('hands over copies: what a client does with its buffer later is its own affair', async () => {
    const body = bytes(200_000)
    const sent = s3.send(new PutObjectCommand({ Bucket: 'reports', Key: 'copied', Body: body }))
    await sent
    const expected = Buffer.from(body)
    body.fill(0)
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: 'reports', Key: 'copied' }))
    expect(Buffer.from((await Body?.transformToByteArray()) ?? []).equals(expected)).toBe(true)
  })

  it('verifies signatures', async () => {
    const forged = new S3Client({
      ...twokey.sdk(),
      credentials: { accessKeyId: ACCOUNT, secretAccessKey: 'wrong' },
      maxAttempts: 1,
    })
    expect(await refusal(forged.send(new ListObjectsV2Command({ Bucket: 'reports' })))).toEqual({
      status: 403,
      code: 'SignatureDoesNotMatch',
      message:
        'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
    })
  })

  it('leaves nothing of an upload that was aborted', async () => {
    const abort = new AbortController()
    async function* endless() {
      yield bytes(100_000)
      abort.abort()
      await new Promise(() => undefined)
    }
    const call = s3.send(
      new PutObjectCommand({
        Bucket: 'reports',
        Key: 'aborted',
        Body: Readable.from(endless()),
        ContentLength: 1_000_000,
      }),
      { abortSignal: abort.signal },
    )
    await expect(call).rejects.toThrow(expect.objectContaining({ name: 'AbortError' }))
    const { KeyCount } = await s3.send(new ListObjectsV2Command({ Bucket: 'reports', Prefix: 'aborted' }))
    expect(KeyCount).toBe(0)
  })

  it('notices a client that stops reading, and serves the next one', async () => {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: 'reports', Key: 'large' }))
    ;(Body as Readable).destroy()
    const { ContentLength } = await s3.send(new HeadObjectCommand({ Bucket: 'reports', Key: 'large' }))
    expect(ContentLength).toBe(3_000_000)
  })

  it('are attached, made without a Region where none is set', async () => {
    const nowhere = () => Promise.reject(new Error('Region is missing'))
    const { ContentLength } = await twokey
      .attach(new S3Client({ region: nowhere, maxAttempts: 1 }))
      .send(new HeadObjectCommand({ Bucket: 'reports', Key: 'large' }))
    expect(ContentLength).toBe(3_000_000)
  })

  it('serves many at once', async () => {
    const kms = twokey.client(KMSClient)
    const { KeyMetadata } = await kms.send(new CreateKeyCommand({}))
    const calls = Array.from({ length: 40 }, () =>
      kms.send(new EncryptCommand({ KeyId: KeyMetadata?.KeyId, Plaintext: bytes(8) })),
    )
    expect((await Promise.all(calls)).every(({ CiphertextBlob }) => CiphertextBlob !== undefined)).toBe(true)
  })

  it('goes on for others when one client is destroyed', async () => {
    const other = twokey.client(S3Client)
    await other.send(new HeadObjectCommand({ Bucket: 'reports', Key: 'large' }))
    other.destroy()
    await s3.send(new HeadObjectCommand({ Bucket: 'reports', Key: 'large' }))
  })

  it('says so when it has been closed', async () => {
    const closed = await createTwokey()
    const client = closed.client(STSClient, { maxAttempts: 1 })
    await closed.close()
    await closed.close()
    await expect(client.send(new GetCallerIdentityCommand({}))).rejects.toThrow('this emulator has been closed')
  })
})

describe('clients that exist already', () => {
  it('are attached, whatever endpoint, Region and credentials they had', async () => {
    const theirs = new S3Client({ region: 'eu-west-1', maxAttempts: 1 })
    expect(twokey.attach(theirs)).toBe(theirs)
    const { ContentLength } = await theirs.send(new HeadObjectCommand({ Bucket: 'reports', Key: 'large' }))
    expect(ContentLength).toBe(3_000_000)
  })

  it('keep their credentials when a plugin leads their requests here', async () => {
    const theirs = new STSClient({ region: 'eu-west-1', credentials: twokey.root(OTHER_ACCOUNT).credentials })
    theirs.middlewareStack.use(twokey.plugin())
    const { Account } = await theirs.send(new GetCallerIdentityCommand({}))
    expect(Account).toBe(OTHER_ACCOUNT)
  })

  it('abort through the plugin, too', async () => {
    const theirs = new STSClient({ region: 'eu-west-1', credentials: twokey.root().credentials })
    theirs.middlewareStack.use(twokey.plugin())
    const call = theirs.send(new GetCallerIdentityCommand({}), { abortSignal: AbortSignal.abort() })
    await expect(call).rejects.toThrow(expect.objectContaining({ name: 'AbortError' }))
  })

  it('must be clients', () => {
    expect(() => twokey.attach({})).toThrow("attach takes a client of AWS's SDK for JavaScript v3, such as an S3Client")
  })
})
