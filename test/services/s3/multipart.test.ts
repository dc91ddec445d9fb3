import { createHash } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { DisableKeyCommand, EnableKeyCommand } from '@aws-sdk/client-kms'
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  PutBucketEncryptionCommand,
  PutObjectCommand,
  UploadPartCommand,
  UploadPartCopyCommand,
  type CompletedPart,
  type CompleteMultipartUploadCommandInput,
  type CreateMultipartUploadCommandInput,
  type S3Client,
} from '@aws-sdk/client-s3'
import fc from 'fast-check'
import { ACCOUNT } from '../../support/emulator.ts'
import { send, signed } from '../../support/raw.ts'
import { allow, denied, refusal, startWorld, type World } from './support.ts'

const Bucket = 'multipart'
const MIB = 1024 * 1024
let world: World
let key: string
beforeAll(async () => {
  world = await startWorld(Bucket)
})
beforeEach(async () => {
  key = await world.key()
})
afterAll(() => world.stop())

const pattern = (length: number, seed: number) => Buffer.alloc(length, `part ${String(seed)} `)
const md5 = (bytes: Buffer) => createHash('md5').update(bytes).digest()
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('base64')
const blobs = () => {
  let count = 0
  world.emulator.emulator.env.blobs.sweep(() => ++count > 0)
  return count
}

/**
 * An upload without an algorithm of the client's. The SDK would always choose one, so creation and parts go out as plain requests.
 */
class PlainUpload {
  readonly #path: string
  readonly parts: CompletedPart[] = []

  readonly key: string
  readonly uploadId: string

  private constructor(key: string, uploadId: string) {
    this.key = key
    this.uploadId = uploadId
    this.#path = `/${Bucket}/${key}?uploadId=${uploadId}`
  }

  static async begin(name: string, headers: Record<string, string> = {}): Promise<PlainUpload> {
    const { url } = world.emulator
    const { body } = await send(
      url,
      signed(url, 's3', { method: 'POST', path: `/${Bucket}/${name}?uploads=`, headers }),
    )
    return new PlainUpload(name, /<UploadId>(.*)<\/UploadId>/.exec(body)?.[1] ?? '')
  }

  async part(PartNumber: number, body: Buffer) {
    const { url } = world.emulator
    const path = `${this.#path}&partNumber=${String(PartNumber)}`
    const answer = await send(url, signed(url, 's3', { method: 'PUT', path, body }))
    this.parts.push({ PartNumber, ETag: String(answer.headers['etag']) })
    return answer
  }

  complete(more: Partial<CompleteMultipartUploadCommandInput> = {}, s3: S3Client = world.s3) {
    return s3.send(
      new CompleteMultipartUploadCommand({
        Bucket,
        Key: this.key,
        UploadId: this.uploadId,
        MultipartUpload: { Parts: this.parts },
        ...more,
      }),
    )
  }
}

const begin = async (Key: string, more: Partial<CreateMultipartUploadCommandInput> = {}, s3 = world.s3) =>
  (await s3.send(new CreateMultipartUploadCommand({ Bucket, Key, ...more }))).UploadId ?? ''
const kmsHeaders = () => ({
  'x-amz-server-side-encryption': 'aws:kms',
  'x-amz-server-side-encryption-aws-kms-key-id': key,
})
const read = async (Key: string, more: object = {}) => {
  const { Body } = await world.s3.send(new GetObjectCommand({ Bucket, Key, ...more }))
  return Buffer.from((await Body?.transformToByteArray()) ?? [])
}

