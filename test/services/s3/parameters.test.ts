import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import { send, signed } from '../../support/raw.ts'
import { startWorld, type World } from './support.ts'

// What S3 makes of unusual parameters, as brekkylab/backlot measured it and tells it in public.

const BUCKET = 'parameters'

let world: World

beforeAll(async () => {
  world = await startWorld(BUCKET)
  for (const Key of ['a', 'd/x', 'd/y', 'k'])
    await world.s3.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body: 'x' }))
})
afterAll(() => world.stop())

const ask = (path: string, headers: Readonly<Record<string, string>> = {}, method = 'GET') =>
  send(world.emulator.url, signed(world.emulator.url, 's3', { method, path, headers }))
const refusalOf = (body: string) => /<Error><Code>(.*)<\/Message>(.*)<RequestId>/.exec(body)
/** `Code: message`, and what else it names. */
async function refused(path: string, headers?: Readonly<Record<string, string>>) {
  const { status, body } = await ask(path, headers)
  const [, text = body, fields = ''] = refusalOf(body) ?? []
  return [status, text.replace('</Code><Message>', ': '), fields]
}
const argument = (name: string, value?: string) =>
  `<ArgumentName>${name}</ArgumentName>${value === undefined ? '' : value === '' ? '<ArgumentValue/>' : `<ArgumentValue>${value}</ArgumentValue>`}`
const names = (body: string) =>
  [...body.matchAll(/<Key>(.*?)<\/Key>|<CommonPrefixes><Prefix>(.*?)</g)].map((m) => m[1] ?? m[2])

describe('listings', () => {
  it.each([
    [
      'start-after=a',
      'InvalidArgument: startAfter only supported in REST.GET.BUCKET with list-type=2',
      argument('start-after'),
    ],
    [
      'start-after=a&continuation-token=',
      'InvalidArgument: continuation-token only supported in REST.GET.BUCKET with list-type=2',
      argument('continuation-token'),
    ],
    [
      'list-type=2&marker=',
      'InvalidArgument: Marker unsupported with REST.GET.BUCKET in list-type=2',
      argument('marker'),
    ],
    [
      'list-type=2&continuation-token=x&encoding-type=foo',
      'InvalidArgument: Invalid Encoding Method specified in Request',
      argument('encoding-type', 'foo'),
    ],
    [
      'list-type=2&continuation-token=x&max-keys=-1',
      'InvalidArgument: The continuation token provided is incorrect',
      argument('continuation-token'),
    ],
    [
      'versions&version-id-marker=x&encoding-type=foo',
      'InvalidArgument: A version-id marker cannot be specified without a key marker.',
      argument('version-id-marker', 'x'),
    ],
    ['encoding-type=', 'InvalidArgument: Invalid Encoding Method specified in Request', argument('encoding-type', '')],
    ['website=v', 'InvalidArgument: The website parameter must not have a value', argument('website', 'v')],
    ['versions&max-keys=-1', 'InvalidArgument: max-keys cannot be negative', argument('max-keys')],
    ['versionId=x', 'InvalidArgument: This operation does not accept a version-id.', argument('versionId', 'x')],
    ['tagging&versionId=', 'InvalidArgument: This operation does not accept a version-id.', argument('versionId', '')],
    ['acl&versionId=x', 'InvalidArgument: Invalid version id specified', argument('versionId', 'x')],
  ])('refuse %s', async (query, text, fields) => {
    expect(await refused(`/${BUCKET}?${query}`)).toEqual([400, text, fields])
  })

  it.each(['start-after=a', 'versionId=x'])('refuse %s whatever bucket there is', async (query) => {
    expect(await refused(`/no-such-bucket?${query}`)).toEqual(await refused(`/${BUCKET}?${query}`))
  })

  it.each([
    ['max-keys=1001', '<MaxKeys>1001</MaxKeys>'],
    ['list-type=2&max-keys=1001', '<MaxKeys>1001</MaxKeys>'],
    ['versions&max-keys=1001', '<MaxKeys>1001</MaxKeys>'],
    ['uploads&max-uploads=1001', '<MaxUploads>1000</MaxUploads>'],
    ['encoding-type=URL', '<EncodingType>URL</EncodingType>'],
    ['versions&delimiter=', '<Delimiter/>'],
    ['uploads&upload-id-marker=x', '<UploadIdMarker/>'],
  ])('answer %s with %s', async (query, told) => {
    expect((await ask(`/${BUCKET}?${query}`)).body).toContain(told)
  })

  it('of uploads tell a prefix only where there is one', async () => {
    expect((await ask(`/${BUCKET}?uploads`)).body).not.toContain('Prefix')
    expect((await ask(`/${BUCKET}?uploads&prefix=a`)).body).toContain('<Prefix>a</Prefix>')
  })

  it.each(['marker=d/x&', 'marker=d/&', 'versions&key-marker=d/x&', 'versions&key-marker=d/&'])(
    'go on after the whole of a common prefix: %s',
    async (query) => {
      expect(names((await ask(`/${BUCKET}?${query}delimiter=/`)).body)).toEqual(['k'])
      expect(names((await ask(`/${BUCKET}?${query}`)).body)).toEqual(
        query.includes('d/x') ? ['d/y', 'k'] : ['d/x', 'd/y', 'k'],
      )
      expect(names((await ask(`/${BUCKET}?${query}delimiter=/&prefix=d/`)).body)).toEqual(
        query.includes('d/x') ? ['d/y'] : ['d/x', 'd/y'],
      )
    },
  )

  it.each([
    ['us-west-2', 'Requests with bucket-region specified must be made to the corresponding regional endpoint'],
    ['us-east-1a', 'Argument value us-east-1a is not a valid AWS Region'],
    ['', 'Argument value  is not a valid AWS Region'],
  ])('of buckets are of the Region that is asked, not of "%s"', async (region, text) => {
    expect(await refused(`/?bucket-region=${region}`)).toEqual([
      400,
      `InvalidArgument: ${text}`,
      argument('bucket-region'),
    ])
    expect((await ask('/?bucket-region=us-east-1')).body).toContain(`<BucketArn>arn:aws:s3:::${BUCKET}</BucketArn>`)
  })
})

