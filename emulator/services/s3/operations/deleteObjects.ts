import { AwsError } from '../../../lib/awsError.ts'
import type { Call } from '../../../operation/call.ts'
import type { Check } from '../../../operation/define.ts'
import { auditFacts, bucketResource, placeResource, requestKeys } from '../access.ts'
import { findObject } from '../data/versions.ts'
import { requireBucket, type BucketRequest } from '../buckets.ts'
import { removeCurrent } from '../data/objects.ts'
import { requireBodyChecksum } from '../checksums/whole.ts'
import { malformedXml } from '../errors.ts'
import { checkWrite } from '../conditions.ts'
import { s3 } from '../service.ts'
import type { BucketRecord, S3State } from '../state.ts'
import { findSubject, onObject, withVersion, type ObjectSubject } from './onObject.ts'

const deleteObject = s3.row('DeleteObject', {
  ...onObject,
  action: 's3:DeleteObject',
  // An object's own tags are no condition key of its deletion.
  resource: (_input, call, { bucket, key, object }) => placeResource(bucket, key, call, () => object),
  // eslint-disable-next-line @typescript-eslint/require-await -- the contract is an asynchronous generator
  async *admit(input, _call, _subject, main) {
    yield withVersion(main, input)
  },
  run(input, call, { bucket, key }: ObjectSubject) {
    // No await from here to the removal.
    const { object } = findSubject(input, call)
    checkWrite(object, key, { IfMatch: input.IfMatch })
    if (object) removeCurrent(call, bucket, key)
    return {}
  },
})

/** What became of each key of a DeleteObjects. */
interface Batch {
  readonly bucket: BucketRecord
  readonly refusals: Map<number, AwsError>
}

const MOST_KEYS = 1000

const deleteObjects = s3.row('DeleteObjects', {
  anonymous: true,
  action: 's3:DeleteObject',
  subject: (input: BucketRequest, call): Batch => ({ bucket: requireBucket(input, call), refusals: new Map() }),
  resource: (_input, call, { bucket }) => bucketResource(bucket, call),
  context: requestKeys,
  /** Each key is authorized for itself; a refusal concerns that key only. */
  // eslint-disable-next-line @typescript-eslint/require-await -- the contract is an asynchronous generator
  async *admit({ Delete }, call, { bucket, refusals }, main) {
    const objects = Delete?.Objects ?? []
    if (objects.length === 0 || objects.length > MOST_KEYS || objects.some(({ Key }) => !Key)) throw malformedXml()
    requireBodyChecksum(call)
    for (const [index, { Key = '', VersionId }] of objects.entries()) {
      const check: Check = {
        ...main,
        resource: placeResource(bucket, Key, call, () => findObject(call, bucket.name, Key)),
        refused: (error: AwsError) => refusals.set(index, error),
      }
      yield withVersion(check, { VersionId })
    }
  },
  run({ Delete }, call, { bucket, refusals }) {
    const deleted: { Key: string; VersionId?: string }[] = []
    const errors: { Key: string; VersionId?: string; Code: string; Message: string }[] = []
    for (const [index, { Key = '', VersionId, ETag }] of (Delete?.Objects ?? []).entries()) {
      const named = { Key, ...(VersionId !== undefined && { VersionId }) }
      const refusal = refusals.get(index) ?? deleteOne(call, bucket, Key, VersionId, ETag)
      if (refusal) errors.push({ ...named, Code: refusal.code, Message: refusal.text })
      else deleted.push(named)
    }
    return {
      ...(deleted.length > 0 && Delete?.Quiet !== true && { Deleted: deleted }),
      ...(errors.length > 0 && { Errors: errors }),
    }
  },
  audit: (input, _output, batch) => auditFacts(input, batch?.bucket),
})

/** Deletes one key; what it refuses with is told in the answer. */
function deleteOne(
  call: Call<S3State>,
  bucket: BucketRecord,
  key: string,
  versionId: string | undefined,
  etag: string | undefined,
): AwsError | undefined {
  try {
    const { object } = findSubject({ Bucket: bucket.name, Key: key, VersionId: versionId }, call)
    checkWrite(object, key, { IfMatch: etag })
    if (object) removeCurrent(call, bucket, key)
    return undefined
  } catch (error) {
    if (error instanceof AwsError) return error
    throw error
  }
}

export const deleteRows = [deleteObject, deleteObjects]
