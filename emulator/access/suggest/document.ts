import { unbindPrincipals } from '../bind.ts'
import { namesPrincipals } from '../match/statement.ts'
import type { AuthorizationRequest, Layer, PolicySource } from '../types.ts'
import { principalArn } from './statement.ts'
import type { PolicyStatement } from './types.ts'

/** A statement as it was written, but with the caller's ARN for its id. */
export function statementAt(
  { text }: PolicySource,
  index: number,
  { principal }: AuthorizationRequest,
): PolicyStatement {
  const own = (id: string) => {
    if (principal.kind === 'user') return id === principal.userId ? principal.arn : undefined
    if (principal.kind === 'federated') return id === principal.issuerId ? principal.issuerArn : undefined
    return principal.kind === 'role' && id === principal.roleId ? principal.roleArn : undefined
  }
  const { Statement } = JSON.parse(unbindPrincipals(text, own)) as { Statement: PolicyStatement | PolicyStatement[] }
  const statement = [Statement].flat()[index]
  // INVARIANT: the index is that of a statement compiled from this text.
  if (!statement) throw new Error(`a policy has no statement ${String(index)}`)
  return statement
}

/** Whether the statement names the caller and nobody else. */
export function namesOnly(statement: PolicyStatement, layer: Layer, { principal }: AuthorizationRequest): boolean {
  if (!namesPrincipals(layer)) return false
  const element = statement['Principal']
  if (typeof element !== 'object' || element === null) return false
  const named = Object.entries(element).flatMap(([type, value]) =>
    (Array.isArray(value) ? (value as unknown[]) : [value]).map((each) => `${type} ${String(each)}`),
  )
  if (principal.kind === 'service') return named.length === 1 && named[0] === `Service ${principal.service}`
  const self = principal.kind === 'root' ? undefined : principalArn(principal)
  return named.length === 1 && self !== undefined && named[0] === `AWS ${self}`
}
