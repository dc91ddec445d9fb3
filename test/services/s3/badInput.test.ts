import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { CreateMultipartUploadCommand, PutObjectCommand, UploadPartCommand } from '@aws-sdk/client-s3'
import { createHash } from 'node:crypto'
import { connect } from 'node:net'
import { send, signed, type RawAnswer } from '../../support/raw.ts'
import { startWorld, type World } from './support.ts'

const BUCKET = 'input'

let world: World
let upload: string
let etags: readonly string[]
let before: string

beforeAll(async () => {
  world = await startWorld(BUCKET)
  await world.s3.send(new PutObjectCommand({ Bucket: BUCKET, Key: 'a', Body: 'x' }))
  const place = { Bucket: BUCKET, Key: 'm' }
  const { UploadId = '' } = await world.s3.send(new CreateMultipartUploadCommand(place))
  upload = UploadId
  const parts = [1, 2].map((PartNumber) =>
    world.s3.send(new UploadPartCommand({ ...place, UploadId, PartNumber, Body: String(PartNumber) })),
  )
  etags = (await Promise.all(parts)).map(({ ETag = '' }) => ETag)
  before = state()
})
afterAll(() => world.stop())

const state = () => JSON.stringify(world.emulator.emulator.store.export({ secrets: true }))

type Headers = Readonly<Record<string, string>>
const ask = (method: string, path: string, body = '', headers: Headers = {}) =>
  send(world.emulator.url, signed(world.emulator.url, 's3', { method, path, body, headers }))
const md5 = (text: string) => ({ 'content-md5': createHash('md5').update(text).digest('base64') })

/** The whole of a refusal. */
function told({ status, body }: Pick<RawAnswer, 'status' | 'body'>): string {
  const [, content = body] = /<Error>(.*?)<RequestId>/s.exec(body) ?? []
  return `${status} ${content}`
}
const error = (status: number, code: string, message: string, more = '') =>
  `${status} <Code>${code}</Code><Message>${message}</Message>${more}`
const argument = (message: string, name: string, value: string) =>
  error(
    400,
    'InvalidArgument',
    message,
    `<ArgumentName>${name}</ArgumentName>${value === '' ? '<ArgumentValue/>' : `<ArgumentValue>${value}</ArgumentValue>`}`,
  )
const MALFORMED = error(
  400,
  'MalformedXML',
  'The XML you provided was not well-formed or did not validate against our published schema',
)
const NO_UPLOAD =
  'The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.'
const NOT_ALLOWED = 'The specified method is not allowed against this resource.'
const notAllowed = (method: string, type: string) =>
  error(405, 'MethodNotAllowed', NOT_ALLOWED, `<Method>${method}</Method><ResourceType>${type}</ResourceType>`)
const notEmulated = (what: string) => error(501, 'NotImplemented', `twokey does not emulate ${what}`)

const PART = 'Part number must be an integer between 1 and 10000, inclusive'
const LONG = `/${BUCKET}/${'k'.repeat(1025)}`
const TOO_LONG = error(
  400,
  'KeyTooLongError',
  'Your key is too long',
  '<Size>1025</Size><MaxSizeAllowed>1024</MaxSizeAllowed>',
)

