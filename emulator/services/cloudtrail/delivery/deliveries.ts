import { setImmediate as yielded } from 'node:timers/promises'
import type { Environment } from '../../../operation/call.ts'
import type { TrailEntry } from '../../../operation/trail.ts'
import { isSelected, recordsData } from '../select.ts'
import { queueId, type CloudTrailState, type TrailRecord } from '../state.ts'
import { writeDigest } from './digest.ts'
import { writeLogFile } from './logFile.ts'
import * as records from './records.ts'
import { PRINCIPAL } from './write.ts'

/** How often log files are delivered (facts: integrations 14), by the emulator's clock. */
export const PERIOD_MS = 300_000
const DIGEST_MS = 3_600_000
/** The most events of one log file: when as many wait, they are delivered at once. */
export const BATCH = 5000
/** Bytes, by estimate: as with the number, when as much waits, it is delivered at once. */
export const HEAVY = 32 * 1024 * 1024
/** How many batches, by number or weight, wait in memory while one is being delivered. */
const MOST_IN_MEMORY = 4

/** An event that waits, and the trail as it was when it happened. */
interface Waiting {
  readonly entry: TrailEntry
  readonly trail: TrailRecord
}

/** What waits for a trail in a Region. */
interface Queue {
  readonly trail: TrailRecord
  readonly region: string
  waiting: Waiting[]
  /** Of what waits, in bytes. */
  weight: number
  /** Whether there is more than what CloudTrail itself has done: its own writing is no reason to write again. */
  worthwhile: boolean
  early: boolean
}

/**
 * Takes events to the log files of trails. Events wait in memory, as references, until the clock has come to the next five minutes;
 * a clean stop and a failed delivery put them on disk. While no trail is logging nobody listens to events.
 */
export class Deliveries {
  #state: CloudTrailState | undefined
  #env: Environment | undefined
  /** The trails that are logging, by account. */
  readonly #logging = new Map<string, readonly TrailRecord[]>()
  readonly #queues = new Map<string, Queue>()
  #running: Promise<void> = Promise.resolve()
  #due = Infinity

  /** Begins anew with what is stored. */
  begin(state: CloudTrailState, env: Environment): void {
    this.#state = state
    this.#env = env
    this.#logging.clear()
    this.#queues.clear()
    this.#due = Infinity
    let any = false
    for (const { account } of state.trails.all()) {
      any = true
      if (!this.#logging.has(account)) this.#readTrails(account)
    }
    this.#listen()
    if (any) this.#arm()
  }

  /** Writes down what waits in memory. Nothing happens any more from then on. */
  async end(): Promise<void> {
    this.#env?.trail.listen(undefined)
    await this.#running
    const [state, env] = [this.#state, this.#env]
    if (!state || !env) return
    for (const [id, queue] of this.#queues) records.keepWaiting(id, await rendered(queue), state, env)
    this.#queues.clear()
  }

  /** An account's trails have changed: those that log now hear of what happens from now on. */
  changed(account: string): void {
    this.#readTrails(account)
    this.#listen()
    this.#arm()
  }

  /** Delivers what waits for a trail that is about to be gone. */
  flush(trail: TrailRecord): void {
    for (const [id, queue] of this.#queues)
      if (queue.trail.arn === trail.arn) this.#then(() => this.#deliver(id, trail))
  }

  /** Resolves when nothing is on its way any more. */
  settled(): Promise<void> {
    return this.#running
  }

  #readTrails(account: string): void {
    const logging: TrailRecord[] = []
    for (const [, trail] of this.#state?.trails.in(account).entries() ?? []) if (trail.logging) logging.push(trail)
    if (logging.length > 0) this.#logging.set(account, logging)
    else this.#logging.delete(account)
  }

  #listen(): void {
    this.#env?.trail.listen(
      this.#logging.size === 0
        ? undefined
        : (entry) => {
            this.#hear(entry)
          },
    )
  }

  #hear(entry: TrailEntry): void {
    for (const { account, region } of entry.places()) {
      for (const trail of this.#logging.get(account) ?? []) {
        if (!trail.multiRegion && trail.homeRegion !== region) continue
        if (!entry.isManagement && !recordsData(trail)) continue
        this.#add(trail, region, entry)
      }
    }
    // The clock may have been moved back.
    if (this.#due - entry.time > PERIOD_MS) this.#arm()
  }

  #add(trail: TrailRecord, region: string, entry: TrailEntry): void {
    const id = queueId(trail.arn, region)
    let queue = this.#queues.get(id)
    if (!queue)
      this.#queues.set(id, (queue = { trail, region, waiting: [], weight: 0, worthwhile: false, early: false }))
    queue.waiting.push({ entry, trail })
    queue.weight += entry.weight
    if (entry.service !== PRINCIPAL) queue.worthwhile = true
    if (isFull(queue, 1) && !queue.early) {
      queue.early = true
      this.#then(() => this.#deliver(id))
    }
    if (isFull(queue, MOST_IN_MEMORY)) {
      const lost = queue.waiting.splice(0, Math.ceil(queue.waiting.length / MOST_IN_MEMORY))
      for (const { entry: gone } of lost) queue.weight -= gone.weight
      this.#env?.log(
        `cloudtrail: ${String(lost.length)} events of ${trail.arn} are lost: they came faster than they could be delivered`,
      )
    }
  }

