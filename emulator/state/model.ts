import { Changes } from './changes.ts'
import { CollectionData, CollectionView } from './collection.ts'
import type { Writer } from './collection.ts'
import { STATE_VERSION, checkDocument } from './migrations/index.ts'
import type { Collection, CollectionSpec, StateDocument } from './store.ts'

/** A deletion, or a put when there is a record. */
export type Op =
  | readonly [collection: string, scope: string, id: string]
  | readonly [collection: string, scope: string, id: string, record: unknown]

/** Everything the emulator knows, in memory, changed by transactions only. */
export class Model implements Writer {
  readonly collections = new Map<string, CollectionData>()
  readonly #commit: (ops: readonly Op[]) => void
  readonly #changes = new Changes()
  readonly #ops: Op[] = []
  #running = false

  /** @param commit makes a finished transaction last; when it throws, the transaction is undone. */
  constructor(commit: (ops: readonly Op[]) => void) {
    this.#commit = commit
  }

  collection<T>(spec: CollectionSpec<T>): Collection<T> {
    const data = this.#data(spec.name)
    if (data.spec) throw new TypeError(`collection \`${spec.name}\` is declared twice`)
    // The index functions take T; INVARIANT of CollectionView: nothing else is in this collection.
    data.declare(spec as CollectionSpec<unknown>)
    return new CollectionView<T>(data, spec.scope, this)
  }

  transaction<R>(work: () => R): R {
    const outermost = !this.#running
    const changes = this.#changes.length
    const ops = this.#ops.length
    this.#running = true
    try {
      const result = work()
      if (isThenable(result)) throw new TypeError('a transaction must be synchronous')
      if (outermost && this.#ops.length > 0) this.#commit(this.#ops)
      if (outermost) this.#changes.settle()
      return result
    } catch (error) {
      this.#changes.undo(changes)
      this.#ops.length = ops
      throw error
    } finally {
      if (outermost) {
        this.#running = false
        this.#ops.length = 0
      }
    }
  }

  put(collection: CollectionData, scope: string, id: string, record: unknown): void {
    if (!this.#running) {
      this.transaction(() => {
        this.put(collection, scope, id, record)
      })
      return
    }
    collection.table(scope).put(id, record, this.#changes)
    this.#ops.push([collection.name, scope, id, record])
  }

  delete(collection: CollectionData, scope: string, id: string): void {
    if (!this.#running) {
      this.transaction(() => {
        this.delete(collection, scope, id)
      })
      return
    }
    if (collection.tables.get(scope)?.delete(id, this.#changes)) this.#ops.push([collection.name, scope, id])
  }

  /** Repeats a finished transaction from the journal; it is not committed again. */
  replay(ops: readonly Op[]): void {
    for (const [name, scope, id, record] of ops) {
      const table = this.#data(name).table(scope)
      if (record === undefined) table.delete(id, this.#changes)
      else table.put(id, record, this.#changes)
    }
    this.#changes.settle()
  }

  /** Puts a record where none was read yet; for reading the state file. */
  load(name: string, scope: string): { set(id: string, record: unknown): void } {
    return this.#data(name).table(scope).rows
  }

  /** The whole state as one document. Collections that nobody declared count as secret. */
  export({ secrets }: { readonly secrets: boolean }): StateDocument {
    const collections = bare<Record<string, Record<string, unknown>>>()
    for (const { name, spec, tables } of this.collections.values()) {
      if (!secrets && (!spec || spec.secret)) continue
      const scopes = bare<Record<string, unknown>>()
      for (const [scope, { rows }] of tables) {
        if (rows.size === 0) continue
        const records = (scopes[scope] = bare<unknown>())
        for (const [id, record] of rows.entries()) records[id] = record
      }
      if (Object.keys(scopes).length > 0) collections[name] = scopes
    }
    return { format: 'twokey-state', version: STATE_VERSION, collections }
  }

  /** Replaces everything, outside the journal. Throws, having changed nothing, when `document` is not what it should be. */
  replace(document: StateDocument): void {
    this.assertIdle()
    const { collections } = checkDocument(document)
    // Built beside the old, because an index function may choke on a record that somebody wrote by hand.
    const built = Object.entries(collections).map(([name, scopes]) => {
      const fresh = new CollectionData(name)
      for (const [scope, records] of Object.entries(scopes)) {
        const { rows } = fresh.table(scope)
        for (const [id, record] of Object.entries(records)) rows.set(id, record)
      }
      const spec = this.collections.get(name)?.spec
      if (spec) fresh.declare(spec)
      return fresh
    })
    for (const data of this.collections.values()) data.tables.clear()
    for (const fresh of built) {
      const { tables } = this.#data(fresh.name)
      for (const [scope, table] of fresh.tables) tables.set(scope, table)
    }
  }

  assertIdle(): void {
    if (this.#running) throw new TypeError('not within a transaction')
  }

  #data(name: string): CollectionData {
    let data = this.collections.get(name)
    if (!data) {
      data = new CollectionData(name)
      this.collections.set(name, data)
    }
    return data
  }
}

/** An object without a prototype, so that ids such as `__proto__` are ids like any other. */
function bare<V>(): Record<string, V> {
  return Object.create(null) as Record<string, V>
}

function isThenable(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}
