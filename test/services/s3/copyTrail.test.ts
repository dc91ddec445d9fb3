import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import {
  CopyObjectCommand,
  CreateBucketCommand,
  HeadObjectCommand,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import { ACCOUNT, OTHER_ACCOUNT, rootOf } from '../../support/emulator.ts'
import { allow, denied, policy, refusal, startWorld, type World } from './support.ts'

const Bucket = 'copied'
const INTERNAL = 'AWS Internal'
let world: World
let keyArn: string
beforeAll(async () => {
  world = await startWorld(Bucket)
  keyArn = await world.key()
  const VersioningConfiguration = { Status: 'Enabled' } as const
  await world.s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }))
})
beforeEach(() => {
  world.emulator.emulator.trail.clear()
})
afterAll(() => world.stop())

/** Oldest first. */
const records = () => world.emulator.emulator.trail.list(100).reverse()
const putSource = (Key: string) =>
  world.s3.send(
    new PutObjectCommand({ Bucket, Key, Body: 'content', ServerSideEncryption: 'aws:kms', SSEKMSKeyId: keyArn }),
  )

describe('the audit trail of a copy', () => {
  it('has the read of its source, which shares nothing but the extended request id with it', async () => {
    const { VersionId } = await putSource('source')
    world.emulator.emulator.trail.clear()
    const CopySource = `${Bucket}/source?versionId=${VersionId ?? ''}`
    await world.s3.send(new CopyObjectCommand({ Bucket, Key: 'target', CopySource }))
    const [decrypt, read, copy, ...more] = records()
    expect([decrypt?.['eventName'], copy?.['eventName'], more]).toEqual(['Decrypt', 'CopyObject', []])
    const { 'x-amz-id-2': extended } = copy?.['additionalEventData'] as { readonly 'x-amz-id-2': string }
    expect(read).toEqual({
      eventVersion: '1.11',
      userIdentity: { ...(copy?.['userIdentity'] as object), invokedBy: INTERNAL },
      eventTime: copy?.['eventTime'],
      eventSource: 's3.amazonaws.com',
      eventName: 'GetObject',
      awsRegion: 'us-east-1',
      sourceIPAddress: INTERNAL,
      userAgent: INTERNAL,
      requestParameters: { bucketName: Bucket, key: 'source', versionId: VersionId },
      responseElements: null,
      additionalEventData: {
        bytesTransferredIn: 0,
        bytesTransferredOut: 7,
        SSEApplied: 'SSE_KMS',
        'x-amz-id-2': extended,
      },
      requestID: expect.stringMatching(/^[0-9A-Z]{16}$/) as unknown,
      eventID: expect.stringMatching(/^[0-9a-f-]{36}$/) as unknown,
      readOnly: true,
      resources: [
        { type: 'AWS::S3::Object', ARN: `arn:aws:s3:::${Bucket}/source` },
        { accountId: ACCOUNT, type: 'AWS::S3::Bucket', ARN: `arn:aws:s3:::${Bucket}` },
      ],
      eventType: 'AwsApiCall',
      managementEvent: false,
      recipientAccountId: ACCOUNT,
      eventCategory: 'Data',
    })
    for (const name of ['requestID', 'eventID']) expect(read?.[name]).not.toBe(copy?.[name])
  })

  it('has it in the trail of the account that the source belongs to', async () => {
    const theirs = world.as(rootOf(OTHER_ACCOUNT))
    await theirs.send(new CreateBucketCommand({ Bucket: 'theirs' }))
    await theirs.send(new PutObjectCommand({ Bucket: 'theirs', Key: 'source', Body: 'content' }))
    const statement = { ...allow('s3:GetObject', 'arn:aws:s3:::theirs/*'), Principal: { AWS: ACCOUNT } }
    await theirs.send(new PutBucketPolicyCommand({ Bucket: 'theirs', Policy: policy(statement) }))
    world.emulator.emulator.trail.clear()
    await world.s3.send(new CopyObjectCommand({ Bucket, Key: 'target', CopySource: 'theirs/source' }))
    const reads = records().filter(({ eventName }) => eventName === 'GetObject')
    expect(new Set(reads.map(({ recipientAccountId }) => recipientAccountId))).toEqual(
      new Set([ACCOUNT, OTHER_ACCOUNT]),
    )
    const [one, other] = reads
    expect(one?.['sharedEventID']).toEqual(expect.any(String))
    expect(other?.['sharedEventID']).toBe(one?.['sharedEventID'])
    expect(records().map(({ eventName, recipientAccountId }) => [eventName, recipientAccountId])).toContainEqual([
      'CopyObject',
      ACCOUNT,
    ])
  })

  it('has none where the copy failed', async () => {
    await putSource('closed')
    const { s3, arn } = await world.user('copier', allow('s3:*'))
    world.emulator.emulator.trail.clear()
    expect(await refusal(s3.send(new CopyObjectCommand({ Bucket, Key: 'x', CopySource: `${Bucket}/closed` })))).toEqual(
      denied(
        `User: ${arn} is not authorized to perform: kms:Decrypt on resource: ${keyArn} because no identity-based policy allows the kms:Decrypt action`,
      ),
    )
    expect(records().map(({ eventName }) => eventName)).toEqual(['Decrypt', 'CopyObject'])
  })
})

it('HeadObject sends no bytes, whatever length it tells', async () => {
  await putSource('head')
  world.emulator.emulator.trail.clear()
  expect((await world.s3.send(new HeadObjectCommand({ Bucket, Key: 'head' }))).ContentLength).toBe(7)
  expect(records()).toMatchObject([{ eventName: 'HeadObject', additionalEventData: { bytesTransferredOut: 0 } }])
})
