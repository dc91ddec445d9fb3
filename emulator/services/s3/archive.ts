import { AwsError } from '../../lib/awsError.ts'
import { invalidArgument } from './errors.ts'
import type { ObjectRecord, Restoration } from './state.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** Fastest first. */
export const TIERS = ['Expedited', 'Standard', 'Bulk'] as const
export type Tier = (typeof TIERS)[number]

/**
 * Classes whose objects have to be restored before they can be read, and how long that takes at most (RestoreObject's documentation).
 * Objects of all other classes are read at once.
 */
const ARCHIVES: Readonly<Record<string, Readonly<Partial<Record<Tier, number>>>>> = {
  GLACIER: { Expedited: 5 * MINUTE, Standard: 5 * HOUR, Bulk: 12 * HOUR },
  DEEP_ARCHIVE: { Standard: 12 * HOUR, Bulk: 48 * HOUR },
}

type Archived = Pick<ObjectRecord, 'storageClass' | 'restoration'>

export const isArchive = (storageClass: string): boolean => Object.hasOwn(ARCHIVES, storageClass)

/** How long a restoration takes. Throws InvalidArgument for a tier that the class does not offer. */
export function retrievalTime(storageClass: string, tier: Tier): number {
  const time = ARCHIVES[storageClass]?.[tier]
  if (time === undefined) {
    throw invalidArgument('Retrieval option is not supported by this storage class', 'Tier', tier)
  }
  return time
}

/** S3 rounds up to the next midnight (User Guide, "Restoring an archived object"). */
export const expiryOf = (from: number, days: number): number => Math.ceil((from + days * DAY) / DAY) * DAY

/** Where an object stands at a time: its restored copy is on its way, can be read, or is not there (any more). */
export function restorationAt({ restoration }: Archived, now: number): 'none' | 'ongoing' | Restoration {
  if (!restoration || now >= restoration.expiresAt) return 'none'
  return now < restoration.readableAt ? 'ongoing' : restoration
}

/** Throws InvalidObjectState while an object cannot be read. */
export function requireReadable(object: Archived, now: number): void {
  if (!isReadable(object, now)) throw unreadable("The operation is not valid for the object's storage class", object)
}

/** The same for the source of a copy. */
export function requireReadableSource(object: Archived, now: number): void {
  if (!isReadable(object, now)) throw unreadable("Operation is not valid for the source object's storage class", object)
}

const isReadable = (object: Archived, now: number) =>
  !isArchive(object.storageClass) || typeof restorationAt(object, now) === 'object'

export const unreadable = (text: string, { storageClass }: Archived): AwsError =>
  new AwsError('InvalidObjectState', 403, text, { fields: { StorageClass: storageClass } })

/** What listings tell of a restoration, when asked for; undefined where nothing is or was restored. */
export function restoreStatus(object: Archived, now: number) {
  const state = restorationAt(object, now)
  if (state === 'none') return undefined
  return state === 'ongoing'
    ? { IsRestoreInProgress: true }
    : { IsRestoreInProgress: false, RestoreExpiryDate: new Date(state.expiresAt) }
}

/** The `x-amz-restore` header; undefined where nothing is or was restored. */
export function restoreHeader(object: Archived, now: number): string | undefined {
  const state = restorationAt(object, now)
  if (state === 'none') return undefined
  if (state === 'ongoing') return 'ongoing-request="true"'
  return `ongoing-request="false", expiry-date="${new Date(state.expiresAt).toUTCString()}"`
}
