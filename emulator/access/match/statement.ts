import type { Condition } from '../condition/condition.ts'
import { matchCondition } from '../condition/condition.ts'
import type { Asking } from '../condition/comparison.ts'
import type { Layer, Principal } from '../types.ts'
import { matchAction, type ActionMatcher } from './action.ts'
import { matchPrincipal, type PrincipalMatcher, type Reach } from './principal.ts'
import { matchResource, type ResourceMatcher } from './resource.ts'

/** A statement with its matchers made. */
export interface CompiledStatement {
  /** From 0, in document order. */
  readonly index: number
  readonly sid: string | undefined
  readonly effect: 'Allow' | 'Deny'
  readonly actions: ActionMatcher | undefined
  readonly resources: ResourceMatcher | undefined
  readonly principals: PrincipalMatcher | undefined
  readonly conditions: readonly Condition[]
}

/** One authorization question in the form matchers want it. */
export interface Question extends Asking {
  readonly principal: Principal
  /** Lower case. */
  readonly action: string
  readonly resource: string
}

/** Layers whose policies name principals; in the others a Principal element means nothing. */
export const namesPrincipals = (layer: Layer) =>
  layer === 'resource' || layer === 'acl' || layer === 'trust' || layer === 'rcp' || layer === 'endpoint'

/**
 * Whether and how far a statement applies: `none` when it does not. Statements of layers that name no principals reach `free`.
 * The cheapest test comes first.
 */
export function statementReach(statement: CompiledStatement, question: Question, layer: Layer): Reach {
  if (!matchAction(statement.actions, question.action).matches) return 'none'
  let reach: Reach = 'free'
  if (namesPrincipals(layer)) {
    reach = matchPrincipal(statement.principals, question.principal, question.context, statement.effect).reach
    if (reach === 'none') return 'none'
  }
  const { resources, conditions } = statement
  if (!matchResource(resources, question.resource, question.context, layer === 'trust').matches) return 'none'
  return conditions.length === 0 || conditionsApply(conditions, question, statement.effect) ? reach : 'none'
}

/** All must hold; a malformed operand holds in a Deny unless another condition plainly fails. */
export function conditionsApply(conditions: readonly Condition[], question: Asking, effect: 'Allow' | 'Deny'): boolean {
  for (const condition of conditions) {
    const { matches, because } = matchCondition(condition, question)
    if (!matches && !(because === 'malformed-operand' && effect === 'Deny')) return false
  }
  return true
}
