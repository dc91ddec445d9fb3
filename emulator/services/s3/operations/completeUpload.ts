import { createHash } from 'node:crypto'
import type { CompletedPart, CompleteMultipartUploadCommandInput } from '@aws-sdk/client-s3'
import type { SecretBytes } from '../../../crypto/types.ts'
import { AwsError } from '../../../lib/awsError.ts'
import type { Call } from '../../../operation/call.ts'
import type { Keys } from '../../../operation/define.ts'
import { combineChecksums } from '../checksums/combine.ts'
import { badDigest, checksumMembers, type ChecksumMembers } from '../checksums/requested.ts'
import { keepChecksum, partChecksum, type PlainChecksum } from '../checksums/stored.ts'
import { checkWriteConditions } from '../conditions.ts'
import { publish, wholeSeconds } from '../data/objects.ts'
import { dropUpload, findPart } from '../data/uploads.ts'
import { findCompleted } from '../data/versions.ts'
import { encryptionMembers } from '../encryption/answers.ts'
import type { CustomerKey } from '../encryption/customerKeys.ts'
import { DECRYPT, openUploadKey } from '../encryption/dataKeys.ts'
import { internalError, invalidArgument, invalidRequest, malformedXml } from '../errors.ts'
import { urlEncoded } from '../listing.ts'
import { s3 } from '../service.ts'
import type { BucketRecord, ObjectRecord, PartRecord, S3State, StoredChecksum, UploadRecord } from '../state.ts'
import { existingUpload, onUpload, type UploadSubject } from './onUpload.ts'

type Input = CompleteMultipartUploadCommandInput
type DecryptCall = Call<S3State, Keys<typeof DECRYPT>>

const SMALLEST_PART = 5 * 1024 * 1024

/** The parts a completion lists, checked against those that were uploaded. */
function chooseParts(listed: readonly CompletedPart[], upload: UploadRecord, call: Call<S3State>): PartRecord[] {
  const chosen: PartRecord[] = []
  const { explicit, type } = upload.checksum
  // A checksum of checksums that was asked for needs parts 1, 2, 3, … (S3 API Reference, CompletedPart). That one of the whole object
  // does not is not recorded: the page lists the algorithms of checksums of checksums.
  const consecutive = explicit && type === 'COMPOSITE'
  for (const { PartNumber: number = 0, ETag } of listed) {
    // S3's answer: versity/versitygw issue 1072.
    if (number < 1) throw invalidArgument('PartNumber must be >= 1', 'PartNumber', String(number))
    if (number <= (chosen.at(-1)?.number ?? 0)) throw invalidPartOrder(upload)
    if (consecutive && number !== chosen.length + 1) throw invalidPartOrder(upload)
    const part = findPart(call, upload.uploadId, number)
    if (!part || ETag === undefined || unquoted(ETag) !== part.etag) throw invalidPart(upload, number, ETag)
    chosen.push(part)
  }
  for (const part of chosen.slice(0, -1)) if (part.size < SMALLEST_PART) throw tooSmall(part)
  return chosen
}

const unquoted = (etag: string) => etag.replace(/^"(.*)"$/, '$1')

const invalidPart = ({ uploadId }: UploadRecord, number: number, etag: string | undefined) =>
  new AwsError(
    'InvalidPart',
    400,
    "One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.",
    { fields: { UploadId: uploadId, PartNumber: String(number), ETag: unquoted(etag ?? '') } },
  )

const invalidPartOrder = ({ uploadId }: UploadRecord) =>
  new AwsError(
    'InvalidPartOrder',
    400,
    'The list of parts was not in ascending order. Parts must be ordered by part number.',
    { fields: { UploadId: uploadId } },
  )

const tooSmall = ({ size, number, etag }: PartRecord) =>
  new AwsError('EntityTooSmall', 400, 'Your proposed upload is smaller than the minimum allowed size', {
    fields: {
      ProposedSize: String(size),
      MinSizeAllowed: String(SMALLEST_PART),
      PartNumber: String(number),
      ETag: etag,
    },
  })

