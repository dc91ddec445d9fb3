import type { KeyRecord, KmsCall } from '../state.ts'

const DAY = 86_400_000
const dayOf = (time: number) => Math.floor(time / DAY)

/** Remembers that a key was used. Kept in memory, and on disk to the day: one write per key and day, not one per request. */
export function recordUse(key: KeyRecord, call: KmsCall): void {
  const { state, time } = call
  const before = state.recentUse.get(key.arn)
  state.recentUse.set(key.arn, time)
  if (before !== undefined && dayOf(before) === dayOf(time)) return
  const table = state.lastUse.in(key.account, key.region)
  const stored = table.get(key.id)
  if (stored && dayOf(stored.at) === dayOf(time)) return
  call.env.store.transaction(() => {
    table.put(key.id, { at: time })
  })
}

/** Whole days since a key was last used, or since it was created when it never was (kms:TrailingDaysWithoutKeyUsage, facts: C6). */
export function daysWithoutUse(key: KeyRecord, call: KmsCall): number {
  const { state, time } = call
  const at = state.recentUse.get(key.arn) ?? state.lastUse.in(key.account, key.region).get(key.id)?.at ?? key.createdAt
  return Math.max(Math.floor((time - at) / DAY), 0)
}
