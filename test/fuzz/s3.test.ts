import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createHash } from 'node:crypto'
import { Agent } from 'node:http'
import fc from 'fast-check'
import { startEmulator, type TestEmulator } from '../support/emulator.ts'
import { send, signed, type RawAnswer } from '../support/raw.ts'

/** In all; spread over the two kinds below. */
const REQUESTS = 4_000
const BATCH = 20
const LOCKED = 'fuzzed-locked'
const PLAIN = 'fuzzed-plain'

let twokey: TestEmulator
const agent = new Agent({ keepAlive: true, maxSockets: BATCH })
/** What there is to be named, by what a request may ask for. */
const known = { version: '', upload: '' }

beforeAll(async () => {
  twokey = await startEmulator({ log: 'error' })
  await ask('PUT', `/${LOCKED}`, { 'x-amz-bucket-object-lock-enabled': 'true' })
  await ask('PUT', `/${PLAIN}`)
  const { headers } = await ask('PUT', `/${LOCKED}/object`, {}, 'of the object')
  known.version = String(headers['x-amz-version-id'])
  const { body } = await ask('POST', `/${PLAIN}/object?uploads`)
  known.upload = /<UploadId>(.*)<\/UploadId>/.exec(body)?.[1] ?? ''
  expect(known.upload).not.toBe('')
  await ask('PUT', `/${PLAIN}/object`, { 'x-amz-storage-class': 'GLACIER' }, 'of the archive')
})
afterAll(async () => {
  agent.destroy()
  await twokey.stop()
})

function ask(method: string, path: string, headers: Record<string, string> = {}, body = ''): Promise<RawAnswer> {
  return send(twokey.url, signed(twokey.url, 's3', { method, path, headers, body }), agent)
}

const key = Buffer.alloc(32, 7)
const md5 = (bytes: Buffer | string) => createHash('md5').update(bytes).digest('base64')

