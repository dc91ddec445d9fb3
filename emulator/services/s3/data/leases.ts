import type { Blobs } from '../../../state/store.ts'

/**
 * Keeps blobs alive while somebody reads them. An object of several parts opens its blobs one after the other, so deleting
 * them when the object is overwritten would break a reader on its way.
 */
export interface Leases {
  /** Until the returned function is called, `discard` of these blobs is put off. Calling it twice is harmless. */
  hold(blobs: Blobs, ids: readonly string[]): () => void
  /** Deletes blobs that nothing names any more, now or when their last reader is done. */
  discard(blobs: Blobs, ids: readonly string[]): void
}

export function createLeases(): Leases {
  const readers = new Map<string, number>()
  const unwanted = new Set<string>()

  const release = (blobs: Blobs, id: string) => {
    const left = (readers.get(id) ?? 1) - 1
    if (left > 0) {
      readers.set(id, left)
      return
    }
    readers.delete(id)
    if (unwanted.delete(id)) blobs.delete(id)
  }

  return {
    hold(blobs, ids) {
      for (const id of ids) readers.set(id, (readers.get(id) ?? 0) + 1)
      let held = true
      return () => {
        if (!held) return
        held = false
        for (const id of ids) release(blobs, id)
      }
    },
    discard(blobs, ids) {
      for (const id of ids) {
        if (readers.has(id)) unwanted.add(id)
        else blobs.delete(id)
      }
    },
  }
}
