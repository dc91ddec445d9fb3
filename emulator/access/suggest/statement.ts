import type { AuthorizationRequest, Principal } from '../types.ts'
import type { PolicyStatement } from './types.ts'

/** Operator, key and operand of each condition. */
export type Conditions = Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>

/**
 * A literal text where wildcards and variables would be read.
 * @param variables false in documents of version 2008-10-17: a `*` can then be told by its length only
 */
export const literal = (text: string, variables = true): string =>
  variables ? text.replace(/\$(?=\{)|[*?]/g, (special) => `\${${special}}`) : text.replaceAll('*', '?')

/** A literal text where variables would be read, but no wildcards: operands of StringEquals. */
export const plain = (text: string, variables = true): string => (variables ? text.replace(/\$(?=\{)/g, '${$}') : text)

/** What an Allow says besides action and resource. */
export interface Parts {
  readonly principal?: unknown
  /** Null: none is written. Left out: the one that was asked for. */
  readonly resource?: '*' | null | undefined
  /** With literal texts. */
  readonly conditions?: Conditions | undefined
}

/** The Allow for exactly what was asked; of a resource a name, and `*` only where the action has none. */
export function allowStatement(
  { action, resource }: AuthorizationRequest,
  { principal, resource: written, conditions = {} }: Parts,
  variables: boolean,
): PolicyStatement {
  const asked = isYetToBe(resource) ? resource : literal(resource, variables)
  const name = written === undefined ? asked : written
  return {
    Effect: 'Allow',
    ...(principal !== undefined && { Principal: principal }),
    Action: action,
    ...(name !== null && { Resource: name }),
    ...(Object.keys(conditions).length > 0 && { Condition: mapped(conditions, (text) => plain(text, variables)) }),
  }
}

/** What has no name until AWS gives it one, or none at all: `snapshot/*` is what EC2 asks for before there is a copy. */
export const isYetToBe = (resource: string): boolean => resource === '*' || /^arn:[^:]+:ec2:.*\/\*$/.test(resource)

const mapped = (conditions: Conditions, change: (text: string) => string) =>
  Object.fromEntries(
    Object.entries(conditions).map(([operator, tests]) => [
      operator,
      Object.fromEntries(
        Object.entries(tests).map(([key, value]) => [
          key,
          typeof value === 'string' ? change(value) : value.map(change),
        ]),
      ),
    ]),
  )

/** Conditions of several origins as one block. */
export const merge = (...all: readonly Conditions[]): Conditions => {
  const merged: Record<string, Conditions[string]> = {}
  for (const conditions of all)
    for (const [operator, tests] of Object.entries(conditions)) merged[operator] = { ...merged[operator], ...tests }
  return merged
}

/** How a resource's policy names the caller, and nobody else: the Principal element and what must hold besides. */
export function principalElement(request: AuthorizationRequest): {
  readonly principal: unknown
  readonly conditions: Conditions
} {
  const { principal, context } = request
  switch (principal.kind) {
    case 'anonymous': {
      const provider = context.get('aws:federatedprovider')
      if (typeof provider === 'string') return { principal: { Federated: provider }, conditions: webIdentity(request) }
      // `*` alone would let in whoever signs as well.
      return { principal: '*', conditions: onlyFor(request) }
    }
    case 'service':
      return {
        principal: { Service: principal.service },
        conditions: merge(...['aws:SourceAccount', 'aws:SourceArn'].map((key) => known(request, 'StringEquals', key))),
      }
    case 'root':
      // The root user's ARN stands for its whole account.
      return { principal: { AWS: principal.arn }, conditions: onlyFor(request) }
    case 'role':
      return { principal: { AWS: principal.roleArn }, conditions: {} }
    default:
      return { principal: { AWS: principal.arn }, conditions: {} }
  }
}

/** The claims that say whose token it is and for whom it was made, as condition keys of its provider. */
function webIdentity(request: AuthorizationRequest): Conditions {
  const found = [...request.context.names()].filter((name) => /:(?:aud|sub)$/.test(name) && !name.startsWith('aws:'))
  return merge(...found.map((name) => known(request, 'StringEquals', request.context.written?.(name) ?? name)))
}

/** The condition key that tells a caller from all others: a session by its role. */
export function tellingKey(principal: Principal): {
  readonly test: 'Arn' | 'String'
  readonly key: string
  readonly value: string
} {
  const arn = principalArn(principal)
  if (arn !== undefined) return { test: 'Arn', key: 'aws:PrincipalArn', value: arn }
  return principal.kind === 'service'
    ? { test: 'String', key: 'aws:PrincipalServiceName', value: principal.service }
    : { test: 'String', key: 'aws:PrincipalType', value: 'Anonymous' }
}

/** Narrows a statement that others fall under, too, to this caller. */
export function onlyFor(request: AuthorizationRequest): Conditions {
  const { test, key, value } = tellingKey(request.principal)
  return known(request, `${test}Equals`, key, value)
}

/** What aws:PrincipalArn says of a caller. */
export const principalArn = (principal: Principal): string | undefined =>
  principal.kind === 'role' ? principal.roleArn : 'arn' in principal ? principal.arn : undefined

/**
 * What is known of a use of a key and will be the same next time: the service it comes through, and the encryption context where
 * that names what is asked for. Of volumes and snapshots it names what is being made.
 */
export function keyConditions(request: AuthorizationRequest): Conditions {
  if (!request.action.startsWith('kms:')) return {}
  return merge(
    known(request, 'StringEquals', 'kms:ViaService'),
    ...contextPairs(request).map(([name, value]) =>
      known(request, 'StringEquals', `kms:EncryptionContext:${name}`, value),
    ),
    known(request, 'Bool', 'kms:GrantIsForAWSResource', 'true'),
    grantConditions(request),
  )
}

/** Of a grant that the caller makes itself: to whom, and for what. Else it could give away all uses of the key. */
function grantConditions(request: AuthorizationRequest): Conditions {
  const { action, context } = request
  if (action !== 'kms:CreateGrant' || context.get('kms:grantisforawsresource') === 'true') return {}
  const operations = context.get('kms:grantoperations')
  return {
    ...known(request, 'StringEquals', 'kms:GranteePrincipal'),
    ...(operations !== undefined && { 'ForAllValues:StringEquals': { 'kms:GrantOperations': [operations].flat() } }),
  }
}

/** Longer contexts would not fit into a user's inline policies. */
const MOST_PAIRS = 8
const LONGEST = 512

/** The pairs of the encryption context that the same request will bring again; empty when there are too many. */
export function contextPairs(request: AuthorizationRequest): readonly (readonly [name: string, value: string])[] {
  const { encryptionContext = {}, context, principal } = request
  const via = context.get('kms:viaservice')
  const all = Object.entries(encryptionContext)
  const lasting = all.filter(([name]) => {
    if (typeof via === 'string') return via.startsWith('s3.') && name === 'aws:s3:arn'
    // What services write in their own name (logs, reports) is called anew each time.
    return principal.kind !== 'service' || name === 'aws:cloudtrail:arn'
  })
  const length = lasting.reduce((sum, [name, value]) => sum + name.length + value.length, 0)
  return lasting.length > MOST_PAIRS || length > LONGEST ? [] : lasting
}

/** A condition that holds for this request; none where it would not. */
function known(request: AuthorizationRequest, operator: string, key: string, wanted?: string): Conditions {
  const value = request.context.get(key.toLowerCase())
  if (typeof value !== 'string' || (wanted !== undefined && value !== wanted)) return {}
  return { [operator]: { [key]: value } }
}
