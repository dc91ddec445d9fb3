/** How CloudTrail files a call: its name there, and whether it is about resources or about what is in them. */
export interface EventKind {
  /** `ListObjects` for S3's ListObjectsV2. */
  readonly name: string
  readonly category: 'Management' | 'Data'
}

/** Operations on objects (S3 User Guide, "Amazon S3 CloudTrail events": data events of AWS::S3::Object). */
const S3_DATA: ReadonlySet<string> = new Set([
  'AbortMultipartUpload',
  'CompleteMultipartUpload',
  'CopyObject',
  'CreateMultipartUpload',
  'DeleteObject',
  'DeleteObjectTagging',
  'DeleteObjects',
  'GetObject',
  'GetObjectAcl',
  'GetObjectAttributes',
  'GetObjectLegalHold',
  'GetObjectRetention',
  'GetObjectTagging',
  'HeadBucket',
  'HeadObject',
  'ListMultipartUploads',
  'ListObjects',
  'ListObjectVersions',
  'ListParts',
  'PutObject',
  'PutObjectAcl',
  'PutObjectLegalHold',
  'PutObjectRetention',
  'PutObjectTagging',
  'RestoreObject',
  'UpdateObjectEncryption',
  'UploadPart',
  'UploadPartCopy',
])

/** Blocks of snapshots (EBS User Guide, "Logging API calls … for EBS direct APIs"); that a snapshot is started or completed is not. */
const EBS_DATA: ReadonlySet<string> = new Set([
  'GetSnapshotBlock',
  'ListChangedBlocks',
  'ListSnapshotBlocks',
  'PutSnapshotBlock',
])

/** S3's older names live on in the trail (S3 User Guide, "Amazon S3 CloudTrail events": bucket-level actions). */
const S3_NAMES: ReadonlyMap<string, string> = new Map([
  ['ListObjectsV2', 'ListObjects'],
  ['GetPublicAccessBlock', 'GetBucketPublicAccessBlock'],
  ['PutPublicAccessBlock', 'PutBucketPublicAccessBlock'],
  ['DeletePublicAccessBlock', 'DeleteBucketPublicAccessBlock'],
  ['GetBucketLifecycleConfiguration', 'GetBucketLifecycle'],
  ['PutBucketLifecycleConfiguration', 'PutBucketLifecycle'],
  ['GetBucketNotificationConfiguration', 'GetBucketNotification'],
  ['PutBucketNotificationConfiguration', 'PutBucketNotification'],
  ['GetObjectLockConfiguration', 'GetBucketObjectLockConfiguration'],
  ['PutObjectLockConfiguration', 'PutBucketObjectLockConfiguration'],
])

export function eventKind(service: string, operation: string): EventKind {
  if (service === 's3') {
    const name = S3_NAMES.get(operation) ?? operation
    return { name, category: S3_DATA.has(name) ? 'Data' : 'Management' }
  }
  return { name: operation, category: service === 'ebs' && EBS_DATA.has(operation) ? 'Data' : 'Management' }
}

/** Services without Regions: their events are those of us-east-1, wherever the request was signed for. */
const GLOBAL_SERVICES: ReadonlySet<string> = new Set(['iam', 'organizations'])

/** The Region in whose trail a call is. */
export const trailRegion = (service: string, region: string): string =>
  GLOBAL_SERVICES.has(service) ? 'us-east-1' : region
