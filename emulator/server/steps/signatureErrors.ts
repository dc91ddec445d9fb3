import { createHash } from 'node:crypto'
import { AwsError } from '../../lib/awsError.ts'
import { formatAmzDate } from '../../sigv4/date.ts'
import { wireBytes } from '../../sigv4/encode.ts'
import type { Problem, ScopeFault } from '../../sigv4/types.ts'
import type { Protocol } from '../../wire/protocol.ts'
import { s3SignatureError } from './s3SignatureErrors.ts'

/** What went wrong, as AWS's common front end sees it; each protocol has its own code for each. */
type Kind = 'missing' | 'incomplete' | 'signature' | 'unknownKey' | 'expiredToken'

type Code = readonly [code: string, status: number]

/**
 * The code and status for each kind (kms-iam.md A3 for JSON, A4 for the query protocol; REST-JSON services answer 403
 * throughout, seen at API Gateway). S3 has its own table.
 */
const CODES: Readonly<Record<'awsJson' | 'awsQuery' | 'restJson', Readonly<Record<Kind, Code>>>> = {
  awsJson: {
    missing: ['MissingAuthenticationTokenException', 400],
    incomplete: ['IncompleteSignatureException', 400],
    signature: ['InvalidSignatureException', 400],
    unknownKey: ['UnrecognizedClientException', 400],
    expiredToken: ['ExpiredTokenException', 400],
  },
  restJson: {
    missing: ['MissingAuthenticationTokenException', 403],
    incomplete: ['IncompleteSignatureException', 403],
    signature: ['InvalidSignatureException', 403],
    unknownKey: ['UnrecognizedClientException', 403],
    expiredToken: ['ExpiredTokenException', 403],
  },
  awsQuery: {
    missing: ['MissingAuthenticationToken', 403],
    incomplete: ['IncompleteSignature', 400],
    signature: ['SignatureDoesNotMatch', 403],
    unknownKey: ['InvalidClientTokenId', 403],
    expiredToken: ['ExpiredToken', 403],
  },
}

/**
 * A signature that was not accepted, in the words of the protocol it came by.
 *
 * @param now milliseconds since the epoch, for the times in the answer
 */
export function signatureError(problem: Problem, protocol: Protocol['name'], now: number): AwsError {
  if (protocol === 'restXml') return s3SignatureError(problem, now)
  // A cast: that the entry fits the code it is found by is known to the table's type, not to an index into it.
  const describe = SENTENCES[problem.code] as (problem: Problem) => readonly [Kind, string]
  const [kind, text] = describe(problem)
  if (protocol === 'ec2Query') return ec2Error(kind, text)
  const [code, status] = CODES[protocol][kind]
  return new AwsError(code, status, text)
}

/** EC2 says little: whatever is wrong with the credentials or the signature is an AuthFailure (seen in public logs). */
function ec2Error(kind: Kind, text: string): AwsError {
  switch (kind) {
    case 'missing':
      return new AwsError('MissingParameter', 400, 'The request must contain the parameter AWSAccessKeyId')
    case 'incomplete':
      return new AwsError('IncompleteSignature', 400, text)
    case 'expiredToken':
      return new AwsError('RequestExpired', 400, 'Request has expired.')
    case 'signature':
    case 'unknownKey':
      return new AwsError('AuthFailure', 401, 'AWS was not able to validate the provided access credentials')
  }
}

const MISMATCH =
  'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.'

