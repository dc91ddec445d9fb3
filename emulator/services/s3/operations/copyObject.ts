import type { CopyObjectCommandInput } from '@aws-sdk/client-s3'
import type { SecretBytes } from '../../../crypto/types.ts'
import { withKeys } from '../../../operation/conditionKeys.ts'
import type { Call } from '../../../operation/call.ts'
import type { Check, Keys } from '../../../operation/define.ts'
import { objectResource, placeResource, requestKeys } from '../access.ts'
import { auditFacts, sourceRead } from '../audit.ts'
import { requireBucket } from '../buckets.ts'
import { checksumMembers, namedAlgorithm } from '../checksums/requested.ts'
import type { PlainChecksum } from '../checksums/stored.ts'
import { checkSource, checkWrite, checkWriteConditions } from '../conditions.ts'
import { admitSource, parseCopySource, requireCopyable, type CopySource, type FoundSource } from '../copySource.ts'
import { holdBlobs, publish } from '../data/objects.ts'
import { answeredVersion, findObject } from '../data/versions.ts'
import { readStream } from '../data/read.ts'
import { writeBody } from '../data/write.ts'
import { describeObject } from '../description.ts'
import { encryptionMembers } from '../encryption/answers.ts'
import { readSourceCustomerKey, requireCustomerKey, type CustomerKey } from '../encryption/customerKeys.ts'
import { isConfigured } from '../encryption/defaults.ts'
import { DECRYPT, GENERATE, newDataKey, openDataKey } from '../encryption/dataKeys.ts'
import { planEncryption } from '../encryption/plan.ts'
import { invalidArgument, invalidRequest } from '../errors.ts'
import { lockKeys } from '../lock/requested.ts'
import { requireKey } from '../names.ts'
import { s3 } from '../service.ts'
import type { ObjectDescription, ObjectRecord, S3State } from '../state.ts'
import { admitted, newObject, writeChecks, type WriteSubject } from './putObject.ts'
import { requestTagKeys } from '../access.ts'

const KEY_USES = { ...GENERATE, ...DECRYPT } as const
type CopyCall = Call<S3State, Keys<typeof KEY_USES>>

interface CopySubject extends Omit<WriteSubject, 'description'> {
  readonly source: CopySource
  readonly sourceCustomerKey: CustomerKey | undefined
  /** As the request says; where a directive says COPY, the source's takes its place. */
  description: ObjectDescription
  /** Set by `admitCopy`. */
  found?: FoundSource
  sourceKey?: SecretBytes
}

function copySubject(input: CopyObjectCommandInput, call: Call<S3State>): CopySubject {
  const bucket = requireBucket(input, call)
  const { Key: key = '' } = input
  requireKey(key)
  requireDirective(input.MetadataDirective, 'Unknown metadata directive.', 'x-amz-metadata-directive')
  requireDirective(input.TaggingDirective, 'Unknown tagging directive.', 'x-amz-tagging-directive')
  return {
    bucket,
    key,
    source: parseCopySource(input.CopySource ?? ''),
    sourceCustomerKey: readSourceCustomerKey(input),
    description: describeObject(input, bucket, call),
    plan: planEncryption(input, bucket, key, call),
  }
}

function requireDirective(value: string | undefined, text: string, header: string): void {
  if (value === undefined || value === 'COPY' || value === 'REPLACE') return
  throw invalidArgument(text, header, value)
}

/**
 * The recorded order (facts: captures 7.1): destination conditions, GenerateDataKey, source permission, source conditions, source
 * Decrypt, destination permission.
 */
async function* admitCopy(
  input: CopyObjectCommandInput,
  call: CopyCall,
  subject: CopySubject,
  main: Check,
): AsyncGenerator<Check, void, void> {
  checkWriteConditions(input)
  checkWrite(findObject(call, subject.bucket.name, subject.key), subject.key, input)
  const dataKey = await newDataKey(subject.plan, call)
  subject.dataKey = dataKey
  const found = yield* admitSource(subject.source, input.ExpectedSourceBucketOwner, call)
  const { object } = found
  const copiesTags = input.TaggingDirective !== 'REPLACE' && Object.keys(object.tags).length > 0
  if (copiesTags) {
    yield {
      action: subject.source.versionId === undefined ? 's3:GetObjectTagging' : 's3:GetObjectVersionTagging',
      resource: objectResource(found.bucket, object.key, call, object),
      context: { ...requestKeys(input, call), 's3:VersionId': subject.source.versionId },
    }
  }
  requireCustomerKey(object.encryption, subject.sourceCustomerKey)
  checkSource(object, input)
  requireCopyable(object.size)
  requireChange(input, subject)
  subject.found = found
  subject.sourceKey = await openDataKey(object.encryption, call, subject.sourceCustomerKey, found.bucket.region)
  subject.description = descriptionOf(input, subject.description, object)
  yield* writeChecks(
    input,
    call,
    subject,
    dataKey,
    withKeys(main, { ...requestTagKeys(subject.description.tags), ...lockKeys(subject.description.lock, call.time) }),
  )
}