describe('a multipart upload', () => {
  it('assembles its parts, with S3’s own checksum and the ETag of ETags', async () => {
    const bodies = [pattern(5 * MIB, 1), pattern(5 * MIB, 2), pattern(1000, 3)]
    const upload = await PlainUpload.begin('plain')
    for (const [index, body] of bodies.entries()) await upload.part(index + 1, body)
    const answer = await upload.complete()
    const etag = `"${md5(Buffer.concat(bodies.map(md5))).toString('hex')}-3"`
    expect(answer).toMatchObject({
      Bucket,
      Key: 'plain',
      ETag: etag,
      Location: `https://${Bucket}.s3.us-east-1.amazonaws.com/plain`,
      ServerSideEncryption: 'AES256',
      ChecksumType: 'FULL_OBJECT',
    })
    expect((await read('plain')).equals(Buffer.concat(bodies))).toBe(true)
    // The same bytes at once have the same CRC.
    await world.s3.send(
      new PutObjectCommand({ Bucket, Key: 'at-once', Body: Buffer.concat(bodies), ChecksumAlgorithm: 'CRC64NVME' }),
    )
    const atOnce = await world.s3.send(new HeadObjectCommand({ Bucket, Key: 'at-once', ChecksumMode: 'ENABLED' }))
    expect(answer.ChecksumCRC64NVME).toBe(atOnce.ChecksumCRC64NVME)
    const again = await upload.complete()
    expect([again.ETag, again.ChecksumCRC64NVME]).toEqual([etag, undefined])
  })

  it('answers ranges across parts, and parts', async () => {
    const bodies = [pattern(5 * MIB, 4), pattern(5 * MIB, 5), pattern(77, 6)]
    const upload = await PlainUpload.begin('ranges')
    for (const [index, body] of bodies.entries()) await upload.part(index + 1, body)
    await upload.complete()
    const whole = Buffer.concat(bodies)
    const offset = fc.integer({ min: 0, max: whole.length - 1 })
    await fc.assert(
      fc.asyncProperty(offset, fc.integer({ min: 0, max: 200_000 }), async (start, length) => {
        const end = Math.min(start + length, whole.length - 1)
        const got = await read('ranges', { Range: `bytes=${String(start)}-${String(end)}` })
        expect(got.equals(whole.subarray(start, end + 1))).toBe(true)
      }),
      {
        numRuns: 20,
        examples: [
          [5 * MIB - 1, 1],
          [whole.length - 1, 0],
          [5 * MIB - 10, 200_000],
        ],
      },
    )
    const second = await world.s3.send(new GetObjectCommand({ Bucket, Key: 'ranges', PartNumber: 2 }))
    expect(second).toMatchObject({ PartsCount: 3, ContentLength: 5 * MIB })
    expect(second.ContentRange).toBe(`bytes ${String(5 * MIB)}-${String(10 * MIB - 1)}/${String(whole.length)}`)
    expect(await refusal(read('ranges', { PartNumber: 4 }))).toEqual({
      status: 416,
      code: 'InvalidPartNumber',
      message: 'The requested partnumber is not satisfiable',
    })
  })

  it('with the client’s algorithm is a checksum of checksums', async () => {
    const bodies = [pattern(5 * MIB, 7), pattern(10, 8)]
    const UploadId = await begin('composite', { ChecksumAlgorithm: 'SHA256' })
    const Parts: CompletedPart[] = []
    for (const [index, Body] of bodies.entries()) {
      const PartNumber = index + 1
      const part = await world.s3.send(
        new UploadPartCommand({ Bucket, Key: 'composite', UploadId, PartNumber, Body, ChecksumAlgorithm: 'SHA256' }),
      )
      expect(part.ChecksumSHA256).toBe(sha256(Body))
      Parts.push({ PartNumber, ETag: part.ETag, ChecksumSHA256: part.ChecksumSHA256 })
    }
    const whole = sha256(Buffer.concat(bodies.map((body) => createHash('sha256').update(body).digest())))
    const complete = (parts: CompletedPart[]) =>
      world.s3.send(
        new CompleteMultipartUploadCommand({ Bucket, Key: 'composite', UploadId, MultipartUpload: { Parts: parts } }),
      )
    const withoutChecksums = Parts.map(({ PartNumber, ETag }) => ({ PartNumber, ETag }))
    expect(await refusal(complete(withoutChecksums))).toEqual({
      status: 400,
      code: 'InvalidRequest',
      message:
        'The upload was created using a sha256 checksum. The complete request must include the checksum for each part. It was missing for part 1 in the request.',
    })
    const answer = await complete(Parts)
    expect([answer.ChecksumSHA256, answer.ChecksumType]).toEqual([`${whole}-2`, 'COMPOSITE'])
    const attributes = await world.s3.send(
      new GetObjectAttributesCommand({ Bucket, Key: 'composite', ObjectAttributes: ['Checksum', 'ObjectParts'] }),
    )
    expect(attributes.Checksum).toEqual({ ChecksumSHA256: whole, ChecksumType: 'COMPOSITE' })
    expect(attributes.ObjectParts).toMatchObject({
      TotalPartsCount: 2,
      Parts: [
        { PartNumber: 1, Size: 5 * MIB, ChecksumSHA256: Parts[0]?.ChecksumSHA256 },
        { PartNumber: 2, Size: 10, ChecksumSHA256: Parts[1]?.ChecksumSHA256 },
      ],
    })
  })

  it('wants parts 1, 2, 3, … where a checksum of checksums was asked for, and only there', async () => {
    const complete = async (more: Partial<CreateMultipartUploadCommandInput>) => {
      const UploadId = await begin('gap', more)
      const place = { Bucket, Key: 'gap', UploadId }
      const PartNumber = 2
      const { ChecksumAlgorithm } = more
      const sent = await world.s3.send(new UploadPartCommand({ ...place, PartNumber, Body: 'x', ChecksumAlgorithm }))
      const { ETag, ChecksumSHA256, ChecksumCRC64NVME } = sent
      const MultipartUpload = { Parts: [{ PartNumber, ETag, ChecksumSHA256, ChecksumCRC64NVME }] }
      return world.s3.send(new CompleteMultipartUploadCommand({ ...place, MultipartUpload }))
    }
    expect(await refusal(complete({ ChecksumAlgorithm: 'SHA256' }))).toEqual({
      status: 400,
      code: 'InvalidPartOrder',
      message: 'The list of parts was not in ascending order. Parts must be ordered by part number.',
    })
    await expect(complete({ ChecksumAlgorithm: 'CRC64NVME' })).resolves.toMatchObject({ ChecksumType: 'FULL_OBJECT' })
    await expect(complete({})).resolves.toBeDefined()
  })

  it('refuses parts that are not there, out of order, or too small', async () => {
    const upload = await PlainUpload.begin('refused')
    await upload.part(1, pattern(10, 1))
    await upload.part(2, pattern(10, 2))
    const [first, second] = upload.parts as [CompletedPart, CompletedPart]
    const complete = (...Parts: CompletedPart[]) => refusal(upload.complete({ MultipartUpload: { Parts } }))
    expect(await complete(first, second)).toEqual({
      status: 400,
      code: 'EntityTooSmall',
      message: 'Your proposed upload is smaller than the minimum allowed size',
    })
    expect(await complete(second, first)).toEqual({
      status: 400,
      code: 'InvalidPartOrder',
      message: 'The list of parts was not in ascending order. Parts must be ordered by part number.',
    })
    const invalidPart = {
      status: 400,
      code: 'InvalidPart',
      message:
        "One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.",
    }
    expect(await complete({ ...first, ETag: second.ETag })).toEqual(invalidPart)
    expect(await complete({ PartNumber: 3, ETag: first.ETag })).toEqual(invalidPart)
    expect(await complete()).toMatchObject({ code: 'MalformedXML' })
    await expect(upload.complete({ MultipartUpload: { Parts: [second] } })).resolves.toBeDefined()
    expect(await read('refused')).toEqual(pattern(10, 2))
  })

  it('leaves no blob when parts are replaced, left out, or the upload is aborted', async () => {
    const before = blobs()
    const upload = await PlainUpload.begin('blobs')
    await upload.part(1, pattern(10, 1))
    await upload.part(1, pattern(10, 2))
    await upload.part(2, pattern(10, 3))
    expect(blobs()).toBe(before + 2)
    await upload.complete({ MultipartUpload: { Parts: upload.parts.slice(1, 2) } })
    expect(blobs()).toBe(before + 1)
    const aborted = await PlainUpload.begin('blobs')
    await aborted.part(1, pattern(10, 1))
    const input = { Bucket, Key: 'blobs', UploadId: aborted.uploadId }
    const { $metadata } = await world.s3.send(new AbortMultipartUploadCommand(input))
    expect($metadata.httpStatusCode).toBe(204)
    expect(blobs()).toBe(before + 1)
    expect(await refusal(world.s3.send(new AbortMultipartUploadCommand(input)))).toEqual({
      status: 404,
      code: 'NoSuchUpload',
      message:
        'The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.',
    })
  })

  it('goes with its bucket', async () => {
    await world.s3.send(new CreateBucketCommand({ Bucket: 'short-lived' }))
    const UploadId = await begin('k', { Bucket: 'short-lived' })
    const before = blobs()
    await world.s3.send(
      new UploadPartCommand({
        Bucket: 'short-lived',
        Key: 'k',
        UploadId,
        PartNumber: 1,
        Body: 'x',
        ChecksumAlgorithm: 'CRC32',
      }),
    )
    await world.s3.send(new DeleteBucketCommand({ Bucket: 'short-lived' }))
    expect(blobs()).toBe(before)
  })

  it('keeps its conditions for the end', async () => {
    await world.s3.send(new PutObjectCommand({ Bucket, Key: 'exists', Body: 'old' }))
    const upload = await PlainUpload.begin('exists')
    await upload.part(1, pattern(10, 1))
    expect(await refusal(upload.complete({ IfNoneMatch: '*' }))).toMatchObject({
      status: 412,
      code: 'PreconditionFailed',
    })
    expect((await read('exists')).toString()).toBe('old')
    await expect(upload.complete()).resolves.toBeDefined()
  })

  it('refuses encryption headers on parts', async () => {
    const upload = await PlainUpload.begin('headers')
    const { url } = world.emulator
    const path = `/${Bucket}/headers?partNumber=1&uploadId=${upload.uploadId}`
    const headers = { 'x-amz-server-side-encryption': 'AES256' }
    const answer = await send(url, signed(url, 's3', { method: 'PUT', path, headers, body: 'x' }))
    expect(answer.status).toBe(400)
    expect(answer.body).toContain(
      '<Code>InvalidArgument</Code><Message>x-amz-server-side-encryption header is not supported for this operation.</Message><ArgumentName>x-amz-server-side-encryption</ArgumentName><ArgumentValue>AES256</ArgumentValue>',
    )
  })
})

