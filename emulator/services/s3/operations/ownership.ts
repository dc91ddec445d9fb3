import { AwsError } from '../../../lib/awsError.ts'
import { isOwnership, ownershipOf } from '../acl/ownership.ts'
import { canonicalId } from '../names.ts'
import { malformedXml, notConfigured } from '../errors.ts'
import { s3 } from '../service.ts'
import type { BucketRecord } from '../state.ts'
import { changeBucket, onBucket, readsBucket } from './onBucket.ts'

const getOwnership = s3.row('GetBucketOwnershipControls', {
  ...readsBucket,
  action: 's3:GetBucketOwnershipControls',
  run(_input, _call, bucket) {
    if (!bucket.ownershipControls) {
      throw notConfigured('OwnershipControlsNotFoundError', 'The bucket ownership controls were not found', bucket.name)
    }
    return { OwnershipControls: { Rules: [{ ObjectOwnership: ownershipOf(bucket) }] } }
  },
})

const putOwnership = s3.row('PutBucketOwnershipControls', {
  ...onBucket,
  action: 's3:PutBucketOwnershipControls',
  run({ OwnershipControls }, call, bucket) {
    const [rule, ...more] = OwnershipControls?.Rules ?? []
    const ownership = rule?.ObjectOwnership
    if (more.length > 0 || !isOwnership(ownership)) throw malformedXml()
    if (ownership === 'BucketOwnerEnforced') {
      refuseGrants(bucket)
      changeBucket(call, bucket, { ownershipControls: true, objectOwnership: undefined })
    } else changeBucket(call, bucket, { ownershipControls: true, objectOwnership: ownership })
    return {}
  },
})

/** ACLs cannot be disabled while the bucket's own lets others in (S3 User Guide, "Prerequisites for disabling ACLs"). */
function refuseGrants({ acl = [], account }: BucketRecord): void {
  const owner = canonicalId(account)
  if (acl.every(({ grantee }) => 'id' in grantee && grantee.id === owner)) return
  throw aclsDisabled()
}

export const aclsDisabled = (): AwsError =>
  new AwsError(
    'InvalidBucketAclWithObjectOwnership',
    400,
    "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting",
  )

const deleteOwnership = s3.row('DeleteBucketOwnershipControls', {
  ...onBucket,
  action: 's3:PutBucketOwnershipControls',
  run(_input, call, bucket) {
    changeBucket(call, bucket, { ownershipControls: false, objectOwnership: undefined })
    return {}
  },
})

export const ownershipRows = [getOwnership, putOwnership, deleteOwnership]
