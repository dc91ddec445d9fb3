import type { Call } from '../../../operation/call.ts'
import { checkWrite, type WriteConditions } from '../conditions.ts'
import { internalError, noSuchBucket } from '../errors.ts'
import { lockOfNew, requireDeletable } from '../lock/protection.ts'
import { isMarker, type BucketRecord, type DeleteMarkerRecord, type ObjectRecord, type S3State } from '../state.ts'
import type { VersionRecord } from '../state.ts'
import {
  blobsOf,
  dropVersion,
  findObject,
  findVersion,
  makeRoom,
  objectId,
  objectsOf,
  promote,
  putMarker,
  retire,
  shownVersion,
} from './versions.ts'

type S3Call = Pick<Call<S3State>, 'state' | 'env' | 'time'>

/** S3 keeps whole seconds. */
export const wholeSeconds = (time: number): number => Math.floor(time / 1000) * 1000

/**
 * Makes an object visible, if its conditions hold at this very moment; its blobs were written before. What it replaces is deleted
 * after the commit, or becomes noncurrent. When the write is refused, its blobs are thrown away. Returns the object as the version
 * that it became. Throws what `checkWrite` throws.
 */
export function publish(
  call: S3Call,
  bucket: BucketRecord,
  object: ObjectRecord,
  conditions: WriteConditions,
  more: { readonly status?: number; readonly keepBlobsOnRefusal?: boolean; readonly also?: () => void } = {},
): ObjectRecord {
  const { env, state } = call
  const id = objectId(bucket.name, object.key)
  let stored = object
  let unwanted: string[] | undefined
  try {
    env.store.transaction(() => {
      const now = requireStill(call, bucket)
      const current = objectsOf(call).get(id)
      checkWrite(current, object.key, conditions, more.status)
      if (now.versioning === undefined) unwanted = current && retire(current)
      else {
        const room = makeRoom(call, now, object.key)
        const lock = lockOfNew(now, object.lock, call.time)
        stored = { ...object, ...room.identity, ...(lock && { lock }) }
        unwanted = room.unwanted
      }
      objectsOf(call).put(id, stored)
      more.also?.()
    })
  } catch (error) {
    if (!more.keepBlobsOnRefusal) state.leases.discard(env.blobs, blobsOf(object))
    throw error
  }
  if (unwanted) state.leases.discard(env.blobs, unwanted)
  return stored
}

/**
 * Uploads take their time: by now the bucket may be gone, or be somebody else's under the same name. Returns it as it is now.
 * Throws NoSuchBucket. INVARIANT: within the transaction that relies on it.
 */
export function requireStill({ state }: Pick<Call<S3State>, 'state'>, { name, account }: BucketRecord): BucketRecord {
  const now = state.buckets.in().get(name)
  if (now?.account !== account) throw noSuchBucket(name)
  return now
}

/**
 * Deletes an object as a request without a version id does: for good, or, under versioning, by a delete marker, which is returned
 * (also for keys that do not exist). Throws what `checkWrite` throws.
 */
export function removeCurrent(
  call: S3Call,
  bucket: BucketRecord,
  key: string,
  conditions: Pick<WriteConditions, 'IfMatch'> = {},
): DeleteMarkerRecord | undefined {
  const { env, state } = call
  let unwanted: string[] = []
  let marker: DeleteMarkerRecord | undefined
  const now = requireStill(call, bucket)
  const current = findObject(call, bucket.name, key)
  checkWrite(current, key, conditions)
  if (now.versioning === undefined && !current) return undefined
  env.store.transaction(() => {
    if (now.versioning === undefined) {
      if (current) unwanted = dropVersion(call, bucket.name, current)
      return
    }
    const room = makeRoom(call, now, key)
    unwanted = room.unwanted
    marker = { deleteMarker: true, key, lastModified: wholeSeconds(call.time), ...room.identity }
    putMarker(call, bucket.name, marker)
  })
  state.leases.discard(env.blobs, unwanted)
  return marker
}

export interface RemovalOptions {
  /** Governance mode gives way: who asks is allowed to ask. */
  readonly bypass?: boolean | undefined
}

/**
 * Deletes one version for good, if there is one; the one before it becomes current again where it was the newest. Returns what was
 * removed. Throws AccessDenied for locked versions.
 */
export function removeVersion(
  call: S3Call,
  bucket: BucketRecord,
  key: string,
  versionId: string,
  { bypass = false }: RemovalOptions = {},
): VersionRecord | undefined {
  const { env, state } = call
  requireStill(call, bucket)
  const version = findVersion(call, bucket.name, key, versionId)
  if (!version) return undefined
  requireDeletable(version, call.time, bypass)
  let unwanted: string[] = []
  env.store.transaction(() => {
    unwanted = dropVersion(call, bucket.name, version)
    promote(call, bucket.name, key)
  })
  state.leases.discard(env.blobs, unwanted)
  return version
}

/**
 * Keeps an object's bytes until the returned function is called, whatever happens to the object. Throws S3's InternalError, which
 * clients retry, in the instant between look-up and reading in which it was replaced.
 */
export function holdBlobs({ state, env }: S3Call, bucket: string, object: ObjectRecord): () => void {
  const now = findVersion({ state }, bucket, object.key, shownVersion(object))
  if (!now || isMarker(now) || now.parts[0]?.blob !== object.parts[0]?.blob) throw internalError()
  return state.leases.hold(env.blobs, blobsOf(object))
}
