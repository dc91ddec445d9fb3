import type { Call } from '../../../operation/call.ts'
import { canonicalId } from '../names.ts'
import type { BucketRecord, ObjectDescription } from '../state.ts'

export type ObjectOwnership = 'BucketOwnerEnforced' | 'BucketOwnerPreferred' | 'ObjectWriter'

const OWNERSHIPS: ReadonlySet<string | undefined> = new Set([
  'BucketOwnerEnforced',
  'BucketOwnerPreferred',
  'ObjectWriter',
])
export const isOwnership = (name: string | undefined): name is ObjectOwnership => OWNERSHIPS.has(name)

/** The owner of what anonymous callers write. */
export const ANONYMOUS = 'anonymous'
/** AWS's canonical id of anonymous callers. */
export const ANONYMOUS_ID = '65a011a29cdf8ec533ec3d1ccaae921c'

/** Who owns new objects. A bucket without ownership controls is as buckets were before there were any. */
export function ownershipOf({ ownershipControls, objectOwnership }: BucketRecord): ObjectOwnership {
  return ownershipControls ? (objectOwnership ?? 'BucketOwnerEnforced') : 'ObjectWriter'
}

/** Whether ACLs, and owners other than the bucket's, count (S3 User Guide, "Controlling ownership of objects"). */
export const aclsEnabled = (bucket: BucketRecord): boolean => ownershipOf(bucket) !== 'BucketOwnerEnforced'

/** The account that owns an object, or `anonymous`. */
export function ownerOf(bucket: BucketRecord, { owner }: Pick<ObjectDescription, 'owner'>): string {
  return owner !== undefined && aclsEnabled(bucket) ? owner : bucket.account
}

/** Who would own what the caller writes; a service writes for the bucket's owner. */
export function writerOf({ caller, account }: Pick<Call, 'caller' | 'account'>, bucket: BucketRecord): string {
  const { kind } = caller.principal
  return kind === 'anonymous' ? ANONYMOUS : kind === 'service' ? bucket.account : account
}

/** By which answers and grants name an owner. */
export const canonicalOwner = (owner: string): string => (owner === ANONYMOUS ? ANONYMOUS_ID : canonicalId(owner))