/** MD5 of the parts' ETags as bytes, and how many they are (facts: A8). */
export function multipartEtag(etags: readonly string[]): string {
  const hash = createHash('md5')
  for (const etag of etags) hash.update(Buffer.from(etag, 'hex'))
  return `${hash.digest('hex')}-${etags.length}`
}

/** Checksums of parts, where the upload was begun with an algorithm: they must be repeated, and right. */
function checkPartChecksums(
  listed: readonly CompletedPart[],
  chosen: readonly PartRecord[],
  upload: UploadRecord,
  dataKey: SecretBytes,
): void {
  const { algorithm, type, explicit } = upload.checksum
  if (!explicit) return
  for (const [index, part] of chosen.entries()) {
    const given = (listed[index] as ChecksumMembers | undefined)?.[`Checksum${algorithm}`]
    if (given === undefined) {
      if (type === 'FULL_OBJECT') continue
      throw invalidRequest(
        `The upload was created using a ${algorithm.toLowerCase()} checksum. The complete request must include the checksum for each part. It was missing for part ${part.number} in the request.`,
      )
    }
    if (given !== partChecksum(part, dataKey)) throw invalidPart(upload, part.number, part.etag)
  }
}

/** What the request says about the whole object. */
function checkWhole(input: Input, upload: UploadRecord, size: number, checksum: PlainChecksum | undefined): void {
  const { type, algorithm } = upload.checksum
  if (input.ChecksumType !== undefined && input.ChecksumType !== type) {
    throw invalidRequest(
      `The upload was created using the ${type} checksum mode. The complete request must use the same checksum mode.`,
    )
  }
  if (input.MpuObjectSize !== undefined && input.MpuObjectSize !== size) {
    throw invalidRequest(
      `The provided 'x-amz-mp-object-size' header value ${input.MpuObjectSize} does not match what was computed: ${size}`,
    )
  }
  // Here S3 names the algorithm in small letters (apache/arrow-rs-object-store issue 709).
  const given = (input as ChecksumMembers)[`Checksum${algorithm}`]
  if (given === undefined || !checksum) return
  if (given.replace(/-\d+$/, '') !== checksum.value.replace(/-\d+$/, '')) throw badDigest(algorithm.toLowerCase())
}

/** The key to the parts' checksums: S3's own is always at hand, KMS, or the customer, only for explicit ones (facts: captures 7.2). */
async function keyToChecksums(
  upload: UploadRecord,
  call: DecryptCall,
  customerKey: CustomerKey | undefined,
): Promise<SecretBytes | undefined> {
  const needed = upload.encryption.kind === 's3' || upload.checksum.explicit || customerKey !== undefined
  return needed ? openUploadKey(upload, call, customerKey) : undefined
}

async function wholeChecksum(
  { checksum: { algorithm, type } }: UploadRecord,
  chosen: readonly PartRecord[],
  dataKey: SecretBytes,
): Promise<PlainChecksum> {
  const parts = chosen.map((part) => ({ value: partChecksum(part, dataKey), size: part.size }))
  return { algorithm, type, value: await combineChecksums(algorithm, type, parts) }
}

/** Assembles by reference: the parts' blobs become the object's. */
function assemble(
  upload: UploadRecord,
  chosen: readonly PartRecord[],
  checksum: StoredChecksum,
  call: Call<S3State>,
): ObjectRecord {
  const { headers, metadata, tags, storageClass, owner, acl, lock, key, encryption, uploadId } = upload
  return {
    headers,
    metadata,
    tags,
    storageClass,
    owner,
    acl,
    lock,
    key,
    encryption,
    uploadId,
    size: chosen.reduce((sum, { size }) => sum + size, 0),
    etag: multipartEtag(chosen.map(({ etag }) => etag)),
    lastModified: wholeSeconds(call.time),
    checksum,
    parts: chosen.map(({ number, blob, size, checksum: own }) => ({ number, blob, size, checksum: own })),
  }
}

/** What the schema demands of each part (versity/versitygw issue 2111). */
const isWhole = ({ PartNumber, ETag }: CompletedPart) => PartNumber !== undefined && ETag !== undefined

/** The schema allows a list no more. */
const MOST_PARTS = 10_000