describe('listings of uploads', () => {
  it('are ordered by key, then by time, in pages', async () => {
    await world.s3.send(new CreateBucketCommand({ Bucket: 'uploads' }))
    const ids: string[] = []
    for (const name of ['a/1', 'a/2', 'b', 'b', 'c']) ids.push(await begin(name, { Bucket: 'uploads' }))
    const [b1, b2] = [ids[2], ids[3]].sort()
    const all = await world.s3.send(new ListMultipartUploadsCommand({ Bucket: 'uploads', Delimiter: '/' }))
    expect(all.CommonPrefixes).toEqual([{ Prefix: 'a/' }])
    expect(all.Uploads?.map(({ Key, UploadId }) => [Key, UploadId])).toEqual([
      ['b', b1],
      ['b', b2],
      ['c', ids[4]],
    ])
    expect(all.Uploads?.[0]?.Initiator?.ID).toBe(all.Uploads?.[0]?.Owner?.ID)
    const first = await world.s3.send(new ListMultipartUploadsCommand({ Bucket: 'uploads', MaxUploads: 3 }))
    expect(first).toMatchObject({ IsTruncated: true, NextKeyMarker: 'b', NextUploadIdMarker: b1 })
    const rest = await world.s3.send(
      new ListMultipartUploadsCommand({
        Bucket: 'uploads',
        KeyMarker: first.NextKeyMarker,
        UploadIdMarker: first.NextUploadIdMarker,
      }),
    )
    expect(rest.Uploads?.map(({ UploadId }) => UploadId)).toEqual([b2, ids[4]])
    const afterKey = await world.s3.send(new ListMultipartUploadsCommand({ Bucket: 'uploads', KeyMarker: 'b' }))
    expect(afterKey.Uploads?.map(({ Key }) => Key)).toEqual(['c'])
  })

  it('name who began them', async () => {
    const user = await world.user('uploader', allow('s3:*'))
    const UploadId = await begin('by-user', {}, user.s3)
    const parts = await world.s3.send(new ListPartsCommand({ Bucket, Key: 'by-user', UploadId }))
    expect(parts.Initiator).toEqual({ ID: user.arn, DisplayName: 'uploader' })
    expect(parts.Owner?.ID).toMatch(/^[0-9a-f]{64}$/)
  })

  it('of parts come in pages', async () => {
    const upload = await PlainUpload.begin('pages')
    for (const number of [1, 2, 10]) await upload.part(number, pattern(number, 1))
    const list = (more: object) =>
      world.s3.send(new ListPartsCommand({ Bucket, Key: 'pages', UploadId: upload.uploadId, ...more }))
    const first = await list({ MaxParts: 2 })
    expect(first).toMatchObject({ IsTruncated: true, NextPartNumberMarker: '2', MaxParts: 2 })
    expect(first.Parts?.map(({ PartNumber, Size }) => [PartNumber, Size])).toEqual([
      [1, 1],
      [2, 2],
    ])
    const rest = await list({ PartNumberMarker: '2' })
    expect(rest.Parts?.map(({ PartNumber }) => PartNumber)).toEqual([10])
    expect(rest.IsTruncated).toBe(false)
  })
})

