import type { AssumeRoleRequest } from '@aws-sdk/client-sts'
import type { ContextValue, Tags } from '../../../access/types.ts'
import type { Check } from '../../../operation/define.ts'
import { auditFacts } from '../audit.ts'
import { accessDenied } from '../denied.ts'
import { refuseMfa } from '../mfa.ts'
import { roleNamed, roleResource, roleSeconds, roleSession, type NamedRole } from '../roles.ts'
import { sts } from '../service.ts'
import { packedSize, sessionPoliciesOf } from '../sessionPolicies.ts'
import { beginSession, type StsCall } from '../sessions.ts'
import { inheritedTags, sessionTagsFor, tagContext } from '../sessionTags.ts'

interface Subject extends NamedRole {
  readonly inherited: Tags
  /** Given in this call or, once given, carried through the chain. */
  readonly sourceIdentity: string | undefined
}

function subjectOf(input: AssumeRoleRequest, call: StsCall): Subject {
  const named = roleNamed(input.RoleArn, call)
  const { principal } = call.caller
  if (principal.kind === 'root') throw accessDenied('Roles may not be assumed by root accounts.')
  refuseMfa(input)
  const carried = principal.kind === 'role' ? principal.sourceIdentity : undefined
  return { ...named, inherited: inheritedTags(call), sourceIdentity: carried ?? input.SourceIdentity }
}

/** What the checks of one AssumeRole see of the request (AWS: IAM and STS condition keys). */
const contextOf = (input: AssumeRoleRequest, subject: Subject): Record<string, ContextValue | undefined> => ({
  'sts:ExternalId': input.ExternalId,
  'sts:RoleSessionName': input.RoleSessionName,
  'sts:SourceIdentity': subject.sourceIdentity,
  'sts:TransitiveTagKeys': input.TransitiveTagKeys,
  ...tagContext(input.Tags),
})

function* furtherChecks(input: AssumeRoleRequest, subject: Subject): Generator<Check> {
  const common = { resource: roleResource(subject), context: contextOf(input, subject) }
  const tagged = (input.Tags?.length ?? 0) > 0 || Object.keys(subject.inherited).length > 0
  if (tagged) yield { ...common, action: 'sts:TagSession' }
  if (subject.sourceIdentity !== undefined) yield { ...common, action: 'sts:SetSourceIdentity' }
}

const assumeRole = sts.row('AssumeRole', {
  action: 'sts:AssumeRole',
  subject: subjectOf,
  resource: (_input, _call, subject) => roleResource(subject),
  context: (input, _call, subject) => contextOf(input, subject),
  also: (input, _call, subject) => [...furtherChecks(input, subject)],
  run(input, call, subject) {
    const { role, sourceIdentity } = subject
    // Only reached when denials are let through: then as little is told.
    if (!role) throw accessDenied(`Not authorized to perform sts:AssumeRole`)
    const seconds = roleSeconds(input.DurationSeconds, role, call)
    const tags = sessionTagsFor(input.Tags, input.TransitiveTagKeys, subject.inherited)
    const policies = sessionPoliciesOf(input, call)
    const PackedPolicySize = packedSize(policies, tags.sessionTags)
    const principal = roleSession(role, input.RoleSessionName ?? '', call, { ...tags, sourceIdentity })
    const Credentials = call.env.store.transaction(() =>
      beginSession(call, {
        account: role.account,
        principal,
        seconds,
        policies,
        ...tags,
        minimumTokenSize: input.MinimumSessionTokenSize,
      }),
    )
    return {
      Credentials,
      AssumedRoleUser: { AssumedRoleId: principal.userId, Arn: principal.arn },
      PackedPolicySize,
      SessionTokenSize: Credentials.SessionToken.length,
      SourceIdentity: sourceIdentity,
    }
  },
  audit: (input, output, subject) => auditFacts(input, output, subject),
})

export const assumeRoleRows = [assumeRole]
