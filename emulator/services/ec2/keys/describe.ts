import { AwsError } from '../../../lib/awsError.ts'
import type { Keys } from '../../../operation/define.ts'
import { invalidValue } from '../errors.ts'
import type { Ec2Call } from '../state.ts'

export const DESCRIBE = { describe: 'DescribeKey' } as const

export interface UsableKey {
  readonly arn: string
  /** AWS's own for the account: `alias/aws/ebs`. */
  readonly isManaged: boolean
}

/**
 * Looks at a key as the caller does, before EBS is to use it, and tells what it is (CopySnapshot: facts captures 4.3; ModifyEbsDefaultKmsKeyId
 * is not recorded and is taken to be alike).
 * Throws InvalidParameterValue for a key that is not there or cannot be used, AuthFailure where the caller may not look.
 */
export async function requireUsableKey(keyId: string, call: Ec2Call<Keys<typeof DESCRIBE>>): Promise<UsableKey> {
  const { KeyMetadata } = await describe(keyId, call)
  const { Arn, KeyState, KeySpec, KeyUsage, KeyManager } = KeyMetadata ?? {}
  if (KeyState === 'Disabled') throw invalidValue(`The specified keyId ${keyId} is disabled`)
  const usable = KeyState === 'Enabled' && KeySpec === 'SYMMETRIC_DEFAULT' && KeyUsage === 'ENCRYPT_DECRYPT'
  if (!usable || Arn === undefined) throw invalidKey(keyId)
  return { arn: Arn, isManaged: KeyManager === 'AWS' }
}

async function describe(keyId: string, call: Ec2Call<Keys<typeof DESCRIBE>>) {
  try {
    return await call.keys.describe({ KeyId: keyId })
  } catch (error) {
    if (!(error instanceof AwsError)) throw error
    // AWS's text ends with a space.
    if (error.code === 'AccessDeniedException')
      throw new AwsError('AuthFailure', 403, `Not authorized to use key ${keyId} `)
    throw invalidKey(keyId)
  }
}

const invalidKey = (keyId: string) => invalidValue(`The specified keyId ${keyId} is invalid`)
