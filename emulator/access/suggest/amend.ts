import { matchCondition, type Condition } from '../condition/condition.ts'
import { compileActions, matchAction } from '../match/action.ts'
import { namesPrincipals, type Question } from '../match/statement.ts'
import { matchPrincipal } from '../match/principal.ts'
import type { AuthorizationRequest, CompiledStatement, ContextValue, Layer, PolicySource } from '../types.ts'
import { namesOnly, statementAt } from './document.ts'
import { placeOf, type Place } from './places.ts'
import { literal, plain } from './statement.ts'
import { inPlaceOf } from './text.ts'
import type { Change, PolicyStatement } from './types.ts'
import { isExactly, listOf } from './without.ts'

/**
 * An Allow for exactly this caller, action and resource, of which only the values of conditions differ: with the request's own values
 * besides. Nothing but this request's circumstances is opened by that.
 */
export function amend(
  sources: readonly (PolicySource | undefined)[],
  layer: Layer,
  request: AuthorizationRequest,
): Change | undefined {
  for (const source of sources) {
    if (!source || source.fixed) continue
    const place = placeOf(source, layer, request)
    if (!place.editable) continue
    for (const statement of source.policy.allows) {
      const change = amended(source, statement, layer, place, request)
      if (change) return change
    }
  }
  return undefined
}

function amended(
  source: PolicySource,
  compiled: CompiledStatement,
  layer: Layer,
  place: Place,
  request: AuthorizationRequest,
): Change | undefined {
  const { principal, resource, context } = request
  const question: Question = { principal, action: request.action.toLowerCase(), resource, context, simulated: false }
  const written = statementAt(source, compiled.index, request)
  const variables = source.policy.version === '2012-10-17'
  const named = !namesPrincipals(layer) || matchPrincipal(compiled.principals, principal, context, 'Allow').matches
  const mine = named && (place.private || namesOnly(written, layer, request))
  if (!mine || !isAbout(written, place, variables, request)) return undefined
  const failing = compiled.conditions.filter((condition) => !matchCondition(condition, question).matches)
  const conditions = failing.reduce<PolicyStatement | undefined>(
    (made, condition) => made && widened(made, condition, context.get(condition.name), variables),
    (written['Condition'] ?? {}) as PolicyStatement,
  )
  if (failing.length === 0 || !conditions) return undefined
  const at = { policy: source.name, statement: compiled.index, sid: compiled.sid ?? null }
  const replace = { ...at, with: [{ ...written, Condition: conditions }] }
  const { kind, target, policy, where } = place
  return { kind, target, ...(policy !== undefined && { policy }), where, what: inPlaceOf(replace), replace }
}

/** Whether the statement speaks of the request's action and resource only. */
function isAbout(
  statement: PolicyStatement,
  { universe }: Place,
  variables: boolean,
  { action, resource }: AuthorizationRequest,
): boolean {
  const actions = listOf(statement['Action'])
  const resources = listOf(statement['Resource'])
  const [only = ''] = actions
  return (
    actions.length === 1 &&
    !/[*?]/.test(only) &&
    matchAction(compileActions(actions, false), action.toLowerCase()).matches &&
    (universe === 'one' || (resources.length === 1 && resources.every((each) => isExactly(each, resource, variables))))
  )
}

/** Operators whose values may be added to, and how a value is written for them. */
const QUOTED: Readonly<Record<string, (value: string, variables: boolean) => string>> = {
  StringEquals: plain,
  StringEqualsIgnoreCase: plain,
  StringLike: literal,
  ArnEquals: literal,
  ArnLike: literal,
  IpAddress: (value) => value,
}

function widened(
  block: PolicyStatement,
  { operator, key, use }: Condition,
  actual: ContextValue | undefined,
  variables: boolean,
): PolicyStatement | undefined {
  const quoted = use && use.test !== 'null' ? QUOTED[use.test.name] : undefined
  if (!quoted || actual === undefined) return undefined
  const tests = block[operator] as PolicyStatement
  const values = [tests[key], ...[actual].flat().map((value) => quoted(value, variables))].flat()
  return { ...block, [operator]: { ...tests, [key]: [...new Set(values)] } }
}
