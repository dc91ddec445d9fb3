import type { Check } from '../../../operation/define.ts'
import type { KmsCall } from '../state.ts'

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
