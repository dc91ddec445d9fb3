import { notConfigured } from '../errors.ts'
import { canonicalId } from '../names.ts'
import { s3 } from '../service.ts'
import { readsBucket } from './onBucket.ts'

/**
 * Sub-resources that cannot be configured here yet: each answers, as AWS does, that nothing is configured. (Tools such as
 * Terraform read them all.) Configuring them answers 501.
 */
const unconfigured = [
  s3.row('GetBucketLifecycleConfiguration', {
    ...readsBucket,
    action: 's3:GetLifecycleConfiguration',
    run(_input, _call, { name }) {
      throw notConfigured('NoSuchLifecycleConfiguration', 'The lifecycle configuration does not exist', name)
    },
  }),
  s3.row('GetBucketWebsite', {
    ...readsBucket,
    action: 's3:GetBucketWebsite',
    run(_input, _call, { name }) {
      throw notConfigured(
        'NoSuchWebsiteConfiguration',
        'The specified bucket does not have a website configuration',
        name,
      )
    },
  }),
  s3.row('GetBucketReplication', {
    ...readsBucket,
    action: 's3:GetReplicationConfiguration',
    run(_input, _call, { name }) {
      throw notConfigured('ReplicationConfigurationNotFoundError', 'The replication configuration was not found', name)
    },
  }),
  s3.row('GetObjectLockConfiguration', {
    ...readsBucket,
    action: 's3:GetBucketObjectLockConfiguration',
    run(_input, _call, { name }) {
      throw notConfigured(
        'ObjectLockConfigurationNotFoundError',
        'Object Lock configuration does not exist for this bucket',
        name,
      )
    },
  }),
]

const defaults = [
  s3.row('GetBucketLogging', { ...readsBucket, action: 's3:GetBucketLogging', run: () => ({}) }),
  s3.row('GetBucketNotificationConfiguration', {
    ...readsBucket,
    action: 's3:GetBucketNotification',
    run: () => ({}),
  }),
  s3.row('GetBucketVersioning', { ...readsBucket, action: 's3:GetBucketVersioning', run: () => ({}) }),
  s3.row('GetBucketAccelerateConfiguration', {
    ...readsBucket,
    action: 's3:GetAccelerateConfiguration',
    run: () => ({}),
  }),
  s3.row('GetBucketRequestPayment', {
    ...readsBucket,
    action: 's3:GetBucketRequestPayment',
    run: () => ({ Payer: 'BucketOwner' as const }),
  }),
  s3.row('GetBucketAcl', {
    ...readsBucket,
    action: 's3:GetBucketAcl',
    run: (_input, _call, { account }) => ownersOnly(account),
  }),
]

/** The access control list of everything where ACLs are disabled: the owner may do all. */
export function ownersOnly(account: string) {
  const ID = canonicalId(account)
  return {
    Owner: { ID },
    Grants: [{ Grantee: { ID, Type: 'CanonicalUser' as const }, Permission: 'FULL_CONTROL' as const }],
  }
}

export const subresourceRows = [...unconfigured, ...defaults]
