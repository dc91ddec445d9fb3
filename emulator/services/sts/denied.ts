import { callerName, denialMessage } from '../../access/render.ts'
import type { Decision } from '../../access/types.ts'
import { AwsError } from '../../lib/awsError.ts'

/** STS's AccessDenied (facts: C12, H3). */
export function denied(decision: Decision): AwsError {
  return accessDenied(denialText(decision))
}

export const accessDenied = (text: string): AwsError => new AwsError('AccessDenied', 403, text)

function denialText(decision: Decision): string {
  const { layer, crossAccount, request } = decision
  // Unsigned calls have no name to be told.
  if (request.principal.kind === 'anonymous') return `Not authorized to perform ${request.action}`
  if (!crossAccount || layer !== 'trust') return denialMessage(decision, { form: 'generic' })
  // Another account is not told what the role trusts, nor whether there is one.
  return `User: ${callerName(request.principal)} is not authorized to perform: ${request.action} on resource: ${request.resource}`
}
