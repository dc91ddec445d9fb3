import type { AuthorizationRequest, PolicySet, Principal } from './types.ts'

/** The caller's account; services and anonymous callers have none. */
export const accountOf = (principal: Principal): string | undefined =>
  principal.kind === 'anonymous' || principal.kind === 'service' ? undefined : principal.account

/**
 * The policies that bear on a request, of those at hand (facts: C1, C5): identity, boundary, session and service control policies
 * on an account's principals; organization policies not on service-linked roles; resource control policies not on
 * kms:RetireGrant nor where there is no resource. Mostly that is all of them, and then the very same object.
 */
export function policiesInForce(request: AuthorizationRequest, policies: PolicySet): PolicySet {
  const { principal, guard } = request
  const stranger = accountOf(principal) === undefined
  const linked = principal.kind === 'role' && principal.serviceLinked
  const noScp = (stranger || linked) && policies.scp !== undefined
  const noRcp = policies.rcp !== undefined && (linked || isExemptFromRcp(request))
  const noOwn = stranger && hasOwn(policies)
  const noResource = guard === 'none' && hasResourceSide(policies)
  if (!noScp && !noRcp && !noOwn && !noResource) return policies
  return {
    ...policies,
    ...(noScp && { scp: undefined }),
    ...(noRcp && { rcp: undefined }),
    ...(noOwn && { identity: [], boundary: undefined, session: undefined }),
    ...(noResource && { resource: undefined, acl: undefined, grants: undefined }),
  }
}

const isExemptFromRcp = ({ action, resource }: AuthorizationRequest) =>
  resource === '*' || action.toLowerCase() === 'kms:retiregrant'

const hasResourceSide = ({ resource, acl, grants }: PolicySet) =>
  resource !== undefined || acl !== undefined || grants !== undefined

const hasOwn = ({ identity, boundary, session }: PolicySet) =>
  identity.length > 0 || boundary !== undefined || session !== undefined
