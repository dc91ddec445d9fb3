import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import {
  CreateBucketCommand,
  DeleteBucketCorsCommand,
  GetBucketCorsCommand,
  PutBucketCorsCommand,
  PutBucketTaggingCommand,
  PutObjectCommand,
  type CORSRule,
} from '@aws-sdk/client-s3'
import { send, signed, type RawAnswer } from '../../support/raw.ts'
import { allow, denied, refusal, startWorld, type World } from './support.ts'

let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.stop())

let count = 0
async function bucketWith(...rules: readonly CORSRule[]): Promise<string> {
  const Bucket = `cors-${String(++count)}`
  await world.s3.send(new CreateBucketCommand({ Bucket }))
  if (rules.length > 0) await put(Bucket, ...rules)
  return Bucket
}
const put = (Bucket: string, ...rules: readonly CORSRule[]) =>
  world.s3.send(new PutBucketCorsCommand({ Bucket, CORSConfiguration: { CORSRules: [...rules] } }))
const get = async (Bucket: string) => (await world.s3.send(new GetBucketCorsCommand({ Bucket }))).CORSRules

const EXAMPLE: CORSRule = {
  ID: 'example',
  AllowedOrigins: ['https://www.example.com', 'https://*.example.org'],
  AllowedMethods: ['GET', 'PUT'],
  AllowedHeaders: ['x-amz-*', 'Content-Type'],
  ExposeHeaders: ['ETag', 'x-amz-request-id'],
  MaxAgeSeconds: 3000,
}
const VARY = 'Origin, Access-Control-Request-Headers, Access-Control-Request-Method'

const ask = (path: string, headers: Record<string, string>): Promise<RawAnswer> =>
  send(world.emulator.url, { method: 'OPTIONS', path, headers })
const asking = (origin: string, method: string, headers?: string) => ({
  origin,
  'access-control-request-method': method,
  ...(headers !== undefined && { 'access-control-request-headers': headers }),
})

/** The headers about other origins. */
const leave = ({ headers }: RawAnswer) =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith('access-control-') || name === 'vary'))
const error = ({ status, body }: RawAnswer) => ({
  status,
  code: /<Code>(.*)<\/Code>/.exec(body)?.[1],
  message: /<Message>(.*)<\/Message>/.exec(body)?.[1],
  resource: /<Method>(.*)<\/Method><ResourceType>(.*)<\/ResourceType>/.exec(body)?.slice(1),
})

