import type { FederatedUser, Root, User } from '../../../access/types.ts'
import { formatArn, rootArn } from '../../../lib/arn.ts'
import type { Resource } from '../../../operation/define.ts'
import { auditFacts } from '../audit.ts'
import { accessDenied } from '../denied.ts'
import { refuseMfa } from '../mfa.ts'
import { sts } from '../service.ts'
import { packedSize, sessionPoliciesOf } from '../sessionPolicies.ts'
import { beginSession, isSession, type StsCall } from '../sessions.ts'
import { overlay, resourceTagContext, sessionTagsFor, tagContext } from '../sessionTags.ts'

const DEFAULT_SECONDS = 43_200
/** Longer sessions of the root user are cut to this, without an error (AWS: GetSessionToken). */
const ROOT_SECONDS = 3600

/** The long-term identity that asks. @throws AwsError AccessDenied for temporary credentials */
function longTermCaller(call: StsCall): User | Root {
  const { principal } = call.caller
  if (isSession(call) || (principal.kind !== 'user' && principal.kind !== 'root')) {
    throw accessDenied(`Cannot call ${call.operation} with session credentials`)
  }
  return principal
}

const secondsFor = (caller: User | Root, requested = DEFAULT_SECONDS) =>
  caller.kind === 'root' ? Math.min(requested, ROOT_SECONDS) : requested

const getSessionToken = sts.row('GetSessionToken', {
  // Needs no permission (facts: H2, captures 13).
  action: null,
  subject(input, call) {
    const caller = longTermCaller(call)
    refuseMfa(input)
    return caller
  },
  run(input, call, caller) {
    const Credentials = call.env.store.transaction(() =>
      beginSession(call, {
        account: caller.account,
        principal: { ...caller, session: { issuedAt: call.time, mfa: false } },
        seconds: secondsFor(caller, input.DurationSeconds),
        minimumTokenSize: input.MinimumSessionTokenSize,
      }),
    )
    return { Credentials, SessionTokenSize: Credentials.SessionToken.length }
  },
  audit: (input, output) => auditFacts(input, output),
})

interface Federation {
  readonly caller: User | Root
  readonly arn: string
}

const federatedResource = ({ caller, arn }: Federation): Resource => ({
  arn,
  account: caller.account,
  guard: 'none',
  context: caller.kind === 'user' ? resourceTagContext(caller.tags) : undefined,
})

const getFederationToken = sts.row('GetFederationToken', {
  action: 'sts:GetFederationToken',
  subject(input, call): Federation {
    const caller = longTermCaller(call)
    return { caller, arn: formatArn('sts', '', caller.account, `federated-user/${input.Name ?? ''}`) }
  },
  resource: (_input, _call, subject) => federatedResource(subject),
  context: (input) => tagContext(input.Tags),
  also: (input, _call, subject) =>
    (input.Tags?.length ?? 0) > 0
      ? [{ action: 'sts:TagSession', resource: federatedResource(subject), context: tagContext(input.Tags) }]
      : [],
  run(input, call, { caller, arn }) {
    const { sessionTags } = sessionTagsFor(input.Tags, undefined, {})
    const given = sessionPoliciesOf(input, call)
    const PackedPolicySize = packedSize(given, sessionTags)
    const name = input.Name ?? ''
    const principal: FederatedUser = {
      kind: 'federated',
      account: caller.account,
      arn,
      name,
      userId: `${caller.account}:${name}`,
      issuerArn: caller.kind === 'root' ? rootArn(caller.account) : caller.arn,
      issuerId: caller.userId,
      tags: overlay(caller.kind === 'user' ? caller.tags : {}, sessionTags),
      session: { issuedAt: call.time, mfa: false },
    }
    const Credentials = call.env.store.transaction(() =>
      beginSession(call, {
        account: caller.account,
        principal,
        seconds: secondsFor(caller, input.DurationSeconds),
        // Without session policies such a session may do nothing of its own (facts: C5).
        policies: given ?? { inline: undefined, arns: [] },
        sessionTags,
        minimumTokenSize: input.MinimumSessionTokenSize,
      }),
    )
    return {
      Credentials,
      FederatedUser: { FederatedUserId: principal.userId, Arn: arn },
      PackedPolicySize,
      SessionTokenSize: Credentials.SessionToken.length,
    }
  },
  audit: (input, output) => auditFacts(input, output),
})

export const userSessionRows = [getSessionToken, getFederationToken]
