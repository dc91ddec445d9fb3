import { describe, expect, it } from '@jest/globals'
import { signatureError } from '../../emulator/server/steps/signatureErrors.ts'
import type { Problem } from '../../emulator/sigv4/types.ts'

const NOW = Date.UTC(2026, 8, 30, 12, 0, 0, 250)
const HEADER = 'Bearer geheim'

const mismatch: Problem = {
  code: 'mismatch',
  accessKeyId: 'AKID',
  canonicalRequest: 'GET\n/é',
  stringToSign: 'AWS4\nx',
  provided: 'abc',
}
const clock = { now: NOW, windowSeconds: 900 }

const answer = (problem: Problem) => {
  const { code, status, text, fields, unmodelled } = signatureError(problem, 'restXml', NOW)
  return { code, status, text, ...(Object.keys(fields).length > 0 && { fields }), ...(unmodelled && { unmodelled }) }
}

const malformedHeader = (text: string, fields?: object) => ({
  code: 'AuthorizationHeaderMalformed',
  status: 400,
  text: `The authorization header is malformed; ${text}`,
  ...(fields && { fields }),
})
const malformedQuery = (text: string, fields?: object) => ({
  code: 'AuthorizationQueryParametersError',
  status: 400,
  text,
  ...(fields && { fields }),
})
const denied = (text: string, fields?: object) => ({
  code: 'AccessDenied',
  status: 403,
  text,
  ...(fields && { fields }),
})
const invalidRequest = (text: string) => ({ code: 'InvalidRequest', status: 400, text })
const THREE = 'Credential=a,SignedHeaders=b,Signatur=c'
const NO_DATE = 'AWS authentication requires a valid Date or x-amz-date header'
const credentialForm = 'the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".'

