import sortedBtree from 'sorted-btree'
import bulkLoader from 'sorted-btree/extended/bulkLoad.js'
import type { Table } from './store.ts'

export type Range = NonNullable<Parameters<Table<unknown>['entries']>[0]>

/** Marks a row deleted by the running transaction; it keeps its place in case the deletion is undone. */
export const GONE = Symbol('gone')

/**
 * Values by id, as a transaction needs them: every change can be taken back exactly, order included. A deletion stays
 * revocable until `settle`. Values are never undefined; undefined stands for nothing there.
 */
export interface Rows<V> {
  readonly size: number
  get(id: string): V | undefined
  set(id: string, value: V): void
  delete(id: string): void
  /** What stands at `id`, for `restore`; GONE when the running transaction has deleted it. */
  peek(id: string): V | typeof GONE | undefined
  /** Takes the last change of `id` back, to what `peek` saw before it. */
  restore(id: string, before: V | typeof GONE | undefined): void
  /** Makes a deletion final. */
  settle(id: string): void
  /** Sees changes made while it runs; never gives a row twice in a row, nor skips one that stays. */
  entries(range?: Range): Generator<[id: string, value: V], void, undefined>
  /**
   * For walking with pauses: every row that is here now and stays, in an old or new version. Comes to an end however
   * many rows are added meanwhile. Constant time to begin.
   */
  walk(): Generator<[id: string, value: V], void, undefined>
}

/** In insertion order; a row that is overwritten keeps its place. */
export class MapRows<V> implements Rows<V> {
  readonly #map = new Map<string, V | typeof GONE>()
  #gone = 0

  get size(): number {
    return this.#map.size - this.#gone
  }

  /** Counts deleted rows too, until they are settled. */
  protected get physicalSize(): number {
    return this.#map.size
  }

  get(id: string): V | undefined {
    const value = this.#map.get(id)
    return value === GONE ? undefined : value
  }

  set(id: string, value: V): void {
    if (this.#gone > 0 && this.#map.get(id) === GONE) this.#gone--
    this.#map.set(id, value)
  }

  delete(id: string): void {
    this.#map.set(id, GONE)
    this.#gone++
  }

  peek(id: string): V | typeof GONE | undefined {
    return this.#map.get(id)
  }

  restore(id: string, before: V | typeof GONE | undefined): void {
    if (this.#map.get(id) === GONE) this.#gone--
    if (before === GONE) this.#gone++
    if (before === undefined) this.#map.delete(id)
    else this.#map.set(id, before)
  }

  settle(id: string): void {
    if (this.#map.get(id) !== GONE) return
    this.#map.delete(id)
    this.#gone--
  }

  *entries(range?: Range): Generator<[id: string, value: V], void, undefined> {
    if (range) throw new TypeError('only an ordered collection has ranges')
    for (const entry of this.#map) if (isLive(entry)) yield entry
  }

  *walk(): Generator<[id: string, value: V], void, undefined> {
    // What is added later stands behind what is here now.
    let left = this.#map.size
    for (const entry of this.#map) {
      if (left-- === 0) return
      if (isLive(entry)) yield entry
    }
  }
}

function isLive<V>(entry: [string, V | typeof GONE]): entry is [string, V] {
  return entry[1] !== GONE
}

// The package is CommonJS compiled from ES modules: its default exports arrive one level down.
const BTree = sortedBtree.default
const { bulkLoad } = bulkLoader
const NODE_SIZE = 64
const byCodeUnits = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)

/** In code-unit order of the ids. */
export class TreeRows<V> implements Rows<V> {
  readonly #tree: InstanceType<typeof BTree<string, V>>
  /** Counts changes: iterators of the tree do not survive them, because even an overwrite may move rows between nodes. */
  #shape = 0

  /** Takes over rows; in linear time when they are in order already. */
  constructor(rows: MapRows<V>) {
    let entries = [...rows.entries()]
    if (!entries.every(([id], at) => at === 0 || (entries[at - 1]?.[0] ?? '') < id)) {
      entries = entries.sort(([a], [b]) => byCodeUnits(a, b))
    }
    this.#tree =
      entries.length === 0
        ? new BTree<string, V>(undefined, byCodeUnits, NODE_SIZE)
        : bulkLoad(
            entries.map(([id]) => id),
            entries.map(([, value]) => value),
            NODE_SIZE,
            byCodeUnits,
          )
  }

  get size(): number {
    return this.#tree.size
  }

  get(id: string): V | undefined {
    return this.#tree.get(id)
  }

  set(id: string, value: V): void {
    this.#tree.set(id, value)
    this.#shape++
  }

  delete(id: string): void {
    this.#tree.delete(id)
    this.#shape++
  }

  peek(id: string): V | undefined {
    return this.#tree.get(id)
  }

  restore(id: string, before: V | typeof GONE | undefined): void {
    if (before === undefined || before === GONE) this.delete(id)
    else this.set(id, before)
  }

  settle(): void {
    // A deletion needs no place kept: the id says where the row belongs.
  }

  *entries(range: Range = {}): Generator<[id: string, value: V], void, undefined> {
    const { from = '', after, prefix = '' } = range
    let passed = after
    const start = [from, prefix, after ?? ''].reduce((a, b) => (a < b ? b : a))
    let shape = this.#shape
    let cursor = this.#tree.entries(start)
    for (;;) {
      if (shape !== this.#shape) {
        shape = this.#shape
        cursor = this.#tree.entries(passed ?? start)
      }
      const next = cursor.next()
      if (next.done === true) return
      const [id] = next.value
      if (passed !== undefined && id <= passed) continue
      if (!id.startsWith(prefix)) return
      passed = id
      yield next.value
    }
  }
  *walk(): Generator<[id: string, value: V], void, undefined> {
    // Copy on write: the clone shares what is not changed meanwhile.
    yield* this.#tree.clone().entries()
  }
}
