import { notConfigured } from '../errors.ts'
import { s3 } from '../service.ts'
import { readsBucket } from './onBucket.ts'

/**
 * Sub-resources that cannot be configured here: each answers, as AWS does, that nothing is configured. (Tools such as
 * Terraform read them all.) Configuring them answers 501.
 */
const unconfigured = [
  s3.row('GetBucketReplication', {
    ...readsBucket,
    action: 's3:GetReplicationConfiguration',
    run(_input, _call, { name }) {
      throw notConfigured('ReplicationConfigurationNotFoundError', 'The replication configuration was not found', name)
    },
  }),
]

export const subresourceRows = unconfigured
