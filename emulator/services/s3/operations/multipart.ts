import { bucketResource, requestKeys } from '../access.ts'
import { canonicalOwner, ownerOf } from '../acl/ownership.ts'
import { initiatorOf } from '../callers.ts'
import { checksumValue } from '../checksums/requested.ts'
import { partChecksum } from '../checksums/stored.ts'
import { chooseUploadChecksum } from '../checksums/upload.ts'
import { requireStill } from '../data/objects.ts'
import { dropUpload, isUploadId, newUploadId, partsOf, UPLOAD_SUFFIX, uploadRecordId } from '../data/uploads.ts'
import { encryptionMembers } from '../encryption/answers.ts'
import { DECRYPT, GENERATE, openUploadKey } from '../encryption/dataKeys.ts'
import { invalidArgument } from '../errors.ts'
import { listPage, type Position } from '../listing.ts'
import { s3 } from '../service.ts'
import type { BucketRecord, UploadRecord } from '../state.ts'
import { outOfRange, readEncoding, readMaximum } from './listObjects.ts'
import { readsBucket } from './onBucket.ts'
import { existingUpload, onUpload } from './onUpload.ts'
import { admitted, admitWrite, onWrite, writeSubject } from './putObject.ts'

const createMultipartUpload = s3.row('CreateMultipartUpload', {
  ...onWrite,
  action: 's3:PutObject',
  anonymous: true,
  keyUse: GENERATE,
  subject: writeSubject,
  admit: admitWrite,
  run(input, call, subject) {
    const { bucket, key, description } = subject
    const { encryption, customerKey } = admitted(subject)
    const upload: UploadRecord = {
      ...description,
      bucket: bucket.name,
      key,
      uploadId: newUploadId(call),
      initiated: call.time,
      initiator: initiatorOf(call.caller.principal),
      encryption,
      encryptionHeader: input.ServerSideEncryption,
      checksum: chooseUploadChecksum(input.ChecksumAlgorithm, input.ChecksumType),
    }
    call.env.store.transaction(() => {
      requireStill(call, bucket)
      call.state.uploads.in().put(uploadRecordId(bucket.name, key, upload.uploadId), upload)
    })
    return {
      Bucket: bucket.name,
      Key: key,
      UploadId: upload.uploadId,
      ...encryptionMembers(encryption, call, customerKey),
      ...explicitChecksum(upload),
    }
  },
})

/** The algorithm is told to those who chose it. */
const explicitChecksum = ({ checksum: { algorithm, type, explicit } }: UploadRecord) =>
  explicit ? { ChecksumAlgorithm: algorithm, ChecksumType: type } : {}

const abortMultipartUpload = s3.row('AbortMultipartUpload', {
  ...onUpload,
  action: 's3:AbortMultipartUpload',
  run(input, call, subject) {
    const upload = existingUpload(subject, input)
    const blobs = call.env.store.transaction(() => dropUpload(call, upload))
    call.state.leases.discard(call.env.blobs, blobs)
    return {}
  },
})

/** After which part a page begins. Throws InvalidArgument, as for the other numbers in queries. */
function readPartMarker(marker: string | undefined): number {
  if (marker === undefined || marker === '') return 0
  if (/^\d{1,9}$/.test(marker)) return Number(marker)
  // S3's answer: versity/versitygw issue 1383.
  if (/^-\d{1,9}$/.test(marker)) throw outOfRange('part-number-marker', Number(marker))
  throw invalidArgument(
    'Provided part-number-marker not an integer or within integer range',
    'part-number-marker',
    marker,
  )
}

