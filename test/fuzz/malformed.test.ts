import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { Agent } from 'node:http'
import fc from 'fast-check'
import { startEmulator, type TestEmulator } from '../support/emulator.ts'
import { send, signed, type RawAnswer, type RawRequest } from '../support/raw.ts'

/** In all; spread over the kinds below. */
const REQUESTS = 10_000
const KINDS = 10
const RUNS = Math.ceil(REQUESTS / KINDS)
/** Enough in flight to be quick, few enough that a failure names its request. */
const BATCH = 20

let twokey: TestEmulator
const agent = new Agent({ keepAlive: true, maxSockets: BATCH })
let before: string

beforeAll(async () => {
  twokey = await startEmulator({ log: 'error' })
  await send(twokey.url, { path: '/_twokey/worlds', body: JSON.stringify(WORLD) })
  before = state()
})

afterAll(async () => {
  agent.destroy()
  await twokey.stop()
})

const WORLD = {
  accounts: {
    '111111111111': {
      keys: { data: { alias: 'alias/data' } },
      users: { reader: {} },
      buckets: { secrets: { key: 'data', objects: { 'report.txt': 'numbers' } } },
    },
  },
}

const state = () => JSON.stringify(twokey.emulator.store.export({ secrets: true }))

/** Every answer is a 4xx in the protocol's own shape, carries a request id, and tells nothing of the inside. */
function expectRefusal(answer: RawAnswer, shape: 'json' | 'xml' | 'any'): void {
  expect(answer.status).toBeGreaterThanOrEqual(400)
  expect(answer.status).toBeLessThan(500)
  expect(answer.body).not.toMatch(/node:|\.ts:\d|\bat \w+ \(/)
  const isJson = answer.body.startsWith('{')
  if (shape === 'json') expect(JSON.parse(answer.body)).toHaveProperty('__type')
  else if (shape === 'xml') expect(answer.body).toMatch(/<Code>[\w.]+<\/Code>/)
  else expect(isJson || /<Code>[\w.]+<\/Code>/.test(answer.body)).toBe(true)
}

async function refuses(requests: fc.Arbitrary<RawRequest>, shape: 'json' | 'xml' | 'any'): Promise<void> {
  const property = fc.asyncProperty(fc.array(requests, { minLength: BATCH, maxLength: BATCH }), async (batch) => {
    const answers = await Promise.all(batch.map((request) => send(twokey.url, request, agent)))
    answers.forEach((answer, index) => {
      try {
        expectRefusal(answer, shape)
      } catch (error) {
        throw new Error(
          `${JSON.stringify(batch[index])}
answered ${String(answer.status)} ${answer.body}`,
          { cause: error },
        )
      }
    })
  })
  await fc.assert(property, { numRuns: Math.ceil(RUNS / BATCH) })
  expect(state()).toBe(before)
  expect(twokey.lines).toEqual([])
}

/** Text that HTTP allows in a header. */
const headerText = fc
  .string({ unit: fc.constantFrom(...'abcXYZ0189 =,;/:*-_"\'%+&?.<>{}[]|\\'.split('')), maxLength: 60 })
  .map((text) => text.trim())
const word = fc.stringMatching(/^[A-Za-z0-9._-]{1,24}$/)
const anyText = fc.string({ unit: 'grapheme', maxLength: 200 })

const kms = (target: string, body: string): RawRequest =>
  signed(twokey.url, 'kms', {
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `TrentService.${target}` },
    body,
  })
