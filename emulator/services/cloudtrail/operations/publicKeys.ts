import { readAudit } from '../audit.ts'
import { publicKey } from '../delivery/signingKeys.ts'
import { refusal } from '../errors.ts'
import { cloudtrail } from '../service.ts'
import { UNSOURCED } from '../unsourced.ts'

/** Without a time: what has been used lately (CloudTrail API reference, ListPublicKeys). */
const LATELY_MS = 7 * 86_400_000

/** The Region's public keys that were good at some time between two. */
const listPublicKeys = cloudtrail.row('ListPublicKeys', {
  action: 'cloudtrail:ListPublicKeys',
  readOnly: true,
  run({ StartTime, EndTime }, call) {
    const end = EndTime?.getTime() ?? call.time
    const start = StartTime?.getTime() ?? end - LATELY_MS
    if (!(start <= end)) throw refusal('InvalidTimeRangeException', UNSOURCED.timeRange)
    const keys = [...call.state.keys.in().find('region', call.region)]
    return {
      PublicKeyList: keys
        .filter(([, { from, until }]) => from <= end && until >= start)
        .map(([Fingerprint, record]) => ({
          Value: publicKey(record),
          ValidityStartTime: new Date(record.from),
          ValidityEndTime: new Date(record.until),
          Fingerprint,
        })),
    }
  },
  audit: readAudit,
})

export const publicKeyRows = [listPublicKeys]
