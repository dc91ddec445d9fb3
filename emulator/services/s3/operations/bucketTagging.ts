import { requireBodyChecksum } from '../checksums/whole.ts'
import { notConfigured } from '../errors.ts'
import { s3 } from '../service.ts'
import { readBucketTags, tagSet } from '../tags.ts'
import { changeBucket, onBucket, readsBucket } from './onBucket.ts'

const getBucketTagging = s3.row('GetBucketTagging', {
  ...readsBucket,
  action: 's3:GetBucketTagging',
  run(_input, _call, { name, tags }) {
    if (Object.keys(tags).length === 0) throw notConfigured('NoSuchTagSet', 'The TagSet does not exist', name)
    return { TagSet: tagSet(tags) }
  },
})

const putBucketTagging = s3.row('PutBucketTagging', {
  ...onBucket,
  action: 's3:PutBucketTagging',
  run(input, call, bucket) {
    requireBodyChecksum(call)
    const tags = readBucketTags(input.Tagging?.TagSet)
    changeBucket(call, bucket, { tags })
    return {}
  },
})

const deleteBucketTagging = s3.row('DeleteBucketTagging', {
  ...onBucket,
  action: 's3:PutBucketTagging',
  run(_input, call, bucket) {
    changeBucket(call, bucket, { tags: {} })
    return {}
  },
})

export const bucketTaggingRows = [getBucketTagging, putBucketTagging, deleteBucketTagging]
