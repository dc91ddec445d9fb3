import { denialMessage } from '../../access/render.ts'
import type { Decision } from '../../access/types.ts'
import { AwsError } from '../../lib/awsError.ts'
import type { Call } from '../../operation/call.ts'

/**
 * EC2's refusal: the reason, and the decision encoded for sts:DecodeAuthorizationMessage (facts: captures 1.1). Where the action is about
 * no resource (Describe…), none is named and nothing is encoded (seen in public logs: karpenter issue aws-samples/cdk-eks-karpenter 120).
 */
export function denied(decision: Decision, call: Pick<Call, 'env'>): AwsError {
  const { request } = decision
  const about = request.resource !== '*'
  const because = denialMessage(decision, { form: 'generic', mention: about ? 'arn' : 'nothing' })
  const text = `You are not authorized to perform this operation. ${because}${about ? '.' : ''}`
  if (!about) return unauthorized(text)
  // In the encoded message the action has no prefix (facts: captures 1.1).
  const action = request.action.slice(request.action.indexOf(':') + 1)
  const encoded = call.env.directory.encodedDenial({ ...decision, request: { ...request, action } })
  return unauthorized(`${text} Encoded authorization failure message: ${encoded}`)
}

const unauthorized = (text: string) => new AwsError('UnauthorizedOperation', 403, text)
