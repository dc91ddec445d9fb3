import type { AuthorizationRequest, Layer, PolicySet, PolicySource } from '../types.ts'
import { adding } from './add.ts'
import { placeOf, sessionPlace, uneditable } from './places.ts'
import { onlyFor } from './statement.ts'
import type { Change } from './types.ts'

/** What a layer that only limits must allow besides; others fall under it, too, so the statement says for whom. */
export function inLimit(layer: Layer, request: AuthorizationRequest, policies: PolicySet): Change | undefined {
  const conditions = onlyFor(request)
  if (layer === 'session') {
    const inline = policies.session?.find(({ arn }) => arn === undefined)
    return adding(inline ? placeOf(inline, 'session', request) : sessionPlace(request), inline, request, {})
  }
  if (layer === 'boundary' && policies.boundary) {
    const place = placeOf(policies.boundary, 'boundary', request)
    const where = place.editable ? place.where : uneditable(place)
    return adding({ ...place, where }, policies.boundary, request, { conditions })
  }
  if (layer !== 'endpoint' || !policies.endpoint) return undefined
  const place = placeOf(policies.endpoint, 'endpoint', request)
  // As Principal, AWS reads the ARN of a user or role there as its account's root: hence the condition (AWS PrivateLink guide).
  return adding(place, policies.endpoint, request, { principal: '*', conditions })
}

/** Each level of the organization must allow. */
export function inLevel(
  layer: 'scp' | 'rcp',
  level: number,
  sources: readonly PolicySource[],
  request: AuthorizationRequest,
): Change {
  const parts = { ...(layer === 'rcp' && { principal: '*' }), conditions: onlyFor(request) }
  for (const source of sources) {
    const place = placeOf(source, layer, request)
    if (place.editable) return { ...adding(place, source, request, parts), level }
  }
  const node = sources[0]?.holder
  const kind = layer === 'scp' ? 'service' : 'resource'
  const where = `in one more ${kind} control policy, attached to ${node ?? `level ${String(level + 1)} of the organization`}`
  return { ...adding({ kind: layer, target: node ?? null, where }, undefined, request, parts), level }
}
