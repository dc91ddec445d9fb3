import type { AwsError } from '../../../lib/awsError.ts'
import type { Call } from '../../../operation/call.ts'
import { requestKeys } from '../access.ts'
import { restoreStatus } from '../archive.ts'
import { canonicalOwner, ownerOf } from '../acl/ownership.ts'
import { invalidArgument } from '../errors.ts'
import { listPage, urlEncoded, type Page, type Position } from '../listing.ts'
import { s3 } from '../service.ts'
import type { BucketRecord, ObjectRecord, S3State } from '../state.ts'
import { readsBucket } from './onBucket.ts'

export interface ListInput {
  readonly Prefix?: string | undefined
  readonly Delimiter?: string | undefined
  readonly MaxKeys?: number | undefined
  readonly EncodingType?: string | undefined
  readonly OptionalObjectAttributes?: readonly string[] | undefined
}

const MOST_KEYS = 1000

export function readEncoding(type: string | undefined): (text: string) => string {
  if (type === undefined || type === '') return (text) => text
  if (type === 'url') return urlEncoded
  throw invalidArgument('Invalid Encoding Method specified in Request', 'encoding-type', type)
}

export function readMaximum(given: number | undefined, name: string): number {
  if (given === undefined) return MOST_KEYS
  if (given >= 0) return Math.min(given, MOST_KEYS)
  throw outOfRange(name === 'max-keys' ? 'maxKeys' : name, given)
}

export const outOfRange = (name: string, given: number): AwsError =>
  invalidArgument(`Argument ${name} must be an integer between 0 and 2147483647`, name, String(given))

/** Condition keys of listings. */
export const listKeys = (input: ListInput, call: Call<S3State>) => ({
  ...requestKeys(input, call),
  's3:prefix': input.Prefix,
  's3:delimiter': input.Delimiter,
  's3:max-keys': input.MaxKeys === undefined ? undefined : String(input.MaxKeys),
})

const lists = { ...readsBucket, action: 's3:ListBucket', context: listKeys } as const

function pageOf(input: ListInput, call: Call<S3State>, bucket: BucketRecord, after: Position | undefined) {
  const max = readMaximum(input.MaxKeys, 'max-keys')
  const encode = readEncoding(input.EncodingType)
  const page = listPage({
    table: call.state.objects.in(),
    base: `${bucket.name}/`,
    prefix: input.Prefix ?? '',
    delimiter: input.Delimiter ?? '',
    after,
    max,
  })
  // Told only when asked for.
  const restoredAt = input.OptionalObjectAttributes?.includes('RestoreStatus') ? call.time : undefined
  return { max, encode, page, restoredAt }
}

interface Listing {
  readonly max: number
  readonly encode: (text: string) => string
  readonly page: Page<ObjectRecord>
  readonly restoredAt: number | undefined
}

/** What both versions answer alike. */
function answer(input: ListInput, bucket: BucketRecord, { max, encode, page, restoredAt }: Listing, owner: boolean) {
  return {
    Name: bucket.name,
    Prefix: encode(input.Prefix ?? ''),
    ...(input.Delimiter !== undefined && input.Delimiter !== '' && { Delimiter: encode(input.Delimiter) }),
    MaxKeys: max,
    IsTruncated: page.truncated,
    ...(input.EncodingType === 'url' && { EncodingType: 'url' as const }),
    ...(page.rows.length > 0 && {
      Contents: page.rows.map(([, object]) => listed(object, encode, owner ? bucket : undefined, restoredAt)),
    }),
    ...(page.commonPrefixes.length > 0 && {
      CommonPrefixes: page.commonPrefixes.map((prefix) => ({ Prefix: encode(prefix) })),
    }),
  }
}

function listed(
  object: ObjectRecord,
  encode: (text: string) => string,
  bucket: BucketRecord | undefined,
  restoredAt: number | undefined,
) {
  return {
    Key: encode(object.key),
    LastModified: new Date(object.lastModified),
    ETag: `"${object.etag}"`,
    ChecksumAlgorithm: [object.checksum.algorithm],
    ChecksumType: object.checksum.type,
    Size: object.size,
    StorageClass: object.storageClass as 'STANDARD',
    RestoreStatus: restoredAt === undefined ? undefined : restoreStatus(object, restoredAt),
    ...(bucket && { Owner: { ID: canonicalOwner(ownerOf(bucket, object)) } }),
  }
}

const listObjects = s3.row('ListObjects', {
  ...lists,
  run(input, call, bucket) {
    const { Marker } = input
    const listing = pageOf(input, call, bucket, Marker === undefined ? undefined : { kind: 'key', text: Marker })
    const { next } = listing.page
    return {
      ...answer(input, bucket, listing, true),
      Marker: listing.encode(Marker ?? ''),
      // Without a delimiter the last key says as much.
      ...(next && input.Delimiter !== undefined && input.Delimiter !== '' && { NextMarker: listing.encode(next.text) }),
    }
  },
})

const listObjectsV2 = s3.row('ListObjectsV2', {
  ...lists,
  run(input, call, bucket) {
    const { ContinuationToken, StartAfter } = input
    const after =
      ContinuationToken !== undefined
        ? readToken(ContinuationToken)
        : StartAfter !== undefined
          ? ({ kind: 'key', text: StartAfter } as const)
          : undefined
    const listing = pageOf(input, call, bucket, after)
    const { page, encode } = listing
    return {
      ...answer(input, bucket, listing, input.FetchOwner === true),
      KeyCount: page.rows.length + page.commonPrefixes.length,
      ...(ContinuationToken !== undefined && { ContinuationToken }),
      ...(StartAfter !== undefined && { StartAfter: encode(StartAfter) }),
      ...(page.next && { NextContinuationToken: writeToken(page.next) }),
    }
  },
})

/** Opaque to clients. */
const writeToken = ({ kind, text }: Position) => Buffer.from(`${kind === 'key' ? 'k' : 'p'}${text}`).toString('base64')

function readToken(token: string): Position {
  const plain = Buffer.from(token, 'base64')
  const text = plain.toString('utf8')
  if (plain.toString('base64') === token) {
    if (text.startsWith('k')) return { kind: 'key', text: text.slice(1) }
    if (text.startsWith('p')) return { kind: 'prefix', text: text.slice(1) }
  }
  throw invalidArgument('The continuation token provided is incorrect', 'continuation-token')
}

export const listRows = [listObjects, listObjectsV2]