const completeMultipartUpload = s3.row('CompleteMultipartUpload', {
  ...onUpload,
  action: 's3:PutObject',
  // As for PutObject.
  also: (input, call, subject) =>
    input.IfMatch === undefined
      ? []
      : [
          {
            action: 's3:GetObject',
            resource: onUpload.resource(input, call, subject),
            context: onUpload.context(input, call, subject),
          },
        ],
  keyUse: DECRYPT,
  async run(input, call, subject) {
    const listed = input.MultipartUpload?.Parts ?? []
    const repeated = repeatedCompletion(input, subject, listed, call)
    if (repeated) return answerFor(repeated, subject.bucket, undefined, call)
    const upload = existingUpload(subject, input)
    if (listed.length === 0 || listed.length > MOST_PARTS || !listed.every(isWhole)) throw malformedXml()
    checkWriteConditions(input)
    const dataKey = await keyToChecksums(upload, call, subject.customerKey)
    const chosen = chooseParts(listed, upload, call)
    if (dataKey) checkPartChecksums(listed, chosen, upload, dataKey)
    const checksum = dataKey ? await wholeChecksum(upload, chosen, dataKey) : undefined
    const { algorithm, type } = upload.checksum
    const stored =
      checksum && dataKey
        ? keepChecksum(checksum, upload.encryption, dataKey, chosen[0]?.blob ?? '')
        : { algorithm, type }
    const object = assemble(upload, chosen, stored, call)
    checkWhole(input, upload, object.size, checksum)
    const version = replaceUpload(input, call, subject.bucket, upload, chosen, object)
    return answerFor(version, subject.bucket, checksum, call)
  },
})

/** One transaction: the object appears, upload and parts disappear. The parts that were not chosen are deleted. */
function replaceUpload(
  input: Input,
  call: Call<S3State>,
  bucket: BucketRecord,
  upload: UploadRecord,
  chosen: readonly PartRecord[],
  object: ObjectRecord,
): ObjectRecord {
  const kept = new Set(object.parts.map(({ blob }) => blob))
  let blobs: string[] = []
  const version = publish(call, bucket, object, input, {
    // Under KMS with explicit checksums S3 has begun to answer when it looks at the condition (facts: captures 7.1).
    status: upload.encryption.kind === 'kms' && upload.checksum.explicit ? 200 : 412,
    keepBlobsOnRefusal: true,
    also() {
      // A part may have been uploaded anew while checksums were computed.
      for (const { number, blob } of chosen) {
        if (findPart(call, upload.uploadId, number)?.blob !== blob) throw internalError()
      }
      blobs = dropUpload(call, upload)
    },
  })
  call.state.leases.discard(
    call.env.blobs,
    blobs.filter((blob) => !kept.has(blob)),
  )
  return version
}

/** The exact repeat of a completion that succeeded answers alike, without checksums (facts: captures 7.5). */
function repeatedCompletion(
  { UploadId }: Input,
  { upload, bucket, key }: UploadSubject,
  listed: readonly CompletedPart[],
  call: Call<S3State>,
): ObjectRecord | undefined {
  if (upload || UploadId === undefined) return undefined
  const object = findCompleted(call, bucket.name, key, UploadId)
  if (listed.length !== object?.parts.length) return undefined
  const same =
    listed.every(({ PartNumber }, index) => PartNumber === object.parts[index]?.number) &&
    multipartEtag(listed.map(({ ETag }) => unquoted(ETag ?? ''))) === object.etag
  return same ? object : undefined
}

function answerFor(
  object: ObjectRecord,
  { name, region }: BucketRecord,
  checksum: PlainChecksum | undefined,
  call: Pick<Call, 'responseHeaders'>,
) {
  return {
    Location: `https://${name}.s3.${region}.amazonaws.com/${urlEncoded(object.key)}`,
    Bucket: name,
    Key: object.key,
    ETag: `"${object.etag}"`,
    VersionId: object.versionId,
    ...(checksum && checksumMembers(checksum)),
    ...encryptionMembers(object.encryption, call),
  }
}

export const completeRows = [completeMultipartUpload]
