import type { SecretBytes } from '../../../crypto/types.ts'
import type { Call } from '../../../operation/call.ts'
import type { Keys } from '../../../operation/define.ts'
import { incomingBody } from '../body.ts'
import { checksumValue, contentMd5, requestedChecksum, verifyChecksum, verifyMd5 } from '../checksums/requested.ts'
import { keepChecksum } from '../checksums/stored.ts'
import { requireSameAlgorithm } from '../checksums/upload.ts'
import { checkSource } from '../conditions.ts'
import { admitSource, parseCopySource, requireCopyable, type CopySource, type FoundSource } from '../copySource.ts'
import { holdBlobs, wholeSeconds } from '../data/objects.ts'
import { readStream } from '../data/read.ts'
import { publishPart } from '../data/uploads.ts'
import { answeredVersion } from '../data/versions.ts'
import { writeBody, type StoredBody } from '../data/write.ts'
import { encryptionMembers } from '../encryption/answers.ts'
import { readSourceCustomerKey, requireCustomerKey, type CustomerKey } from '../encryption/customerKeys.ts'
import { DECRYPT, openDataKey, openUploadKey } from '../encryption/dataKeys.ts'
import { invalidArgument } from '../errors.ts'
import { requireLockChecksum } from '../lock/requested.ts'
import { s3 } from '../service.ts'
import type { ByteRange } from '../range.ts'
import type { PartRecord, S3State, UploadRecord } from '../state.ts'
import { existingUpload, onUpload, requirePartNumber, uploadSubject, type UploadSubject } from './onUpload.ts'
import { etagOf } from './putObject.ts'

type DecryptCall = Call<S3State, Keys<typeof DECRYPT>>

const uploadPart = s3.row('UploadPart', {
  ...onUpload,
  action: 's3:PutObject',
  streams: true,
  keyUse: DECRYPT,
  async run(input, call, subject) {
    const partNumber = requirePartNumber(input.PartNumber)
    const upload = existingUpload(subject, input)
    requireLockChecksum('Put Part', upload.lock, subject.bucket, call)
    const dataKey = await openUploadKey(upload, call, subject.customerKey)
    const requested = requestedChecksum(input, call)
    const md5 = contentMd5(input.ContentMD5)
    requireSameAlgorithm(upload, requested)
    const { algorithm } = upload.checksum
    const body = await writeBody({
      blobs: call.env.blobs,
      dataKey,
      bucket: upload.bucket,
      key: upload.key,
      ...incomingBody(call),
      md5: md5 !== undefined || upload.encryption.kind === 's3',
      algorithms: requested ? [algorithm, requested.algorithm] : [algorithm],
      verify(facts) {
        if (md5 && facts.md5) verifyMd5(md5, facts.md5)
        if (requested) verifyChecksum(requested, facts.checksums[requested.algorithm] ?? '', call.trailers)
      },
    })
    const part = keepPart(call, upload, partNumber, body, dataKey)
    return {
      ETag: `"${part.etag}"`,
      ...(requested && shownChecksum(requested.algorithm, body)),
      ...encryptionMembers(upload.encryption, call, subject.customerKey),
    }
  },
})

function shownChecksum(algorithm: PartRecord['checksum']['algorithm'], { checksums }: StoredBody) {
  return checksumValue({ algorithm, value: checksums[algorithm] ?? '' })
}

/** Records a part whose bytes are stored. */
function keepPart(
  call: Call<S3State>,
  upload: UploadRecord,
  number: number,
  { blob, size, md5, checksums }: StoredBody,
  dataKey: SecretBytes,
): PartRecord {
  const { algorithm, type } = upload.checksum
  const part: PartRecord = {
    number,
    blob,
    size,
    etag: etagOf(upload.encryption.kind === 's3' ? md5 : undefined, call),
    lastModified: wholeSeconds(call.time),
    checksum: keepChecksum({ algorithm, type, value: checksums[algorithm] ?? '' }, upload.encryption, dataKey, blob),
  }
  publishPart(call, upload, part)
  return part
}

interface CopySubject extends UploadSubject {
  readonly source: CopySource
  readonly sourceCustomerKey: CustomerKey | undefined
  /** Set when admitted. */
  found?: FoundSource
}

const uploadPartCopy = s3.row('UploadPartCopy', {
  ...onUpload,
  action: 's3:PutObject',
  keyUse: DECRYPT,
  subject: (input, call): CopySubject => ({
    ...uploadSubject(input, call),
    source: parseCopySource(input.CopySource ?? ''),
    sourceCustomerKey: readSourceCustomerKey(input),
  }),
  async *admit(input, call, subject, main) {
    yield main
    existingUpload(subject, input)
    const found = yield* admitSource(subject.source, input.ExpectedSourceBucketOwner, call)
    requireCustomerKey(found.object.encryption, subject.sourceCustomerKey)
    // Before KMS is asked (facts: captures 7.1).
    checkSource(found.object, input)
    subject.found = found
    await Promise.resolve()
  },
  async run(input, call, subject) {
    const partNumber = requirePartNumber(input.PartNumber)
    const upload = existingUpload(subject, input)
    const { found } = subject
    if (!found) throw new Error('a copy was run before it was admitted')
    const range = readCopyRange(input.CopySourceRange, found.object.size)
    requireCopyable(range.end - range.start)
    const release = holdBlobs(call, found.bucket.name, found.object)
    try {
      const { body, dataKey } = await copyRange(call, upload, found, range, subject)
      const part = keepPart(call, upload, partNumber, body, dataKey)
      return {
        CopySourceVersionId: answeredVersion(found.bucket, found.object),
        CopyPartResult: {
          ETag: `"${part.etag}"`,
          LastModified: new Date(part.lastModified),
          ...(upload.checksum.explicit && shownChecksum(upload.checksum.algorithm, body)),
        },
        ...encryptionMembers(upload.encryption, call, subject.customerKey),
      }
    } finally {
      release()
    }
  },
})

async function copyRange(
  call: DecryptCall,
  upload: UploadRecord,
  { bucket, object }: FoundSource,
  range: ByteRange,
  { customerKey, sourceCustomerKey }: CopySubject,
) {
  const { blobs } = call.env
  const sourceKey = await openDataKey(object.encryption, call, sourceCustomerKey, bucket.region)
  const dataKey = await openUploadKey(upload, call, customerKey)
  const body = await writeBody({
    blobs,
    dataKey,
    bucket: upload.bucket,
    key: upload.key,
    source: readStream({ blobs, leases: call.state.leases, dataKey: sourceKey, bucket: bucket.name, object, range }),
    length: range.end - range.start,
    md5: upload.encryption.kind === 's3',
    algorithms: [upload.checksum.algorithm],
  })
  return { body, dataKey }
}

/** `bytes=first-last`, both given and within the source. Throws InvalidArgument. */
export function readCopyRange(header: string | undefined, size: number): ByteRange {
  if (header === undefined) return { start: 0, end: size }
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(header) ?? []
  if (first === undefined || last === undefined || Number(last) < Number(first)) {
    throw invalidArgument(
      'The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy',
      'x-amz-copy-source-range',
      header,
    )
  }
  if (Number(last) >= size) {
    throw invalidArgument(
      `Range specified is not valid for source object of size: ${size}`,
      'x-amz-copy-source-range',
      header,
    )
  }
  return { start: Number(first), end: Number(last) + 1 }
}

export const partRows = [uploadPart, uploadPartCopy]