  #arm(): void {
    const env = this.#env
    if (!env) return
    this.#due = (Math.floor(env.clock.now() / PERIOD_MS) + 1) * PERIOD_MS
    env.clock.schedule('cloudtrail.delivery', this.#due, () => {
      this.#then(() => this.#round())
      this.#arm()
    })
  }

  /** One thing after the other: files of one trail come in order. */
  #then(work: () => Promise<void>): void {
    this.#running = this.#running.then(work).catch((error: unknown) => {
      this.#env?.log(
        `cloudtrail: delivery failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
      )
    })
  }

  /** Everything that waits, then the digest files that are due. */
  async #round(): Promise<void> {
    const state = this.#state
    if (!state) return
    for (const id of new Set([...this.#queues.keys(), ...records.waitingQueues(state)])) await this.#deliver(id)
    for (const [id, chain] of [...state.chains.in().entries()]) {
      const now = this.#env?.clock.now() ?? 0
      if (now - chain.since >= DIGEST_MS) await this.#digest(id, now)
      // The clock was moved back to before the chain began.
      else if (now < chain.since) state.chains.in().put(id, { ...chain, since: now })
    }
  }

  /** @param gone the trail, when it is not stored any more */
  async #deliver(id: string, gone?: TrailRecord): Promise<void> {
    const [state, env] = [this.#state, this.#env]
    if (!state || !env) return
    const queue = this.#queues.get(id)
    const [trail = gone, region] = records.trailOf(id, state)
    if (!trail) {
      this.#queues.delete(id)
      records.dropWaiting(id, state, env)
      return
    }
    // The bucket is tried again with what it has not taken before, whether or not there is more by now.
    const stored = records.readWaiting(id, state)
    if (queue) queue.early = false
    if (stored.length === 0 && queue?.worthwhile !== true) return
    this.#queues.delete(id)
    const fresh = queue ? await rendered(queue) : []
    // In the order in which they happened.
    const batches = [...stored, ...batched(fresh).map((events) => ({ id: undefined, events }))]
    for (const [at, batch] of batches.entries()) {
      const now = env.clock.now()
      const delivery = await writeLogFile(trail, region, batch.events, now, env)
      if ('error' in delivery) {
        const rest = batches.slice(at).filter((each) => each.id === undefined)
        records.failed(
          id,
          trail,
          delivery.error,
          rest.flatMap(({ events }) => events),
          now,
          state,
          env,
        )
        return
      }
      records.delivered(id, trail, delivery.file, batch.id, now, state, env)
    }
  }

  async #digest(id: string, now: number): Promise<void> {
    const [state, env] = [this.#state, this.#env]
    const chain = state?.chains.in().get(id)
    if (!state || !env || !chain) return
    const [trail, region] = records.trailOf(id, state)
    if (!trail) {
      state.chains.in().delete(id)
      return
    }
    records.digested(id, trail, chain, await writeDigest(trail, region, chain, now, state, env), now, state, env)
  }
}

const isFull = ({ waiting, weight }: Queue, batches: number) =>
  waiting.length >= batches * BATCH || weight >= batches * HEAVY

const SLICE = 250

/** The events of a queue that its trail selects, as JSON, in the order in which they happened. */
async function rendered({ waiting, region, trail: { account } }: Queue): Promise<string[]> {
  const events: string[] = []
  for (const [at, { entry, trail }] of waiting.entries()) {
    if (at % SLICE === SLICE - 1) await yielded()
    const theirs = entry
      .records()
      .filter((record) => record['recipientAccountId'] === account && record['awsRegion'] === region)
      .filter((record) => isSelected(record, trail))
    for (const record of theirs.reverse()) events.push(JSON.stringify(record))
  }
  return events
}

function batched(events: readonly string[]): (readonly string[])[] {
  const batches: (readonly string[])[] = []
  for (let at = 0; at < events.length; at += BATCH) batches.push(events.slice(at, at + BATCH))
  return batches
}
