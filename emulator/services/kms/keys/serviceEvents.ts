import type { Environment } from '../../../operation/call.ts'
import type { ServiceEvent } from '../../../operation/trace.ts'
import { isSymmetricEncryption } from '../keySpecs.ts'
import type { KeyRecord } from '../state.ts'

/* What KMS does by itself leaves records in the audit trail (facts: F2; AWS: "ct-rotatekey", "ct-delete-key"). */

/**
 * A key has new material.
 * @param time milliseconds since the epoch
 */
export function announceRotation(key: KeyRecord, time: number, env: Environment): void {
  const [previous, current] = key.materials.slice(-2)
  announce(key, 'RotateKey', time, env, {
    rotationType: current?.rotation,
    keyOrigin: key.origin,
    previousKeyMaterialId: previous?.id,
    currentKeyMaterialId: current?.id,
    keyId: key.id,
  })
}

/** A key is gone. */
export function announceDeletion(key: KeyRecord, time: number, env: Environment): void {
  announce(key, 'DeleteKey', time, env, { keyId: key.id })
}

/** Imported material has been deleted because its time was up (AWS: "ct-deleteexpiredkeymaterial"). */
export function announceExpiry(key: KeyRecord, keyMaterialId: string, time: number, env: Environment): void {
  announce(key, 'DeleteExpiredKeyMaterial', time, env, {
    keyId: key.id,
    ...(isSymmetricEncryption(key) && { keyMaterialId }),
  })
}

/** Replicas have been given what they share with their primary key, which alone is named (AWS: "ct-synchronize-multi-region-key"). */
export function announceSynchronization(primary: KeyRecord, time: number, env: Environment): void {
  announce(primary, 'SynchronizeMultiRegionKey', time, env)
}

function announce(
  key: KeyRecord,
  operation: string,
  time: number,
  env: Environment,
  details?: ServiceEvent['details'],
): void {
  env.announce({
    time,
    service: 'kms',
    operation,
    account: key.account,
    region: key.region,
    // The one is recorded as if somebody had called, the others as events of the service's own.
    eventType: details ? 'AwsServiceEvent' : 'AwsApiCall',
    details,
    facts: {
      ...(!details && { responseElements: { keyId: key.arn } }),
      resources: [{ arn: key.arn, account: key.account, type: 'AWS::KMS::Key' }],
    },
    id: env.ids.uuid(),
  })
}
