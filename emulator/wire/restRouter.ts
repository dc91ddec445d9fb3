import type { Params } from './params.ts'
import type { OperationModel, ServiceModel } from './schema.ts'
import { shapeOf, type Member } from './shape.ts'

/** How deep a path goes: `/`, `/bucket`, `/bucket/key`. */
export type Level = 'service' | 'bucket' | 'object'

/** A path in path form, still percent-encoded. */
export interface RestPath {
  readonly level: Level
  readonly bucket: string
  /** Everything after the bucket's slash; may hold slashes and be looked at only at object level. */
  readonly key: string
}

/** Takes `/bucket/key` apart; `/bucket/` is the bucket itself. */
export function splitPath(path: string): RestPath {
  const slash = path.indexOf('/', 1)
  const bucket = slash < 0 ? path.slice(1) : path.slice(1, slash)
  const key = slash < 0 ? '' : path.slice(slash + 1)
  const level = bucket === '' && key === '' ? 'service' : key === '' ? 'bucket' : 'object'
  return { level, bucket, key }
}

/** What tells an operation from others of the same method and level. */
interface Candidate {
  readonly operation: string
  /** Constant query of the URI: name, and value when the URI gives one. */
  readonly constants: readonly (readonly [string, string | undefined])[]
  /** Required members in the query: one present is enough to mean this operation (UploadPart's `uploadId`). */
  readonly query: readonly string[]
  /** Required members in headers, lower case: all must be present (CopyObject's `x-amz-copy-source`). */
  readonly headers: readonly string[]
}

/** Candidates of one method and level. */
interface Branch {
  /** By sub-resource (`policy`, `list-type`), most demanding first. */
  readonly bySubresource: Map<string, Candidate[]>
  /** Without a sub-resource, most demanding first. */
  readonly plain: Candidate[]
}

/** Routes a request in a handful of look-ups. */
export interface Router {
  /** `headers` by lower-case name. */
  route(
    method: string,
    level: Level,
    params: Params,
    headers: Readonly<Record<string, string | undefined>>,
  ): string | undefined
}

const routers = new WeakMap<ServiceModel, Router>()

/** The service's router, compiled on first use from the http traits. */
export function routerOf(model: ServiceModel): Router {
  let router = routers.get(model)
  if (!router) routers.set(model, (router = compile(model)))
  return router
}

function compile(model: ServiceModel): Router {
  const branches = new Map<string, Branch>()
  const subresources: Record<Level, Set<string>> = { service: new Set(), bucket: new Set(), object: new Set() }
  for (const operation of model.operations.values()) {
    const place = placeOf(operation)
    if (!place || !operation.http) continue
    const branchName = `${operation.http.method} ${place.level}`
    let branch = branches.get(branchName)
    if (!branch) branches.set(branchName, (branch = { bySubresource: new Map(), plain: [] }))
    const [first] = place.candidate.constants
    if (first) subresources[place.level].add(first[0])
    const list = first ? upsert(branch.bySubresource, first[0]) : branch.plain
    list.push(place.candidate)
    list.sort((a, b) => demands(b) - demands(a))
  }
  return {
    route(method, level, params, headers) {
      const branch = branches.get(`${method} ${level}`)
      if (!branch) return undefined
      for (const name in params) {
        const candidates = branch.bySubresource.get(name)
        const chosen = candidates && chooseBySubresource(candidates, params, headers)
        if (chosen) return chosen
        // INVARIANT: `DELETE /bucket?acl` is no operation, and must not become DeleteBucket.
        if (!candidates && subresources[level].has(name)) return undefined
      }
      return branch.plain.find((candidate) => isMeant(candidate, params, headers))?.operation
    },
  }
}

const demands = (candidate: Candidate) => candidate.constants.length + candidate.query.length + candidate.headers.length

function upsert(map: Map<string, Candidate[]>, name: string): Candidate[] {
  let list = map.get(name)
  if (!list) map.set(name, (list = []))
  return list
}

/** Where an operation stands: its labels say how deep. Undefined when its path is not made of bucket and key. */
function placeOf(operation: OperationModel): { readonly level: Level; readonly candidate: Candidate } | undefined {
  const [path = '', query = ''] = operation.http?.uri.split('?') ?? []
  if (path !== '/' && path !== '/{Key+}') return undefined
  const input = shapeOf(operation.input)
  const members = input.kind === 'struct' ? input.members() : []
  const labels = new Set(members.filter(({ shape }) => shape.traits.httpLabel).map(({ name }) => name))
  const level = labels.has('Key') ? 'object' : labels.has('Bucket') ? 'bucket' : 'service'
  const required = members.filter((member) => member.required)
  return {
    level,
    candidate: {
      operation: operation.name,
      constants: constantsOf(query),
      query: required.flatMap(({ shape }) => shape.traits.httpQuery ?? []),
      headers: required.flatMap(headerOf),
    },
  }
}

const headerOf = ({ shape }: Member) => shape.traits.httpHeader?.toLowerCase() ?? []

/** `x-id` only names the operation for the sender's logs; S3 does not look at it. */
function constantsOf(query: string): [string, string | undefined][] {
  return query
    .split('&')
    .filter((part) => part !== '' && !part.startsWith('x-id='))
    .map((part) => {
      const [name = '', value] = part.split('=')
      return [name, value]
    })
}

/** With a sub-resource in the query, an operation that stands alone is meant even if it lacks what it requires. */
function chooseBySubresource(
  candidates: readonly Candidate[],
  params: Params,
  headers: Readonly<Record<string, string | undefined>>,
): string | undefined {
  const possible = candidates.filter(({ constants }) =>
    constants.every(([name, value]) => (value === undefined ? name in params : params[name] === value)),
  )
  const meant = possible.find((candidate) => isMeant(candidate, params, headers))
  return (meant ?? possible.at(-1))?.operation
}

function isMeant(
  { query, headers: required }: Candidate,
  params: Params,
  headers: Readonly<Record<string, string | undefined>>,
): boolean {
  if (query.length > 0 && !query.some((name) => name in params)) return false
  return required.every((name) => headers[name] !== undefined)
}
