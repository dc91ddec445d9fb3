import type { RotationsListEntry } from '@aws-sdk/client-kms'
import {
  invalidState,
  keyMissing,
  limitExceeded,
  notForThisKey,
  unsupported,
  validation,
  wrongOrigin,
} from '../errors.ts'
import { isImported, knownMaterials } from '../keys/imported.ts'
import { hasReplicas, isReplica, relativesOf } from '../keys/multiRegion.ts'
import type { Target } from '../keys/resolve.ts'
import { announceSynchronization } from '../keys/serviceEvents.ts'
import { isSymmetricEncryption } from '../keySpecs.ts'
import type { StatefulOperation } from '../keyStates.ts'
import { page, sortedAfter } from '../pages.ts'
import { kms } from '../service.ts'
import type { KeyRecord, KmsCall, KmsState, MaterialEntry } from '../state.ts'
import { imminentRotation } from '../unsourced.ts'
import { admitted, changeAndArm, changeAudit, keyAudit, onOwnKey, onSharedKey } from './onKey.ts'

const DAY = 86_400_000
const USUAL_PERIOD = 365
const MOST_ON_DEMAND = 25
/** An on-demand rotation keeps this distance from the automatic one (facts: B11). */
const AUTOMATIC_SOON = 20 * 60_000

/** Rotation is the primary key's affair, in all states (facts: B11). Throws UnsupportedOperationException. */
function requireLead(key: KeyRecord, operation: string): void {
  if (isReplica(key)) throw unsupported(`${key.arn} is a multi-region replica key which is not valid for ${operation}.`)
}

/** Only material that KMS makes rotates by itself; that is said whatever the state of the key (facts: B4 notes 6 and 7). */
function withSchedule(target: Target, operation: StatefulOperation): KeyRecord {
  const { key, arn } = target
  if (!key) throw keyMissing(arn)
  if (isImported(key) || key.customKeyStoreId !== undefined) throw wrongOrigin(key)
  return admitted(target, operation)
}

/** Keys in custom key stores do not rotate, in whatever state they are (facts: B4, note 7). */
function outsideKeyStores(target: Target, operation: StatefulOperation): KeyRecord {
  if (target.key?.customKeyStoreId !== undefined) throw wrongOrigin(target.key)
  return admitted(target, operation)
}

const enableKeyRotation = kms.row('EnableKeyRotation', {
  ...onOwnKey,
  action: 'kms:EnableKeyRotation',
  // Present with its default when left out, whatever the key has (facts: C6, recorded).
  context: (input) => ({ 'kms:RotationPeriodInDays': String(input.RotationPeriodInDays ?? USUAL_PERIOD) }),
  run(input, call, target) {
    const key = withSchedule(target, 'EnableKeyRotation')
    requireRotatable(key)
    requireLead(key, 'EnableKeyRotation')
    const periodInDays = input.RotationPeriodInDays ?? key.rotation?.periodInDays ?? USUAL_PERIOD
    // The same period again leaves the date where it was (facts: B11).
    if (key.rotation?.periodInDays !== periodInDays) {
      changeSchedule(key, { periodInDays, nextAt: call.time + periodInDays * DAY }, call)
    }
    return {}
  },
  audit: changeAudit('KeyId', 'RotationPeriodInDays'),
})

const disableKeyRotation = kms.row('DisableKeyRotation', {
  ...onOwnKey,
  action: 'kms:DisableKeyRotation',
  run(_input, call, target) {
    const key = withSchedule(target, 'DisableKeyRotation')
    requireLead(key, 'DisableKeyRotation')
    if (key.rotation) changeSchedule(key, undefined, call)
    return {}
  },
  audit: changeAudit('KeyId'),
})

function changeSchedule(key: KeyRecord, rotation: KeyRecord['rotation'], call: KmsCall): void {
  const changed = changeAndArm(key, { rotation }, call)
  if (hasReplicas(changed)) announceSynchronization(changed, call.time, call.env)
}

const getKeyRotationStatus = kms.row('GetKeyRotationStatus', {
  ...onSharedKey,
  action: 'kms:GetKeyRotationStatus',
  readOnly: true,
  run(_input, _call, target) {
    const key = outsideKeyStores(target, 'GetKeyRotationStatus')
    // AWS managed keys rotate, and say that they do not: recorded, against the documentation (facts: captures 2).
    const silent = key.state === 'PendingDeletion' || key.manager === 'AWS'
    const rotation = silent ? undefined : key.rotation
    return {
      KeyRotationEnabled: rotation !== undefined,
      KeyId: key.arn,
      ...(rotation && { RotationPeriodInDays: rotation.periodInDays, NextRotationDate: new Date(rotation.nextAt) }),
      ...(key.rotatingSince !== undefined && { OnDemandRotationStartDate: new Date(key.rotatingSince) }),
    }
  },
  audit: keyAudit('KeyId'),
})

