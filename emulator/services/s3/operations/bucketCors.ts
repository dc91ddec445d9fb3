import { requireBodyChecksum } from '../checksums/whole.ts'
import { asCorsRules, readCorsRules } from '../cors/rules.ts'
import { notConfigured } from '../errors.ts'
import { s3 } from '../service.ts'
import { changeBucket, onBucket, readsBucket } from './onBucket.ts'

const getBucketCors = s3.row('GetBucketCors', {
  ...readsBucket,
  action: 's3:GetBucketCORS',
  run(_input, _call, { name, cors }) {
    if (!cors) throw notConfigured('NoSuchCORSConfiguration', 'The CORS configuration does not exist', name)
    return { CORSRules: asCorsRules(cors) }
  },
})

const putBucketCors = s3.row('PutBucketCors', {
  ...onBucket,
  action: 's3:PutBucketCORS',
  run(input, call, bucket) {
    requireBodyChecksum(call)
    changeBucket(call, bucket, { cors: readCorsRules(input.CORSConfiguration?.CORSRules) })
    return {}
  },
})

const deleteBucketCors = s3.row('DeleteBucketCors', {
  ...onBucket,
  action: 's3:PutBucketCORS',
  run(_input, call, bucket) {
    changeBucket(call, bucket, { cors: undefined })
    return {}
  },
})

export const bucketCorsRows = [getBucketCors, putBucketCors, deleteBucketCors]
