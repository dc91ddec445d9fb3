import type { Grant, Principal } from '../../../access/types.ts'
import { keyPath, type GrantRecord, type KeyRecord, type KmsCall } from '../state.ts'

/** The grants on a key that could name this caller. Costs what these are, however many others the key has. */
export function grantsFor(key: KeyRecord, call: KmsCall): readonly Grant[] | undefined {
  const grants = call.state.grants.in()
  const path = keyPath(key)
  if (grants.count('key', path) === 0) return undefined
  const found: GrantRecord[] = []
  for (const name of namesOf(call.caller.principal)) {
    for (const [, grant] of grants.find('grantee', `${path}/${name}`)) found.push(grant)
  }
  return found
}

/** Under which `granteeKey` a caller may be listed. */
export function namesOf(principal: Principal): readonly string[] {
  switch (principal.kind) {
    case 'anonymous':
      return []
    case 'service':
      return [principal.service]
    case 'root':
      return [principal.account]
    case 'user':
      return [principal.userId, principal.account]
    case 'role':
      return [principal.userId, principal.roleId, principal.account]
    case 'federated':
      return [principal.arn, principal.issuerId, principal.account]
  }
}
