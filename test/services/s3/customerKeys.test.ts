import { createHash, randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListPartsCommand,
  PutBucketEncryptionCommand,
  PutObjectCommand,
  UploadPartCommand,
  UploadPartCopyCommand,
  type CompleteMultipartUploadCommandInput,
  type CompletedPart,
  type GetObjectCommandInput,
  type PutObjectCommandInput,
} from '@aws-sdk/client-s3'
import { ACCOUNT } from '../../support/emulator.ts'
import { send, signed } from '../../support/raw.ts'
import { allow, denied, deny, refusal, startWorld, type World } from './support.ts'

const Bucket = 'customer'
const PART = 5 * 1024 * 1024
const KEY = randomBytes(32)
const OTHER = randomBytes(32)
const md5 = (bytes: Buffer) => createHash('md5').update(bytes).digest('base64')
const C = { SSECustomerAlgorithm: 'AES256', SSECustomerKey: KEY.toString('base64') }
const WRONG = { SSECustomerAlgorithm: 'AES256', SSECustomerKey: OTHER.toString('base64') }
const FROM = { CopySourceSSECustomerAlgorithm: 'AES256', CopySourceSSECustomerKey: KEY.toString('base64') }
const FROM_WRONG = { CopySourceSSECustomerAlgorithm: 'AES256', CopySourceSSECustomerKey: OTHER.toString('base64') }
const ECHO = { SSECustomerAlgorithm: 'AES256', SSECustomerKeyMD5: md5(KEY) }

let world: World
const block = (bucket: string, type: 'NONE' | 'SSE-C') =>
  world.s3.send(
    new PutBucketEncryptionCommand({
      Bucket: bucket,
      ServerSideEncryptionConfiguration: {
        Rules: [
          {
            ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' },
            BlockedEncryptionTypes: { EncryptionType: [type] },
          },
        ],
      },
    }),
  )
beforeAll(async () => {
  world = await startWorld(Bucket)
  await block(Bucket, 'NONE')
})
afterAll(() => world.stop())

const put = (Key: string, more: Partial<PutObjectCommandInput> = {}, s3 = world.s3) =>
  s3.send(new PutObjectCommand({ Bucket, Key, Body: 'plaintext', ...C, ...more }))
const get = (Key: string, more: Partial<GetObjectCommandInput> = {}, s3 = world.s3) =>
  s3.send(new GetObjectCommand({ Bucket, Key, ...more }))
const read = async (Key: string, more: Partial<GetObjectCommandInput> = {}, s3 = world.s3) =>
  (await get(Key, more, s3)).Body?.transformToString()

const invalidRequest = (message: string) => ({ status: 400, code: 'InvalidRequest', message })
const STORED = invalidRequest(
  'The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object.',
)
const NOT_APPLICABLE = invalidRequest('The encryption parameters are not applicable to this object.')
const WRONG_KEY = denied(
  'Requests specifying Server Side Encryption with Customer provided keys must provide the correct secret key.',
)
const PARTS_NEED_IT = invalidRequest(
  'The multipart upload initiate requested encryption. Subsequent part requests must include the appropriate encryption parameters.',
)
const OTHER_PARTS_KEY = invalidRequest('The provided encryption parameters did not match the ones used originally.')

const HEADER = 'x-amz-server-side-encryption-customer'
/** The three headers, as given. */
const headers = (algorithm?: string, key?: string, digest?: string) => ({
  ...(algorithm !== undefined && { [`${HEADER}-algorithm`]: algorithm }),
  ...(key !== undefined && { [`${HEADER}-key`]: key }),
  ...(digest !== undefined && { [`${HEADER}-key-md5`]: digest }),
})
const raw = (method: string, path: string, more: Record<string, string>, body = '') => {
  const { url } = world.emulator
  return send(url, signed(url, 's3', { method, path, headers: more, body }))
}

