import type { Call } from '../../../operation/call.ts'
import { noSuchUpload } from '../errors.ts'
import { sortable } from '../names.ts'
import type { PartRecord, S3State, UploadRecord } from '../state.ts'

type S3Call = Pick<Call<S3State>, 'state' | 'env'>

const TIME_DIGITS = 12
const RANDOM_BYTES = 87
/** Of an upload id. */
const ID_LENGTH = TIME_DIGITS + (RANDOM_BYTES * 4) / 3
/** What follows the key in the id of an upload's record. */
export const UPLOAD_SUFFIX = 1 + ID_LENGTH

/** Begins with the time, so that the uploads of a key are listed in the order in which they began. */
export function newUploadId({ env, time }: Pick<Call, 'env' | 'time'>): string {
  return time.toString(16).padStart(TIME_DIGITS, '0') + env.ids.bytes(RANDOM_BYTES).toString('base64url')
}

/** Whether a text could be the id of an upload, past or present. */
export const isUploadId = (text: string): boolean => text.length === ID_LENGTH && /^[0-9a-f]{12}[\w-]*$/.test(text)

export const uploadRecordId = (bucket: string, key: string, uploadId: string): string =>
  `${bucket}/${sortable(key)}\0${uploadId}`

export function findUpload({ state }: S3Call, bucket: string, key: string, uploadId: string): UploadRecord | undefined {
  return state.uploads.in().get(uploadRecordId(bucket, key, uploadId))
}

export const partRecordId = (uploadId: string, partNumber: number): string =>
  `${uploadId}/${String(partNumber).padStart(5, '0')}`

export function findPart({ state }: S3Call, uploadId: string, partNumber: number): PartRecord | undefined {
  return state.parts.in().get(partRecordId(uploadId, partNumber))
}

/** The parts of an upload in order, after a part number. */
export function* partsOf({ state }: S3Call, uploadId: string, after = 0): Generator<PartRecord, void, void> {
  const range = { prefix: `${uploadId}/`, ...(after > 0 && { after: partRecordId(uploadId, after) }) }
  for (const [, part] of state.parts.in().entries(range)) yield part
}

/** Makes a part visible; the one it replaces goes away. Throws NoSuchUpload when the upload ended meanwhile. */
export function publishPart(call: S3Call, upload: UploadRecord, part: PartRecord): void {
  const { state, env } = call
  const id = partRecordId(upload.uploadId, part.number)
  let replaced: PartRecord | undefined
  try {
    env.store.transaction(() => {
      requireUpload(call, upload)
      replaced = state.parts.in().get(id)
      state.parts.in().put(id, part)
    })
  } catch (error) {
    state.leases.discard(env.blobs, [part.blob])
    throw error
  }
  if (replaced) state.leases.discard(env.blobs, [replaced.blob])
}

/** INVARIANT: within the transaction that relies on it. */
function requireUpload(call: S3Call, { bucket, key, uploadId }: UploadRecord): void {
  if (!findUpload(call, bucket, key, uploadId)) throw noSuchUpload(uploadId)
}

/**
 * Removes an upload and all its parts; returns their blobs, for whoever must not or must delete them after the commit.
 * Call it within a transaction. Throws NoSuchUpload.
 */
export function dropUpload(call: S3Call, upload: UploadRecord): string[] {
  requireUpload(call, upload)
  const { bucket, key, uploadId } = upload
  const blobs: string[] = []
  for (const { number, blob } of [...partsOf(call, uploadId)]) {
    call.state.parts.in().delete(partRecordId(uploadId, number))
    blobs.push(blob)
  }
  call.state.uploads.in().delete(uploadRecordId(bucket, key, uploadId))
  return blobs
}
