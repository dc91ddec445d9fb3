import { denialMessage } from '../../access/render.ts'
import type { Decision } from '../../access/types.ts'
import { AwsError } from '../../lib/awsError.ts'
import type { Call } from '../../operation/call.ts'

/** EC2's refusal: the reason, and the decision encoded for sts:DecodeAuthorizationMessage (facts: captures 1.1). */
export function denied(decision: Decision, call: Pick<Call, 'env'>): AwsError {
  const { request } = decision
  // In the encoded message the action has no prefix (facts: captures 1.1).
  const action = request.action.slice(request.action.indexOf(':') + 1)
  const encoded = call.env.directory.encodedDenial({ ...decision, request: { ...request, action } })
  const because = denialMessage(decision, { form: 'generic' })
  return new AwsError(
    'UnauthorizedOperation',
    403,
    `You are not authorized to perform this operation. ${because}. Encoded authorization failure message: ${encoded}`,
  )
}
