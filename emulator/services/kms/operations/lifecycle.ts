import { isoTime, keyResources, said } from '../audit.ts'
import { lacksMaterial } from '../keys/imported.ts'
import { daysWithoutUse } from '../keys/lastUse.ts'
import { hasReplicas, isReplica } from '../keys/multiRegion.ts'
import type { Target } from '../keys/resolve.ts'
import { kms } from '../service.ts'
import type { KmsCall } from '../state.ts'
import { pendingWindowOutOfRange } from '../unsourced.ts'
import { admitted, changeAndArm, changeAudit, onOwnKey } from './onKey.ts'

const DAY = 86_400_000
const USUAL_WINDOW = 30
const SHORTEST_WINDOW = 7
const LONGEST_WINDOW = 30

const trailingDays = (call: KmsCall, { key }: Target) => ({
  'kms:TrailingDaysWithoutKeyUsage': key && String(daysWithoutUse(key, call)),
})

const enableKey = kms.row('EnableKey', {
  ...onOwnKey,
  action: 'kms:EnableKey',
  run(_input, call, target) {
    const key = admitted(target, 'EnableKey')
    // A rotation that came due while the key was disabled is made up for at once (facts: B11).
    const { rotation } = key
    const overdue = rotation !== undefined && rotation.nextAt < call.time && !isReplica(key)
    const due = overdue ? { rotation: { ...rotation, nextAt: call.time } } : {}
    changeAndArm(key, { state: 'Enabled', ...due }, call)
    return {}
  },
  audit: changeAudit('KeyId'),
})

const disableKey = kms.row('DisableKey', {
  ...onOwnKey,
  action: 'kms:DisableKey',
  context: (_input, call, target) => trailingDays(call, target),
  run(_input, call, target) {
    changeAndArm(admitted(target, 'DisableKey'), { state: 'Disabled' }, call)
    return {}
  },
  audit: changeAudit('KeyId'),
})

const scheduleKeyDeletion = kms.row('ScheduleKeyDeletion', {
  ...onOwnKey,
  action: 'kms:ScheduleKeyDeletion',
  context: (input, call, target) => ({
    ...trailingDays(call, target),
    'kms:ScheduleKeyDeletionPendingWindowInDays': String(input.PendingWindowInDays ?? USUAL_WINDOW),
  }),
  run(input, call, target) {
    const key = admitted(target, 'ScheduleKeyDeletion')
    const windowInDays = input.PendingWindowInDays ?? USUAL_WINDOW
    if (windowInDays < SHORTEST_WINDOW || windowInDays > LONGEST_WINDOW) throw pendingWindowOutOfRange()
    // A primary key goes after its last replica, and has no date until then (facts: B14).
    const waits = hasReplicas(key)
    const at = waits ? undefined : call.time + windowInDays * DAY
    const state = waits ? 'PendingReplicaDeletion' : 'PendingDeletion'
    changeAndArm(key, { state, deletion: { at, windowInDays } }, call)
    return {
      KeyId: key.arn,
      ...(at !== undefined && { DeletionDate: new Date(at) }),
      KeyState: state,
      PendingWindowInDays: windowInDays,
    } as const
  },
  audit: (input, output, target) => ({
    requestParameters: said(input, 'KeyId', 'PendingWindowInDays'),
    responseElements: output
      ? {
          keyId: output.KeyId,
          ...(output.DeletionDate && { deletionDate: isoTime(output.DeletionDate.getTime()) }),
          keyState: output.KeyState,
          pendingWindowInDays: output.PendingWindowInDays,
        }
      : null,
    resources: keyResources(target),
  }),
})

const cancelKeyDeletion = kms.row('CancelKeyDeletion', {
  ...onOwnKey,
  action: 'kms:CancelKeyDeletion',
  run(_input, call, target) {
    const key = admitted(target, 'CancelKeyDeletion')
    changeAndArm(key, { state: lacksMaterial(key) ? 'PendingImport' : 'Disabled', deletion: undefined }, call)
    return { KeyId: key.arn }
  },
  audit: changeAudit('KeyId'),
})

export const lifecycleRows = [enableKey, disableKey, scheduleKeyDeletion, cancelKeyDeletion]
