import { AwsError } from '../../lib/awsError.ts'
import { wireBytes } from '../../sigv4/encode.ts'
import type { Problem, ScopeFault, Via } from '../../sigv4/types.ts'

type Fields = Readonly<Record<string, string>>

/**
 * A signature that S3 does not accept, in its words (s3-ebs.md A1, kms-iam.md A4; where those are silent, answers of S3
 * quoted in public issue threads of S3 clients and gateways).
 *
 * @param now milliseconds since the epoch
 */
export function s3SignatureError(problem: Problem, now: number): AwsError {
  // A cast: that the entry fits the code it is found by is known to the table's type, not to an index into it.
  const answer = ERRORS[problem.code] as (problem: Problem, now: number) => AwsError
  return answer(problem, now)
}

/** The answer to each problem. Code, status and text together, because S3 has no rule for them. */
const ERRORS: { readonly [C in Problem['code']]: (problem: Extract<Problem, { code: C }>, now: number) => AwsError } = {
  missing: () => new AwsError('AccessDenied', 403, 'Access Denied'),
  'both-ways': (problem) =>
    new AwsError(
      'InvalidArgument',
      400,
      'Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or the Authorization header should be specified',
      { fields: { ArgumentName: 'Authorization', ArgumentValue: problem.header } },
    ),
  'missing-header-parts': (problem) => missingHeaderParts(problem.parts, problem.header),
  'missing-query-parts': () =>
    malformedQuery(
      'Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.',
    ),
  'not-key-value': (problem) => malformedHeader(`the authorization component "${problem.part}" is malformed.`),
  'bad-date': (problem) =>
    problem.via === 'header'
      ? noDate()
      : malformedQuery("X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\""),
  'unsupported-algorithm': (problem) => unsupported(problem),
  'version-2-query': ({ complete, expiresAt }, now) => {
    if (!complete) {
      return denied('Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters', {})
    }
    // Recorded for new buckets, too (facts: A1, presigned URLs): the time comes before the algorithm.
    if (expiresAt !== undefined && expiresAt < now) {
      return denied('Request has expired', { Expires: seconds(expiresAt), ServerTime: seconds(now) })
    }
    return onlyVersion4()
  },
  'credential-arity': (problem) =>
    malformedCredential(
      problem.via,
      problem.credential.split('/').length === 5
        ? 'a non-empty Access Key (AKID) must be provided in the credential.'
        : 'the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".',
    ),
  scope: (problem) => wrongScope(problem.faults, problem.via),
  'host-not-signed': () => headersNotSigned(['host']),
  'headers-not-signed': (problem) => headersNotSigned(problem.headers),
  expired: (problem) => tooSkewed(problem.date, problem.now, problem.windowSeconds),
  'not-yet-current': (problem) => tooSkewed(problem.date, problem.now, problem.windowSeconds),
  'presign-expired': (problem, now) =>
    denied('Request has expired', {
      'X-Amz-Expires': String(problem.expiresSeconds),
      Expires: seconds(problem.expiresAt),
      ServerTime: seconds(now),
    }),
  'presign-not-yet-valid': () => denied('Request is not yet valid', {}),
  'presign-expires-invalid': (problem) => malformedQuery(EXPIRES[problem.reason]),
  'unknown-key': (problem) =>
    new AwsError('InvalidAccessKeyId', 403, 'The AWS Access Key Id you provided does not exist in our records.', {
      fields: { AWSAccessKeyId: problem.accessKeyId },
    }),
  'bad-token': () => new AwsError('InvalidToken', 400, 'The provided token is malformed or otherwise invalid.'),
  'expired-token': () => new AwsError('ExpiredToken', 400, 'The provided token has expired.'),
  'content-hash-missing': () => invalidRequest('Missing required header for this request: x-amz-content-sha256'),
  'content-hash-invalid': (problem) =>
    new AwsError(
      'InvalidArgument',
      400,
      'x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER, STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD, STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER or a valid sha256 value.',
      { fields: { ArgumentName: 'x-amz-content-sha256', ArgumentValue: problem.value } },
    ),
  'content-mismatch': (problem) =>
    new AwsError(
      'XAmzContentSHA256Mismatch',
      400,
      "The provided 'x-amz-content-sha256' header does not match what was computed.",
      { fields: { ClientComputedContentSHA256: problem.claimed, S3ComputedContentSHA256: problem.computed } },
    ),
  mismatch: (problem) => mismatch(problem),
}

const EXPIRES = {
  'not-a-number': 'X-Amz-Expires should be a number',
  negative: 'X-Amz-Expires must be non-negative',
  'too-long':
    'X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds',
}

function missingHeaderParts(parts: readonly string[], header: string): AwsError {
  const component = ['Credential', 'SignedHeaders', 'Signature'].find((name) => parts.includes(name))
  if (component === undefined) return noDate()
  return malformedHeader(
    header.split(',').length === 3
      ? `missing ${component}.`
      : 'the authorization header requires three components: Credential, SignedHeaders, and Signature.',
  )
}

