import type { Decision, Layer, Principal } from './types.ts'

/** Whose words a denial is told in. */
export interface DenialStyle {
  /** `kms`: withholds other accounts' keys. `s3`: quotes ARNs, and says little to strangers. `generic`: IAM, STS, EC2. */
  readonly form: 'kms' | 's3' | 'generic'
  /** How the resource may be named; a KMS key of another account is never named by its ARN. */
  readonly mention?: 'arn' | 'this resource' | 'ciphertext' | 'nothing' | undefined
  /** Ends an explicit deny with the deciding policy's ARN, where it has one (AWS since 2026, service by service). */
  readonly policyArn?: boolean | undefined
}

/** AWS's sentence for a denial (facts: C12; denials §1). */
export function denialMessage(decision: Decision, style: DenialStyle): string {
  if (style.form === 's3' && isStranger(decision)) return 'Access Denied'
  const { request } = decision
  const head = `User: ${callerName(request.principal)} is not authorized to perform: ${request.action}`
  return `${head}${resourcePart(decision, style)}${reasonPart(decision, style)}`
}

/** Who the caller is, as denials write it. */
export function callerName(principal: Principal): string {
  if (principal.kind === 'anonymous') return 'anonymous'
  return principal.kind === 'service' ? principal.service : principal.arn
}

/** S3 explains itself within the account and the organization only (facts: denials §1.4). */
function isStranger({ crossAccount, request: { principal, context } }: Decision): boolean {
  if (principal.kind === 'anonymous') return true
  if (!crossAccount) return false
  const own = context.get('aws:principalorgid')
  return own === undefined || own !== context.get('aws:resourceorgid')
}

function resourcePart(decision: Decision, { form, mention = 'arn' }: DenialStyle): string {
  const { crossAccount, request } = decision
  if (mention === 'nothing') return ''
  if (mention === 'ciphertext' && crossAccount) return ' on the resource associated with this ciphertext'
  if (mention === 'this resource' || (form === 'kms' && crossAccount)) return ' on this resource'
  return form === 's3' && request.resource.startsWith('arn:aws:s3:')
    ? ` on resource: "${request.resource}"`
    : ` on resource: ${request.resource}`
}

const POLICY: Readonly<Record<Layer, string>> = {
  identity: 'identity-based policy',
  boundary: 'permissions boundary',
  session: 'session policy',
  scp: 'service control policy',
  rcp: 'resource control policy',
  endpoint: 'VPC endpoint policy',
  resource: 'resource-based policy',
  acl: 'resource-based policy',
  trust: 'role trust policy',
  grant: 'resource-based policy',
}

const WITHHELD =
  ' because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access'

function reasonPart(decision: Decision, style: DenialStyle): string {
  const { effect, layer, crossAccount, source, request } = decision
  // AWS does not tell another account what its key's policy says.
  if (style.form === 'kms' && crossAccount && layer === 'resource') return WITHHELD
  if (effect === 'implicit-deny') return ` because no ${POLICY[layer]} allows the ${request.action} action`
  const arn = style.policyArn === true && source?.arn !== undefined ? `: ${source.arn}` : ''
  return ` with an explicit deny in ${withArticle(layer)}${arn}`
}

function withArticle(layer: Layer): string {
  if (layer === 'trust') return 'the role trust policy'
  return `${layer === 'identity' ? 'an' : 'a'} ${POLICY[layer]}`
}
