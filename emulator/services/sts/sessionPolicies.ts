import { deflateRawSync } from 'node:zlib'
import { validatePolicy } from '../../access/validate.ts'
import type { Tags } from '../../access/types.ts'
import { AwsError } from '../../lib/awsError.ts'
import type { SessionPolicies } from '../../operation/call.ts'
import type { StsCall } from './sessions.ts'
import { UNSOURCED } from './unsourced.ts'

interface PolicyInput {
  readonly Policy?: string | undefined
  readonly PolicyArns?: readonly { readonly arn?: string | undefined }[] | undefined
}

/**
 * The session policies a request gives, checked as STS checks them (facts: C5).
 * @returns undefined when there are none
 * @throws AwsError MalformedPolicyDocument, ValidationError
 */
export function sessionPoliciesOf({ Policy, PolicyArns }: PolicyInput, call: StsCall): SessionPolicies | undefined {
  const arns = (PolicyArns ?? []).flatMap(({ arn }) => arn ?? [])
  if (Policy === undefined && arns.length === 0) return undefined
  if (Policy !== undefined) {
    const problem = validatePolicy(Policy, 'session')
    if (problem) throw new AwsError('MalformedPolicyDocument', 400, problem.message)
  }
  for (const arn of arns) {
    // STS models no error for a managed policy that is not there.
    if (!call.env.directory.managedPolicy(arn))
      throw new AwsError('ValidationError', 400, UNSOURCED.policyNotFound(arn))
  }
  return { inline: Policy, arns }
}

/** AWS's packed format and its limit are not published; this stands in for them. */
const PACKED_LIMIT = 2048

/**
 * How full the session token is, in percent of what policies and tags may take together; undefined when there are neither.
 * The measure is an approximation: deflated text.
 * @throws AwsError PackedPolicyTooLarge
 */
export function packedSize(policies: SessionPolicies | undefined, tags: Tags): number | undefined {
  if (!policies && Object.keys(tags).length === 0) return undefined
  const packed = deflateRawSync(
    JSON.stringify([policies?.inline ?? '', policies?.arns ?? [], Object.entries(tags).flat()]),
  )
  const percent = Math.ceil((packed.length * 100) / PACKED_LIMIT)
  if (percent <= 100) return percent
  throw new AwsError(
    'PackedPolicyTooLarge',
    400,
    `Packed policy consumes ${percent}% of allotted space, please use smaller policy.`,
  )
}
