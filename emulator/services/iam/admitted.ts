import type { Principal } from '../../access/types.ts'
import { AwsError } from '../../lib/awsError.ts'
import type { AnyRow } from '../../operation/define.ts'

/**
 * A row that IAM's own restrictions guard: federated users, and session tokens made without MFA, cannot call IAM at all
 * (facts: H2; AWS: GetFederationToken, GetSessionToken). IAM does not know such tokens.
 */
export function admitted({ operation, row }: AnyRow): AnyRow {
  return {
    operation,
    row: {
      ...row,
      subject(input, call) {
        if (isShutOut(call.caller.principal)) {
          throw new AwsError('InvalidClientTokenId', 403, 'The security token included in the request is invalid')
        }
        return row.subject?.(input, call)
      },
    },
  }
}

function isShutOut(principal: Principal): boolean {
  if (principal.kind === 'federated') return true
  return (principal.kind === 'user' || principal.kind === 'root') && principal.session?.mfa === false
}
