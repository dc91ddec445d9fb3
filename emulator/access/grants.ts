import { accountOf } from './inForce.ts'
import type { Reach } from './match/principal.ts'
import type { AuthorizationRequest, ConditionContext, Grant, GrantConstraints, Grantee } from './types.ts'

export type GrantBecause =
  | 'grant-matches'
  /** The action cannot be allowed by grants. */
  | 'not-grantable'
  | 'operation-not-granted'
  | 'not-the-grantee'
  | 'encryption-context-differs'
  /** A child grant must lie within one parent (facts: E3). */
  | 'child-operations-exceed'
  | 'child-constraints-looser'

export interface GrantMatch {
  readonly matches: boolean
  readonly because: GrantBecause
  readonly reach: Reach
}

const miss = (because: GrantBecause): GrantMatch => ({ matches: false, because, reach: 'none' })
const NOT_GRANTABLE = miss('not-grantable')
const NO_OPERATION = miss('operation-not-granted')
const NOT_GRANTEE = miss('not-the-grantee')
const CONTEXT_DIFFERS = miss('encryption-context-differs')
const CHILD_OPERATIONS = miss('child-operations-exceed')
const CHILD_CONSTRAINTS = miss('child-constraints-looser')
const hit = (reach: Reach): GrantMatch => ({ matches: true, because: 'grant-matches', reach })
const HITS = { delegated: hit('delegated'), limited: hit('limited'), free: hit('free') } as const

/** Whether a grant allows the request, and how far it reaches (facts: E2, C3). */
export function matchGrant(grant: Grant, request: AuthorizationRequest): GrantMatch {
  const { grantOperation, childGrant, encryptionContext } = request
  if (grantOperation === undefined) return NOT_GRANTABLE
  if (!grant.operations.includes(grantOperation)) return NO_OPERATION
  const reach = granteeReach(grant.grantee, request)
  if (reach === 'none') return NOT_GRANTEE
  if (childGrant) {
    if (!childGrant.operations.every((operation) => grant.operations.includes(operation))) return CHILD_OPERATIONS
    if (!isAtLeastAsTight(childGrant.constraints, grant.constraints)) return CHILD_CONSTRAINTS
  } else if (encryptionContext && !holds(grant.constraints, encryptionContext)) return CONTEXT_DIFFERS
  return HITS[reach]
}

/** As for the same names in a policy: a role's grant stays within boundary and session policies, a session's does not. */
function granteeReach(grantee: Grantee, { principal, context }: AuthorizationRequest): Reach {
  if (grantee.kind === 'account') return accountOf(principal) === grantee.account ? 'delegated' : 'none'
  switch (principal.kind) {
    case 'user':
      return grantee.kind === 'user' && principal.userId === grantee.id ? 'free' : 'none'
    case 'role':
      if (grantee.kind === 'session') return principal.userId === grantee.id ? 'free' : 'none'
      return grantee.kind === 'role' && principal.roleId === grantee.id ? 'limited' : 'none'
    case 'federated':
      if (grantee.kind === 'federated') return principal.arn === grantee.arn ? 'free' : 'none'
      return grantee.kind === 'user' && principal.issuerId === grantee.id ? 'limited' : 'none'
    case 'service':
      return grantee.kind === 'service' && isService(grantee, principal.service, context) ? 'free' : 'none'
    default:
      return 'none'
  }
}

/** The resource that a service acts for is checked on the service's own requests only (facts: E1). */
const isService = (
  { service, sourceArn }: Extract<Grantee, { kind: 'service' }>,
  caller: string,
  context: ConditionContext,
) => service === caller && (sourceArn === undefined || context.get('aws:sourcearn') === sourceArn)

type Pairs = Readonly<Record<string, string>>

/** Equals asks for the same pairs, Subset for at least its own; both by exact spelling. */
function holds(constraints: GrantConstraints | undefined, context: Pairs): boolean {
  if (constraints?.equals && !samePairs(constraints.equals, context)) return false
  return !constraints?.subset || includesPairs(context, constraints.subset)
}

/** A parent's Equals asks the child for the same Equals; a parent's Subset for a Subset or an Equals that holds its pairs. */
function isAtLeastAsTight(child: GrantConstraints | undefined, parent: GrantConstraints | undefined): boolean {
  if (parent?.equals && !(child?.equals && samePairs(child.equals, parent.equals))) return false
  if (!parent?.subset) return true
  const pairs = child?.equals ?? child?.subset
  return pairs !== undefined && includesPairs(pairs, parent.subset)
}

const samePairs = (a: Pairs, b: Pairs) => Object.keys(a).length === Object.keys(b).length && includesPairs(a, b)

function includesPairs(whole: Pairs, part: Pairs): boolean {
  for (const [name, value] of Object.entries(part))
    if (!Object.hasOwn(whole, name) || whole[name] !== value) return false
  return true
}
