import type { Call } from '../../../operation/call.ts'
import { aclAnswer } from '../acl/answers.ts'
import { aclsEnabled, canonicalOwner } from '../acl/ownership.ts'
import { putAcl } from '../acl/put.ts'
import { bucketArn } from '../names.ts'
import { s3 } from '../service.ts'
import type { BucketRecord, S3State } from '../state.ts'
import { changeBucket, onBucket, readsBucket } from './onBucket.ts'

const getBucketAcl = s3.row('GetBucketAcl', {
  ...readsBucket,
  action: 's3:GetBucketAcl',
  run: (_input, _call, bucket) =>
    aclAnswer(canonicalOwner(bucket.account), aclsEnabled(bucket) ? bucket.acl : undefined),
})

const putBucketAcl = s3.row('PutBucketAcl', {
  ...onBucket,
  action: 's3:PutBucketAcl',
  run(input, call: Call<S3State>, bucket: BucketRecord) {
    const acl = putAcl(input, call, bucket, bucket.account, 's3:PutBucketAcl', bucketArn(bucket.name))
    if (acl) changeBucket(call, bucket, { acl })
    return {}
  },
})

export const bucketAclRows = [getBucketAcl, putBucketAcl]