describe('SSE-C', () => {
  it('round trips with the key, of which answers tell the MD5', async () => {
    const answer = await put('round-trip')
    expect(answer).toMatchObject({ ...ECHO, ChecksumType: 'FULL_OBJECT' })
    expect([answer.ServerSideEncryption, answer.SSEKMSKeyId]).toEqual([undefined, undefined])
    expect(answer.ETag).toMatch(/^"[0-9a-f]{32}"$/)
    expect(answer.ETag).not.toBe(`"${createHash('md5').update('plaintext').digest('hex')}"`)
    expect((await put('round-trip')).ETag).not.toBe(answer.ETag)
    const got = await get('round-trip', { ...C, ChecksumMode: 'ENABLED' })
    expect(got).toMatchObject({ ...ECHO, ChecksumCRC32: answer.ChecksumCRC32 })
    expect(got.ServerSideEncryption).toBeUndefined()
    expect(await got.Body?.transformToString()).toBe('plaintext')
    const head = await world.s3.send(
      new HeadObjectCommand({ Bucket, Key: 'round-trip', ...C, ChecksumMode: 'ENABLED' }),
    )
    expect(head).toMatchObject({ ...ECHO, ContentLength: 9, ChecksumCRC32: answer.ChecksumCRC32 })
  })

  it('streams large bodies and reads ranges', async () => {
    const Body = randomBytes(700_001)
    await put('large', { Body })
    expect(Buffer.from((await (await get('large', C)).Body?.transformToByteArray()) ?? []).equals(Body)).toBe(true)
    const part = await get('large', { ...C, Range: 'bytes=262000-530000' })
    const bytes = Buffer.from((await part.Body?.transformToByteArray()) ?? [])
    expect(bytes.equals(Body.subarray(262_000, 530_001))).toBe(true)
  })

  it('reads nothing without the key, with another, or with a key where none belongs', async () => {
    await put('refused')
    expect(await refusal(get('refused'))).toEqual(STORED)
    expect(await refusal(get('refused', WRONG))).toEqual(WRONG_KEY)
    const head = (more: object) => refusal(world.s3.send(new HeadObjectCommand({ Bucket, Key: 'refused', ...more })))
    expect((await head({})).status).toBe(400)
    expect((await head(WRONG)).status).toBe(403)
    const attributes = (more: object) =>
      world.s3.send(
        new GetObjectAttributesCommand({ Bucket, Key: 'refused', ObjectAttributes: ['ETag', 'Checksum'], ...more }),
      )
    expect(await refusal(attributes({}))).toEqual(STORED)
    expect(await refusal(attributes(WRONG))).toEqual(WRONG_KEY)
    expect((await attributes(C)).Checksum?.ChecksumType).toBe('FULL_OBJECT')
    await world.s3.send(new PutObjectCommand({ Bucket, Key: 'plain', Body: 'x' }))
    expect(await refusal(get('plain', C))).toEqual(NOT_APPLICABLE)
    expect(await read('plain')).toBe('x')
  })

  it('asks for permission as ever', async () => {
    await put('permission')
    const user = await world.user('no-read', allow('s3:PutObject'))
    const message = (action: string) =>
      `User: ${user.arn} is not authorized to perform: ${action} on resource: "arn:aws:s3:::${Bucket}/permission" because no identity-based policy allows the ${action} action`
    expect(await refusal(get('permission', C, user.s3))).toEqual(denied(message('s3:GetObject')))
    await world.allow('no-read', allow('s3:GetObject'))
    expect(await read('permission', C, user.s3)).toBe('plaintext')
    expect(await refusal(put('permission', {}, user.s3))).toEqual(denied(message('s3:PutObject')))
  })

  it.each([
    [
      'no algorithm',
      headers(undefined, KEY.toString('base64'), md5(KEY)),
      'InvalidArgument',
      'must provide a valid encryption algorithm.',
    ],
    [
      'another algorithm',
      headers('AES128', KEY.toString('base64'), md5(KEY)),
      'InvalidEncryptionAlgorithmError',
      'The Encryption request you specified is not valid. Supported value: AES256.',
    ],
    ['no key', headers('AES256', undefined, md5(KEY)), 'InvalidArgument', 'must provide an appropriate secret key.'],
    [
      'no MD5',
      headers('AES256', KEY.toString('base64')),
      'InvalidArgument',
      'must provide the client calculated MD5 of the secret key.',
    ],
    [
      'a short key',
      headers('AES256', KEY.subarray(1).toString('base64'), md5(KEY.subarray(1))),
      'InvalidArgument',
      'The secret key was invalid for the specified algorithm.',
    ],
    [
      'no base64',
      headers('AES256', '!'.repeat(44), md5(KEY)),
      'InvalidArgument',
      'The secret key was invalid for the specified algorithm.',
    ],
    [
      'another MD5',
      headers('AES256', KEY.toString('base64'), md5(OTHER)),
      'InvalidArgument',
      'The calculated MD5 hash of the key did not match the hash that was provided.',
    ],
  ])('refuses %s', async (_what, given, code, text) => {
    const message = text.startsWith('must')
      ? `Requests specifying Server Side Encryption with Customer provided keys ${text}`
      : text
    const expected = `<Code>${code}</Code><Message>${message}</Message>`
    await put('syntax')
    for (const [method, path, body] of [
      ['PUT', `/${Bucket}/not-written`, 'x'],
      ['GET', `/${Bucket}/syntax`, ''],
      ['POST', `/${Bucket}/not-written?uploads`, ''],
    ] as const) {
      const answer = await raw(method, path, given, body)
      expect([answer.status, answer.body]).toEqual([400, expect.stringContaining(expected)])
      expect(answer.body).not.toContain(KEY.toString('base64'))
    }
    expect((await raw('GET', `/${Bucket}/not-written`, {})).status).toBe(404)
    const copied = await raw('PUT', `/${Bucket}/not-written`, {
      'x-amz-copy-source': `${Bucket}/syntax`,
      ...Object.fromEntries(
        Object.entries(given).map(([name, value]) => [name.replace('x-amz-', 'x-amz-copy-source-'), value]),
      ),
    })
    expect([copied.status, copied.body]).toEqual([400, expect.stringContaining(expected)])
  })

  it('does not go with another method', async () => {
    const key = await world.key()
    for (const ServerSideEncryption of ['AES256', 'aws:kms', 'aws:kms:dsse'] as const) {
      const message =
        'Server Side Encryption with Customer provided key is incompatible with the encryption method specified'
      expect(await refusal(put('both', { ServerSideEncryption }))).toEqual({
        status: 400,
        code: 'InvalidArgument',
        message,
      })
    }
    expect(await refusal(put('both', { SSEKMSKeyId: key }))).toEqual({
      status: 400,
      code: 'InvalidArgument',
      message:
        'Server Side Encryption with AWS KMS managed key requires HTTP header x-amz-server-side-encryption : aws:kms',
    })
    expect((await refusal(read('both', C))).code).toBe('NoSuchKey')
  })

  it('looks at syntax, then conditions, then ranges, then the key', async () => {
    const { ETag = '' } = await put('order')
    const of = (given: Record<string, string>, more: Record<string, string>) =>
      raw('GET', `/${Bucket}/order`, { ...given, ...more })
    const wrong = headers('AES256', OTHER.toString('base64'), md5(OTHER))
    const malformed = headers('AES256', 'short', md5(OTHER))
    expect((await of(malformed, { 'if-none-match': ETag })).status).toBe(400)
    expect((await of(wrong, { 'if-none-match': ETag })).status).toBe(304)
    expect((await of(wrong, { 'if-match': '"other"' })).status).toBe(412)
    expect((await of(wrong, { range: 'bytes=100-' })).status).toBe(416)
    expect((await of(wrong, { range: 'bytes=0-1' })).status).toBe(403)
  })

  it('a write that fails its checksum or condition leaves the old object', async () => {
    await put('kept', { Body: 'old' })
    expect((await refusal(put('kept', { Body: 'new', ChecksumCRC32: 'AAAAAA==' }))).code).toBe('BadDigest')
    expect((await refusal(put('kept', { Body: 'new', IfNoneMatch: '*' }))).code).toBe('PreconditionFailed')
    expect(await read('kept', C)).toBe('old')
  })
})

