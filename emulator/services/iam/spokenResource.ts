import { parseArn } from '../../lib/arn.ts'

/** Operations whose denials name an ARN; the others name a kind and a name. */
const BY_ARN = /^iam:(?:Create(?!Policy)|Tag|Untag|Simulate|PassRole$|DeleteServiceLinkedRole$)/

/**
 * How IAM's denials name what was asked for, as seen in many published AccessDenied texts: `user jackson`, `role deploy`,
 * `instance profile web`, `policy arn:aws:iam::…:policy/x`; but an ARN for Create…, tags, simulation and lists
 * (`arn:aws:iam::…:user/`), `policy x` for CreatePolicy and `policy path /` for ListPolicies.
 */
export function spokenResource(action: string, arn: string): string {
  const resource = parseArn(arn)?.resource
  if (resource === undefined) return arn
  const slash = resource.indexOf('/')
  const type = resource.slice(0, slash)
  const name = resource.slice(resource.lastIndexOf('/') + 1)
  if (action === 'iam:ListPolicies') return `policy path ${resource.slice(slash)}`
  if (action === 'iam:CreatePolicy') return `policy ${name}`
  if (name === '' || (BY_ARN.test(action) && !OF_AN_ENTITY.has(action))) return arn
  if (type === 'policy') return `policy ${arn}`
  if (type === 'instance-profile') return `instance profile ${name}`
  return type === 'user' || type === 'role' || type === 'group' ? `${type} ${name}` : arn
}

/** Things created within an existing entity, or a new version of one. */
const OF_AN_ENTITY: ReadonlySet<string> = new Set([
  'iam:CreateAccessKey',
  'iam:CreateLoginProfile',
  'iam:CreatePolicyVersion',
])
