import { withKeys } from '../../../operation/conditionKeys.ts'
import type { Call } from '../../../operation/call.ts'
import type { Check, Keys } from '../../../operation/define.ts'
import { creationKey, placeResource, requestKeys, requestTagKeys } from '../access.ts'
import { auditFacts } from '../audit.ts'
import { setsAcl } from '../acl/write.ts'
import { incomingBody } from '../body.ts'
import { requireBucket } from '../buckets.ts'
import { DEFAULT_ALGORITHM } from '../checksums/algorithms.ts'
import { checksumMembers, contentMd5, requestedChecksum, verifyChecksum, verifyMd5 } from '../checksums/requested.ts'
import { keepChecksum, type PlainChecksum } from '../checksums/stored.ts'
import { checkWriteConditions } from '../conditions.ts'
import { publish, wholeSeconds } from '../data/objects.ts'
import { findObject } from '../data/versions.ts'
import { writeBody, type StoredBody } from '../data/write.ts'
import { describeObject, type DescriptionInput } from '../description.ts'
import { encryptionMembers } from '../encryption/answers.ts'
import { GENERATE, newDataKey, type DataKey } from '../encryption/dataKeys.ts'
import { planEncryption, type EncryptionPlan, type EncryptionRequest } from '../encryption/plan.ts'
import { notEmulated } from '../errors.ts'
import { lockKeys, requireLockChecksum } from '../lock/requested.ts'
import { requireKey } from '../names.ts'
import { s3 } from '../service.ts'
import type { BucketRecord, ObjectDescription, ObjectRecord, S3State } from '../state.ts'

/** What a write has found out before its permission is asked for. */
export interface WriteSubject {
  readonly bucket: BucketRecord
  readonly key: string
  readonly description: ObjectDescription
  readonly plan: EncryptionPlan
  /** Set by `admitWrite`: KMS is asked before S3 authorizes the write (facts: captures 7.1). */
  dataKey?: DataKey
}

interface WriteInput extends EncryptionRequest, DescriptionInput {
  readonly Bucket?: string | undefined
  readonly Key?: string | undefined
  readonly ExpectedBucketOwner?: string | undefined
  readonly IfMatch?: string | undefined
}

/** Bucket, key and headers of a write. */
export function writeSubject(input: WriteInput, call: Call<S3State>): WriteSubject {
  const bucket = requireBucket(input, call)
  const { Key: key = '' } = input
  requireKey(key)
  return {
    bucket,
    key,
    description: describeObject(input, bucket, call),
    plan: planEncryption(input, bucket, key, call),
  }
}

/** What rows that create objects have in common. */
export const onWrite = {
  resource: (_input: object, call: Call<S3State>, { bucket, key }: WriteSubject) =>
    placeResource(bucket, key, call, () => findObject(call, bucket.name, key)),
  context:
    (_input: object, call: Call<S3State>, { description: { tags, lock } }: WriteSubject) =>
    () => ({ ...requestKeys({}, call), ...requestTagKeys(tags), ...lockKeys(lock, call.time) }),
  audit: (input: WriteInput, output: object | undefined, subject: WriteSubject | undefined, call: Call<S3State>) =>
    auditFacts(input, subject?.bucket, call, output),
} as const

/** Asks KMS first, then for the write, then for its tags (facts: captures 7.1). */
export async function* admitWrite(
  input: WriteInput,
  call: Call<S3State, Keys<typeof GENERATE>>,
  subject: WriteSubject,
  main: Check,
): AsyncGenerator<Check, void, void> {
  const dataKey = await newDataKey(subject.plan, call)
  subject.dataKey = dataKey
  yield* writeChecks(input, call, subject, dataKey, main)
}

/**
 * `s3:PutObject`, `s3:PutObjectTagging` when tags come with it, `s3:PutObjectAcl` with an ACL, and `s3:GetObject` with If-Match, which
 * tells something of the object that is there (S3 user guide, "How to prevent object overwrites with conditional writes").
 */
