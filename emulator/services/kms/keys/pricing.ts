import type { PricedKey } from '../../../audit/prices.ts'
import type { KeyRecord, KmsState } from '../state.ts'

const DAY = 86_400_000
/** Keys that are gone and still cost something since the start. */
const MOST_DELETED = 10_000

/** Customer managed keys with what their price depends on, deleted ones of this process included. Never on the request path. */
export function* pricedKeys(state: KmsState): Generator<PricedKey> {
  yield* state.deletedKeys
  for (const { record } of state.keys.all()) if (record.manager === 'CUSTOMER') yield priced(record)
}

/** Keeps what a key's price depends on when it is deleted; in memory only. */
export function rememberDeleted(key: KeyRecord, state: KmsState): void {
  if (key.manager === 'CUSTOMER' && state.deletedKeys.length < MOST_DELETED) state.deletedKeys.push(priced(key))
}

function priced(key: KeyRecord): PricedKey {
  const { arn, account, region, spec, createdAt, deletion } = key
  const rotatedAt = key.materials.flatMap(({ rotatedAt }) => (rotatedAt === undefined ? [] : [rotatedAt]))
  const until = deletion?.at === undefined ? undefined : deletion.at - deletion.windowInDays * DAY
  return { arn, account, region, spec, createdAt, until, rotatedAt }
}
