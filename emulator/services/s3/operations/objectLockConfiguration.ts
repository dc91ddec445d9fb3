import type { ObjectLockConfiguration } from '@aws-sdk/client-s3'
import { AwsError } from '../../../lib/awsError.ts'
import { requireBodyChecksum } from '../checksums/whole.ts'
import { invalidArgument, malformedXml, notConfigured } from '../errors.ts'
import { isLockMode } from '../lock/requested.ts'
import { s3 } from '../service.ts'
import type { DefaultRetention, ObjectLockRecord } from '../state.ts'
import { changeBucket, onBucket, readsBucket } from './onBucket.ts'

const getObjectLockConfiguration = s3.row('GetObjectLockConfiguration', {
  ...readsBucket,
  action: 's3:GetBucketObjectLockConfiguration',
  run(_input, _call, { name, objectLock }) {
    if (!objectLock) {
      throw notConfigured(
        'ObjectLockConfigurationNotFoundError',
        'Object Lock configuration does not exist for this bucket',
        name,
      )
    }
    return { ObjectLockConfiguration: asConfiguration(objectLock) }
  },
})

function asConfiguration({ defaultRetention }: ObjectLockRecord): ObjectLockConfiguration {
  if (!defaultRetention) return { ObjectLockEnabled: 'Enabled' }
  const { mode, days, years } = defaultRetention
  return { ObjectLockEnabled: 'Enabled', Rule: { DefaultRetention: { Mode: mode, Days: days, Years: years } } }
}

const putObjectLockConfiguration = s3.row('PutObjectLockConfiguration', {
  ...onBucket,
  action: 's3:PutBucketObjectLockConfiguration',
  run(input, call, bucket) {
    // S3's answer: versity/versitygw issue 1301.
    requireBodyChecksum(call)
    const objectLock = readConfiguration(input.ObjectLockConfiguration)
    if (bucket.versioning !== 'Enabled') {
      throw new AwsError(
        'InvalidBucketState',
        409,
        "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration",
      )
    }
    changeBucket(call, bucket, { objectLock })
    return {}
  },
})

/** There is no way to disable it. */
function readConfiguration(given: ObjectLockConfiguration | undefined): ObjectLockRecord {
  if (given?.ObjectLockEnabled !== 'Enabled') throw malformedXml()
  if (!given.Rule) return {}
  const { Mode: mode, Days: days, Years: years } = given.Rule.DefaultRetention ?? {}
  if (!isLockMode(mode) || (days === undefined) === (years === undefined)) throw malformedXml()
  return { defaultRetention: requirePeriod({ mode, days, years }) }
}

/** The longest retention S3 takes (AWS: "Object Lock", retention periods); how it says so is not recorded. */
const MOST = { days: 36_500, years: 100 }

function requirePeriod(retention: DefaultRetention): DefaultRetention {
  const { days = 1, years = 1 } = retention
  if (days < 1 || years < 1) throw invalidArgument('Default retention period must be a positive integer value.')
  if (days > MOST.days || years > MOST.years) throw invalidArgument('Default retention period too large')
  return retention
}

export const objectLockRows = [getObjectLockConfiguration, putObjectLockConfiguration]
