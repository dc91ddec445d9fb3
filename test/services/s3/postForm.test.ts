import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import {
  CreateBucketCommand,
  DeletePublicAccessBlockCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  PutBucketPolicyCommand,
} from '@aws-sdk/client-s3'
import { DisableKeyCommand } from '@aws-sdk/client-kms'
import { createPresignedPost } from '@aws-sdk/s3-presigned-post'
import { createHash, createHmac } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { ACCOUNT, REGION, rootOf, type Credentials } from '../../support/emulator.ts'
import { send, type RawAnswer } from '../../support/raw.ts'
import { allow, policy, startWorld, type World } from './support.ts'

const BUCKET = 'forms'
const BOUNDARY = 'xxTwokeyxx'

let world: World
beforeAll(async () => {
  world = await startWorld(BUCKET, 'public')
  await world.s3.send(new DeletePublicAccessBlockCommand({ Bucket: 'public' }))
  await world.s3.send(
    new PutBucketPolicyCommand({
      Bucket: 'public',
      Policy: policy({ Effect: 'Allow', Principal: '*', Action: 's3:PutObject', Resource: 'arn:aws:s3:::public/*' }),
    }),
  )
})
afterAll(() => world.stop())

type Fields = readonly (readonly [name: string, value: string])[]

const part = (name: string, value: string, more = '') =>
  `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"${more}\r\n\r\n${value}\r\n`

const form = (fields: Fields, file: string | undefined, fileName = 'report.txt', after: Fields = []) =>
  [
    ...fields.map(([name, value]) => part(name, value)),
    ...(file === undefined ? [] : [part('file', file, `; filename="${fileName}"`)]),
    ...after.map(([name, value]) => part(name, value)),
    `--${BOUNDARY}--\r\n`,
  ].join('')

const post = (body: string, bucket = BUCKET, contentType = `multipart/form-data; boundary=${BOUNDARY}`) =>
  send(world.emulator.url, { path: `/${bucket}`, headers: { 'content-type': contentType }, body })

const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest()

interface Signing {
  readonly conditions?: readonly unknown[]
  readonly expiration?: string
  readonly credentials?: Credentials
  readonly document?: unknown
  readonly bucket?: string
}

/** The fields of a form with a policy that is signed here, by hand, and not by the code under test. */
function signedFields(fields: Fields, options: Signing = {}): Fields {
  const { bucket = BUCKET, credentials = rootOf(ACCOUNT) } = options
  const date = new Date().toISOString().replace(/[-:]|\.\d{3}/g, '')
  const credential = `${credentials.accessKeyId}/${date.slice(0, 8)}/${REGION}/s3/aws4_request`
  const own = [
    ['x-amz-algorithm', 'AWS4-HMAC-SHA256'],
    ['x-amz-credential', credential],
    ['x-amz-date', date],
  ] as const
  const document = options.document ?? {
    expiration: options.expiration ?? new Date(Date.now() + 60_000).toISOString(),
    conditions: [
      { bucket },
      ...own.map(([name, value]) => ({ [name]: value })),
      ...(options.conditions ?? fields.map(([name]) => ['starts-with', `$${name}`, ''])),
    ],
  }
  const encoded = Buffer.from(typeof document === 'string' ? document : JSON.stringify(document)).toString('base64')
  const day = hmac(`AWS4${credentials.secretAccessKey}`, date.slice(0, 8))
  const key = hmac(hmac(hmac(day, REGION), 's3'), 'aws4_request')
  return [...fields, ...own, ['policy', encoded], ['x-amz-signature', hmac(key, encoded).toString('hex')]]
}

const upload = (fields: Fields, options: Signing = {}, file = 'the file') =>
  post(form(signedFields(fields, options), file), options.bucket)

async function textOf(Key: string, Bucket = BUCKET): Promise<string | undefined> {
  const { Body } = await world.s3.send(new GetObjectCommand({ Bucket, Key }))
  return Body?.transformToString()
}

const isMissing = async (Key: string) =>
  world.s3.send(new HeadObjectCommand({ Bucket: BUCKET, Key })).then(
    () => false,
    (error: unknown) => (error as Error).name === 'NotFound',
  )

