import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { PutBucketCorsCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { send, signed, type RawAnswer } from '../../support/raw.ts'
import { startWorld, type World } from './support.ts'

// S3's own answers, as brekkylab/backlot tells them in public (emulator/wire/subresources.ts).

const BUCKET = 'parts'

let world: World
let before: string

beforeAll(async () => {
  world = await startWorld(BUCKET)
  await world.s3.send(new PutObjectCommand({ Bucket: BUCKET, Key: 'k', Body: 'x' }))
  before = state()
})
afterAll(() => world.stop())

const state = () => JSON.stringify(world.emulator.emulator.store.export({ secrets: true }))
const ask = (method: string, path: string, wrong = false) => {
  const options = signed(world.emulator.url, 's3', { method, path })
  const { authorization = '' } = options.headers ?? {}
  return send(world.emulator.url, {
    ...options,
    headers: { ...options.headers, authorization: wrong ? authorization.replace(/.{4}$/, '0000') : authorization },
  })
}
function told({ status, headers, body }: RawAnswer): string {
  const [, content = body] = /<Error>(.*?)<RequestId>/s.exec(body) ?? []
  const allow = headers['allow']
  return `${status} ${content
    .replace(/<Message>.*<\/Message>/, '')
    .replace(/<\/?(Code|Method)>/g, ' ')
    .trim()}${allow === undefined ? '' : ` (${String(allow)})`}`.replace(/\s+/g, ' ')
}
const not = (method: string, type: string, allow: string) =>
  `405 MethodNotAllowed ${method} <ResourceType>${type}</ResourceType> (${allow})`

describe('a sub-resource that does not take the method', () => {
  it.each<[method: string, path: string, expected: string]>([
    ['PATCH', '', not('PATCH', 'BUCKET', 'HEAD, DELETE, POST, GET, PUT')],
    ['PATCH', '?acl', not('PATCH', 'ACL', 'GET, PUT')],
    ['PUT', '?location', not('PUT', 'LOCATION', 'GET')],
    ['PUT', '?delete', not('PUT', 'MULTI_OBJECT_DELETE', 'POST')],
    ['GET', '?delete', not('GET', 'MULTI_OBJECT_DELETE', 'POST')],
    ['GET', '?restore', not('GET', 'RESTORE', 'POST')],
    ['DELETE', '?versioning', not('DELETE', 'VERSIONING', 'GET, PUT')],
    ['POST', '?policy', not('POST', 'BUCKETPOLICY', 'DELETE, GET, PUT')],
    ['PUT', '?uploads', not('PUT', 'UPLOADS', 'POST, GET')],
    ['PUT', '?uploadId=u', not('PUT', 'UPLOAD', 'DELETE, POST, GET')],
    ['POST', '/k?tagging', not('POST', 'OBJECT_TAGGING', 'DELETE, GET, PUT')],
    ['DELETE', '/k?restore', not('DELETE', 'RESTORE', 'POST')],
    ['GET', '/k?encryption', not('GET', 'OBJECT_ENCRYPTION', 'PUT')],
    ['GET', '/k?select', not('GET', 'SELECT', 'POST')],
    ['PUT', '/k?uploadId=u', not('PUT', 'UPLOAD', 'DELETE, POST, GET')],
    ['GET', '/k?partNumber=1&uploadId=u', not('GET', 'PART', 'PUT')],
    ['DELETE', '/k?versioning', not('DELETE', 'VERSIONING', 'GET, PUT')],
    ['PUT', '/k?location', not('PUT', 'LOCATION', 'GET')],
  ])('%s %s', async (method, path, expected) => {
    expect(told(await ask(method, `/${BUCKET}${path}`))).toBe(expected)
    expect(told(await ask(method, `/no-such-bucket${path}`))).toBe(expected)
    expect((await ask(method, `/${BUCKET}${path}`, true)).status).toBe(403)
    expect(state()).toBe(before)
  })

  it.each([
    ['?location', 'GET'],
    ['?uploads', 'POST, GET'],
    ['?tagging', 'DELETE, GET, PUT'],
    ['/k?acl', 'GET, PUT'],
    ['/k?uploadId=u', 'DELETE, POST, GET'],
  ])('HEAD %s', async (path, allow) => {
    expect(await ask('HEAD', `/${BUCKET}${path}`)).toMatchObject({
      status: 405,
      headers: { allow, 'content-type': 'application/xml' },
      body: '',
    })
  })

  it('the account', async () => {
    expect(told(await ask('PUT', '/?acl'))).toBe(not('PUT', 'SERVICE', 'GET'))
  })
})

describe('two sub-resources', () => {
  const conflict = (...names: string[]) =>
    `400 InvalidArgument <ArgumentName>ResourceType</ArgumentName><ArgumentValue>${names[0]}</ArgumentValue>`

  it.each([
    ['GET', '?versioning&acl', conflict('acl', 'versioning')],
    ['GET', '?acl=1&delete', conflict('acl', 'delete')],
    ['DELETE', '?policy&cors', conflict('cors', 'policy')],
    ['GET', '?partNumber=1&acl', conflict('acl', 'partNumber')],
    ['GET', '/k?uploads&acl', conflict('acl', 'uploads')],
    ['PUT', '/k?cors&acl', conflict('acl', 'cors')],
    ['GET', '/k?partNumber=1&tagging', conflict('partNumber', 'tagging')],
  ])('%s %s', async (method, path, expected) => {
    for (const wrong of [false, true]) expect(told(await ask(method, `/${BUCKET}${path}`, wrong))).toBe(expected)
    expect(state()).toBe(before)
  })

  it('are named in order', async () => {
    expect((await ask('GET', `/${BUCKET}?versioning&acl`)).body).toContain(
      '<Message>Conflicting query string parameters: acl, versioning</Message>',
    )
  })
})

describe('what is asked in the wrong place', () => {
  it.each([
    ['GET', '?partNumber=1', 'InvalidRequest', 'Object must have a valid key name.'],
    ['PUT', '?partNumber=1', 'InvalidRequest', 'Object must have a valid key name.'],
    ['GET', '?uploadId=u', 'InvalidRequest', 'A key must be specified'],
    ['POST', '?uploadId=u', 'InvalidRequest', 'A key must be specified'],
    ['POST', '?restore', 'UserKeyMustBeSpecified', 'User key must be specified.'],
    ['GET', '/k?uploads', 'InvalidRequest', 'Key is not expected for the GET method ?uploads subresource'],
    ['GET', '/k?versions', 'InvalidRequest', 'There is no such thing as the ?versions sub-resource for a key'],
    ['GET', '/k?logging', 'NoLoggingStatusForKey', 'There is no such thing as the ?logging sub-resource for a key'],
    ['PUT', '/k?partNumber=1', 'InvalidArgument', 'This operation does not accept partNumber without uploadId'],
  ])('%s %s', async (method, path, code, message) => {
    const { status, body } = await ask(method, `/${BUCKET}${path}`)
    expect([status, body]).toEqual([400, expect.stringContaining(`<Code>${code}</Code><Message>${message}</Message>`)])
    expect(state()).toBe(before)
  })

  it("a bucket's sub-resources are the bucket's below a key too", async () => {
    expect((await ask('GET', `/${BUCKET}/k?location`)).body).toContain('<LocationConstraint')
    expect(told(await ask('GET', `/${BUCKET}/nothing?cors`))).toContain('404 NoSuchCORSConfiguration')
    const rules = { CORSRules: [{ AllowedMethods: ['GET'], AllowedOrigins: ['*'] }] }
    await world.s3.send(new PutBucketCorsCommand({ Bucket: BUCKET, CORSConfiguration: rules }))
    expect((await ask('DELETE', `/${BUCKET}/k?cors`)).status).toBe(204)
    expect(told(await ask('GET', `/${BUCKET}?cors`))).toContain('404 NoSuchCORSConfiguration')
    expect((await ask('GET', `/${BUCKET}/k`)).body).toBe('x')
  })
})

it.each(['TRACE', 'LINK', 'PROPFIND'])('%s is no request', async (method) => {
  const { status, body } = await ask(method, `/${BUCKET}`)
  expect([status, body]).toEqual([
    400,
    expect.stringContaining(
      '<Code>BadRequest</Code><Message>An error occurred when parsing the HTTP request.</Message>',
    ),
  ])
})
