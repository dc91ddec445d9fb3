import type { Call } from '../../../operation/call.ts'
import type { Check } from '../../../operation/define.ts'
import { auditFacts, listBucketCheck, objectResource, requestKeys } from '../access.ts'
import { requireBucket, type BucketRequest } from '../buckets.ts'
import { findObject } from '../data/versions.ts'
import { invalidArgument, noSuchKey, noSuchVersion } from '../errors.ts'
import { requireKey } from '../names.ts'
import type { BucketRecord, ObjectRecord, S3State } from '../state.ts'

export interface ObjectInput extends BucketRequest {
  readonly Key?: string | undefined
  readonly VersionId?: string | undefined
}

/** What a request about an object is about; the object may not exist. */
export interface ObjectSubject {
  readonly bucket: BucketRecord
  readonly key: string
  readonly object: ObjectRecord | undefined
}

export function findSubject(input: ObjectInput, call: Call<S3State>): ObjectSubject {
  const bucket = requireBucket(input, call)
  const { Key: key = '', VersionId } = input
  requireKey(key)
  requireVersionId(VersionId)
  const object = findObject(call, bucket.name, key)
  // Without versioning, all there is has the version `null`.
  return { bucket, key, object: VersionId === undefined || VersionId === 'null' ? object : undefined }
}

/** Ids S3 could have given out are 32 characters long. */
function requireVersionId(versionId: string | undefined): void {
  if (versionId === undefined || versionId === 'null' || /^[A-Za-z0-9._-]{32}$/.test(versionId)) return
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
  audit: (input: ObjectInput, _output: unknown, subject: ObjectSubject | undefined) =>
    auditFacts(input, subject?.bucket),
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
 * Admission to something about an existing object: the action itself, then, when the object is missing, whether the caller may
 * know that (facts: A10): 404 for those who may list the bucket, 403 for others.
 */
export function* admitExisting(
  input: ObjectInput,
  call: Call<S3State>,
  subject: ObjectSubject,
  main: Check,
): Generator<Check, void, void> {
  yield withVersion(main, input)
  if (subject.object) return
  yield listBucketCheck(subject.bucket, call)
  throw missing(input, subject.key)
}

export function missing({ VersionId }: ObjectInput, key: string) {
  return VersionId === undefined || VersionId === 'null' ? noSuchKey(key) : noSuchVersion(key, VersionId)
}

/** The object, after `admitExisting`. */
export function existing({ object, key }: ObjectSubject): ObjectRecord {
  if (!object) throw noSuchKey(key)
  return object
}
