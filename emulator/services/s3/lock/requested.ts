import type { ContextValue } from '../../../access/types.ts'
import type { Call } from '../../../operation/call.ts'
import { promisesBody } from '../checksums/whole.ts'
import { invalidArgument, invalidRequest } from '../errors.ts'
import type { BucketRecord, LegalHold, LockMode, ObjectLockRecord, Retention, VersionLock } from '../state.ts'

/** What PutObject, CopyObject and CreateMultipartUpload say about locks, in headers. */
export interface LockInput {
  readonly ObjectLockMode?: string | undefined
  readonly ObjectLockRetainUntilDate?: Date | undefined
  readonly ObjectLockLegalHoldStatus?: string | undefined
}

export const isLockMode = (text: string | undefined): text is LockMode => text === 'GOVERNANCE' || text === 'COMPLIANCE'
export const isLegalHold = (text: string | undefined): text is LegalHold => text === 'ON' || text === 'OFF'

const MODE = 'x-amz-object-lock-mode'
const UNTIL = 'x-amz-object-lock-retain-until-date'
const HOLD = 'x-amz-object-lock-legal-hold'

/** Reads and checks them; undefined when there are none. Throws S3's refusals (texts: bug reports that quote S3). */
export function requestedLock(
  input: LockInput,
  bucket: BucketRecord,
  call: Pick<Call, 'time' | 'http'>,
): VersionLock | undefined {
  const { ObjectLockMode: mode, ObjectLockRetainUntilDate: until, ObjectLockLegalHoldStatus: legalHold } = input
  if (mode === undefined && until === undefined && legalHold === undefined) return undefined
  requireObjectLock(bucket)
  if (legalHold !== undefined && !isLegalHold(legalHold)) {
    throw invalidArgument("Legal Hold must be either of 'ON' or 'OFF'", HOLD, legalHold)
  }
  if (mode === undefined && until === undefined) return { legalHold }
  if (mode === undefined || until === undefined) {
    throw invalidArgument(`${UNTIL} and ${MODE} must both be supplied`, mode === undefined ? UNTIL : MODE)
  }
  if (!isLockMode(mode)) throw invalidArgument('Unknown wormMode directive.', MODE, mode)
  requireFuture(until, call, UNTIL, call.http.headers[UNTIL])
  return { retention: { mode, until: until.getTime() }, legalHold }
}

export function requireFuture(until: Date, { time }: Pick<Call, 'time'>, name: string, value = until.toISOString()) {
  if (until.getTime() <= time) throw invalidArgument('The retain until date must be in the future!', name, value)
}

/** Throws where a bucket's objects cannot be locked. */
export function requireObjectLock({ objectLock }: BucketRecord): ObjectLockRecord {
  if (!objectLock) throw invalidRequest('Bucket is missing Object Lock Configuration')
  return objectLock
}

/** Bytes that will be locked must be known to have arrived whole (AWS: PutObject, UploadPart, Content-MD5). */
export function requireLockChecksum(
  what: 'Put Object' | 'Put Part',
  lock: VersionLock | undefined,
  { objectLock }: BucketRecord,
  call: Pick<Call, 'http'>,
): void {
  if ((!lock && !objectLock?.defaultRetention) || promisesBody(call)) return
  throw invalidRequest(
    `Content-MD5 OR x-amz-checksum- HTTP header is required for ${what} requests with Object Lock parameters`,
  )
}

const DAY = 86_400_000

/**
 * Condition keys about the lock that a request asks for. How S3 rounds the days that remain is not documented: here a day that has
 * begun counts.
 */
export function lockKeys(
  lock: VersionLock | undefined,
  time: number,
): Readonly<Record<string, ContextValue | undefined>> {
  if (!lock) return {}
  const { retention, legalHold } = lock
  return { ...(retention && retentionKeys(retention, time)), 's3:object-lock-legal-hold': legalHold }
}

const retentionKeys = ({ mode, until }: Retention, time: number) => ({
  's3:object-lock-mode': mode,
  's3:object-lock-retain-until-date': new Date(until).toISOString(),
  's3:object-lock-remaining-retention-days': String(Math.ceil((until - time) / DAY)),
})
