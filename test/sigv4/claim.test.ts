import { describe, expect, it } from '@jest/globals'
import { peekCredential } from '../../emulator/sigv4/authorization.ts'
import { parseClaim } from '../../emulator/sigv4/claim.ts'
import { EMPTY_SHA256 } from '../../emulator/sigv4/signature.ts'
import type { SignedRequest } from '../../emulator/sigv4/types.ts'
import { expecting, problemOf } from './support.ts'

const NOW = Date.UTC(2026, 8, 30, 12)
const DATE = '20260930T120000Z'
const bare: SignedRequest = { method: 'POST', path: '/', query: '', headers: { host: 'localhost' } }

const SIGNATURE = 'a'.repeat(64)
const header = (
  parts: { algorithm?: string; credential?: string; signedHeaders?: string; date?: string | null } = {},
) => {
  const {
    algorithm = 'AWS4-HMAC-SHA256',
    credential = 'AKID/20260930/us-east-1/kms/aws4_request',
    signedHeaders = 'host;x-amz-date',
  } = parts
  const date = parts.date === undefined ? DATE : parts.date
  return withAuthorization(
    `${algorithm} Credential=${credential}, SignedHeaders=${signedHeaders}, Signature=${SIGNATURE}`,
    date,
  )
}
const withAuthorization = (authorization: string, date: string | null = DATE): SignedRequest => ({
  ...bare,
  headers: { ...bare.headers, authorization, 'x-amz-date': date ?? undefined },
})
const query = (changes: Record<string, string | undefined> = {}): SignedRequest => {
  const parameters: Record<string, string | undefined> = {
    'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
    'X-Amz-Credential': 'AKID/20260930/us-east-1/s3/aws4_request',
    'X-Amz-Date': DATE,
    'X-Amz-Expires': '60',
    'X-Amz-SignedHeaders': 'host',
    'X-Amz-Signature': SIGNATURE,
    ...changes,
  }
  const present = Object.entries(parameters).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return {
    ...bare,
    method: 'GET',
    query: present.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&'),
  }
}

const kms = expecting('kms', NOW, 'us-east-1')
const s3 = expecting('s3', NOW, 'us-east-1')
const s3Header = (parts: Parameters<typeof header>[0] = {}) =>
  header({ credential: 'AKID/20260930/us-east-1/s3/aws4_request', ...parts })

describe('a claim', () => {
  it('is anonymous without any signature', () => {
    expect(parseClaim(bare, kms)).toEqual({ kind: 'anonymous' })
    expect(parseClaim({ ...bare, query: 'x-amz-algorithm=a&X-Amz-AlgorithmX=b&aX-Amz-Signature=c' }, s3)).toEqual({
      kind: 'anonymous',
    })
  })

  it('in the header is taken apart', () => {
    const request = header({ signedHeaders: 'X-Amz-Date;Host' })
    const headers = { ...request.headers, 'x-amz-security-token': 'token' }
    expect(parseClaim({ ...request, headers }, kms)).toEqual({
      kind: 'header',
      accessKeyId: 'AKID',
      scope: { date: '20260930', region: 'us-east-1', service: 'kms' },
      date: DATE,
      time: NOW,
      signedHeaders: ['host', 'x-amz-date'],
      signature: SIGNATURE,
      sessionToken: 'token',
    })
  })

  it('in the query is taken apart', () => {
    expect(parseClaim(query({ 'X-Amz-Security-Token': 'a/b+c=' }), s3)).toEqual({
      kind: 'query',
      expiresSeconds: 60,
      accessKeyId: 'AKID',
      scope: { date: '20260930', region: 'us-east-1', service: 's3' },
      date: DATE,
      time: NOW,
      signedHeaders: ['host'],
      signature: SIGNATURE,
      sessionToken: 'a/b+c=',
    })
  })

  it.each([
    'AWS4-HMAC-SHA256 Credential=C,SignedHeaders=host;x-amz-date,Signature=S',
    'AWS4-HMAC-SHA256  Credential=C ,  SignedHeaders=host;x-amz-date ,Signature=S ',
    'AWS4-HMAC-SHA256 Signature=S, SignedHeaders=host;x-amz-date, Credential=C,',
    'AWS4-HMAC-SHA256 Credential=C,\tSignedHeaders=host;x-amz-date,\t Signature=S',
  ])('is read however it is spaced: %j', (form) => {
    const credential = 'AKID/20260930/us-east-1/kms/aws4_request'
    const request = withAuthorization(
      form.replace('Credential=C', `Credential=${credential}`).replace('Signature=S', `Signature=${SIGNATURE}`),
    )
    expect(parseClaim(request, kms)).toMatchObject({
      accessKeyId: 'AKID',
      signature: SIGNATURE,
      signedHeaders: ['host', 'x-amz-date'],
    })
  })

  it('takes the date header when x-amz-date is absent, and S3 also in the form of HTTP', () => {
    const dated = (request: SignedRequest, date: string) => ({
      ...request,
      headers: { ...request.headers, 'x-amz-date': undefined, date },
    })
    expect(parseClaim(dated(header({ signedHeaders: 'host' }), DATE), kms)).toMatchObject({ date: DATE, time: NOW })
    const httpDate = 'Wed, 30 Sep 2026 12:00:00 GMT'
    expect(parseClaim(dated(s3Header({ signedHeaders: 'host' }), httpDate), s3)).toMatchObject({
      date: httpDate,
      time: NOW,
    })
    expect(problemOf(() => parseClaim(dated(header({ signedHeaders: 'host' }), httpDate), kms))).toEqual({
      code: 'bad-date',
      date: httpDate,
      via: 'header',
    })
  })
})

