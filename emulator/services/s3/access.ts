import type { ContextValue, Tags } from '../../access/types.ts'
import type { Call } from '../../operation/call.ts'
import type { Check, Resource } from '../../operation/define.ts'
import type { AuditFacts } from '../../operation/trace.ts'
import { policyInForce } from './policy/inForce.ts'
import { bucketArn, objectArn } from './names.ts'
import type { BucketRecord } from './state.ts'

type Keys = Readonly<Record<string, ContextValue | undefined>>
type S3Call = Pick<Call, 'caller' | 'http' | 'time' | 'account'>

/** A bucket as policies see it. */
export function bucketResource(bucket: BucketRecord, call: S3Call): Resource {
  return {
    arn: bucketArn(bucket.name),
    account: bucket.account,
    guard: 'ordinary',
    policy: policyInForce(bucket, call),
    context: { 's3:ResourceAccount': bucket.account },
  }
}

/** An object, existing or not, as policies see it. With BucketOwnerEnforced all objects are the bucket owner's. */
export function objectResource(bucket: BucketRecord, key: string, call: S3Call, existingTags?: Tags): Resource {
  return {
    arn: objectArn(bucket.name, key),
    account: bucket.account,
    guard: 'ordinary',
    policy: policyInForce(bucket, call),
    context: () => ({ 's3:ResourceAccount': bucket.account, ...tagKeys('s3:ExistingObjectTag', existingTags) }),
  }
}

/** `<prefix>/<tag key>` for each tag. */
export function tagKeys(prefix: string, tags: Tags | undefined): Keys {
  return Object.fromEntries(Object.entries(tags ?? {}).map(([key, value]) => [`${prefix}/${key}`, value]))
}

/** Condition keys about tags that a request sets. */
export const requestTagKeys = (tags: Tags): Keys =>
  Object.keys(tags).length === 0
    ? {}
    : { ...tagKeys('s3:RequestObjectTag', tags), 's3:RequestObjectTagKeys': Object.keys(tags) }

/** Whether the caller may learn that a key does not exist (facts: A10). */
export const listBucketCheck = (bucket: BucketRecord, call: S3Call): Check => ({
  action: 's3:ListBucket',
  resource: bucketResource(bucket, call),
  context: () => requestKeys({}, call),
})

/** Headers that are condition keys under their own names (Service Authorization Reference, "Condition keys for Amazon S3"). */
const HEADER_KEYS = [
  'if-match',
  'if-none-match',
  'x-amz-acl',
  'x-amz-content-sha256',
  'x-amz-copy-source',
  'x-amz-grant-full-control',
  'x-amz-grant-read',
  'x-amz-grant-read-acp',
  'x-amz-grant-write',
  'x-amz-grant-write-acp',
  'x-amz-metadata-directive',
  'x-amz-object-ownership',
  'x-amz-server-side-encryption',
  'x-amz-server-side-encryption-customer-algorithm',
  'x-amz-storage-class',
  'x-amz-website-redirect-location',
]

/** Condition keys of every S3 request: how it was signed and sent, and headers with a meaning for policies. */
export function requestKeys(_input: object, call: Pick<Call, 'http' | 'time' | 'caller'>): Keys {
  const { headers, secure } = call.http
  const keys: Record<string, ContextValue | undefined> = { ...signatureKeys(call) }
  // Plain HTTP that stands in for HTTPS stands in for a current version of it.
  if (secure) keys['s3:TlsVersion'] = '1.3'
  for (const name of HEADER_KEYS) if (headers[name] !== undefined) keys[`s3:${name}`] = headers[name]
  return keys
}

function signatureKeys({ http, time, caller }: Pick<Call, 'http' | 'time' | 'caller'>): Keys {
  if (caller.principal.kind === 'anonymous') return {}
  const inHeaders = http.form === true || http.headers['authorization'] !== undefined
  const query = inHeaders ? undefined : new URLSearchParams(http.query)
  const signedAt = parseAmzDate(query?.get('X-Amz-Date') ?? http.headers['x-amz-date'])
  return {
    's3:authType': http.form === true ? 'POST' : query ? 'REST-QUERY-STRING' : 'REST-HEADER',
    's3:signatureversion': 'AWS4-HMAC-SHA256',
    's3:signatureAge': signedAt === undefined ? undefined : String(Math.max(0, time - signedAt)),
  }
}

/** Milliseconds since the epoch of `20130524T000000Z`. */
function parseAmzDate(text: string | undefined): number | undefined {
  const [, year, month, day, hour, minute, second] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text ?? '') ?? []
  if (second === undefined) return undefined
  return Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second))
}

/** The audit trail's facts about a bucket or an object in it. */
export function auditFacts(
  input: { readonly Bucket?: string | undefined; readonly Key?: string | undefined },
  bucket: BucketRecord | undefined,
): AuditFacts {
  const { Bucket = '', Key } = input
  const account = bucket?.account
  return {
    requestParameters: { bucketName: Bucket, ...(Key !== undefined && { key: Key }) },
    responseElements: null,
    ...(account !== undefined && {
      resources: [
        ...(Key === undefined ? [] : [{ arn: objectArn(Bucket, Key), account, type: 'AWS::S3::Object' }]),
        { arn: bucketArn(Bucket), account, type: 'AWS::S3::Bucket' },
      ],
    }),
  }
}
