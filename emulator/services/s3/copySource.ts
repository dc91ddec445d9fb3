import type { Call } from '../../operation/call.ts'
import type { Check } from '../../operation/define.ts'
import { listBucketCheck, objectResource, requestKeys } from './access.ts'
import { requireReadableSource } from './archive.ts'
import { LARGEST_UPLOAD } from './body.ts'
import { existingBucket, requireOwner, requirePayer } from './buckets.ts'
import { findObject, findVersion } from './data/versions.ts'
import { isVersionId } from './data/versionIds.ts'
import { invalidArgument, invalidRequest, noSuchKey, noSuchVersion, notEmulated } from './errors.ts'
import { isMarker, type BucketRecord, type ObjectRecord, type S3State } from './state.ts'

/** What `x-amz-copy-source` names. */
export interface CopySource {
  readonly bucket: string
  readonly key: string
  readonly versionId: string | undefined
}

/** `[/]bucket/key[?versionId=id]`, percent-encoded. Throws InvalidArgument. */
export function parseCopySource(header: string): CopySource {
  if (header.startsWith('arn:')) throw notEmulated('s3 access points')
  const [path, query = ''] = splitOnce(header, '?versionId=')
  const decoded = decode(path.startsWith('/') ? path.slice(1) : path, header)
  const [bucket, key = ''] = splitOnce(decoded, '/')
  // S3's answers: versity/versitygw issues 1388 and 1389.
  if (bucket === '') throw badSource(header, 'Invalid copy source bucket name')
  if (key === '') throw badSource(header, 'Invalid copy source object key')
  return { bucket, key, versionId: query === '' ? undefined : decode(query, header) }
}

function splitOnce(text: string, separator: string): readonly [string, string?] {
  const at = text.indexOf(separator)
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + separator.length)]
}

function decode(text: string, header: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    throw badSource(header)
  }
}

const badSource = (
  header: string,
  text = 'Copy Source must mention the source bucket and key: sourcebucket/sourcekey',
) => invalidArgument(text, 'x-amz-copy-source', header)

/** A source that has been found and may be read. */
export interface FoundSource {
  readonly bucket: BucketRecord
  readonly object: ObjectRecord
}

/** Asks for the permission to read the source; returns it. Throws NoSuchBucket, NoSuchKey to those who may know (facts: A10). */
export function* admitSource(
  source: CopySource,
  expectedOwner: string | undefined,
  call: Call<S3State>,
): Generator<Check, FoundSource, void> {
  const bucket = existingBucket(source.bucket, call)
  if (expectedOwner !== undefined) requireOwner(bucket, expectedOwner, { http: { ...call.http, query: '' } })
  if (bucket.requesterPays) requirePayer(bucket, call)
  const { key, versionId } = source
  if (versionId !== undefined && !isVersionId(versionId)) {
    throw invalidArgument('Invalid version id specified', 'versionId', versionId)
  }
  const version =
    versionId === undefined ? findObject(call, bucket.name, key) : findVersion(call, bucket.name, key, versionId)
  const object = version && !isMarker(version) ? version : undefined
  yield {
    action: versionId === undefined ? 's3:GetObject' : 's3:GetObjectVersion',
    resource: objectResource(bucket, key, call, object),
    context: { ...requestKeys({}, call), 's3:VersionId': versionId },
  }
  if (!object) {
    // The sentence is AWS's; that the permission is asked for first is not recorded.
    if (version) {
      throw invalidRequest('The source of a copy request may not specifically refer to a delete marker by version id.')
    }
    yield listBucketCheck(bucket, call)
    const isKey = versionId === undefined || (versionId === 'null' && bucket.versioning === undefined)
    throw isKey ? noSuchKey(key) : noSuchVersion(key, versionId)
  }
  requireReadableSource(object, call.time)
  return { bucket, object }
}

/** Throws InvalidRequest for more bytes than one copy may take. */
export function requireCopyable(size: number): void {
  if (size <= LARGEST_UPLOAD) return
  throw invalidRequest(
    `The specified copy source is larger than the maximum allowable size for a copy source: ${LARGEST_UPLOAD}`,
  )
}
