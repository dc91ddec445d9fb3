import type { Front, Parts, QueryParts } from './authorization.ts'
import { headerParts, isPresigned, queryParts, queryValue } from './authorization.ts'
import { formatAmzDate, parseAmzDate } from './date.ts'
import { ALGORITHM, TERMINATOR } from './signature.ts'
import type { Claim, Expected, Problem, ScopeFault, Scope, SignedClaim, SignedRequest, Via } from './types.ts'
import { SignatureProblem } from './types.ts'

/** One week: the longest a presigned S3 request may live. */
const LONGEST_EXPIRY = 604_800

/** The date of HTTP's own `Date` header (RFC 9110, also with a numeric zone). */
const HTTP_DATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} (?:GMT|[+-]0000)$/

/**
 * Takes a request's signature apart and makes every check that needs no secret, in AWS's order (kms-iam.md A3, rows 5
 * to 15): both ways at once, shape, parts, date, clock, signed headers, algorithm, credential, scope. A request without any
 * signature is `anonymous`; whether it may be is for the service to say (`missing`).
 *
 * @throws SignatureProblem the first check that fails
 */
export function parseClaim(request: SignedRequest, expected: Expected): Claim {
  const header = request.headers['authorization']
  if (header === undefined) {
    if (isPresigned(request.query)) return queryClaim(request, expected)
    if (expected.service === 's3') refuseVersion2(request.query)
    return { kind: 'anonymous' }
  }
  if (request.query.includes('X-Amz-Algorithm') && queryValue(request.query, 'X-Amz-Algorithm') !== undefined) {
    refuse({ code: 'both-ways', header })
  }
  return headerClaim(header, request, expected)
}

function headerClaim(header: string, request: SignedRequest, expected: Expected): Claim {
  // S3 looks at the scheme first: `AWS key:signature` (Signature Version 2) and `Bearer token` have no parts to miss.
  if (expected.service === 's3' && !header.trimStart().startsWith('AWS4-')) {
    refuse({ code: 'unsupported-algorithm', algorithm: header.trim().split(' ')[0] ?? '', sent: header, via: 'header' })
  }
  const parts = headerParts(header, request.headers)
  const { front, signature, date } = parts
  const { credential, signedHeaders } = front
  if (credential === undefined || signature === undefined || signedHeaders === undefined || date === undefined) {
    return refuse({
      code: 'missing-header-parts',
      parts: missing(parts, ['Credential', 'Signature', 'SignedHeaders', 'Date']),
      header,
    })
  }
  const time = (expected.service === 's3' ? httpDate(date) : undefined) ?? timeOf(date, 'header')
  checkClock(date, time, expected)
  const signed = front.names
  const scope = checkRest(parts, time, request, expected, 'header')
  const sessionToken = request.headers['x-amz-security-token']
  return { kind: 'header', ...scope, date, time, signedHeaders: signed, signature, sessionToken }
}

function queryClaim(request: SignedRequest, expected: Expected): Claim {
  const parts = queryParts(request.query)
  const s3 = expected.service === 's3'
  const { front, signature, date } = parts
  const { algorithm, credential, signedHeaders } = front
  if (
    algorithm === undefined ||
    credential === undefined ||
    signature === undefined ||
    signedHeaders === undefined ||
    date === undefined ||
    (s3 && parts.expires === undefined)
  ) {
    const wanted = ['Algorithm', 'Credential', 'Signature', 'SignedHeaders', 'Date', ...(s3 ? ['Expires'] : [])]
    return refuse({ code: 'missing-query-parts', parts: missing(parts, wanted).map((part) => `X-Amz-${part}`) })
  }
  const time = timeOf(date, 'query')
  const expiresSeconds = s3 ? expiryOf(parts) : expected.windowSeconds
  if (s3) checkLifetime(time, expiresSeconds, expected)
  // The other services give a presigned request the ordinary window whatever its X-Amz-Expires says: EKS asks STS for
  // 60 seconds and is served for 15 minutes.
  else checkClock(date, time, expected)
  const signed = front.names
  const scope = checkRest(parts, time, request, expected, 'query')
  const sessionToken = parts.token ?? request.headers['x-amz-security-token']
  return { kind: 'query', expiresSeconds, ...scope, date, time, signedHeaders: signed, signature, sessionToken }
}

/** Older clients still presign for S3 with Signature Version 2, which buckets made since June 2020 do not take. */
function refuseVersion2(query: string): void {
  if (!query.includes('AWSAccessKeyId') && !query.includes('Signature')) return
  const present = (name: string) => queryValue(query, name) !== undefined
  if (!present('AWSAccessKeyId') && !present('Signature')) return
  const complete = ['AWSAccessKeyId', 'Signature', 'Expires'].every(present)
  const expires = queryValue(query, 'Expires') ?? ''
  refuse({
    code: 'version-2-query',
    complete,
    ...(/^\d{1,12}$/.test(expires) && { expiresAt: Number(expires) * 1000 }),
  })
}