/**
 * Copying an object to itself must change something that counts (facts: captures 7.7), or come under a default encryption that somebody
 * has put, whatever it is (getmoto/moto issue 6300, tried at AWS; localstack/localstack issue 10412).
 */
function requireChange(input: CopyObjectCommandInput, { bucket, key, source }: CopySubject): void {
  const same = source.bucket === bucket.name && source.key === key && source.versionId === undefined
  const changes =
    input.MetadataDirective === 'REPLACE' ||
    (input.StorageClass ?? input.WebsiteRedirectLocation ?? input.ServerSideEncryption) !== undefined ||
    input.SSECustomerAlgorithm !== undefined ||
    isConfigured(bucket.encryption)
  if (!same || changes) return
  throw invalidRequest(
    "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.",
  )
}

/** Headers and metadata, then tags, each from the source or from the request. */
function descriptionOf(
  input: CopyObjectCommandInput,
  asked: ObjectDescription,
  source: ObjectRecord,
): ObjectDescription {
  const { websiteRedirectLocation } = asked.headers
  const content =
    input.MetadataDirective === 'REPLACE'
      ? { headers: asked.headers, metadata: asked.metadata }
      : { headers: { ...source.headers, websiteRedirectLocation }, metadata: source.metadata }
  return {
    ...content,
    tags: input.TaggingDirective === 'REPLACE' ? asked.tags : source.tags,
    storageClass: asked.storageClass,
    lock: asked.lock,
    owner: asked.owner,
    acl: asked.acl,
  }
}

const copyObject = s3.row('CopyObject', {
  anonymous: true,
  action: 's3:PutObject',
  keyUse: KEY_USES,
  subject: copySubject,
  resource: (_input, call, { bucket, key }) =>
    placeResource(bucket, key, call, () => findObject(call, bucket.name, key)),
  context: requestKeys,
  admit: admitCopy,
  async run(input, call, subject) {
    const { found, sourceKey } = subject
    if (!found || !sourceKey) throw new Error('a copy was run before it was admitted')
    const dataKey = admitted(subject)
    const algorithm =
      input.ChecksumAlgorithm === undefined ? found.object.checksum.algorithm : namedAlgorithm(input.ChecksumAlgorithm)
    const body = await copyBytes(call, subject, found, sourceKey, algorithm)
    const checksum: PlainChecksum = { algorithm, type: 'FULL_OBJECT', value: body.checksums[algorithm] ?? '' }
    const object = publish(call, subject.bucket, newObject(call, subject, dataKey, body, checksum), input)
    return {
      CopySourceVersionId: answeredVersion(found.bucket, found.object),
      VersionId: object.versionId,
      CopyObjectResult: {
        ETag: `"${object.etag}"`,
        LastModified: new Date(object.lastModified),
        ...checksumMembers(checksum),
      },
      ...encryptionMembers(object.encryption, call, dataKey.customerKey),
    }
  },
  audit(input, output, subject, call) {
    const facts = auditFacts(input, subject?.bucket, call, output)
    if (!output || !subject?.found) return facts
    return { ...facts, inside: sourceRead(subject.found, subject.source.versionId) }
  },
})

/** Decrypts under the source's key and encrypts under the new one, in constant memory. */
async function copyBytes(
  call: CopyCall,
  subject: CopySubject,
  { bucket, object }: FoundSource,
  sourceKey: SecretBytes,
  algorithm: PlainChecksum['algorithm'],
) {
  const { blobs } = call.env
  const dataKey = admitted(subject)
  const release = holdBlobs(call, bucket.name, object)
  try {
    return await writeBody({
      blobs,
      dataKey: dataKey.secret,
      bucket: subject.bucket.name,
      key: subject.key,
      source: readStream({
        blobs,
        leases: call.state.leases,
        dataKey: sourceKey,
        bucket: bucket.name,
        object,
        range: { start: 0, end: object.size },
      }),
      length: object.size,
      md5: dataKey.encryption.kind === 's3',
      algorithms: [algorithm],
    })
  } finally {
    release()
  }
}

export const copyRows = [copyObject]
