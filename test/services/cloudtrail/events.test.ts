import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import {
  CopySnapshotCommand,
  CreateSnapshotCommand,
  CreateVolumeCommand,
  DescribeSnapshotsCommand,
  DescribeVolumesCommand,
  EC2Client,
  ModifySnapshotAttributeCommand,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2'
import { CreateAccessKeyCommand, CreateRoleCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam'
import { DecryptCommand, EncryptCommand, KMSClient, PutKeyPolicyCommand } from '@aws-sdk/client-kms'
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutPublicAccessBlockCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts'
import {
  ACCOUNT,
  OTHER_ACCOUNT,
  REGION,
  allow,
  policy,
  refusal,
  rootOf,
  startTrails,
  type Event,
  type TrailWorld,
} from './support.ts'
import { settled, until } from '../ec2/support.ts'

let world: TrailWorld
const theirs = { credentials: rootOf(OTHER_ACCOUNT) }
beforeAll(async () => {
  world = await startTrails()
  await world.s3.send(new CreateBucketCommand({ Bucket: 'data' }))
})
beforeEach(() => {
  world.emulator.emulator.trail.clear()
})
afterAll(() => world.stop())

/** The records of calls of a name, the latest first. */
const recorded = (name: string) =>
  (world.emulator.emulator.trail.list(100) as Event[]).filter(({ eventName }) => eventName === name)
const only = (name: string): Event => {
  const [event, ...more] = recorded(name)
  if (!event || more.length > 0) throw new Error(`${String(more.length + 1)} records of ${name}`)
  return event
}

/** Two records of one call across accounts, the caller's first. */
function pair(name: string): readonly [Event, Event] {
  const found = recorded(name)
  const [own, copy] = ['recipientAccountId'].flatMap((member) => [
    found.find((event) => event[member] === OTHER_ACCOUNT),
    found.find((event) => event[member] === ACCOUNT),
  ])
  if (!own || !copy || found.length !== 2) throw new Error(`${String(found.length)} records of ${name}`)
  expect(own['sharedEventID']).toMatch(/^[0-9a-f-]{36}$/)
  expect([copy['sharedEventID'], copy['requestID']]).toEqual([own['sharedEventID'], own['requestID']])
  expect(copy['eventID']).not.toBe(own['eventID'])
  expect(copy['userIdentity']).toMatchObject({ type: 'AWSAccount', accountId: OTHER_ACCOUNT })
  expect(copy['userIdentity']).not.toHaveProperty('arn')
  return [own, copy]
}

describe('S3', () => {
  it('tells of a write: object and bucket, bytes, encryption and the version that it made', async () => {
    await world.s3.send(
      new PutBucketVersioningCommand({ Bucket: 'data', VersioningConfiguration: { Status: 'Enabled' } }),
    )
    const { VersionId } = await world.s3.send(new PutObjectCommand({ Bucket: 'data', Key: 'a', Body: 'seven b' }))
    expect(only('PutObject')).toMatchObject({
      eventSource: 's3.amazonaws.com',
      eventCategory: 'Data',
      managementEvent: false,
      readOnly: false,
      requestParameters: { bucketName: 'data', Host: expect.stringContaining('127.0.0.1') as unknown, key: 'a' },
      responseElements: { 'x-amz-server-side-encryption': 'AES256', 'x-amz-version-id': VersionId },
      additionalEventData: {
        SignatureVersion: 'SigV4',
        bytesTransferredIn: 7,
        SSEApplied: 'Default_SSE_S3',
        AuthenticationMethod: 'AuthHeader',
        'x-amz-id-2': expect.stringMatching(/^[\w+/]{75}=$/) as unknown,
        bytesTransferredOut: 0,
      },
    })
    expect(only('PutObject')['resources']).toEqual([
      { type: 'AWS::S3::Object', ARN: 'arn:aws:s3:::data/a' },
      { accountId: ACCOUNT, type: 'AWS::S3::Bucket', ARN: 'arn:aws:s3:::data' },
    ])
    const { DeleteMarker, VersionId: marker } = await world.s3.send(
      new DeleteObjectCommand({ Bucket: 'data', Key: 'a' }),
    )
    expect(DeleteMarker).toBe(true)
    expect(only('DeleteObject')).toMatchObject({
      responseElements: { 'x-amz-version-id': marker, 'x-amz-delete-marker': 'true' },
    })
  })

  it('tells of a read what went out, with the id of its answer', async () => {
    const key = await world.key()
    const encrypted = { ServerSideEncryption: 'aws:kms' as const, SSEKMSKeyId: key }
    await world.s3.send(new PutObjectCommand({ Bucket: 'data', Key: 'b', Body: 'twelve bytes', ...encrypted }))
    const { $metadata } = await world.s3.send(new GetObjectCommand({ Bucket: 'data', Key: 'b' }))
    expect(only('GetObject')).toMatchObject({
      requestID: $metadata.requestId,
      readOnly: true,
      responseElements: null,
      additionalEventData: {
        bytesTransferredIn: 0,
        bytesTransferredOut: 12,
        SSEApplied: 'SSE_KMS',
        'x-amz-id-2': $metadata.extendedRequestId,
      },
    })
    expect(only('PutObject')).toMatchObject({
      requestParameters: {
        'x-amz-server-side-encryption': 'aws:kms',
        'x-amz-server-side-encryption-aws-kms-key-id': key,
      },
      additionalEventData: { SSEApplied: 'SSE_KMS' },
    })
  })

  it('calls operations by their older names, and what is about a bucket a management event', async () => {
    await world.s3.send(new ListObjectsV2Command({ Bucket: 'data' }))
    await world.s3.send(new PutPublicAccessBlockCommand({ Bucket: 'data', PublicAccessBlockConfiguration: {} }))
    expect(only('ListObjects')).toMatchObject({ eventCategory: 'Data' })
    expect(only('PutBucketPublicAccessBlock')).toMatchObject({ eventCategory: 'Management', managementEvent: true })
  })

  it('tells both accounts of a call across them, and the caller alone of a refused one', async () => {
    const reader = {
      Effect: 'Allow',
      Principal: { AWS: OTHER_ACCOUNT },
      Action: 's3:GetObject',
      Resource: 'arn:aws:s3:::data/*',
    }
    await world.s3.send(new PutBucketPolicyCommand({ Bucket: 'data', Policy: policy(reader) }))
    await world.s3.send(new PutObjectCommand({ Bucket: 'data', Key: 'shared', Body: 'x' }))
    const s3 = world.emulator.client(S3Client, theirs)
    world.emulator.emulator.trail.clear()
    await s3.send(new GetObjectCommand({ Bucket: 'data', Key: 'shared' }))
    const [own, copy] = pair('GetObject')
    expect(copy['resources']).toEqual(own['resources'])
    await refusal(s3.send(new PutObjectCommand({ Bucket: 'data', Key: 'shared', Body: 'x' })))
    expect(only('PutObject')).toMatchObject({ recipientAccountId: OTHER_ACCOUNT, errorCode: 'AccessDenied' })
  })
})

describe('KMS across accounts', () => {
  it('is in both trails when it was granted (facts F3)', async () => {
    const key = await world.key()
    const statements = [
      { Effect: 'Allow', Principal: { AWS: [ACCOUNT, OTHER_ACCOUNT] }, Action: 'kms:*', Resource: '*' },
    ]
    await world.kms.send(new PutKeyPolicyCommand({ KeyId: key, Policy: policy(...statements) }))
    const kms = world.emulator.client(KMSClient, theirs)
    const { CiphertextBlob } = await kms.send(new EncryptCommand({ KeyId: key, Plaintext: Buffer.from('x') }))
    pair('Encrypt')
    await world.kms.send(
      new PutKeyPolicyCommand({ KeyId: key, Policy: policy({ ...statements[0], Principal: { AWS: ACCOUNT } }) }),
    )
    await refusal(kms.send(new DecryptCommand({ CiphertextBlob })))
    expect(only('Decrypt')).toMatchObject({
      recipientAccountId: OTHER_ACCOUNT,
      errorCode: 'AccessDenied',
      requestParameters: null,
    })
  })
})

describe('STS', () => {
  it('tells both accounts of a role that is assumed across them, and neither of the secrets', async () => {
    const iam = world.emulator.client(IAMClient)
    const trust = policy({ Effect: 'Allow', Principal: { AWS: OTHER_ACCOUNT }, Action: 'sts:AssumeRole' })
    const { Role } = await iam.send(new CreateRoleCommand({ RoleName: 'shared', AssumeRolePolicyDocument: trust }))
    await iam.send(
      new PutRolePolicyCommand({ RoleName: 'shared', PolicyName: 'p', PolicyDocument: policy(allow('s3:*')) }),
    )
    const { world: other, credentials } = await userOfOther()
    const sts = other.client(STSClient, { credentials })
    world.emulator.emulator.trail.clear()
    const { Credentials } = await sts.send(new AssumeRoleCommand({ RoleArn: Role?.Arn, RoleSessionName: 'visit' }))
    const [own, copy] = pair('AssumeRole')
    for (const event of [own, copy]) {
      expect(event).toMatchObject({
        requestParameters: { roleArn: Role?.Arn, roleSessionName: 'visit' },
        responseElements: { credentials: { accessKeyId: Credentials?.AccessKeyId } },
        resources: [{ accountId: ACCOUNT, type: 'AWS::IAM::Role', ARN: Role?.Arn }],
      })
      const text = JSON.stringify(event)
      expect(text).not.toContain(Credentials?.SecretAccessKey)
      expect(text).not.toContain(Credentials?.SessionToken)
    }
  })

  /** Root may assume no role. */
  async function userOfOther() {
    const iam = world.emulator.client(IAMClient, theirs)
    const { CreateUserCommand, PutUserPolicyCommand } = await import('@aws-sdk/client-iam')
    await iam.send(new CreateUserCommand({ UserName: 'visitor' }))
    await iam.send(
      new PutUserPolicyCommand({
        UserName: 'visitor',
        PolicyName: 'p',
        PolicyDocument: policy(allow('sts:AssumeRole')),
      }),
    )
    const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'visitor' }))
    const credentials = { accessKeyId: AccessKey?.AccessKeyId ?? '', secretAccessKey: AccessKey?.SecretAccessKey ?? '' }
    return { world: world.emulator, credentials }
  }
})

