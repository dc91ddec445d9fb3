import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { AwsError } from '../../emulator/lib/awsError.ts'
import type { WireRequest } from '../../emulator/wire/protocol.ts'
import { withStatus } from '../../emulator/wire/status.ts'
import { restXml } from '../../emulator/wire/restXml.ts'
import { anyText, inputOf, outputOf, plainText, type Limits } from './arbitrary.ts'
import { answering, request, s3 } from './clients.ts'
import { bare, refusal } from './helpers.ts'

/** Header values are Latin-1 and trimmed, so bound texts are plain. */
const limits: Limits = { nonEmpty: true, text: anyText, binding: plainText }

/** Not emulated, and not of bucket and key: event streams, other hosts. */
const APART = new Set(['SelectObjectContent', 'WriteGetObjectResponse', 'CreateSession', 'ListDirectoryBuckets'])
const names = [...s3.model.operations.keys()].filter((name) => !APART.has(name))

/** What the client adds or changes of its own, and what stays in the stream. */
const ADDED =
  /^(Checksum|ContentMD5|ContentLength|Body|AnnotationPayload|ClientToken|ExpiresString|(CopySource)?SSECustomerKey)/

describe('S3 and its official client', () => {
  it.each(names)('%s: input and output survive the wire', async (name) => {
    const operation = s3.operation(name)
    await fc.assert(
      fc.asyncProperty(inputOf(operation, limits), outputOf(operation, limits), async (input, output) => {
        const sent = { ...SENT[name], ...without(input as object, ADDED) }
        const answered = { ...ANSWERED[name], ...without(output as object, ADDED) }
        let seen: WireRequest | undefined
        const body = STREAMED[name] === undefined ? {} : { [STREAMED[name]]: 'data' }
        const answer = await s3.send(name, { ...sent, ...body }, (wire) => {
          seen = wire
          return restXml.encode(answered, operation, answering(wire))
        })
        expect(restXml.operationOf(seen!, s3.model)).toBe(name)
        expect(bare(without(restXml.decode(seen!, operation), ADDED))).toEqual(bare(sent))
        const { $metadata, ...got } = answer
        expect($metadata).toMatchObject({ httpStatusCode: operation.http?.status, requestId: answering().requestId })
        expect(bare(without(got, ADDED))).toEqual(bare(answered))
      }),
      { numRuns: 5 },
    )
  })
})

/** What the client would choose itself. */
const SENT: Readonly<Record<string, object>> = { PutObject: { ContentType: 'text/plain' } }

/** What the client demands, or makes up, in answers. */
const ANSWERED: Readonly<Record<string, object>> = {
  GetObject: { Metadata: {} },
  HeadObject: { Metadata: {} },
  CopyObject: { CopyObjectResult: { ETag: 'x' } },
  UploadPartCopy: { CopyPartResult: { ETag: 'x' } },
}

/** Operations whose body is a stream, and its member. */
const STREAMED: Readonly<Record<string, string>> = {
  PutObject: 'Body',
  UploadPart: 'Body',
  PutObjectAnnotation: 'AnnotationPayload',
}

const without = (value: object, names: RegExp): object =>
  Object.fromEntries(Object.entries(value).filter(([name]) => !names.test(name)))

const decode = (name: string, fields: Parameters<typeof request>[0]) =>
  restXml.decode(request(fields), s3.operation(name))
