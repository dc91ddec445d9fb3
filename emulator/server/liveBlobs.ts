import type { Registry } from '../operation/registry.ts'
import type { Blobs } from '../state/store.ts'

const liveBlobs = (registry: Registry) =>
  registry.services.flatMap(({ definition, state }) => definition.liveBlobs?.(state) ?? [])

/** Deletes what a crash left behind: blobs that no record names. */
export function sweepBlobs(registry: Registry, blobs: Blobs): void {
  const live = liveBlobs(registry)
  blobs.sweep((id) => live.some((ids) => ids.has(id)))
}

/** How many blobs records name that are not there, as after the import of a state whose objects are elsewhere. */
export function countMissing(registry: Registry, blobs: Blobs): number {
  let missing = 0
  for (const ids of liveBlobs(registry)) for (const id of ids) if (blobs.size(id) === undefined) missing++
  return missing
}
