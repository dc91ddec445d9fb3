import type { ByteStream } from '../lib/byteStream.ts'

/**
 * The store contract. One in-memory model, journalled; two implementations (memory, files) behind one factory and one test suite.
 *
 * Guarantees:
 * - A transaction is all or nothing, in memory and on disk, and is on disk (in the kernel's hands) when `transaction` returns.
 * - Reads are synchronous and see the writes of the running transaction.
 * - No operation here costs time in proportion to what is stored, except `all`.
 * - Records are plain JSON values, frozen by convention: a change is a new record.
 */
export interface Store {
  /** Declares a collection (once per name) and takes over what the disk holds of it. */
  collection<T>(spec: CollectionSpec<T>): Collection<T>
  /**
   * Runs `work`; its puts and deletes become one journal line. Throws what `work` throws, after undoing its changes.
   * A transaction within a transaction joins it. `work` must be synchronous.
   * INVARIANT: no `await` stands between a check and the write that relies on it.
   */
  transaction<R>(work: () => R): R
  /** Resolves when everything acknowledged so far is on the platter. Immediate unless TWOKEY_FSYNC=1. */
  durable(): Promise<void> | undefined
  /** Writes the whole state to `state.json` in slices, without stalling requests for long. */
  checkpoint(): Promise<void>
  /** Empties every collection. */
  reset(): void
  /** The state as JSON values; secret collections only when asked for. For `GET /_twokey/state`. */
  export(options: { readonly secrets: boolean }): StateDocument
  /** Replaces everything by an exported document. */
  import(document: StateDocument): void
  /** Checkpoints and closes. */
  close(): Promise<void>
}

/** `collections[name][scope][id] = record`; scope is `''`, `<account>` or `<account>/<region>`. */
export interface StateDocument {
  readonly format: 'twokey-state'
  readonly version: number
  readonly collections: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, unknown>>>>>>
}

export interface CollectionSpec<T> {
  /** `kms.keys` */
  readonly name: string
  readonly scope: 'global' | 'account' | 'region'
  /** Holds key material or credentials: left out of exports unless asked for by name. */
  readonly secret?: true
  /** Ids are kept in code-unit order, for pages and prefixes. */
  readonly ordered?: true
  /** Each names the index entries of a record; a record may have none or several in one index. */
  readonly indexes?: Readonly<Record<string, (record: T, id: string) => string | readonly string[] | undefined>>
  /** Indexes that keep their ids in code-unit order, for pages of what is listed under one key. */
  readonly orderedIndexes?: readonly string[]
}

export interface Collection<T> {
  /** The part that belongs to an account and region, as the spec's scope demands. Cheap; not worth keeping. */
  in(account?: string, region?: string): Table<T>
  /** Where it holds records; account and region are empty where the scope has none. Costs time in proportion to the scopes only. */
  scopes(): Iterable<{ readonly account: string; readonly region: string; readonly size: number }>
  /** Everything, for start-up, exports and administration. Never on the request path. */
  all(): Iterable<{ readonly account: string; readonly region: string; readonly id: string; readonly record: T }>
}

export interface Table<T> {
  readonly size: number
  get(id: string): T | undefined
  has(id: string): boolean
  put(id: string, record: T): void
  delete(id: string): void
  /** Records listed under `key` in an index; in id order, and from an id on, where the index is ordered. */
  find(index: string, key: string, range?: { readonly after?: string }): Iterable<readonly [id: string, record: T]>
  /** How many `find` would give, without walking them. */
  count(index: string, key: string): number
  /** In id order when the collection is ordered, else in insertion order. `after` is exclusive, `from` inclusive. */
  entries(range?: {
    readonly from?: string
    readonly after?: string
    readonly prefix?: string
  }): Iterable<readonly [id: string, record: T]>
}

/** Files beside the state: object bodies, snapshot blocks. A blob is written before the transaction that names it. */
export interface Blobs {
  /** Starts a new blob; nothing is visible until `commit`. Ids are the store's own and safe as file names. */
  create(): BlobWriter
  /**
   * Opens a blob, so that it can be read to its end even if it is deleted meanwhile. Throws `BlobMissing`.
   * Call it where the record that names the blob is looked up, with no `await` between, and close it in a `finally`.
   */
  open(id: string): BlobReader
  /** Bytes `[start, end)` of a blob, in chunks; opened when the first is asked for. Throws `BlobMissing` when it is gone. */
  read(id: string, start?: number, end?: number): ByteStream
  /** A small blob at once and synchronously; throws `BlobMissing`. */
  readSmall(id: string): Buffer
  size(id: string): number | undefined
  /** Never throws: what no record names any more is no reason to fail, and a file that stays is swept at the next start. */
  delete(id: string): void
  /** Deletes blobs that `live` does not know; at start. */
  sweep(live: (id: string) => boolean): void
  /** Deletes all. */
  reset(): void
  /** Lets go of what is open. Blobs can still be read, which opens them anew. */
  close(): void
}

export interface BlobReader {
  readonly size: number
  /** Bytes `[start, end)`, in chunks; may be called several times. */
  read(start?: number, end?: number): ByteStream
  /** Harmless when repeated. Not before the last chunk has come. */
  close(): void
}

export interface BlobWriter {
  readonly id: string
  /** Resolves when the writer can take more (backpressure). */
  write(chunk: Buffer): Promise<void>
  /** Finishes and makes it readable. */
  commit(): Promise<void>
  /** Throws it away; harmless after `commit`. */
  abort(): Promise<void>
}