/** The sentence of the front end for each problem (kms-iam.md A3). Some end with a blank because AWS joins sentences. */
const SENTENCES: {
  readonly [C in Problem['code']]: (problem: Extract<Problem, { code: C }>) => readonly [Kind, string]
} = {
  // Seen at DynamoDB and STS in 2026; older Kinesis answered 'Missing Authentication Token'. KMS: not recorded.
  missing: () => ['missing', 'Request is missing Authentication Token'],
  'both-ways': () => [
    'signature',
    "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.",
  ],
  'missing-header-parts': (problem) => ['incomplete', missingHeaderParts(problem.parts, problem.header)],
  'missing-query-parts': (problem) => ['incomplete', missingQueryParts(problem.parts)],
  'not-key-value': (problem) => [
    'incomplete',
    `Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and encoded with Base64): '${hashed(problem.header)}'.`,
  ],
  'bad-date': (problem) => [
    'incomplete',
    `Date must be in ISO-8601 'basic format'. Got '${problem.date}'. See http://en.wikipedia.org/wiki/ISO_8601`,
  ],
  'unsupported-algorithm': (problem) => [
    'incomplete',
    `Unsupported AWS 'algorithm': '${problem.algorithm}' (only AWS4-HMAC-SHA256 for now). `,
  ],
  'credential-arity': (problem) => [
    'incomplete',
    `Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '${problem.credential}'`,
  ],
  scope: (problem) => ['signature', problem.faults.map(scopeFault).join('')],
  'host-not-signed': () => ['signature', "'Host' must be a 'SignedHeader' in the AWS Authorization."],
  expired: (problem) => ['signature', expired(problem.date, problem.now, problem.windowSeconds)],
  'not-yet-current': (problem) => ['signature', notYetCurrent(problem.date, problem.now, problem.windowSeconds)],
  'unknown-key': () => ['unknownKey', 'The security token included in the request is invalid.'],
  'bad-token': () => ['unknownKey', 'The security token included in the request is invalid'],
  'expired-token': () => ['expiredToken', 'The security token included in the request is expired'],
  // Older front ends go on with the canonical request and the string to sign; whether KMS does today is not
  // recorded (kms-iam.md A3), most do not. This is the one place to add them.
  mismatch: () => ['signature', MISMATCH],
  // Only S3 makes these checks; should another service ever come by one, the signature is what failed.
  'headers-not-signed': () => ['signature', MISMATCH],
  'version-2-query': () => ['signature', MISMATCH],
  'presign-expired': () => ['signature', MISMATCH],
  'presign-not-yet-valid': () => ['signature', MISMATCH],
  'presign-expires-invalid': () => ['signature', MISMATCH],
  'content-hash-missing': () => ['signature', MISMATCH],
  'content-hash-invalid': () => ['signature', MISMATCH],
  'content-mismatch': () => ['signature', MISMATCH],
}

function missingHeaderParts(parts: readonly string[], header: string): string {
  const sentences = parts.map((part) =>
    part === 'Date'
      ? "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. "
      : `Authorization header requires '${part}' parameter. `,
  )
  return `${sentences.join('')}(Hashed with SHA-256 and encoded with Base64) Authorization=${hashed(header)}`
}

function missingQueryParts(parts: readonly string[]): string {
  const sentences = parts.map((part) => `AWS query-string parameters must include '${part}'. `)
  return `${sentences.join('')}Re-examine the query-string parameters.`
}

/** AWS no longer repeats an Authorization header it could not read: it may hold someone's password. */
function hashed(header: string): string {
  return createHash('sha256').update(wireBytes(header)).digest('base64')
}

function scopeFault(fault: ScopeFault): string {
  switch (fault.part) {
    case 'region':
      return `Credential should be scoped to a valid region, not '${fault.got}'. `
    case 'service':
      return `Credential should be scoped to correct service: '${fault.expected}'. `
    case 'terminator':
      return `Credential should be scoped with a valid terminator: 'aws4_request', not '${fault.got}'. `
    case 'date':
      return `Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '${fault.got}' != '${fault.expected}', from '${fault.date}'.`
  }
}

function expired(date: string, now: number, windowSeconds: number): string {
  const edge = formatAmzDate(now - windowSeconds * 1000)
  return `Signature expired: ${date} is now earlier than ${edge} (${formatAmzDate(now)} - ${minutes(windowSeconds)} min.)`
}

function notYetCurrent(date: string, now: number, windowSeconds: number): string {
  const edge = formatAmzDate(now + windowSeconds * 1000)
  return `Signature not yet current: ${date} is still later than ${edge} (${formatAmzDate(now)} + ${minutes(windowSeconds)} min.)`
}

function minutes(seconds: number): string {
  return String(seconds / 60)
}
