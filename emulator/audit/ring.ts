/** The latest `capacity` things, the newest first; adding one costs the same however many there are. */
export interface Ring<T> {
  readonly size: number
  /** What was said of the weight of those that are there. */
  readonly weight: number
  /**
   * Returns what had to go to make room.
   * @param weight in whatever unit: for whoever drops the oldest when all together become too heavy
   */
  add(item: T, weight?: number): T | undefined
  /** Takes the oldest out. */
  drop(): T | undefined
  newest(): Generator<T>
  clear(): void
}

export function createRing<T>(capacity: number): Ring<T> {
  const items: (T | undefined)[] = new Array<T | undefined>(capacity)
  const weights = new Float64Array(capacity)
  let next = 0
  let size = 0
  let total = 0
  const drop = (): T | undefined => {
    if (size === 0) return undefined
    const oldest = (next - size + capacity) % capacity
    const item = items[oldest]
    items[oldest] = undefined
    total -= weights[oldest] ?? 0
    size--
    return item
  }
  return {
    get size() {
      return size
    },
    get weight() {
      return total
    },
    add(item, weight = 0) {
      const gone = size === capacity ? drop() : undefined
      items[next] = item
      weights[next] = weight
      next = (next + 1) % capacity
      size++
      total += weight
      return gone
    },
    drop,
    *newest() {
      for (let back = 1; back <= size; back++) {
        const item = items[(next - back + capacity) % capacity]
        if (item === undefined) return
        yield item
      }
    },
    clear() {
      items.fill(undefined)
      next = size = total = 0
    },
  }
}
