import type { Principal } from '../../../access/types.ts'
import { accountOfAccessKeyId } from '../../../lib/accessKeyId.ts'
import { AwsError } from '../../../lib/awsError.ts'
import { sts } from '../service.ts'
import { UNSOURCED } from '../unsourced.ts'

const getCallerIdentity = sts.row('GetCallerIdentity', {
  // Needs no permission and cannot be denied (facts: C1 step 0).
  action: null,
  readOnly: true,
  run(_input, { caller: { principal } }) {
    return { UserId: userId(principal), Account: accountOf(principal), Arn: arnOf(principal) }
  },
})

const userId = (principal: Principal) => ('userId' in principal ? principal.userId : undefined)
const accountOf = (principal: Principal) => ('account' in principal ? principal.account : undefined)
const arnOf = (principal: Principal) => ('arn' in principal ? principal.arn : undefined)

const getAccessKeyInfo = sts.row('GetAccessKeyInfo', {
  action: 'sts:GetAccessKeyInfo',
  readOnly: true,
  run({ AccessKeyId = '' }, call) {
    const Account = accountOfKey(AccessKeyId, call.env.directory.lookup(AccessKeyId, undefined, call.time))
    if (Account === undefined) throw new AwsError('ValidationError', 400, UNSOURCED.invalidKeyId(AccessKeyId))
    return { Account }
  },
})

/** Keys that exist tell their owner; of others the id itself does, whether or not they exist (AWS: GetAccessKeyInfo). */
function accountOfKey(
  id: string,
  known: { readonly found: boolean; readonly caller?: { readonly principal: Principal } },
) {
  const principal = known.caller?.principal
  return (principal && accountOf(principal)) ?? accountOfAccessKeyId(id)
}

export const callerIdentityRows = [getCallerIdentity, getAccessKeyInfo]
