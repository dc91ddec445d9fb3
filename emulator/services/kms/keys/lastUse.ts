import type { KeyLastUsageData, KeyLastUsageTrackingOperation } from '@aws-sdk/client-kms'
import { eventId } from '../../../audit/cloudTrail.ts'
import type { KeyRecord, KmsCall, KeyUse } from '../state.ts'

const DAY = 86_400_000
const dayOf = (time: number) => Math.floor(time / DAY)

/** Remembers that a key was used. Kept in memory, and on disk to the day: one write per key and day, not one per request. */
export function recordUse(key: KeyRecord, call: KmsCall): void {
  const { state, time, operation, requestId } = call
  const before = state.recentUse.get(key.arn)
  const use: KeyUse = { at: time, operation, requestId }
  state.recentUse.set(key.arn, use)
  if (before !== undefined && dayOf(before.at) === dayOf(time)) return
  // Where an external key manager was asked, the key may be gone by now, and nobody would delete what is remembered of it.
  if (!state.keys.in(key.account, key.region).has(key.id)) {
    state.recentUse.delete(key.arn)
    return
  }
  const table = state.lastUse.in(key.account, key.region)
  const stored = table.get(key.id)
  if (stored && dayOf(stored.at) === dayOf(time)) return
  call.env.store.transaction(() => {
    table.put(key.id, use)
  })
}

const lastUse = (key: KeyRecord, { state }: KmsCall): KeyUse | undefined =>
  state.recentUse.get(key.arn) ?? state.lastUse.in(key.account, key.region).get(key.id)

/** Whole days since a key was last used, or since it was created when it never was (kms:TrailingDaysWithoutKeyUsage, facts: C6). */
export function daysWithoutUse(key: KeyRecord, call: KmsCall): number {
  const at = lastUse(key, call)?.at ?? key.createdAt
  return Math.max(Math.floor((call.time - at) / DAY), 0)
}

/** As GetKeyLastUsage tells it; empty for a key that was never used. After a restart, the first use of its last day. */
export function keyLastUsage(key: KeyRecord, call: KmsCall): KeyLastUsageData {
  const use = lastUse(key, call)
  if (!use) return {}
  const { at, operation, requestId } = use
  return {
    Operation: operation as KeyLastUsageTrackingOperation | undefined,
    Timestamp: new Date(at),
    CloudTrailEventId: requestId === undefined ? undefined : eventId(requestId),
    KmsRequestId: requestId,
  }
}
