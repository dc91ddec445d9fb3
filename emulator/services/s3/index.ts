import { bucketAclRows } from './operations/bucketAcl.ts'
import { attributeRows } from './operations/objectAttributes.ts'
import { bucketCorsRows } from './operations/bucketCors.ts'
import { bucketEncryptionRows } from './operations/bucketEncryption.ts'
import { bucketLifecycleRows } from './operations/bucketLifecycle.ts'
import { bucketLoggingRows } from './operations/bucketLogging.ts'
import { bucketNotificationRows } from './operations/bucketNotifications.ts'
import { bucketPolicyRows } from './operations/bucketPolicy.ts'
import { bucketRows } from './operations/buckets.ts'
import { bucketTaggingRows } from './operations/bucketTagging.ts'
import { bucketTransferRows } from './operations/bucketTransfer.ts'
import { bucketWebsiteRows } from './operations/bucketWebsite.ts'
import { completeRows } from './operations/completeUpload.ts'
import { copyRows } from './operations/copyObject.ts'
import { createBucketRows } from './operations/createBucket.ts'
import { deleteRows } from './operations/deleteObjects.ts'
import { getRows } from './operations/getObject.ts'
import { listRows } from './operations/listObjects.ts'
import { multipartRows } from './operations/multipart.ts'
import { objectAclRows } from './operations/objectAcl.ts'
import { objectEncryptionRows } from './operations/objectEncryption.ts'
import { objectLockRows } from './operations/objectLockConfiguration.ts'
import { objectRetentionRows } from './operations/objectRetention.ts'
import { objectTaggingRows } from './operations/objectTagging.ts'
import { ownershipRows } from './operations/ownership.ts'
import { partRows } from './operations/uploadPart.ts'
import { publicAccessRows } from './operations/publicAccess.ts'
import { putRows } from './operations/putObject.ts'
import { restoreRows } from './operations/restoreObject.ts'
import { versioningRows } from './operations/bucketVersioning.ts'
import { versionListRows } from './operations/listVersions.ts'
import { subresourceRows } from './operations/subresources.ts'
import { s3 } from './service.ts'

export { blobsInUse, s3State, type S3State } from './state.ts'

export const s3Service = s3.with(
  createBucketRows,
  bucketRows,
  bucketPolicyRows,
  bucketEncryptionRows,
  bucketTaggingRows,
  versioningRows,
  publicAccessRows,
  ownershipRows,
  bucketCorsRows,
  bucketLifecycleRows,
  bucketLoggingRows,
  bucketNotificationRows,
  bucketTransferRows,
  bucketWebsiteRows,
  bucketAclRows,
  objectAclRows,
  subresourceRows,
  putRows,
  getRows,
  copyRows,
  deleteRows,
  listRows,
  versionListRows,
  objectTaggingRows,
  objectEncryptionRows,
  objectLockRows,
  objectRetentionRows,
  attributeRows,
  restoreRows,
  multipartRows,
  partRows,
  completeRows,
)
