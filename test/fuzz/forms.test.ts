import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createHmac } from 'node:crypto'
import { Agent } from 'node:http'
import fc from 'fast-check'
import { ACCOUNT, REGION, rootOf, startEmulator, type TestEmulator } from '../support/emulator.ts'
import { send, signed, type RawRequest } from '../support/raw.ts'

/** In all; spread over the kinds below. */
const REQUESTS = 3_000
const KINDS = 4
const BATCH = 20
const BUCKET = 'fuzzed-forms'
const BOUNDARY = 'twokey'

let twokey: TestEmulator
let before: string
const agent = new Agent({ keepAlive: true, maxSockets: BATCH })

beforeAll(async () => {
  twokey = await startEmulator({ log: 'error' })
  await send(twokey.url, signed(twokey.url, 's3', { method: 'PUT', path: `/${BUCKET}` }))
  // The first write makes the key behind SSE-S3.
  await send(twokey.url, signed(twokey.url, 's3', { method: 'PUT', path: `/${BUCKET}/first`, body: 'x' }))
  before = state()
})
afterAll(async () => {
  agent.destroy()
  await twokey.stop()
})

const state = () => JSON.stringify(twokey.emulator.store.export({ secrets: true }))

/** Each answer is a refusal of S3's shape; nothing is stored, nothing is told of the inside. */
async function refuses(requests: fc.Arbitrary<RawRequest>): Promise<void> {
  const property = fc.asyncProperty(fc.array(requests, { minLength: BATCH, maxLength: BATCH }), async (batch) => {
    const answers = await Promise.all(batch.map((request) => send(twokey.url, request, agent)))
    answers.forEach(({ status, body }, index) => {
      const isRefusal = status >= 400 && status < 500 && /<Code>[\w.]+<\/Code>/.test(body)
      if (!isRefusal || /node:|\.ts:\d|\bat \w+ \(/.test(body)) {
        throw new Error(`${JSON.stringify(batch[index])}\nanswered ${status} ${body}`)
      }
    })
  })
  await fc.assert(property, { numRuns: Math.ceil(REQUESTS / KINDS / BATCH) })
  expect(state()).toBe(before)
  expect(twokey.lines).toEqual([])
}

const posted = (body: string, contentType = `multipart/form-data; boundary=${BOUNDARY}`): RawRequest => ({
  path: `/${BUCKET}`,
  headers: { 'content-type': contentType },
  body,
})
const part = (head: string, value: string) => `--${BOUNDARY}\r\n${head}\r\n\r\n${value}\r\n`
const field = (name: string, value: string) => part(`Content-Disposition: form-data; name="${name}"`, value)
const END = `--${BOUNDARY}--\r\n`

const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest()

/** A form whose signature fits its policy, whatever that is. */
function signedForm(document: string, more: readonly (readonly [string, string])[], file: string): string {
  const { accessKeyId, secretAccessKey } = rootOf(ACCOUNT)
  const date = new Date().toISOString().replace(/[-:]|\.\d{3}/g, '')
  const day = date.slice(0, 8)
  const policy = Buffer.from(document).toString('base64')
  const key = hmac(hmac(hmac(hmac(`AWS4${secretAccessKey}`, day), REGION), 's3'), 'aws4_request')
  const fields = [
    ['key', 'fuzzed'],
    ['x-amz-algorithm', 'AWS4-HMAC-SHA256'],
    ['x-amz-credential', `${accessKeyId}/${day}/${REGION}/s3/aws4_request`],
    ['x-amz-date', date],
    ['policy', policy],
    ['x-amz-signature', hmac(key, policy).toString('hex')],
    ...more,
  ] as const
  return fields.map(([name, value]) => field(name, value)).join('') + field('file', file) + END
}

const text = fc.string({ unit: 'grapheme', maxLength: 60 })
const pieces = fc.constantFrom(
  `--${BOUNDARY}`,
  `--${BOUNDARY}--`,
  '\r\n',
  '\r',
  '\n',
  '\r\n\r\n',
  'Content-Disposition: form-data; name="key"',
  'Content-Disposition: form-data; name="file"; filename="a"',
  "Content-Disposition: form-data; name=file; filename*=UTF-8''%zz",
  'Content-Disposition: form-data',
  'Content-Type: text/plain; charset=utf-16le',
  'content-transfer-encoding: base64',
  ' folded',
  'x'.repeat(5_000),
  '\0',
)

describe('forms that cannot be meant are refused in AWS’s shape and change nothing', () => {
  it('bodies', async () => {
    const body = fc.array(fc.oneof(pieces, pieces, text), { maxLength: 14 }).map((parts) => parts.join(''))
    const type = fc.oneof(
      fc.constant(`multipart/form-data; boundary=${BOUNDARY}`),
      fc.constantFrom('multipart/form-data', 'multipart/form-data; boundary=', 'multipart/form-data; boundary="'),
      fc.constantFrom('multipart/form-data; BOUNDARY*=x', `multipart/form-data;boundary="${BOUNDARY}`, 'text/plain'),
    )
    await refuses(fc.tuple(body, type).map(([bytes, contentType]) => posted(bytes, contentType)))
  })

  it('fields', async () => {
    const name = fc.oneof(
      fc.constantFrom('key', 'policy', 'x-amz-signature', 'x-amz-credential', 'X-Amz-Date', 'x-amz-algorithm'),
      fc.constantFrom('tagging', 'acl', '__proto__', 'constructor', 'x-amz-meta-', 'x-amz-meta-é', 'content-md5'),
      text.map((given) => given.replaceAll(/["\r\n]/g, '')),
    )
    const fields = fc.array(fc.tuple(name, text), { maxLength: 8 })
    await refuses(
      fields.map((given) => posted(given.map(([key, value]) => field(key, value)).join('') + field('file', 'x') + END)),
    )
  })

  it('policies', async () => {
    const wrong = fc.oneof(
      fc.json(),
      text,
      fc.anything({ maxDepth: 2, withNullPrototype: false }).map((value) =>
        // Never fits: the fields of the signature have no conditions.
        JSON.stringify({ expiration: '2999-01-01T00:00:00Z', conditions: [value] }),
      ),
      fc.anything({ maxDepth: 1 }).map((value) => JSON.stringify({ expiration: value, conditions: [] })),
    )
    await refuses(wrong.map((document) => posted(signedForm(document, [], 'x'))))
  })

  it('values that their policy admits, and PutObject does not', async () => {
    const names = [
      'tagging',
      'x-amz-checksum-crc32',
      'x-amz-checksum-sha256',
      'x-amz-server-side-encryption',
      'x-amz-storage-class',
      'content-md5',
    ]
    const value = fc.oneof(
      text,
      fc.constantFrom('<Tagging/>', '<Tagging><TagSet><Tag/></TagSet></Tagging>', '\r\n', '=='),
    )
    const request = fc.tuple(fc.constantFrom(...names), value).map(([name, given]) => {
      const conditions = [
        { bucket: BUCKET },
        ...['key', 'x-amz-algorithm', 'x-amz-credential', 'x-amz-date', name].map((each) => [
          'starts-with',
          `$${each}`,
          '',
        ]),
      ]
      const document = JSON.stringify({ expiration: '2999-01-01T00:00:00Z', conditions })
      return posted(signedForm(document, [[name, `!${given}`]], 'x'))
    })
    await refuses(request)
  })
})
