import { parseArn } from '../../lib/arn.ts'
import { invalidInput, noSuchEntity } from './errors.ts'
import { policyRecord, type IamCall } from './names.ts'

/** Whether an account can attach this policy: its own, or AWS's. */
export function attachable(arn: string, call: IamCall): boolean {
  const owner = parseArn(arn)?.account
  return (owner === call.account || owner === 'aws') && policyRecord(arn, call.state) !== undefined
}

/** Throws AWS's refusal unless the policy can serve as a permissions boundary here. */
export function checkBoundary(arn: string | undefined, call: IamCall): void {
  if (arn === undefined) return
  if (parseArn(arn) === undefined) throw invalidInput(`ARN ${arn} is not valid.`)
  if (!attachable(arn, call)) throw noSuchEntity(`Scope ARN: ${arn} does not exist or is not attachable.`)
}

/** As answers show it; the type is `Policy` on the wire (captures 12.4). */
export const boundaryView = (arn: string | undefined) =>
  arn === undefined
    ? undefined
    : {
        PermissionsBoundary: {
          // The SDK's enum has the API guide's spelling, which is not what AWS sends.
          PermissionsBoundaryType: 'Policy' as 'PermissionsBoundaryPolicy',
          PermissionsBoundaryArn: arn,
        },
      }
