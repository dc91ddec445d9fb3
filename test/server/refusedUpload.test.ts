import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { connect } from 'node:net'
import { CreateBucketCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3'
import { OTHER_ACCOUNT, rootOf, startEmulator, type TestEmulator } from '../support/emulator.ts'
import { signed, type RawRequest } from '../support/raw.ts'

const MIB = 1024 * 1024

let twokey: TestEmulator
beforeAll(async () => {
  twokey = await startEmulator()
  await twokey.client(S3Client).send(new CreateBucketCommand({ Bucket: 'uploads' }))
})
afterAll(() => twokey.stop())

/** Sends everything before it reads anything, as simple clients do. @returns the answer, from status line to body */
function sendAllThenRead(raw: RawRequest, body: Buffer): Promise<string> {
  const { hostname, port } = new URL(twokey.url)
  const headers = { ...raw.headers, 'content-length': String(body.length) }
  const head = `${raw.method!} ${raw.path!} HTTP/1.1\r\n${Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')}\r\n`
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => {
      socket.write(head)
      socket.write(body, () => {
        let answer = ''
        socket.on('data', (chunk: Buffer) => (answer += chunk.toString()))
        socket.on('end', () => {
          resolve(answer)
        })
      })
    })
    socket.on('error', reject)
  })
}

const put = (payloadHash: string, as = rootOf(OTHER_ACCOUNT), headers: Record<string, string> = {}) =>
  signed(twokey.url, 's3', { method: 'PUT', path: '/uploads/object', headers }, { credentials: as, payloadHash })

describe('an upload that is refused while it is still coming', () => {
  it.each([1, 20])('hears why: no permission, %i MiB', async (mebibytes) => {
    const answer = await sendAllThenRead(put('UNSIGNED-PAYLOAD'), Buffer.alloc(mebibytes * MIB))
    expect(answer).toMatch(/^HTTP\/1\.1 403 Forbidden\r\n/)
    expect(answer).toContain('<Code>AccessDenied</Code>')
    expect(answer.toLowerCase()).toContain('\r\nconnection: close\r\n')
  })

  it('hears why: the first chunk is not signed as the request was', async () => {
    const raw = put('STREAMING-AWS4-HMAC-SHA256-PAYLOAD', rootOf('111111111111'), {
      'content-encoding': 'aws-chunked',
      'x-amz-decoded-content-length': String(20 * MIB),
    })
    const chunk = Buffer.concat([
      Buffer.from(`${MIB.toString(16)};chunk-signature=${'0'.repeat(64)}\r\n`),
      Buffer.alloc(MIB, 'a'),
      Buffer.from('\r\n'),
    ])
    const answer = await sendAllThenRead(raw, Buffer.concat(Array.from({ length: 20 }, () => chunk)))
    expect(answer).toMatch(/^HTTP\/1\.1 403 Forbidden\r\n/)
    expect(answer).toContain('<Code>SignatureDoesNotMatch</Code>')
  })

  it('hears why: an operation that takes no such body', async () => {
    const raw = signed(
      twokey.url,
      's3',
      { method: 'PUT', path: '/uploads?tagging' },
      { payloadHash: 'UNSIGNED-PAYLOAD' },
    )
    const answer = await sendAllThenRead(raw, Buffer.alloc(20 * MIB))
    expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/)
    expect(answer).toContain('<Code>MaxMessageLengthExceeded</Code><Message>Your request was too big.</Message>')
  })

  it('leaves nothing behind', async () => {
    const { KeyCount } = await twokey.client(S3Client).send(new ListObjectsV2Command({ Bucket: 'uploads' }))
    expect(KeyCount).toBe(0)
  })
})
