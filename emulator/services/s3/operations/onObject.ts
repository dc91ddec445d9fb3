import type { Call } from '../../../operation/call.ts'
import type { Check } from '../../../operation/define.ts'
import { listBucketCheck, objectResource, requestKeys } from '../access.ts'
import { auditFacts } from '../audit.ts'
import { requireBucket, type BucketRequest } from '../buckets.ts'
import { findCurrentMarker, findObject, findVersion, shownVersion } from '../data/versions.ts'
import { isVersionId } from '../data/versionIds.ts'
import { invalidArgument, isDeleteMarker, markerHeaders, noSuchKey, noSuchVersion } from '../errors.ts'
import { requireKey } from '../names.ts'
import { isMarker, type BucketRecord, type DeleteMarkerRecord, type ObjectRecord, type S3State } from '../state.ts'

export interface ObjectInput extends BucketRequest {
  readonly Key?: string | undefined
  readonly VersionId?: string | undefined
}

/** What a request about an object is about; the object may not exist. */
export interface ObjectSubject {
  readonly bucket: BucketRecord
  readonly key: string
  readonly object: ObjectRecord | undefined
  /** The delete marker that hides the object, or that the request names. */
  readonly marker?: DeleteMarkerRecord | undefined
}

export function findSubject(input: ObjectInput, call: Call<S3State>): ObjectSubject {
  const bucket = requireBucket(input, call)
  const { Key: key = '', VersionId } = input
  requireKey(key)
  requireVersionId(VersionId)
  if (VersionId === undefined) {
    const object = findObject(call, bucket.name, key)
    return { bucket, key, object, marker: object ? undefined : findCurrentMarker(call, bucket, key) }
  }
  const version = findVersion(call, bucket.name, key, VersionId)
  return version && isMarker(version)
    ? { bucket, key, object: undefined, marker: version }
    : { bucket, key, object: version, marker: undefined }
}

/** Throws InvalidArgument for what cannot be the id of a version. */
function requireVersionId(versionId: string | undefined): void {
  if (versionId === undefined || isVersionId(versionId)) return
  throw invalidArgument('Invalid version id specified', 'versionId', versionId)
}

/** What rows about an object have in common. */
export const onObject = {
  anonymous: true,
  subject: findSubject,
  resource: (_input: object, call: Call<S3State>, { bucket, key, object }: ObjectSubject) =>
    objectResource(bucket, key, call, object),
  context:
    ({ VersionId }: ObjectInput, call: Call<S3State>) =>
    () => ({ ...requestKeys({}, call), 's3:VersionId': VersionId }),
  audit: (input: ObjectInput, output: object | undefined, subject: ObjectSubject | undefined, call: Call<S3State>) =>
    auditFacts(input, subject?.bucket, call, output),
} as const

export const readsObject = { ...onObject, readOnly: true } as const

/** Reads of a version are actions of their own: `s3:GetObjectVersion`. */
export function withVersion(main: Check, { VersionId }: ObjectInput): Check {
  return VersionId === undefined ? main : { ...main, action: VERSIONED[main.action] ?? main.action }
}

const VERSIONED: Readonly<Record<string, string>> = {
  's3:GetObject': 's3:GetObjectVersion',
  's3:GetObjectAttributes': 's3:GetObjectVersionAttributes',
  's3:GetObjectTagging': 's3:GetObjectVersionTagging',
  's3:GetObjectAcl': 's3:GetObjectVersionAcl',
  's3:PutObjectAcl': 's3:PutObjectVersionAcl',
  's3:PutObjectTagging': 's3:PutObjectVersionTagging',
  's3:DeleteObjectTagging': 's3:DeleteObjectVersionTagging',
  's3:DeleteObject': 's3:DeleteObjectVersion',
}

/**
 * Admission to something about an existing object: a delete marker that is named by its id is refused to everybody, even to those
 * who are denied that version (facts: captures 7.8). Else the action itself, then, when the object is missing, whether the caller may
 * know that (facts: A10): 404 for those who may list the bucket, 403 for others.
 */
export function* admitExisting(
  input: ObjectInput,
  call: Call<S3State>,
  subject: ObjectSubject,
  main: Check,
): Generator<Check, void, void> {
  const { marker } = subject
  if (marker && input.VersionId !== undefined) {
    throw isDeleteMarker(call.http.method, shownVersion(marker), marker.lastModified)
  }
  yield withVersion(main, input)
  if (subject.object) return
  yield listBucketCheck(subject.bucket, call)
  throw missing(input, subject)
}

export function missing({ VersionId }: ObjectInput, { bucket, key, marker }: ObjectSubject) {
  // Without versioning, the object is its version `null`.
  return VersionId === undefined || (VersionId === 'null' && bucket.versioning === undefined)
    ? noSuchKey(key, marker && markerHeaders(shownVersion(marker)))
    : noSuchVersion(key, VersionId)
}

/** The object, after `admitExisting`. */
export function existing({ object, key }: ObjectSubject): ObjectRecord {
  if (!object) throw noSuchKey(key)
  return object
}