describe('requests that cannot be meant are refused, and change nothing', () => {
  it.each<[method: string, path: string, expected: string]>([
    ['GET', '?max-keys=abc', argument('Provided max-keys not an integer or within integer range', 'max-keys', 'abc')],
    ['GET', '?max-keys=-1', argument('Argument maxKeys must be an integer between 0 and 2147483647', 'maxKeys', '-1')],
    [
      'GET',
      '?list-type=2&max-keys=99999999999',
      argument('Provided max-keys not an integer or within integer range', 'max-keys', '99999999999'),
    ],
    ['GET', '?encoding-type=foo', argument('Invalid Encoding Method specified in Request', 'encoding-type', 'foo')],
    ['GET', '?uploads&key-marker=m&upload-id-marker=x', argument('Invalid uploadId marker', 'upload-id-marker', 'x')],
    [
      'GET',
      '/a?versionId=',
      argument('Invalid version id specified', 'versionId', '').replace('></ArgumentValue>', '/>'),
    ],
    ['GET', '/a?versionId=abc', argument('Invalid version id specified', 'versionId', 'abc')],
    ['GET', '/a?partNumber=abc', argument(PART, 'partNumber', 'abc')],
    ['GET', '/a?partNumber=0', argument(PART, 'partNumber', '0')],
    ['PATCH', '', notAllowed('PATCH', 'BUCKET')],
    ['PATCH', '/a', notAllowed('PATCH', 'OBJECT')],
    ['POST', '/a', notAllowed('POST', 'OBJECT')],
    ['DELETE', '?acl', notAllowed('DELETE', 'BUCKET')],
    ['PUT', '/%zz', error(400, 'InvalidURI', "Couldn't parse the specified URI.", '<URI>/%zz</URI>')],
    ['PUT', '/%c3%28', error(400, 'InvalidURI', "Couldn't parse the specified URI.", '<URI>/%c3%28</URI>')],
    ['GET', '/a?torrent', notEmulated('s3:GetObjectTorrent')],
    ['POST', '/a?select&select-type=2', notEmulated('s3:SelectObjectContent')],
    ['GET', '?inventory', notEmulated('s3:ListBucketInventoryConfigurations')],
    ['GET', '?inventory&id=1', notEmulated('s3:GetBucketInventoryConfiguration')],
    ['GET', '?session', notEmulated('s3:CreateSession')],
  ])('%s %s', async (method, path, expected) => {
    expect(told(await ask(method, `/${BUCKET}${path}`))).toBe(expected)
    expect(state()).toBe(before)
  })

  it('the account, by any method but GET', async () => {
    for (const method of ['PUT', 'POST', 'DELETE', 'PATCH']) {
      expect(told(await ask(method, '/'))).toBe(notAllowed(method, 'SERVICE'))
    }
  })

  it('operations that belong to another service', async () => {
    const url = world.emulator.url
    const answer = await send(url, signed(url, 's3-object-lambda', { path: '/WriteGetObjectResponse' }))
    expect(told(answer)).toBe(notEmulated('the service `s3-object-lambda`'))
  })

  it.each([
    ['PUT', ''],
    ['GET', ''],
    ['DELETE', ''],
    ['POST', '?uploads'],
    ['PUT', '?tagging'],
  ])('%s of a key that is too long%s', async (method, query) => {
    expect(told(await ask(method, LONG + query))).toBe(TOO_LONG)
    expect(state()).toBe(before)
  })

  it.each<[name: string, headers: Headers, expected: string]>([
    [
      'metadata',
      { 'x-amz-meta-a': 'v'.repeat(2048) },
      error(
        400,
        'MetadataTooLarge',
        'Your metadata headers exceed the maximum allowed metadata size',
        '<Size>2049</Size><MaxSizeAllowed>2048</MaxSizeAllowed>',
      ),
    ],
    [
      'heads',
      { 'x-amz-meta-a': 'v'.repeat(8000) },
      error(
        400,
        'RequestHeaderSectionTooLarge',
        'Your request header section exceeds the maximum allowed size.',
        '<MaxSizeAllowed>8192</MaxSizeAllowed>',
      ),
    ],
    [
      'digests of the wrong length',
      { 'content-md5': 'abc' },
      error(400, 'InvalidDigest', 'The Content-MD5 you specified was invalid.', '<Content-MD5>abc</Content-MD5>'),
    ],
    [
      'digests of other bytes',
      md5('y'),
      error(
        400,
        'BadDigest',
        'The Content-MD5 you specified did not match what we received.',
        `<ExpectedDigest>${createHash('md5').update('y').digest('hex')}</ExpectedDigest><CalculatedDigest>${md5('x')['content-md5']}</CalculatedDigest>`,
      ),
    ],
    [
      'checksums that are none',
      { 'x-amz-checksum-crc32': 'abc' },
      error(400, 'InvalidRequest', 'Value for x-amz-checksum-crc32 header is invalid.'),
    ],
    [
      'checksums of other bytes',
      { 'x-amz-checksum-crc32': 'AAAAAA==' },
      error(400, 'BadDigest', 'The CRC32 you specified did not match the calculated checksum.'),
    ],
    [
      'two checksums',
      { 'x-amz-checksum-crc32': 'jNwWgw==', 'x-amz-checksum-sha1': 'AAAA' },
      error(
        400,
        'InvalidRequest',
        'Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.',
      ),
    ],
    [
      'algorithms without a checksum',
      { 'x-amz-sdk-checksum-algorithm': 'CRC32' },
      error(
        400,
        'InvalidRequest',
        'x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.',
      ),
    ],
    [
      'algorithms that are none',
      { 'x-amz-sdk-checksum-algorithm': 'FOO', 'x-amz-checksum-crc32': 'jNwWgw==' },
      error(400, 'InvalidRequest', 'Value for x-amz-sdk-checksum-algorithm header is invalid.'),
    ],
    [
      'checksums of another algorithm than named',
      { 'x-amz-sdk-checksum-algorithm': 'SHA1', 'x-amz-checksum-crc32': 'jNwWgw==' },
      error(400, 'InvalidRequest', 'Value for x-amz-sdk-checksum-algorithm header is invalid.'),
    ],
    [
      'checksums that S3 does not know',
      { 'x-amz-checksum-sha256a': 'abc' },
      error(400, 'InvalidRequest', 'The algorithm type you specified in x-amz-checksum- header is invalid.'),
    ],
    [
      'storage classes',
      { 'x-amz-storage-class': 'COLD' },
      error(
        400,
        'InvalidStorageClass',
        'The storage class you specified is not valid',
        '<StorageClassRequested>COLD</StorageClassRequested>',
      ),
    ],
    [
      'redirections',
      { 'x-amz-website-redirect-location': 'nowhere' },
      error(
        400,
        'InvalidRedirectLocation',
        "The website redirect location must have a prefix of 'http://' or 'https://' or '/'.",
      ),
    ],
    [
      'sources of copies',
      { 'x-amz-copy-source': '/input/%zz' },
      argument(
        'Copy Source must mention the source bucket and key: sourcebucket/sourcekey',
        'x-amz-copy-source',
        '/input/%zz',
      ),
    ],
    [
      'sources without a key',
      { 'x-amz-copy-source': 'input' },
      argument('Invalid copy source object key', 'x-amz-copy-source', 'input'),
    ],
    [
      'tags that repeat a key',
      { 'x-amz-tagging': 'a=b&a=c' },
      argument(
        "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.",
        'x-amz-tagging',
        'a=b&amp;a=c',
      ),
    ],
  ])('writes with wrong %s', async (_name, headers, expected) => {
    expect(told(await ask('PUT', `/${BUCKET}/new`, 'x', headers))).toBe(expected)
    expect(state()).toBe(before)
  })

  it.each([
    ['/a?legal-hold', '<LegalHold><Status>ON</Status></LegalHold>'],
    [
      '?object-lock',
      '<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>',
    ],
    ['?cors', '<CORSConfiguration/>'],
    ['?tagging', '<Tagging><TagSet/></Tagging>'],
    ['?lifecycle', '<LifecycleConfiguration/>'],
  ])('%s without a promise of what its body is', async (path, body) => {
    expect(told(await ask('PUT', `/${BUCKET}${path}`, body))).toBe(
      error(400, 'InvalidRequest', 'Missing required header for this request: Content-MD5 OR x-amz-checksum-*'),
    )
    expect(state()).toBe(before)
  })

  const tags = (count: number, key = 'k', value = 'v') => {
    const tag = (index: number) => `<Tag><Key>${key}${index}</Key><Value>${value}</Value></Tag>`
    return `<Tagging><TagSet>${Array.from({ length: count }, (_, index) => tag(index)).join('')}</TagSet></Tagging>`
  }
  it.each<[path: string, body: string, expected: string]>([
    ['/a?tagging', '<Tagging>', MALFORMED],
    ['/a?tagging', '<Tagging/>', MALFORMED],
    ['/a?tagging', tags(11), error(400, 'BadRequest', 'Object tags cannot be greater than 10')],
    ['?tagging', tags(51), error(400, 'BadRequest', 'Bucket tags cannot be greater than 50')],
    [
      '/a?tagging',
      tags(1, 'k'.repeat(128)),
      error(400, 'InvalidTag', 'The TagKey you have provided is invalid', `<TagKey>${'k'.repeat(128)}0</TagKey>`),
    ],
    [
      '/a?tagging',
      tags(1, 'k', 'v'.repeat(257)),
      error(
        400,
        'InvalidTag',
        'The TagValue you have provided is invalid',
        `<TagKey>k0</TagKey><TagValue>${'v'.repeat(257)}</TagValue>`,
      ),
    ],
    [
      '/a?tagging',
      tags(1, 'aws:'),
      error(400, 'InvalidTag', 'System tags cannot be added/updated by requester', '<TagKey>aws:0</TagKey>'),
    ],
    ['?tagging', ' '.repeat(9_000_000), error(400, 'MaxMessageLengthExceeded', 'Your request was too big.')],
    ['?encryption', '<x', MALFORMED],
    ['?policy', '{'.repeat(21_000), error(400, 'MalformedPolicy', 'Policy exceeds the maximum allowed document size.')],
    ['?policy', '', error(400, 'MissingRequestBodyError', 'Request body is empty.')],
  ])('PUT %s %.40s', async (path, body, expected) => {
    expect(told(await ask('PUT', `/${BUCKET}${path}`, body, body === '' ? {} : md5(body)))).toBe(expected)
    expect(state()).toBe(before)
  })

  const objects = (count: number, key = 'a') => `<Delete>${`<Object><Key>${key}</Key></Object>`.repeat(count)}</Delete>`
  it.each<[name: string, body: string, headers: Headers, expected: string]>([
    ['no body', '', {}, error(400, 'MissingRequestBodyError', 'Request body is empty.')],
    ['no keys', '<Delete/>', md5('<Delete/>'), MALFORMED],
    ['more than a thousand keys', objects(1001), md5(objects(1001)), MALFORMED],
    ['a key of no characters', objects(1, ''), md5(objects(1, '')), MALFORMED],
    [
      'no digest',
      objects(1),
      {},
      error(400, 'InvalidRequest', 'Missing required header for this request: Content-MD5 OR x-amz-checksum-*'),
    ],
  ])('deletions with %s', async (_name, body, headers, expected) => {
    expect(told(await ask('POST', `/${BUCKET}?delete`, body, headers))).toBe(expected)
    expect(state()).toBe(before)
  })
})