const noise = fc.oneof(
  fc.string({ unit: fc.constantFrom(...'abcXYZ0189 =,;/:*-_"\'%+&?.<>{}[]|\\é\xff'.split('')), maxLength: 40 }),
  fc.constantFrom('', '0', '-1', '1', '10001', '9'.repeat(30), 'true', 'null', '2999-01-01T00:00:00Z', 'AES256'),
)
/** A header and what it may well say; now and then it says anything. */
const HEADERS: readonly (readonly [name: string, ...values: readonly string[]])[] = [
  ['x-amz-server-side-encryption', 'AES256', 'aws:kms', 'aws:kms:dsse'],
  ['x-amz-server-side-encryption-aws-kms-key-id', 'alias/aws/s3', 'alias/none'],
  ['x-amz-server-side-encryption-context', 'e30=', 'eyJhIjoiYiJ9', 'W10='],
  ['x-amz-server-side-encryption-bucket-key-enabled', 'true', 'false'],
  ['x-amz-server-side-encryption-customer-algorithm', 'AES256'],
  ['x-amz-server-side-encryption-customer-key', key.toString('base64')],
  ['x-amz-server-side-encryption-customer-key-md5', md5(key)],
  ['x-amz-copy-source-server-side-encryption-customer-algorithm', 'AES256'],
  ['x-amz-copy-source-server-side-encryption-customer-key', key.toString('base64')],
  ['x-amz-copy-source-server-side-encryption-customer-key-md5', md5(key)],
  ['x-amz-object-lock-mode', 'GOVERNANCE'],
  ['x-amz-object-lock-retain-until-date', '2998-01-01T00:00:00Z', '1999-01-01'],
  ['x-amz-object-lock-legal-hold', 'ON', 'OFF'],
  ['x-amz-bypass-governance-retention', 'true'],
  ['x-amz-bucket-object-lock-enabled', 'true'],
  ['x-amz-acl', 'private', 'public-read', 'bucket-owner-full-control', 'log-delivery-write'],
  ['x-amz-grant-read', 'id="1"', 'uri="http://acs.amazonaws.com/groups/global/AllUsers"', 'emailAddress="a@b"'],
  ['x-amz-grant-full-control', 'id="1", id="2"', 'id='],
  ['x-amz-object-ownership', 'ObjectWriter', 'BucketOwnerEnforced'],
  ['x-amz-tagging', 'a=b', 'a=b&a=c', '%', 'aws:x=y'],
  ['x-amz-tagging-directive', 'COPY', 'REPLACE'],
  ['x-amz-metadata-directive', 'COPY', 'REPLACE'],
  ['x-amz-copy-source', `${LOCKED}/object`, `/${PLAIN}/object`, `${LOCKED}/object?versionId=null`, '/', '%zz'],
  ['x-amz-copy-source-range', 'bytes=0-1', 'bytes=5-'],
  ['x-amz-copy-source-if-match', '*', '"x"'],
  ['x-amz-storage-class', 'STANDARD', 'GLACIER', 'DEEP_ARCHIVE'],
  ['x-amz-checksum-algorithm', 'CRC32', 'CRC64NVME', 'SHA256'],
  ['x-amz-sdk-checksum-algorithm', 'CRC32', 'SHA1'],
  ['x-amz-checksum-type', 'COMPOSITE', 'FULL_OBJECT'],
  ['x-amz-checksum-crc32', 'AAAAAA=='],
  ['x-amz-checksum-mode', 'ENABLED'],
  ['x-amz-mp-object-size', '13'],
  ['x-amz-object-attributes', 'ETag', 'ETag,Checksum,ObjectParts,StorageClass,ObjectSize'],
  ['x-amz-max-parts', '2'],
  ['x-amz-part-number-marker', '1'],
  ['x-amz-expected-bucket-owner', '111111111111'],
  ['x-amz-request-payer', 'requester'],
  ['x-amz-website-redirect-location', '/there'],
  ['x-amz-rename-source', '/object'],
  ['x-amz-write-offset-bytes', '13'],
  ['x-amz-meta-note', 'text'],
  ['x-amz-if-match-size', '13'],
  ['x-amz-mfa', '123 456'],
  ['range', 'bytes=0-3', 'bytes=-1', 'bytes=99-'],
  ['if-match', '*', '"x"'],
  ['if-none-match', '*', '"x"'],
  ['if-modified-since', 'Thu, 01 Jan 1970 00:00:00 GMT'],
  ['content-md5', md5(''), 'AAAA'],
  ['content-disposition', 'attachment; filename="é"'],
  ['origin', 'https://example.com'],
]
const header = fc.constantFrom(...HEADERS).chain(([name, ...values]) =>
  fc.tuple(
    fc.constant(name),
    fc
      .oneof({ weight: 3, arbitrary: fc.constantFrom(...values) }, { weight: 1, arbitrary: noise })
      .map((value) => value.trim()),
  ),
)
const SUBRESOURCES = [
  ...['', '', '', 'acl', 'tagging', 'retention', 'legal-hold', 'attributes', 'encryption', 'restore', 'uploads'],
  ...['versions', 'versioning', 'object-lock', 'policy', 'policyStatus', 'cors', 'lifecycle', 'location', 'delete'],
  ...['ownershipControls', 'publicAccessBlock', 'list-type=2', 'notification', 'logging', 'website', 'replication'],
  ...[
    'requestPayment',
    'accelerate',
    'torrent',
    'select&select-type=2',
    'inventory',
    'analytics',
    'metrics',
    'session',
  ],
]
const PARAMETERS: readonly (readonly [name: string, ...values: readonly string[]])[] = [
  ['versionId', 'null', '7'.repeat(32), 'known'],
  ['uploadId', 'known', 'none'],
  ['partNumber', '1', '2', '0'],
  ['max-keys', '2', '0'],
  ['max-uploads', '2'],
  ['max-parts', '2'],
  ['prefix', 'o'],
  ['delimiter', '/', 'j'],
  ['encoding-type', 'url'],
  ['key-marker', 'a'],
  ['version-id-marker', 'null', 'known'],
  ['continuation-token', 'AAAA'],
  ['start-after', 'a'],
  ['fetch-owner', 'true'],
  ['part-number-marker', '1'],
  ['upload-id-marker', 'known'],
  ['response-content-type', 'text/plain'],
  ['response-content-disposition', 'é', '倉'],
  ['response-expires', 'now\n'],
  ['x-id', 'GetObject'],
  ['x-amz-expected-bucket-owner', '111111111111'],
]
const parameter = fc
  .constantFrom(...PARAMETERS)
  .chain(([name, ...values]) =>
    fc.tuple(
      fc.constant(name),
      fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...values) }, { weight: 1, arbitrary: noise }),
    ),
  )
