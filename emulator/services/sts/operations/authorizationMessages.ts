import { AwsError } from '../../../lib/awsError.ts'
import { decodeAuthorizationMessage } from '../../../operation/authorizationMessage.ts'
import { existingSecret } from '../secrets.ts'
import { sts } from '../service.ts'
import { UNSOURCED } from '../unsourced.ts'

const decode = sts.row('DecodeAuthorizationMessage', {
  action: 'sts:DecodeAuthorizationMessage',
  readOnly: true,
  run({ EncodedMessage = '' }, call) {
    const secret = existingSecret(call.state, 'authorization-message')
    const DecodedMessage = secret && decodeAuthorizationMessage(EncodedMessage, secret)
    if (DecodedMessage === undefined) {
      throw new AwsError('InvalidAuthorizationMessageException', 400, UNSOURCED.invalidMessage)
    }
    return { DecodedMessage }
  },
  // Decisions are nothing for the trail.
  audit: () => ({ requestParameters: null, responseElements: null }),
})

export const authorizationMessageRows = [decode]
