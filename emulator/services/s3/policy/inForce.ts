import { policySource } from '../../../access/document.ts'
import type { PolicySource } from '../../../access/types.ts'
import type { Call } from '../../../operation/call.ts'
import type { BucketPolicyRecord, BucketRecord } from '../state.ts'
import { isPublicPolicy } from '../../../access/publicPolicy.ts'

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

type Asking = Pick<Call, 'caller' | 'account'>

/**
 * The bucket policy as it bears on this caller. RestrictPublicBuckets: while the policy is public, nobody but the owner's account and
 * AWS services comes in, ACL or not, and the denial is explicit (S3 User Guide, "Block public access settings" and "Access denied due
 * to Block Public Access settings").
 */
export function policyInForce(bucket: BucketRecord, { caller, account }: Asking): PolicySource | undefined {
  if (!bucket.policy) return undefined
  const { source, isPublic } = readPolicy(bucket.policy)
  const outsider = account !== bucket.account && caller.principal.kind !== 'service'
  return isPublic && outsider && bucket.publicAccessBlock?.restrictPublicBuckets ? RESTRICTED : source
}

const RESTRICTED = policySource({
  layer: 'resource',
  name: 'RestrictPublicBuckets',
  fixed: true,
  text: JSON.stringify({
    Version: '2012-10-17',
    Statement: { Sid: 'RestrictPublicBuckets', Effect: 'Deny', Principal: '*', Action: 's3:*', Resource: '*' },
  }),
})

/** What of it bears on objects of other accounts: it cannot let anybody in to them. */
export function denialsInForce(bucket: BucketRecord, call: Asking): PolicySource | undefined {
  const source = policyInForce(bucket, call)
  if (!source) return undefined
  const { denies, version } = source.policy
  const { layer, name, text } = source
  return denies.length === 0
    ? undefined
    : { layer, name, text, policy: { version, statements: denies, allows: [], denies } }
}