const listParts = s3.row('ListParts', {
  ...onUpload,
  readOnly: true,
  action: 's3:ListMultipartUploadParts',
  keyUse: DECRYPT,
  async run(input, call, subject) {
    const upload = existingUpload(subject, input)
    // Checksums that were asked for are read with the key; S3's own are not shown (facts: captures 7.2).
    const needsKey = upload.checksum.explicit || subject.customerKey !== undefined
    const dataKey = needsKey ? await openUploadKey(upload, call, subject.customerKey) : undefined
    const max = readMaximum(input.MaxParts, 'max-parts')
    const marker = readPartMarker(input.PartNumberMarker)
    const page = []
    let truncated = false
    for (const part of partsOf(call, upload.uploadId, marker)) {
      if (page.length >= max) {
        truncated = max > 0
        break
      }
      page.push({
        PartNumber: part.number,
        LastModified: new Date(part.lastModified),
        ETag: `"${part.etag}"`,
        Size: part.size,
        ...(dataKey &&
          upload.checksum.explicit &&
          checksumValue({ algorithm: part.checksum.algorithm, value: partChecksum(part, dataKey) })),
      })
    }
    return {
      Bucket: subject.bucket.name,
      Key: subject.key,
      UploadId: upload.uploadId,
      PartNumberMarker: String(marker),
      NextPartNumberMarker: String(page.at(-1)?.PartNumber ?? 0),
      MaxParts: max,
      IsTruncated: truncated,
      Parts: page,
      ...people(upload, subject.bucket),
      StorageClass: upload.storageClass as 'STANDARD',
      ...explicitChecksum(upload),
    }
  },
})

const people = (upload: UploadRecord, bucket: BucketRecord) => ({
  Initiator: {
    ID: upload.initiator.id,
    ...(upload.initiator.name !== undefined && { DisplayName: upload.initiator.name }),
  },
  Owner: { ID: canonicalOwner(ownerOf(bucket, upload)) },
})

const listMultipartUploads = s3.row('ListMultipartUploads', {
  ...readsBucket,
  action: 's3:ListBucketMultipartUploads',
  resource: (_input, call, bucket) => bucketResource(bucket, call),
  context: (input, call) => ({
    ...requestKeys(input, call),
    's3:prefix': input.Prefix,
    's3:delimiter': input.Delimiter,
    's3:max-keys': undefined,
  }),
  run(input, call, bucket) {
    const { Prefix = '', Delimiter = '', KeyMarker, UploadIdMarker, EncodingType } = input
    const encode = readEncoding(EncodingType)
    const max = readMaximum(input.MaxUploads, 'max-uploads')
    const page = listPage({
      table: call.state.uploads.in(),
      base: `${bucket.name}/`,
      prefix: Prefix,
      delimiter: Delimiter,
      after: markerPosition(KeyMarker, UploadIdMarker),
      max,
      suffixLength: UPLOAD_SUFFIX,
    })
    const [nextKey = '', nextId = ''] = page.next?.text.split('\0') ?? []
    return {
      Bucket: bucket.name,
      KeyMarker: encode(KeyMarker ?? ''),
      UploadIdMarker: UploadIdMarker ?? '',
      Prefix: encode(Prefix),
      ...(Delimiter !== '' && { Delimiter: encode(Delimiter) }),
      NextKeyMarker: encode(nextKey),
      NextUploadIdMarker: nextId,
      MaxUploads: max,
      IsTruncated: page.truncated,
      ...(EncodingType === 'url' && { EncodingType: 'url' as const }),
      Uploads: page.rows.map(([, upload]) => ({
        UploadId: upload.uploadId,
        Key: encode(upload.key),
        Initiated: new Date(upload.initiated),
        StorageClass: upload.storageClass as 'STANDARD',
        ...people(upload, bucket),
        ...explicitChecksum(upload),
      })),
      CommonPrefixes: page.commonPrefixes.map((text) => ({ Prefix: encode(text) })),
    }
  },
})

/**
 * After one upload of a key, after all of a key, or after a common prefix that a page ended with. The id of an upload counts with a key
 * only, and must be one (S3's answers: versity/versitygw issue 1797).
 */
function markerPosition(keyMarker: string | undefined, uploadIdMarker: string | undefined): Position | undefined {
  if (keyMarker === undefined || keyMarker === '') return undefined
  return uploadIdMarker === undefined || uploadIdMarker === ''
    ? { kind: 'prefix', text: `${keyMarker}\0` }
    : { kind: 'key', text: `${keyMarker}\0${requireUploadId(uploadIdMarker)}` }
}

function requireUploadId(marker: string): string {
  if (isUploadId(marker)) return marker
  throw invalidArgument('Invalid uploadId marker', 'upload-id-marker', marker)
}

export const multipartRows = [createMultipartUpload, abortMultipartUpload, listParts, listMultipartUploads]
