import { AwsError } from '../../lib/awsError.ts'
import type { Call } from '../../operation/call.ts'
import { writtenOwnership } from './acl/write.ts'
import { requestedLock, type LockInput } from './lock/requested.ts'
import type { BucketRecord, ContentHeaders, ObjectDescription } from './state.ts'
import { readTagHeader } from './tags.ts'

/** What PutObject, CopyObject and CreateMultipartUpload say about an object in headers. */
export interface DescriptionInput extends LockInput {
  readonly Key?: string | undefined
  readonly ACL?: string | undefined
  readonly CacheControl?: string | undefined
  readonly ContentDisposition?: string | undefined
  readonly ContentEncoding?: string | undefined
  readonly ContentLanguage?: string | undefined
  readonly ContentType?: string | undefined
  readonly Metadata?: Record<string, string> | undefined
  readonly StorageClass?: string | undefined
  readonly Tagging?: string | undefined
  readonly WebsiteRedirectLocation?: string | undefined
}

const DEFAULT_CONTENT_TYPE = 'binary/octet-stream'
const LARGEST_METADATA = 2048

/** Reads and checks them. Throws S3's refusals of each. */
export function describeObject(
  input: DescriptionInput,
  bucket: BucketRecord,
  call: Pick<Call, 'http' | 'caller' | 'account' | 'operation' | 'time'>,
): ObjectDescription {
  const ownership = writtenOwnership(input, bucket, call)
  const lock = requestedLock(input, bucket, call)
  const { Metadata = {} } = input
  refuseLargeMetadata(Metadata)
  return {
    headers: contentHeaders(input, call),
    metadata: Metadata,
    tags: readTagHeader(input.Tagging),
    storageClass: readStorageClass(input.StorageClass),
    lock,
    ...ownership,
  }
}

export function contentHeaders(input: DescriptionInput, call: Pick<Call, 'http'>): ContentHeaders {
  return {
    contentType: input.ContentType ?? DEFAULT_CONTENT_TYPE,
    cacheControl: input.CacheControl,
    contentDisposition: input.ContentDisposition,
    contentEncoding: withoutChunking(input.ContentEncoding),
    contentLanguage: input.ContentLanguage,
    expires: call.http.headers['expires'],
    websiteRedirectLocation: readRedirect(input.WebsiteRedirectLocation),
  }
}

const LONGEST_REDIRECT = 2048

/** Throws InvalidRedirectLocation: the first sentence as seen in public issue threads, the second is ours. */
function readRedirect(location: string | undefined): string | undefined {
  if (location === undefined) return undefined
  if (!/^(?:https?:\/\/|\/)/.test(location)) {
    throw invalidRedirect("The website redirect location must have a prefix of 'http://' or 'https://' or '/'.")
  }
  if (location.length > LONGEST_REDIRECT) {
    throw invalidRedirect(`The length of website redirect location cannot exceed ${LONGEST_REDIRECT} characters.`)
  }
  return location
}

const invalidRedirect = (text: string) => new AwsError('InvalidRedirectLocation', 400, text)

/** `aws-chunked` says how the body travelled, not what it is. */
function withoutChunking(encoding: string | undefined): string | undefined {
  const rest = encoding
    ?.split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '' && name.toLowerCase() !== 'aws-chunked')
  return rest && rest.length > 0 ? rest.join(',') : undefined
}

function refuseLargeMetadata(metadata: Readonly<Record<string, string>>): void {
  let size = 0
  for (const [name, value] of Object.entries(metadata)) size += Buffer.byteLength(name) + Buffer.byteLength(value)
  if (size <= LARGEST_METADATA) return
  throw new AwsError('MetadataTooLarge', 400, 'Your metadata headers exceed the maximum allowed metadata size', {
    fields: { Size: String(size), MaxSizeAllowed: String(LARGEST_METADATA) },
  })
}

/** They differ in price only, except for the archives (archive.ts). */
const STORAGE_CLASSES: ReadonlySet<string> = new Set([
  'STANDARD',
  'REDUCED_REDUNDANCY',
  'STANDARD_IA',
  'ONEZONE_IA',
  'INTELLIGENT_TIERING',
  'GLACIER_IR',
  'GLACIER',
  'DEEP_ARCHIVE',
])

function readStorageClass(given: string | undefined): string {
  if (given === undefined) return 'STANDARD'
  if (STORAGE_CLASSES.has(given)) return given
  throw new AwsError('InvalidStorageClass', 400, 'The storage class you specified is not valid', {
    fields: { StorageClassRequested: given },
  })
}

/** The same, as members of an answer; `Expires` goes out as it came in. */
export function describedMembers(object: ObjectDescription, call: Pick<Call, 'responseHeaders'>) {
  const { headers, metadata, storageClass } = object
  if (headers.expires !== undefined) call.responseHeaders['expires'] = headers.expires
  return {
    ContentType: headers.contentType,
    CacheControl: headers.cacheControl,
    ContentDisposition: headers.contentDisposition,
    ContentEncoding: headers.contentEncoding,
    ContentLanguage: headers.contentLanguage,
    WebsiteRedirectLocation: headers.websiteRedirectLocation,
    Metadata: metadata,
    ...(storageClass !== 'STANDARD' && { StorageClass: storageClass as 'STANDARD_IA' }),
  }
}
