import type { PolicyIdentifier } from '@aws-sdk/client-iam'
import { validationError } from './errors.ts'
import { isAwsManaged } from './managed/catalog.ts'
import type { StoredPolicy } from './policyOwner.ts'

/** What SimulatePrincipalPolicy leaves out (captures 11.5). Identifiers that match nothing are ignored. */
export interface Exclusions {
  /** Identity policies; an ARN or a type leaves a policy out as identity policy, not as boundary. */
  readonly leavesOut: (policy: StoredPolicy) => boolean
  readonly boundary: boolean
  readonly organization: boolean
  /** By ARN. */
  readonly leavesOutControlPolicy: (arn: string | undefined) => boolean
}

const INLINE_NAME = /^.*[\w+=,.@-]+.*$/

/** The one member of IAM's model whose refusal is recorded with its value (captures 11.5). */
export function checkExclusions(identifiers: readonly PolicyIdentifier[] | undefined): void {
  identifiers?.forEach((identifier, index) => {
    const name = identifier.InlinePolicyIdentifier?.PolicyName
    if (name === undefined || INLINE_NAME.test(name)) return
    throw validationError(
      `1 validation error detected: Value '${name}' at 'policyExclusionList.${String(index + 1)}.member.inlinePolicyIdentifier.policyName' ` +
        'failed to satisfy constraint: Member must satisfy regular expression pattern: .*[\\w+=,.@-]+.*',
    )
  })
}

export function exclusionsOf(identifiers: readonly PolicyIdentifier[] = []): Exclusions {
  const types = new Set(identifiers.flatMap(({ PolicyType }) => PolicyType ?? []))
  const arns = new Set(identifiers.flatMap(({ PolicyArn }) => PolicyArn ?? []))
  const inline = identifiers.flatMap(({ InlinePolicyIdentifier }) => InlinePolicyIdentifier ?? [])
  return {
    leavesOut(policy) {
      if (policy.kind === 'managed') {
        return arns.has(policy.arn) || types.has(isAwsManaged(policy.arn) ? 'aws-managed' : 'user-managed')
      }
      return (
        types.has('inline') ||
        inline.some(
          ({ AttachmentType, AttachmentName, PolicyName }) =>
            AttachmentType === policy.owner &&
            same(AttachmentName, policy.ownerName) &&
            wildcard(PolicyName ?? '').test(policy.name),
        )
      )
    },
    boundary: types.has('permission-boundary'),
    organization: types.has('scp'),
    leavesOutControlPolicy: (arn) => arn !== undefined && arns.has(arn),
  }
}

const same = (a: string | undefined, b: string): boolean => a?.toLowerCase() === b.toLowerCase()

/** Names may hold `*`; they are found without regard to case. */
const wildcard = (name: string): RegExp =>
  new RegExp(`^${name.replace(/[.*+?^${}()|[\]\\]/g, (c) => (c === '*' ? '.*' : `\\${c}`))}$`, 'i')
