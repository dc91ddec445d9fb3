import { bindPrincipals, unbindPrincipals } from '../../../access/bind.ts'
import { prettyPolicy } from '../../../access/pretty.ts'
import { validatePolicy } from '../../../access/validate.ts'
import { parseArn, rootArn } from '../../../lib/arn.ts'
import type { Directory } from '../../../operation/call.ts'
import { malformedPolicy } from '../errors.ts'
import type { KeyRecord, KmsCall } from '../state.ts'
import { policyTooLong } from '../unsourced.ts'
import { keyContext, keyPolicyOf } from './resource.ts'

/** Bytes (facts: B1). */
const LONGEST_POLICY = 32_768

/** What a key gets when CreateKey says nothing (facts: D1): the account's own policies decide. */
export const defaultPolicy = (account: string): string =>
  JSON.stringify({
    Version: '2012-10-17',
    Id: 'key-default-1',
    Statement: [
      {
        Sid: 'Enable IAM User Permissions',
        Effect: 'Allow',
        Principal: { AWS: rootArn(account) },
        Action: 'kms:*',
        Resource: '*',
      },
    ],
  })

/** A policy as it is to be stored. Throws MalformedPolicyDocumentException, LimitExceededException (facts: C11). */
export function acceptPolicy(text: string, directory: Directory): string {
  if (Buffer.byteLength(text) > LONGEST_POLICY) throw policyTooLong()
  const problem = validatePolicy(text, 'key', { principalExists: (arn) => principalExists(arn, directory) })
  if (problem) throw problem.fault === 'too-long' ? policyTooLong() : malformedPolicy(problem.message)
  return bindPrincipals(text, (arn) => directory.principalId(arn))
}

/** A policy as GetKeyPolicy shows it (facts: B15). */
export const shownPolicy = (key: KeyRecord, directory: Directory): string =>
  prettyPolicy(unbindPrincipals(key.policy, (id) => directory.principalArn(id)))

/**
 * The caller must be able to change the policy again (facts: C11).
 * @param key the key as it will be with the new policy
 */
export function preventLockout(key: KeyRecord, call: KmsCall): void {
  const able = call.may({
    action: 'kms:PutKeyPolicy',
    resource: {
      arn: key.arn,
      account: key.account,
      guard: 'key',
      policy: keyPolicyOf(key.policy),
      context: keyContext(key, call),
    },
  })
  if (!able) throw malformedPolicy('The new key policy will not allow you to update the key policy in the future.')
}

/** Users and roles must exist; whoever else a policy may name, does (facts: C2). */
function principalExists(arn: string, directory: Directory): boolean {
  const parsed = parseArn(arn)
  if (parsed?.service === 'iam' && /^(?:user|role)\//.test(parsed.resource)) {
    return directory.principalId(arn) !== undefined
  }
  if (parsed?.service !== 'sts') return true
  const [, role] = /^assumed-role\/([^/]+)\//.exec(parsed.resource) ?? []
  return role === undefined || directory.roleNamed(parsed.account, role) !== undefined
}
