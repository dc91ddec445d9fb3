import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createHash } from 'node:crypto'
import { request } from 'node:http'
import { CreateAccessKeyCommand, IAMClient, UpdateAccessKeyCommand } from '@aws-sdk/client-iam'
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts'
import { presign } from '../../emulator/sigv4/sign.ts'
import { formatAmzDate } from '../../emulator/sigv4/date.ts'
import { buildWorld } from '../../emulator/server/world/build.ts'
import { ACCOUNT, REGION, rootOf, startEmulator, type Credentials, type TestEmulator } from '../support/emulator.ts'
import { send, type RawAnswer, type RawRequest } from '../support/raw.ts'
import { elements, told, wire, type Asking } from '../support/wire.ts'

/** What each protocol answers to a signature that is not good (kms-iam.md A3 and A4, s3-ebs.md A1). */
let twokey: TestEmulator
let ask: ReturnType<typeof wire>
let worker: Credentials
let inactive: Credentials
let session: Credentials
let expired: Credentials

beforeAll(async () => {
  twokey = await startEmulator()
  ask = wire(twokey.url)
  await buildWorld(twokey.emulator, WORLD)
  const iam = twokey.client(IAMClient)
  const newKey = async (): Promise<Credentials> => {
    const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'worker' }))
    return { accessKeyId: AccessKey!.AccessKeyId!, secretAccessKey: AccessKey!.SecretAccessKey! }
  }
  worker = await newKey()
  inactive = await newKey()
  await iam.send(
    new UpdateAccessKeyCommand({ UserName: 'worker', AccessKeyId: inactive.accessKeyId, Status: 'Inactive' }),
  )
  const newSession = async (): Promise<Credentials> => {
    const { Credentials: made } = await twokey
      .client(STSClient, { credentials: worker })
      .send(new AssumeRoleCommand({ RoleArn: `arn:aws:iam::${ACCOUNT}:role/app`, RoleSessionName: 'night' }))
    return {
      accessKeyId: made!.AccessKeyId!,
      secretAccessKey: made!.SecretAccessKey!,
      sessionToken: made!.SessionToken!,
    }
  }
  expired = await newSession()
  twokey.emulator.clock.setOffset(2 * 3_600_000)
  session = await newSession()
})
afterAll(() => twokey.stop())