describe('a CORS configuration', () => {
  it('is answered as it was put, replaced and deleted', async () => {
    const Bucket = await bucketWith(EXAMPLE)
    expect(await get(Bucket)).toEqual([EXAMPLE])
    const plain: CORSRule = { AllowedOrigins: ['*'], AllowedMethods: ['HEAD'] }
    await put(Bucket, plain)
    expect(await get(Bucket)).toEqual([plain])
    await world.s3.send(new DeleteBucketCorsCommand({ Bucket }))
    expect(await refusal(get(Bucket))).toEqual({
      status: 404,
      code: 'NoSuchCORSConfiguration',
      message: 'The CORS configuration does not exist',
    })
  })

  it('needs s3:PutBucketCORS to be put and deleted, and s3:GetBucketCORS to be read', async () => {
    const Bucket = await bucketWith(EXAMPLE)
    const { s3, arn } = await world.user('cors-nobody', allow('s3:ListBucket'))
    const needs = (action: string) =>
      denied(
        `User: ${arn} is not authorized to perform: ${action} on resource: "arn:aws:s3:::${Bucket}" because no identity-based policy allows the ${action} action`,
      )
    const CORSConfiguration = { CORSRules: [EXAMPLE] }
    expect(await refusal(s3.send(new PutBucketCorsCommand({ Bucket, CORSConfiguration })))).toEqual(
      needs('s3:PutBucketCORS'),
    )
    expect(await refusal(s3.send(new DeleteBucketCorsCommand({ Bucket })))).toEqual(needs('s3:PutBucketCORS'))
    expect(await refusal(s3.send(new GetBucketCorsCommand({ Bucket })))).toEqual(needs('s3:GetBucketCORS'))
    expect(await get(Bucket)).toEqual([EXAMPLE])
  })

  const bad: readonly (readonly [string, Partial<CORSRule>, string])[] = [
    [
      'a method that is none',
      { AllowedMethods: ['PATCH'] },
      'Found unsupported HTTP method in CORS config. Unsupported method is PATCH',
    ],
    [
      'two wildcards in an origin',
      { AllowedOrigins: ['*example*.com'] },
      'AllowedOrigin "*example*.com" can not have more than one wildcard.',
    ],
    [
      'two wildcards in a header',
      { AllowedHeaders: ['x-*-*'] },
      'AllowedHeader "x-*-*" can not have more than one wildcard.',
    ],
    [
      'a wildcard in an exposed header',
      { ExposeHeaders: ['*'] },
      'ExposeHeader "*" contains wildcard. We currently do not support wildcard for ExposeHeader.',
    ],
  ]
  for (const [what, part, message] of bad) {
    it(`with ${what} is refused and changes nothing`, async () => {
      const Bucket = await bucketWith(EXAMPLE)
      expect(await refusal(put(Bucket, { ...EXAMPLE, ...part }))).toEqual({
        status: 400,
        code: 'InvalidRequest',
        message,
      })
      expect(await get(Bucket)).toEqual([EXAMPLE])
    })
  }

  it('without rules, origins or methods is malformed', async () => {
    const Bucket = await bucketWith()
    const malformed = {
      status: 400,
      code: 'MalformedXML',
      message: 'The XML you provided was not well-formed or did not validate against our published schema',
    }
    expect(await refusal(put(Bucket))).toEqual(malformed)
    expect(await refusal(put(Bucket, { ...EXAMPLE, AllowedOrigins: [] }))).toEqual(malformed)
    expect(await refusal(put(Bucket, { ...EXAMPLE, AllowedMethods: [] }))).toEqual(malformed)
  })

  it('comes with a checksum, as bucket tags do', async () => {
    const Bucket = await bucketWith()
    const missing = 'Missing required header for this request: Content-MD5 OR x-amz-checksum-*'
    const rule = '<CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod></CORSRule>'
    const bare = (path: string, body: string, headers?: Record<string, string>) =>
      send(
        world.emulator.url,
        signed(world.emulator.url, 's3', { method: 'PUT', path, body, ...(headers && { headers }) }),
      )
    const cors = `<CORSConfiguration>${rule}</CORSConfiguration>`
    const tags = '<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>'
    for (const [path, body] of [
      ['cors', cors],
      ['tagging', tags],
    ] as const) {
      expect(error(await bare(`/${Bucket}?${path}`, body))).toMatchObject({
        status: 400,
        code: 'InvalidRequest',
        message: missing,
      })
    }
    const md5 = { 'content-md5': 'xq9rvZ8mB2VO0T6z2EQKWA==' }
    expect(error(await bare(`/${Bucket}?cors`, cors, md5))).toMatchObject({ status: 400, code: 'BadDigest' })
    await put(Bucket, EXAMPLE)
    await world.s3.send(new PutBucketTaggingCommand({ Bucket, Tagging: { TagSet: [{ Key: 'a', Value: 'b' }] } }))
  })
})

