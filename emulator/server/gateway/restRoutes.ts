import { parseParams, type Params } from '../../wire/params.ts'
import type { OperationModel, ServiceModel } from '../../wire/schema.ts'
import { shapeOf, type Member } from '../../wire/shape.ts'

/** What a path and a query mean, by the service's model. */
export interface Routed {
  readonly operation: OperationModel
  /** The members of the input that stand in the path, the query and the headers. */
  readonly input: Readonly<Record<string, unknown>>
}

interface Route {
  readonly operation: OperationModel
  readonly segments: readonly Segment[]
  /** Constant query of the URI: name, and value when the URI gives one. */
  readonly constants: readonly (readonly [string, string | undefined])[]
}

type Segment = { readonly constant: string } | { readonly label: string; readonly greedy: boolean }

const tables = new WeakMap<ServiceModel, ReadonlyMap<string, readonly Route[]>>()

/**
 * Finds the operation of a REST request. Unlike the routers of the services that are here it knows paths of any kind, because it
 * serves services of any kind; and where two operations fit, it takes the one that says more.
 * @param path percent-encoded, without the query
 */
export function routeRest(
  model: ServiceModel,
  request: { method: string; path: string; query: string; headers: Readonly<Record<string, string | undefined>> },
): Routed | undefined {
  const params = parseParams(request.query)
  const parts = segmentsOf(request.path)
  for (const route of tableOf(model).get(request.method) ?? []) {
    const labels = route.constants.every((constant) => isThere(constant, params)) && labelsOf(route.segments, parts)
    if (labels) return { operation: route.operation, input: inputOf(route.operation, labels, params, request.headers) }
  }
  return undefined
}

function tableOf(model: ServiceModel): ReadonlyMap<string, readonly Route[]> {
  let table = tables.get(model)
  if (!table) tables.set(model, (table = compile(model)))
  return table
}

function compile(model: ServiceModel): ReadonlyMap<string, readonly Route[]> {
  const routes = new Map<string, Route[]>()
  for (const operation of model.operations.values()) {
    if (!operation.http) continue
    const [path = '', query = ''] = operation.http.uri.split('?')
    const list = routes.get(operation.http.method) ?? []
    list.push({ operation, segments: segmentsOf(path).map(segment), constants: constantsOf(query) })
    routes.set(operation.http.method, list)
  }
  for (const list of routes.values()) list.sort((a, b) => weight(b) - weight(a))
  return routes
}

/** A constant says more than a label, a label more than one that takes whatever follows. */
const weight = ({ segments, constants }: Route) =>
  segments.reduce((sum, part) => sum + ('constant' in part ? 10_000 : part.greedy ? 0 : 100), constants.length)

/** `/a/b` and `/a/b/` are the same. */
const segmentsOf = (path: string) => path.replace(/^\/|\/$/g, '').split('/')

function segment(text: string): Segment {
  if (!text.startsWith('{')) return { constant: text }
  return text.endsWith('+}') ? { label: text.slice(1, -2), greedy: true } : { label: text.slice(1, -1), greedy: false }
}

/** `x-id` only names the operation for the sender's logs. */
const constantsOf = (query: string) =>
  query
    .split('&')
    .filter((part) => part !== '' && !part.startsWith('x-id='))
    .map((part): [string, string | undefined] => {
      const [name = '', value] = part.split('=')
      return [name, value]
    })

const isThere = ([name, value]: readonly [string, string | undefined], params: Params) =>
  value === undefined || value === '' ? name in params : params[name] === value

function labelsOf(segments: readonly Segment[], parts: readonly string[]): Record<string, string> | undefined {
  const labels = Object.create(null) as Record<string, string>
  for (const [at, part] of segments.entries()) {
    const sent = parts[at]
    if (sent === undefined) return undefined
    if ('constant' in part) {
      if (part.constant !== sent) return undefined
    } else if (part.greedy) {
      const after = segments.length - at - 1
      // What follows a greedy label is seldom there, and constant.
      const end = parts.length - after
      const tail = segments.slice(at + 1).every((rest, i) => 'constant' in rest && rest.constant === parts[end + i])
      const value = decoded(parts.slice(at, end).join('/'))
      if (!tail || end <= at || value === undefined) return undefined
      labels[part.label] = value
      return labels
    } else {
      const value = decoded(sent)
      if (value === undefined || value === '') return undefined
      labels[part.label] = value
    }
  }
  return parts.length === segments.length ? labels : undefined
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

function inputOf(
  operation: OperationModel,
  labels: Readonly<Record<string, string>>,
  params: Params,
  headers: Readonly<Record<string, string | undefined>>,
): Record<string, unknown> {
  const input: Record<string, unknown> = {}
  for (const { name, shape } of membersOf(operation)) {
    const { httpLabel, httpQuery, httpHeader } = shape.traits
    const value = httpLabel
      ? labels[name]
      : httpQuery !== undefined
        ? params[httpQuery]
        : httpHeader !== undefined
          ? headers[httpHeader.toLowerCase()]
          : undefined
    if (value !== undefined) input[name] = value
  }
  return input
}

/** Whether the body is an object of members, and not one member's bytes or document. */
export const hasMembersInBody = (operation: OperationModel): boolean =>
  !membersOf(operation).some(({ shape }) => shape.traits.httpPayload)

/** Members that stand elsewhere than in the body. */
export const boundElsewhere = (operation: OperationModel): ReadonlySet<string> =>
  new Set(
    membersOf(operation)
      .filter(({ shape: { traits } }) => traits.httpLabel ?? traits.httpQuery ?? traits.httpHeader)
      .map(({ name }) => name),
  )

function membersOf(operation: OperationModel): readonly Member[] {
  const input = shapeOf(operation.input)
  return input.kind === 'struct' ? input.members() : []
}
