import type { LoggingEnabled } from '@aws-sdk/client-s3'
import { AwsError } from '../../../lib/awsError.ts'
import type { Call } from '../../../operation/call.ts'
import { malformedXml, notEmulated } from '../errors.ts'
import { s3 } from '../service.ts'
import type { BucketRecord, LoggingRecord, S3State } from '../state.ts'
import { changeBucket, onBucket, readsBucket } from './onBucket.ts'

const getLogging = s3.row('GetBucketLogging', {
  ...readsBucket,
  action: 's3:GetBucketLogging',
  run: (_input, _call, { logging }) => (logging ? { LoggingEnabled: logging } : {}),
})

const putLogging = s3.row('PutBucketLogging', {
  ...onBucket,
  action: 's3:PutBucketLogging',
  run({ BucketLoggingStatus: status }, call, bucket) {
    if (!status) throw malformedXml()
    const logging = status.LoggingEnabled && readTarget(status.LoggingEnabled, call, bucket)
    changeBucket(call, bucket, { logging })
    return {}
  },
})

/** The target must be a bucket of the same owner in the same Region (AWS: "Logging requests with server access logging"). */
function readTarget(given: LoggingEnabled, call: Call<S3State>, bucket: BucketRecord): LoggingRecord {
  const { TargetBucket = '', TargetPrefix = '', TargetGrants, TargetObjectKeyFormat: format } = given
  if (TargetGrants && TargetGrants.length > 0) throw notEmulated('s3 grants on access logs')
  const source: string | undefined = format?.PartitionedPrefix?.PartitionDateSource
  if (source !== undefined && source !== 'EventTime' && source !== 'DeliveryTime') throw malformedXml()
  if (format && (format.SimplePrefix === undefined) === (format.PartitionedPrefix === undefined)) throw malformedXml()
  const target = call.state.buckets.in().get(TargetBucket)
  if (!target) throw invalidTarget('The target bucket for logging does not exist', TargetBucket)
  if (target.account !== bucket.account) {
    throw invalidTarget('The owner for the bucket to be logged and the target bucket must be the same.', TargetBucket)
  }
  if (target.region !== bucket.region) {
    throw new AwsError(
      'CrossLocationLoggingProhibited',
      403,
      'Cross-location logging not allowed. A bucket in one geographic location cannot log information to a bucket in another location.',
      { fields: { SourceBucketLocation: bucket.region, TargetBucketLocation: target.region } },
    )
  }
  return { TargetBucket, TargetPrefix, ...(format && { TargetObjectKeyFormat: format }) }
}

const invalidTarget = (text: string, TargetBucket: string) =>
  new AwsError('InvalidTargetBucketForLogging', 400, text, { fields: { TargetBucket } })

export const bucketLoggingRows = [getLogging, putLogging]