describe('buckets that block SSE-C', () => {
  const message = (arn: string, key: string) =>
    `User: ${arn} is not authorized to perform: s3:PutObject on resource: "arn:aws:s3:::${key}" because this bucket has blocked upload requests that specify Server Side Encryption with Customer provided keys (SSE-C). Please specify a different server-side encryption type`

  it('are all new ones, until they are opened; what was written stays readable', async () => {
    const bucket = { Bucket: 'blocking' }
    const root = `arn:aws:iam::${ACCOUNT}:root`
    await world.s3.send(new CreateBucketCommand(bucket))
    const refused = denied(message(root, 'blocking/k'))
    expect(await refusal(put('k', bucket))).toEqual(refused)
    await block('blocking', 'NONE')
    await put('k', bucket)
    const { UploadId } = await world.s3.send(new CreateMultipartUploadCommand({ ...bucket, Key: 'k', ...C }))
    await block('blocking', 'SSE-C')
    expect(await refusal(put('k', bucket))).toEqual(refused)
    const copy = new CopyObjectCommand({ ...bucket, Key: 'k', CopySource: 'blocking/k', ...FROM, ...C })
    expect(await refusal(world.s3.send(copy))).toEqual(refused)
    expect(await refusal(world.s3.send(new CreateMultipartUploadCommand({ ...bucket, Key: 'k', ...C })))).toEqual(
      refused,
    )
    expect(await read('k', { ...bucket, ...C })).toBe('plaintext')
    // An upload that was admitted goes on.
    const part = { ...bucket, Key: 'k', UploadId, PartNumber: 1 }
    const { ETag } = await world.s3.send(new UploadPartCommand({ ...part, Body: 'whole', ...C }))
    const MultipartUpload = { Parts: [{ ETag, PartNumber: 1 }] }
    await world.s3.send(new CompleteMultipartUploadCommand({ ...bucket, Key: 'k', UploadId, MultipartUpload }))
    expect(await read('k', { ...bucket, ...C })).toBe('whole')
  })

  it('name no anonymous callers', async () => {
    await world.s3.send(new CreateBucketCommand({ Bucket: 'blocking-all' }))
    const answer = await send(world.emulator.url, {
      method: 'PUT',
      path: '/blocking-all/k',
      headers: headers('AES256', KEY.toString('base64'), md5(KEY)),
      body: 'x',
    })
    expect(answer.status).toBe(403)
    expect(answer.body).toContain('<Code>AccessDenied</Code><Message>Access Denied</Message>')
  })
})