describe('the checks of a header', () => {
  it.each<[string, SignedRequest, object]>([
    [
      'both ways',
      { ...header(), query: 'X-Amz-Algorithm=a' },
      { code: 'both-ways', header: header().headers['authorization'] },
    ],
    [
      'no key-value pair',
      withAuthorization('Bearer abc'),
      { code: 'not-key-value', header: 'Bearer abc', part: 'abc' },
    ],
    [
      'nothing',
      withAuthorization('AWS4-HMAC-SHA256'),
      { code: 'missing-header-parts', parts: ['Credential', 'Signature', 'SignedHeaders'], header: 'AWS4-HMAC-SHA256' },
    ],
    [
      'no date',
      header({ date: null }),
      { code: 'missing-header-parts', parts: ['Date'], header: header().headers['authorization'] },
    ],
    [
      'a bad date',
      header({ date: '2026-09-30T12:00:00Z' }),
      { code: 'bad-date', date: '2026-09-30T12:00:00Z', via: 'header' },
    ],
    [
      'an impossible date',
      header({ date: '20260230T120000Z' }),
      { code: 'bad-date', date: '20260230T120000Z', via: 'header' },
    ],
    [
      'too old',
      header({ date: '20260930T114459Z' }),
      { code: 'expired', date: '20260930T114459Z', now: NOW, windowSeconds: 900 },
    ],
    [
      'too new',
      header({ date: '20260930T121501Z' }),
      { code: 'not-yet-current', date: '20260930T121501Z', now: NOW, windowSeconds: 900 },
    ],
    ['host not signed', header({ signedHeaders: 'x-amz-date' }), { code: 'host-not-signed' }],
    [
      'another algorithm',
      header({ algorithm: 'AWS4-ECDSA-P256-SHA256' }),
      {
        code: 'unsupported-algorithm',
        algorithm: 'AWS4-ECDSA-P256-SHA256',
        sent: 'AWS4-ECDSA-P256-SHA256',
        via: 'header',
      },
    ],
    [
      'four elements',
      header({ credential: 'a/b/c/d' }),
      { code: 'credential-arity', credential: 'a/b/c/d', via: 'header' },
    ],
    [
      'six elements',
      header({ credential: 'a/b/c/d/e/f' }),
      { code: 'credential-arity', credential: 'a/b/c/d/e/f', via: 'header' },
    ],
    [
      'every part of the scope',
      header({ credential: 'a/b/c/d/e' }),
      {
        code: 'scope',
        via: 'header',
        faults: [
          { part: 'region', got: 'c', expected: 'us-east-1' },
          { part: 'service', got: 'd', expected: 'kms' },
          { part: 'terminator', got: 'e' },
          { part: 'date', got: 'b', expected: '20260930', date: DATE },
        ],
      },
    ],
  ])('%s', (_, request, problem) => {
    expect(problemOf(() => parseClaim(request, kms))).toEqual(problem)
  })

  it('are made in AWS’s order: with two faults the first counts', () => {
    const codes = [
      { ...withAuthorization('x y'), query: 'X-Amz-Algorithm=a' },
      withAuthorization('AWS4-HMAC-SHA256 Credential', null),
      withAuthorization('AWS4-HMAC-SHA256 Credential=c', 'bad'),
      header({ date: 'bad', signedHeaders: 'a' }),
      header({ date: '20200101T000000Z', signedHeaders: 'a' }),
      header({ signedHeaders: 'a', algorithm: 'b' }),
      header({ algorithm: 'b', credential: 'c' }),
      header({ credential: 'a/b/c/d' }),
    ].map((request) => problemOf(() => parseClaim(request, kms)).code)
    expect(codes).toEqual([
      'both-ways',
      'not-key-value',
      'missing-header-parts',
      'bad-date',
      'expired',
      'host-not-signed',
      'unsupported-algorithm',
      'credential-arity',
    ])
  })

  it('allow the whole window and any region where none is expected', () => {
    for (const date of ['20260930T114500Z', '20260930T121500Z']) {
      expect(parseClaim(header({ date }), expecting('kms', NOW)).kind).toBe('header')
    }
    const noRegion = header({ credential: 'AKID/20260930//kms/aws4_request' })
    expect(problemOf(() => parseClaim(noRegion, expecting('kms', NOW)))).toMatchObject({ code: 'scope' })
  })

  it('of S3 want every x-amz header signed but the hash of the content', () => {
    const request = s3Header()
    const headers = {
      ...request.headers,
      'x-amz-acl': 'public-read',
      'x-amz-content-sha256': EMPTY_SHA256,
      'x-amzn-trace-id': 'x',
      'x-amz-tagging': 'a=b',
    }
    expect(problemOf(() => parseClaim({ ...request, headers }, s3))).toEqual({
      code: 'headers-not-signed',
      headers: ['x-amz-acl', 'x-amz-tagging'],
    })
    expect(parseClaim({ ...header(), headers: { ...header().headers, 'x-amz-acl': 'a' } }, kms).kind).toBe('header')
  })

  it('of S3 know Signature Version 2 as another algorithm', () => {
    const problem = problemOf(() => parseClaim(withAuthorization('AWS AKID:c2lnbmF0dXJl'), s3))
    expect(problem).toEqual({
      code: 'unsupported-algorithm',
      algorithm: 'AWS',
      sent: 'AWS AKID:c2lnbmF0dXJl',
      via: 'header',
    })
  })

  it('of S3 miss an access key', () => {
    const credential = '/20260930/us-east-1/s3/aws4_request'
    expect(problemOf(() => parseClaim(s3Header({ credential }), s3))).toEqual({
      code: 'credential-arity',
      credential,
      via: 'header',
    })
  })
})

