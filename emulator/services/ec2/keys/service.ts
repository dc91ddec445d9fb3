import type { KeyCallOptions } from '../../../operation/define.ts'
import type { Ec2Call, HeldGrant } from '../state.ts'

/** Whom EC2's grants are for, and who may retire them (facts: B4). */
export const ebsService = (region: string): string => `ec2.${region}.amazonaws.com`

/**
 * For KMS calls that EBS makes in its own name, through its grants: Decrypt, RetireGrant. CloudTrail names them by another name than
 * the grants do (facts: B4).
 */
export const asEbs = ({ env }: Ec2Call, region: string): KeyCallOptions => ({
  as: env.directory.servicePrincipal(ebsService(region)),
  invokedBy: `prod.kms-caller.ebs.${region}.amazonaws.com`,
  region,
})

/** The encryption context of whatever belongs to a volume or snapshot. */
export const ebsContext = (id: string): Record<string, string> => ({ 'aws:ebs:id': id })

/** KMS operations of tasks that end with giving up a grant. */
export const RETIRE = { retire: 'RetireGrant' } as const

/** Gives a grant up. That the key is gone, or somebody has revoked the grant, is recorded and stops nothing. */
export async function retire(
  grant: HeldGrant,
  call: Ec2Call<{
    readonly retire: (request: { KeyId: string; GrantId: string }, options?: KeyCallOptions) => object | Promise<object>
  }>,
): Promise<void> {
  const region = grant.keyArn.split(':')[3] ?? call.region
  try {
    await call.keys.retire({ KeyId: grant.keyArn, GrantId: grant.id }, asEbs(call, region))
  } catch {
    // In the trace of the call.
  }
}
