import type { AuthorizationRequest, PolicySource } from '../types.ts'
import { calledBy, type Place } from './places.ts'
import { allowStatement, isYetToBe, principalArn, type Parts } from './statement.ts'
import type { Change } from './types.ts'

/** The change that adds an Allow for exactly the request to a policy, or makes a policy of it where there is none. */
export function adding(
  { kind, target, policy, where }: Pick<Place, 'kind' | 'target' | 'policy' | 'where'>,
  source: PolicySource | undefined,
  request: AuthorizationRequest,
  parts: Parts,
): Change {
  const variables = source?.policy.version !== '2008-10-17'
  const add = allowStatement(request, parts, variables)
  // In an older document a `*` or `?` is a pattern, whatever is done.
  const loose =
    !variables && parts.resource === undefined && /[*?]/.test(request.resource) && !isYetToBe(request.resource)
  return {
    kind,
    target,
    ...(policy !== undefined && { policy }),
    where,
    what: JSON.stringify(add),
    add,
    ...(loose && { alsoOpens: namesakes(request) }),
    ...(isYetToBe(request.resource) && add['Resource'] !== '*' && { alsoOpens: allOfIt(request) }),
  }
}

const allOfIt = ({ principal, action, resource }: AuthorizationRequest) =>
  `${action} on all of ${resource}, for ${calledBy(principalArn(principal))}: what is yet to be made has no name`

const namesakes = ({ principal, action }: AuthorizationRequest) =>
  `${action} on names that differ where this one has a wildcard, for ${calledBy(principalArn(principal))}: documents of version 2008-10-17 cannot quote it`