const allow = (Action: string | string[]) => ({
  Own: { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action, Resource: '*' }] },
})
const MAY = ['kms:ListKeys', 's3:*', 'sts:*']
const WORLD = {
  accounts: {
    [ACCOUNT]: {
      users: { worker: { policies: allow(MAY) } },
      roles: {
        app: {
          policies: allow(MAY),
          trust: {
            Version: '2012-10-17',
            Statement: [
              { Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` }, Action: 'sts:AssumeRole' },
            ],
          },
        },
      },
      buckets: { bucket: { objects: { object: 'bytes' } } },
    },
  },
}

const PROTOCOLS = ['JSON', 'query', 'S3'] as const
type ProtocolName = (typeof PROTOCOLS)[number]

/** The same harmless question in each protocol. */
const question: Record<ProtocolName, (asking: Asking) => Promise<RawAnswer>> = {
  JSON: (asking) => ask.kms('ListKeys', {}, asking),
  query: (asking) => ask.query('sts', 'GetCallerIdentity', {}, asking),
  S3: (asking) => ask.s3('GET', '/bucket/object', {}, asking),
}

const MISMATCH =
  'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.'
const UNKNOWN = {
  JSON: '400 UnrecognizedClientException: The security token included in the request is invalid.',
  query: '403 InvalidClientTokenId: The security token included in the request is invalid.',
  S3: '403 InvalidAccessKeyId: The AWS Access Key Id you provided does not exist in our records.',
}
const BAD_TOKEN = {
  JSON: '400 UnrecognizedClientException: The security token included in the request is invalid',
  query: '403 InvalidClientTokenId: The security token included in the request is invalid',
  S3: '400 InvalidToken: The provided token is malformed or otherwise invalid.',
}
const S3_MISMATCH =
  '403 SignatureDoesNotMatch: The request signature we calculated does not match the signature you provided. Check your key and signing method.'
const WRONG = {
  JSON: `400 InvalidSignatureException: ${MISMATCH}`,
  query: `403 SignatureDoesNotMatch: ${MISMATCH}`,
  S3: S3_MISMATCH,
}
const EXPIRED = {
  JSON: '400 ExpiredTokenException: The security token included in the request is expired',
  query: '403 ExpiredToken: The security token included in the request is expired',
  S3: '400 ExpiredToken: The provided token has expired.',
}
const MISSING = {
  JSON: '400 MissingAuthenticationTokenException: Request is missing Authentication Token',
  query: '403 MissingAuthenticationToken: Request is missing Authentication Token',
  S3: '403 AccessDenied: Access Denied',
}

describe.each(PROTOCOLS)('%s', (protocol) => {
  it.each<[string, () => Credentials]>([
    ['root', () => rootOf(ACCOUNT)],
    ['a user', () => worker],
    ['a session', () => session],
  ])('accepts %s', async (_, as) => {
    expect(told(await question[protocol]({ as: as() }))).toBe('200')
  })

  it.each<[string, () => Credentials | null, Record<ProtocolName, string>]>([
    ['no signature', () => null, MISSING],
    ['a wrong secret', () => ({ ...worker, secretAccessKey: 'wrong' }), WRONG],
    ["a wrong secret for an account's root", () => ({ ...rootOf(ACCOUNT), secretAccessKey: 'Test' }), WRONG],
    ['an unknown access key', () => ({ ...worker, accessKeyId: 'AKIAUNKNOWN000000000' }), UNKNOWN],
    ['an empty access key', () => ({ ...worker, accessKeyId: 'A' }), UNKNOWN],
    ['an inactive access key', () => inactive, UNKNOWN],
    ['a temporary key without its token', () => ({ ...session, sessionToken: undefined }), UNKNOWN],
    [
      "a temporary key with another session's token",
      () => ({ ...session, sessionToken: expired.sessionToken }),
      BAD_TOKEN,
    ],
    ['a temporary key with a wrong secret', () => ({ ...session, secretAccessKey: worker.secretAccessKey }), WRONG],
    ["a user's key with a session's token", () => ({ ...worker, sessionToken: session.sessionToken }), BAD_TOKEN],
    ['an expired session', () => expired, EXPIRED],
  ])('refuses %s', async (_, as, answers) => {
    expect(told(await question[protocol]({ as: as() }))).toBe(answers[protocol])
  })

  it('says nothing of the secret or the signature that would have been right', async () => {
    const { body } = await question[protocol]({ as: { ...worker, secretAccessKey: 'wrong' } })
    expect(body).not.toContain(worker.secretAccessKey)
    const right = await new Promise<string>((resolve, reject) => {
      question[protocol]({
        as: worker,
        tamper: (raw) => {
          resolve(/Signature=(\w+)/.exec(raw.headers?.['authorization'] ?? '')![1]!)
          return raw
        },
      }).catch(reject)
    })
    expect(body).not.toContain(right)
  })
})

const MINUTE = 60_000
const AMZ_DATE = /\d{8}T\d{6}Z/g

describe("the client's clock", () => {
  // Requests go by the machine's clock or the emulator's, so both have to be missed.
  const early = () => Date.now() - 16 * MINUTE
  const late = () => twokey.emulator.clock.now() + 16 * MINUTE
  const times = (text: string) => text.replaceAll(AMZ_DATE, '<time>')

  it.each<[ProtocolName, string]>([
    ['JSON', '400 InvalidSignatureException'],
    ['query', '403 SignatureDoesNotMatch'],
  ])('%s: too early, too late, or just right', async (protocol, code) => {
    const [then, soon] = [early(), late()]
    const old = told(await question[protocol]({ now: then }))
    expect(times(old)).toBe(`${code}: Signature expired: <time> is now earlier than <time> (<time> - 15 min.)`)
    expect(old.match(AMZ_DATE)![0]).toBe(formatAmzDate(then))
    const young = told(await question[protocol]({ now: soon }))
    expect(times(young)).toBe(
      `${code}: Signature not yet current: <time> is still later than <time> (<time> + 15 min.)`,
    )
    expect(young.match(AMZ_DATE)![0]).toBe(formatAmzDate(soon))
    expect(told(await question[protocol]({ now: Date.now() - 14 * MINUTE }))).toBe('200')
    expect(told(await question[protocol]({ now: Date.now() + 14 * MINUTE }))).toBe('200')
    expect(told(await question[protocol]({ now: twokey.emulator.clock.now() }))).toBe('200')
  })

  it('S3: too early, or too late', async () => {
    for (const now of [early(), late()]) {
      const answer = await question.S3({ now })
      expect(told(answer)).toBe(
        '403 RequestTimeTooSkewed: The difference between the request time and the current time is too large.',
      )
      expect(elements(answer)).toEqual({
        RequestTime: formatAmzDate(now),
        ServerTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
        MaxAllowedSkewMilliseconds: '900000',
      })
    }
  })
})

const changeBody = (raw: RawRequest): RawRequest => ({ ...raw, body: `${String(raw.body)} ` })
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

describe('a body that was changed on the way', () => {
  it('fails the signature of JSON and query requests', async () => {
    expect(told(await question.JSON({ tamper: changeBody }))).toBe(WRONG.JSON)
    expect(told(await question.query({ tamper: changeBody }))).toBe(WRONG.query)
  })

  it('is not what S3 was told, and nothing of it is kept', async () => {
    const answer = await ask.s3('PUT', '/bucket/object', { body: 'other bytes' }, { tamper: changeBody })
    expect(told(answer)).toBe(
      "400 XAmzContentSHA256Mismatch: The provided 'x-amz-content-sha256' header does not match what was computed.",
    )
    expect(elements(answer)).toEqual({
      ClientComputedContentSHA256: sha256('other bytes'),
      S3ComputedContentSHA256: sha256('other bytes '),
    })
    expect((await ask.s3('GET', '/bucket/object')).body).toBe('bytes')
  })

  it('is also refused where it is a document', async () => {
    const body = '<Tagging><TagSet/></Tagging>'
    const answer = await ask.s3('PUT', '/bucket/object?tagging', { body }, { tamper: changeBody })
    expect(told(answer)).toMatch(/^400 XAmzContentSHA256Mismatch: /)
  })
})

describe('S3, when the signature does not match', () => {
  it('repeats what it computed, for the client to compare', async () => {
    let sent: RawRequest | undefined
    const answer = await ask.s3(
      'GET',
      '/bucket/object?partNumber=1',
      {},
      {
        as: { ...worker, secretAccessKey: 'wrong' },
        tamper: (raw) => (sent = raw),
      },
    )
    const told = elements(answer)
    const headers = sent!.headers!
    const canonical = [
      'GET',
      '/bucket/object',
      'partNumber=1',
      `host:${headers['host']!}`,
      `x-amz-content-sha256:${headers['x-amz-content-sha256']!}`,
      `x-amz-date:${headers['x-amz-date']!}`,
      '',
      'host;x-amz-content-sha256;x-amz-date',
      headers['x-amz-content-sha256']!,
    ].join('\n')
    const date = headers['x-amz-date']!
    const toSign = ['AWS4-HMAC-SHA256', date, `${date.slice(0, 8)}/${REGION}/s3/aws4_request`, sha256(canonical)].join(
      '\n',
    )
    const octets = (text: string) => Buffer.from(text).toString('hex').match(/../g)!.join(' ')
    expect(told).toEqual({
      AWSAccessKeyId: worker.accessKeyId,
      StringToSign: toSign,
      SignatureProvided: /Signature=(\w+)/.exec(headers['authorization']!)![1],
      StringToSignBytes: octets(toSign),
      CanonicalRequest: canonical,
      CanonicalRequestBytes: octets(canonical),
    })
  })

  it('wants every x-amz header signed', async () => {
    const answer = await ask.s3(
      'GET',
      '/bucket/object',
      {},
      {
        tamper: (raw) => ({ ...raw, headers: { ...raw.headers, 'x-amz-acl': 'private', 'x-amz-tagging': 'a=b' } }),
      },
    )
    expect(told(answer)).toBe('403 AccessDenied: There were headers present in the request which were not signed')
    expect(elements(answer)).toEqual({ HeadersNotSigned: 'x-amz-acl, x-amz-tagging' })
  })
})

describe('a presigned request', () => {
  const link = (
    options: { seconds?: number; age?: number; as?: Credentials; service?: string; query?: string } = {},
  ) => {
    const { seconds = 60, age = 0, as = worker, service = 's3', query = '' } = options
    const path = service === 's3' ? '/bucket/object' : '/'
    const headers = { host: new URL(twokey.url).host }
    const hash = service === 's3' ? 'UNSIGNED-PAYLOAD' : sha256('')
    const signing = { credentials: as, region: REGION, service, now: Date.now() - age }
    return {
      method: 'GET',
      path: `${path}?${presign({ method: 'GET', path, query, headers }, seconds, hash, signing)}`,
    }
  }
  const follow = (options: Parameters<typeof link>[0] = {}) => send(twokey.url, link(options))

  it('is served within its time', async () => {
    expect(told(await follow())).toBe('200')
    expect(told(await follow({ as: session }))).toBe('200')
    expect(told(await follow({ seconds: 604_800, age: 6 * 86_400_000 }))).toBe('200')
  })

  it('is refused after its time', async () => {
    // The emulator's clock is hours ahead of the machine's, by which this link has been dead for a minute, too.
    const answer = await follow({ seconds: 60, age: 2 * MINUTE })
    expect(told(answer)).toBe('403 AccessDenied: Request has expired')
    const told2 = elements(answer)
    expect(told2).toEqual({
      'X-Amz-Expires': '60',
      Expires: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      ServerTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
    })
    expect(Date.parse(told2['Expires']!)).toBeLessThan(Date.parse(told2['ServerTime']!))
  })

  it('is refused when anything of it was changed', async () => {
    const good = link()
    for (const path of [
      good.path.replace('/object', '/another'),
      good.path.replace('X-Amz-Expires=60', 'X-Amz-Expires=600'),
      `${good.path}&versionId=null`,
    ]) {
      expect(told(await send(twokey.url, { ...good, path }))).toBe(S3_MISMATCH)
    }
    expect(told(await send(twokey.url, { ...good, method: 'DELETE' }))).toBe(S3_MISMATCH)
  })

  it('is refused with the credentials that are no more', async () => {
    expect(told(await follow({ as: inactive }))).toBe(UNKNOWN.S3)
    expect(told(await follow({ as: expired }))).toBe(EXPIRED.S3)
    expect(told(await follow({ as: { ...session, sessionToken: undefined } }))).toBe(UNKNOWN.S3)
  })

  it('may not live longer than a week, and must have all its parts', async () => {
    expect(told(await follow({ seconds: 604_801 }))).toBe(
      '400 AuthorizationQueryParametersError: X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds',
    )
    const { path } = link()
    expect(told(await send(twokey.url, { method: 'GET', path: path.replace(/&X-Amz-Date=[^&]*/, '') }))).toBe(
      '400 AuthorizationQueryParametersError: Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.',
    )
  })

  it('is how EKS asks STS who somebody is', async () => {
    const query = 'Action=GetCallerIdentity&Version=2011-06-15'
    expect(told(await follow({ service: 'sts', query }))).toBe('200')
    expect(told(await follow({ service: 'sts', query, as: { ...worker, secretAccessKey: 'wrong' } }))).toBe(WRONG.query)
  })
})

describe('a body of more than eight mebibytes', () => {
  const HUGE = 9 * 1024 * 1024

  it.each<[string, string, Record<string, string>, string]>([
    [
      'JSON',
      '/',
      { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'TrentService.ListKeys' },
      '{"__type":"RequestEntityTooLargeException","message":"The request entity is too large."}',
    ],
    [
      'query',
      '/',
      { 'content-type': 'application/x-www-form-urlencoded' },
      '<Code>RequestEntityTooLargeException</Code>',
    ],
  ])('is refused at once: %s', async (_, path, headers, body) => {
    for (const chunked of [false, true]) {
      const answer = await sendMuch(path, headers, chunked)
      expect([answer.status, answer.body]).toEqual([413, expect.stringContaining(body)])
    }
    // And the door is still open.
    expect(told(await question.JSON({}))).toBe('200')
  })

  function sendMuch(path: string, headers: Record<string, string>, chunked: boolean): Promise<RawAnswer> {
    const { hostname, port } = new URL(twokey.url)
    const length = chunked ? { 'transfer-encoding': 'chunked' } : { 'content-length': String(HUGE) }
    return new Promise((resolve, reject) => {
      const asked = request(
        { hostname, port, method: 'POST', path, headers: { ...headers, ...length } },
        (response) => {
          let body = ''
          response.on('data', (chunk: Buffer) => (body += chunk.toString()))
          response.on('end', () => {
            resolve({ status: response.statusCode ?? 0, headers: response.headers, body })
          })
        },
      )
      asked.on('error', reject)
      asked.end(Buffer.alloc(HUGE, '{"a":1}'))
    })
  }
})
