import { describe, expect, it } from '@jest/globals'
import { KMSClient, ListKeysCommand } from '@aws-sdk/client-kms'
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import { SignatureV4 } from '@smithy/signature-v4'
import type { HttpRequest } from '@smithy/types'
import aws4 from 'aws4'
import { createHash, createHmac } from 'node:crypto'
import { parseAmzDate } from '../../emulator/sigv4/date.ts'
import type { SignedRequest } from '../../emulator/sigv4/types.ts'
import { accept, expecting, lowerCased, onWire } from './support.ts'

const NOW = Date.UTC(2026, 8, 30, 12)
const REGION = 'eu-central-1'
const SECRET = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'
const CREDENTIALS = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: SECRET, sessionToken: 'IQoJb3JpZ2luX2VjE/+=' }

/** Keys that tempt a canonical form to go wrong. */
const KEYS = [
  'plain.txt',
  'a b',
  'a+b',
  'a%2Fb',
  'a%20b',
  'x//y',
  'x/../y',
  './x',
  '*',
  "!'()*~-._",
  'ключ/ሴ/😀',
  'é',
  '$&,:;=@#?[]{}|\\^`"<>',
]

const escape = (text: string) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
const pathOf = (key: string) => `/bucket/${key.split('/').map(escape).join('/')}`

describe('requests signed by aws4', () => {
  const signed = (options: aws4.Request): SignedRequest => {
    const made = aws4.sign({ ...options, region: REGION }, CREDENTIALS)
    const [path = '', query = ''] = (made.path ?? '/').split('?')
    return { method: made.method ?? 'GET', path, query, headers: lowerCased(made.headers ?? {}) }
  }
  const date = { 'X-Amz-Date': '20260930T120000Z' }

  it.each(KEYS)('S3 object %j', (key) => {
    const request = signed({ service: 's3', method: 'GET', path: pathOf(key), headers: { ...date } })
    expect(accept(request, SECRET, expecting('s3', NOW, REGION)).claim.kind).toBe('header')
  })

  it.each(KEYS)('S3 object %j, presigned', (key) => {
    const path = `${pathOf(key)}?X-Amz-Date=20260930T120000Z&X-Amz-Expires=60&prefix=${escape(key)}`
    const request = signed({ service: 's3', method: 'GET', path, signQuery: true })
    const { claim } = accept(request, SECRET, expecting('s3', NOW + 60_000, REGION))
    expect(claim).toMatchObject({ kind: 'query', expiresSeconds: 60, sessionToken: CREDENTIALS.sessionToken })
  })

  it.each([
    ['kms', '/', '{"KeyId":"ключ"}'],
    ['sts', '/', 'Action=GetCallerIdentity&Version=2011-06-15'],
    ['lambda', '/2015-03-31/functions/a%20b//c/../d', '{}'],
  ])('%s', (service, path, text) => {
    const body = Buffer.from(text)
    // aws4 hashes strings as UTF-8, the bytes that are sent.
    const request = signed({ service, method: 'POST', path, body: text, headers: { ...date } })
    expect(accept(request, SECRET, expecting(service, NOW), body).claim.accessKeyId).toBe('AKIDEXAMPLE')
  })

  it('STS, presigned', () => {
    const path = '/?Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Date=20260930T120000Z&X-Amz-Expires=60'
    const request = signed({ service: 'sts', method: 'GET', path, signQuery: true })
    expect(accept(request, SECRET, expecting('sts', NOW + 600_000)).claim.kind).toBe('query')
  })
})

