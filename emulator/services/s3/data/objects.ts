import type { Table } from '../../../state/store.ts'
import type { Call } from '../../../operation/call.ts'
import { checkWrite, type WriteConditions } from '../conditions.ts'
import { internalError, noSuchBucket } from '../errors.ts'
import { sortable } from '../names.ts'
import type { BucketRecord, ObjectRecord, S3State } from '../state.ts'

type S3Call = Pick<Call<S3State>, 'state' | 'env' | 'time'>

export const objectId = (bucket: string, key: string): string => `${bucket}/${sortable(key)}`

export const objectsOf = (call: Pick<Call<S3State>, 'state'>): Table<ObjectRecord> => call.state.objects.in()

export function findObject(call: Pick<Call<S3State>, 'state'>, bucket: string, key: string): ObjectRecord | undefined {
  return objectsOf(call).get(objectId(bucket, key))
}

/** S3 keeps whole seconds. */
export const wholeSeconds = (time: number): number => Math.floor(time / 1000) * 1000

/**
 * Makes an object visible, if its conditions hold at this very moment; its blobs were written before. What it replaces is deleted
 * after the commit. When the write is refused, `blobs` are thrown away. Throws what `checkWrite` throws.
 */
export function publish(
  call: S3Call,
  bucket: BucketRecord,
  object: ObjectRecord,
  conditions: WriteConditions,
  more: { readonly status?: number; readonly keepBlobsOnRefusal?: boolean; readonly also?: () => void } = {},
): void {
  const { env, state } = call
  const id = objectId(bucket.name, object.key)
  let replaced: ObjectRecord | undefined
  try {
    env.store.transaction(() => {
      requireStill(call, bucket)
      replaced = objectsOf(call).get(id)
      checkWrite(replaced, object.key, conditions, more.status)
      objectsOf(call).put(id, object)
      more.also?.()
    })
  } catch (error) {
    if (!more.keepBlobsOnRefusal) state.leases.discard(env.blobs, blobsOf(object))
    throw error
  }
  if (replaced) state.leases.discard(env.blobs, blobsOf(replaced))
}

/**
 * Uploads take their time: by now the bucket may be gone, or be somebody else's under the same name. Throws NoSuchBucket.
 * INVARIANT: within the transaction that relies on it.
 */
export function requireStill({ state }: Pick<Call<S3State>, 'state'>, { name, account }: BucketRecord): void {
  if (state.buckets.in().get(name)?.account !== account) throw noSuchBucket(name)
}

/** Deletes an object, if there is one, and its blobs after the commit. */
export function remove(call: S3Call, bucket: string, key: string): void {
  const { env, state } = call
  const id = objectId(bucket, key)
  const removed = objectsOf(call).get(id)
  if (!removed) return
  env.store.transaction(() => {
    objectsOf(call).delete(id)
  })
  state.leases.discard(env.blobs, blobsOf(removed))
}

export const blobsOf = (object: ObjectRecord): string[] => object.parts.map(({ blob }) => blob)

/**
 * Keeps an object's bytes until the returned function is called, whatever happens to the object. Throws S3's InternalError, which
 * clients retry, in the instant between look-up and reading in which it was replaced.
 */
export function holdBlobs({ state, env }: S3Call, bucket: string, object: ObjectRecord): () => void {
  const current = findObject({ state }, bucket, object.key)
  if (current?.parts[0]?.blob !== object.parts[0]?.blob) throw internalError()
  return state.leases.hold(env.blobs, blobsOf(object))
}
