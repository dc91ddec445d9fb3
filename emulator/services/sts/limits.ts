import type { Principal } from '../../access/types.ts'

/** Operations that refuse such sessions themselves, in words of their own. */
const REFUSED_BY_THEIR_ROWS: ReadonlySet<string> = new Set(['GetSessionToken', 'GetFederationToken'])

/**
 * Whether AWS takes these temporary credentials for this operation at all, before any policy (facts: H2). Sessions from
 * GetSessionToken cannot call IAM without MFA, nor STS but for AssumeRole and GetCallerIdentity; those from GetFederationToken
 * neither IAM nor STS but for GetCallerIdentity. A refused call is answered as if the credentials were unknown:
 * `InvalidClientTokenId` 403.
 */
export function sessionMay(principal: Principal, service: string, operation: string): boolean {
  if (principal.kind !== 'user' && principal.kind !== 'root' && principal.kind !== 'federated') return true
  if (!principal.session) return true
  if (service === 'iam') return principal.kind !== 'federated' && principal.session.mfa
  if (service !== 'sts' || operation === 'GetCallerIdentity' || REFUSED_BY_THEIR_ROWS.has(operation)) return true
  return operation === 'AssumeRole' && principal.kind !== 'federated'
}
