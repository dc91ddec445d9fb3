import { describe, expect, it } from '@jest/globals'
import { createHash } from 'node:crypto'
import { signatureError } from '../../emulator/server/steps/signatureErrors.ts'
import type { Problem } from '../../emulator/sigv4/types.ts'
import type { Protocol } from '../../emulator/wire/protocol.ts'

const NOW = Date.UTC(2026, 8, 30, 12, 0, 0, 250)
const HEADER = 'Bearer geheim'
const HASHED = createHash('sha256').update(HEADER).digest('base64')
const MISMATCH =
  'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.'

const mismatch: Problem = {
  code: 'mismatch',
  accessKeyId: 'AKID',
  canonicalRequest: 'GET\n/é',
  stringToSign: 'AWS4\nx',
  provided: 'abc',
}
const clock = { now: NOW, windowSeconds: 900 }

const answer = (problem: Problem, protocol: Protocol['name']) => {
  const { code, status, text, fields, unmodelled } = signatureError(problem, protocol, NOW)
  return { code, status, text, ...(Object.keys(fields).length > 0 && { fields }), ...(unmodelled && { unmodelled }) }
}

/** Problem, code and status for JSON, code and status for the query protocol, and the text they share. */
const SHARED: readonly [Problem, readonly [string, string], string][] = [
  [
    { code: 'missing' },
    ['MissingAuthenticationTokenException', 'MissingAuthenticationToken 403'],
    'Request is missing Authentication Token',
  ],
  [
    { code: 'both-ways', header: HEADER },
    ['InvalidSignatureException', 'SignatureDoesNotMatch 403'],
    "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.",
  ],
  [
    { code: 'missing-header-parts', parts: ['Credential', 'Signature', 'SignedHeaders', 'Date'], header: HEADER },
    ['IncompleteSignatureException', 'IncompleteSignature 400'],
    `Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. Authorization header requires 'SignedHeaders' parameter. Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. (Hashed with SHA-256 and encoded with Base64) Authorization=${HASHED}`,
  ],
  [
    { code: 'missing-query-parts', parts: ['X-Amz-Algorithm', 'X-Amz-Date'] },
    ['IncompleteSignatureException', 'IncompleteSignature 400'],
    "AWS query-string parameters must include 'X-Amz-Algorithm'. AWS query-string parameters must include 'X-Amz-Date'. Re-examine the query-string parameters.",
  ],
  [
    { code: 'not-key-value', header: HEADER, part: 'geheim' },
    ['IncompleteSignatureException', 'IncompleteSignature 400'],
    `Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and encoded with Base64): '${HASHED}'.`,
  ],
  [
    { code: 'bad-date', date: 'now', via: 'header' },
    ['IncompleteSignatureException', 'IncompleteSignature 400'],
    "Date must be in ISO-8601 'basic format'. Got 'now'. See http://en.wikipedia.org/wiki/ISO_8601",
  ],
  [
    { code: 'expired', date: '20260930T114459Z', ...clock },
    ['InvalidSignatureException', 'SignatureDoesNotMatch 403'],
    'Signature expired: 20260930T114459Z is now earlier than 20260930T114500Z (20260930T120000Z - 15 min.)',
  ],
  [
    { code: 'not-yet-current', date: '20260930T121501Z', ...clock },
    ['InvalidSignatureException', 'SignatureDoesNotMatch 403'],
    'Signature not yet current: 20260930T121501Z is still later than 20260930T121500Z (20260930T120000Z + 15 min.)',
  ],
  [
    { code: 'host-not-signed' },
    ['InvalidSignatureException', 'SignatureDoesNotMatch 403'],
    "'Host' must be a 'SignedHeader' in the AWS Authorization.",
  ],
  [
    { code: 'unsupported-algorithm', algorithm: 'AWS4-HMAC-SHA25', sent: 'AWS4-HMAC-SHA25', via: 'header' },
    ['IncompleteSignatureException', 'IncompleteSignature 400'],
    "Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA25' (only AWS4-HMAC-SHA256 for now). ",
  ],
  [
    { code: 'credential-arity', credential: 'a/b/c/d', via: 'header' },
    ['IncompleteSignatureException', 'IncompleteSignature 400'],
    "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got 'a/b/c/d'",
  ],
  [
    {
      code: 'scope',
      via: 'header',
      faults: [
        { part: 'region', got: 'c', expected: 'us-east-1' },
        { part: 'service', got: 'd', expected: 'kms' },
        { part: 'terminator', got: 'e' },
        { part: 'date', got: 'b', expected: '20130609', date: '20130609T095204Z' },
      ],
    },
    ['InvalidSignatureException', 'SignatureDoesNotMatch 403'],
    "Credential should be scoped to a valid region, not 'c'. Credential should be scoped to correct service: 'kms'. Credential should be scoped with a valid terminator: 'aws4_request', not 'e'. Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: 'b' != '20130609', from '20130609T095204Z'.",
  ],
  [
    { code: 'unknown-key', accessKeyId: 'AKID' },
    ['UnrecognizedClientException', 'InvalidClientTokenId 403'],
    'The security token included in the request is invalid.',
  ],
  [
    { code: 'bad-token', accessKeyId: 'ASIA' },
    ['UnrecognizedClientException', 'InvalidClientTokenId 403'],
    'The security token included in the request is invalid',
  ],
  [
    { code: 'expired-token' },
    ['ExpiredTokenException', 'ExpiredToken 403'],
    'The security token included in the request is expired',
  ],
  [mismatch, ['InvalidSignatureException', 'SignatureDoesNotMatch 403'], MISMATCH],
]

describe('the common front end', () => {
  it.each(SHARED.map((row) => [row[0].code, ...row] as const))('%s', (_, problem, [json, query], text) => {
    const [queryCode = '', queryStatus] = query.split(' ')
    expect(answer(problem, 'awsJson')).toEqual({ code: json, status: 400, text })
    expect(answer(problem, 'restJson')).toEqual({ code: json, status: 403, text })
    expect(answer(problem, 'awsQuery')).toEqual({ code: queryCode, status: Number(queryStatus), text })
  })
})

describe('EC2', () => {
  const FAILURE = {
    code: 'AuthFailure',
    status: 401,
    text: 'AWS was not able to validate the provided access credentials',
  }
  it.each<[Problem, object]>([
    [mismatch, FAILURE],
    [{ code: 'unknown-key', accessKeyId: 'AKID' }, FAILURE],
    [
      { code: 'missing' },
      { code: 'MissingParameter', status: 400, text: 'The request must contain the parameter AWSAccessKeyId' },
    ],
    [{ code: 'expired-token' }, { code: 'RequestExpired', status: 400, text: 'Request has expired.' }],
    [
      { code: 'credential-arity', credential: 'a', via: 'header' },
      {
        code: 'IncompleteSignature',
        status: 400,
        text: "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got 'a'",
      },
    ],
  ])('%j', (problem, expected) => {
    expect(answer(problem, 'ec2Query')).toEqual(expected)
  })
})
