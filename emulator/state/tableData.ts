import type { Changes } from './changes.ts'
import { GONE, MapRows, TreeRows } from './rows.ts'
import type { Rows } from './rows.ts'
import type { CollectionSpec } from './store.ts'

type KeysOf = (record: unknown, id: string) => string | readonly string[] | undefined

const NO_KEYS: readonly string[] = []

/** One collection's records within one scope, with their indexes. */
export class TableData {
  rows: Rows<unknown> = new MapRows()
  readonly #indexes = new Map<string, Index>()

  /** Orders and indexes what is here, as the collection's declaration asks. */
  adopt(spec: CollectionSpec<unknown>): void {
    if (spec.ordered && this.rows instanceof MapRows) this.rows = new TreeRows(this.rows)
    for (const [name, keysOf] of Object.entries(spec.indexes ?? {})) {
      const index = new Index(keysOf, spec.orderedIndexes?.includes(name) ? OrderedBucket : Bucket)
      for (const [id, record] of this.rows.entries()) index.load(id, record)
      this.#indexes.set(name, index)
    }
  }

  put(id: string, record: unknown, changes: Changes): void {
    const place = this.rows.peek(id)
    changes.set(this.rows, id, place, record)
    const before = place === GONE ? undefined : place
    for (const index of this.#indexes.values()) index.move(id, before, record, changes)
  }

  /** False when there was nothing to delete. */
  delete(id: string, changes: Changes): boolean {
    const before = this.rows.get(id)
    if (before === undefined) return false
    changes.delete(this.rows, id, before)
    for (const index of this.#indexes.values()) index.move(id, before, undefined, changes)
    return true
  }

  /** The ids listed under `key`, or undefined when there are none. */
  bucket(index: string, key: string): Rows<true> | undefined {
    const found = this.#indexes.get(index)
    if (!found) throw new TypeError(`no index \`${index}\` was declared`)
    return found.buckets.get(key)
  }
}

type Buckets = Map<string, Rows<true>>

class Index {
  readonly buckets: Buckets = new Map()
  readonly #keysOf: KeysOf
  readonly #Bucket: new (siblings: Buckets, key: string) => Rows<true>

  constructor(keysOf: KeysOf, BucketClass: new (siblings: Buckets, key: string) => Rows<true>) {
    this.#keysOf = keysOf
    this.#Bucket = BucketClass
  }

  load(id: string, record: unknown): void {
    for (const key of this.#keys(id, record)) this.#bucket(key).set(id, true)
  }

  /** Lists a record anew; what stays under its key keeps its place there. */
  move(id: string, before: unknown, after: unknown, changes: Changes): void {
    const old = this.#keys(id, before)
    const now = this.#keys(id, after)
    for (const key of old) {
      const bucket = this.buckets.get(key)
      if (bucket?.get(id) && !now.includes(key)) changes.delete(bucket, id, true)
    }
    for (const key of now) {
      const bucket = this.#bucket(key)
      const place = bucket.peek(id)
      if (place !== true) changes.set(bucket, id, place, true)
    }
  }

  #keys(id: string, record: unknown): readonly string[] {
    if (record === undefined) return NO_KEYS
    const keys = this.#keysOf(record, id)
    return keys === undefined ? NO_KEYS : typeof keys === 'string' ? [keys] : keys
  }

  #bucket(key: string): Rows<true> {
    let bucket = this.buckets.get(key)
    if (!bucket) {
      bucket = new this.#Bucket(this.buckets, key)
      this.buckets.set(key, bucket)
    }
    return bucket
  }
}

/** The ids under one key of an index; disappears with its last one. */
class Bucket extends MapRows<true> {
  readonly #siblings: Buckets
  readonly #key: string

  constructor(siblings: Buckets, key: string) {
    super()
    this.#siblings = siblings
    this.#key = key
  }

  override restore(id: string, before: true | typeof GONE | undefined): void {
    super.restore(id, before)
    this.#leaveIfEmpty()
  }

  override settle(id: string): void {
    super.settle(id)
    this.#leaveIfEmpty()
  }

  #leaveIfEmpty(): void {
    if (this.physicalSize === 0) this.#siblings.delete(this.#key)
  }
}

/** The same, in the order of ids. */
class OrderedBucket extends TreeRows<true> {
  readonly #siblings: Buckets
  readonly #key: string

  constructor(siblings: Buckets, key: string) {
    super(new MapRows())
    this.#siblings = siblings
    this.#key = key
  }

  override restore(id: string, before: true | typeof GONE | undefined): void {
    super.restore(id, before)
    // A change that is taken back may have left it empty for a moment, and so out of the index.
    if (this.size > 0) this.#siblings.set(this.#key, this)
    else this.#leaveIfEmpty()
  }

  override settle(): void {
    this.#leaveIfEmpty()
  }

  #leaveIfEmpty(): void {
    if (this.size === 0 && this.#siblings.get(this.#key) === this) this.#siblings.delete(this.#key)
  }
}
