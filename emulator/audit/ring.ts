/** The latest `capacity` things, the newest first; adding one costs the same however many there are. */
export interface Ring<T> {
  /** Returns what had to go to make room. */
  add(item: T): T | undefined
  newest(): Generator<T>
  clear(): void
}

export function createRing<T>(capacity: number): Ring<T> {
  const items: (T | undefined)[] = new Array<T | undefined>(capacity)
  let next = 0
  return {
    add(item) {
      const oldest = items[next]
      items[next] = item
      next = (next + 1) % capacity
      return oldest
    },
    *newest() {
      for (let back = 1; back <= capacity; back++) {
        const item = items[(next - back + capacity) % capacity]
        if (item === undefined) return
        yield item
      }
    },
    clear() {
      items.fill(undefined)
      next = 0
    },
  }
}
