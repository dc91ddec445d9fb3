import { matchCondition, type ConditionBecause } from './condition/condition.ts'
import { matchGrant, type GrantBecause } from './grants.ts'
import { policiesInForce } from './inForce.ts'
import { matchAction, type ActionBecause } from './match/action.ts'
import { matchPrincipal, type PrincipalBecause } from './match/principal.ts'
import { matchResource, type ResourceBecause } from './match/resource.ts'
import { conditionsApply, namesPrincipals, type Question } from './match/statement.ts'
import { nearMiss, type NearMiss } from './nearMiss.ts'
import { suggest } from './suggest/suggest.ts'
import type { Suggestion } from './suggest/types.ts'
import type {
  CompiledStatement,
  ConditionContext,
  ContextValue,
  Decision,
  Grant,
  GrantConstraints,
  Layer,
  PolicySource,
  Principal,
  ResourceSide,
} from './types.ts'

/** The answer of one part of a statement. */
export interface PartView<Because> {
  readonly matches: boolean
  readonly because: Because
}

export interface ConditionView extends PartView<ConditionBecause> {
  readonly operator: string
  readonly key: string
  readonly expected: readonly string[]
  /** Null when the request has no such key. */
  readonly actual: ContextValue | null
}

export interface StatementView {
  /** From 0, in document order. */
  readonly index: number
  readonly sid: string | null
  readonly effect: 'Allow' | 'Deny'
  /** Every part matches, so the statement takes effect. */
  readonly applies: boolean
  readonly action: PartView<ActionBecause>
  /** Null in policies that name no principals. */
  readonly principal: PartView<PrincipalBecause> | null
  readonly resource: PartView<ResourceBecause>
  readonly conditions: readonly ConditionView[]
}

export interface PolicyView {
  readonly name: string
  readonly arn: string | null
  /** The policy document as it is stored. */
  readonly document: string
  readonly statements: readonly StatementView[]
}

export interface GrantView extends PartView<GrantBecause> {
  readonly id: string
  readonly operations: readonly string[]
  readonly constraints: GrantConstraints | null
}

/** What a layer says by itself; whether that counts is the decision's matter. */
export type LayerAnswer = 'denies' | 'allows' | 'silent'

export interface LayerView {
  readonly layer: Layer
  /** SCPs and RCPs: from the organization's root (0) to the account; null elsewhere. */
  readonly level: number | null
  readonly answer: LayerAnswer
  readonly policies: readonly PolicyView[]
  readonly grants: readonly GrantView[]
}

/** A decision taken apart, as plain data. */
export interface Explanation {
  readonly action: string
  readonly resource: string
  readonly principal: {
    readonly kind: string
    readonly name: string
    readonly account: string | null
    /** How policies and grants name it: a session by its role. Null for anonymous callers. */
    readonly named: string | null
  }
  readonly guard: string
  /** The condition keys that the request brings along, in AWS's spelling. */
  readonly context: Readonly<Record<string, ContextValue>>
  /** What grant constraints are compared with; null where the action has none. */
  readonly encryptionContext: Readonly<Record<string, string>> | null
  /** Under which name grants list the action; null when none can allow it. */
  readonly grantOperation: string | null
  readonly crossAccount: boolean
  readonly allowed: boolean
  readonly effect: Decision['effect']
  readonly resourceSide: ResourceSide
  readonly decidedBy: {
    readonly layer: Layer
    readonly policy: string | null
    readonly arn: string | null
    /** Index and Sid of the statement that decided; null when none did. */
    readonly statement: number | null
    readonly sid: string | null
    readonly grant: string | null
  }
  /** Those that bear on the request, in the order of evaluation. */
  readonly layers: readonly LayerView[]
  /** For an implicit deny: the statement or grant that came closest to allowing. */
  readonly nearMiss: NearMiss | null
  /** What would let a denied request through: any one of them. Empty when it was allowed, or when no policy can allow it. */
  readonly suggestions: readonly Suggestion[]
}