/** What a refusal says: status, code, message, and the further elements. */
function refused({ status, body }: RawAnswer) {
  const elements = [...body.replace(/<(\w+)\/>/g, '<$1></$1>').matchAll(/<(\w+)>([^<]*)<\/\1>/g)].map(
    ([, name = '', text = '']) => [
      name,
      text.replaceAll('&quot;', '"').replaceAll('&apos;', "'").replaceAll('&lt;', '<').replaceAll('&amp;', '&'),
    ],
  )
  const { Code, Message, ...more } = Object.fromEntries(elements) as Record<string, string>
  delete more['RequestId']
  delete more['HostId']
  return { status, code: Code, message: Message, ...more }
}

describe('a form that its policy admits', () => {
  it('stores the file under the key, and answers 204 with its ETag and address', async () => {
    const answer = await upload([['key', 'a/b c.txt']])
    expect(answer.status).toBe(204)
    expect(answer.body).toBe('')
    expect(answer.headers['etag']).toBe(`"${createHash('md5').update('the file').digest('hex')}"`)
    expect(answer.headers['location']).toBe('https://forms.s3.us-east-1.amazonaws.com/a%2Fb%20c.txt')
    expect(answer.headers['x-amz-server-side-encryption']).toBe('AES256')
    expect(await textOf('a/b c.txt')).toBe('the file')
  })

  it('answers 200 and 201 where asked to, and 204 where asked for something else', async () => {
    const fields = (status: string): Fields => [
      ['key', 'status.txt'],
      ['success_action_status', status],
    ]
    expect((await upload(fields('200'))).status).toBe(200)
    const created = await upload(fields('201'))
    expect(created.status).toBe(201)
    expect(created.headers['content-type']).toBe('application/xml')
    expect(created.body).toBe(
      `<?xml version="1.0" encoding="UTF-8"?>\n<PostResponse><Location>https://forms.s3.us-east-1.amazonaws.com/status.txt</Location><Bucket>forms</Bucket><Key>status.txt</Key><ETag>&quot;${createHash('md5').update('the file').digest('hex')}&quot;</ETag></PostResponse>`,
    )
    expect((await upload(fields('404'))).status).toBe(204)
  })

  it('redirects with bucket, key and ETag, and ignores an address that is none', async () => {
    const answer = await upload([
      ['key', 'redirect me.txt'],
      ['success_action_redirect', 'https://example.com/done?from=form'],
    ])
    expect(answer.status).toBe(303)
    expect(answer.headers['location']).toBe(
      `https://example.com/done?from=form&bucket=forms&key=redirect%20me.txt&etag=%22${createHash('md5').update('the file').digest('hex')}%22`,
    )
    const none = await upload([
      ['key', 'redirect.txt'],
      ['success_action_redirect', 'nowhere'],
    ])
    expect(none.status).toBe(204)
  })

  it('takes headers, metadata, tags, checksums and ignored fields, whatever their case', async () => {
    const file = 'described'
    const sum = Buffer.alloc(4)
    sum.writeUInt32BE(crc32(file))
    const answer = await upload(
      [
        ['KEY', 'described.txt'],
        ['Content-Type', 'text/plain'],
        ['Cache-Control', 'no-store'],
        ['Content-Encoding', 'identity'],
        ['x-amz-meta-Uuid', '14365123651274'],
        ['x-amz-storage-class', 'STANDARD_IA'],
        ['x-amz-checksum-algorithm', 'CRC32'],
        ['x-amz-checksum-crc32', sum.toString('base64')],
        ['Content-MD5', createHash('md5').update(file).digest('base64')],
        ['tagging', '<Tagging><TagSet><Tag><Key>team</Key><Value>a b</Value></Tag></TagSet></Tagging>'],
        ['x-ignore-this', 'whatever'],
      ],
      {
        conditions: [
          ['STARTS-WITH', '$Key', 'desc'],
          { 'CONTENT-TYPE': 'text/plain' },
          ['eq', '$cache-control', 'no-store'],
          ...['content-encoding', 'x-amz-meta-uuid', 'x-amz-storage-class', 'x-amz-checksum-algorithm', 'content-md5']
            .concat('x-amz-checksum-crc32', 'tagging')
            .map((name) => ['starts-with', `$${name}`, '']),
        ],
      },
      file,
    )
    expect(refused(answer)).toEqual({ status: 204 })
    expect(answer.headers['x-amz-checksum-crc32']).toBe(sum.toString('base64'))
    const head = await world.s3.send(
      new HeadObjectCommand({ Bucket: BUCKET, Key: 'described.txt', ChecksumMode: 'ENABLED' }),
    )
    expect(head).toMatchObject({
      ContentType: 'text/plain',
      CacheControl: 'no-store',
      ContentEncoding: 'identity',
      Metadata: { uuid: '14365123651274' },
      StorageClass: 'STANDARD_IA',
      ChecksumCRC32: sum.toString('base64'),
    })
    const { TagSet } = await world.s3.send(new GetObjectTaggingCommand({ Bucket: BUCKET, Key: 'described.txt' }))
    expect(TagSet).toEqual([{ Key: 'team', Value: 'a b' }])
  })

  it('puts the file’s name, without its directories, in place of ${filename}', async () => {
    const body = form(signedFields([['key', 'user/eric/${filename}']]), 'x', 'C:\\\\temp\\\\photo.jpg')
    expect((await post(body)).status).toBe(204)
    expect(await textOf('user/eric/photo.jpg')).toBe('x')
  })

  it('checks conditions against the name filled in', async () => {
    const options = { conditions: [['eq', '$key', 'up/report.txt']] }
    expect((await upload([['key', 'up/${filename}']], options)).status).toBe(204)
  })

  it('ignores fields after the file', async () => {
    const body = form(signedFields([['key', 'last.txt']]), 'x', 'a', [
      ['x-amz-meta-late', '1'],
      ['file', 'another'],
    ])
    expect((await post(body)).status).toBe(204)
    const { Metadata } = await world.s3.send(new HeadObjectCommand({ Bucket: BUCKET, Key: 'last.txt' }))
    expect(Metadata).toEqual({})
    expect(await textOf('last.txt')).toBe('x')
  })

  it('takes an empty file, and one that is text', async () => {
    expect((await upload([['key', 'empty']], {}, '')).status).toBe(204)
    expect(await textOf('empty')).toBe('')
    const fields = signedFields([['key', 'text']])
    expect((await post(form([...fields, ['file', 'as text']], undefined))).status).toBe(204)
    expect(await textOf('text')).toBe('as text')
  })

  it('streams large files', async () => {
    const file = 'abcdefgh'.repeat(400_000)
    expect((await upload([['key', 'large']], {}, file)).status).toBe(204)
    expect(await textOf('large')).toBe(file)
  })

  it('is whatever its file holds, boundaries that are none included', async () => {
    const file = `\r\n--${BOUNDARY.slice(0, -1)}\r\n--\r\n\r\n`
    expect((await upload([['key', 'nearly']], {}, file)).status).toBe(204)
    expect(await textOf('nearly')).toBe(file)
  })
})

