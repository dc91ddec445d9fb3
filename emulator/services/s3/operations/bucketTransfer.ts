import { invalidRequest, malformedXml } from '../errors.ts'
import { s3 } from '../service.ts'
import { changeBucket, onBucket, readsBucket } from './onBucket.ts'

/** How requests travel, and who pays for them: kept and answered. */

const getAccelerate = s3.row('GetBucketAccelerateConfiguration', {
  ...readsBucket,
  action: 's3:GetAccelerateConfiguration',
  run: (_input, _call, { acceleration }) => (acceleration ? { Status: acceleration } : {}),
})

const putAccelerate = s3.row('PutBucketAccelerateConfiguration', {
  ...onBucket,
  action: 's3:PutAccelerateConfiguration',
  run({ AccelerateConfiguration: given }, call, bucket) {
    const status = given?.Status
    if (status !== 'Enabled' && status !== 'Suspended') throw malformedXml()
    if (bucket.name.includes('.')) {
      throw invalidRequest('S3 Transfer Acceleration is not supported for buckets with periods (.) in their names')
    }
    // What was never enabled has nothing to suspend (AWS: GetBucketAccelerateConfiguration answers no status then).
    if (status === 'Suspended' && bucket.acceleration === undefined) return {}
    changeBucket(call, bucket, { acceleration: status })
    return {}
  },
})

const getPayment = s3.row('GetBucketRequestPayment', {
  ...readsBucket,
  action: 's3:GetBucketRequestPayment',
  run: (_input, _call, { requesterPays }) => ({
    Payer: requesterPays ? ('Requester' as const) : ('BucketOwner' as const),
  }),
})

const putPayment = s3.row('PutBucketRequestPayment', {
  ...onBucket,
  action: 's3:PutBucketRequestPayment',
  run({ RequestPaymentConfiguration: given }, call, bucket) {
    const payer = given?.Payer
    if (payer !== 'Requester' && payer !== 'BucketOwner') throw malformedXml()
    changeBucket(call, bucket, { requesterPays: payer === 'Requester' ? true : undefined })
    return {}
  },
})

export const bucketTransferRows = [getAccelerate, putAccelerate, getPayment, putPayment]