describe('a preflight request', () => {
  it('is told what the first rule that fits allows, without a signature', async () => {
    const Bucket = await bucketWith(
      { AllowedOrigins: ['https://www.example.com'], AllowedMethods: ['DELETE'] },
      EXAMPLE,
    )
    const answer = await ask(
      `/${Bucket}/any/key`,
      asking('https://www.example.com', 'PUT', 'Content-Type, X-Amz-Date,x-amz-content-sha256'),
    )
    expect(answer.status).toBe(200)
    expect(answer.body).toBe('')
    expect(answer.headers['x-amz-request-id']).toMatch(/^[0-9A-Z]{16}$/)
    expect(leave(answer)).toEqual({
      'access-control-allow-origin': 'https://www.example.com',
      'access-control-allow-methods': 'GET, PUT',
      'access-control-allow-headers': 'content-type, x-amz-date, x-amz-content-sha256',
      'access-control-expose-headers': 'ETag, x-amz-request-id',
      'access-control-max-age': '3000',
      'access-control-allow-credentials': 'true',
      vary: VARY,
    })
  })

  it('finds wildcards in origins, and says * for everyone', async () => {
    const Bucket = await bucketWith(EXAMPLE, { AllowedOrigins: ['*'], AllowedMethods: ['GET'] })
    const some = await ask(`/${Bucket}`, asking('https://a.b.example.org', 'GET'))
    expect(leave(some)).toMatchObject({ 'access-control-allow-origin': 'https://a.b.example.org' })
    const all = await ask(`/${Bucket}`, asking('http://elsewhere.net', 'GET'))
    expect(leave(all)).toEqual({
      'access-control-allow-origin': '*',
      'access-control-allow-methods': 'GET',
      vary: VARY,
    })
  })

  it('reaches a bucket by its host, and with a presigned URL', async () => {
    const Bucket = await bucketWith(EXAMPLE)
    const byHost = await ask('/k', { host: `${Bucket}.s3.amazonaws.com`, ...asking('https://www.example.com', 'GET') })
    expect(byHost.status).toBe(200)
    const query = 'X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=x%2F20260101%2Fus-east-1%2Fs3%2Faws4_request'
    const presigned = await ask(`/${Bucket}/k?${query}`, asking('https://www.example.com', 'GET'))
    expect(presigned.status).toBe(200)
  })

  const NOT_ALLOWED =
    "CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, request method / Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the resource's CORS spec."

  it('that no rule allows is refused', async () => {
    const Bucket = await bucketWith(EXAMPLE)
    const refused = (method: string) => ({
      status: 403,
      code: 'AccessForbidden',
      message: NOT_ALLOWED,
      resource: [method, 'OBJECT'],
    })
    const path = `/${Bucket}/k`
    expect(error(await ask(path, asking('https://example.org', 'GET')))).toEqual(refused('GET'))
    expect(error(await ask(path, asking('https://www.example.com', 'DELETE')))).toEqual(refused('DELETE'))
    const other = await ask(path, asking('https://www.example.com', 'PUT', 'content-type, x-other'))
    expect(error(other)).toEqual(refused('PUT'))
    expect(leave(other)).toEqual({})
  })

  it('of a bucket without rules, or of none, is refused', async () => {
    const Bucket = await bucketWith()
    const headers = asking('https://www.example.com', 'GET')
    const forbidden = (message: string) => ({
      status: 403,
      code: 'AccessForbidden',
      message,
      resource: ['GET', 'BUCKET'],
    })
    expect(error(await ask(`/${Bucket}`, headers))).toEqual(
      forbidden('CORSResponse: CORS is not enabled for this bucket.'),
    )
    expect(error(await ask('/there-is-no-such-bucket', headers))).toEqual(forbidden('CORSResponse: Bucket not found'))
  })

  it('must say where it comes from and what it is about', async () => {
    const Bucket = await bucketWith(EXAMPLE)
    const bad = (message: string) => ({ status: 400, code: 'BadRequest', message, resource: undefined })
    expect(error(await ask(`/${Bucket}`, {}))).toEqual(bad('Insufficient information. Origin request header needed.'))
    expect(error(await ask(`/${Bucket}`, { origin: 'https://www.example.com' }))).toEqual(
      bad('Invalid Access-Control-Request-Method: null'),
    )
    expect(error(await ask(`/${Bucket}`, asking('https://www.example.com', 'PATCH')))).toEqual(
      bad('Invalid Access-Control-Request-Method: PATCH'),
    )
  })
})

describe('an answer to a page of another origin', () => {
  const read = (path: string, headers: Record<string, string>) =>
    send(world.emulator.url, signed(world.emulator.url, 's3', { method: 'GET', path, headers }))

  it('lets the page read it where a rule allows that, and otherwise says nothing', async () => {
    const Bucket = await bucketWith(EXAMPLE)
    await world.s3.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'content' }))
    const allowed = await read(`/${Bucket}/k`, { origin: 'https://www.example.com' })
    expect(allowed.body).toBe('content')
    expect(leave(allowed)).toEqual({
      'access-control-allow-origin': 'https://www.example.com',
      'access-control-allow-methods': 'GET, PUT',
      'access-control-expose-headers': 'ETag, x-amz-request-id',
      'access-control-max-age': '3000',
      'access-control-allow-credentials': 'true',
      vary: VARY,
    })
    const foreign = await read(`/${Bucket}/k`, { origin: 'https://evil.net' })
    expect(foreign.body).toBe('content')
    expect(leave(foreign)).toEqual({})
    expect(leave(await read(`/${Bucket}/k`, {}))).toEqual({})
  })

  it('does so for refusals too', async () => {
    const Bucket = await bucketWith(EXAMPLE)
    const missing = await read(`/${Bucket}/missing`, { origin: 'https://www.example.com' })
    expect(missing.status).toBe(404)
    expect(leave(missing)).toMatchObject({ 'access-control-allow-origin': 'https://www.example.com' })
    const anonymous = await send(world.emulator.url, {
      method: 'GET',
      path: `/${Bucket}/missing`,
      headers: { origin: 'https://www.example.com' },
    })
    expect(anonymous.status).toBe(403)
    expect(leave(anonymous)).toMatchObject({ 'access-control-allow-origin': 'https://www.example.com' })
  })
})