const rotateKeyOnDemand = kms.row('RotateKeyOnDemand', {
  ...onOwnKey,
  action: 'kms:RotateKeyOnDemand',
  run(_input, call, target) {
    const key = outsideKeyStores(target, 'RotateKeyOnDemand')
    requireRotatable(key)
    requireLead(key, 'RotateKeyOnDemand')
    // Asking again while it is under way changes nothing (facts: B11).
    if (key.rotatingSince === undefined) {
      requireRotationsLeft(key)
      if (key.rotation && key.rotation.nextAt - call.time <= AUTOMATIC_SOON) throw imminentRotation(key.arn)
      if (isImported(key)) requirePending(key, call)
      changeAndArm(key, { rotatingSince: call.time }, call)
    }
    return { KeyId: key.arn }
  },
  audit: changeAudit('KeyId'),
})

/** To be asked, or told to stop, is all the same to other keys; they just do not rotate (facts: B11). */
function requireRotatable(key: KeyRecord): void {
  if (!isSymmetricEncryption(key)) throw notForThisKey()
}

/** Imported material rotates to what has been imported for it (facts: B12). */
function requirePending(key: KeyRecord, { state }: KmsCall): void {
  if (!key.pendingMaterial) {
    throw invalidState(`No available key material pending rotation for the key: ${key.arn}.`)
  }
  if (awaitsRelatives(key, state)) {
    throw invalidState(
      'Cannot perform key material rotation: Key material has not been imported for replicas of the Multi-Region key.',
    )
  }
}

/** Pending material of a multi-Region key must have been imported in each Region before it can be used (facts: captures 5.4). */
const awaitsRelatives = (key: KeyRecord, state: KmsState): boolean =>
  [key, ...relativesOf(key, state)].some(({ pendingMaterial }) => pendingMaterial?.imported?.bytes === 'deleted')

function requireRotationsLeft(key: KeyRecord): void {
  if (key.materials.filter(({ rotation }) => rotation === 'ON_DEMAND').length < MOST_ON_DEMAND) return
  throw limitExceeded(
    `The on-demand rotations limit has been reached for the given keyId. No more on-demand rotations can be performed for this key: ${key.arn}`,
  )
}

const listKeyRotations = kms.row('ListKeyRotations', {
  ...onOwnKey,
  action: 'kms:ListKeyRotations',
  readOnly: true,
  run(input, call, target) {
    const key = outsideKeyStores(target, 'ListKeyRotations')
    if (input.IncludeKeyMaterial !== undefined && !isSymmetricEncryption(key)) {
      throw validation('Input parameter includeKeyMaterial can only be used with symmetric keys.')
    }
    const all = input.IncludeKeyMaterial === 'ALL_KEY_MATERIAL'
    const entries = knownMaterials(key).flatMap((material, at) =>
      all || material.rotatedAt !== undefined
        ? [[String(at).padStart(6, '0'), rotationEntry(key, material, call.state)] as const]
        : [],
    )
    const size = { usual: 100, most: 1000 }
    const { items, Truncated, NextMarker } = page(input, size, `rotations/${key.id}`, sortedAfter(entries))
    return { Rotations: items, Truncated, NextMarker }
  },
  audit: keyAudit('KeyId', 'IncludeKeyMaterial', 'Limit', 'Marker'),
})

function rotationEntry(key: KeyRecord, material: MaterialEntry, state: KmsState): RotationsListEntry {
  return {
    KeyId: key.arn,
    KeyMaterialId: material.id,
    ...importEntry(material),
    KeyMaterialState: materialState(key, material, state),
    ...(material.rotatedAt !== undefined && { RotationDate: new Date(material.rotatedAt) }),
    RotationType: material.rotation,
  }
}

function materialState(key: KeyRecord, { id }: MaterialEntry, state: KmsState): RotationsListEntry['KeyMaterialState'] {
  if (id === key.materials.at(-1)?.id) return 'CURRENT'
  if (id !== key.pendingMaterial?.id) return 'NON_CURRENT'
  return awaitsRelatives(key, state) ? 'PENDING_MULTI_REGION_IMPORT_AND_ROTATION' : 'PENDING_ROTATION'
}

/** What only imported material has to tell (facts: captures 5.1). */
function importEntry({ imported }: MaterialEntry): Partial<RotationsListEntry> {
  if (!imported) return {}
  const { bytes, validTo, description } = imported
  const known = description === undefined ? {} : { KeyMaterialDescription: description }
  if (bytes === 'deleted') return { ...known, ImportState: 'PENDING_IMPORT' }
  return {
    ...known,
    ImportState: 'IMPORTED',
    ...(validTo === undefined
      ? { ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE' }
      : { ExpirationModel: 'KEY_MATERIAL_EXPIRES', ValidTo: new Date(validTo) }),
  }
}

export const rotationRows = [
  enableKeyRotation,
  disableKeyRotation,
  getKeyRotationStatus,
  rotateKeyOnDemand,
  listKeyRotations,
]
