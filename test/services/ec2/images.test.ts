import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import {
  CopyImageCommand,
  CreateImageCommand,
  DeleteSnapshotCommand,
  DeregisterImageCommand,
  DescribeImageAttributeCommand,
  DescribeImagesCommand,
  DescribeInstancesCommand,
  DescribeSnapshotsCommand,
  DescribeVolumesCommand,
  ModifyImageAttributeCommand,
  ModifySnapshotAttributeCommand,
  RegisterImageCommand,
  ResetImageAttributeCommand,
  RunInstancesCommand,
  type CopyImageCommandInput,
  type EC2Client,
  type Image,
  type Instance,
} from '@aws-sdk/client-ec2'
import type { EBSClient } from '@aws-sdk/client-ebs'
import { PutKeyPolicyCommand } from '@aws-sdk/client-kms'
import { contents, written } from './direct/support.ts'
import {
  ACCOUNT,
  badRequest,
  OTHER_ACCOUNT,
  policy,
  refusal,
  startTwoAccounts,
  unauthorized,
  until,
  withoutBlob,
  type World,
} from './support.ts'
import { rootOf } from '../../support/emulator.ts'

let world: World
let a: EC2Client
let b: EC2Client
let ebsA: EBSClient
let ebsB: EBSClient
let keyA: string
let keyB: string

beforeAll(async () => {
  ;({ world, a, b, ebsA, ebsB, keyA, keyB } = await startTwoAccounts())
})
afterAll(() => world.stop())

let count = 0
const newName = () => `image ${++count}`

async function register(SnapshotId: string, Name = newName()): Promise<string> {
  const { ImageId } = await a.send(
    new RegisterImageCommand({
      Name,
      Architecture: 'x86_64',
      RootDeviceName: '/dev/xvda',
      BlockDeviceMappings: [{ DeviceName: '/dev/xvda', Ebs: { SnapshotId, VolumeType: 'gp3' } }],
    }),
  )
  return ImageId ?? ''
}

async function imageOf(id: string | undefined, ec2 = a): Promise<Image> {
  const { Images } = await ec2.send(new DescribeImagesCommand({ ImageIds: [id ?? ''] }))
  return Images?.[0] ?? {}
}

const finished = (id: string | undefined, ec2 = a) =>
  until(async () => {
    const image = await imageOf(id, ec2)
    return image.State === 'pending' ? undefined : image
  })

async function launched(ImageId: string, ec2: EC2Client): Promise<Instance> {
  const { Instances } = await ec2.send(new RunInstancesCommand({ ImageId, MinCount: 1, MaxCount: 1 }))
  const InstanceIds = [Instances?.[0]?.InstanceId ?? '']
  return until(async () => {
    const { Reservations } = await ec2.send(new DescribeInstancesCommand({ InstanceIds }))
    const instance = Reservations?.[0]?.Instances?.[0]
    return instance?.State?.Name === 'pending' ? undefined : instance
  })
}

const share = (ImageId: string, change: 'Add' | 'Remove' = 'Add') =>
  a.send(new ModifyImageAttributeCommand({ ImageId, LaunchPermission: { [change]: [{ UserId: OTHER_ACCOUNT }] } }))

const shareSnapshot = (SnapshotId: string) =>
  a.send(
    new ModifySnapshotAttributeCommand({
      SnapshotId,
      CreateVolumePermission: { Add: [{ UserId: OTHER_ACCOUNT }] },
    }),
  )

