import type { Call } from '../../../operation/call.ts'
import { creationKey, placeResource, requestKeys } from '../access.ts'
import { auditFacts } from '../audit.ts'
import { findObject } from '../data/versions.ts'
import { requireBucket, type BucketRequest } from '../buckets.ts'
import { findUpload } from '../data/uploads.ts'
import { readCustomerKey, type CustomerKey, type CustomerKeyRequest } from '../encryption/customerKeys.ts'
import { refuseEncryptionHeaders } from '../encryption/plan.ts'
import { invalidArgument, noSuchUpload } from '../errors.ts'
import { requireKey } from '../names.ts'
import type { BucketRecord, S3State, UploadRecord } from '../state.ts'

export interface UploadInput extends BucketRequest, CustomerKeyRequest {
  readonly Key?: string | undefined
  readonly UploadId?: string | undefined
}

/** An upload in progress; it may not exist, which is told after authorization. */
export interface UploadSubject {
  readonly bucket: BucketRecord
  readonly key: string
  readonly upload: UploadRecord | undefined
  /** What the request brings (SSE-C). */
  readonly customerKey: CustomerKey | undefined
}

export function uploadSubject(input: UploadInput, call: Call<S3State>): UploadSubject {
  const bucket = requireBucket(input, call)
  const { Key: key = '', UploadId = '' } = input
  requireKey(key)
  refuseEncryptionHeaders(call)
  const customerKey = readCustomerKey(input)
  return { bucket, key, upload: findUpload(call, bucket.name, key, UploadId), customerKey }
}

/** What rows about an upload have in common. Policies see the encryption that was frozen when it began. */
export const onUpload = {
  anonymous: true,
  subject: uploadSubject,
  resource: (_input: object, call: Call<S3State>, { bucket, key }: UploadSubject) =>
    placeResource(bucket, key, call, () => findObject(call, bucket.name, key)),
  context:
    (_input: object, call: Call<S3State>, { upload }: UploadSubject) =>
    () => ({
      ...requestKeys({}, call),
      ...creationKey(call),
      ...(upload?.encryptionHeader !== undefined && { 's3:x-amz-server-side-encryption': upload.encryptionHeader }),
      ...(upload?.encryption.kind === 'kms' && {
        's3:x-amz-server-side-encryption-aws-kms-key-id': upload.encryption.keyArn,
      }),
    }),
  audit: (input: UploadInput, output: object | undefined, subject: UploadSubject | undefined, call: Call<S3State>) =>
    auditFacts(input, subject?.bucket, call, output),
} as const

/** The upload, once the caller may know about it. Throws NoSuchUpload. */
export function existingUpload({ upload }: UploadSubject, { UploadId = '' }: UploadInput): UploadRecord {
  if (!upload) throw noSuchUpload(UploadId)
  return upload
}

export function requirePartNumber(partNumber: number | undefined): number {
  if (partNumber !== undefined && partNumber >= 1 && partNumber <= 10_000) return partNumber
  throw invalidArgument(
    'Part number must be an integer between 1 and 10000, inclusive',
    'partNumber',
    String(partNumber ?? ''),
  )
}