const refused = (work: () => unknown) => {
  const { code, status, text, fields } = refusal(work)
  return { code, status, text, fields }
}
describe('decode', () => {
  it('decodes the key once, and keeps its slashes and plus signs', () => {
    const key = (path: string) => decode('GetObject', { method: 'GET', path })['Key']
    expect(key('/b/a%2Fb%252F+%20c')).toBe('a/b%2F+ c')
    expect(key('/b//a//')).toBe('/a//')
    expect(key('/b/%C3%A9')).toBe('é')
    expect(key('/b/__proto__')).toBe('__proto__')
  })

  it.each(['/b/%zz', '/b/%ff', '/b/%'])('refuses the path %s', (path) => {
    expect(refused(() => decode('GetObject', { path }))).toMatchObject({
      code: 'InvalidURI',
      status: 400,
      text: "Couldn't parse the specified URI.",
    })
  })

  it('reads headers and query by type', () => {
    const headers = {
      'if-modified-since': 'Tue, 24 Nov 2026 01:47:00 GMT',
      'if-unmodified-since': 'yesterday',
      range: 'bytes=0-1',
    }
    expect(decode('GetObject', { path: '/b/k', query: 'partNumber=2&versionId=a%2Bb', headers })).toEqual({
      Bucket: 'b',
      Key: 'k',
      IfModifiedSince: new Date('2026-11-24T01:47:00Z'),
      PartNumber: 2,
      Range: 'bytes=0-1',
      VersionId: 'a+b',
    })
    const put = {
      'x-amz-server-side-encryption-bucket-key-enabled': 'true',
      'x-amz-meta-a': '1',
      'x-amz-meta-__proto__': '2',
      'content-length': '5000000000',
      'x-amz-object-lock-retain-until-date': '2027-01-01T00:00:00Z',
    }
    const input = decode('PutObject', { method: 'PUT', path: '/b/k', headers: put })
    expect(input).toMatchObject({
      BucketKeyEnabled: true,
      ContentLength: 5_000_000_000,
      ObjectLockRetainUntilDate: new Date('2027-01-01T00:00:00Z'),
    })
    expect(Object.entries(input['Metadata'] as object)).toEqual([
      ['a', '1'],
      ['__proto__', '2'],
    ])
    const attributes = { 'x-amz-object-attributes': 'ETag, ObjectSize,Checksum' }
    expect(decode('GetObjectAttributes', { path: '/b/k', headers: attributes })).toMatchObject({
      ObjectAttributes: ['ETag', 'ObjectSize', 'Checksum'],
    })
  })

  it.each(['x', '1.5', '2147483648', ' 1'])('refuses max-keys=%s', (value) => {
    expect(
      refused(() => decode('ListObjectsV2', { path: '/b', query: `max-keys=${encodeURIComponent(value)}` })),
    ).toEqual({
      code: 'InvalidArgument',
      status: 400,
      text: 'Provided max-keys not an integer or within integer range',
      fields: { ArgumentName: 'max-keys', ArgumentValue: value },
    })
  })

  it('hands over a policy as it stands, and leaves a stream alone', () => {
    expect(decode('PutBucketPolicy', { path: '/b', body: ' {"a": 1} ' })['Policy']).toBe(' {"a": 1} ')
    expect('Body' in decode('PutObject', { path: '/b/k', body: 'x' })).toBe(false)
  })
})

const S3_NAMESPACE = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
const encode = (name: string, output: object, method = 'GET') =>
  restXml.encode(output, s3.operation(name), { ...answering(), method })