describe('requests signed by @smithy/signature-v4', () => {
  class Sha256 {
    readonly #hash: ReturnType<typeof createHmac> | ReturnType<typeof createHash>
    constructor(secret?: unknown) {
      this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', secret as Buffer | string)
    }
    update(data: Uint8Array) {
      this.#hash.update(data)
    }
    digest() {
      return Promise.resolve(new Uint8Array(this.#hash.digest()))
    }
    reset() {
      throw new Error('not used')
    }
  }
  const signer = (service: string) =>
    new SignatureV4({
      service,
      region: REGION,
      credentials: CREDENTIALS,
      sha256: Sha256,
      uriEscapePath: service !== 's3',
      applyChecksum: service === 's3',
    })
  const plain = (method: string, path: string, query: Record<string, string | string[]> = {}) => ({
    method,
    protocol: 'https:',
    hostname: 'localhost',
    path,
    query,
    headers: { host: 'localhost:4566' },
  })
  const options = { signingDate: new Date(NOW) }

  it.each(KEYS)('S3 object %j', async (key) => {
    const made = await signer('s3').sign(
      plain('GET', pathOf(key), { list: ['b', 'a', 'a b'], prefix: key, empty: '' }),
      options,
    )
    expect(accept(toWire(made), SECRET, expecting('s3', NOW, REGION)).claim.kind).toBe('header')
  })

  it.each(KEYS)('S3 object %j, presigned', async (key) => {
    const made = await signer('s3').presign(
      {
        ...plain('PUT', pathOf(key)),
        headers: { host: 'localhost:4566', 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD', 'x-amz-meta-a': 'b  c' },
      },
      { ...options, expiresIn: 604_800 },
    )
    const { claim, payload } = accept(toWire(made), SECRET, expecting('s3', NOW + 604_800_000, REGION))
    expect(claim.kind).toBe('query')
    expect(payload).toEqual({ kind: 'unsigned' })
  })

  it.each(['/', '/a%20b/*', '//x/../y/'])('another service at %j', async (path) => {
    const made = await signer('lambda').sign({ ...plain('POST', path), body: '{"a":"é"}' }, options)
    const body = Buffer.from('{"a":"é"}')
    expect(accept(toWire(made), SECRET, expecting('lambda', NOW, REGION), body).claim.kind).toBe('header')
  })
})

describe('requests of the AWS SDK', () => {
  const captured = async (
    send: (requestHandler: { handle: (request: HttpRequest) => Promise<never> }) => Promise<unknown>,
  ) => {
    let request: HttpRequest | undefined
    const stop = new Error('captured')
    const handle = (made: HttpRequest) => {
      request = made
      return Promise.reject(stop)
    }
    await send({ handle }).catch((error: unknown) => {
      if (error !== stop) throw error
    })
    if (request === undefined) throw new Error('nothing was sent')
    return request
  }
  const config = { region: REGION, credentials: CREDENTIALS, endpoint: 'http://localhost:4566', maxAttempts: 1 }
  const bodyOf = (request: HttpRequest): Buffer => {
    const body: unknown = request.body ?? ''
    if (typeof body === 'string') return Buffer.from(body)
    if (body instanceof Uint8Array) return Buffer.concat([body])
    throw new Error('a streamed body was not expected')
  }
  const check = (request: HttpRequest, service: string) => {
    const wire = toWire(request)
    const time = parseAmzDate(wire.headers['x-amz-date'] ?? '') ?? NaN
    return accept(wire, SECRET, expecting(service, time, REGION), bodyOf(request))
  }

  it('KMS', async () => {
    const request = await captured((requestHandler) =>
      new KMSClient({ ...config, requestHandler }).send(new ListKeysCommand({ Limit: 5 })),
    )
    expect(check(request, 'kms').payload).toEqual({ kind: 'body' })
  })

  it('STS', async () => {
    const request = await captured((requestHandler) =>
      new STSClient({ ...config, requestHandler }).send(new GetCallerIdentityCommand({})),
    )
    expect(check(request, 'sts').claim.sessionToken).toBe(CREDENTIALS.sessionToken)
  })

  it.each(KEYS)('S3 GetObject %j', async (Key) => {
    const request = await captured((requestHandler) =>
      new S3Client({ ...config, forcePathStyle: true, requestHandler }).send(
        new GetObjectCommand({ Bucket: 'bucket', Key, ResponseContentType: 'a b+c' }),
      ),
    )
    expect(check(request, 's3').payload).toMatchObject({ kind: 'hash' })
  })

  it('S3 PutObject with metadata and a checksum', async () => {
    const request = await captured((requestHandler) =>
      new S3Client({ ...config, requestHandler }).send(
        new PutObjectCommand({
          Bucket: 'bucket',
          Key: 'key',
          Body: 'data',
          Metadata: { note: 'two  spaces' },
          SSEKMSKeyId: 'alias/a',
          ServerSideEncryption: 'aws:kms',
        }),
      ),
    )
    expect(check(request, 's3').payload.kind).toBe('hash')
  })
})

function toWire(request: {
  method: string
  path: string
  query?: unknown
  headers: Record<string, string>
}): SignedRequest {
  const query = Object.entries((request.query ?? {}) as Record<string, string | string[] | null>).flatMap(
    ([name, value]) =>
      (Array.isArray(value) ? value : [value]).map((one) =>
        one === null ? escape(name) : `${escape(name)}=${escape(one)}`,
      ),
  )
  return {
    method: request.method,
    path: onWire(request.path),
    query: query.join('&'),
    headers: lowerCased(request.headers),
  }
}