describe('whoever signed a form is who writes', () => {
  it('is asked for s3:PutObject, with s3:authType POST', async () => {
    const eve = await world.user('eve', {
      ...allow('s3:PutObject'),
      Condition: { StringEquals: { 's3:authType': 'REST-HEADER' } },
    })
    expect(refused(await upload([['key', 'k1']], { credentials: eve.credentials }))).toEqual({
      status: 403,
      code: 'AccessDenied',
      message: `User: ${eve.arn} is not authorized to perform: s3:PutObject on resource: "arn:aws:s3:::forms/k1" because no identity-based policy allows the s3:PutObject action`,
    })
    expect(await isMissing('k1')).toBe(true)
    await world.allow('eve', {
      ...allow('s3:PutObject'),
      Condition: { StringEquals: { 's3:authType': 'POST', 's3:signatureversion': 'AWS4-HMAC-SHA256' } },
    })
    expect((await upload([['key', 'k1']], { credentials: eve.credentials })).status).toBe(204)
  })

  it('needs the key as well, where the object is encrypted with one', async () => {
    const arn = await world.key()
    const ann = await world.user('ann', allow('s3:PutObject'))
    const fields: Fields = [
      ['key', 'sealed'],
      ['x-amz-server-side-encryption', 'aws:kms'],
      ['x-amz-server-side-encryption-aws-kms-key-id', arn],
    ]
    expect(refused(await upload(fields, { credentials: ann.credentials }))).toEqual({
      status: 403,
      code: 'AccessDenied',
      message: `User: ${ann.arn} is not authorized to perform: kms:GenerateDataKey on resource: ${arn} because no identity-based policy allows the kms:GenerateDataKey action`,
    })
    expect(await isMissing('sealed')).toBe(true)
    await world.allow('ann', allow(['s3:PutObject', 'kms:GenerateDataKey']))
    const answer = await upload(fields, { credentials: ann.credentials })
    expect(answer.status).toBe(204)
    expect(answer.headers['x-amz-server-side-encryption-aws-kms-key-id']).toBe(arn)
    expect(await textOf('sealed')).toBe('the file')
    await world.kms.send(new DisableKeyCommand({ KeyId: arn }))
    expect(refused(await upload(fields))).toEqual({
      status: 400,
      code: 'KMS.DisabledException',
      message: `${arn} is disabled.`,
    })
  })

  it('may be nobody, where the bucket’s policy admits everybody', async () => {
    const fields: Fields = [['key', 'anonymous.txt']]
    expect((await post(form(fields, 'x'), 'public')).status).toBe(204)
    expect(await textOf('anonymous.txt', 'public')).toBe('x')
    expect(refused(await post(form(fields, 'x')))).toEqual({
      status: 403,
      code: 'AccessDenied',
      message: 'Access Denied',
    })
  })

  it('is refused in the bucket’s absence', async () => {
    const answer = await upload([['key', 'k']], { bucket: 'no-such-bucket' })
    expect(refused(answer)).toMatchObject({ status: 404, code: 'NoSuchBucket', BucketName: 'no-such-bucket' })
  })
})

