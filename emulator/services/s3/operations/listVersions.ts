import type { Call } from '../../../operation/call.ts'
import { canonicalOwner, ownerOf } from '../acl/ownership.ts'
import { findVersion, placeOf, shownVersion, versionsId } from '../data/versions.ts'
import { VERSION_SUFFIX, isVersionId } from '../data/versionIds.ts'
import { VERSIONED, versionTable, type ListedVersion } from '../data/versionTable.ts'
import { invalidArgument } from '../errors.ts'
import { listPage, type Cursor, type Page } from '../listing.ts'
import { s3 } from '../service.ts'
import { isMarker, type BucketRecord, type ObjectRecord, type S3State } from '../state.ts'
import { listKeys, readEncoding, readMaximum, type ListInput } from './listObjects.ts'
import { readsBucket } from './onBucket.ts'

interface VersionsInput extends ListInput {
  readonly KeyMarker?: string | undefined
  readonly VersionIdMarker?: string | undefined
}

/** Throws InvalidArgument (both sentences are S3's: versity/versitygw issues 2174 and 1811). */
function requireMarkers({ KeyMarker, VersionIdMarker }: VersionsInput): void {
  if (VersionIdMarker === undefined) return
  if (KeyMarker === undefined || KeyMarker === '') {
    throw invalidArgument(
      'A version-id marker cannot be specified without a key marker.',
      'version-id-marker',
      VersionIdMarker,
    )
  }
  if (VersionIdMarker === '') throw invalidArgument('A version-id marker cannot be empty.', 'version-id-marker', '')
  if (!isVersionId(VersionIdMarker)) {
    throw invalidArgument('Invalid version id specified', 'version-id-marker', VersionIdMarker)
  }
}

/** After one version of a key, or after all of them. */
function beginning(
  { KeyMarker, VersionIdMarker }: VersionsInput,
  call: Call<S3State>,
  { name }: BucketRecord,
): Cursor | undefined {
  if (KeyMarker === undefined || KeyMarker === '') return undefined
  const base = versionsId(name, KeyMarker)
  if (VersionIdMarker === undefined) return { from: `${base}\xff` }
  if (VersionIdMarker !== 'null') return { after: base + VersionIdMarker }
  const marker = findVersion(call, name, KeyMarker, VersionIdMarker)
  // Only its record knows where `null` stood: without it, what is left of the key is listed rather than left out.
  return marker ? { after: base + placeOf(marker) } : { from: base }
}

const listObjectVersions = s3.row('ListObjectVersions', {
  ...readsBucket,
  action: 's3:ListBucketVersions',
  context: listKeys,
  run(input, call, bucket) {
    const { Prefix = '', Delimiter = '', KeyMarker = '', VersionIdMarker = '' } = input
    const max = readMaximum(input.MaxKeys, 'max-keys')
    const encode = readEncoding(input.EncodingType)
    requireMarkers(input)
    const page = listPage({
      table: versionTable(call, bucket.name),
      base: `${bucket.name}/`,
      prefix: Prefix,
      delimiter: Delimiter,
      after: KeyMarker === '' ? undefined : { kind: 'key', text: KeyMarker },
      begin: beginning(input, call, bucket),
      max,
      suffixLength: VERSION_SUFFIX,
      spelling: VERSIONED,
    })
    return {
      Name: bucket.name,
      Prefix: encode(Prefix),
      KeyMarker: encode(KeyMarker),
      VersionIdMarker,
      MaxKeys: max,
      IsTruncated: page.truncated,
      ...(Delimiter !== '' && { Delimiter: encode(Delimiter) }),
      ...(input.EncodingType === 'url' && { EncodingType: 'url' as const }),
      ...nextMarkers(page, encode),
      ...listed(page, encode, bucket),
    }
  },
})

/** The last of a truncated page: a version, or a common prefix. */
function nextMarkers({ truncated, next, rows }: Page<ListedVersion>, encode: (text: string) => string) {
  if (!truncated || !next) return undefined
  if (next.kind === 'prefix') return { NextKeyMarker: encode(next.text) }
  const last = rows.at(-1)?.[1].version
  return last && { NextKeyMarker: encode(last.key), NextVersionIdMarker: shownVersion(last) }
}

function listed(page: Page<ListedVersion>, encode: (text: string) => string, bucket: BucketRecord) {
  const versions: ReturnType<typeof describe>[] = []
  const markers: ReturnType<typeof identify>[] = []
  for (const [, row] of page.rows) {
    if (isMarker(row.version)) markers.push(identify(row))
    else versions.push(describe(row, row.version))
  }
  return {
    ...(versions.length > 0 && { Versions: versions }),
    ...(markers.length > 0 && { DeleteMarkers: markers }),
    ...(page.commonPrefixes.length > 0 && {
      CommonPrefixes: page.commonPrefixes.map((prefix) => ({ Prefix: encode(prefix) })),
    }),
  }

  function identify({ version, latest }: ListedVersion) {
    return {
      Key: encode(version.key),
      VersionId: shownVersion(version),
      IsLatest: latest,
      LastModified: new Date(version.lastModified),
      // A delete marker's is the bucket's owner.
      Owner: { ID: canonicalOwner(isMarker(version) ? bucket.account : ownerOf(bucket, version)) },
    }
  }

  function describe(row: ListedVersion, { etag, size, checksum, storageClass }: ObjectRecord) {
    return {
      ETag: `"${etag}"`,
      ChecksumAlgorithm: [checksum.algorithm],
      ChecksumType: checksum.type,
      Size: size,
      StorageClass: storageClass as 'STANDARD',
      ...identify(row),
    }
  }
}

export const versionListRows = [listObjectVersions]
