import type { Range } from './rows.ts'
import type { Collection, CollectionSpec, Table } from './store.ts'
import { TableData } from './tableData.ts'

/** Where tables send their writes: the model, which knows the running transaction. */
export interface Writer {
  put(collection: CollectionData, scope: string, id: string, record: unknown): void
  delete(collection: CollectionData, scope: string, id: string): void
}

/** A collection as the model keeps it; `spec` is missing while nobody has declared it in this run. */
export class CollectionData {
  readonly name: string
  readonly tables = new Map<string, TableData>()
  spec: CollectionSpec<unknown> | undefined

  constructor(name: string) {
    this.name = name
  }

  declare(spec: CollectionSpec<unknown>): void {
    this.spec = spec
    for (const table of this.tables.values()) table.adopt(spec)
  }

  /** The table of a scope, made when it is not there yet. */
  table(scope: string): TableData {
    let table = this.tables.get(scope)
    if (!table) {
      table = new TableData()
      if (this.spec) table.adopt(this.spec)
      this.tables.set(scope, table)
    }
    return table
  }
}

/** The typed face of a collection. INVARIANT: a record of type T goes in only through a `Table<T>` of the same spec. */
export class CollectionView<T> implements Collection<T> {
  readonly #data: CollectionData
  readonly #scope: CollectionSpec<T>['scope']
  readonly #writer: Writer
  #global: Table<T> | undefined

  constructor(data: CollectionData, scope: CollectionSpec<T>['scope'], writer: Writer) {
    this.#data = data
    this.#scope = scope
    this.#writer = writer
  }

  in(account?: string, region?: string): Table<T> {
    if (this.#scope === 'global') return (this.#global ??= new TableView<T>(this.#data, '', this.#writer))
    return new TableView<T>(this.#data, this.#scopeKey(account, region), this.#writer)
  }

  #scopeKey(account: string | undefined, region: string | undefined): string {
    if (account === undefined) throw new TypeError(`collection \`${this.#data.name}\` is kept per account`)
    if (this.#scope === 'account') return account
    if (region === undefined) throw new TypeError(`collection \`${this.#data.name}\` is kept per account and region`)
    return `${account}/${region}`
  }

  *scopes(): Generator<{ readonly account: string; readonly region: string; readonly size: number }> {
    for (const [scope, { rows }] of this.#data.tables) if (rows.size > 0) yield { ...placeOf(scope), size: rows.size }
  }

  *all(): Generator<{ readonly account: string; readonly region: string; readonly id: string; readonly record: T }> {
    for (const [scope, table] of this.#data.tables) {
      const { account, region } = placeOf(scope)
      for (const [id, record] of table.rows.entries()) yield { account, region, id, record: record as T }
    }
  }
}

function placeOf(scope: string): { readonly account: string; readonly region: string } {
  const slash = scope.indexOf('/')
  return slash < 0 ? { account: scope, region: '' } : { account: scope.slice(0, slash), region: scope.slice(slash + 1) }
}

/** Holds no data of its own, so that it stays right however long it is kept. */
class TableView<T> implements Table<T> {
  readonly #collection: CollectionData
  readonly #scope: string
  readonly #writer: Writer

  constructor(collection: CollectionData, scope: string, writer: Writer) {
    this.#collection = collection
    this.#scope = scope
    this.#writer = writer
  }

  get #table(): TableData | undefined {
    return this.#collection.tables.get(this.#scope)
  }

  get size(): number {
    return this.#table?.rows.size ?? 0
  }

  get(id: string): T | undefined {
    return this.#table?.rows.get(id) as T | undefined
  }

  has(id: string): boolean {
    return this.#table?.rows.get(id) !== undefined
  }

  put(id: string, record: T): void {
    if (record === undefined) throw new TypeError('a record cannot be undefined')
    this.#writer.put(this.#collection, this.#scope, id, record)
  }

  delete(id: string): void {
    this.#writer.delete(this.#collection, this.#scope, id)
  }

  *find(index: string, key: string, range?: Range): Generator<readonly [id: string, record: T], void, undefined> {
    const table = this.#table
    for (const [id] of table?.bucket(index, key)?.entries(range) ?? []) {
      const record = table?.rows.get(id)
      if (record !== undefined) yield [id, record as T]
    }
  }

  count(index: string, key: string): number {
    return this.#table?.bucket(index, key)?.size ?? 0
  }

  entries(range?: Range): Iterable<readonly [id: string, record: T]> {
    if (range && !this.#collection.spec?.ordered) {
      throw new TypeError(`collection \`${this.#collection.name}\` is not ordered and has no ranges`)
    }
    return (this.#table?.rows.entries(range) ?? []) as Iterable<readonly [id: string, record: T]>
  }
}
