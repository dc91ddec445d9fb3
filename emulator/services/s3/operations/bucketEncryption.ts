import type { ServerSideEncryptionConfiguration } from '@aws-sdk/client-s3'
import { invalidArgument, malformedXml, notEmulated } from '../errors.ts'
import { DEFAULT_ENCRYPTION } from '../encryption/defaults.ts'
import { s3 } from '../service.ts'
import type { DefaultEncryption } from '../state.ts'
import { changeBucket, onBucket, readsBucket } from './onBucket.ts'

const getBucketEncryption = s3.row('GetBucketEncryption', {
  ...readsBucket,
  action: 's3:GetEncryptionConfiguration',
  run: (_input, _call, { encryption }) => ({ ServerSideEncryptionConfiguration: asConfiguration(encryption) }),
})

function asConfiguration({
  algorithm,
  keyId,
  bucketKey,
  blocked,
}: DefaultEncryption): ServerSideEncryptionConfiguration {
  return {
    Rules: [
      {
        ApplyServerSideEncryptionByDefault: {
          SSEAlgorithm: algorithm,
          ...(keyId !== undefined && { KMSMasterKeyID: keyId }),
        },
        BucketKeyEnabled: bucketKey,
        BlockedEncryptionTypes: { EncryptionType: [...blocked] },
      },
    ],
  }
}

/** Reads the one rule; the key is stored as written and not looked up (facts: A4). */
function readConfiguration(configuration: ServerSideEncryptionConfiguration | undefined): DefaultEncryption {
  const [rule, ...more] = configuration?.Rules ?? []
  if (!rule || more.length > 0) throw malformedXml()
  const byDefault = rule.ApplyServerSideEncryptionByDefault
  const algorithm = byDefault?.SSEAlgorithm ?? 'AES256'
  const keyId = byDefault?.KMSMasterKeyID
  if (algorithm === 'aws:fsx') throw notEmulated(`s3 default encryption ${algorithm}`)
  if (algorithm !== 'AES256' && algorithm !== 'aws:kms' && algorithm !== 'aws:kms:dsse') throw malformedXml()
  if (algorithm === 'AES256' && keyId !== undefined) {
    throw invalidArgument(
      'a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse',
      'ApplyServerSideEncryptionByDefault',
    )
  }
  const blocked = readBlocked(rule.BlockedEncryptionTypes)
  return { algorithm, keyId, bucketKey: rule.BucketKeyEnabled ?? false, blocked, configured: true }
}

/** Leaving it out blocks SSE-C again, whatever was configured before (facts: captures 7.6; the sentence is not recorded). */
function readBlocked(given: { readonly EncryptionType?: readonly string[] | undefined } | undefined) {
  if (!given) return DEFAULT_ENCRYPTION.blocked
  const types = given.EncryptionType ?? []
  const known = types.filter((type) => type === 'NONE' || type === 'SSE-C')
  if (known.length < types.length) throw malformedXml()
  if (known.length !== 1) {
    throw invalidArgument('Exactly one encryption type must be specified', 'BlockedEncryptionTypes')
  }
  return known
}

const putBucketEncryption = s3.row('PutBucketEncryption', {
  ...onBucket,
  action: 's3:PutEncryptionConfiguration',
  run(input, call, bucket) {
    const encryption = readConfiguration(input.ServerSideEncryptionConfiguration)
    changeBucket(call, bucket, { encryption })
    return {}
  },
})

const deleteBucketEncryption = s3.row('DeleteBucketEncryption', {
  ...onBucket,
  action: 's3:PutEncryptionConfiguration',
  run(_input, call, bucket) {
    changeBucket(call, bucket, { encryption: DEFAULT_ENCRYPTION })
    return {}
  },
})

export const bucketEncryptionRows = [getBucketEncryption, putBucketEncryption, deleteBucketEncryption]