describe('objects', () => {
  it('are not read with a checksum mode that is none', async () => {
    const invalid = [400, 'InvalidRequest: Value for x-amz-checksum-mode header is invalid.', '']
    expect(await refused(`/${BUCKET}/k`, { 'x-amz-checksum-mode': 'x' })).toEqual(invalid)
    expect((await ask(`/${BUCKET}/k`, { 'x-amz-checksum-mode': '' }, 'HEAD')).status).toBe(400)
    expect((await ask(`/${BUCKET}/k`, { 'x-amz-checksum-mode': 'enabled' })).status).toBe(200)
  })

  it('have no range that is told beside a refusal', async () => {
    const { status, headers } = await ask(`/${BUCKET}/k`, { range: 'bytes=9-' })
    expect([status, headers['content-range']]).toEqual([416, undefined])
  })

  it('that are missing are missing versions, where one was named', async () => {
    expect(await refused(`/${BUCKET}/missing?versionId=null`)).toEqual([
      404,
      'NoSuchVersion: The specified version does not exist.',
      '<Key>missing</Key><VersionId>null</VersionId>',
    ])
    expect(await refused(`/${BUCKET}/k?versionId=`)).toEqual([
      400,
      'InvalidArgument: Version id cannot be the empty string',
      argument('versionId', ''),
    ])
    expect(await refused(`/${BUCKET}/k?uploadId=x&versionId=x`)).toEqual([
      400,
      'InvalidArgument: This operation does not accept a version-id.',
      argument('versionId', 'x'),
    ])
  })

  it('are told with their bucket where their tags are asked for', async () => {
    const text = 'NoSuchKey: The specified key does not exist.'
    expect(await refused(`/${BUCKET}/missing?tagging`)).toEqual([404, text, `<Key>${BUCKET}/missing</Key>`])
    expect(await refused(`/${BUCKET}/missing`)).toEqual([404, text, '<Key>missing</Key>'])
  })

  it.each([
    ['ETag,', 200],
    ['ETag,,', 200],
    ['ETag, ObjectSize', 200],
    [',', 400],
    [',ETag', 400],
    ['ETag,,ObjectSize', 400],
    ['', 400],
  ])('have the attributes "%s": %i', async (header, status) => {
    expect((await ask(`/${BUCKET}/k?attributes`, { 'x-amz-object-attributes': header })).status).toBe(status)
  })
})