describe('signatures of forms', () => {
  const without = (fields: Fields, name: string) => fields.filter(([field]) => field !== name)

  it.each([
    ['x-amz-signature', 'X-Amz-Signature'],
    ['x-amz-credential', 'X-Amz-Credential'],
    ['x-amz-date', 'X-Amz-Date'],
    ['x-amz-algorithm', 'X-Amz-Algorithm'],
    ['policy', 'policy'],
    ['key', 'key'],
  ])('miss %s', async (field, name) => {
    const body = form(without(signedFields([['key', 'unsigned']]), field), 'x')
    expect(refused(await post(body))).toEqual({
      status: 400,
      code: 'InvalidArgument',
      message: `Bucket POST must contain a field named '${name}'.  If it is specified, please check the order of the fields.`,
      ArgumentName: name,
      ArgumentValue: '',
    })
  })

  it('must be that of the policy', async () => {
    const fields = signedFields([['key', 'forged']])
    const other = Buffer.from('{"expiration":"2099-01-01T00:00:00Z","conditions":[]}').toString('base64')
    const forged = fields.map(([name, value]) => [name, name === 'policy' ? other : value] as const)
    const answer = refused(await post(form(forged, 'x')))
    expect(answer).toMatchObject({ status: 403, code: 'SignatureDoesNotMatch', StringToSign: other })
    expect(await isMissing('forged')).toBe(true)
  })

  it('must be by a known key', async () => {
    const credentials = { accessKeyId: 'AKIAUNKNOWN000000000', secretAccessKey: 'x' }
    expect(refused(await upload([['key', 'k']], { credentials }))).toMatchObject({
      status: 403,
      code: 'InvalidAccessKeyId',
      message: 'The AWS Access Key Id you provided does not exist in our records.',
    })
  })

  it('must be of version 4', async () => {
    const fields: Fields = [
      ['key', 'k'],
      ['AWSAccessKeyId', 'x'],
      ['signature', 'y'],
      ['policy', 'e30='],
    ]
    expect(refused(await post(form(fields, 'x')))).toEqual({
      status: 400,
      code: 'InvalidRequest',
      message: 'The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.',
    })
  })
})

