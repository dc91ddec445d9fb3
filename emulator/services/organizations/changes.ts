import type { Collection, Table } from '../../state/store.ts'

/** How often organizations have changed, so that what was assembled from them is known to be current. */
export interface Changes {
  count: number
}

/**
 * A global collection whose every write counts as a change.
 * INVARIANT: nothing is assembled within a transaction that may yet be undone.
 */
export function watched<T>(collection: Collection<T>, changes: Changes): Collection<T> {
  // Asked for at every request: made once.
  let made: Table<T> | undefined
  return {
    in() {
      if (made) return made
      const table: Table<T> = collection.in()
      made = {
        get size() {
          return table.size
        },
        get: (id) => table.get(id),
        has: (id) => table.has(id),
        put(id, record) {
          changes.count++
          table.put(id, record)
        },
        delete(id) {
          changes.count++
          table.delete(id)
        },
        find: (index, key) => table.find(index, key),
        count: (index, key) => table.count(index, key),
        entries: (range) => table.entries(range),
      }
      return made
    },
    scopes: () => collection.scopes(),
    all: () => collection.all(),
  }
}
