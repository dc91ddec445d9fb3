import { accessDenied } from '../errors.ts'
import {
  isMarker,
  type BucketRecord,
  type ObjectRecord,
  type Retention,
  type VersionLock,
  type VersionRecord,
} from '../state.ts'

/** Object Lock at work: what it keeps, for how long, and from whom. Everything is measured by the emulator's clock. */

const locked = () => accessDenied('Access Denied because object protected by object lock.')

const isActive = (retention: Retention | undefined, now: number): retention is Retention =>
  retention !== undefined && retention.until > now

/**
 * Throws when a version must not be deleted: by anybody while there is a legal hold or a retention in compliance mode, by those who do
 * not bypass it in governance mode. Delete markers are never locked.
 */
export function requireDeletable(version: VersionRecord, now: number, bypass: boolean): void {
  if (isMarker(version) || !version.lock) return
  const { retention, legalHold } = version.lock
  if (legalHold === 'ON') throw locked()
  if (isActive(retention, now) && !(bypass && retention.mode === 'GOVERNANCE')) throw locked()
}

/** Whether anything protects a version at this moment. */
export const isProtected = ({ lock }: ObjectRecord, now: number): boolean =>
  lock?.legalHold === 'ON' || isActive(lock?.retention, now)

/**
 * Throws when a version's retention must not be replaced by this one (undefined: by none). It may always be extended; anything else
 * takes a bypass in governance mode, and is impossible in compliance mode.
 */
export function requireReplaceable(
  current: Retention | undefined,
  wanted: Retention | undefined,
  now: number,
  bypass: boolean,
): void {
  if (!isActive(current, now)) return
  if (wanted?.mode === current.mode && wanted.until >= current.until) return
  if (!(bypass && current.mode === 'GOVERNANCE')) throw locked()
}

const DAY = 86_400_000

/** The lock of a new version: what its write asked for, else the bucket's default retention from this moment on. */
export function lockOfNew(
  { objectLock }: BucketRecord,
  asked: VersionLock | undefined,
  now: number,
): VersionLock | undefined {
  const byDefault = objectLock?.defaultRetention
  if (!byDefault || asked?.retention) return asked
  const { mode, days, years } = byDefault
  const until = days === undefined ? addYears(now, years ?? 0) : now + days * DAY
  return { ...asked, retention: { mode, until } }
}

/** Years are taken as calendar years: AWS does not say how many days one has. */
function addYears(time: number, years: number): number {
  const date = new Date(time)
  return date.setUTCFullYear(date.getUTCFullYear() + years)
}