describe('policies of forms', () => {
  it('expire, also by the emulator’s clock', async () => {
    const expired = {
      status: 403,
      code: 'AccessDenied',
      message: 'Invalid according to Policy: Policy expired.',
    }
    const expiration = new Date(Date.now() - 1000).toISOString()
    expect(refused(await upload([['key', 'late']], { expiration }))).toEqual(expired)
    expect(await isMissing('late')).toBe(true)
  })

  it.each<[string, readonly unknown[], string]>([
    ['eq', [{ key: 'other' }], '["eq", "$key", "other"]'],
    ['starts-with', [['starts-with', '$key', 'user/']], '["starts-with", "$key", "user/"]'],
    ['an absent field', [{ key: 'k' }, ['starts-with', '$x-amz-meta-a', '']], '["starts-with", "$x-amz-meta-a", ""]'],
    ['another bucket', [{ key: 'k' }, { bucket: 'other' }], '["eq", "$bucket", "other"]'],
  ])('fail a form by condition: %s', async (_name, conditions, shown) => {
    expect(refused(await upload([['key', 'k']], { conditions }))).toEqual({
      status: 403,
      code: 'AccessDenied',
      message: `Invalid according to Policy: Policy Condition failed: ${shown}`,
    })
    expect(await isMissing('k')).toBe(true)
  })

  it('list every field', async () => {
    const fields: Fields = [
      ['key', 'k'],
      ['x-amz-meta-b', '1'],
      ['Content-Type', 'text/plain'],
    ]
    expect(refused(await upload(fields, { conditions: [{ key: 'k' }] }))).toEqual({
      status: 403,
      code: 'AccessDenied',
      message: 'Invalid according to Policy: Extra input fields: x-amz-meta-b, content-type',
    })
  })

  it('match each of a list of content types', async () => {
    const conditions = [{ key: 'types' }, ['starts-with', '$Content-Type', 'image/']]
    const fields = (types: string): Fields => [
      ['key', 'types'],
      ['Content-Type', types],
    ]
    expect((await upload(fields('image/jpg,image/png'), { conditions })).status).toBe(204)
    expect((await upload(fields('image/jpg,text/plain'), { conditions })).status).toBe(403)
  })

  it('bound the size of the file', async () => {
    const conditions = [{ key: 'sized' }, ['content-length-range', 3, '5']]
    const sized = (file: string) => upload([['key', 'sized']], { conditions }, file)
    expect(refused(await sized('123456'))).toEqual({
      status: 400,
      code: 'EntityTooLarge',
      message: 'Your proposed upload exceeds the maximum allowed size',
      ProposedSize: '6',
      MaxSizeAllowed: '5',
    })
    expect(refused(await sized('12'))).toEqual({
      status: 400,
      code: 'EntityTooSmall',
      message: 'Your proposed upload is smaller than the minimum allowed size',
      ProposedSize: '2',
      MinSizeAllowed: '3',
    })
    expect(refused(await sized('x'.repeat(300_000)))).toMatchObject({ code: 'EntityTooLarge', ProposedSize: '300000' })
    expect(await isMissing('sized')).toBe(true)
    expect((await sized('12345')).status).toBe(204)
  })

  const later = () => new Date(Date.now() + 60_000).toISOString()
  it.each<[unknown, string]>([
    ['no json', 'Invalid JSON.'],
    ['[]', 'Invalid JSON.'],
    [{ conditions: [] }, 'Policy missing expiration.'],
    [{ EXPIRATION: later(), conditions: [] }, 'Policy missing expiration.'],
    [{ expiration: later() }, 'Policy missing conditions.'],
    [
      { expiration: '2011-09-13T07:52:58+02:00', conditions: [] },
      "Invalid 'expiration' value: '2011-09-13T07:52:58+02:00'",
    ],
    [
      { expiration: later(), conditions: [{}] },
      'Invalid Simple-Condition: Simple-Conditions must have exactly one property specified.',
    ],
    [
      { expiration: later(), conditions: [{ a: 'b', c: 'd' }] },
      'Invalid Simple-Condition: Simple-Conditions must have exactly one property specified.',
    ],
    [{ expiration: later(), conditions: [{ a: 201 }] }, 'Invalid Simple-Condition: value must be a string.'],
    [
      { expiration: later(), conditions: [['content-length-range', -1, 5]] },
      'Invalid content-length-range: takes two whole numbers.',
    ],
    [{ expiration: later(), conditions: [['like', '$key', 'a']] }, "Invalid Condition: unknown operation 'like'."],
  ])('must be policies: %j', async (document, text) => {
    expect(refused(await upload([['key', 'k']], { document }))).toEqual({
      status: 400,
      code: 'InvalidPolicyDocument',
      message: `Invalid Policy: ${text}`,
    })
  })
})

