import type { SecretBytes } from '../../../crypto/types.ts'
import { KEYS } from '../quotas.ts'
import type { KeyRecord, KmsCall } from '../state.ts'
import { tooManyKeys } from '../unsourced.ts'
import { storeMaterial } from './material.ts'
import { putShared } from './multiRegion.ts'
import { keyArn } from './names.ts'

type Choices = Pick<KeyRecord, 'id' | 'policy'> & Partial<KeyRecord>

/** A key of the caller's account and Region, with AWS's defaults (facts: B8); it has no material yet. */
export function createKeyRecord(choices: Choices, call: KmsCall): KeyRecord {
  const { account, region, time } = call
  return {
    arn: keyArn(region, account, choices.id),
    account,
    region,
    createdAt: time,
    description: '',
    spec: 'SYMMETRIC_DEFAULT',
    usage: 'ENCRYPT_DECRYPT',
    origin: 'AWS_KMS',
    manager: 'CUSTOMER',
    multiRegion: false,
    state: 'Enabled',
    tags: {},
    materials: [],
    ...choices,
  }
}

/**
 * Throws LimitExceededException when the account has as many customer managed keys as it may; AWS's own do not count (facts: G). Part
 * of TWOKEY_QUOTAS, because an emulator may well be filled with more.
 */
export function requireRoomForKey(call: KmsCall, region = call.region): void {
  const most = call.env.quotas?.limit(KEYS, region)
  if (most === undefined) return
  const keys = call.state.keys.in(call.account, region)
  if (keys.size - keys.count('manager', 'AWS') >= most) throw tooManyKeys()
}

/**
 * Stores a key together with its first material; a key whose material comes later is stored without. Whoever makes the material
 * waits for it before: no key is ever stored half made.
 */
export function storeNewKey(key: KeyRecord, material: SecretBytes | undefined, call: KmsCall): KeyRecord {
  return call.env.store.transaction(() => {
    const complete: KeyRecord = material ? { ...key, materials: [storeMaterial(key, material, call.state)] } : key
    call.state.keys.in(key.account, key.region).put(key.id, complete)
    return complete
  })
}

/**
 * Replaces a key's record, and with it what its relatives in other Regions share with it. Starts from what is stored: a request may have
 * seen the key as Unavailable.
 */
export function changeKey(key: KeyRecord, change: Partial<KeyRecord>, call: KmsCall): KeyRecord {
  const stored = call.state.keys.in(key.account, key.region).get(key.id) ?? key
  return call.env.store.transaction(() => putShared(stored, change, call.state))
}
