/** Too much is waiting for its turn already. */
export class TooManyWaiting extends Error {
  constructor() {
    super('too much is waiting already')
  }
}

/** Nobody waits for the result any more. */
export class GivenUp extends Error {
  constructor() {
    super('nobody waits for it any more')
  }
}

/** For whom work is done. */
export interface Waiter {
  readonly owner: string
  /** Asked when the turn comes: work that is not wanted any more is left undone. */
  readonly isWaiting: () => boolean
}

export interface Turns {
  /**
   * Runs `work` alone, when it is the owner's turn. Rejects with TooManyWaiting, at once, when the owner has too much waiting, and with
   * GivenUp when nobody wants it by then.
   */
  take<T>(waiter: Waiter, work: () => Promise<T>): Promise<T>
}

interface Job {
  readonly isWaiting: () => boolean
  readonly run: () => Promise<void>
  readonly giveUp: () => void
}

/**
 * One piece of work at a time, and owners take turns: whoever asks for much waits for itself, not the others for it.
 * @param most how much of one owner may wait
 */
export function createTurns(most: number): Turns {
  /** Whoever's turn is next comes first. */
  const waiting = new Map<string, Job[]>()
  let running = false

  const next = () => {
    const [turn] = waiting
    if (!turn) return
    const [owner, jobs] = turn
    const job = jobs.shift()
    waiting.delete(owner)
    if (jobs.length > 0) waiting.set(owner, jobs)
    if (job) void run(job)
  }

  const run = async (job: Job) => {
    running = true
    if (job.isWaiting()) await job.run()
    else job.giveUp()
    running = false
    next()
  }

  return {
    take({ owner, isWaiting }, work) {
      const jobs = (waiting.get(owner) ?? []).filter(stillWanted)
      if (jobs.length >= most) return Promise.reject(new TooManyWaiting())
      return new Promise((resolve, reject) => {
        const giveUp = () => {
          reject(new GivenUp())
        }
        jobs.push({ isWaiting, giveUp, run: () => settle(work, resolve, reject) })
        waiting.set(owner, jobs)
        if (!running) next()
      })
    },
  }
}

async function settle<T>(
  work: () => Promise<T>,
  resolve: (result: T) => void,
  reject: (reason: unknown) => void,
): Promise<void> {
  try {
    resolve(await work())
  } catch (error) {
    reject(error)
  }
}

function stillWanted(job: Job): boolean {
  const wanted = job.isWaiting()
  if (!wanted) job.giveUp()
  return wanted
}