describe('copies under customer keys', () => {
  const copy = (Key: string, more: object) =>
    world.s3.send(new CopyObjectCommand({ Bucket, Key, CopySource: `${Bucket}/copied`, ...more }))

  it('need the key of the source and may have another for the target', async () => {
    await put('copied')
    expect(await refusal(copy('copy', {}))).toEqual(STORED)
    expect(await refusal(copy('copy', FROM_WRONG))).toEqual(WRONG_KEY)
    expect((await copy('copy', FROM)).ServerSideEncryption).toBe('AES256')
    expect(await read('copy')).toBe('plaintext')
    const answer = await copy('copy', { ...FROM, ...WRONG })
    expect(answer).toMatchObject({ SSECustomerAlgorithm: 'AES256', SSECustomerKeyMD5: md5(OTHER) })
    expect(answer.CopyObjectResult?.ETag).toMatch(/^"[0-9a-f]{32}"$/)
    expect(await read('copy', WRONG)).toBe('plaintext')
    expect(await refusal(read('copy', C))).toEqual(WRONG_KEY)
  })

  it('go to KMS and back', async () => {
    const key = await world.key()
    await put('copied')
    const kms = { ServerSideEncryption: 'aws:kms' as const, SSEKMSKeyId: key }
    expect(await copy('to-kms', { ...FROM, ...kms })).toMatchObject(kms)
    expect(await read('to-kms')).toBe('plaintext')
    const back = new CopyObjectCommand({ Bucket, Key: 'from-kms', CopySource: `${Bucket}/to-kms`, ...C })
    expect(await world.s3.send(back)).toMatchObject(ECHO)
    expect(await read('from-kms', C)).toBe('plaintext')
  })

  it('rotate the key of an object in place', async () => {
    await put('copied')
    await copy('copied', { ...FROM, ...WRONG })
    expect(await read('copied', WRONG)).toBe('plaintext')
    expect(await refusal(read('copied', C))).toEqual(WRONG_KEY)
  })

  it('bring no key to a source that has none', async () => {
    await world.s3.send(new PutObjectCommand({ Bucket, Key: 'copied', Body: 'x' }))
    expect(await refusal(copy('copy', FROM))).toEqual(NOT_APPLICABLE)
  })

  it('look at the conditions on the source before they try the key', async () => {
    await put('copied')
    const refused = await refusal(copy('copy', { ...FROM_WRONG, CopySourceIfMatch: '"other"' }))
    expect(refused.code).toBe('PreconditionFailed')
  })
})

