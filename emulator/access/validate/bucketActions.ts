import { compileGlob, globMatches } from '../match/glob.ts'
import { fault, type Fault } from './faults.ts'

/** Actions on a bucket (Service Authorization Reference, "Actions defined by Amazon S3", September 2026). */
const ON_BUCKETS = namesIn(`
  AllowVendedLogDeliveryForResource CreateBucket CreateBucketMetadataTableConfiguration DeleteBucket
  DeleteBucketMetadataTableConfiguration DeleteBucketPolicy DeleteBucketWebsite GetAccelerateConfiguration
  GetAnalyticsConfiguration GetBucketAbac GetBucketAcl GetBucketCORS GetBucketLocation GetBucketLogging
  GetBucketMetadataTableConfiguration GetBucketNotification GetBucketObjectLockConfiguration GetBucketOwnershipControls
  GetBucketPolicy GetBucketPolicyStatus GetBucketPublicAccessBlock GetBucketRequestPayment GetBucketTagging GetBucketVersioning
  GetBucketWebsite GetEncryptionConfiguration GetIntelligentTieringConfiguration GetInventoryConfiguration
  GetLifecycleConfiguration GetMetricsConfiguration GetReplicationConfiguration ListBucket ListBucketMultipartUploads
  ListBucketVersions ListTagsForResource PauseReplication PutAccelerateConfiguration PutAnalyticsConfiguration PutBucketAbac
  PutBucketAcl PutBucketCORS PutBucketLogging PutBucketNotification PutBucketObjectLockConfiguration PutBucketOwnershipControls
  PutBucketPolicy PutBucketPublicAccessBlock PutBucketRequestPayment PutBucketTagging PutBucketVersioning PutBucketWebsite
  PutEncryptionConfiguration PutIntelligentTieringConfiguration PutInventoryConfiguration PutLifecycleConfiguration
  PutMetricsConfiguration PutReplicationConfiguration TagResource UntagResource UpdateBucketMetadataAnnotationTableConfiguration
  UpdateBucketMetadataInventoryTableConfiguration UpdateBucketMetadataJournalTableConfiguration
`)

/** Actions on the objects in it (the same page). */
const ON_OBJECTS = namesIn(`
  AbortMultipartUpload BypassGovernanceRetention DeleteObject DeleteObjectAnnotation DeleteObjectTagging DeleteObjectVersion
  DeleteObjectVersionAnnotation DeleteObjectVersionTagging GetObject GetObjectAcl GetObjectAnnotation GetObjectAttributes
  GetObjectLegalHold GetObjectRetention GetObjectTagging GetObjectTorrent GetObjectVersion GetObjectVersionAcl
  GetObjectVersionAnnotation GetObjectVersionAnnotationForReplication GetObjectVersionAttributes GetObjectVersionForReplication
  GetObjectVersionTagging GetObjectVersionTorrent InitiateReplication ListMultipartUploadParts ListObjectAnnotations
  ListObjectVersionAnnotations ObjectOwnerOverrideToBucketOwner PutObject PutObjectAcl PutObjectAnnotation PutObjectLegalHold
  PutObjectRetention PutObjectTagging PutObjectVersionAcl PutObjectVersionAnnotation PutObjectVersionTagging ReplicateDelete
  ReplicateObject ReplicateObjectAnnotation ReplicateTags RestoreObject UpdateObjectEncryption
`)

function namesIn(text: string): readonly string[] {
  return text
    .trim()
    .split(/\s+/)
    .map((name) => `s3:${name}`.toLowerCase())
}

/**
 * S3 takes an action into a bucket policy only if there is one like it for a bucket or its objects, and some resource of the statement is
 * such a thing (spack/spack-infrastructure pull request 978, wandb/terraform-aws-wandb issue 156, humanmade/S3-Uploads issue 239). Which
 * of the two sentences an action on the account gets (s3:ListAllMyBuckets) is not recorded.
 * @param resources undefined where the statement lists what it is not about, which is not looked at
 */
export function bucketActionFault(
  actions: readonly string[],
  resources: readonly string[] | undefined,
  bucketArn: string,
): Fault | undefined {
  for (const text of actions) {
    const glob = compileGlob(text.toLowerCase())
    const matches = (name: string) => globMatches(glob, name)
    const onBucket = ON_BUCKETS.some(matches)
    const onObjects = ON_OBJECTS.some(matches)
    if (!onBucket && !onObjects) return fault('action-not-allowed', text)
    if (!resources) continue
    const applies =
      (onBucket && resources.some((resource) => globMatches(compileGlob(resource), bucketArn))) ||
      (onObjects && resources.some((resource) => isOfObjects(resource, bucketArn)))
    if (!applies) return fault('action-without-resource', text)
  }
  return undefined
}

/** Condition keys of listings, and the actions that have them; ListBucketMultipartUploads is not among AWS's. */
const OF_LISTINGS: ReadonlySet<string> = new Set(['s3:prefix', 's3:delimiter', 's3:max-keys'])
const LISTINGS = ['s3:listbucket', 's3:listbucketversions', 's3:listbucketmultipartuploads']

/**
 * S3 takes a condition only if it can apply to each action (humanmade/S3-Uploads issue 239: s3:prefix beside s3:GetBucketLocation). Here
 * only those of listings are looked at: the other keys' actions are documented, but not that S3 is as strict about them.
 */
export function listingConditionFault(actions: readonly string[], keys: readonly string[]): Fault | undefined {
  const key = keys.find((name) => OF_LISTINGS.has(name.toLowerCase()))
  if (key === undefined) return undefined
  const lists = (text: string) => LISTINGS.some((name) => globMatches(compileGlob(text.toLowerCase()), name))
  return actions.every(lists) ? undefined : fault('condition-without-action', key)
}

/** Within the bucket, or a pattern that goes on behind its name. */
const isOfObjects = (resource: string, bucketArn: string) => /[/*]/.test(resource.slice(bucketArn.length))
