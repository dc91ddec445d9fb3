import { policySource } from '../document.ts'
import type { AuthorizationRequest, Grant, Grantee, Layer, PolicySet, PolicySource, Principal } from '../types.ts'
import type { Change, GrantToMake, PolicyStatement } from './types.ts'

/**
 * The policies as they would be after a change, as far as they bear on the request: to make sure that a suggestion helps. What no
 * policy holds (`acl-or-other`) is taken as done: the fixed policy that stood for it is gone.
 */
export function afterChange(policies: PolicySet, change: Change, request: AuthorizationRequest): PolicySet {
  if (change.grant) return { ...policies, grants: [...(policies.grants ?? []), grantOf(change.grant, request)] }
  const { kind } = change
  switch (kind) {
    case 'key-policy':
    case 'bucket-policy':
    case 'trust':
      return { ...policies, resource: edited(policies.resource ?? newSource('resource', change), change) }
    case 'endpoint':
      return { ...policies, endpoint: policies.endpoint && edited(policies.endpoint, change) }
    case 'acl-or-other':
      return { ...policies, resource: policies.resource?.fixed ? undefined : policies.resource }
    case 'scp':
    case 'rcp':
      return { ...policies, [kind]: policies[kind]?.map((level, i) => within(level, kind, change, i === change.level)) }
    default:
      return inOwn(policies, change)
  }
}

/** A managed policy may stand in several layers. */
function inOwn(policies: PolicySet, change: Change): PolicySet {
  const { identity, boundary, session } = policies
  return {
    ...policies,
    identity: within(identity, 'identity', change, change.kind === 'identity'),
    boundary: boundary && (isMeant(boundary, change) ? edited(boundary, change) : boundary),
    session: session && within(session, 'session', change, change.kind === 'session'),
  }
}

/** The policy that is meant is edited; where none is, there is a new one. */
function within(sources: readonly PolicySource[], layer: Layer, change: Change, here: boolean): PolicySource[] {
  if (change.policy !== undefined)
    return sources.map((source) => (isMeant(source, change) ? edited(source, change) : source))
  return here ? [...sources, edited(newSource(layer, change), change)] : [...sources]
}

/** Whether a change is one of this policy. */
export function isMeant({ arn, name, holder, layer }: PolicySource, { policy, target, kind }: Change): boolean {
  if (arn !== undefined) return arn === policy
  return name === policy && layer === kind && (holder === undefined || holder === target)
}

const newSource = (layer: Layer, { target }: Change): PolicySource =>
  policySource({ layer, name: 'new', holder: target ?? undefined, text: '{"Version":"2012-10-17","Statement":[]}' })

function edited({ layer, name, arn, holder, text }: PolicySource, change: Change): PolicySource {
  return policySource({ layer, name, arn, holder, text: editedText(text, change) })
}

/** A policy document after a change. */
export function editedText(text: string, { add, remove, replace }: Change): string {
  const document = JSON.parse(text) as { readonly Statement: PolicyStatement | readonly PolicyStatement[] }
  const statements: PolicyStatement[] = [document.Statement].flat()
  if (remove) statements.splice(remove.statement, 1)
  if (replace) statements.splice(replace.statement, 1, ...replace.with)
  if (add) statements.push(add)
  return JSON.stringify({ ...document, Statement: statements })
}

function grantOf({ Operations, Constraints }: GrantToMake, request: AuthorizationRequest): Grant {
  return {
    id: 'new',
    grantee: granteeOf(request.principal),
    operations: Operations,
    constraints: Constraints && { equals: Constraints.EncryptionContextEquals },
    issuingAccount: request.resourceAccount ?? '',
  }
}

function granteeOf(principal: Principal): Grantee {
  switch (principal.kind) {
    case 'user':
      return { kind: 'user', id: principal.userId }
    case 'role':
      return { kind: 'role', id: principal.roleId }
    case 'federated':
      return { kind: 'federated', arn: principal.arn }
    default:
      throw new Error(`no grant names a caller of kind \`${principal.kind}\``)
  }
}
