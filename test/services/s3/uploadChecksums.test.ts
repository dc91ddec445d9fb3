import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  UploadPartCommand,
  type CompletedPart,
  type CreateMultipartUploadCommandInput,
} from '@aws-sdk/client-s3'
import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { send, signed } from '../../support/raw.ts'
import { refusal, startWorld, type World } from './support.ts'

const Bucket = 'uploads'
const Key = 'object'
const BODIES = [Buffer.alloc(5 * 1024 * 1024, 'x'), Buffer.from('hello')] as const

let world: World
beforeAll(async () => {
  world = await startWorld(Bucket)
})
afterAll(() => world.stop())

type Begun = Partial<CreateMultipartUploadCommandInput>
async function begin(more: Begun): Promise<string> {
  const { UploadId } = await world.s3.send(new CreateMultipartUploadCommand({ Bucket, Key, ...more }))
  return UploadId ?? ''
}

/** A request exactly as it is here: SDKs add checksums. */
const ask = (method: string, path: string, body: Buffer | string = '', headers: Record<string, string> = {}) =>
  send(world.emulator.url, signed(world.emulator.url, 's3', { method, path, body, headers }))
const sendPart = (uploadId: string, number: number, body: Buffer, headers = {}) =>
  ask('PUT', `/${Bucket}/${Key}?uploadId=${uploadId}&partNumber=${number}`, body, headers)

function crc(body: Buffer): string {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(crc32(body))
  return bytes.toString('base64')
}

const complete = (UploadId: string, Parts: CompletedPart[], more: object = {}) =>
  world.s3.send(new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts }, ...more }))

async function uploaded(more: Begun, bodies: readonly Buffer[] = BODIES): Promise<[string, CompletedPart[]]> {
  const UploadId = await begin(more)
  const { ChecksumAlgorithm } = more
  const parts: CompletedPart[] = []
  for (const [index, Body] of bodies.entries()) {
    const PartNumber = index + 1
    const input = { Bucket, Key, UploadId, PartNumber, Body, ChecksumAlgorithm }
    const { ETag, ChecksumCRC32, ChecksumSHA256 } = await world.s3.send(new UploadPartCommand(input))
    parts.push({ PartNumber, ETag, ChecksumCRC32, ChecksumSHA256 })
  }
  return [UploadId, parts]
}

const WHOLE = { ChecksumAlgorithm: 'CRC32', ChecksumType: 'FULL_OBJECT' } as const

describe('an upload whose checksum is of the whole object', () => {
  it('takes parts without checksums, and none with another', async () => {
    const UploadId = await begin(WHOLE)
    const etags: string[] = []
    for (const [index, body] of BODIES.entries()) {
      const { status, headers } = await sendPart(UploadId, index + 1, body)
      expect([status, headers['x-amz-checksum-crc32']]).toEqual([200, undefined])
      etags.push(String(headers['etag']))
    }
    const sha1 = createHash('sha1').update(BODIES[1]).digest('base64')
    const { status, body } = await sendPart(UploadId, 2, BODIES[1], { 'x-amz-checksum-sha1': sha1 })
    expect(status).toBe(400)
    expect(body).toContain(
      '<Code>InvalidRequest</Code><Message>Checksum Type mismatch occurred, expected checksum Type: crc32, actual checksum Type: sha1</Message>',
    )
    const parts = etags.map((ETag, index) => ({ ETag, PartNumber: index + 1 }))
    const wrong = await refusal(complete(UploadId, parts, { ChecksumCRC32: 'AAAAAA==' }))
    expect(wrong).toEqual({
      status: 400,
      code: 'BadDigest',
      message: 'The crc32 you specified did not match the calculated checksum.',
    })
    const answer = await complete(UploadId, parts, { ChecksumCRC32: crc(Buffer.concat(BODIES)) })
    expect(answer).toMatchObject({ ChecksumCRC32: crc(Buffer.concat(BODIES)), ChecksumType: 'FULL_OBJECT' })
  })

  it('tells it of the object, and of a part its own', async () => {
    const read = (PartNumber?: number) =>
      world.s3.send(new HeadObjectCommand({ Bucket, Key, PartNumber, ChecksumMode: 'ENABLED' }))
    await complete(...(await uploaded(WHOLE)))
    expect((await read()).ChecksumCRC32).toBe(crc(Buffer.concat(BODIES)))
    const second = await read(2)
    expect([second.PartsCount, second.ChecksumCRC32, second.ChecksumType]).toEqual([2, crc(BODIES[1]), 'FULL_OBJECT'])
    await complete(...(await uploaded(WHOLE, [BODIES[1]])))
    expect(await read(1)).toMatchObject({ ChecksumCRC32: crc(BODIES[1]), ChecksumType: 'FULL_OBJECT' })
  })
})

