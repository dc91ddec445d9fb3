import SortedBTree from 'sorted-btree'

/** The only clock. Everything that asks what time it is asks here, so that time can be moved (DESIGN §7). */
export interface Clock {
  /** Milliseconds since the Unix epoch, by the emulator's clock. */
  now(): number
  /** How far the emulator's clock is from the machine's, in milliseconds. */
  readonly offset: number
  /** Moves the clock so that it stands `offset` milliseconds from the machine's and runs what has come due. */
  setOffset(offset: number): void
  /**
   * Runs `task` when the clock reaches `at` (milliseconds since the epoch), at once if it already has.
   * A second schedule under the same `id` replaces the first.
   */
  schedule(id: string, at: number, task: () => void): void
  cancel(id: string): void
  /** Cancels everything scheduled. */
  stop(): void
}

/** Node's timers overflow above 2^31-1 ms; longer waits are taken in steps. */
const LONGEST_WAIT = 2_000_000_000

// The package is CommonJS: its class arrives as the default of the default.
const BTree = SortedBTree.default

interface Task {
  readonly id: string
  readonly at: number
  readonly run: () => void
}

const byTime = (a: readonly [number, string], b: readonly [number, string]) =>
  a[0] - b[0] || (a[1] < b[1] ? -1 : a[1] > b[1] ? 1 : 0)

/** A clock that runs with the machine's, `offset` milliseconds away from it. Scheduling costs the logarithm of what is scheduled. */
export function createClock(offset = 0, machine: () => number = Date.now): Clock {
  const byId = new Map<string, Task>()
  const inOrder = new BTree<readonly [number, string], Task>(undefined, byTime)
  let timer: NodeJS.Timeout | undefined
  let armedFor = Infinity
  let current = offset

  const now = () => machine() + current

  const drop = (task: Task) => {
    byId.delete(task.id)
    inOrder.delete([task.at, task.id])
  }

  const runDue = () => {
    for (;;) {
      const first = inOrder.minKey()
      const task = first && inOrder.get(first)
      if (!task || task.at > now()) break
      drop(task)
      task.run()
    }
    arm()
  }

  const arm = () => {
    const next = inOrder.minKey()?.[0] ?? Infinity
    if (next === armedFor) return
    clearTimeout(timer)
    armedFor = next
    if (next === Infinity) return
    timer = setTimeout(
      () => {
        armedFor = Infinity
        runDue()
      },
      Math.min(Math.max(next - now(), 0), LONGEST_WAIT),
    )
    timer.unref()
  }

  return {
    now,
    get offset() {
      return current
    },
    setOffset(value) {
      current = value
      // The wait for the next task was counted on the clock as it stood.
      armedFor = Infinity
      clearTimeout(timer)
      runDue()
    },
    schedule(id, at, run) {
      const earlier = byId.get(id)
      if (earlier) drop(earlier)
      const task = { id, at, run }
      byId.set(id, task)
      inOrder.set([at, id], task)
      arm()
    },
    cancel(id) {
      const task = byId.get(id)
      if (!task) return
      drop(task)
      arm()
    },
    stop() {
      byId.clear()
      inOrder.clear()
      arm()
    },
  }
}