function unsupported({ algorithm, sent, via }: Extract<Problem, { code: 'unsupported-algorithm' }>): AwsError {
  if (via === 'query') {
    return malformedQuery('X-Amz-Algorithm only supports "AWS4-HMAC-SHA256 and AWS4-ECDSA-P256-SHA256"')
  }
  if (algorithm.startsWith('AWS')) {
    return onlyVersion4()
  }
  return new AwsError('InvalidArgument', 400, 'Unsupported Authorization Type', {
    fields: { ArgumentName: 'Authorization', ArgumentValue: sent },
  })
}

/** S3 names the first fault only. */
function wrongScope(faults: readonly ScopeFault[], via: Via): AwsError {
  const [fault] = faults
  switch (fault?.part) {
    case undefined:
    case 'region':
      return malformedCredential(
        via,
        `the region '${fault?.got ?? ''}' is wrong; expecting '${fault?.expected ?? ''}'`,
        {
          Region: fault?.expected ?? '',
        },
      )
    case 'service':
      return malformedCredential(via, `incorrect service "${fault.got}". This endpoint belongs to "${fault.expected}".`)
    case 'terminator':
      return malformedCredential(via, `incorrect terminal "${fault.got}". This endpoint uses "aws4_request".`)
    case 'date':
      return wrongDate(fault.got, fault.expected, via)
  }
}

function wrongDate(got: string, expected: string, via: Via): AwsError {
  if (!/^\d{8}$/.test(got)) {
    return malformedCredential(
      via,
      `incorrect date format "${got}". This date in the credential must be in the format "yyyyMMdd".`,
    )
  }
  const text = `Invalid credential date "${got}". This date is not the same as X-Amz-Date: "${expected}".`
  return via === 'header' ? malformedHeader(text) : malformedQuery(text)
}

function malformedCredential(via: Via, text: string, fields: Fields = {}): AwsError {
  return via === 'header'
    ? malformedHeader(text, fields)
    : malformedQuery(`Error parsing the X-Amz-Credential parameter; ${text}`, fields)
}

function malformedHeader(text: string, fields: Fields = {}): AwsError {
  return new AwsError('AuthorizationHeaderMalformed', 400, `The authorization header is malformed; ${text}`, { fields })
}

function malformedQuery(text: string, fields: Fields = {}): AwsError {
  return new AwsError('AuthorizationQueryParametersError', 400, text, { fields })
}

function onlyVersion4(): AwsError {
  return invalidRequest('The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.')
}

function invalidRequest(text: string): AwsError {
  return new AwsError('InvalidRequest', 400, text)
}

function denied(text: string, fields: Fields): AwsError {
  return new AwsError('AccessDenied', 403, text, { fields })
}

function noDate(): AwsError {
  return denied('AWS authentication requires a valid Date or x-amz-date header', {})
}

function headersNotSigned(headers: readonly string[]): AwsError {
  return denied('There were headers present in the request which were not signed', {
    HeadersNotSigned: headers.join(', '),
  })
}

function tooSkewed(date: string, now: number, windowSeconds: number): AwsError {
  return new AwsError(
    'RequestTimeTooSkewed',
    403,
    'The difference between the request time and the current time is too large.',
    {
      fields: {
        RequestTime: date,
        ServerTime: seconds(now),
        MaxAllowedSkewMilliseconds: String(windowSeconds * 1000),
      },
    },
  )
}

function mismatch(problem: Extract<Problem, { code: 'mismatch' }>): AwsError {
  const { accessKeyId, provided, canonicalRequest } = problem
  const stringToSign = wireBytes(problem.stringToSign)
  const canonical = wireBytes(withoutKeys(canonicalRequest))
  return new AwsError(
    'SignatureDoesNotMatch',
    403,
    'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
    {
      fields: {
        AWSAccessKeyId: accessKeyId,
        StringToSign: stringToSign.toString('utf8'),
        SignatureProvided: provided,
        StringToSignBytes: octets(stringToSign),
        ...(canonicalRequest !== '' && {
          CanonicalRequest: canonical.toString('utf8'),
          CanonicalRequestBytes: octets(canonical),
        }),
      },
    },
  )
}

/** AWS repeats the canonical request as it is. Here the keys of SSE-C are left out of it: error texts end up in logs. */
function withoutKeys(canonicalRequest: string): string {
  return canonicalRequest.replace(/^(x-amz-(?:copy-source-)?server-side-encryption-customer-key):.*$/gm, '$1:REDACTED')
}

/** `41 57 53 …` */
function octets(bytes: Buffer): string {
  return bytes.toString('hex').replace(/..(?!$)/g, '$& ')
}

/** ISO 8601 without a fraction. */
function seconds(time: number): string {
  return new Date(time).toISOString().replace(/\.\d{3}Z$/, 'Z')
}
