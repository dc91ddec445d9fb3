import { namesOnly, statementAt } from './document.ts'
import type { AuthorizationRequest, CompiledStatement, Layer, PolicySource } from '../types.ts'
import { calledBy, placeOf, uneditable, type Place } from './places.ts'
import { unrestrict } from './publicAccess.ts'
import { literal, principalArn, tellingKey } from './statement.ts'
import { inPlaceOf, statementName } from './text.ts'
import type { Change, PolicyStatement } from './types.ts'
import { listOf, serviceOf, withoutAction, withoutResource, type Rest } from './without.ts'

/** A Deny that strikes the request. */
export interface Struck {
  readonly source: PolicySource
  readonly layer: Layer
  readonly statement: CompiledStatement
}

/** The Deny without this request's caller, action and resource, and if that can be written, with nothing else left out. */
export function narrowDeny({ source, layer, statement }: Struck, request: AuthorizationRequest): Change | undefined {
  // A setting that stands as a policy.
  if (source.fixed) return unrestrict(request)
  const place = placeOf(source, layer, request)
  const written = statementAt(source, statement.index, request)
  const left = leftOf(written, layer, place, source.policy.version === '2012-10-17', request)
  const at = { policy: source.name, statement: statement.index, sid: statement.sid ?? null }
  const { kind, target, policy } = place
  const where = place.editable ? place.where : uneditable(place)
  const change = { kind, target, ...(policy !== undefined && { policy }), where }
  const opens = left.alsoOpens === undefined ? {} : { alsoOpens: left.alsoOpens }
  if (left.statements.length === 0)
    return { ...change, what: `remove ${statementName(at)}, the Deny`, remove: at, ...opens }
  const replace = { ...at, with: left.statements }
  return { ...change, what: inPlaceOf(replace), replace, ...opens }
}

interface Left {
  readonly statements: readonly PolicyStatement[]
  readonly alsoOpens?: string
}

/** The Deny taken apart: for others, on other resources, and on this resource for other actions. */
function leftOf(
  statement: PolicyStatement,
  layer: Layer,
  place: Place,
  variables: boolean,
  request: AuthorizationRequest,
): Left {
  const elsewhere = withoutResource(statement, request, place.universe, variables)
  const here = elsewhere === undefined || elsewhere === 'empty' ? undefined : hereOnly(request)
  const otherwise = withoutAction(statement, request, serviceUnder(statement, layer, place, here), layer !== 'rcp')
  const sparing = place.private || namesOnly(statement, layer, request) ? 'nobody else' : exempting(statement, request)
  const pieces: PolicyStatement[] = typeof sparing === 'object' ? [sparing] : []
  if (typeof elsewhere === 'object') pieces.push({ ...without(statement, RESOURCES), ...elsewhere })
  if (typeof otherwise === 'object')
    pieces.push({ ...without(statement, here ? [...ACTIONS, ...RESOURCES] : ACTIONS), ...otherwise, ...here })
  const opens =
    sparing === undefined ? 'what the statement denies to others' : opensBesides(elsewhere, otherwise, request)
  return { statements: pieces.map(inOrder), ...(opens !== undefined && { alsoOpens: opens }) }
}

const ACTIONS = ['Action', 'NotAction']
const RESOURCES = ['Resource', 'NotResource']

const without = (statement: PolicyStatement, names: readonly string[]): PolicyStatement =>
  Object.fromEntries(Object.entries(statement).filter(([name]) => !names.includes(name)))

/** `*` is a pattern, too: what has no resource cannot be singled out. */
const hereOnly = ({ resource }: AuthorizationRequest) =>
  resource === '*' ? undefined : { Resource: literal(resource) }

/** The one service whose resources a piece speaks of, so that its other actions are that service's. */
function serviceUnder(
  statement: PolicyStatement,
  layer: Layer,
  { universe }: Place,
  here: { readonly Resource: string } | undefined,
): string | undefined {
  if (layer === 'trust') return 'sts'
  if (universe === 'one') return 'kms'
  if (universe !== 'any') return 's3'
  const services = new Set((here ? [here.Resource] : listOf(statement['Resource'])).map(serviceOf))
  const [service] = services
  return services.size === 1 ? service : undefined
}

function opensBesides(elsewhere: Rest, otherwise: Rest, { principal, action, resource }: AuthorizationRequest) {
  if (elsewhere !== undefined && otherwise !== undefined) return undefined
  const whom = `for ${calledBy(principalArn(principal))}, as far as it is allowed`
  if (otherwise !== undefined) return `${action} on the other resources of that statement, ${whom}`
  if (elsewhere !== undefined) return `the other actions of that statement on ${resource}, ${whom}`
  return `everything that the statement denies, ${whom}`
}

/**
 * The same Deny for everyone but the caller; undefined when the caller cannot be told by a condition. Of a negated operator's values
 * none may match, so one more spares one more.
 */
function exempting(statement: PolicyStatement, request: AuthorizationRequest): PolicyStatement | undefined {
  const { test, key, value } = tellingKey(request.principal)
  if (request.context.get(key.toLowerCase()) !== value) return undefined
  const operator = `${test}NotEquals`
  const conditions = (statement['Condition'] ?? {}) as Readonly<Record<string, Readonly<Record<string, unknown>>>>
  const tests = conditions[operator] ?? {}
  const same = Object.keys(tests).find((name) => name.toLowerCase() === key.toLowerCase()) ?? key
  const values = [tests[same] ?? []].flat()
  const all = values.length === 0 ? value : [...values, value]
  return { ...statement, Condition: { ...conditions, [operator]: { ...tests, [same]: all } } }
}

/** Sids are unique within a policy: the first piece keeps it. The elements stand in the usual order. */
function inOrder(statement: PolicyStatement, position: number): PolicyStatement {
  const entries = ELEMENTS.flatMap((name) => {
    const value = statement[name]
    return value === undefined || (name === 'Sid' && position > 0) ? [] : [[name, value] as const]
  })
  return Object.fromEntries(entries)
}

const ELEMENTS = ['Sid', 'Effect', 'Principal', 'NotPrincipal', ...ACTIONS, ...RESOURCES, 'Condition']