/** Takes a decision apart: every layer, policy and statement, whether and why it matched. Costs far more than deciding. */
export function explain(decision: Decision): Explanation {
  const { request, source, statement, grant } = decision
  const { principal } = request
  const layers = layersOf(decision)
  return {
    action: request.action,
    resource: request.resource,
    principal: {
      kind: principal.kind,
      name:
        principal.kind === 'anonymous' ? 'anonymous' : principal.kind === 'service' ? principal.service : principal.arn,
      account: 'account' in principal ? principal.account : null,
      named: namedAs(principal),
    },
    guard: request.guard,
    context: contextView(request.context),
    encryptionContext: request.encryptionContext ?? null,
    grantOperation: request.grantOperation ?? null,
    crossAccount: decision.crossAccount,
    allowed: decision.allowed,
    effect: decision.effect,
    resourceSide: decision.resourceSide,
    decidedBy: {
      layer: decision.layer,
      policy: source?.name ?? null,
      arn: source?.arn ?? null,
      statement: statement?.index ?? null,
      sid: statement?.sid ?? null,
      grant: grant?.id ?? null,
    },
    layers,
    nearMiss: decision.effect === 'implicit-deny' ? nearMiss(decision.layer, layers) : null,
    suggestions: suggest(decision),
  }
}

function namedAs(principal: Principal): string | null {
  if (principal.kind === 'anonymous') return null
  if (principal.kind === 'service') return principal.service
  return principal.kind === 'role' ? principal.roleArn : principal.arn
}

function contextView(context: ConditionContext): Record<string, ContextValue> {
  const values = [...context.names()].flatMap((name) => {
    const value = context.get(name)
    return value === undefined ? [] : [[context.written?.(name) ?? name, value] as const]
  })
  return Object.fromEntries(values)
}

function layersOf(decision: Decision): LayerView[] {
  const { request } = decision
  const policies = policiesInForce(request, decision.policies)
  const question: Question = {
    principal: request.principal,
    action: request.action.toLowerCase(),
    resource: request.resource,
    context: request.context,
    simulated: false,
  }
  const view = (layer: Layer, sources: readonly PolicySource[], level: number | null = null) =>
    layerView(layer, level, sources, question)
  const layers: LayerView[] = []
  policies.scp?.forEach((level, i) => layers.push(view('scp', level, i)))
  policies.rcp?.forEach((level, i) => layers.push(view('rcp', level, i)))
  if (policies.endpoint) layers.push(view('endpoint', [policies.endpoint]))
  if (policies.resource) layers.push(view(request.guard === 'trust' ? 'trust' : 'resource', [policies.resource]))
  if (policies.acl) layers.push(view('acl', [policies.acl]))
  if (policies.grants) layers.push(grantLayer(policies.grants, decision))
  layers.push(view('identity', policies.identity))
  if (policies.boundary) layers.push(view('boundary', [policies.boundary]))
  if (policies.session) layers.push(view('session', policies.session))
  return layers
}

function layerView(
  layer: Layer,
  level: number | null,
  sources: readonly PolicySource[],
  question: Question,
): LayerView {
  const policies = sources.map((source) => ({
    name: source.name,
    arn: source.arn ?? null,
    document: source.text,
    statements: source.policy.statements.map((statement) => statementView(statement, question, layer)),
  }))
  const effects = policies.flatMap(({ statements }) => statements.filter(({ applies }) => applies))
  const says = (effect: 'Allow' | 'Deny') => effects.some((statement) => statement.effect === effect)
  return { layer, level, answer: says('Deny') ? 'denies' : says('Allow') ? 'allows' : 'silent', policies, grants: [] }
}

function statementView(statement: CompiledStatement, question: Question, layer: Layer): StatementView {
  const { principals, resources, actions, effect, index, sid } = statement
  const action = matchAction(actions, question.action)
  const principal = namesPrincipals(layer)
    ? matchPrincipal(principals, question.principal, question.context, effect)
    : null
  const resource = matchResource(resources, question.resource, question.context, layer === 'trust')
  const holds = conditionsApply(statement.conditions, question, effect)
  return {
    index,
    sid: sid ?? null,
    effect,
    applies: action.matches && (principal?.matches ?? true) && resource.matches && holds,
    action,
    principal: principal && { matches: principal.matches, because: principal.because },
    resource,
    conditions: statement.conditions.map((condition) => ({
      operator: condition.operator,
      key: condition.key,
      expected: condition.expected,
      actual: question.context.get(condition.name) ?? null,
      ...matchCondition(condition, question),
    })),
  }
}

function grantLayer(grants: readonly Grant[], { request }: Decision): LayerView {
  const views = grants.map((grant): GrantView => {
    const { matches, because } = matchGrant(grant, request)
    return { id: grant.id, operations: grant.operations, constraints: grant.constraints ?? null, matches, because }
  })
  const answer = views.some(({ matches }) => matches) ? 'allows' : 'silent'
  return { layer: 'grant', level: null, answer, policies: [], grants: views }
}