describe('uploads in parts', () => {
  const list = (...parts: readonly (readonly [number | string, string | undefined])[]) =>
    `<CompleteMultipartUpload>${parts.map(([number, etag = '']) => `<Part><PartNumber>${number}</PartNumber><ETag>${etag}</ETag></Part>`).join('')}</CompleteMultipartUpload>`
  const order = () =>
    error(
      400,
      'InvalidPartOrder',
      'The list of parts was not in ascending order. Parts must be ordered by part number.',
      `<UploadId>${upload}</UploadId>`,
    )
  const noPart = (number: number, etag: string | undefined) =>
    error(
      400,
      'InvalidPart',
      "One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.",
      `<UploadId>${upload}</UploadId><PartNumber>${number}</PartNumber><ETag>${etag?.replaceAll('"', '') ?? ''}</ETag>`,
    )

  it.each<[name: string, parts: () => string, expected: () => string]>([
    ['nothing', () => '', () => MALFORMED],
    ['no parts', () => list(), () => MALFORMED],
    ['parts out of order', () => list([2, etags[1]], [1, etags[0]]), order],
    ['a part twice', () => list([1, etags[0]], [1, etags[0]]), order],
    ['a part that was not uploaded', () => list([3, etags[0]]), () => noPart(3, etags[0])],
    ['another ETag', () => list([1, 'abc']), () => noPart(1, 'abc')],
    ['numbers that are none', () => list(['x', etags[0]]), () => MALFORMED],
    ['a number below one', () => list([0, etags[0]]), () => argument('PartNumber must be &gt;= 1', 'PartNumber', '0')],
    ['a part without a number', () => list([1, etags[0]]).replace(/<PartNumber>.*<\/PartNumber>/, ''), () => MALFORMED],
    ['a part without an ETag', () => list([1, etags[0]]).replace(/<ETag>.*<\/ETag>/, ''), () => MALFORMED],
    [
      'more than 10 000 parts',
      () => list(...Array.from({ length: 10_001 }, (_, index) => [index + 1, etags[0]] as const)),
      () => MALFORMED,
    ],
    [
      'parts that are too small',
      () => list([1, etags[0]], [2, etags[1]]),
      () =>
        error(
          400,
          'EntityTooSmall',
          'Your proposed upload is smaller than the minimum allowed size',
          `<ProposedSize>1</ProposedSize><MinSizeAllowed>5242880</MinSizeAllowed><PartNumber>1</PartNumber><ETag>${(etags[0] ?? '').replaceAll('"', '')}</ETag>`,
        ),
    ],
  ])('are not completed with %s', async (_name, parts, expected) => {
    expect(told(await ask('POST', `/${BUCKET}/m?uploadId=${upload}`, parts()))).toBe(expected())
    expect(state()).toBe(before)
  })

  it('belong to one key', async () => {
    const unknown = error(404, 'NoSuchUpload', NO_UPLOAD, `<UploadId>${upload}</UploadId>`)
    const other = `/${BUCKET}/other?uploadId=${upload}`
    expect(told(await ask('POST', other, list([1, etags[0]])))).toBe(unknown)
    expect(told(await ask('PUT', `${other}&partNumber=1`, 'x'))).toBe(unknown)
    expect(told(await ask('GET', other))).toBe(unknown)
    expect(told(await ask('DELETE', other))).toBe(unknown)
    expect(state()).toBe(before)
  })

  it.each(['0', '10001', 'abc'])('have no part %s', async (number) => {
    const answer = await ask('PUT', `/${BUCKET}/m?uploadId=${upload}&partNumber=${number}`, 'x')
    expect(told(answer)).toBe(argument(PART, 'partNumber', number))
    expect(state()).toBe(before)
  })

  it.each(['max-parts', 'part-number-marker'])('are listed by numbers: %s', async (name) => {
    const answer = await ask('GET', `/${BUCKET}/m?uploadId=${upload}&${name}=abc`)
    expect(told(answer)).toBe(argument(`Provided ${name} not an integer or within integer range`, name, 'abc'))
    const negative = await ask('GET', `/${BUCKET}/m?uploadId=${upload}&${name}=-2`)
    expect(told(negative)).toBe(argument(`Argument ${name} must be an integer between 0 and 2147483647`, name, '-2'))
  })
})

