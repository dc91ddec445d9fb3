import type { GetObjectCommandOutput } from '@aws-sdk/client-s3'
import { AwsError } from '../../../lib/awsError.ts'
import type { Call } from '../../../operation/call.ts'
import { withStatus } from '../../../wire/status.ts'
import { requireReadable, restoreHeader } from '../archive.ts'
import { checksumMembers } from '../checksums/requested.ts'
import { objectChecksum, partChecksum } from '../checksums/stored.ts'
import { checkRead } from '../conditions.ts'
import { holdBlobs } from '../data/objects.ts'
import { readSmall, readVerified } from '../data/read.ts'
import { answeredVersion } from '../data/versions.ts'
import { describedMembers } from '../description.ts'
import { encryptionMembers } from '../encryption/answers.ts'
import {
  proveCustomerKey,
  readCustomerKey,
  requireCustomerKey,
  type CustomerKey,
  type CustomerKeyRequest,
} from '../encryption/customerKeys.ts'
import { DECRYPT, openDataKey } from '../encryption/dataKeys.ts'
import { refuseEncryptionHeaders } from '../encryption/plan.ts'
import { invalidArgument, invalidRequest } from '../errors.ts'
import { lockMembers } from '../lock/answers.ts'
import { contentRange, parseRange, type ByteRange } from '../range.ts'
import { s3 } from '../service.ts'
import type { ObjectRecord, S3State } from '../state.ts'
import type { SecretBytes } from '../../../crypto/types.ts'
import { admitExisting, existing, findSubject, readsObject, type ObjectInput, type ObjectSubject } from './onObject.ts'

interface ReadInput extends ObjectInput {
  readonly Range?: string | undefined
  readonly PartNumber?: number | undefined
  readonly ChecksumMode?: string | undefined
}

/** Which bytes are asked for: all, a range, or a part. */
interface Selection {
  readonly range: ByteRange
  readonly partial: boolean
  readonly partNumber?: number | undefined
}

function select({ Range, PartNumber }: ReadInput, object: ObjectRecord): Selection {
  if (PartNumber !== undefined) {
    if (Range !== undefined) throw invalidRequest('Cannot specify both Range header and partNumber query parameter')
    return selectPart(PartNumber, object)
  }
  const range = parseRange(Range, object.size)
  return { range: range ?? { start: 0, end: object.size }, partial: range !== undefined }
}

function selectPart(partNumber: number, { parts, size, uploadId }: ObjectRecord): Selection {
  if (partNumber < 1 || partNumber > 10_000) {
    throw invalidArgument(
      'Part number must be an integer between 1 and 10000, inclusive',
      'partNumber',
      String(partNumber),
    )
  }
  const count = uploadId === undefined ? 1 : parts.length
  const part = parts[partNumber - 1]
  if (!part) {
    throw new AwsError('InvalidPartNumber', 416, 'The requested partnumber is not satisfiable', {
      fields: { ActualPartCount: String(count), PartNumberRequested: String(partNumber) },
    })
  }
  const start = parts.slice(0, partNumber - 1).reduce((sum, { size: bytes }) => sum + bytes, 0)
  // Nothing of an empty object can be a range.
  return { range: { start, end: start + part.size }, partial: size > 0, partNumber }
}

/**
 * What GetObject and HeadObject answer alike. Spreads come last: a literal that goes on after one costs V8 some microseconds a
 * member (docs/speed.md).
 */
function describe(
  input: ObjectInput,
  subject: ReadSubject,
  object: ObjectRecord,
  { range, partial, partNumber }: Selection,
  call: Call<S3State>,
) {
  const { bucket, customerKey } = subject
  return {
    AcceptRanges: 'bytes',
    LastModified: new Date(object.lastModified),
    ContentLength: range.end - range.start,
    ETag: `"${object.etag}"`,
    VersionId: answeredVersion(bucket, object),
    ContentRange: partial ? contentRange(range, object.size) : undefined,
    Restore: object.restoration && restoreHeader(object, call.time),
    PartsCount: partNumber !== undefined && object.uploadId !== undefined ? object.parts.length : undefined,
    ...describedMembers(object, call),
    ...tagCount(input, subject, object, call),
    ...(object.lock && lockMembers(object.lock, readsObject.resource({}, call, subject), call)),
    ...encryptionMembers(object.encryption, call, customerKey),
  }
}

/** How many tags it has, for those who may read them (API reference, GetObject and HeadObject: TagCount). */
function tagCount(input: ObjectInput, subject: ReadSubject, { tags }: ObjectRecord, call: Call<S3State>) {
  const count = Object.keys(tags).length
  if (count === 0) return undefined
  const action = input.VersionId === undefined ? 's3:GetObjectTagging' : 's3:GetObjectVersionTagging'
  const resource = readsObject.resource(input, call, subject)
  return call.may({ action, resource, context: readsObject.context(input, call) }) ? { TagCount: count } : undefined
}

/** S3 takes it in any case (versity/versitygw issue 1527). */
const wantsChecksum = ({ ChecksumMode: mode }: ReadInput) => mode?.toUpperCase() === 'ENABLED'

