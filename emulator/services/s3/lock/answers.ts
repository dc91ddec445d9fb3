import type { Call } from '../../../operation/call.ts'
import type { Resource } from '../../../operation/define.ts'
import { requestKeys } from '../access.ts'
import type { VersionLock } from '../state.ts'

/** A version's lock in the headers of its reads, for those who may ask for it (AWS: GetObject, HeadObject). */
export function lockMembers({ retention, legalHold }: VersionLock, resource: Resource, call: Call) {
  const may = (action: string) => call.may({ action, resource, context: () => requestKeys({}, call) })
  return {
    ...(retention &&
      may('s3:GetObjectRetention') && {
        ObjectLockMode: retention.mode,
        ObjectLockRetainUntilDate: new Date(retention.until),
      }),
    ...(legalHold !== undefined && may('s3:GetObjectLegalHold') && { ObjectLockLegalHoldStatus: legalHold }),
  }
}