describe('uploads in parts under a customer key', () => {
  const Key = 'parts'
  const begin = async (more: object = {}) =>
    (await world.s3.send(new CreateMultipartUploadCommand({ Bucket, Key, ...C, ...more }))).UploadId ?? ''
  const part = (UploadId: string, PartNumber: number, Body: Buffer | string, more: object = C) =>
    world.s3.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body, ...more }))
  const complete = (
    UploadId: string,
    Parts: CompletedPart[],
    more: Partial<CompleteMultipartUploadCommandInput> = {},
  ) => world.s3.send(new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts }, ...more }))

  it('bring it with each part', async () => {
    expect(await world.s3.send(new CreateMultipartUploadCommand({ Bucket, Key: 'echo', ...C }))).toMatchObject(ECHO)
    const upload = await begin()
    expect(await refusal(part(upload, 1, 'x', {}))).toEqual(PARTS_NEED_IT)
    expect(await refusal(part(upload, 1, 'x', WRONG))).toEqual(OTHER_PARTS_KEY)
    const first = await part(upload, 1, Buffer.alloc(PART, 'a'))
    expect(first).toMatchObject(ECHO)
    const second = await part(upload, 2, 'the end')
    const done = await complete(upload, [
      { PartNumber: 1, ETag: first.ETag },
      { PartNumber: 2, ETag: second.ETag },
    ])
    expect([done.ServerSideEncryption, done.ETag]).toEqual([undefined, expect.stringMatching(/^"[0-9a-f]{32}-2"$/)])
    expect(await refusal(get(Key))).toEqual(STORED)
    expect(await read(Key, { ...C, Range: `bytes=${String(PART - 1)}-${String(PART + 2)}` })).toBe('athe')
    const whole = await get(Key, { ...C, ChecksumMode: 'ENABLED' })
    expect(whole.ChecksumCRC64NVME).toMatch(/^.{12}$/)
    await whole.Body?.transformToByteArray()
  })

  it('need it for checksums that were asked for', async () => {
    const upload = await begin({ ChecksumAlgorithm: 'SHA256' })
    const { ETag, ChecksumSHA256 } = await part(upload, 1, 'body', { ...C, ChecksumAlgorithm: 'SHA256' })
    const list = (more: object) => world.s3.send(new ListPartsCommand({ Bucket, Key, UploadId: upload, ...more }))
    expect(await refusal(list({}))).toEqual(PARTS_NEED_IT)
    expect(await refusal(list(WRONG))).toEqual(OTHER_PARTS_KEY)
    expect((await list(C)).Parts?.[0]?.ChecksumSHA256).toBe(ChecksumSHA256)
    const parts = [{ PartNumber: 1, ETag, ChecksumSHA256 }]
    expect(await refusal(complete(upload, parts))).toEqual(PARTS_NEED_IT)
    expect(await refusal(complete(upload, parts, WRONG))).toEqual(OTHER_PARTS_KEY)
    expect((await complete(upload, parts, C)).ChecksumSHA256).toMatch(/-1$/)
    expect(await read(Key, C)).toBe('body')
  })

  it('without such checksums are listed and completed without it', async () => {
    const upload = await begin()
    const { ETag } = await part(upload, 1, 'body')
    const { Parts } = await world.s3.send(new ListPartsCommand({ Bucket, Key, UploadId: upload }))
    expect(Parts?.[0]).toMatchObject({ ETag, Size: 4 })
    const done = await complete(upload, [{ PartNumber: 1, ETag }])
    expect(done.ChecksumCRC64NVME).toBeUndefined()
    expect(await read(Key, C)).toBe('body')
  })

  it('copy parts from and to customer keys', async () => {
    await put('part-source', { ...WRONG, Body: '0123456789' })
    const upload = await begin()
    const copy = (more: object) =>
      world.s3.send(
        new UploadPartCopyCommand({
          Bucket,
          Key,
          UploadId: upload,
          PartNumber: 1,
          CopySource: `${Bucket}/part-source`,
          CopySourceRange: 'bytes=2-5',
          ...more,
        }),
      )
    expect(await refusal(copy(C))).toEqual(STORED)
    expect(await refusal(copy({ ...C, ...FROM }))).toEqual(WRONG_KEY)
    expect(await refusal(copy(FROM_WRONG))).toEqual(PARTS_NEED_IT)
    const answer = await copy({ ...C, ...FROM_WRONG })
    expect(answer).toMatchObject(ECHO)
    await complete(upload, [{ PartNumber: 1, ETag: answer.CopyPartResult?.ETag }])
    expect(await read(Key, C)).toBe('2345')
  })

  it('refuse a key where none was announced, and are aborted without one', async () => {
    const { UploadId = '' } = await world.s3.send(new CreateMultipartUploadCommand({ Bucket, Key }))
    expect(await refusal(part(UploadId, 1, 'x'))).toEqual(NOT_APPLICABLE)
    const upload = await begin()
    await part(upload, 1, 'x')
    await world.s3.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId: upload }))
    expect((await refusal(part(upload, 2, 'x'))).code).toBe('NoSuchUpload')
  })
})