describe('keys of every kind', () => {
  it.each([
    ['..', '..'],
    ['../x', '../x'],
    ['./x', './x'],
    ['a/../b', 'a/../b'],
    ['/lead', '/lead'],
    ['a//b', 'a//b'],
    ['.', '.'],
    ['tab%09', 'tab&#x9;'],
    ['ctl%01', 'ctl&#x1;'],
    ['nl%0A', 'nl&#xA;'],
    ['%E2%82%AC', '€'],
    ['%F0%9F%98%80', '😀'],
    ['amp%26%3C%3E%22', 'amp&amp;&lt;&gt;&quot;'],
    ['sp%20plus%2B', 'sp plus+'],
    ['fffe%EF%BF%BE', 'fffe&#xFFFE;'],
  ])('%s is stored, read and listed as it is', async (path, listed) => {
    expect((await ask('PUT', `/${BUCKET}/odd/${path}`, path)).status).toBe(200)
    expect((await ask('GET', `/${BUCKET}/odd/${path}`)).body).toBe(path)
    const { body } = await ask('GET', `/${BUCKET}?prefix=odd/`)
    // A tab stands as it is: XML keeps it within an element.
    expect(body.replaceAll('\t', '&#x9;')).toContain(`<Key>odd/${listed}</Key>`)
    expect((await ask('DELETE', `/${BUCKET}/odd/${path}`)).status).toBe(204)
  })
})