const query = (service: 'iam' | 'sts', body: string): RawRequest =>
  signed(twokey.url, service, { headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' }, body })
const s3 = (method: string, path: string, body = '', headers: Record<string, string> = {}): RawRequest =>
  signed(twokey.url, 's3', { method, path, body, headers })

const KEY_OPERATIONS = [
  'DescribeKey',
  'Encrypt',
  'Decrypt',
  'GenerateDataKey',
  'PutKeyPolicy',
  'CreateGrant',
  'RevokeGrant',
  'EnableKey',
  'ScheduleKeyDeletion',
  'TagResource',
  'CreateAlias',
  'UpdateAlias',
  'DeleteAlias',
]
const keyOperation = fc.constantFrom(...KEY_OPERATIONS)

describe('malformed requests are refused in AWS’s shape and change nothing', () => {
  it('authorization headers', async () => {
    const request = fc
      .record({
        authorization: headerText,
        date: headerText,
        target: word,
        token: fc.option(headerText, { nil: undefined }),
      })
      .map(({ authorization, date, target, token }): RawRequest => ({
        headers: {
          authorization: `AWS4-HMAC-SHA256 ${authorization}`,
          'x-amz-date': date,
          'x-amz-target': `TrentService.${target}`,
          'content-type': 'application/x-amz-json-1.1',
          ...(token !== undefined && { 'x-amz-security-token': token }),
        },
        body: '{}',
      }))
    await refuses(request, 'any')
  })

  it('signed headers that were changed afterwards', async () => {
    const names = ['authorization', 'x-amz-date', 'x-amz-target', 'host', 'content-type']
    const request = fc
      .record({ name: fc.constantFrom(...names), at: fc.nat(200), to: fc.constantFrom('x', '0', '=', ' ', '/') })
      .map(({ name, at, to }) => {
        const raw = kms('DescribeKey', '{"KeyId":"alias/data"}')
        const value = raw.headers?.[name] ?? ''
        const place = at % value.length
        const changed = value.slice(0, place) + (value[place] === to ? 'Q' : to) + value.slice(place + 1)
        return { ...raw, headers: { ...raw.headers, [name]: changed.trim() } }
      })
    await refuses(request, 'any')
  })

  it('presigned queries', async () => {
    const part = fc.constantFrom(
      'X-Amz-Algorithm',
      'X-Amz-Credential',
      'X-Amz-Date',
      'X-Amz-Expires',
      'X-Amz-SignedHeaders',
      'X-Amz-Signature',
    )
    const request = fc.array(fc.tuple(part, headerText), { minLength: 1, maxLength: 8 }).map((parts): RawRequest => ({
      method: 'GET',
      path: `/secrets/report.txt?${parts.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&')}`,
    }))
    await refuses(request, 'any')
  })

  it('JSON targets', async () => {
    await refuses(
      fc
        .oneof(
          word,
          anyText.map((text) => text.replace(/[^\x21-\x7e]/g, 'x') || 'x'),
        )
        .map((target) => kms(`No${target}`, '{}')),
      'json',
    )
  })

  it('JSON bodies', async () => {
    const broken = fc.oneof(
      fc.json().map((text) => text.slice(0, -1)),
      anyText.filter((text) => !text.trim().startsWith('{')),
      fc.json().filter((text) => !text.startsWith('{')),
      fc.constantFrom('', '[]', 'null', '"x"', '{', '{"KeyId":', '{"KeyId":"a"}}', '\u0000', '{"__proto__":{}}x'),
    )
    await refuses(
      fc.tuple(keyOperation, broken).map(([operation, body]) => kms(operation, body)),
      'json',
    )
  })

  it('JSON members of the wrong type', async () => {
    const wrong = fc.oneof(
      fc.integer(),
      fc.boolean(),
      fc.array(fc.anything({ maxDepth: 1 })),
      fc.dictionary(word, fc.string()),
    )
    const member = fc.constantFrom('KeyId', 'Policy', 'AliasName', 'TargetKeyId', 'GrantId', 'Description')
    await refuses(
      fc
        .tuple(keyOperation, member, wrong)
        .map(([operation, name, value]) => kms(operation, JSON.stringify({ [name]: value }))),
      'json',
    )
  })

  it('key identifiers', async () => {
    const id = fc.oneof(
      anyText,
      fc.uuid().map((uuid) => `arn:aws:kms:us-east-1:111111111111:key/${uuid}`),
      fc.uuid(),
      word.map((name) => `alias/no-${name}`),
      fc.array(word, { maxLength: 8 }).map((parts) => `arn:${parts.join(':')}`),
    )
    await refuses(
      id.map((KeyId) => kms('Encrypt', JSON.stringify({ KeyId, Plaintext: 'eA==' }))),
      'json',
    )
  })

  it('query parameters', async () => {
    const pair = fc.tuple(
      fc.oneof(
        word,
        fc.constantFrom(
          'Tags.member.0.Key',
          'Tags.member.-1.Key',
          'Tags.member.1.0.Key',
          'Tags.member.99.Key',
          'MaxItems',
        ),
      ),
      anyText,
    )
    const request = fc
      .record({
        service: fc.constantFrom('iam' as const, 'sts' as const),
        action: fc.oneof(
          word.map((name) => `No${name}`),
          fc.constantFrom('GetRole', 'AssumeRole', 'PutUserPolicy', 'AttachRolePolicy', 'CreatePolicy'),
        ),
        pairs: fc.array(pair, { maxLength: 6 }),
      })
      .map(({ service, action, pairs }) => {
        const text = pairs.map(([name, value]) => `&${name}=${encodeURIComponent(value)}`).join('')
        return query(service, `Action=${action}&Version=${service === 'iam' ? '2010-05-08' : '2011-06-15'}${text}`)
      })
    await refuses(request, 'xml')
  })

  it('XML bodies', async () => {
    const element = fc
      .tuple(word, anyText)
      .map(([name, text]) => `<x${name}>${text.replaceAll(/[<&]/g, '')}</x${name}>`)
    const broken = fc.oneof(
      anyText,
      element.map((text) => text.slice(0, -1)),
      element,
      fc.constantFrom(
        '',
        '<',
        '<a',
        '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
        '<ServerSideEncryptionConfiguration/>',
        '<Tagging></Tagging',
        '<Delete/>',
      ),
    )
    const place = fc.constantFrom('?encryption', '?tagging', '?publicAccessBlock', '?policy', '?ownershipControls')
    await refuses(
      fc.tuple(place, broken).map(([sub, body]) => s3('PUT', `/secrets${sub}`, body)),
      'xml',
    )
  })

  it('chunk framing', async () => {
    const framing = fc.oneof(
      anyText,
      fc
        .tuple(fc.integer({ min: 0, max: 1 << 30 }), anyText)
        .map(([size, text]) => `${size.toString(16)};chunk-signature=${'0'.repeat(64)}\r\n${text}\r\n`),
      anyText.map((text) => `5\r\nhello\r\n0\r\n${text}\r\n`),
    )
    const kinds = [
      'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
      'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER',
      'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
    ]
    const request = fc
      .tuple(fc.constantFrom(...kinds), framing, fc.integer({ min: 6, max: 1 << 20 }))
      .map(([kind, body, length]) =>
        signed(
          twokey.url,
          's3',
          {
            method: 'PUT',
            path: '/secrets/chunked',
            body,
            headers: { 'x-amz-decoded-content-length': String(length), 'content-encoding': 'aws-chunked' },
          },
          { payloadHash: kind },
        ),
      )
    await refuses(request, 'xml')
  })
})