describe('policies on customer keys', () => {
  const name = 's3:x-amz-server-side-encryption-customer-algorithm'

  it('can forbid them, or ask for them', async () => {
    const data = allow(['s3:PutObject', 's3:GetObject'])
    const without = await world.user('without-customer-key', data, {
      ...deny('s3:PutObject'),
      Condition: { Null: { [name]: 'false' } },
    })
    const message = (arn: string) =>
      `User: ${arn} is not authorized to perform: s3:PutObject on resource: "arn:aws:s3:::${Bucket}/policy" with an explicit deny in an identity-based policy`
    const plain = { SSECustomerAlgorithm: undefined, SSECustomerKey: undefined }
    expect(await refusal(put('policy', {}, without.s3))).toEqual(denied(message(without.arn)))
    await put('policy', plain, without.s3)
    const withKey = await world.user('with-customer-key', data, {
      ...deny('s3:PutObject'),
      Condition: { StringNotEquals: { [name]: 'AES256' } },
    })
    expect(await refusal(put('policy', plain, withKey.s3))).toEqual(denied(message(withKey.arn)))
    await put('policy', {}, withKey.s3)
  })
})

describe('a customer’s key', () => {
  it('is nowhere: not in state, log, audit trail, decisions or errors', async () => {
    const secret = randomBytes(32)
    const mine = { SSECustomerAlgorithm: 'AES256', SSECustomerKey: secret.toString('base64') }
    const { ChecksumSHA256 = 'missing' } = await put('nowhere', { ...mine, ChecksumAlgorithm: 'SHA256' })
    await read('nowhere', mine)
    await world.s3.send(new CreateMultipartUploadCommand({ Bucket, Key: 'nowhere', ...mine }))
    const refused = await refusal(read('nowhere', WRONG))
    const { url, emulator, lines } = world.emulator
    const given = headers('AES256', secret.toString('base64'), md5(secret))
    const request = signed(url, 's3', { method: 'GET', path: `/${Bucket}/nowhere`, headers: given })
    const unsigned = await send(url, { ...request, headers: { ...request.headers, 'x-amz-date': '20200101T000000Z' } })
    const forged = await send(url, {
      ...request,
      headers: {
        ...request.headers,
        authorization: (request.headers?.['authorization'] ?? '').replace(
          /Signature=.*/,
          `Signature=${'0'.repeat(64)}`,
        ),
      },
    })
    expect(forged.body).toContain('<Code>SignatureDoesNotMatch</Code>')
    expect(forged.body).toContain(`${HEADER}-key:REDACTED`)
    const everything = [
      JSON.stringify(emulator.env.store.export({ secrets: true })),
      JSON.stringify(emulator.trail.list(10_000)),
      JSON.stringify(await (await fetch(`${url}/_twokey/decisions?limit=1000`)).json()),
      lines.join('\n'),
      JSON.stringify(refused),
      unsigned.body,
      forged.body,
    ].join('\n')
    const forms = [secret.toString('base64'), secret.toString('hex'), secret.toString('base64url'), md5(secret)]
    expect(everything).toContain(`${Bucket}/nowhere`)
    // The MD5 is echoed to the caller who sent it, and in the canonical request of a wrong signature.
    for (const form of forms.slice(0, 3)) expect(everything).not.toContain(form)
    expect(JSON.stringify(emulator.env.store.export({ secrets: true }))).not.toContain(md5(secret))
    expect(everything).not.toContain(ChecksumSHA256)
    const octets = Buffer.from(secret.toString('base64'))
      .toString('hex')
      .replace(/..(?!$)/g, '$& ')
    expect(forged.body).not.toContain(octets)
  })
})
