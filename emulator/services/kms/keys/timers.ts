import type { Environment } from '../../../operation/call.ts'
import { keyPath, type KeyRecord, type KmsState, type MaterialEntry } from '../state.ts'
import { armParameters, deleteParameters } from './importParameters.ts'
import {
  expireMaterials,
  forgetMaterial,
  isImported,
  isOver,
  knownMaterials,
  lacksMaterial,
  nextExpiry,
  rotatedToPending,
} from './imported.ts'
import { newMaterial } from './material.ts'
import { familyOf, hasReplicas, isReplica, putShared, relativesOf } from './multiRegion.ts'
import { rememberDeleted } from './pricing.ts'
import { announceDeletion, announceExpiry, announceRotation, announceSynchronization } from './serviceEvents.ts'

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

/** How long a replica key is being created: 3 to 5 seconds were seen (facts: captures 7). */
export const CREATING_MS = 4000

/** How long both keys are being updated after UpdatePrimaryRegion: some seconds were seen, minutes are possible (facts: B13). */
export const UPDATING_MS = 6000

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
  // A replica shares its primary's rotations, and has none of its own.
  const leads = !isReplica(key)
  const demanded = leads && key.rotatingSince !== undefined ? key.rotatingSince + ON_DEMAND_MS : undefined
  arm('delete', key.deletion?.at, deleteWhenDue)
  arm('settle', isPassing(key) ? key.settlesAt : undefined, settle)
  arm('rotate', leads && key.state === 'Enabled' ? key.rotation?.nextAt : undefined, rotateWhenDue)
  arm('demand', demanded, finishOnDemand)
  arm('expire', nextExpiry(key), expireWhenDue)
}

/** Takes up all keys, when the emulator starts or its state is replaced. */
export function armAll(state: KmsState, env: Environment): void {
  state.recentUse.clear()
  state.deletedKeys.length = 0
  // Some things are long overdue and happen at once, which changes what is being walked.
  for (const { record } of [...state.keys.all()]) {
    const { deletion, rotation, rotatingSince, settlesAt } = record
    const waits = deletion ?? rotation ?? rotatingSince ?? settlesAt ?? nextExpiry(record)
    if (waits !== undefined) armKey(record, { state, env })
  }
  for (const parameters of [...state.importParameters.all()]) armParameters(parameters, state, env)
}

const isPassing = ({ state }: KeyRecord) => state === 'Creating' || state === 'Updating'

/** A replica that is made, or a change of the primary Region that has gone through. */
function settle(key: KeyRecord, { state, env }: Site): void {
  if (!isPassing(key)) return
  // Each Region imports for itself: a replica of such a key waits for its copy (facts: B12).
  const next = lacksMaterial(key) ? 'PendingImport' : 'Enabled'
  const settled = env.store.transaction(() => putShared(key, { state: next, settlesAt: undefined }, state))
  const primary = isReplica(settled) && relativesOf(settled, state).find((relative) => !isReplica(relative))
  if (primary) announceSynchronization(primary, key.settlesAt ?? env.clock.now(), env)
  armKey(settled, { state, env })
}

function deleteWhenDue(key: KeyRecord, site: Site): void {
  const at = key.deletion?.at
  if (key.state === 'PendingDeletion' && at !== undefined && at <= site.env.clock.now()) deleteKey(key, at, site)
}

/**
 * A key and all that belongs to it (facts: B14). Its ciphertexts are noise from then on, but for relatives in other Regions.
 * @param at when, in milliseconds since the epoch
 */
export function deleteKey(key: KeyRecord, at: number, { state, env }: Site): void {
  const { account, region, id } = key
  const bereaved = env.store.transaction(() => {
    const aliases = state.aliases.in(account, region)
    for (const [name] of [...aliases.find('key', id)]) aliases.delete(name)
    const grants = state.grants.in()
    for (const [path] of [...grants.find('key', keyPath(key))]) grants.delete(path)
    for (const material of knownMaterials(key)) forgetMaterial(key, material.id, state)
    deleteParameters(key, state, env)
    state.lastUse.in(account, region).delete(id)
    state.keys.in(account, region).delete(id)
    return leaveFamily(key, at, state)
  })
  state.recentUse.delete(key.arn)
  rememberDeleted(key, state)
  announceDeletion(key, at, env)
  if (bereaved) armKey(bereaved, { state, env })
}

/**
 * Takes a replica out of its relatives' lists. A primary that waited for its last replica to go now waits out its own window.
 * Within a transaction.
 */
function leaveFamily(gone: KeyRecord, at: number, state: KmsState): KeyRecord | undefined {
  const primary = relativesOf(gone, state).find((relative) => !isReplica(relative))
  if (!primary?.family) return undefined
  const replicas = primary.family.replicas.filter((region) => region !== gone.region)
  const waits = primary.state === 'PendingReplicaDeletion' && primary.deletion && replicas.length === 0
  return putShared(
    primary,
    {
      family: familyOf(primary.region, replicas),
      ...(waits && {
        state: 'PendingDeletion',
        deletion: { ...primary.deletion, at: at + primary.deletion.windowInDays * DAY },
      }),
    },
    state,
  )
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
  if (isImported(key)) {
    rotateToPending(key, rotatedAt, site)
    return
  }
  rotate(key, { rotatedAt, rotation: 'ON_DEMAND' }, { rotatingSince: undefined }, site)
}

function rotate(key: KeyRecord, entry: Omit<MaterialEntry, 'id'>, change: Partial<KeyRecord>, site: Site): void {
  const { state, env } = site
  const rotated = env.store.transaction(() => {
    const material = newMaterial(key, state)
    return putShared(key, { ...change, materials: [...key.materials, { ...material, ...entry }] }, state)
  })
  hasRotated(rotated, entry.rotatedAt ?? env.clock.now(), site)
}

function hasRotated(rotated: KeyRecord, at: number, site: Site): void {
  announceRotation(rotated, at, site.env)
  if (hasReplicas(rotated)) announceSynchronization(rotated, at, site.env)
  armKey(rotated, site)
}

/** To the material that was imported for it; if that has been deleted meanwhile, nothing rotates (facts: captures 5.2). */
function rotateToPending(key: KeyRecord, at: number, site: Site): void {
  const { state, env } = site
  const rotated = env.store.transaction(() => putShared(key, rotatedToPending(key, at), state))
  if (key.pendingMaterial) hasRotated(rotated, at, site)
  else armKey(rotated, site)
}

/** Expired material leaves the state for good; the key waits until it is imported again (facts: captures 5.1). */
function expireWhenDue(key: KeyRecord, site: Site): void {
  const { state, env } = site
  const now = env.clock.now()
  const gone = knownMaterials(key).filter((entry) => isOver(entry, now))
  const expired = env.store.transaction(() => putShared(key, expireMaterials(key, now, state), state))
  for (const { id, imported } of gone) announceExpiry(key, id, imported?.validTo ?? now, env)
  armKey(expired, site)
}
