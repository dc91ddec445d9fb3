import { REGIONS } from '../../../lib/regions.ts'
import type { RoleUsage } from '../../../operation/call.ts'
import type { Check } from '../../../operation/define.ts'
import type { KmsCall, KmsState } from '../state.ts'

/** The service that keeps related keys alike. Its role comes into being with an account's first multi-Region key (facts: B13). */
export const SYNCHRONIZER = 'mrk.kms.amazonaws.com'

const ROLE = 'AWSServiceRoleForKeyManagementServiceMultiRegionKeys'

/**
 * What the maker of an account's first multi-Region key needs besides; once the role is there, nobody is asked (facts: captures 7).
 * How AWS words the refusal is not recorded: it is worded as any other of KMS's.
 */
export function linkedRoleCheck({ account, env }: KmsCall): readonly Check[] {
  if (env.directory.roleNamed(account, ROLE)) return []
  return [
    {
      action: 'iam:CreateServiceLinkedRole',
      resource: {
        arn: `arn:aws:iam::${account}:role/aws-service-role/${SYNCHRONIZER}/${ROLE}`,
        account,
        guard: 'none',
      },
      context: { 'iam:AWSServiceName': SYNCHRONIZER },
    },
  ]
}

/** The role cannot go while the account has multi-Region keys (captures 7). */
export function multiRegionRoleUsage(account: string, state: KmsState): RoleUsage | undefined {
  const places = REGIONS.flatMap((region) => {
    const keys = [...state.keys.in(account, region).find('multiRegion', 'yes')]
    return keys.length === 0 ? [] : [{ region, resources: keys.map(([, { arn }]) => arn) }]
  })
  return places.length === 0 ? undefined : { reason: 'Account owns one or more multi-Region keys', places }
}