describe('an upload under KMS', () => {
  const data = allow(['s3:PutObject', 's3:GetObject', 's3:ListMultipartUploadParts'])
  const noDecrypt = (arn: string) =>
    denied(
      `User: ${arn} is not authorized to perform: kms:Decrypt on resource: ${key} because no identity-based policy allows the kms:Decrypt action`,
    )

  it('needs GenerateDataKey to begin and Decrypt for each part', async () => {
    const writer = await world.user('mp-writer', data, allow('kms:GenerateDataKey'))
    const kms = { ServerSideEncryption: 'aws:kms' as const, SSEKMSKeyId: key }
    const UploadId = await begin('two-keys', { ...kms, ChecksumAlgorithm: 'CRC32' }, writer.s3)
    const part = { Bucket, Key: 'two-keys', UploadId, PartNumber: 1, Body: 'x', ChecksumAlgorithm: 'CRC32' as const }
    expect(await refusal(writer.s3.send(new UploadPartCommand(part)))).toEqual(noDecrypt(writer.arn))
    expect(await refusal(writer.s3.send(new ListPartsCommand({ Bucket, Key: 'two-keys', UploadId })))).toEqual(
      noDecrypt(writer.arn),
    )
    const reader = await world.user('mp-reader', data, allow('kms:Decrypt'))
    expect(await refusal(begin('two-keys', kms, reader.s3))).toEqual(
      denied(
        `User: ${reader.arn} is not authorized to perform: kms:GenerateDataKey on resource: ${key} because no identity-based policy allows the kms:GenerateDataKey action`,
      ),
    )
    const { ETag, ChecksumCRC32, SSEKMSKeyId } = await reader.s3.send(new UploadPartCommand(part))
    expect(SSEKMSKeyId).toBe(key)
    const complete = (s3: S3Client) =>
      s3.send(
        new CompleteMultipartUploadCommand({
          Bucket,
          Key: 'two-keys',
          UploadId,
          MultipartUpload: { Parts: [{ PartNumber: 1, ETag, ChecksumCRC32 }] },
        }),
      )
    expect(await refusal(complete(writer.s3))).toEqual(noDecrypt(writer.arn))
    expect((await complete(reader.s3)).ChecksumCRC32).toMatch(/-1$/)
    expect((await read('two-keys')).toString()).toBe('x')
  })

  it('with S3’s own checksum is completed without the key, and shows the checksum later', async () => {
    const body = pattern(5 * MIB, 1)
    const upload = await PlainUpload.begin('lazy', kmsHeaders())
    await upload.part(1, body)
    await upload.part(2, body)
    await world.kms.send(new DisableKeyCommand({ KeyId: key }))
    const parts = await world.s3.send(new ListPartsCommand({ Bucket, Key: 'lazy', UploadId: upload.uploadId }))
    expect(parts.Parts).toHaveLength(2)
    const replaced = await upload.part(2, body)
    expect(replaced.body).toContain('<Code>KMS.DisabledException</Code>')
    upload.parts.pop()
    const answer = await upload.complete()
    expect(answer).toMatchObject({ ServerSideEncryption: 'aws:kms', SSEKMSKeyId: key })
    expect([answer.ChecksumCRC64NVME, answer.ChecksumType]).toEqual([undefined, undefined])
    await world.kms.send(new EnableKeyCommand({ KeyId: key }))
    const head = await world.s3.send(new HeadObjectCommand({ Bucket, Key: 'lazy', ChecksumMode: 'ENABLED' }))
    const whole = {
      Bucket,
      Key: 'lazy-whole',
      Body: Buffer.concat([body, body]),
      ChecksumAlgorithm: 'CRC64NVME' as const,
    }
    const { ChecksumCRC64NVME } = await world.s3.send(new PutObjectCommand(whole))
    expect(head.ChecksumCRC64NVME).toBe(ChecksumCRC64NVME)
    expect((await read('lazy')).length).toBe(10 * MIB)
  })

  it('with explicit checksums has begun to answer when its condition fails', async () => {
    await world.s3.send(new PutObjectCommand({ Bucket, Key: 'begun', Body: 'old' }))
    const kms = { ServerSideEncryption: 'aws:kms' as const, SSEKMSKeyId: key, ChecksumAlgorithm: 'SHA256' as const }
    const UploadId = await begin('begun', kms)
    const { ETag, ChecksumSHA256 } = await world.s3.send(
      new UploadPartCommand({ Bucket, Key: 'begun', UploadId, PartNumber: 1, Body: 'x', ChecksumAlgorithm: 'SHA256' }),
    )
    const { url } = world.emulator
    const body = `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>${String(ETag)}</ETag><ChecksumSHA256>${String(ChecksumSHA256)}</ChecksumSHA256></Part></CompleteMultipartUpload>`
    const headers = { 'if-none-match': '*' }
    const path = `/${Bucket}/begun?uploadId=${UploadId}`
    const answer = await send(url, signed(url, 's3', { method: 'POST', path, headers, body }))
    expect(answer.status).toBe(200)
    expect(answer.body).toContain('<Error><Code>PreconditionFailed</Code>')
    expect((await read('begun')).toString()).toBe('old')
  })

  it('is frozen when it begins', async () => {
    await world.s3.send(new CreateBucketCommand({ Bucket: 'frozen' }))
    const setDefault = (SSEAlgorithm: 'aws:kms' | 'AES256') =>
      world.s3.send(
        new PutBucketEncryptionCommand({
          Bucket: 'frozen',
          ServerSideEncryptionConfiguration: {
            Rules: [
              {
                ApplyServerSideEncryptionByDefault: {
                  SSEAlgorithm,
                  ...(SSEAlgorithm === 'aws:kms' && { KMSMasterKeyID: key }),
                },
              },
            ],
          },
        }),
      )
    await setDefault('aws:kms')
    const UploadId = await begin('k', { Bucket: 'frozen' })
    await setDefault('AES256')
    const part = await world.s3.send(
      new UploadPartCommand({
        Bucket: 'frozen',
        Key: 'k',
        UploadId,
        PartNumber: 1,
        Body: 'x',
        ChecksumAlgorithm: 'CRC32',
      }),
    )
    expect(part).toMatchObject({ ServerSideEncryption: 'aws:kms', SSEKMSKeyId: key })
  })

  it('satisfies policies that demand the header, though its parts must not carry it', async () => {
    const user = await world.user('header-demanded', allow('kms:*'), {
      ...allow('s3:PutObject'),
      Condition: { StringEquals: { 's3:x-amz-server-side-encryption': 'aws:kms' } },
    })
    const kms = { ServerSideEncryption: 'aws:kms' as const, SSEKMSKeyId: key, ChecksumAlgorithm: 'CRC32' as const }
    const UploadId = await begin('demanded', kms, user.s3)
    const input = { Bucket, Key: 'demanded', UploadId, PartNumber: 1, Body: 'x', ChecksumAlgorithm: 'CRC32' as const }
    await expect(user.s3.send(new UploadPartCommand(input))).resolves.toBeDefined()
    expect(await refusal(begin('demanded', {}, user.s3))).toEqual(
      denied(
        `User: ${user.arn} is not authorized to perform: s3:PutObject on resource: "arn:aws:s3:::${Bucket}/demanded" because no identity-based policy allows the s3:PutObject action`,
      ),
    )
  })
})

