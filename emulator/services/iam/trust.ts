import { bindPrincipals, unbindPrincipals } from '../../access/bind.ts'
import { parseArn } from '../../lib/arn.ts'
import type { Directory } from '../../operation/call.ts'
import { checkDocument, sizeOf } from './documents.ts'
import { overQuota } from './errors.ts'
import type { TrustPolicy } from './state.ts'

/** Characters of a role's trust policy, white space not counted (AWS: IAM quotas). */
const MOST_CHARACTERS = 2048

/**
 * A trust policy as it is stored: principals by unique id. Users and roles that it names must exist.
 * Throws MalformedPolicyDocument, LimitExceeded.
 */
export function storedTrust(text: string, directory: Directory): TrustPolicy {
  checkDocument(text, 'trust', { principalExists: (arn) => exists(arn, directory) })
  if (sizeOf(text) > MOST_CHARACTERS) throw overQuota('ACLSizePerRole', MOST_CHARACTERS)
  return { text: bindPrincipals(text, (arn) => directory.principalId(arn)) }
}

/** As answers show it: ARNs again, but for what has been deleted. */
export const shownTrust = ({ text }: TrustPolicy, directory: Directory): string =>
  unbindPrincipals(text, (id) => directory.principalArn(id))

/** Sessions and federated users may be named before there are any (captures 4.2). */
function exists(arn: string, directory: Directory): boolean {
  const parsed = parseArn(arn)
  const named = parsed?.service === 'iam' && /^(?:user|role)\//.test(parsed.resource)
  return !named || directory.principalId(arn) !== undefined
}
