import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { AwsError } from '../../emulator/lib/awsError.ts'
import { restXml } from '../../emulator/wire/restXml.ts'
import { request, s3 } from './clients.ts'
import { refusal } from './helpers.ts'

const decode = (name: string, fields: Parameters<typeof request>[0]) =>
  restXml.decode(request(fields), s3.operation(name))
const refused = (work: () => unknown) => {
  const { code, status, text, fields } = refusal(work)
  return { code, status, text, fields }
}
const MALFORMED_XML = {
  code: 'MalformedXML',
  status: 400,
  text: 'The XML you provided was not well-formed or did not validate against our published schema',
  fields: {},
}

describe('XML bodies', () => {
  const ENCRYPTION =
    '<ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault>'
  const configuration = (rules: string, attributes = '') =>
    `<ServerSideEncryptionConfiguration${attributes}>${rules}</ServerSideEncryptionConfiguration>`
  const read = (body: string) =>
    decode('PutBucketEncryption', { method: 'PUT', path: '/b', query: 'encryption', body })[
      'ServerSideEncryptionConfiguration'
    ]
  const parsed = { Rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }] }

  it.each([
    configuration(`<Rule>${ENCRYPTION}</Rule>`),
    configuration(`<Rule>${ENCRYPTION}</Rule>`, ' xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'),
    `<?xml version="1.0" encoding="UTF-8"?>\n<!-- a -->\n${configuration(`\n  <Rule>\n${ENCRYPTION}\n</Rule>\n`)}\n`,
    configuration(`<Nope><a/></Nope><Rule><Nope/>${ENCRYPTION}</Rule>`),
    configuration(`<Rule>${ENCRYPTION.replace('AES256', '<![CDATA[AES]]>&#50;56')}</Rule>`),
    `<s:${configuration(`<s:Rule>${ENCRYPTION}</s:Rule>`, ' xmlns:s="http://x"').slice(1).replace('</Server', '</s:Server')}`,
  ])('reads %s', (body) => {
    expect(read(body)).toEqual(parsed)
  })

  it.each([
    'x',
    '{}',
    '<a',
    '<Other/>',
    '<ServerSideEncryptionConfiguration/>',
    configuration('<Rule>'),
    configuration(`<Rule>${ENCRYPTION}</Rule>`) + 'x',
    configuration(`text<Rule>${ENCRYPTION}</Rule>`),
    configuration('<Rule><ApplyServerSideEncryptionByDefault/></Rule>'),
    configuration(`<Rule>${ENCRYPTION}${ENCRYPTION}</Rule>`),
    configuration(`<Rule>${ENCRYPTION}<BucketKeyEnabled>perhaps</BucketKeyEnabled></Rule>`),
    configuration(`<Rule>${ENCRYPTION.replace('AES256', '&nope;')}</Rule>`),
    configuration(`<Rule>${ENCRYPTION.replace('AES256', '<b/>')}</Rule>`),
    `<!DOCTYPE a [<!ENTITY x "AES256">]>${configuration(`<Rule>${ENCRYPTION.replace('AES256', '&x;')}</Rule>`)}`,
    `<!DOCTYPE a SYSTEM "file:///etc/passwd">${configuration(`<Rule>${ENCRYPTION}</Rule>`)}`,
    configuration(`<Rule>${'<a>'.repeat(100)}${'</a>'.repeat(100)}</Rule>`),
    '<a>'.repeat(100_000),
  ])('refuses %.60s', (body) => {
    expect(refused(() => read(body))).toEqual(MALFORMED_XML)
  })

  it('tells of a bad body only when it is read: the bucket and the permission come first', () => {
    const input = decode('PutBucketEncryption', { path: '/b', body: 'x' })
    expect(input).toEqual({ Bucket: 'b' })
    expect({ ...input }).toEqual({ Bucket: 'b' })
    expect(JSON.stringify(input)).toBe('{"Bucket":"b"}')
    expect(refused(() => input['ServerSideEncryptionConfiguration'])).toEqual(MALFORMED_XML)
  })

  it('misses a required body, and does without an optional one', () => {
    expect(refused(() => read(''))).toMatchObject({ code: 'MissingRequestBodyError', status: 400 })
    expect(decode('CreateBucket', { path: '/b' })).toEqual({ Bucket: 'b' })
  })

  it('keeps white space in texts, and hostile names out', () => {
    const tags =
      '<Tagging><TagSet><Tag><Key> a\tb </Key><Value></Value></Tag></TagSet><__proto__><x/></__proto__></Tagging>'
    expect(decode('PutBucketTagging', { path: '/b', body: tags })['Tagging']).toEqual({
      TagSet: [{ Key: ' a\tb ', Value: '' }],
    })
  })

  it('reads attributes by their full name', () => {
    const body =
      '<AccessControlPolicy><AccessControlList><Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" ' +
      'xsi:type="CanonicalUser"><ID>x</ID></Grantee><Permission>READ</Permission></Grant></AccessControlList></AccessControlPolicy>'
    expect(decode('PutBucketAcl', { path: '/b', body })['AccessControlPolicy']).toEqual({
      Grants: [{ Grantee: { Type: 'CanonicalUser', ID: 'x' }, Permission: 'READ' }],
    })
  })

  it('throws nothing but AwsError 4xx, whatever comes', () => {
    const fragment = fc.constantFrom(
      ...[
        '<Delete>',
        '</Delete>',
        '<Object>',
        '</Object>',
        '<Key>',
        '</Key>',
        '<Quiet>true</Quiet>',
        'a',
        '&amp;',
        '&#0;',
      ],
      ...['<!--', '-->', '<![CDATA[', ']]>', '<?', '?>', '<!DOCTYPE x>', '"', '=', '\u0000', ' xmlns:a="b"', '<a:b>'],
    )
    const body = fc.oneof(
      fc.string(),
      fc.array(fragment).map((parts) => parts.join('')),
      fc.array(fragment).map((parts) => `<Delete>${parts.join('')}</Delete>`),
    )
    const fields = fc.record({ path: fc.webPath().map((path) => `/b${path}`), query: fc.string(), body })
    fc.assert(
      fc.property(fields, fc.constantFrom('GET', 'PUT', 'POST', 'DELETE', 'HEAD'), (some, method) => {
        try {
          restXml.operationOf(request({ method, ...some }), s3.model)
          expect(decode('DeleteObjects', some)['Delete']).not.toBeNull()
          decode('ListObjectVersions', some)
        } catch (error) {
          expect(error).toBeInstanceOf(AwsError)
          expect((error as AwsError).status).toBe(400)
        }
      }),
      { numRuns: 500 },
    )
  })
})
