import { malformedXml, notConfigured } from '../errors.ts'
import { s3 } from '../service.ts'
import { changeBucket, onBucket, readsBucket } from './onBucket.ts'

const getPublicAccessBlock = s3.row('GetPublicAccessBlock', {
  ...readsBucket,
  action: 's3:GetBucketPublicAccessBlock',
  run(_input, _call, { name, publicAccessBlock: block }) {
    if (!block) {
      throw notConfigured(
        'NoSuchPublicAccessBlockConfiguration',
        'The public access block configuration was not found',
        name,
      )
    }
    return {
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: block.blockPublicAcls,
        IgnorePublicAcls: block.ignorePublicAcls,
        BlockPublicPolicy: block.blockPublicPolicy,
        RestrictPublicBuckets: block.restrictPublicBuckets,
      },
    }
  },
})

const putPublicAccessBlock = s3.row('PutPublicAccessBlock', {
  ...onBucket,
  action: 's3:PutBucketPublicAccessBlock',
  run({ PublicAccessBlockConfiguration: given }, call, bucket) {
    if (!given) throw malformedXml()
    changeBucket(call, bucket, {
      publicAccessBlock: {
        blockPublicAcls: given.BlockPublicAcls ?? false,
        ignorePublicAcls: given.IgnorePublicAcls ?? false,
        blockPublicPolicy: given.BlockPublicPolicy ?? false,
        restrictPublicBuckets: given.RestrictPublicBuckets ?? false,
      },
    })
    return {}
  },
})

const deletePublicAccessBlock = s3.row('DeletePublicAccessBlock', {
  ...onBucket,
  action: 's3:PutBucketPublicAccessBlock',
  run(_input, call, bucket) {
    changeBucket(call, bucket, { publicAccessBlock: undefined })
    return {}
  },
})

export const publicAccessRows = [getPublicAccessBlock, putPublicAccessBlock, deletePublicAccessBlock]
