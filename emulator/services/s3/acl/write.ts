import { AwsError } from '../../../lib/awsError.ts'
import type { Call } from '../../../operation/call.ts'
import { callerArn } from '../callers.ts'
import { accessDenied } from '../errors.ts'
import { objectArn } from '../names.ts'
import type { AclGrant, BucketRecord, ObjectDescription } from '../state.ts'
import { isPublicAcl } from './grants.ts'
import { aclsEnabled, canonicalOwner, ownershipOf, writerOf } from './ownership.ts'
import { hasGrantHeaders, headerAcl } from './requested.ts'

/** Whose ACLs nobody can set (facts: A2). */
export const aclsNotSupported = (): AwsError =>
  new AwsError('AccessControlListNotSupported', 400, 'The bucket does not allow ACLs')

/** The ACL with which everything is the bucket owner's: accepted even where ACLs are disabled. */
export const OWNERS_OWN = 'bucket-owner-full-control'

type Written = Pick<ObjectDescription, 'owner' | 'acl'>
const NOTHING: Written = {}

/**
 * Who will own an object that is written, and its ACL. Throws AccessControlListNotSupported where ACLs are disabled, and
 * AccessDenied where BlockPublicAcls forbids a public one: S3 says so before it looks at permissions.
 */
export function writtenOwnership(
  { ACL, Key = '' }: { readonly ACL?: string | undefined; readonly Key?: string | undefined },
  bucket: BucketRecord,
  call: Pick<Call, 'http' | 'caller' | 'account' | 'operation'>,
): Written {
  if (!aclsEnabled(bucket)) {
    if (hasGrantHeaders(call) || !leavesToOwner(ACL, bucket, call)) throw aclsNotSupported()
    return NOTHING
  }
  const surrenders = ownershipOf(bucket) === 'BucketOwnerPreferred' && ACL === OWNERS_OWN
  const owner = surrenders ? bucket.account : writerOf(call, bucket)
  const acl = headerAcl(ACL, call, { owner: canonicalOwner(owner), bucketOwner: canonicalOwner(bucket.account) })
  const action = call.operation === 'CopyObject' ? 's3:CopyObject' : 's3:PutObject'
  if (acl) refusePublicAcl(acl, bucket, action, objectArn(bucket.name, Key), call)
  return { ...(owner !== bucket.account && { owner }), ...(acl && { acl }) }
}

/**
 * Whether a canned ACL says what is the case where ACLs are disabled: nobody but the bucket's owner has access. From the owner's own
 * account `private` says so as well; rclone and others send it with everything, and fail at real buckets of other accounts only
 * (rclone issue 6413).
 */
function leavesToOwner(ACL: string | undefined, bucket: BucketRecord, call: Pick<Call, 'caller' | 'account'>): boolean {
  if (ACL === undefined || ACL === OWNERS_OWN) return true
  return ACL === 'private' && writerOf(call, bucket) === bucket.account
}

/** Whether a write sets an ACL that says more than S3's own, for which permission is needed. */
export function setsAcl(ACL: string | undefined, bucket: BucketRecord, call: Pick<Call, 'http'>): boolean {
  return aclsEnabled(bucket) && ((ACL !== undefined && ACL !== 'private') || hasGrantHeaders(call))
}

/** BlockPublicAcls, in S3's words (S3 User Guide, "Access denied due to Block Public Access settings"). */
export function refusePublicAcl(
  acl: readonly AclGrant[],
  { publicAccessBlock, account }: BucketRecord,
  action: string,
  arn: string,
  call: Pick<Call, 'caller' | 'account'>,
): void {
  if (!publicAccessBlock?.blockPublicAcls || !isPublicAcl(acl)) return
  const caller = callerArn(call)
  // Strangers are told no reason (facts: denials 1.4).
  throw accessDenied(
    caller === undefined || call.account !== account
      ? undefined
      : `User: ${caller} is not authorized to perform: ${action} on resource: "${arn}" because public ACLs are prevented by the BlockPublicAcls setting in S3 Block Public Access.`,
  )
}
