import type { Environment } from '../../../operation/call.ts'
import { keyPath, type KeyRecord, type KmsState, type MaterialEntry } from '../state.ts'
import { newMaterial } from './material.ts'
import { rememberDeleted } from './pricing.ts'

/** What time brings to keys, and what it needs: no request is there then. */
export interface Site {
  readonly state: KmsState
  readonly env: Environment
}

const DAY = 86_400_000

/**
 * How long an on-demand rotation is under way. AWS takes half a minute to some minutes (facts: captures 6) and promises nothing; this
 * is long enough to be seen, and short enough to wait for.
 */
export const ON_DEMAND_MS = 10_000

/** Puts everything that time will bring to a key on the clock: once at the start, and after each change of a date. */
export function armKey(key: KeyRecord, site: Site): void {
  const { clock } = site.env
  const path = keyPath(key)
  const arm = (what: string, at: number | undefined, task: (key: KeyRecord, site: Site) => void) => {
    const id = `kms/${what}/${path}`
    if (at === undefined) clock.cancel(id)
    else
      clock.schedule(id, at, () => {
        // What was planned then may have been called off.
        const now = site.state.keys.in(key.account, key.region).get(key.id)
        if (now) task(now, site)
      })
  }
  arm('delete', key.deletion?.at, deleteWhenDue)
  arm('rotate', key.state === 'Enabled' ? key.rotation?.nextAt : undefined, rotateWhenDue)
  arm('demand', key.rotatingSince === undefined ? undefined : key.rotatingSince + ON_DEMAND_MS, finishOnDemand)
}

/** Takes up all keys, when the emulator starts or its state is replaced. */
export function armAll(state: KmsState, env: Environment): void {
  state.recentUse.clear()
  state.deletedKeys.length = 0
  // Some things are long overdue and happen at once, which changes what is being walked.
  for (const { record } of [...state.keys.all()]) {
    if (record.deletion || record.rotation || record.rotatingSince !== undefined) armKey(record, { state, env })
  }
}

function deleteWhenDue(key: KeyRecord, { state, env }: Site): void {
  const due = key.state === 'PendingDeletion' && key.deletion !== undefined && key.deletion.at <= env.clock.now()
  if (due) deleteKey(key, { state, env })
}

/** A key and all that belongs to it (facts: B14). Its ciphertexts are noise from then on. */
export function deleteKey(key: KeyRecord, { state, env }: Site): void {
  const { account, region, id } = key
  env.store.transaction(() => {
    const aliases = state.aliases.in(account, region)
    for (const [name] of [...aliases.find('key', id)]) aliases.delete(name)
    const grants = state.grants.in()
    for (const [path] of [...grants.find('key', keyPath(key))]) grants.delete(path)
    for (const material of key.materials) state.material.in().delete(`${region}/${material.id}`)
    state.lastUse.in(account, region).delete(id)
    state.keys.in(account, region).delete(id)
  })
  state.recentUse.delete(key.arn)
  rememberDeleted(key, state)
}

/** Automatic rotation; a key that is not enabled is passed over until it is enabled again (facts: B11). */
function rotateWhenDue(key: KeyRecord, site: Site): void {
  const { rotation } = key
  if (key.state !== 'Enabled' || !rotation || rotation.nextAt > site.env.clock.now()) return
  const nextAt = rotation.nextAt + rotation.periodInDays * DAY
  rotate(key, { rotatedAt: rotation.nextAt, rotation: 'AUTOMATIC' }, { rotation: { ...rotation, nextAt } }, site)
}

/** Goes on when the key is disabled or scheduled for deletion meanwhile (facts: B11). */
function finishOnDemand(key: KeyRecord, site: Site): void {
  if (key.rotatingSince === undefined) return
  const rotatedAt = key.rotatingSince + ON_DEMAND_MS
  rotate(key, { rotatedAt, rotation: 'ON_DEMAND' }, { rotatingSince: undefined }, site)
}

function rotate(key: KeyRecord, entry: Omit<MaterialEntry, 'id'>, change: Partial<KeyRecord>, site: Site): void {
  const { state, env } = site
  const rotated = env.store.transaction(() => {
    const material = newMaterial(key, state)
    const now: KeyRecord = { ...key, ...change, materials: [...key.materials, { ...material, ...entry }] }
    state.keys.in(key.account, key.region).put(key.id, now)
    return now
  })
  armKey(rotated, site)
}