describe('the checks of a query', () => {
  it.each<[string, SignedRequest, object]>([
    [
      'one part missing',
      query({ 'X-Amz-Expires': undefined }),
      { code: 'missing-query-parts', parts: ['X-Amz-Expires'] },
    ],
    [
      'all parts missing but one',
      { ...bare, query: 'X-Amz-Signature' },
      {
        code: 'missing-query-parts',
        parts: ['X-Amz-Algorithm', 'X-Amz-Credential', 'X-Amz-SignedHeaders', 'X-Amz-Date', 'X-Amz-Expires'],
      },
    ],
    [
      'Signature Version 2',
      { ...bare, query: 'AWSAccessKeyId=a&Signature=b&Expires=1' },
      { code: 'version-2-query', complete: true, expiresAt: 1000 },
    ],
    [
      'Signature Version 2 without a time',
      { ...bare, query: 'AWSAccessKeyId=a&Signature=b&Expires=soon' },
      { code: 'version-2-query', complete: true },
    ],
    ['a part of Signature Version 2', { ...bare, query: 'Signature=b' }, { code: 'version-2-query', complete: false }],
    ['a bad date', query({ 'X-Amz-Date': 'now' }), { code: 'bad-date', date: 'now', via: 'query' }],
    ['no number', query({ 'X-Amz-Expires': '1e3' }), { code: 'presign-expires-invalid', reason: 'not-a-number' }],
    ['a negative number', query({ 'X-Amz-Expires': '-1' }), { code: 'presign-expires-invalid', reason: 'negative' }],
    ['more than a week', query({ 'X-Amz-Expires': '604801' }), { code: 'presign-expires-invalid', reason: 'too-long' }],
    [
      'past its time',
      query({ 'X-Amz-Date': '20260930T115859Z' }),
      { code: 'presign-expired', expiresSeconds: 60, expiresAt: NOW - 1000, now: NOW },
    ],
    ['before its time', query({ 'X-Amz-Date': '20260930T121501Z' }), { code: 'presign-not-yet-valid' }],
    ['host not signed', query({ 'X-Amz-SignedHeaders': 'range' }), { code: 'host-not-signed' }],
    [
      'another algorithm',
      query({ 'X-Amz-Algorithm': 'a' }),
      { code: 'unsupported-algorithm', algorithm: 'a', sent: 'a', via: 'query' },
    ],
    [
      'a bad credential',
      query({ 'X-Amz-Credential': 'a' }),
      { code: 'credential-arity', credential: 'a', via: 'query' },
    ],
    [
      'another region',
      query({ 'X-Amz-Credential': 'AKID/20260930/eu-west-1/s3/aws4_request' }),
      { code: 'scope', via: 'query', faults: [{ part: 'region', got: 'eu-west-1', expected: 'us-east-1' }] },
    ],
  ])('%s', (_, request, problem) => {
    expect(problemOf(() => parseClaim(request, s3))).toEqual(problem)
  })

  it('allow the last second', () => {
    expect(parseClaim(query({ 'X-Amz-Date': '20260930T115900Z' }), s3).kind).toBe('query')
  })

  it('give other services the ordinary window, whatever X-Amz-Expires says', () => {
    const credential = { 'X-Amz-Credential': 'AKID/20260930/us-east-1/sts/aws4_request' }
    const late = query({ ...credential, 'X-Amz-Date': '20260930T114500Z', 'X-Amz-Expires': undefined })
    expect(parseClaim(late, expecting('sts', NOW))).toMatchObject({ kind: 'query', expiresSeconds: 900 })
    const later = query({ ...credential, 'X-Amz-Date': '20260930T114459Z', 'X-Amz-Expires': '3600' })
    expect(problemOf(() => parseClaim(later, expecting('sts', NOW)))).toMatchObject({ code: 'expired' })
  })
})