describe('what is hardly HTTP', () => {
  /** Sends bytes as they are. */
  const raw = (text: string) =>
    new Promise<string>((resolve, reject) => {
      const socket = connect(Number(new URL(world.emulator.url).port), '127.0.0.1', () => socket.write(text))
      let got = ''
      socket.on('data', (chunk) => {
        got += chunk.toString()
        if (/<\/Error>|200 OK[^]*\r\n\r\n/.test(got)) socket.destroy()
      })
      socket.on('close', () => {
        resolve(got)
      })
      socket.on('error', reject)
    })
  const head = (...more: readonly string[]) => {
    const { headers = {} } = signed(world.emulator.url, 's3', { method: 'PUT', path: `/${BUCKET}/raw`, body: 'x' })
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
    return `PUT /${BUCKET}/raw HTTP/1.1\r\n${[...lines, ...more].join('\r\n')}\r\n\r\n`
  }
  const answered = async (text: string) => {
    const answer = await raw(text)
    return told({ status: Number(answer.split(' ')[1]), body: answer })
  }

  it('bodies without a length', async () => {
    expect(await answered(head())).toBe(
      error(411, 'MissingContentLength', 'You must provide the Content-Length HTTP header.'),
    )
    expect(await answered(`${head('Transfer-Encoding: chunked')}1\r\nx\r\n0\r\n\r\n`)).toBe(
      error(
        501,
        'NotImplemented',
        'A header you provided implies functionality that is not implemented',
        '<Header>Transfer-Encoding</Header>',
      ),
    )
  })

  it('bodies that are announced too large are refused before they are sent', async () => {
    const proposed = 6_000_000_000
    const tooLarge = error(
      400,
      'EntityTooLarge',
      'Your proposed upload exceeds the maximum allowed size',
      `<ProposedSize>${proposed}</ProposedSize><MaxSizeAllowed>5368709120</MaxSizeAllowed>`,
    )
    expect(await answered(`${head(`Content-Length: ${proposed}`)}x`)).toBe(tooLarge)
  })

  it('heads that are too large', async () => {
    const tooLarge = error(
      400,
      'RequestHeaderSectionTooLarge',
      'Your request header section exceeds the maximum allowed size.',
      '<MaxSizeAllowed>8192</MaxSizeAllowed>',
    )
    expect(await answered(`${head(`x-long: ${'a'.repeat(9_000)}`, 'Content-Length: 1')}x`)).toBe(tooLarge)
    expect(await answered(`${head(`x-long: ${'a'.repeat(90_000)}`, 'Content-Length: 1')}x`)).toBe(tooLarge)
  })

  it('nonsense', async () => {
    const unread = error(400, 'BadRequest', 'An error occurred when parsing the HTTP request.')
    expect(await answered('NONSENSE\r\n\r\n')).toBe(unread)
    expect(await answered(head('Content-Length: abc'))).toBe(unread)
  })

  it('clients that wait to be told to go on are told so', async () => {
    const answer = await raw(`${head('Content-Length: 1', 'Expect: 100-continue')}x`)
    expect(answer).toContain('HTTP/1.1 100 Continue')
    expect(answer).toContain('HTTP/1.1 200 OK')
  })
})
