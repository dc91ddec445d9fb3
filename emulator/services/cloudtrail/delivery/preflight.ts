import type { Environment } from '../../../operation/call.ts'
import { bucketPolicy, keyNotFound, keyPolicy, keyUnusable, noBucket, refusal } from '../errors.ts'
import { folderOf, readBucketAcl, writeFile, type Target } from './write.ts'

/** What has been found out about where a trail's files will go. */
export interface Checked {
  readonly bucketRegion: string
  /** The key that an alias stands for now: it is the trail's from then on (facts: integrations 14). */
  readonly keyArn: string | undefined
}

/**
 * Tries the bucket and the key of a trail, as CreateTrail and UpdateTrail do (facts: integrations 14, captures-ebs-s3 7.11): CloudTrail
 * reads the bucket's ACL and writes the folder that will hold the account's files, which makes S3 ask for a data key. What it is that
 * CloudTrail writes then is not recorded; the encryption context of that data key names the folder, so here it is the folder's own
 * empty object. Throws CloudTrail's refusals.
 */
export async function checkTarget(target: Target, env: Pick<Environment, 'callService'>): Promise<Checked> {
  const { bucket, keyArn } = target
  const bucketRegion = await checkAcl(target, env)
  const found = { ...target, bucketRegion }
  const answer = await writeFile(found, { key: folderOf(target), body: Buffer.alloc(0), encryption: 'trail' }, env)
  if ('output' in answer) {
    const { SSEKMSKeyId } = answer.output as { readonly SSEKMSKeyId?: string }
    return { bucketRegion, keyArn: keyArn === undefined ? undefined : SSEKMSKeyId }
  }
  const { code, text } = answer.error
  // S3 says no more to CloudTrail than that access is denied, so with a key it may be either.
  if (code === 'AccessDenied') throw keyArn === undefined ? bucketPolicy(bucket) : keyPolicy(bucket, keyArn)
  if (code === 'KMS.NotFoundException' || code === 'KMS.InvalidArnException') throw keyNotFound(keyArn ?? '')
  if (code.startsWith('KMS.')) throw keyUnusable(text)
  throw refusalOf(code, bucket)
}

/** Answers the bucket's Region, which S3 tells whoever asks in another. */
async function checkAcl(target: Target, env: Pick<Environment, 'callService'>): Promise<string> {
  const { bucketRegion } = target
  const answer = await readBucketAcl(target, env)
  if ('output' in answer) return bucketRegion
  const { code, headers } = answer.error
  const region = headers['x-amz-bucket-region']
  if (region !== undefined && region !== bucketRegion) return checkAcl({ ...target, bucketRegion: region }, env)
  throw refusalOf(code, target.bucket)
}

/** Which of S3's refusals become which of CloudTrail's is not recorded but for these two. */
function refusalOf(code: string, bucket: string) {
  if (code === 'NoSuchBucket') return noBucket(bucket)
  if (code === 'InvalidBucketName')
    return refusal('InvalidS3BucketNameException', `Bucket name ${bucket} is not valid.`)
  return bucketPolicy(bucket)
}
