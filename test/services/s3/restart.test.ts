import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { CreateKeyCommand, KMSClient } from '@aws-sdk/client-kms'
import {
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetBucketCorsCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketNotificationConfigurationCommand,
  GetObjectCommand,
  GetObjectLockConfigurationCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutBucketCorsCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketNotificationConfigurationCommand,
  PutObjectCommand,
  PutObjectLockConfigurationCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { startEmulator, type TestEmulator } from '../../support/emulator.ts'

let dataDir: string
let emulator: TestEmulator
beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'twokey-s3-'))
  emulator = await startEmulator({ dataDir })
})
afterEach(async () => {
  await emulator.stop()
  rmSync(dataDir, { recursive: true, force: true })
})

const Bucket = 'kept'

async function restart(): Promise<S3Client> {
  await emulator.stop()
  emulator = await startEmulator({ dataDir })
  return emulator.client(S3Client)
}

/** Everything below a directory, as bytes. */
function allFiles(directory: string): Buffer[] {
  return readdirSync(directory).flatMap((name) => {
    const path = join(directory, name)
    return statSync(path).isDirectory() ? allFiles(path) : [readFileSync(path)]
  })
}

describe('after a restart', () => {
  it('objects, uploads and their keys are still there, and nothing on disk is in the clear', async () => {
    let s3 = emulator.client(S3Client)
    const { KeyMetadata } = await emulator.client(KMSClient).send(new CreateKeyCommand({}))
    const kms = { ServerSideEncryption: 'aws:kms' as const, SSEKMSKeyId: KeyMetadata?.KeyId }
    const secret = 'nobody may read this'
    await s3.send(new CreateBucketCommand({ Bucket }))
    await s3.send(new PutObjectCommand({ Bucket, Key: 'aes', Body: secret }))
    await s3.send(new PutObjectCommand({ Bucket, Key: 'kms', Body: secret.repeat(10_000), ...kms }))
    const algorithm = { ChecksumAlgorithm: 'CRC32' as const }
    const { UploadId } = await s3.send(
      new CreateMultipartUploadCommand({ Bucket, Key: 'multipart', ...kms, ...algorithm }),
    )
    const part = { Bucket, Key: 'multipart', UploadId, PartNumber: 1, Body: secret, ...algorithm }
    const { ETag, ChecksumCRC32 } = await s3.send(new UploadPartCommand(part))

    s3 = await restart()
    for (const bytes of allFiles(dataDir)) expect(bytes.includes(secret)).toBe(false)
    const read = async (Key: string) => (await s3.send(new GetObjectCommand({ Bucket, Key }))).Body?.transformToString()
    expect(await read('aes')).toBe(secret)
    expect(await read('kms')).toBe(secret.repeat(10_000))
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag, ChecksumCRC32 }] }
    await s3.send(new CompleteMultipartUploadCommand({ Bucket, Key: 'multipart', UploadId, MultipartUpload }))

    s3 = await restart()
    expect(await read('multipart')).toBe(secret)
    const { Contents } = await s3.send(new ListObjectsV2Command({ Bucket }))
    expect(Contents?.map(({ Key }) => Key)).toEqual(['aes', 'kms', 'multipart'])
  })

  it('configurations of buckets are what they were', async () => {
    let s3 = emulator.client(S3Client)
    await s3.send(new CreateBucketCommand({ Bucket }))
    const rule = { ID: 'r', Status: 'Enabled' as const, Filter: {} }
    const date = new Date('2031-01-01T00:00:00Z')
    const Rules = [
      {
        ...rule,
        Expiration: { Date: date },
        Transitions: [{ Date: new Date('2030-01-01'), StorageClass: 'GLACIER' as const }],
      },
    ]
    await s3.send(new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration: { Rules } }))
    const CORSRules = [{ AllowedOrigins: ['*'], AllowedMethods: ['GET'] }]
    await s3.send(new PutBucketCorsCommand({ Bucket, CORSConfiguration: { CORSRules } }))
    const bridge = { EventBridgeConfiguration: {} }
    await s3.send(new PutBucketNotificationConfigurationCommand({ Bucket, NotificationConfiguration: bridge }))

    s3 = await restart()
    expect((await s3.send(new GetBucketLifecycleConfigurationCommand({ Bucket }))).Rules).toEqual(Rules)
    expect((await s3.send(new GetBucketCorsCommand({ Bucket }))).CORSRules).toEqual(CORSRules)
    const { EventBridgeConfiguration } = await s3.send(new GetBucketNotificationConfigurationCommand({ Bucket }))
    expect(EventBridgeConfiguration).toEqual({})
  })

  it('locked versions are locked, for as long as they were', async () => {
    let s3 = emulator.client(S3Client)
    await s3.send(new CreateBucketCommand({ Bucket, ObjectLockEnabledForBucket: true }))
    const DefaultRetention = { Mode: 'GOVERNANCE' as const, Days: 1 }
    const ObjectLockConfiguration = { ObjectLockEnabled: 'Enabled' as const, Rule: { DefaultRetention } }
    await s3.send(new PutObjectLockConfigurationCommand({ Bucket, ObjectLockConfiguration }))
    const Key = 'locked'
    const { VersionId } = await s3.send(
      new PutObjectCommand({ Bucket, Key, Body: 'x', ObjectLockLegalHoldStatus: 'ON' }),
    )
    const lock = async () => {
      const { ObjectLockMode, ObjectLockRetainUntilDate, ObjectLockLegalHoldStatus } = await s3.send(
        new HeadObjectCommand({ Bucket, Key }),
      )
      return { ObjectLockMode, ObjectLockRetainUntilDate, ObjectLockLegalHoldStatus }
    }
    const before = await lock()
    expect(before.ObjectLockLegalHoldStatus).toBe('ON')

    s3 = await restart()
    expect(await lock()).toEqual(before)
    const configured = await s3.send(new GetObjectLockConfigurationCommand({ Bucket }))
    expect(configured.ObjectLockConfiguration).toEqual(ObjectLockConfiguration)
    await expect(s3.send(new DeleteObjectCommand({ Bucket, Key, VersionId }))).rejects.toThrow(
      'Access Denied because object protected by object lock.',
    )
  })
})
