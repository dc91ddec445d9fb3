import type { Table } from '../../../state/store.ts'
import type { Call } from '../../../operation/call.ts'
import { sortable } from '../names.ts'
import {
  isMarker,
  type BucketRecord,
  type DeleteMarkerRecord,
  type ObjectRecord,
  type S3State,
  type VersionIdentity,
  type VersionRecord,
} from '../state.ts'
import { newVersionId, orderOf, placeAt } from './versionIds.ts'

/**
 * Versions of objects. A key's newest version is in `s3.objects`, unless it is a delete marker; everything else is in
 * `s3.versions`. Current objects are thus found and listed as if there were no others.
 *
 * INVARIANT: where a key has no current object, its newest entry in `s3.versions` is a delete marker.
 */

type Reads = Pick<Call<S3State>, 'state'>
type Writes = Pick<Call<S3State>, 'state' | 'env' | 'time'>

export const objectId = (bucket: string, key: string): string => `${bucket}/${sortable(key)}`

export const objectsOf = ({ state }: Reads): Table<ObjectRecord> => state.objects.in()
export const versionsOf = ({ state }: Reads): Table<VersionRecord> => state.versions.in()

/** The id that requests and answers use. */
export const shownVersion = ({ versionId = 'null' }: VersionIdentity): string => versionId

/** The same, for the answers of buckets that have, or had, versioning; others do not speak of versions. */
export const answeredVersion = ({ versioning }: BucketRecord, version: VersionIdentity): string | undefined =>
  versioning === undefined ? undefined : shownVersion(version)

export const placeOf = ({ versionId, place, lastModified }: VersionRecord) =>
  versionId ?? place ?? placeAt(lastModified)

/** A NUL in a key must not look like the end of a shorter key; no key has the byte 0xff. */
export const withoutEnd = (text: string): string => text.replaceAll('\0', '\0\xff')

/** What comes before the version id. */
export const versionsId = (bucket: string, key: string): string => withoutEnd(objectId(bucket, key)) + '\0'

export const versionRecordId = (bucket: string, version: VersionRecord) =>
  versionsId(bucket, version.key) + placeOf(version)

/** The current object; undefined also where the newest version is a delete marker. */
export function findObject(call: Reads, bucket: string, key: string): ObjectRecord | undefined {
  return objectsOf(call).get(objectId(bucket, key))
}

/** The delete marker that hides a key. Only worth asking when there is no current object. */
export function findCurrentMarker(call: Reads, bucket: BucketRecord, key: string): DeleteMarkerRecord | undefined {
  if (bucket.versioning === undefined) return undefined
  const newest = newestStored(call, bucket.name, key)
  return newest && isMarker(newest) ? newest : undefined
}

/** A version by its id, `null` included, current or not. */
export function findVersion(call: Reads, bucket: string, key: string, versionId: string): VersionRecord | undefined {
  const current = findObject(call, bucket, key)
  if (current && shownVersion(current) === versionId) return current
  const base = versionsId(bucket, key)
  if (versionId !== 'null') return versionsOf(call).get(base + versionId)
  for (const [, version] of versionsOf(call).find('null', base.slice(0, -1))) return version
  return undefined
}

/** What an upload of a key made, current or not. */
export function findCompleted(call: Reads, bucket: string, key: string, uploadId: string): ObjectRecord | undefined {
  const current = findObject(call, bucket, key)
  if (current?.uploadId === uploadId) return current
  for (const [id, version] of versionsOf(call).find('upload', uploadId)) {
    if (id.startsWith(versionsId(bucket, key)) && !isMarker(version)) return version
  }
  return undefined
}

/** Whether a version of `s3.versions` is the newest of its key: then it is a delete marker. */
export function isLatest(call: Reads, bucket: string, version: VersionRecord): boolean {
  return (
    isMarker(version) && !findObject(call, bucket, version.key) && newestStored(call, bucket, version.key) === version
  )
}

/** The newest of what `s3.versions` has of a key. */
function newestStored(call: Reads, bucket: string, key: string): VersionRecord | undefined {
  for (const [, version] of versionsOf(call).entries({ prefix: versionsId(bucket, key) })) return version
  return undefined
}

/**
 * Every version that ceases to exist passes here, within the transaction that removes it. Returns the blobs to discard after the
 * commit. INVARIANT: it is not locked. Where versions can be locked versioning is enabled for ever, so that only `removeVersion`, which
 * asks, removes any.
 */
export function retire(version: VersionRecord): string[] {
  return isMarker(version) ? [] : blobsOf(version)
}

export const blobsOf = (object: ObjectRecord): string[] => object.parts.map(({ blob }) => blob)

/** Takes a version from where it stands. Returns the blobs to discard. Within a transaction. */
export function dropVersion(call: Writes, bucket: string, version: VersionRecord): string[] {
  const unwanted = retire(version)
  const id = objectId(bucket, version.key)
  if (objectsOf(call).get(id) === version) objectsOf(call).delete(id)
  else versionsOf(call).delete(versionRecordId(bucket, version))
  return unwanted
}

/** Where there is no current object, the newest version becomes it, unless it is a delete marker. Within a transaction. */
export function promote(call: Writes, bucket: string, key: string): void {
  const id = objectId(bucket, key)
  if (objectsOf(call).has(id)) return
  const newest = newestStored(call, bucket, key)
  if (!newest || isMarker(newest)) return
  versionsOf(call).delete(versionRecordId(bucket, newest))
  objectsOf(call).put(id, newest)
}

/**
 * Prepares a bucket under versioning for a key's new newest version: the current one becomes noncurrent; while versioning is
 * suspended, the version `null` is replaced. Within a transaction.
 */
export function makeRoom(
  call: Writes,
  { name, versioning }: Pick<BucketRecord, 'name' | 'versioning'>,
  key: string,
): { readonly identity: VersionIdentity; readonly unwanted: string[] } {
  const newest = findObject(call, name, key) ?? newestStored(call, name, key)
  const place = newVersionId(call.env.ids, Math.max(call.time, newest ? orderOf(placeOf(newest)) + 1 : 0))
  const replaced = versioning === 'Suspended' ? findVersion(call, name, key, 'null') : undefined
  const unwanted = replaced ? dropVersion(call, name, replaced) : []
  const current = findObject(call, name, key)
  if (current) {
    versionsOf(call).put(versionRecordId(name, current), current)
    objectsOf(call).delete(objectId(name, key))
  }
  return { identity: versioning === 'Suspended' ? { place } : { versionId: place }, unwanted }
}

/** Puts a delete marker before what `makeRoom` left. Within a transaction. */
export function putMarker(call: Writes, bucket: string, marker: DeleteMarkerRecord): void {
  versionsOf(call).put(versionRecordId(bucket, marker), marker)
}

/**
 * Replaces parts of a stored object's record, wherever it stands by now. Within a transaction, or as one. Returns the new record;
 * undefined when the version is gone, or is another under the same id (`null`).
 */
export function changeVersion(
  call: Writes,
  bucket: string,
  object: ObjectRecord,
  change: Partial<ObjectRecord>,
): ObjectRecord | undefined {
  const now = findVersion(call, bucket, object.key, shownVersion(object))
  if (!now || isMarker(now)) return undefined
  if (now.etag !== object.etag || now.parts[0]?.blob !== object.parts[0]?.blob) return undefined
  const changed = { ...now, ...change }
  const id = objectId(bucket, object.key)
  call.env.store.transaction(() => {
    if (objectsOf(call).get(id) === now) objectsOf(call).put(id, changed)
    else versionsOf(call).put(versionRecordId(bucket, changed), changed)
  })
  return changed
}
