import type { DeletedObject, ObjectIdentifier as ModelledIdentifier } from '@aws-sdk/client-s3'
import { AwsError } from '../../../lib/awsError.ts'
import type { Call } from '../../../operation/call.ts'
import type { Check } from '../../../operation/define.ts'
import { bucketResource, objectResource, placeResource, requestKeys } from '../access.ts'
import { auditFacts } from '../audit.ts'
import { requireBucket, type BucketRequest } from '../buckets.ts'
import { requireBodyChecksum } from '../checksums/whole.ts'
import { asksForEtag, checkDeleteConditions } from '../conditions.ts'
import { removeCurrent, removeVersion } from '../data/objects.ts'
import { findObject, shownVersion } from '../data/versions.ts'
import { isVersionId } from '../data/versionIds.ts'
import { malformedXml, noSuchVersion } from '../errors.ts'
import { admitBypass } from '../lock/bypass.ts'
import { requireKey } from '../names.ts'
import { s3 } from '../service.ts'
import { isMarker, type BucketRecord, type S3State, type VersionRecord } from '../state.ts'
import { onObject, withVersion, type ObjectSubject } from './onObject.ts'

const deleteObject = s3.row('DeleteObject', {
  ...onObject,
  action: 's3:DeleteObject',
  // An object's own tags are no condition key of its deletion.
  resource: (_input, call, { bucket, key, object }) => placeResource(bucket, key, call, () => object),
  // eslint-disable-next-line @typescript-eslint/require-await -- the contract is an asynchronous generator
  async *admit(input, call, subject, main) {
    const { bucket } = subject
    yield withVersion(main, input)
    if (input.VersionId !== undefined) yield* admitBypass(input, bucket, main)
    if (asksForEtag(input.IfMatch)) {
      yield { ...main, action: 's3:GetObject', resource: onObject.resource(input, call, subject) }
    }
  },
  run(input, call, { bucket, key }: ObjectSubject) {
    const { VersionId, IfMatch, BypassGovernanceRetention: bypass } = input
    checkDeleteConditions(input)
    if (VersionId === undefined) {
      const marker = removeCurrent(call, bucket, key, { IfMatch })
      return marker ? { DeleteMarker: true, VersionId: shownVersion(marker) } : {}
    }
    const removed = removeVersion(call, bucket, key, VersionId, { bypass })
    // Also of what does not exist (versity/versitygw issue 1758: S3's answer).
    return { VersionId, ...(removed && isMarker(removed) && { DeleteMarker: true }) }
  },
})

/** What became of each key of a DeleteObjects. */
interface Batch {
  readonly bucket: BucketRecord
  readonly refusals: Map<number, AwsError>
}

const MOST_KEYS = 1000

/** An entry of the list, whose key the schema does not promise. */
type ObjectIdentifier = Partial<ModelledIdentifier>

const deleteObjects = s3.row('DeleteObjects', {
  anonymous: true,
  action: 's3:DeleteObject',
  subject: (input: BucketRequest, call): Batch => ({ bucket: requireBucket(input, call), refusals: new Map() }),
  resource: (_input, call, { bucket }) => bucketResource(bucket, call),
  context: requestKeys,
  /** Each key is authorized for itself; a refusal concerns that key only. */
  // eslint-disable-next-line @typescript-eslint/require-await -- the contract is an asynchronous generator
  async *admit(input, call, { bucket, refusals }, main) {
    const objects = input.Delete?.Objects ?? []
    if (objects.length === 0 || objects.length > MOST_KEYS || !objects.every(isDeletable)) throw malformedXml()
    requireBodyChecksum(call)
    for (const [index, { Key = '', VersionId, ETag }] of objects.entries()) {
      const check: Check = {
        ...main,
        context: () => ({ ...requestKeys({}, call), 's3:VersionId': VersionId, 's3:if-match': ETag }),
        resource: placeResource(bucket, Key, call, () => findObject(call, bucket.name, Key)),
        refused: (error: AwsError) => {
          if (!refusals.has(index)) refusals.set(index, error)
        },
      }
      yield withVersion(check, { VersionId })
      if (VersionId !== undefined) yield* admitBypass(input, bucket, check)
      if (asksForEtag(ETag)) {
        const resource = objectResource(bucket, Key, call, findObject(call, bucket.name, Key))
        yield { ...check, action: 's3:GetObject', resource }
      }
    }
  },
  run({ Delete, BypassGovernanceRetention: bypass }, call, { bucket, refusals }) {
    const deleted: DeletedObject[] = []
    const errors: { Key: string; VersionId?: string; Code: string; Message: string }[] = []
    for (const [index, { Key = '', VersionId, ETag }] of (Delete?.Objects ?? []).entries()) {
      const named = { Key, ...(VersionId !== undefined && { VersionId }) }
      const outcome = refusals.get(index) ?? deleteOne(call, bucket, { Key, VersionId, ETag }, bypass)
      if (outcome instanceof AwsError) errors.push({ ...named, Code: outcome.code, Message: outcome.text })
      else deleted.push({ ...named, ...outcome })
    }
    return {
      ...(deleted.length > 0 && Delete?.Quiet !== true && { Deleted: deleted }),
      ...(errors.length > 0 && { Errors: errors }),
    }
  },
  audit: (input, _output, batch, call) => auditFacts(input, batch?.bucket, call, {}),
})

/**
 * Size and time are conditions of directory buckets. S3's schema for others knew neither them nor ETags before it offered the latter
 * (aws/aws-sdk-js-v3 issue 6857); that it still refuses the two so is not recorded.
 */
const isDeletable = ({ Key, Size, LastModifiedTime }: ObjectIdentifier) =>
  Key !== undefined && Key !== '' && Size === undefined && LastModifiedTime === undefined

/** Deletes one key or version; what it refuses with, and the delete marker that it made or removed, are told in the answer. */
function deleteOne(
  call: Call<S3State>,
  bucket: BucketRecord,
  { Key: key = '', VersionId: versionId, ETag: IfMatch }: ObjectIdentifier,
  bypass: boolean | undefined,
): AwsError | DeletedObject {
  try {
    requireKey(key)
    // Not InvalidArgument, as elsewhere (versity/versitygw issue 2119: S3's answer).
    if (versionId !== undefined && !isVersionId(versionId)) throw noSuchVersion(key, versionId)
    checkDeleteConditions({ IfMatch, VersionId: versionId })
    if (versionId === undefined) return told(removeCurrent(call, bucket, key, { IfMatch }))
    return told(removeVersion(call, bucket, key, versionId, { bypass }))
  } catch (error) {
    if (error instanceof AwsError) return error
    throw error
  }
}

const told = (version: VersionRecord | undefined): DeletedObject =>
  version && isMarker(version) ? { DeleteMarker: true, DeleteMarkerVersionId: shownVersion(version) } : {}

export const deleteRows = [deleteObject, deleteObjects]