const body = fc.oneof(
  fc.constantFrom('', '', 'x', '<', '<a/>'),
  fc.constantFrom(
    '<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>',
    '<Retention><Mode>GOVERNANCE</Mode><RetainUntilDate>2998-01-01T00:00:00Z</RetainUntilDate></Retention>',
    '<Retention><Mode>COMPLIANCE</Mode><RetainUntilDate>never</RetainUntilDate></Retention>',
    '<LegalHold><Status>ON</Status></LegalHold>',
    '<RestoreRequest><Days>1</Days></RestoreRequest>',
    '<RestoreRequest><Days>-1</Days><GlacierJobParameters><Tier>Slow</Tier></GlacierJobParameters></RestoreRequest>',
    '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>',
    '<Delete><Object><Key>object</Key><VersionId>null</VersionId></Object><Object><Key>a</Key></Object></Delete>',
    '<Delete><Object><Key>a</Key><ETag>*</ETag><Size>-1</Size></Object></Delete>',
    '<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>x</ETag></Part></CompleteMultipartUpload>',
    '<CompleteMultipartUpload><Part><PartNumber>x</PartNumber></Part></CompleteMultipartUpload>',
    '<ObjectEncryption><SSE-KMS><KMSKeyArn>arn:aws:kms:us-east-1:111111111111:key/x</KMSKeyArn></SSE-KMS></ObjectEncryption>',
    '<AccessControlPolicy><Owner><ID>1</ID></Owner><AccessControlList><Grant/></AccessControlList></AccessControlPolicy>',
    '<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>',
    '<CORSConfiguration><CORSRule><AllowedMethod>GET</AllowedMethod><AllowedOrigin>*</AllowedOrigin></CORSRule></CORSConfiguration>',
  ),
)

/** Whatever is asked, the answer is S3's: done, refused in its shape, or honestly not emulated. Nothing is told of the inside. */
function expectAnswer({ status, body: text }: RawAnswer): void {
  if (status >= 500 && !(status === 501 && text.includes('<Code>NotImplemented</Code>'))) throw new Error('a fault')
  if (status >= 400 && text !== '' && !/<Code>[\w.]+<\/Code>/.test(text)) throw new Error('no code')
  if (/node:|\.ts:\d|\bat \w+ \(/.test(text)) throw new Error('tells of the inside')
}

const METHODS = ['GET', 'GET', 'HEAD', 'PUT', 'PUT', 'POST', 'DELETE', 'OPTIONS']
const request = fc.record({
  method: fc.constantFrom(...METHODS),
  place: fc
    .constantFrom(LOCKED, PLAIN, 'fuzzed-none')
    .chain((bucket) => fc.constantFrom(`/${bucket}`, `/${bucket}/object`, `/${bucket}/object`, `/${bucket}/other`)),
  sub: fc.constantFrom(...SUBRESOURCES),
  parameters: fc.array(parameter, { maxLength: 3 }),
  headers: fc.array(header, { maxLength: 6 }),
  body,
  summed: fc.boolean(),
})

/** Buckets stay, for what is asked of them to go on being something. */
const spares = ({ method, place, sub }: { method: string; place: string; sub: string }) =>
  !(method === 'DELETE' && sub === '' && place.lastIndexOf('/') === 0)

describe('S3 answers whatever it is asked', () => {
  it.each(['signed', 'not signed'])('requests that are %s', async (kind) => {
    const property = fc.asyncProperty(
      fc.array(request.filter(spares), { minLength: BATCH, maxLength: BATCH }),
      async (batch) => {
        await Promise.all(
          batch.map(async ({ method, place, sub, parameters, headers, body: text, summed }) => {
            const pairs = parameters.map(([name, value]) => {
              const given = value !== 'known' ? value : name.startsWith('upload') ? known.upload : known.version
              return `${name}=${encodeURIComponent(given)}`
            })
            const query = [sub, ...pairs].filter((part) => part !== '').join('&')
            const raw = {
              method,
              path: place + (query === '' ? '' : `?${query}`),
              headers: { ...Object.fromEntries(headers), ...(summed && { 'content-md5': md5(text) }) },
              body: text,
            }
            const answer = await send(twokey.url, kind === 'signed' ? signed(twokey.url, 's3', raw) : raw, agent)
            try {
              expectAnswer(answer)
            } catch (error) {
              throw new Error(`${JSON.stringify(raw)}\nanswered ${answer.status} ${answer.body}`, { cause: error })
            }
          }),
        )
      },
    )
    await fc.assert(property, { numRuns: Math.ceil(REQUESTS / 2 / BATCH) })
    // Only what is not emulated is logged as an error: no faults.
    expect(twokey.lines.filter((line) => !line.includes(' 501 NotImplemented '))).toEqual([])
  })
})