function missing(parts: Parts & Partial<QueryParts>, names: readonly string[]): string[] {
  const present: Record<string, string | undefined> = {
    Algorithm: parts.front.algorithm,
    Credential: parts.front.credential,
    Signature: parts.signature,
    SignedHeaders: parts.front.signedHeaders,
    Date: parts.date,
    Expires: parts.expires,
  }
  return names.filter((name) => present[name] === undefined)
}

function timeOf(date: string, via: Via): number {
  return parseAmzDate(date) ?? refuse({ code: 'bad-date', date, via })
}

/** S3 also takes the ordinary form of the `Date` header, and signs it as it stands. */
function httpDate(date: string): number | undefined {
  return HTTP_DATE.test(date) ? Date.parse(date) : undefined
}

function checkClock(date: string, time: number, { now, windowSeconds }: Expected): void {
  if (time < now - windowSeconds * 1000) refuse({ code: 'expired', date, now, windowSeconds })
  if (time > now + windowSeconds * 1000) refuse({ code: 'not-yet-current', date, now, windowSeconds })
}

function expiryOf(parts: QueryParts): number {
  const text = parts.expires ?? ''
  if (!/^-?\d+$/.test(text)) refuse({ code: 'presign-expires-invalid', reason: 'not-a-number' })
  const seconds = Number(text)
  if (seconds < 0) refuse({ code: 'presign-expires-invalid', reason: 'negative' })
  if (seconds > LONGEST_EXPIRY) refuse({ code: 'presign-expires-invalid', reason: 'too-long' })
  return seconds
}

function checkLifetime(time: number, expiresSeconds: number, { now, windowSeconds }: Expected): void {
  if (time > now + windowSeconds * 1000) refuse({ code: 'presign-not-yet-valid' })
  const expiresAt = time + expiresSeconds * 1000
  if (now > expiresAt) refuse({ code: 'presign-expired', expiresSeconds, expiresAt, now })
}

function checkRest(
  parts: Parts,
  time: number,
  request: SignedRequest,
  expected: Expected,
  via: Via,
): Pick<SignedClaim, 'accessKeyId' | 'scope'> {
  const { fields, names, credential = '' } = parts.front
  if (!names.includes('host')) refuse({ code: 'host-not-signed' })
  if (expected.service === 's3') checkAmzHeaders(request.headers, names)
  checkAlgorithm(parts.front, via)
  const [accessKeyId, date, region, service, terminator] = fields
  if (accessKeyId === undefined || date === undefined || region === undefined) return arity(credential, via)
  if (service === undefined || terminator === undefined || fields.length > 5) return arity(credential, via)
  // Without a key there is nothing to look up; only S3 has a sentence for it, the others say the key is unknown.
  if (accessKeyId === '' && expected.service === 's3') return arity(credential, via)
  const scope = { date, region, service }
  checkScope(scope, terminator, isoDate(parts.date ?? '', time), expected, via)
  return { accessKeyId, scope }
}

function arity(credential: string, via: Via): never {
  return refuse({ code: 'credential-arity', credential, via })
}

/** The date in ISO 8601, as sent when it was sent so (and then nothing needs formatting). */
function isoDate(date: string, time: number): string {
  return date[8] === 'T' ? date : formatAmzDate(time)
}

/**
 * S3 wants every `x-amz-*` header signed, so that none can be slipped in on the way (s3-ebs.md A1). The hash of the
 * content may go without: it is the last line of the canonical request in any case.
 */
function checkAmzHeaders(headers: SignedRequest['headers'], signed: readonly string[]): void {
  const unsigned: string[] = []
  for (const name in headers) {
    if (!name.startsWith('x-amz-') || name === 'x-amz-content-sha256') continue
    if (headers[name] !== undefined && !signed.includes(name)) unsigned.push(name)
  }
  if (unsigned.length > 0) refuse({ code: 'headers-not-signed', headers: unsigned })
}

function checkAlgorithm({ algorithm = '' }: Front, via: Via): void {
  if (algorithm !== ALGORITHM) refuse({ code: 'unsupported-algorithm', algorithm, sent: algorithm, via })
}

function checkScope(scope: Scope, terminator: string, date: string, expected: Expected, via: Via): void {
  const day = date.slice(0, 8)
  const { region, service } = expected
  const regionFits = region === undefined ? scope.region !== '' : scope.region === region
  if (regionFits && scope.service === service && terminator === TERMINATOR && scope.date === day) return
  const faults: ScopeFault[] = []
  if (!regionFits) faults.push({ part: 'region', got: scope.region, expected: region ?? '' })
  if (scope.service !== service) faults.push({ part: 'service', got: scope.service, expected: service })
  if (terminator !== TERMINATOR) faults.push({ part: 'terminator', got: terminator })
  if (scope.date !== day) faults.push({ part: 'date', got: scope.date, expected: day, date })
  refuse({ code: 'scope', faults, via })
}

function refuse(problem: Problem): never {
  throw new SignatureProblem(problem)
}
