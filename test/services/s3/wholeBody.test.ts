import { describe, expect, it } from '@jest/globals'
import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { checkWholeBody } from '../../../emulator/services/s3/checksums/whole.ts'

const body = Buffer.from('<Tagging/>')
const md5 = createHash('md5').update(body).digest('base64')
const other = createHash('md5').update('other').digest('base64')
const sum = Buffer.alloc(4)
sum.writeUInt32BE(crc32(body))
const check = (headers: Record<string, string>, operation = 'PutBucketTagging', trailers = {}) =>
  checkWholeBody(operation, body, headers, trailers)

describe('what a request promises of a body that is read whole', () => {
  it('holds when the digests fit', async () => {
    await check({ 'content-md5': md5, 'x-amz-checksum-crc32': sum.toString('base64') })
    await check({}, 'PutBucketTagging', { 'x-amz-checksum-crc32': sum.toString('base64') })
  })

  it('is refused when Content-MD5 does not fit, or is none', async () => {
    await expect(check({ 'content-md5': other })).rejects.toMatchObject({
      code: 'BadDigest',
      status: 400,
      text: 'The Content-MD5 you specified did not match what we received.',
      fields: { ExpectedDigest: Buffer.from(other, 'base64').toString('hex'), CalculatedDigest: md5 },
    })
    await expect(check({ 'content-md5': 'x' })).rejects.toMatchObject({
      code: 'InvalidDigest',
      status: 400,
      text: 'The Content-MD5 you specified was invalid.',
    })
  })

  it('is refused when a checksum does not fit, in a header or in a trailer', async () => {
    const wrong = { 'x-amz-checksum-crc32': Buffer.alloc(4).toString('base64') }
    const refusal = {
      code: 'BadDigest',
      status: 400,
      text: 'The CRC32 you specified did not match the calculated checksum.',
    }
    await expect(check(wrong)).rejects.toMatchObject(refusal)
    await expect(check({}, 'DeleteObjects', wrong)).rejects.toMatchObject(refusal)
    await expect(check({ 'x-amz-checksum-crc32': '!' })).rejects.toMatchObject({
      code: 'InvalidRequest',
      text: 'Value for x-amz-checksum-crc32 header is invalid.',
    })
  })

  it('does not take the checksum of an object for that of the request that completes it', async () => {
    await check({ 'x-amz-checksum-crc32': Buffer.alloc(4).toString('base64') }, 'CompleteMultipartUpload')
  })
})
