import type { Principal } from '../../access/types.ts'
import type { Call } from '../../operation/call.ts'
import { ANONYMOUS_ID } from './acl/ownership.ts'
import { canonicalId } from './names.ts'

/** The ARN by which denials name the caller; undefined for anonymous and service callers. */
export function callerArn({ caller }: Pick<Call, 'caller'>): string | undefined {
  const { principal } = caller
  return principal.kind === 'anonymous' || principal.kind === 'service' ? undefined : principal.arn
}

/** Who began an upload (facts: captures 7.5): root by canonical id, others by ARN. */
export function initiatorOf(principal: Principal): { readonly id: string; readonly name?: string } {
  switch (principal.kind) {
    case 'root':
      return { id: canonicalId(principal.account) }
    case 'user':
      return { id: principal.arn, name: principal.userName }
    case 'role':
      return { id: principal.arn, name: `${principal.roleName}/${principal.sessionName}` }
    case 'federated':
      return { id: principal.arn, name: principal.name }
    case 'service':
      return { id: principal.service, name: principal.service }
    case 'anonymous':
      return { id: ANONYMOUS_ID }
  }
}
