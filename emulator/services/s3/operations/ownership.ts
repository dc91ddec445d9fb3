import { malformedXml, notConfigured, notEmulated } from '../errors.ts'
import { s3 } from '../service.ts'
import { changeBucket, onBucket, readsBucket } from './onBucket.ts'

const getOwnership = s3.row('GetBucketOwnershipControls', {
  ...readsBucket,
  action: 's3:GetBucketOwnershipControls',
  run(_input, _call, { name, ownershipControls }) {
    if (!ownershipControls) {
      throw notConfigured('OwnershipControlsNotFoundError', 'The bucket ownership controls were not found', name)
    }
    return { OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' as const }] } }
  },
})

const putOwnership = s3.row('PutBucketOwnershipControls', {
  ...onBucket,
  action: 's3:PutBucketOwnershipControls',
  run({ OwnershipControls }, call, bucket) {
    const [rule, ...more] = OwnershipControls?.Rules ?? []
    if (!rule || more.length > 0) throw malformedXml()
    switch (rule.ObjectOwnership) {
      case 'BucketOwnerEnforced':
        changeBucket(call, bucket, { ownershipControls: true })
        return {}
      case 'BucketOwnerPreferred':
      case 'ObjectWriter':
        // They bring access control lists back, which would have to be enforced.
        throw notEmulated(`s3 object ownership ${rule.ObjectOwnership} (access control lists)`)
      default:
        throw malformedXml()
    }
  },
})

const deleteOwnership = s3.row('DeleteBucketOwnershipControls', {
  ...onBucket,
  action: 's3:PutBucketOwnershipControls',
  run(_input, call, bucket) {
    changeBucket(call, bucket, { ownershipControls: false })
    return {}
  },
})

export const ownershipRows = [getOwnership, putOwnership, deleteOwnership]
