import type { AssumeRoleWithWebIdentityRequest } from '@aws-sdk/client-sts'
import type { Check } from '../../../operation/define.ts'
import { auditFacts } from '../audit.ts'
import { accessDenied } from '../denied.ts'
import { roleNamed, roleResource, roleSeconds, roleSession, type NamedRole } from '../roles.ts'
import { sts } from '../service.ts'
import { packedSize, sessionPoliciesOf } from '../sessionPolicies.ts'
import { beginSession } from '../sessions.ts'
import { sessionTagsFor, tagContext } from '../sessionTags.ts'
import { issuerContext, sessionClaims, type SessionClaims } from '../webIdentity/claims.ts'
import { verifyIdentity, type Identity } from '../webIdentity/token.ts'

interface Proof {
  readonly identity: Identity
  readonly session: SessionClaims
}

/** The proof is filled in while the call is admitted: verifying a signature takes its time. */
interface Subject extends NamedRole {
  proof?: Proof
}

function* checksOf(input: AssumeRoleWithWebIdentityRequest, proof: Proof, main: Check): Generator<Check> {
  const { identity, session } = proof
  const context = {
    'aws:FederatedProvider': identity.provider.arn,
    'sts:RoleSessionName': input.RoleSessionName,
    'sts:SourceIdentity': session.sourceIdentity,
    'sts:TransitiveTagKeys': session.transitiveTagKeys.length > 0 ? session.transitiveTagKeys : undefined,
    ...issuerContext(identity),
    ...tagContext(session.tags),
  }
  yield { ...main, context }
  if (session.tags.length > 0) yield { ...main, context, action: 'sts:TagSession' }
  if (session.sourceIdentity !== undefined) yield { ...main, context, action: 'sts:SetSourceIdentity' }
}

const assumeRoleWithWebIdentity = sts.row('AssumeRoleWithWebIdentity', {
  action: 'sts:AssumeRoleWithWebIdentity',
  anonymous: true,
  subject: (input, call): Subject => roleNamed(input.RoleArn, call),
  resource: (_input, _call, subject) => roleResource(subject),
  async *admit(input, call, subject, main) {
    const identity = await verifyIdentity(input.WebIdentityToken ?? '', subject.account, call)
    const proof: Proof = { identity, session: sessionClaims(identity) }
    subject.proof = proof
    yield* checksOf(input, proof, main)
  },
  run(input, call, { role, proof }) {
    // Only reached when denials are let through: then as little is told.
    if (!role || !proof) throw accessDenied('Not authorized to perform sts:AssumeRoleWithWebIdentity')
    const { identity, session } = proof
    const seconds = roleSeconds(input.DurationSeconds, role, call)
    const tags = sessionTagsFor(session.tags, session.transitiveTagKeys, {})
    const policies = sessionPoliciesOf(input, call)
    const PackedPolicySize = packedSize(policies, tags.sessionTags)
    const principal = roleSession(role, input.RoleSessionName ?? '', call, {
      ...tags,
      sourceIdentity: session.sourceIdentity,
      federatedProvider: identity.provider.arn,
    })
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
      SubjectFromWebIdentityToken: identity.subject,
      AssumedRoleUser: { AssumedRoleId: principal.userId, Arn: principal.arn },
      PackedPolicySize,
      Provider: identity.provider.arn,
      Audience: identity.audience,
      SourceIdentity: session.sourceIdentity,
      SessionTokenSize: Credentials.SessionToken.length,
    }
  },
  audit: (input, output, subject) => auditFacts(input, output, subject),
})

export const webIdentityRows = [assumeRoleWithWebIdentity]