const USE = ['kms:DescribeKey', 'kms:Decrypt', 'kms:ReEncrypt*', 'kms:GenerateDataKey*', 'kms:CreateGrant']
const trust = (trusted: boolean) => {
  const own = { Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` }, Action: 'kms:*', Resource: '*' }
  const theirs = {
    Effect: 'Allow',
    Principal: { AWS: `arn:aws:iam::${OTHER_ACCOUNT}:root` },
    Action: USE,
    Resource: '*',
  }
  return world.kms.send(new PutKeyPolicyCommand({ KeyId: keyA, Policy: policy(...(trusted ? [own, theirs] : [own])) }))
}

describe('RegisterImage', () => {
  it('makes an image of a snapshot, which then cannot be deleted', async () => {
    const SnapshotId = await written(ebsA, { 0: 1 }, { KmsKeyArn: keyA })
    const ImageId = await register(SnapshotId, 'registered')
    expect(ImageId).toMatch(/^ami-0[0-9a-f]{16}$/)
    expect(await imageOf(ImageId)).toMatchObject({
      State: 'available',
      Name: 'registered',
      OwnerId: ACCOUNT,
      Public: false,
      RootDeviceName: '/dev/xvda',
      BlockDeviceMappings: [{ DeviceName: '/dev/xvda', Ebs: { SnapshotId, Encrypted: true, VolumeSize: 1 } }],
    })
    expect(await refusal(register(SnapshotId, 'registered'))).toEqual(
      badRequest('InvalidAMIName.Duplicate', `AMI name registered is already in use by AMI ${ImageId}`),
    )
    expect(await refusal(a.send(new DeleteSnapshotCommand({ SnapshotId })))).toEqual(
      badRequest('InvalidSnapshot.InUse', `The snapshot ${SnapshotId} is currently in use by ${ImageId}`),
    )
    await a.send(new DeregisterImageCommand({ ImageId }))
    expect(await refusal(imageOf(ImageId))).toEqual(
      badRequest('InvalidAMIID.NotFound', `The image id '[${ImageId}]' does not exist`),
    )
    await a.send(new DeleteSnapshotCommand({ SnapshotId }))
  })

  it('needs a snapshot of the account and permission on it', async () => {
    const SnapshotId = await written(ebsA, { 0: 1 }, {})
    const foreign = await written(ebsB, { 0: 1 }, {})
    expect(await refusal(register(foreign))).toEqual(
      badRequest('InvalidSnapshot.NotFound', `The snapshot '${foreign}' does not exist.`),
    )
    const user = await world.user(ACCOUNT, 'registrar', {
      Effect: 'Allow',
      Action: 'ec2:RegisterImage',
      Resource: 'arn:aws:ec2:*::image/*',
    })
    const input = {
      Name: newName(),
      RootDeviceName: '/dev/xvda',
      BlockDeviceMappings: [{ DeviceName: '/dev/xvda', Ebs: { SnapshotId } }],
    }
    expect(withoutBlob(await refusal(user.ec2.send(new RegisterImageCommand(input))))).toEqual(
      unauthorized(
        `User: ${user.arn} is not authorized to perform: ec2:RegisterImage on resource: arn:aws:ec2:us-east-1::snapshot/${SnapshotId} because no identity-based policy allows the ec2:RegisterImage action`,
      ),
    )
  })
})

describe('CreateImage', () => {
  it('takes snapshots of an instance, whose copies start with the same key', async () => {
    const image = await register(await written(ebsA, { 0: 1, 3: 2 }, { KmsKeyArn: keyA }))
    const instance = await launched(image, a)
    expect(instance.State?.Name).toBe('running')
    const { ImageId } = await a.send(
      new CreateImageCommand({ InstanceId: instance.InstanceId ?? '', Name: newName(), NoReboot: true }),
    )
    const made = await finished(ImageId)
    expect(made).toMatchObject({ State: 'available', SourceInstanceId: instance.InstanceId })
    const SnapshotIds = [made.BlockDeviceMappings?.[0]?.Ebs?.SnapshotId ?? '']
    const { Snapshots } = await a.send(new DescribeSnapshotsCommand({ SnapshotIds }))
    expect(Snapshots).toMatchObject([
      {
        State: 'completed',
        Encrypted: true,
        KmsKeyId: keyA,
        Description: `Created by CreateImage(${instance.InstanceId ?? ''}) for ${ImageId ?? ''}`,
      },
    ])
    const again = await launched(ImageId ?? '', a)
    const VolumeIds = [again.BlockDeviceMappings?.[0]?.Ebs?.VolumeId ?? '']
    const { Volumes } = await a.send(new DescribeVolumesCommand({ VolumeIds }))
    expect(Volumes).toMatchObject([{ KmsKeyId: keyA, State: 'in-use', SnapshotId: SnapshotIds[0] }])
  })
})

describe('a shared image', () => {
  it('is seen, and launched under the own default key, while the key trusts', async () => {
    const ImageId = await register(await written(ebsA, { 0: 1 }, { KmsKeyArn: keyA }))
    const missing = badRequest('InvalidAMIID.NotFound', `The image id '[${ImageId}]' does not exist`)
    expect(await refusal(launched(ImageId, b))).toEqual(missing)
    await share(ImageId)
    expect((await imageOf(ImageId, b)).OwnerId).toBe(ACCOUNT)
    const { Images } = await b.send(new DescribeImagesCommand({ ExecutableUsers: ['self'] }))
    expect(Images?.map((image) => image.ImageId)).toContain(ImageId)

    await trust(false)
    const failed = await launched(ImageId, b)
    expect(failed).toMatchObject({ State: { Name: 'terminated' }, StateReason: { Code: 'Client.InternalError' } })
    await trust(true)
    const { BlockDeviceMappings, State } = await launched(ImageId, b)
    expect(State?.Name).toBe('running')
    const VolumeIds = [BlockDeviceMappings?.[0]?.Ebs?.VolumeId ?? '']
    const { Volumes } = await b.send(new DescribeVolumesCommand({ VolumeIds }))
    expect(Volumes?.[0]?.KmsKeyId).toMatch(new RegExp(`:${OTHER_ACCOUNT}:key/`))

    const { LaunchPermissions } = await a.send(
      new DescribeImageAttributeCommand({ ImageId, Attribute: 'launchPermission' }),
    )
    expect(LaunchPermissions).toEqual([{ UserId: OTHER_ACCOUNT }])
    expect(await refusal(b.send(new DeregisterImageCommand({ ImageId })))).toEqual(
      badRequest('AuthFailure', `Not authorized for image:${ImageId}`),
    )
    await a.send(new ResetImageAttributeCommand({ ImageId, Attribute: 'launchPermission' }))
    expect(await refusal(imageOf(ImageId, b))).toEqual(missing)
  })

  it('cannot be under the AWS managed key', async () => {
    const ImageId = await register(await written(ebsA, { 0: 1 }, { Encrypted: true }))
    expect(await refusal(share(ImageId))).toEqual(
      badRequest(
        'InvalidParameter',
        "Snapshots encrypted with the AWS Managed CMK can't be shared. Specify another snapshot",
      ),
    )
    expect(await refusal(imageOf(ImageId, b))).toMatchObject({ code: 'InvalidAMIID.NotFound' })
  })
})

describe('CopyImage', () => {
  const copy = (SourceImageId: string, more: Partial<CopyImageCommandInput> = {}, ec2 = b) =>
    ec2.send(new CopyImageCommand({ SourceImageId, SourceRegion: 'us-east-1', Name: newName(), ...more }))

  it("puts another account's image under the own key", async () => {
    await trust(true)
    const SnapshotId = await written(ebsA, { 0: 1, 7: 2 }, { KmsKeyArn: keyA })
    const source = await register(SnapshotId)
    await share(source)
    expect(await refusal(copy(source, { Encrypted: true, KmsKeyId: keyB }))).toEqual(
      badRequest('InvalidRequest', 'You do not have permission to access the storage of this ami'),
    )
    await shareSnapshot(SnapshotId)
    const { ImageId } = await copy(source, { Encrypted: true, KmsKeyId: keyB })
    const made = await finished(ImageId, b)
    expect(made).toMatchObject({ State: 'available', OwnerId: OTHER_ACCOUNT, SourceImageId: source })
    const copied = made.BlockDeviceMappings?.[0]?.Ebs?.SnapshotId ?? ''
    const { Snapshots } = await b.send(new DescribeSnapshotsCommand({ SnapshotIds: [copied] }))
    expect(Snapshots).toMatchObject([{ State: 'completed', KmsKeyId: keyB, OwnerId: OTHER_ACCOUNT }])
    expect(await contents(ebsB, copied)).toEqual(await contents(ebsA, SnapshotId))
    await trust(false)
    expect((await launched(ImageId ?? '', b)).State?.Name).toBe('running')
  })

  it('fails where a key cannot be used', async () => {
    await trust(false)
    const SnapshotId = await written(ebsA, { 0: 1 }, { KmsKeyArn: keyA })
    const source = await register(SnapshotId)
    await share(source)
    await shareSnapshot(SnapshotId)
    const { ImageId } = await copy(source, { Encrypted: true, KmsKeyId: keyB })
    const made = await finished(ImageId, b)
    expect(made.State).toBe('failed')
    expect(made.StateReason?.Message).toContain('Given key ID is not accessible')
    expect(await refusal(launched(ImageId ?? '', b))).toEqual(
      badRequest('InvalidAMIID.Unavailable', `The image ID '[${ImageId ?? ''}]' is not available`),
    )
    expect(await refusal(copy(source, { Encrypted: true, KmsKeyId: 'alias/none' }))).toEqual(
      badRequest('InvalidParameterValue', 'The specified keyId alias/none is invalid'),
    )
  })

  it('goes to another Region, under its default key', async () => {
    const source = await register(await written(ebsA, { 0: 1 }, { KmsKeyArn: keyA }))
    const west = world.as(rootOf(ACCOUNT), 'us-west-2')
    const { ImageId } = await copy(source, {}, west)
    const made = await finished(ImageId, west)
    expect(made).toMatchObject({ State: 'available', SourceImageRegion: 'us-east-1' })
    const SnapshotIds = [made.BlockDeviceMappings?.[0]?.Ebs?.SnapshotId ?? '']
    const { Snapshots } = await west.send(new DescribeSnapshotsCommand({ SnapshotIds }))
    expect(Snapshots?.[0]?.KmsKeyId).toMatch(new RegExp(`^arn:aws:kms:us-west-2:${ACCOUNT}:key/`))
  })
})

describe('DescribeImages', () => {
  it('lists by owner, filter and page', async () => {
    const { Images: own = [] } = await b.send(new DescribeImagesCommand({ Owners: ['self'] }))
    expect(new Set(own.map(({ OwnerId }) => OwnerId))).toEqual(new Set([OTHER_ACCOUNT]))
    const amazon = await b.send(
      new DescribeImagesCommand({ Owners: ['amazon'], Filters: [{ Name: 'name', Values: ['al2023-*-x86_64'] }] }),
    )
    expect(amazon.Images?.map(({ ImageId }) => ImageId)).toEqual(['ami-0abcdef1234567890'])
    const { Images: all = [] } = await a.send(new DescribeImagesCommand({}))
    const first = await a.send(new DescribeImagesCommand({ MaxResults: 5 }))
    const rest = await a.send(new DescribeImagesCommand({ MaxResults: 1000, NextToken: first.NextToken }))
    expect([...(first.Images ?? []), ...(rest.Images ?? [])]).toEqual(all)
    expect(first.Images).toHaveLength(5)
  })
})