describe('an upload whose checksum is of checksums', () => {
  it('takes no part without one', async () => {
    const { status, body } = await sendPart(await begin({ ChecksumAlgorithm: 'SHA256' }), 1, BODIES[1])
    expect(status).toBe(400)
    expect(body).toContain(
      '<Code>InvalidRequest</Code><Message>Checksum Type mismatch occurred, expected checksum Type: sha256, actual checksum Type: null</Message>',
    )
  })

  it('tells each part’s, and in any case of the asking header', async () => {
    await complete(...(await uploaded({ ChecksumAlgorithm: 'SHA256' })))
    const sha256 = createHash('sha256').update(BODIES[1]).digest('base64')
    const second = await world.s3.send(new GetObjectCommand({ Bucket, Key, PartNumber: 2, ChecksumMode: 'ENABLED' }))
    expect(second).toMatchObject({ ChecksumSHA256: sha256, ChecksumType: 'COMPOSITE' })
    for (const mode of ['enabled', 'Enabled']) {
      const { headers } = await ask('HEAD', `/${Bucket}/${Key}?partNumber=2`, '', { 'x-amz-checksum-mode': mode })
      expect(headers['x-amz-checksum-sha256']).toBe(sha256)
    }
  })

  it.each<[name: string, value: string, max: number, numbers: readonly number[]]>([
    ['x-amz-max-parts', 'x', 1000, [1, 2]],
    ['x-amz-max-parts', '-1', 1000, [1, 2]],
    ['x-amz-max-parts', '1', 1, [1]],
    ['x-amz-part-number-marker', 'x', 1000, [1, 2]],
    ['x-amz-part-number-marker', '1', 1000, [2]],
  ])('lists its parts by %s: %s', async (name, value, max, numbers) => {
    await complete(...(await uploaded({ ChecksumAlgorithm: 'SHA256' })))
    const headers = { 'x-amz-object-attributes': 'ObjectParts', [name]: value }
    const { status, body } = await ask('GET', `/${Bucket}/${Key}?attributes`, '', headers)
    expect(status).toBe(200)
    expect(body).toContain(`<MaxParts>${max}</MaxParts>`)
    expect([...body.matchAll(/<PartNumber>(\d+)</g)].map(([, number]) => Number(number))).toEqual(numbers)
    expect(body).toMatch(/<PartNumberMarker>\d<\/PartNumberMarker>/)
  })
})

describe('the checksum behind a body', () => {
  const put = (framing: string, headers: Record<string, string>) => {
    const chunked = {
      'content-encoding': 'aws-chunked',
      'x-amz-decoded-content-length': '5',
      ...headers,
    }
    const request = {
      method: 'PUT',
      path: `/${Bucket}/trailed`,
      body: `5\r\nhello\r\n0\r\n${framing}\r\n`,
      headers: chunked,
    }
    return send(
      world.emulator.url,
      signed(world.emulator.url, 's3', request, { payloadHash: 'STREAMING-UNSIGNED-PAYLOAD-TRAILER' }),
    )
  }
  const TRAILER = { 'x-amz-trailer': 'x-amz-checksum-crc32' }
  const RIGHT = `x-amz-checksum-crc32:${crc(BODIES[1])}\r\n`

  it.each<[string, Record<string, string>, string]>([
    ['x-amz-checksum-crc32:abc\r\n', TRAILER, 'Value for x-amz-checksum-crc32 trailing header is invalid.'],
    [RIGHT, { ...TRAILER, 'x-amz-checksum-crc32': crc(BODIES[1]) }, 'Expecting a single x-amz-checksum- header'],
    [
      RIGHT,
      { ...TRAILER, 'x-amz-sdk-checksum-algorithm': 'SHA1' },
      'Value for x-amz-sdk-checksum-algorithm header is invalid.',
    ],
  ])('%j with %j is refused', async (framing, headers, message) => {
    const { status, body } = await put(framing, headers)
    expect(status).toBe(400)
    expect(body).toContain(`<Error><Code>InvalidRequest</Code><Message>${message}</Message><RequestId>`)
  })

  it('may be missing where none was announced', async () => {
    const { status, headers } = await put('', {})
    expect([status, headers['x-amz-checksum-crc64nvme']]).toEqual([200, 'M3eFcAZSQlc='])
  })

  it('and its decoded length say nothing of a body that came as it is', async () => {
    for (const length of ['2', '9', 'x']) {
      const { status } = await ask('PUT', `/${Bucket}/plain`, 'hello', { 'x-amz-decoded-content-length': length })
      expect(status).toBe(200)
      expect((await ask('GET', `/${Bucket}/plain`)).body).toBe('hello')
    }
  })
})
