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

/** A clock that runs with the machine's, `offset` milliseconds away from it. */
export function createClock(offset = 0, machine: () => number = Date.now): Clock {
  const tasks = new Map<string, { at: number; task: () => void }>()
  let timer: NodeJS.Timeout | undefined
  let current = offset

  const now = () => machine() + current

  const runDue = () => {
    for (;;) {
      let due: [string, { at: number; task: () => void }] | undefined
      for (const entry of tasks) if (entry[1].at <= now() && (!due || entry[1].at < due[1].at)) due = entry
      if (!due) break
      tasks.delete(due[0])
      due[1].task()
    }
    arm()
  }

  const arm = () => {
    clearTimeout(timer)
    let next = Infinity
    for (const { at } of tasks.values()) next = Math.min(next, at)
    if (next === Infinity) return
    timer = setTimeout(runDue, Math.min(Math.max(next - now(), 0), LONGEST_WAIT))
    timer.unref()
  }

  return {
    now,
    get offset() {
      return current
    },
    setOffset(value) {
      current = value
      runDue()
    },
    schedule(id, at, task) {
      tasks.set(id, { at, task })
      arm()
    },
    cancel(id) {
      if (tasks.delete(id)) arm()
    },
    stop() {
      tasks.clear()
      clearTimeout(timer)
    },
  }
}
