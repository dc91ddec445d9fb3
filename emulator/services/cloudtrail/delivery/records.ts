import type { Environment } from '../../../operation/call.ts'
import { trailNamed, trailPath } from '../names.ts'
import {
  queueId,
  type CloudTrailState,
  type DeliveredFile,
  type DeliveryStatus,
  type DigestChain,
  type TrailRecord,
} from '../state.ts'
import type { DigestDelivery } from './digest.ts'

/* What is stored of deliveries: what waits, what came of the last one, and what the next digest file will say. */

type Env = Pick<Environment, 'store' | 'ids' | 'log' | 'clock'>

/** The most events that wait on disk for one trail and Region; then the oldest are given up. */
export const MOST_ON_DISK = 20_000

/** The trail that a queue is of, if there still is one, and the Region. */
export function trailOf(id: string, state: CloudTrailState): readonly [TrailRecord | undefined, string] {
  const [arn = '', region = ''] = id.split('|')
  const [, , , home = '', account = '', resource = ''] = arn.split(':')
  return [trailNamed({ account, region: home, name: resource.slice('trail/'.length) }, { state }), region]
}

/** The queues that have something on disk. */
export function waitingQueues(state: CloudTrailState): Set<string> {
  return new Set([...state.waiting.in().entries()].map(([, { queue }]) => queue))
}

export const readWaiting = (id: string, state: CloudTrailState) =>
  [...state.waiting.in().find('queue', id)].map(([record, { events }]) => ({ id: record, events }))

/** Puts events on disk, behind those that wait there. */
export function keepWaiting(id: string, events: readonly string[], state: CloudTrailState, env: Env): void {
  if (events.length === 0) return
  const table = state.waiting.in()
  env.store.transaction(() => {
    let left = events.length
    const kept = readWaiting(id, state)
    for (const { events: stored } of kept) left += stored.length
    for (const { id: record, events: stored } of kept) {
      if (left <= MOST_ON_DISK) break
      env.log(`cloudtrail: ${String(stored.length)} events are lost that could not be delivered: ${id}`)
      table.delete(record)
      left -= stored.length
    }
    table.put(`${id} ${String(nextNumber(id, state)).padStart(12, '0')}`, { queue: id, events })
  })
}

function nextNumber(id: string, state: CloudTrailState): number {
  const last = readWaiting(id, state).at(-1)?.id
  return last === undefined ? 0 : Number(last.slice(last.lastIndexOf(' ') + 1)) + 1
}

export function dropWaiting(id: string, state: CloudTrailState, { store }: Env): void {
  store.transaction(() => {
    for (const { id: record } of readWaiting(id, state)) state.waiting.in().delete(record)
    state.chains.in().delete(id)
  })
}

/** A log file is in the bucket. */
export function delivered(
  id: string,
  trail: TrailRecord,
  file: DeliveredFile,
  waiting: string | undefined,
  now: number,
  state: CloudTrailState,
  env: Env,
): void {
  env.store.transaction(() => {
    if (waiting !== undefined) state.waiting.in().delete(waiting)
    const current = stored(trail, state)
    if (!current) return
    putStatus(current, { attemptedAt: now, deliveredAt: now, error: undefined }, state)
    if (!current.validation) return
    const chain = state.chains.in().get(id) ?? { since: chainBegin(current, now), files: [] }
    state.chains.in().put(id, { ...chain, files: [...chain.files, file] })
  })
}

/** When the first digest file of a Region begins: not before its trail began to log. */
const chainBegin = ({ startedAt }: TrailRecord, now: number) => Math.max(startedAt ?? 0, now - 3_600_000)

/** The bucket has not taken a log file: what was to be in it waits on. */
export function failed(
  id: string,
  trail: TrailRecord,
  error: string,
  events: readonly string[],
  now: number,
  state: CloudTrailState,
  env: Env,
): void {
  env.store.transaction(() => {
    const current = stored(trail, state)
    if (!current) return
    keepWaiting(id, events, state, env)
    putStatus(current, { attemptedAt: now, error }, state)
  })
}

/** A digest file is in the bucket, or is not. */
export function digested(
  id: string,
  trail: TrailRecord,
  before: DigestChain,
  delivery: DigestDelivery,
  now: number,
  state: CloudTrailState,
  env: Env,
): void {
  env.store.transaction(() => {
    const current = stored(trail, state)
    const chain = state.chains.in().get(id)
    if (!current || !chain) return
    if ('error' in delivery) {
      putStatus(current, { digestError: delivery.error }, state)
      return
    }
    putStatus(current, { digestAt: now, digestError: undefined }, state)
    const files = chain.files.slice(before.files.length)
    // Nothing more is to come of a trail that does not log: when it begins again, so does the chain.
    if (!current.logging && files.length === 0) state.chains.in().delete(id)
    else state.chains.in().put(id, { since: now, files, previous: delivery.digest })
  })
}

/** Begins the chain of digest files in a trail's home Region, unless there is one. Within a transaction. */
export function beginChain(trail: TrailRecord, now: number, state: CloudTrailState): void {
  const id = queueId(trail.arn, trail.homeRegion)
  if (trail.validation && !state.chains.in().has(id)) state.chains.in().put(id, { since: now, files: [] })
}

/** Ends all chains of a trail. Within a transaction. */
export function endChains({ arn }: TrailRecord, state: CloudTrailState): void {
  for (const [id] of [...state.chains.in().entries()]) if (id.startsWith(`${arn}|`)) state.chains.in().delete(id)
}

const stored = ({ account, homeRegion, name }: TrailRecord, state: CloudTrailState) =>
  state.trails.in(account).get(trailPath(homeRegion, name))

function putStatus({ arn }: TrailRecord, change: DeliveryStatus, state: CloudTrailState): void {
  state.statuses.in().put(arn, { ...state.statuses.in().get(arn), ...change })
}
