import type { RestoreObjectCommandInput } from '@aws-sdk/client-s3'
import { AwsError } from '../../../lib/awsError.ts'
import type { Call } from '../../../operation/call.ts'
import { withStatus } from '../../../wire/status.ts'
import { expiryOf, isArchive, restorationAt, retrievalTime, TIERS, unreadable, type Tier } from '../archive.ts'
import { changeVersion } from '../data/versions.ts'
import { invalidArgument, malformedXml, notEmulated } from '../errors.ts'
import { s3 } from '../service.ts'
import type { ObjectRecord, Restoration, S3State } from '../state.ts'
import { admitExisting, existing, missing, onObject } from './onObject.ts'

type Request = NonNullable<RestoreObjectCommandInput['RestoreRequest']>

/**
 * Has a copy of an archived object made, which can be read when the time that its tier takes has passed, and until it expires. Restoring
 * reads nothing for the caller, so no key is asked for: that comes with the reading.
 */
const restoreObject = s3.row('RestoreObject', {
  ...onObject,
  action: 's3:RestoreObject',
  admit: admitExisting,
  run(input, call, subject) {
    const object = existing(subject)
    const request = input.RestoreRequest ?? {}
    refuseSelect(request)
    const tier = tierOf(request)
    refuseOtherClasses(object, request)
    const state = restorationAt(object, call.time)
    const restoration = state === 'ongoing' ? hastened(object, tier, call) : restored(object, request, tier, call)
    if (!changeVersion(call, subject.bucket.name, object, { restoration })) throw missing(input, subject)
    return withStatus({}, typeof state === 'object' ? 200 : 202)
  },
})

/** S3 Select is closed to customers who are new to it. */
function refuseSelect({ Type, SelectParameters, OutputLocation }: Request): void {
  const type: string | undefined = Type
  if (type !== undefined && type !== 'SELECT') throw malformedXml()
  if (type ?? SelectParameters ?? OutputLocation) throw notEmulated('s3 restores of type SELECT')
}

function tierOf({ GlacierJobParameters, Tier }: Request): Tier {
  const given = GlacierJobParameters?.Tier ?? Tier ?? 'Standard'
  const tier = TIERS.find((name) => name === given)
  if (!tier) throw malformedXml()
  return tier
}

/** Both sentences as seen in public issue threads. Nothing moves objects to the archive tiers of INTELLIGENT_TIERING here. */
function refuseOtherClasses(object: ObjectRecord, { Days }: Request): void {
  if (object.storageClass === 'INTELLIGENT_TIERING' && Days !== undefined) {
    throw invalidArgument(
      'INTELLIGENT_TIERING objects are not subject to restore expiry. Do not specify Days when restoring this object',
      'Days',
      String(Days),
    )
  }
  if (!isArchive(object.storageClass)) {
    throw unreadable("Restore is not allowed for the object's current storage class", object)
  }
}

/** A new restoration, or a new expiry of the copy that is there, counted from now. */
function restored(object: ObjectRecord, { Days }: Request, tier: Tier, { time }: Call<S3State>): Restoration {
  const takes = retrievalTime(object.storageClass, tier)
  if (Days === undefined) throw malformedXml()
  // The sentence is ours: none is recorded. The bound keeps dates within what can be written.
  if (Days < 1 || Days > 365_000) throw invalidArgument('Days must be a positive number', 'Days', String(Days))
  const current = restorationAt(object, time)
  if (typeof current === 'object') return { ...current, expiresAt: expiryOf(time, Days) }
  return { tier, days: Days, readableAt: time + takes, expiresAt: expiryOf(time + takes, Days) }
}

/** A restoration under way may be asked to be faster, and nothing else (User Guide, "Upgrading the speed of an in-progress restore"). */
function hastened({ storageClass, restoration }: ObjectRecord, tier: Tier, { time }: Call<S3State>): Restoration {
  if (!restoration || TIERS.indexOf(tier) >= TIERS.indexOf(restoration.tier)) {
    throw new AwsError('RestoreAlreadyInProgress', 409, 'Object restore is already in progress')
  }
  const readableAt = Math.min(restoration.readableAt, time + retrievalTime(storageClass, tier))
  return { ...restoration, tier, readableAt, expiresAt: expiryOf(readableAt, restoration.days) }
}

export const restoreRows = [restoreObject]