describe('encode', () => {
  it('writes a listing as S3 does', () => {
    const answer = encode('ListObjectsV2', {
      Name: 'b',
      KeyCount: 1,
      IsTruncated: false,
      Contents: [{ Key: 'a&b\u0001', Size: 3, LastModified: new Date('2026-01-01T00:00:00.500Z'), ETag: '"x"' }],
      CommonPrefixes: [],
    })
    expect(answer.headers['content-type']).toBe('application/xml')
    expect(answer.body).toBe(
      `${DECLARATION}<ListBucketResult ${S3_NAMESPACE}><IsTruncated>false</IsTruncated><Contents>` +
        '<Key>a&amp;b&#x1;</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>&quot;x&quot;</ETag>' +
        '<Size>3</Size></Contents><Name>b</Name><KeyCount>1</KeyCount></ListBucketResult>',
    )
  })

  it('writes the location as the root itself', () => {
    expect(encode('GetBucketLocation', { LocationConstraint: 'eu-west-1' }).body).toBe(
      `${DECLARATION}<LocationConstraint ${S3_NAMESPACE}>eu-west-1</LocationConstraint>`,
    )
    expect(encode('GetBucketLocation', {}).body).toBe(`${DECLARATION}<LocationConstraint ${S3_NAMESPACE}/>`)
  })

  it('writes grantees with their type', () => {
    const grant = { Grantee: { Type: 'CanonicalUser', ID: 'x' }, Permission: 'FULL_CONTROL' }
    expect(encode('GetBucketAcl', { Owner: { ID: 'x' }, Grants: [grant] }).body).toBe(
      `${DECLARATION}<AccessControlPolicy ${S3_NAMESPACE}><Owner><ID>x</ID></Owner><AccessControlList><Grant>` +
        '<Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser"><ID>x</ID></Grantee>' +
        '<Permission>FULL_CONTROL</Permission></Grant></AccessControlList></AccessControlPolicy>',
    )
  })

  it('binds headers, metadata and the stream', () => {
    const body = Buffer.from('data')
    const answer = encode('GetObject', {
      Body: body,
      ContentLength: 4,
      ContentType: 'text/plain',
      ETag: '"x"',
      LastModified: new Date('2026-11-24T01:47:00Z'),
      ObjectLockRetainUntilDate: new Date('2027-01-01T00:00:00Z'),
      ServerSideEncryption: 'aws:kms',
      BucketKeyEnabled: true,
      Metadata: { A: 'b', bad: 'x\r\nset-cookie: y', wide: 'é\u{1F511}' },
    })
    expect(answer.status).toBe(200)
    expect(answer.body).toBe(body)
    expect(answer.headers).toEqual({
      'x-amz-request-id': answering().requestId,
      'x-amz-id-2': expect.stringMatching(/^[\w+/]{75}=$/),
      'content-length': '4',
      'content-type': 'text/plain',
      etag: '"x"',
      'last-modified': 'Tue, 24 Nov 2026 01:47:00 GMT',
      'x-amz-object-lock-retain-until-date': '2027-01-01T00:00:00.000Z',
      'x-amz-server-side-encryption': 'aws:kms',
      'x-amz-server-side-encryption-bucket-key-enabled': 'true',
      'x-amz-meta-a': 'b',
      'x-amz-meta-bad': 'x  set-cookie: y',
      'x-amz-meta-wide': '=?UTF-8?B?w6nwn5SR?=',
    })
  })

  it('answers with the status of the model, or the one set', () => {
    expect(encode('DeleteObject', {}, 'DELETE')).toMatchObject({ status: 204, body: '' })
    expect(encode('PutBucketPolicy', {}, 'PUT')).toMatchObject({ status: 200, body: '' })
    expect(encode('GetObject', withStatus({ Body: 'da' }, 206))).toMatchObject({ status: 206, body: 'da' })
    expect(encode('GetObject', withStatus({ Body: 'da' }, 304))).toMatchObject({ status: 304, body: '' })
    expect(encode('HeadObject', { ContentLength: 9 }, 'HEAD')).toMatchObject({
      body: '',
      headers: { 'content-length': '9' },
    })
  })

  it('answers a policy as JSON', () => {
    expect(encode('GetBucketPolicy', { Policy: '{}' })).toMatchObject({
      body: '{}',
      headers: { 'content-type': 'application/json' },
    })
  })
})

describe('fail', () => {
  const error = new AwsError('NoSuchKey', 404, 'The specified key does not exist.', { fields: { Key: 'a<b' } })
  const fail = (method: string, some = error) => restXml.fail(some, s3.model, { ...answering(undefined, 'ID'), method })

  it('writes the error document', () => {
    const answer = fail('GET')
    expect(answer.status).toBe(404)
    expect(answer.headers).toMatchObject({ 'content-type': 'application/xml', 'x-amz-request-id': 'ID' })
    expect(answer.body).toBe(
      `${DECLARATION}<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message><Key>a&lt;b</Key>` +
        `<RequestId>ID</RequestId><HostId>${answer.headers['x-amz-id-2']}</HostId></Error>`,
    )
  })

  it('has no body for HEAD and Not Modified', () => {
    expect(fail('HEAD')).toMatchObject({ status: 404, body: '' })
    expect(fail('HEAD').headers['content-type']).toBeUndefined()
    expect(fail('GET', new AwsError('NotModified', 304, '', { headers: { etag: '"x"' } }))).toMatchObject({
      status: 304,
      body: '',
      headers: { etag: '"x"' },
    })
  })

  it('is understood by the official client', async () => {
    await expect(s3.send('GetObject', { Bucket: 'b', Key: 'k' }, () => fail('GET'))).rejects.toMatchObject({
      name: 'NoSuchKey',
      message: 'The specified key does not exist.',
      Key: 'a<b',
      $metadata: { httpStatusCode: 404, requestId: 'ID' },
    })
    await expect(s3.send('HeadObject', { Bucket: 'b', Key: 'k' }, () => fail('HEAD'))).rejects.toMatchObject({
      name: 'NotFound',
    })
  })
})
