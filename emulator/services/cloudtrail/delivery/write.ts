import type { Environment } from '../../../operation/call.ts'
import type { ServiceAnswer } from '../../../operation/serviceCall.ts'
import type { TrailRecord } from '../state.ts'

/** In whose name buckets are written to. */
export const PRINCIPAL = 'cloudtrail.amazonaws.com'

/** Where a trail's files go. */
export type Target = Pick<TrailRecord, 'arn' | 'account' | 'bucket' | 'bucketRegion' | 'prefix' | 'keyArn'>

/** `<prefix>/AWSLogs/<account>/`: under which everything of an account lies. */
export const folderOf = ({ prefix, account }: Pick<Target, 'prefix' | 'account'>): string =>
  `${prefix === undefined ? '' : `${prefix}/`}AWSLogs/${account}/`

interface File {
  readonly key: string
  readonly body: Buffer
  readonly metadata?: Record<string, string>
  /** `trail`: under the trail's key, if it has one. `s3`: under S3's own (CloudTrail User Guide: digest files are). */
  readonly encryption: 'trail' | 's3'
}

const ACL = 'bucket-owner-full-control'

/**
 * Writes a file into a trail's bucket, as CloudTrail: its bucket policy must let it, and the policy of its key (facts: integrations
 * 14). The context names the trail; S3 adds the object.
 */
export function writeFile(target: Target, file: File, env: Pick<Environment, 'callService'>): Promise<ServiceAnswer> {
  const { bucket, keyArn, arn, account } = target
  const { key, body, metadata, encryption } = file
  const sse = encryption === 's3' ? 'AES256' : keyArn === undefined ? undefined : 'aws:kms'
  return env.callService({
    principal: PRINCIPAL,
    source: { arn, account },
    region: target.bucketRegion,
    service: 's3',
    operation: 'PutObject',
    input: {
      Bucket: bucket,
      Key: key,
      ACL,
      ContentType: 'application/json',
      ...(body.length > 0 && { ContentEncoding: 'gzip' }),
      ...(metadata && { Metadata: metadata }),
      ...(sse !== undefined && { ServerSideEncryption: sse }),
      ...(sse === 'aws:kms' && {
        SSEKMSKeyId: keyArn,
        SSEKMSEncryptionContext: Buffer.from(JSON.stringify({ 'aws:cloudtrail:arn': arn })).toString('base64'),
      }),
    },
    headers: {
      'x-amz-acl': ACL,
      ...(sse !== undefined && { 'x-amz-server-side-encryption': sse }),
    },
    body,
  })
}

/** Asks S3 whether CloudTrail may see who owns the bucket. */
export function readBucketAcl(target: Target, env: Pick<Environment, 'callService'>): Promise<ServiceAnswer> {
  const { arn, account, bucket, bucketRegion } = target
  return env.callService({
    principal: PRINCIPAL,
    source: { arn, account },
    region: bucketRegion,
    service: 's3',
    operation: 'GetBucketAcl',
    input: { Bucket: bucket },
  })
}
