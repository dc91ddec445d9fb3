import { AwsError } from '../../lib/awsError.ts'
import type { Call } from '../../operation/call.ts'
import { accessDenied, noSuchBucket } from './errors.ts'
import { invalidBucketName } from './names.ts'
import type { BucketRecord, S3State } from './state.ts'

/** What S3 once allowed in us-east-1: other names cannot exist. */
const CONCEIVABLE = /^[A-Za-z0-9._-]{3,255}$/

export interface BucketRequest {
  readonly Bucket?: string | undefined
  readonly ExpectedBucketOwner?: string | undefined
}

/**
 * The bucket a request is about. Throws, in AWS's order: NoSuchBucket, the Region's refusal, and those of
 * `x-amz-expected-bucket-owner` (facts: A1, captures 7.10), and of those who do not pay.
 */
export function requireBucket(input: BucketRequest, call: Call<S3State>): BucketRecord {
  const bucket = existingBucket(input.Bucket ?? '', call)
  requireRegion(bucket, call)
  requireOwner(bucket, input.ExpectedBucketOwner, call)
  if (bucket.requesterPays) requirePayer(bucket, call)
  return bucket
}

const PAYER = 'x-amz-request-payer'

/**
 * Where the requester pays, other accounts must say that they know, in a header or in the query, and strangers are not served (S3 User
 * Guide, "Using Requester Pays buckets"). Throws AccessDenied.
 */
export function requirePayer(bucket: BucketRecord, call: Pick<Call, 'account' | 'http' | 'responseHeaders'>): void {
  if (call.account === bucket.account) return
  const { headers, query } = call.http
  const payer = headers[PAYER] ?? new URLSearchParams(query).get(PAYER)
  if (call.account === '' || payer !== 'requester') throw accessDenied()
  call.responseHeaders['x-amz-request-charged'] = 'requester'
}

export function existingBucket(name: string, call: Call<S3State>): BucketRecord {
  const bucket = call.state.buckets.in().get(name)
  if (bucket) return bucket
  throw CONCEIVABLE.test(name) ? noSuchBucket(name) : invalidBucketName(name)
}

/**
 * A bucket answers in its Region only. Requests signed for us-east-1 stand for those that AWS's global endpoint hands on to the
 * bucket's Region, where the signature is then refused; others arrive at the wrong Region's endpoint and are redirected.
 */
export function requireRegion(bucket: BucketRecord, call: Call<S3State>): void {
  if (call.region === bucket.region || call.caller.principal.kind === 'anonymous') return
  const headers = { 'x-amz-bucket-region': bucket.region }
  if (call.region === 'us-east-1') {
    throw new AwsError(
      'AuthorizationHeaderMalformed',
      400,
      `The authorization header is malformed; the region '${call.region}' is wrong; expecting '${bucket.region}'`,
      { fields: { Region: bucket.region }, headers },
    )
  }
  throw new AwsError(
    'PermanentRedirect',
    301,
    'The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.',
    { fields: { Endpoint: `${bucket.name}.s3.${bucket.region}.amazonaws.com`, Bucket: bucket.name }, headers },
  )
}

const PARAMETER = 'x-amz-expected-bucket-owner'

/** The owner a request expects, by header or query parameter; a mistake about it is refused without a reason. */
export function requireOwner(bucket: BucketRecord, header: string | undefined, call: Pick<Call, 'http'>): void {
  const { query } = call.http
  const inQuery = query === '' ? undefined : (new URLSearchParams(query).get(PARAMETER) ?? undefined)
  if (header !== undefined && inQuery !== undefined) {
    throw invalidOwner('Expected bucket owner must be provided as either a header or parameter, not both')
  }
  const expected = header ?? inQuery
  if (expected === undefined || expected === bucket.account) return
  if (!/^\d{12}$/.test(expected)) {
    throw invalidOwner(`The value of the expected bucket owner parameter must be an AWS Account ID... [${expected}]`)
  }
  throw accessDenied()
}

const invalidOwner = (text: string) => new AwsError('InvalidBucketOwnerAWSAccountID', 400, text)