describe('forms that are none', () => {
  it('are of another type', async () => {
    expect(refused(await post('a=b', BUCKET, 'application/x-www-form-urlencoded'))).toEqual({
      status: 412,
      code: 'PreconditionFailed',
      message: 'At least one of the pre-conditions you specified did not hold',
      Condition: 'Bucket POST must be of the enclosure-type multipart/form-data',
    })
  })

  const malformed = {
    status: 400,
    code: 'MalformedPOSTRequest',
    message: 'The body of your POST request is not well-formed multipart/form-data.',
  }
  it('have no boundary, or another, or break off', async () => {
    const whole = form(signedFields([['key', 'broken']]), 'x'.repeat(100_000))
    expect(refused(await post(whole, BUCKET, 'multipart/form-data'))).toEqual(malformed)
    expect(refused(await post('', BUCKET))).toEqual(malformed)
    expect(refused(await post('some text', BUCKET))).toEqual(malformed)
    expect(refused(await post(whole.slice(0, -40)))).toEqual(malformed)
    expect(refused(await post(whole.slice(0, 300)))).toEqual(malformed)
    expect(await isMissing('broken')).toBe(true)
  })

  it('have no file', async () => {
    expect(refused(await post(form(signedFields([['key', 'k']]), undefined)))).toEqual({
      status: 400,
      code: 'InvalidArgument',
      message: 'POST requires exactly one file upload per request.',
      ArgumentName: 'file',
      ArgumentValue: '0',
    })
  })

  it('have more than 20 KB before the file', async () => {
    const fields = signedFields([
      ['key', 'long'],
      ['x-ignore-me', 'x'.repeat(20_000)],
    ])
    expect(refused(await post(form(fields, 'x')))).toEqual({
      status: 400,
      code: 'MaxPostPreDataLengthExceeded',
      message: 'Your POST request fields preceding the upload file were too large.',
    })
  })

  it('say what no header can', async () => {
    const fields: Fields = [
      ['key', 'k'],
      ['x-amz-meta-a', 'one\r\nx-two: 2'],
    ]
    expect(refused(await upload(fields))).toMatchObject({ status: 400, code: 'InvalidArgument' })
  })

  it('have a wrong checksum', async () => {
    const fields = (name: string, value: string): Fields => [
      ['key', 'wrong'],
      [name, value],
    ]
    expect(refused(await upload(fields('x-amz-checksum-crc32', 'AAAAAA==')))).toEqual({
      status: 400,
      code: 'BadDigest',
      message: 'The CRC32 you specified did not match the calculated checksum.',
    })
    const md5 = createHash('md5').update('other').digest('base64')
    expect(refused(await upload(fields('content-md5', md5)))).toMatchObject({ status: 400, code: 'BadDigest' })
    expect(await isMissing('wrong')).toBe(true)
  })
})

describe('createPresignedPost of the JavaScript SDK', () => {
  it('makes forms that are accepted, within their conditions', async () => {
    await world.s3.send(new CreateBucketCommand({ Bucket: 'sdk-forms' }))
    // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- it brings an S3 client of its own
    const { url, fields } = await createPresignedPost(world.s3, {
      Bucket: 'sdk-forms',
      Key: 'from/${filename}',
      Conditions: [['content-length-range', 0, 10]],
      Fields: { acl: 'bucket-owner-full-control', success_action_status: '201' },
      Expires: 60,
    })
    const posted = async (text: string) => {
      const data = new FormData()
      for (const [name, value] of Object.entries(fields)) data.append(name, value)
      data.append('file', new Blob([text]), 'browser.txt')
      return fetch(url, { method: 'POST', body: data })
    }
    expect((await posted('0123456789')).status).toBe(201)
    expect(await textOf('from/browser.txt', 'sdk-forms')).toBe('0123456789')
    expect((await posted('0123456789a')).status).toBe(400)
  })
})