/** The checksum, when all of the object, or all of one of its parts, is answered. */
async function checksumOf(object: ObjectRecord, { partial, partNumber }: Selection, dataKey: SecretBytes) {
  const part = partNumber === undefined ? undefined : object.parts[partNumber - 1]
  if (part && object.uploadId !== undefined) {
    const { algorithm, type } = object.checksum
    return checksumMembers({ algorithm, type, value: partChecksum(part, dataKey) })
  }
  return partial && !part ? undefined : checksumMembers(await objectChecksum(object, dataKey))
}

const getObject = s3.row('GetObject', {
  ...readsObject,
  action: 's3:GetObject',
  keyUse: DECRYPT,
  subject: readSubject,
  admit: admitExisting,
  async run(input, call, subject) {
    const object = existing(subject)
    requireCustomerKey(object.encryption, subject.customerKey)
    checkRead(object, input)
    requireReadable(object, call.time)
    const selection = select(input, object)
    const checked = wantsChecksum(input)
    const release = holdBlobs(call, subject.bucket.name, object)
    try {
      const dataKey = await openDataKey(object.encryption, call, subject.customerKey)
      const checksum = checked && (await checksumOf(object, selection, dataKey))
      const described = describe(input, subject, object, selection, call)
      const overridden = overrides(input, call)
      // Last, because nothing may fail between this and whoever reads the body.
      const bytes = bytesOf(call, subject.bucket.name, object, selection.range, dataKey)
      const Body = bytes instanceof Promise ? await bytes : bytes
      const output = { Body, ...described, ...checksum, ...overridden }
      return selection.partial ? withStatus(output, 206) : output
    } finally {
      release()
    }
  },
})

type Bytes = NonNullable<GetObjectCommandOutput['Body']>

/** The bytes of an answer. The model's type is what clients receive; the wire takes bytes or chunks. */
function bytesOf(
  call: Call<S3State>,
  bucket: string,
  object: ObjectRecord,
  range: ByteRange,
  dataKey: SecretBytes,
): Bytes | Promise<Bytes> {
  const request = { blobs: call.env.blobs, leases: call.state.leases, dataKey, bucket, object, range }
  return (readSmall(request) ?? readVerified(request)) as unknown as Bytes | Promise<Bytes>
}

interface ReadSubject extends ObjectSubject {
  /** What the request brings (SSE-C). */
  readonly customerKey?: CustomerKey | undefined
}

/** Refuses what no read accepts before it looks for anything else. */
export function readSubject(input: ObjectInput & CustomerKeyRequest, call: Call<S3State>): ReadSubject {
  const subject = findSubject(input, call)
  refuseEncryptionHeaders(call)
  const customerKey = readCustomerKey(input)
  return customerKey ? { ...subject, customerKey } : subject
}

interface Overrides {
  readonly ResponseCacheControl?: string | undefined
  readonly ResponseContentDisposition?: string | undefined
  readonly ResponseContentEncoding?: string | undefined
  readonly ResponseContentLanguage?: string | undefined
  readonly ResponseContentType?: string | undefined
  readonly ResponseExpires?: Date | undefined
}

/** `response-content-type=…` and its like, for signed requests only. */
function overrides(input: Overrides, call: Call<S3State>) {
  if (call.http.query === '') return undefined
  const given = {
    CacheControl: input.ResponseCacheControl,
    ContentDisposition: input.ResponseContentDisposition,
    ContentEncoding: input.ResponseContentEncoding,
    ContentLanguage: input.ResponseContentLanguage,
    ContentType: input.ResponseContentType,
  }
  const present = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as typeof given
  const expires = new URLSearchParams(call.http.query).get('response-expires')
  if (Object.keys(present).length === 0 && expires === null) return {}
  if (call.caller.principal.kind === 'anonymous') {
    throw invalidRequest('Request specific response headers cannot be used for anonymous GET requests.')
  }
  for (const [name, value] of new URLSearchParams(call.http.query)) {
    if (name.startsWith('response-')) requireLatin1(name, value)
  }
  if (expires !== null) call.responseHeaders['expires'] = expires
  return present
}

/** Recorded in public issue threads. Control characters are not told of there; they become spaces (`headerSafe`). */
function requireLatin1(name: string, value: string): void {
  if (!/[\u0100-\uffff]/.test(value)) return
  throw invalidArgument('Header value cannot be represented using ISO-8859-1.', name, value)
}

const headObject = s3.row('HeadObject', {
  ...readsObject,
  action: 's3:GetObject',
  keyUse: DECRYPT,
  subject: readSubject,
  admit: admitExisting,
  async run(input, call, subject) {
    const object = existing(subject)
    const { customerKey } = subject
    requireCustomerKey(object.encryption, customerKey)
    checkRead(object, input)
    const selection = select(input, object)
    // A key that is sent must be right, though no byte is read.
    if (object.encryption.kind === 'customer') proveCustomerKey(object.encryption, customerKey)
    const output = {
      ...describe(input, subject, object, selection, call),
      ...(await visibleChecksum()),
      ...overrides(input, call),
    }
    return selection.partial ? withStatus(output, 206) : output

    /** Without the key the checksum is missing from the answer, and that is all (facts: captures 7.2). */
    async function visibleChecksum() {
      if (!wantsChecksum(input)) return {}
      try {
        return await checksumOf(object, selection, await openDataKey(object.encryption, call, customerKey))
      } catch (error) {
        if (error instanceof AwsError) return {}
        throw error
      }
    }
  },
})

export const getRows = [getObject, headObject]
