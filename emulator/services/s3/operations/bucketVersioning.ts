import { AwsError } from '../../../lib/awsError.ts'
import { malformedXml, notEmulated } from '../errors.ts'
import { s3 } from '../service.ts'
import { changeBucket, onBucket, readsBucket } from './onBucket.ts'

const getBucketVersioning = s3.row('GetBucketVersioning', {
  ...readsBucket,
  action: 's3:GetBucketVersioning',
  run: (_input, _call, { versioning, mfaDelete }) => ({ Status: versioning, MFADelete: mfaDelete }),
})

const putBucketVersioning = s3.row('PutBucketVersioning', {
  ...onBucket,
  action: 's3:PutBucketVersioning',
  run({ VersioningConfiguration }, call, bucket) {
    const { Status: status, MFADelete: mfaDelete } = VersioningConfiguration ?? {}
    if (status === undefined) throw missingStatus()
    if (!STATES.includes(status) || !MFA_DELETE.includes(mfaDelete ?? 'Disabled')) throw malformedXml()
    if (mfaDelete === 'Enabled') throw notEmulated('s3 MFA Delete')
    if (status === 'Suspended' && bucket.objectLock) throw lockPresent()
    changeBucket(call, bucket, { versioning: status, ...(mfaDelete && { mfaDelete }) })
    return {}
  },
})

/** What the schema allows. */
const STATES: readonly string[] = ['Enabled', 'Suspended']
const MFA_DELETE: readonly string[] = ['Enabled', 'Disabled']

const lockPresent = () =>
  new AwsError(
    'InvalidBucketState',
    409,
    'An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.',
  )

const missingStatus = () =>
  new AwsError('IllegalVersioningConfigurationException', 400, 'The Versioning element must be specified')

export const versioningRows = [getBucketVersioning, putBucketVersioning]