describe('S3', () => {
  it.each<[string, Problem, object]>([
    ['no signature', { code: 'missing' }, denied('Access Denied')],
    [
      'two signatures',
      { code: 'both-ways', header: HEADER },
      {
        code: 'InvalidArgument',
        status: 400,
        text: 'Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or the Authorization header should be specified',
        fields: { ArgumentName: 'Authorization', ArgumentValue: HEADER },
      },
    ],
    [
      'fewer than three components',
      { code: 'missing-header-parts', parts: ['Signature'], header: 'AWS4-HMAC-SHA256 Credential=a' },
      malformedHeader('the authorization header requires three components: Credential, SignedHeaders, and Signature.'),
    ],
    [
      'three components, one misspelt',
      { code: 'missing-header-parts', parts: ['Signature'], header: THREE },
      malformedHeader('missing Signature.'),
    ],
    ['no date', { code: 'missing-header-parts', parts: ['Date'], header: THREE }, denied(NO_DATE)],
    ['a bad date', { code: 'bad-date', date: 'x', via: 'header' }, denied(NO_DATE)],
    [
      'a bad date in the query',
      { code: 'bad-date', date: 'x', via: 'query' },
      malformedQuery("X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\""),
    ],
    [
      'a component without value',
      { code: 'not-key-value', header: HEADER, part: 'abc' },
      malformedHeader('the authorization component "abc" is malformed.'),
    ],
    [
      'parameters missing',
      { code: 'missing-query-parts', parts: ['X-Amz-Date'] },
      malformedQuery(
        'Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.',
      ),
    ],
    [
      'Signature Version 2',
      { code: 'unsupported-algorithm', algorithm: 'AWS', sent: 'AWS a:b', via: 'header' },
      invalidRequest('The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.'),
    ],
    [
      'Signature Version 2 in the query',
      { code: 'version-2-query', complete: true },
      invalidRequest('The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.'),
    ],
    [
      'Signature Version 2 in the query, in time',
      { code: 'version-2-query', complete: true, expiresAt: NOW },
      invalidRequest('The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.'),
    ],
    [
      'Signature Version 2 in the query, past its time',
      { code: 'version-2-query', complete: true, expiresAt: NOW - 1000 },
      denied('Request has expired', { Expires: '2026-09-30T11:59:59Z', ServerTime: '2026-09-30T12:00:00Z' }),
    ],
    [
      'a part of Signature Version 2 in the query',
      { code: 'version-2-query', complete: false },
      denied('Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters'),
    ],
    [
      'another scheme',
      { code: 'unsupported-algorithm', algorithm: 'Bearer', sent: HEADER, via: 'header' },
      {
        code: 'InvalidArgument',
        status: 400,
        text: 'Unsupported Authorization Type',
        fields: { ArgumentName: 'Authorization', ArgumentValue: HEADER },
      },
    ],
    [
      'another algorithm in the query',
      { code: 'unsupported-algorithm', algorithm: 'x', sent: 'x', via: 'query' },
      malformedQuery('X-Amz-Algorithm only supports "AWS4-HMAC-SHA256 and AWS4-ECDSA-P256-SHA256"'),
    ],
    ['a bad credential', { code: 'credential-arity', credential: 'a', via: 'header' }, malformedHeader(credentialForm)],
    [
      'a bad credential in the query',
      { code: 'credential-arity', credential: 'a', via: 'query' },
      malformedQuery(`Error parsing the X-Amz-Credential parameter; ${credentialForm}`),
    ],
    [
      'no access key',
      { code: 'credential-arity', credential: '/b/c/d/e', via: 'header' },
      malformedHeader('a non-empty Access Key (AKID) must be provided in the credential.'),
    ],
    [
      'another region',
      { code: 'scope', via: 'header', faults: [{ part: 'region', got: 'X', expected: 'Y' }] },
      malformedHeader("the region 'X' is wrong; expecting 'Y'", { Region: 'Y' }),
    ],
    [
      'another region in the query',
      { code: 'scope', via: 'query', faults: [{ part: 'region', got: 'X', expected: 'Y' }] },
      malformedQuery("Error parsing the X-Amz-Credential parameter; the region 'X' is wrong; expecting 'Y'", {
        Region: 'Y',
      }),
    ],
    [
      'another service, and more',
      {
        code: 'scope',
        via: 'header',
        faults: [
          { part: 'service', got: 'ec2', expected: 's3' },
          { part: 'terminator', got: 'x' },
        ],
      },
      malformedHeader('incorrect service "ec2". This endpoint belongs to "s3".'),
    ],
    [
      'another end',
      { code: 'scope', via: 'header', faults: [{ part: 'terminator', got: 'x' }] },
      malformedHeader('incorrect terminal "x". This endpoint uses "aws4_request".'),
    ],
    [
      'another day',
      { code: 'scope', via: 'header', faults: [{ part: 'date', got: '20130523', expected: '20130524', date: '' }] },
      malformedHeader('Invalid credential date "20130523". This date is not the same as X-Amz-Date: "20130524".'),
    ],
    [
      'another day in the query',
      { code: 'scope', via: 'query', faults: [{ part: 'date', got: '20130523', expected: '20130524', date: '' }] },
      malformedQuery('Invalid credential date "20130523". This date is not the same as X-Amz-Date: "20130524".'),
    ],
    [
      'no day',
      { code: 'scope', via: 'header', faults: [{ part: 'date', got: 'x', expected: '20130524', date: '' }] },
      malformedHeader('incorrect date format "x". This date in the credential must be in the format "yyyyMMdd".'),
    ],
    [
      'host unsigned',
      { code: 'host-not-signed' },
      denied('There were headers present in the request which were not signed', { HeadersNotSigned: 'host' }),
    ],
    [
      'headers unsigned',
      { code: 'headers-not-signed', headers: ['x-amz-acl', 'x-amz-tagging'] },
      denied('There were headers present in the request which were not signed', {
        HeadersNotSigned: 'x-amz-acl, x-amz-tagging',
      }),
    ],
    [
      'a clock behind',
      { code: 'expired', date: '20260930T000000Z', ...clock },
      {
        code: 'RequestTimeTooSkewed',
        status: 403,
        text: 'The difference between the request time and the current time is too large.',
        fields: {
          RequestTime: '20260930T000000Z',
          ServerTime: '2026-09-30T12:00:00Z',
          MaxAllowedSkewMilliseconds: '900000',
        },
      },
    ],
    [
      'a presigned request past its time',
      { code: 'presign-expired', expiresSeconds: 60, expiresAt: NOW - 1000, now: NOW },
      denied('Request has expired', {
        'X-Amz-Expires': '60',
        Expires: '2026-09-30T11:59:59Z',
        ServerTime: '2026-09-30T12:00:00Z',
      }),
    ],
    ['a presigned request before its time', { code: 'presign-not-yet-valid' }, denied('Request is not yet valid')],
    [
      'no number of seconds',
      { code: 'presign-expires-invalid', reason: 'not-a-number' },
      malformedQuery('X-Amz-Expires should be a number'),
    ],
    [
      'a negative number of seconds',
      { code: 'presign-expires-invalid', reason: 'negative' },
      malformedQuery('X-Amz-Expires must be non-negative'),
    ],
    [
      'too many seconds',
      { code: 'presign-expires-invalid', reason: 'too-long' },
      malformedQuery(
        'X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds',
      ),
    ],
    [
      'an unknown key',
      { code: 'unknown-key', accessKeyId: 'AKID' },
      {
        code: 'InvalidAccessKeyId',
        status: 403,
        text: 'The AWS Access Key Id you provided does not exist in our records.',
        fields: { AWSAccessKeyId: 'AKID' },
      },
    ],
    [
      'a bad token',
      { code: 'bad-token', accessKeyId: 'ASIA' },
      { code: 'InvalidToken', status: 400, text: 'The provided token is malformed or otherwise invalid.' },
    ],
    [
      'an expired token',
      { code: 'expired-token' },
      { code: 'ExpiredToken', status: 400, text: 'The provided token has expired.' },
    ],
    [
      'no hash',
      { code: 'content-hash-missing' },
      invalidRequest('Missing required header for this request: x-amz-content-sha256'),
    ],
    [
      'a bad hash',
      { code: 'content-hash-invalid', value: 'x' },
      {
        code: 'InvalidArgument',
        status: 400,
        text: 'x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER, STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD, STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER or a valid sha256 value.',
        fields: { ArgumentName: 'x-amz-content-sha256', ArgumentValue: 'x' },
      },
    ],
    [
      'another hash',
      { code: 'content-mismatch', claimed: 'a', computed: 'b' },
      {
        code: 'XAmzContentSHA256Mismatch',
        status: 400,
        text: "The provided 'x-amz-content-sha256' header does not match what was computed.",
        fields: { ClientComputedContentSHA256: 'a', S3ComputedContentSHA256: 'b' },
      },
    ],
    [
      'another signature',
      { ...mismatch, canonicalRequest: Buffer.from(mismatch.canonicalRequest).toString('latin1') },
      {
        code: 'SignatureDoesNotMatch',
        status: 403,
        text: 'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
        fields: {
          AWSAccessKeyId: 'AKID',
          StringToSign: 'AWS4\nx',
          SignatureProvided: 'abc',
          StringToSignBytes: '41 57 53 34 0a 78',
          CanonicalRequest: 'GET\n/é',
          CanonicalRequestBytes: '47 45 54 0a 2f c3 a9',
        },
      },
    ],
    [
      'another signature of a chunk',
      { ...mismatch, canonicalRequest: '' },
      {
        code: 'SignatureDoesNotMatch',
        status: 403,
        text: 'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
        fields: {
          AWSAccessKeyId: 'AKID',
          StringToSign: 'AWS4\nx',
          SignatureProvided: 'abc',
          StringToSignBytes: '41 57 53 34 0a 78',
        },
      },
    ],
  ])('%s', (_, problem, expected) => {
    expect(answer(problem)).toEqual(expected)
  })
})
