import type { GONE, Rows } from './rows.ts'

interface Change {
  readonly rows: Rows<unknown>
  readonly id: string
  /** What `peek` saw. */
  readonly before: unknown
  readonly deleted: boolean
}

/** What a transaction has changed, in order, so that it can be taken back. */
export class Changes {
  readonly #list: Change[] = []

  get length(): number {
    return this.#list.length
  }

  /** Sets a row. `before` is what `peek` sees there now. */
  set<V>(rows: Rows<V>, id: string, before: V | typeof GONE | undefined, value: V): void {
    rows.set(id, value)
    this.#note(rows, id, before, false)
  }

  /** Deletes a row that is there. */
  delete<V>(rows: Rows<V>, id: string, before: V): void {
    rows.delete(id)
    this.#note(rows, id, before, true)
  }

  #note<V>(rows: Rows<V>, id: string, before: V | typeof GONE | undefined, deleted: boolean): void {
    // The log mixes rows of all types; each entry gives its rows back only what came out of them.
    this.#list.push({ rows, id, before, deleted })
  }

  /** Takes back everything after the first `length` changes, last first. */
  undo(length: number): void {
    while (this.#list.length > length) {
      const change = this.#list.pop()
      change?.rows.restore(change.id, change.before)
    }
  }

  /** Makes everything final. */
  settle(): void {
    for (const change of this.#list) if (change.deleted) change.rows.settle(change.id)
    this.#list.length = 0
  }
}