describe('a header that begins like an earlier one', () => {
  const FRONT = 'AWS4-HMAC-SHA256 Credential=SAME/20260930/us-east-1/kms/aws4_request, SignedHeaders=X-Amz-Date;Host, '
  const claimOf = (signature: string, expected = kms) =>
    parseClaim(withAuthorization(`${FRONT}Signature=${signature}`), expected)

  it('has a signature of its own', () => {
    for (const digit of ['1', '2', '3']) {
      expect(claimOf(digit.repeat(64))).toMatchObject({
        accessKeyId: 'SAME',
        signedHeaders: ['host', 'x-amz-date'],
        signature: digit.repeat(64),
      })
    }
  })

  it('is checked anew: clock, service and signed headers', () => {
    claimOf(SIGNATURE)
    expect(problemOf(() => claimOf(SIGNATURE, expecting('kms', NOW + 901_000, 'us-east-1')))).toMatchObject({
      code: 'expired',
    })
    expect(problemOf(() => claimOf(SIGNATURE, expecting('sts', NOW, 'us-east-1')))).toMatchObject({ code: 'scope' })
    expect(
      problemOf(() => {
        const request = withAuthorization(`${FRONT}Signature=${SIGNATURE}`)
        parseClaim({ ...request, headers: { ...request.headers, 'x-amz-acl': 'private' } }, s3)
      }),
    ).toMatchObject({ code: 'headers-not-signed' })
  })

  it('is taken apart where it ends otherwise', () => {
    claimOf(SIGNATURE)
    const unusual = (end: string) => parseClaim(withAuthorization(`${FRONT}Signature=${end}`), kms)
    expect(unusual('A'.repeat(64))).toMatchObject({ signature: 'A'.repeat(64) })
    expect(unusual('short')).toMatchObject({ signature: 'short' })
    expect(unusual(`${'a'.repeat(60)}    `)).toMatchObject({ signature: 'a'.repeat(60) })
    expect(unusual(`short, Signature=${SIGNATURE}`)).toMatchObject({ signature: SIGNATURE })
    expect(problemOf(() => unusual(`${'a'.repeat(60)},bad`))).toMatchObject({ code: 'not-key-value' })
    const late = parseClaim(
      withAuthorization(`${FRONT}Signature=${SIGNATURE}, Credential=LATE/20260930/us-east-1/kms/aws4_request`),
      kms,
    )
    expect(late).toMatchObject({ accessKeyId: 'LATE' })
  })
})

describe('peekCredential', () => {
  const credential = { accessKeyId: 'AKID', date: '20260930', region: 'us-east-1', service: 'kms' }
  it('reads the header or the query', () => {
    expect(peekCredential(header())).toEqual(credential)
    expect(peekCredential(query())).toEqual({ ...credential, service: 's3' })
  })
  it('knows nothing of what is not there', () => {
    expect(peekCredential(bare)).toBeUndefined()
    expect(peekCredential(withAuthorization('Bearer Credential=a/b'))).toBeUndefined()
  })
})
