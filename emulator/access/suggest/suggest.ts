import { evaluate } from '../evaluate.ts'
import { policiesInForce } from '../inForce.ts'
import { statementReach, type Question } from '../match/statement.ts'
import type { AuthorizationRequest, Decision, Layer, PolicySet, PolicySource } from '../types.ts'
import { asGrant, inIdentity, inResource } from './allow.ts'
import { amend } from './amend.ts'
import { afterChange } from './apply.ts'
import { beyondPolicies } from './beyond.ts'
import { narrowDeny, type Struck } from './deny.ts'
import { inLevel, inLimit } from './limits.ts'
import { untilAccepted } from './publicAccess.ts'
import { measured } from './size.ts'
import type { Change, Suggestion } from './types.ts'

/**
 * What would let a denied request through, least privilege first: each suggestion by itself, all of its changes together. Every one
 * has been tried: with its changes the request is allowed. Costs far more than deciding; pure.
 */
export function suggest({ allowed, request, policies }: Decision): readonly Suggestion[] {
  if (allowed) return []
  const start = withoutDenies(request, policies)
  const found = new Map<string, Suggestion>()
  for (const way of WAYS)
    // Where a statement is there already and only its conditions' values differ, that is the smaller change.
    for (const amending of [true, false]) {
      const made = complete(request, start, way, amending)
      const changes = made && measured(untilAccepted(made, request, policies), request, policies)
      if (changes) found.set(JSON.stringify(changes), { title: titleOf(changes, request), changes })
    }
  if (found.size === 0) return [beyondPolicies(request, policies)]
  // What AWS takes as it is comes first.
  return [...found.values()].sort((a, b) => Number(isTooLong(a)) - Number(isTooLong(b)))
}

const isTooLong = ({ changes }: Suggestion) => changes.some(({ tooLong }) => tooLong !== undefined)

/** How the caller is let in, where there is a choice. */
type Way = 'identity' | 'resource' | 'grant'
const WAYS: readonly Way[] = ['identity', 'resource', 'grant']

interface State {
  readonly policies: PolicySet
  readonly changes: readonly Change[]
}

/** Every Deny that strikes, narrowed: no Allow outweighs one. */
function withoutDenies(request: AuthorizationRequest, policies: PolicySet): State {
  let state: State = { policies, changes: [] }
  const seen = new Set<string>()
  for (const struck of strikes(request, policies)) {
    const { source, statement } = struck
    // A managed policy may stand in several layers, and at several levels.
    const id = `${source.arn ?? `${source.layer} ${source.holder ?? ''} ${source.name}`} ${String(statement.index)}`
    if (seen.has(id)) continue
    seen.add(id)
    const change = narrowDeny(struck, request)
    if (change) state = after(state, change, request)
  }
  return state
}

const after = ({ policies, changes }: State, change: Change, request: AuthorizationRequest): State => ({
  policies: afterChange(policies, change, request),
  changes: [...changes, change],
})

/** In the order of evaluation; of one policy the last statement first, because positions move behind a change. */
function strikes(request: AuthorizationRequest, given: PolicySet): Struck[] {
  const { scp = [], rcp = [], endpoint, resource, identity, boundary, session } = policiesInForce(request, given)
  const { principal, resource: name, context } = request
  const question: Question = {
    principal,
    action: request.action.toLowerCase(),
    resource: name,
    context,
    simulated: false,
  }
  const of = (layer: Layer, sources: readonly (PolicySource | undefined)[]): Struck[] =>
    sources.flatMap((source) =>
      (source?.policy.denies ?? [])
        .filter((statement) => statementReach(statement, question, layer) !== 'none')
        .reverse()
        .flatMap((statement) => (source ? [{ source, layer, statement }] : [])),
    )
  return [
    ...of('scp', scp.flat()),
    ...of('rcp', rcp.flat()),
    ...of('endpoint', [endpoint]),
    ...of(request.guard === 'trust' ? 'trust' : 'resource', [resource]),
    ...of('identity', identity),
    ...of('boundary', [boundary]),
    ...of('session', session ?? []),
  ]
}

/** More changes than layers and levels are never needed. */
const MOST = 24

/** Adds what lacks, layer by layer as the engine names them; undefined when this way does not lead in. */
function complete(
  request: AuthorizationRequest,
  start: State,
  way: Way,
  amending: boolean,
): readonly Change[] | undefined {
  let state = start
  let named = false
  for (let i = 0; i < MOST; i++) {
    const decision = evaluate(request, state.policies)
    if (decision.allowed) return state.changes
    if (decision.effect === 'explicit-deny') return undefined
    const { layer, crossAccount } = decision
    // In the same account the resource may let the caller in as well as its own policies.
    const side = layer === 'identity' && !crossAccount && way !== 'identity' ? 'resource' : layer
    let change: Change | undefined
    if (side === 'resource' || side === 'trust') {
      if (named) return undefined
      named = true
      change = letIn(request, state.policies, way, amending)
    } else change = lacking(side, request, state.policies, amending)
    if (!change) return undefined
    state = after(state, change, request)
  }
  return undefined
}

function letIn(request: AuthorizationRequest, policies: PolicySet, way: Way, amending: boolean): Change | undefined {
  if (way === 'identity') return undefined
  if (way === 'grant') return asGrant(request, policies)
  const layer = request.guard === 'trust' ? 'trust' : 'resource'
  return (amending ? amend([policies.resource], layer, request) : undefined) ?? inResource(request, policies)
}

function lacking(
  layer: Layer,
  request: AuthorizationRequest,
  policies: PolicySet,
  amending: boolean,
): Change | undefined {
  if (layer === 'identity' || layer === 'session') {
    const amended = amending ? amend(policies[layer] ?? [], layer, request) : undefined
    return amended ?? (layer === 'identity' ? inIdentity(request, policies) : inLimit(layer, request, policies))
  }
  if (layer !== 'scp' && layer !== 'rcp') return inLimit(layer, request, policies)
  const levels = policies[layer] ?? []
  // The first level that does not allow, which is the one the engine stopped at.
  const level = levels.findIndex((sources) => !allows(sources, layer, request))
  return inLevel(layer, level, levels[level] ?? [], request)
}

function allows(sources: readonly PolicySource[], layer: Layer, request: AuthorizationRequest): boolean {
  const { principal, resource, context } = request
  const question: Question = { principal, action: request.action.toLowerCase(), resource, context, simulated: false }
  return sources.some(({ policy }) => policy.allows.some((each) => statementReach(each, question, layer) !== 'none'))
}

function titleOf(changes: readonly Change[], { action }: AuthorizationRequest): string {
  const parts = changes.map(({ where, remove, replace, add, grant }) => {
    if (grant) return `make a grant of ${action}`
    if (add) return `allow ${action} ${where}`
    if (remove) return `remove the Deny ${where}`
    if (!replace) return `allow public policies ${where}`
    return replace.with.some(({ Effect }) => Effect === 'Allow')
      ? `let the condition hold ${where}`
      : `narrow the Deny ${where}`
  })
  return parts.join(', and ')
}
