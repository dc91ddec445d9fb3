import type { ServiceModel } from './schema.ts'

/** Decoded path labels by name. No prototype: values come from outside. */
export type Labels = Readonly<Record<string, string>>

interface Route {
  readonly operation: string
  /** `/snapshots/{SnapshotId}/blocks`, taken apart: a constant or a label each. */
  readonly segments: readonly ({ readonly constant: string } | { readonly label: string })[]
}

/** Finds the operation that a method and a path mean, among the few of a REST service whose paths are no buckets. */
export interface PathRouter {
  /** @param path percent-encoded, without the query */
  route(method: string, path: string): { readonly operation: string; readonly labels: Labels } | undefined
}

const routers = new WeakMap<ServiceModel, PathRouter>()

/** The service's router, compiled on first use from the http traits. */
export function pathRouterOf(model: ServiceModel): PathRouter {
  let router = routers.get(model)
  if (!router) routers.set(model, (router = compile(model)))
  return router
}

function compile(model: ServiceModel): PathRouter {
  /** By method and number of segments; constants before labels, so that `completion` is no snapshot's id. */
  const routes = new Map<string, Route[]>()
  for (const { name, http } of model.operations.values()) {
    if (!http) continue
    const segments = segmentsOf(http.uri.split('?')[0] ?? '').map((text) =>
      text.startsWith('{') ? { label: text.slice(1, -1) } : { constant: text },
    )
    const place = `${http.method} ${segments.length}`
    const list = routes.get(place) ?? []
    routes.set(
      place,
      [...list, { operation: name, segments }].sort((a, b) => constants(b) - constants(a)),
    )
  }
  return {
    route(method, path) {
      const parts = segmentsOf(path)
      for (const route of routes.get(`${method} ${parts.length}`) ?? []) {
        const labels = labelsOf(route, parts)
        if (labels) return { operation: route.operation, labels }
      }
      return undefined
    },
  }
}

const constants = ({ segments }: Route) => segments.filter((segment) => 'constant' in segment).length

/** `/a/b` and `/a/b/` are the same. */
const segmentsOf = (path: string) => path.replace(/^\/|\/$/g, '').split('/')

function labelsOf({ segments }: Route, parts: readonly string[]): Labels | undefined {
  const labels = Object.create(null) as Record<string, string>
  for (const [at, segment] of segments.entries()) {
    const part = parts[at] ?? ''
    if ('constant' in segment) {
      if (segment.constant !== part) return undefined
      continue
    }
    const text = decoded(part)
    if (text === undefined) return undefined
    labels[segment.label] = text
  }
  return labels
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