describe('UploadPartCopy', () => {
  beforeAll(async () => {
    await world.s3.send(new PutObjectCommand({ Bucket, Key: 'source', Body: 'abcdefghij' }))
  })
  const copy = (UploadId: string, more: object = {}, s3 = world.s3) =>
    s3.send(
      new UploadPartCopyCommand({
        Bucket,
        Key: 'copied',
        UploadId,
        PartNumber: 1,
        CopySource: `${Bucket}/source`,
        ...more,
      }),
    )

  it('copies a range', async () => {
    const UploadId = await begin('copied')
    const { CopyPartResult } = await copy(UploadId, { CopySourceRange: 'bytes=2-4' })
    await world.s3.send(
      new CompleteMultipartUploadCommand({
        Bucket,
        Key: 'copied',
        UploadId,
        MultipartUpload: { Parts: [{ PartNumber: 1, ...CopyPartResult }] },
      }),
    )
    expect((await read('copied')).toString()).toBe('cde')
  })

  it('refuses ranges beyond the source', async () => {
    const UploadId = await begin('copied')
    expect(await refusal(copy(UploadId, { CopySourceRange: 'bytes=2-10' }))).toEqual({
      status: 400,
      code: 'InvalidArgument',
      message: 'Range specified is not valid for source object of size: 10',
    })
  })

  it('looks at the source’s conditions before it asks KMS', async () => {
    const kms = { ServerSideEncryption: 'aws:kms' as const, SSEKMSKeyId: key }
    const UploadId = await begin('copied', kms)
    await world.kms.send(new DisableKeyCommand({ KeyId: key }))
    expect(await refusal(copy(UploadId, { CopySourceIfMatch: '"other"' }))).toMatchObject({ status: 412 })
    expect(await refusal(copy(UploadId))).toEqual({
      status: 400,
      code: 'KMS.DisabledException',
      message: `${key} is disabled.`,
    })
  })

  it('needs the permission to read the source', async () => {
    const user = await world.user('part-copier', allow('s3:PutObject'))
    const UploadId = await begin('copied', {}, user.s3)
    expect(await refusal(copy(UploadId, {}, user.s3))).toEqual(
      denied(
        `User: arn:aws:iam::${ACCOUNT}:user/part-copier is not authorized to perform: s3:GetObject on resource: "arn:aws:s3:::${Bucket}/source" because no identity-based policy allows the s3:GetObject action`,
      ),
    )
  })
})
