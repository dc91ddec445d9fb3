/** A map of bounded size: when it is full, what was put first goes first. Good for what can be made anew. */
export class BoundedMap<V> {
  readonly #values = new Map<string, V>()
  readonly #most: number

  /** @param most how many values are kept */
  constructor(most: number) {
    this.#most = most
  }

  get(name: string): V | undefined {
    return this.#values.get(name)
  }

  put(name: string, value: V): void {
    const values = this.#values
    if (values.size >= this.#most && !values.has(name))
      for (const first of values.keys()) {
        values.delete(first)
        break
      }
    values.set(name, value)
  }

  /** Whether it was there. */
  delete(name: string): boolean {
    return this.#values.delete(name)
  }

  clear(): void {
    this.#values.clear()
  }
}