describe('EC2', () => {
  const ready = (id = '') =>
    until(async () => {
      const { Snapshots = [] } = await ec2().send(new DescribeSnapshotsCommand({ SnapshotIds: [id] }))
      return Snapshots[0]?.State === 'completed' ? true : undefined
    })

  const ec2 = (options: object = {}) => world.emulator.client(EC2Client, options)

  it('writes lists its own way, and its request ids', async () => {
    const volume = await ec2().send(
      new CreateVolumeCommand({
        AvailabilityZone: `${REGION}a`,
        Size: 1,
        TagSpecifications: [{ ResourceType: 'volume', Tags: [{ Key: 'team', Value: 'red' }] }],
      }),
    )
    expect(only('CreateVolume')).toMatchObject({
      requestParameters: {
        size: 1,
        tagSpecificationSet: { items: [{ resourceType: 'volume', tags: [{ key: 'team', value: 'red' }] }] },
      },
      responseElements: {
        requestId: only('CreateVolume')['requestID'],
        volumeId: volume.VolumeId,
        tagSet: { items: [{ key: 'team', value: 'red' }] },
      },
    })
    await ec2().send(
      new DescribeVolumesCommand({ VolumeIds: [volume.VolumeId ?? ''], Filters: [{ Name: 'size', Values: ['1'] }] }),
    )
    expect(only('DescribeVolumes')).toMatchObject({
      requestParameters: {
        volumeSet: { items: [{ volumeId: volume.VolumeId }] },
        filterSet: { items: [{ name: 'size', valueSet: { items: [{ value: '1' }] } }] },
      },
      responseElements: null,
    })
    await refusal(ec2().send(new TerminateInstancesCommand({ InstanceIds: ['i-0123456789abcdef0'] })))
    expect(only('TerminateInstances')).toMatchObject({
      errorCode: 'Client.InvalidInstanceID.NotFound',
      requestParameters: { instancesSet: { items: [{ instanceId: 'i-0123456789abcdef0' }] } },
    })
  })

  it('tells the owner of a snapshot that it is copied, without the tags (facts: captures 4.3)', async () => {
    const { VolumeId } = await ec2().send(new CreateVolumeCommand({ AvailabilityZone: `${REGION}a`, Size: 1 }))
    await settled(ec2(), VolumeId)
    const { SnapshotId } = await ec2().send(new CreateSnapshotCommand({ VolumeId }))
    await ready(SnapshotId)
    const shared = {
      Attribute: 'createVolumePermission' as const,
      OperationType: 'add' as const,
      UserIds: [OTHER_ACCOUNT],
    }
    await ec2().send(new ModifySnapshotAttributeCommand({ SnapshotId, ...shared }))
    const Tags = [{ Key: 'team', Value: 'secretive' }]
    const copied = await ec2(theirs).send(
      new CopySnapshotCommand({
        SourceSnapshotId: SnapshotId,
        SourceRegion: REGION,
        TagSpecifications: [{ ResourceType: 'snapshot', Tags }],
      }),
    )
    const [own, copy] = pair('CopySnapshot')
    expect(own).toMatchObject({
      responseElements: { snapshotId: copied.SnapshotId, tagSet: { items: [{ key: 'team', value: 'secretive' }] } },
    })
    expect(own).not.toHaveProperty('resources')
    expect(copy).toMatchObject({
      requestParameters: { sourceSnapshotId: SnapshotId, tagSpecificationSet: 'HIDDEN_DUE_TO_SECURITY_REASONS' },
      responseElements: { snapshotId: copied.SnapshotId, tagSet: 'HIDDEN_DUE_TO_SECURITY_REASONS' },
    })
    expect(JSON.stringify(copy)).not.toContain('secretive')
  })
})
