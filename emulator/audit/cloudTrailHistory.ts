import { createRing } from './ring.ts'
import type { EventTrail, TrailEntry, TrailPlace } from '../operation/trail.ts'

/** The latest entries, found by account and Region: bounded memory, and no search through what is others'. */
export interface TrailHistory extends EventTrail {
  add(make: (place: number) => TrailEntry): void
  clear(): void
}

/**
 * The entries of each account and Region, oldest first. Made up to date when somebody looks something up, for the entries that have
 * come since: requests that nobody looks up cost nothing.
 */
class PlaceIndex {
  #queues = new Map<string, Map<string, TrailEntry[]>>()
  #size = 0
  /** The place up to which entries are indexed. */
  #upTo = -1
  readonly #most: number

  constructor(most: number) {
    this.#most = most
  }

  /** @param newest what is kept, the newest first; it is walked as far as is new */
  update(newest: Iterable<TrailEntry>): void {
    // What was indexed once and has been forgotten since goes when there is as much of it as of the rest.
    if (this.#size > 2 * this.#most) this.clear()
    const fresh: TrailEntry[] = []
    for (const entry of newest) {
      if (entry.place <= this.#upTo) break
      fresh.push(entry)
    }
    for (const entry of fresh.reverse()) for (const place of entry.places()) this.#queueOf(place).push(entry)
    this.#size += fresh.length
    this.#upTo = fresh.at(-1)?.place ?? this.#upTo
  }

  entries(account: string, region: string): readonly TrailEntry[] {
    return this.#queues.get(account)?.get(region) ?? []
  }

  clear(): void {
    this.#queues = new Map()
    this.#size = 0
    this.#upTo = -1
  }

  #queueOf({ account, region }: TrailPlace): TrailEntry[] {
    let regions = this.#queues.get(account)
    if (!regions) this.#queues.set(account, (regions = new Map<string, TrailEntry[]>()))
    let queue = regions.get(region)
    if (!queue) regions.set(region, (queue = []))
    return queue
  }
}

/**
 * @param most how many entries are kept in all; the oldest goes first, whosever it is
 * @param keeps whether an entry is kept; listeners hear of the others, too
 * @param budget how much they may weigh together
 */
export function createTrailHistory(
  most: number,
  keeps: (entry: TrailEntry) => boolean,
  budget = Infinity,
): TrailHistory {
  const all = createRing<TrailEntry>(most)
  const index = new PlaceIndex(most)
  let place = 0
  /** The place of the latest entry that has been forgotten. */
  let gone = -1
  /** The weight of what has been forgotten, but not by the index. */
  let lingering = 0
  let listener: ((entry: TrailEntry) => void) | undefined

  function forget(entry: TrailEntry | undefined): void {
    if (!entry) return
    gone = entry.place
    lingering += entry.weight
    if (lingering <= budget) return
    index.clear()
    lingering = 0
  }

  return {
    add(make) {
      const entry = make(place++)
      if (listener) listener(entry)
      if (!keeps(entry)) return
      forget(all.add(entry, entry.weight))
      while (all.weight > budget && all.size > 1) forget(all.drop())
    },
    *newest(account, region, upTo = Infinity) {
      index.update(all.newest())
      const entries = index.entries(account, region)
      for (let at = lastUpTo(entries, upTo); at >= 0; at--) {
        const entry = entries[at]
        if (!entry || entry.place <= gone) return
        yield entry
      }
    },
    listen(heard) {
      listener = heard
    },
    clear() {
      all.clear()
      index.clear()
      gone = -1
      lingering = 0
    },
  }
}

/** The index of the last entry whose place is not beyond `upTo`; -1 when there is none. */
function lastUpTo(entries: readonly TrailEntry[], upTo: number): number {
  let low = 0
  let high = entries.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((entries[middle]?.place ?? Infinity) <= upTo) low = middle + 1
    else high = middle
  }
  return low - 1
}
