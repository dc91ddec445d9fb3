import { keyLastUsage } from '../keys/lastUse.ts'
import { kms } from '../service.ts'
import { admitted, keyAudit, onOwnKey } from './onKey.ts'

/** When AWS began to keep track (facts: B18). */
const TRACKING_SINCE = Date.UTC(2026, 3, 23)

const getKeyLastUsage = kms.row('GetKeyLastUsage', {
  ...onOwnKey,
  action: 'kms:GetKeyLastUsage',
  readOnly: true,
  run(_input, call, target) {
    const key = admitted(target, 'GetKeyLastUsage')
    return {
      KeyId: key.arn,
      KeyLastUsage: keyLastUsage(key, call),
      TrackingStartDate: new Date(Math.max(key.createdAt, TRACKING_SINCE)),
      KeyCreationDate: new Date(key.createdAt),
    }
  },
  audit: keyAudit('KeyId'),
})

export const lastUsageRows = [getKeyLastUsage]
