import { StoreClosed } from './errors.ts'
import { EMPTY_DOCUMENT } from './migrations/index.ts'
import { Model } from './model.ts'
import type { Collection, CollectionSpec, StateDocument, Store } from './store.ts'

/** Keeps nothing beyond the process. */
export class MemoryStore implements Store {
  #closed = false
  readonly #model = new Model(() => {
    if (this.#closed) throw new StoreClosed()
  })

  collection<T>(spec: CollectionSpec<T>): Collection<T> {
    return this.#model.collection(spec)
  }

  transaction<R>(work: () => R): R {
    return this.#model.transaction(work)
  }

  durable(): undefined {
    return undefined
  }

  checkpoint(): Promise<void> {
    return Promise.resolve()
  }

  reset(): void {
    this.#model.replace(EMPTY_DOCUMENT)
  }

  export(options: { readonly secrets: boolean }): StateDocument {
    return this.#model.export(options)
  }

  import(document: StateDocument): void {
    this.#model.replace(document)
  }

  close(): Promise<void> {
    this.#closed = true
    return Promise.resolve()
  }
}
