import type { ContextValue, Tags } from '../../access/types.ts'
import type { Call } from '../../operation/call.ts'
import type { Check, Resource } from '../../operation/define.ts'
import { bucketAcl, objectAcl } from './acl/policy.ts'
import { aclsEnabled, ownerOf, writerOf } from './acl/ownership.ts'
import { denialsInForce, policyInForce } from './policy/inForce.ts'
import { bucketArn, objectArn } from './names.ts'
import type { BucketRecord, ObjectDescription } from './state.ts'

type Keys = Readonly<Record<string, ContextValue | undefined>>
type S3Call = Pick<Call, 'caller' | 'http' | 'time' | 'account'>

/** A bucket as policies see it. */
export function bucketResource(bucket: BucketRecord, call: S3Call): Resource {
  return {
    arn: bucketArn(bucket.name),
    account: bucket.account,
    guard: 'ordinary',
    publicAccessBlock: bucket.publicAccessBlock,
    policy: policyInForce(bucket, call),
    acl: bucketAcl(bucket, call),
    context: { 's3:ResourceAccount': bucket.account },
  }
}

/** What decides who may do what to an object. */
type Owned = Pick<ObjectDescription, 'tags' | 'owner' | 'acl'>

/**
 * An object, existing or not, as policies see it. Where ACLs are enabled it may belong to another account than the bucket: then
 * that account is trusted, and the bucket policy can deny but not allow (S3 User Guide, "Object-level operations").
 */
export function objectResource(bucket: BucketRecord, key: string, call: S3Call, object?: Owned): Resource {
  if (aclsEnabled(bucket)) return ownedResource(bucket, key, call, object)
  return {
    arn: objectArn(bucket.name, key),
    account: bucket.account,
    guard: 'ordinary',
    publicAccessBlock: bucket.publicAccessBlock,
    policy: policyInForce(bucket, call),
    context: objectKeys(bucket, object),
  }
}

function ownedResource(bucket: BucketRecord, key: string, call: S3Call, object: Owned | undefined): Resource {
  const account = object ? ownerOf(bucket, object) : bucket.account
  const foreign = account !== bucket.account
  return {
    arn: objectArn(bucket.name, key),
    account,
    guard: 'ordinary',
    publicAccessBlock: bucket.publicAccessBlock,
    policy: foreign ? denialsInForce(bucket, call) : policyInForce(bucket, call),
    acl: objectAcl(bucket, object, call),
    context: objectKeys(bucket, object),
  }
}

const objectKeys =
  ({ account }: BucketRecord, object: Owned | undefined) =>
  () => ({
    's3:ResourceAccount': account,
    ...tagKeys('s3:ExistingObjectTag', object?.tags),
  })

/**
 * A place in a bucket that is written to or deleted from: a matter of the bucket, whoever owns what is there. Its ACL lets others
 * write, but not touch what is not theirs (S3 User Guide, "What permissions can I grant?").
 * @param replaced what is there now, if anything
 */
export function placeResource(
  bucket: BucketRecord,
  key: string,
  call: S3Call,
  replaced: () => Pick<ObjectDescription, 'owner'> | undefined,
): Resource {
  return {
    arn: objectArn(bucket.name, key),
    account: bucket.account,
    guard: 'ordinary',
    publicAccessBlock: bucket.publicAccessBlock,
    policy: policyInForce(bucket, call),
    acl: bucket.acl && writeAcl(bucket, call, replaced),
    context: { 's3:ResourceAccount': bucket.account },
  }
}

function writeAcl(bucket: BucketRecord, call: S3Call, replaced: () => Pick<ObjectDescription, 'owner'> | undefined) {
  const acl = bucketAcl(bucket, call)
  const there = acl && replaced()
  return there && ownerOf(bucket, there) !== writerOf(call, bucket) ? undefined : acl
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

/** Of the operations that s3:PutObject covers, those that make an object (S3 User Guide, "Enforce conditional writes"). */
const CREATING: ReadonlySet<string> = new Set(['PutObject', 'CopyObject', 'CompleteMultipartUpload'])

/** `s3:ObjectCreationOperation`: so that a policy can demand conditions of them, and let uploads begin. */
export const creationKey = ({ operation }: Pick<Call, 'operation'>): Keys => ({
  's3:ObjectCreationOperation': String(CREATING.has(operation)),
})

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
