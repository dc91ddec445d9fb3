import { policySource } from '../../../access/document.ts'
import type { PolicySource } from '../../../access/types.ts'
import type { Call } from '../../../operation/call.ts'
import type { BucketPolicyRecord, BucketRecord } from '../state.ts'
import { isPublicPolicy } from './public.ts'

interface ReadPolicy {
  readonly source: PolicySource
  readonly isPublic: boolean
}

/** One reading per version of a policy: a new policy is a new record. */
const read = new WeakMap<BucketPolicyRecord, ReadPolicy>()

function readPolicy(record: BucketPolicyRecord): ReadPolicy {
  let known = read.get(record)
  if (!known) {
    const { text } = record
    known = {
      source: policySource({ layer: 'resource', name: 'bucket policy', text }),
      isPublic: isPublicPolicy(text),
    }
    read.set(record, known)
  }
  return known
}

/** Whether the bucket's policy lets everyone in. */
export const hasPublicPolicy = ({ policy }: BucketRecord): boolean =>
  policy !== undefined && readPolicy(policy).isPublic

/**
 * The bucket policy as it bears on this caller. RestrictPublicBuckets: a public policy counts only for the owner's account and for
 * AWS services (S3 User Guide, "Block public access settings").
 */
export function policyInForce(
  bucket: BucketRecord,
  { caller, account }: Pick<Call, 'caller' | 'account'>,
): PolicySource | undefined {
  if (!bucket.policy) return undefined
  const { source, isPublic } = readPolicy(bucket.policy)
  const outsider = account !== bucket.account && caller.principal.kind !== 'service'
  return isPublic && outsider && bucket.publicAccessBlock?.restrictPublicBuckets ? undefined : source
}