export function* writeChecks(
  { ACL, IfMatch }: Pick<WriteInput, 'ACL' | 'IfMatch'>,
  call: Pick<Call, 'http' | 'operation'>,
  { bucket, description }: WriteSubject,
  { encryption }: DataKey,
  main: Check,
): Generator<Check, void, void> {
  // Policies see the key that will be used, by full ARN, however it was named (facts: A11).
  const keyId = encryption.kind === 'kms' ? encryption.keyArn : undefined
  const check = withKeys(main, { ...creationKey(call), 's3:x-amz-server-side-encryption-aws-kms-key-id': keyId })
  yield check
  if (Object.keys(description.tags).length > 0) yield { ...check, action: 's3:PutObjectTagging' }
  if (description.lock?.retention) yield { ...check, action: 's3:PutObjectRetention' }
  if (description.lock?.legalHold !== undefined) yield { ...check, action: 's3:PutObjectLegalHold' }
  if (setsAcl(ACL, bucket, call)) yield { ...check, action: 's3:PutObjectAcl' }
  if (IfMatch !== undefined) yield { ...check, action: 's3:GetObject' }
}

export function admitted({ dataKey }: WriteSubject): DataKey {
  if (!dataKey) throw new Error('a write was run before it was admitted')
  return dataKey
}

const putObject = s3.row('PutObject', {
  ...onWrite,
  action: 's3:PutObject',
  streams: true,
  anonymous: true,
  keyUse: GENERATE,
  subject: writeSubject,
  admit: admitWrite,
  async run(input, call, subject) {
    if (input.WriteOffsetBytes !== undefined) throw notEmulated('s3 appends')
    requireLockChecksum('Put Object', subject.description.lock, subject.bucket, call)
    const dataKey = admitted(subject)
    const requested = requestedChecksum(input, call)
    const md5 = contentMd5(input.ContentMD5)
    checkWriteConditions(input)
    const algorithm = requested?.algorithm ?? DEFAULT_ALGORITHM
    const body = await writeBody({
      blobs: call.env.blobs,
      dataKey: dataKey.secret,
      bucket: subject.bucket.name,
      key: subject.key,
      ...incomingBody(call),
      md5: md5 !== undefined || dataKey.encryption.kind === 's3',
      algorithms: [algorithm],
      verify(facts) {
        if (md5 && facts.md5) verifyMd5(md5, facts.md5)
        if (requested) verifyChecksum(requested, facts.checksums[algorithm] ?? '', call.trailers)
      },
    })
    const checksum: PlainChecksum = { algorithm, type: 'FULL_OBJECT', value: body.checksums[algorithm] ?? '' }
    const object = publish(call, subject.bucket, newObject(call, subject, dataKey, body, checksum), input)
    return {
      ETag: `"${object.etag}"`,
      // Not told of the version `null` (API reference, PutObject, sample responses; seen in versity/versitygw issue 2164).
      VersionId: object.versionId,
      ...checksumMembers(checksum),
      ...encryptionMembers(object.encryption, call, dataKey.customerKey),
    }
  },
})

/** The record of an object that is one blob. */
export function newObject(
  call: Call<S3State>,
  { key, description }: Pick<WriteSubject, 'key' | 'description'>,
  { secret, encryption }: DataKey,
  { blob, size, md5 }: StoredBody,
  checksum: PlainChecksum,
): ObjectRecord {
  const stored = keepChecksum(checksum, encryption, secret, blob)
  return {
    key,
    size,
    etag: etagOf(encryption.kind === 's3' ? md5 : undefined, call),
    lastModified: wholeSeconds(call.time),
    encryption,
    checksum: stored,
    parts: [{ number: 1, blob, size, checksum: stored }],
    ...description,
  }
}

/** MD5 of the plaintext, but only under SSE-S3: elsewhere it would give the plaintext away: then any 32 digits (facts: A8). */
export function etagOf(md5: Buffer | undefined, { env }: Pick<Call, 'env'>): string {
  return md5 ? md5.toString('hex') : env.ids.hex(32)
}

export const putRows = [putObject]
