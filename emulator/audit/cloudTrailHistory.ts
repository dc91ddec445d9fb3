import type { EventTrail, TrailEntry, TrailPlace } from '../operation/trail.ts'

/** The latest entries, found by account and Region: bounded memory, and no search through what is others'. */
export interface TrailHistory extends EventTrail {
  add(make: (place: number) => TrailEntry): void
  clear(): void
}

/** The entries of one account and Region, oldest first; gone ones are before `head`. */
interface Queue {
  entries: TrailEntry[]
  head: number
}

/**
 * @param most how many entries are kept in all; the oldest goes first, whosever it is
 * @param keeps whether an entry is kept; listeners hear of the others, too
 */
export function createTrailHistory(most: number, keeps: (entry: TrailEntry) => boolean): TrailHistory {
  const all: (TrailEntry | undefined)[] = []
  const queues = new Map<string, Map<string, Queue>>()
  let place = 0
  let next = 0
  let listener: ((entry: TrailEntry) => void) | undefined

  const queueOf = ({ account, region }: TrailPlace): Queue => {
    let regions = queues.get(account)
    if (!regions) queues.set(account, (regions = new Map<string, Queue>()))
    let queue = regions.get(region)
    if (!queue) regions.set(region, (queue = { entries: [], head: 0 }))
    return queue
  }

  const forget = (entry: TrailEntry) => {
    for (const { account, region } of entry.places()) {
      const regions = queues.get(account)
      const queue = regions?.get(region)
      if (!regions || !queue) continue
      // INVARIANT: the oldest of all is the oldest of its place.
      queue.head++
      if (queue.head === queue.entries.length) {
        regions.delete(region)
        if (regions.size === 0) queues.delete(account)
      } else if (queue.head > 256 && queue.head * 2 > queue.entries.length) {
        queue.entries = queue.entries.slice(queue.head)
        queue.head = 0
      }
    }
  }

  return {
    add(make) {
      const entry = make(place++)
      if (listener) listener(entry)
      if (!keeps(entry)) return
      const oldest = all[next]
      if (oldest) forget(oldest)
      all[next] = entry
      next = (next + 1) % most
      for (const each of entry.places()) queueOf(each).entries.push(entry)
    },
    *newest(account, region, upTo = Infinity) {
      const queue = queues.get(account)?.get(region)
      if (!queue) return
      const { entries, head } = queue
      for (let at = lastUpTo(entries, head, upTo); at >= head; at--) {
        const entry = entries[at]
        if (entry) yield entry
      }
    },
    listen(heard) {
      listener = heard
    },
    clear() {
      all.length = 0
      next = 0
      queues.clear()
    },
  }
}

/** The index of the last entry whose place is not beyond `upTo`; one before `head` when there is none. */
function lastUpTo(entries: readonly TrailEntry[], head: number, upTo: number): number {
  let low = head
  let high = entries.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((entries[middle]?.place ?? Infinity) <= upTo) low = middle + 1
    else high = middle
  }
  return low - 1
}
