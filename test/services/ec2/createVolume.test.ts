import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import {
  CreateVolumeCommand,
  DeleteVolumeCommand,
  DescribeVolumesCommand,
  type CreateVolumeCommandInput,
  type EC2Client,
} from '@aws-sdk/client-ec2'
import { DecodeAuthorizationMessageCommand, STSClient } from '@aws-sdk/client-sts'
import {
  ACCOUNT,
  allow,
  badRequest,
  deny,
  DRY_RUN,
  refusal,
  settled,
  startWorld,
  unauthorized,
  withoutBlob,
  type World,
} from './support.ts'

let world: World
let ec2: EC2Client

beforeAll(async () => {
  world = await startWorld()
  ec2 = world.ec2
})
afterAll(() => world.stop())

const ZONE = 'us-east-1a'
const PLAIN: CreateVolumeCommandInput = { AvailabilityZone: ZONE, Size: 1 }
const create = (input: CreateVolumeCommandInput, client = ec2) => client.send(new CreateVolumeCommand(input))
const refusedAs = (input: CreateVolumeCommandInput, client = ec2) => refusal(create(input, client))

describe('CreateVolume', () => {
  it('answers with what a new volume has, and nothing more', async () => {
    const { $metadata, CreateTime, VolumeId, ...answer } = await create(PLAIN)
    expect(VolumeId).toMatch(/^vol-0[0-9a-f]{16}$/)
    expect(CreateTime?.getTime()).toBe(Math.floor((CreateTime?.getTime() ?? 0) / 1000) * 1000)
    expect($metadata.requestId).toMatch(/^[0-9a-f-]{36}$/)
    expect(answer).toEqual({
      AvailabilityZone: ZONE,
      AvailabilityZoneId: 'use1-az1',
      Encrypted: false,
      Iops: 100,
      MultiAttachEnabled: false,
      Size: 1,
      SnapshotId: '',
      State: 'creating',
      Tags: [],
      VolumeType: 'gp2',
    })
    const { CreateTime: created, ...made } = (await settled(ec2, VolumeId)) ?? {}
    expect(created).toBeInstanceOf(Date)
    expect(made).toEqual({
      AvailabilityZone: ZONE,
      AvailabilityZoneId: 'use1-az1',
      Attachments: [],
      Encrypted: false,
      Iops: 100,
      MultiAttachEnabled: false,
      Operator: { Managed: false, HiddenByDefault: false },
      OwnerId: ACCOUNT,
      Size: 1,
      SnapshotId: '',
      State: 'available',
      VolumeArn: `arn:aws:ec2:us-east-1:${ACCOUNT}:volume/${VolumeId ?? ''}`,
      VolumeId,
      VolumeType: 'gp2',
    })
  })

  it('takes the type in any case, and gives each what it has by itself', async () => {
    const shapes = [
      [{ VolumeType: 'GP3' }, { VolumeType: 'gp3', Iops: 3000, Throughput: 125 }],
      [{ VolumeType: '' }, { VolumeType: 'gp2', Iops: 100 }],
      [{ VolumeType: 'standard' }, { VolumeType: 'standard' }],
      [
        { VolumeType: 'gp2', Size: 1000 },
        { VolumeType: 'gp2', Iops: 3000 },
      ],
      [
        { VolumeType: 'io1', Size: 4, Iops: 100 },
        { VolumeType: 'io1', Iops: 100 },
      ],
      [
        { VolumeType: 'gp3', Size: 1, Iops: 500 },
        { VolumeType: 'gp3', Iops: 3000, Throughput: 125 },
      ],
      [
        { VolumeType: 'gp3', Throughput: 0 },
        { VolumeType: 'gp3', Iops: 3000, Throughput: 125 },
      ],
      [
        { VolumeType: 'gp3', Size: 1, Iops: 3000 },
        { VolumeType: 'gp3', Iops: 3000, Throughput: 125 },
      ],
    ] as const
    for (const [asked, given] of shapes) {
      const { VolumeType, Iops, Throughput } = await create({ ...PLAIN, ...asked } as CreateVolumeCommandInput)
      expect({
        VolumeType,
        ...(Iops !== undefined && { Iops }),
        ...(Throughput !== undefined && { Throughput }),
      }).toEqual(given)
    }
  })

  it.each<[string, CreateVolumeCommandInput, string, string]>([
    ['nothing', {}, 'MissingParameter', 'The request must contain the parameter zone'],
    [
      'an empty zone',
      { ...PLAIN, AvailabilityZone: '' },
      'MissingParameter',
      'The request must contain the parameter zone',
    ],
    [
      'neither size nor snapshot',
      { AvailabilityZone: ZONE },
      'MissingParameter',
      'The request must contain the parameter size/snapshot',
    ],
    [
      'an unknown zone',
      { ...PLAIN, AvailabilityZone: 'not-a-zone' },
      'InvalidZone.NotFound',
      "The zone 'not-a-zone' does not exist.",
    ],
    [
      'an unknown zone id',
      { Size: 1, AvailabilityZoneId: 'use1-az999' },
      'InvalidZone.NotFound',
      "The zone 'use1-az999' does not exist.",
    ],
    [
      'both selectors',
      { ...PLAIN, AvailabilityZoneId: 'use1-az1' },
      'InvalidParameterCombination',
      "AvailabilityZone and AvailabilityZoneId can't be used together. Specify only one of these parameters.",
    ],
    [
      'size 0',
      { ...PLAIN, VolumeType: 'gp3', Size: 0 },
      'InvalidParameterValue',
      'The volume size is invalid for gp3 volumes: 0 GiB. gp3 volumes must be at least 1 GiB in size. Please specify a volume size above the minimum limit.',
    ],
    [
      'a negative size',
      { ...PLAIN, Size: -1 },
      'InvalidParameterValue',
      'Value (-1) for parameter size is invalid. Value must be a positive integer.',
    ],
    [
      'an unknown type',
      { ...PLAIN, VolumeType: 'bad' as never },
      'UnknownVolumeType',
      "Unsupported volume type 'bad' for volume creation. ",
    ],
    [
      'too large',
      { ...PLAIN, Size: 16_385 },
      'InvalidParameterValue',
      'Volume of 16385GiB is too large for volume type gp2; maximum is 16384GiB',
    ],
    [
      'few iops',
      { ...PLAIN, VolumeType: 'io1', Size: 4, Iops: 1 },
      'InvalidParameterValue',
      'Volume iops of 1 is too low; minimum is 100.',
    ],
    [
      'many iops',
      { ...PLAIN, VolumeType: 'gp3', Iops: 80_001 },
      'InvalidParameterValue',
      'Volume iops of 80001 is too high; maximum is 80000.',
    ],
    [
      'an iops ratio',
      { ...PLAIN, VolumeType: 'gp3', Iops: 3001 },
      'InvalidParameterValue',
      'Iops to volume size ratio of 3001.000000 is too high; maximum is 500',
    ],
    [
      'a ratio that is tested before it is raised',
      { ...PLAIN, VolumeType: 'gp3', Iops: 2999 },
      'InvalidParameterValue',
      'Iops to volume size ratio of 2999.000000 is too high; maximum is 500',
    ],
    [
      'much throughput',
      { ...PLAIN, VolumeType: 'gp3', Size: 100, Throughput: 2001 },
      'InvalidParameterValue',
      'Volume throughput of 2001 is too high; maximum is 2000.',
    ],
    [
      'a throughput ratio',
      { ...PLAIN, VolumeType: 'gp3', Throughput: 751 },
      'InvalidParameterValue',
      'Throughput (MiBps) to iops ratio of 0.250333 is too high; maximum is 0.250000 MiBps per iops',
    ],
    [
      'io1 without iops',
      { ...PLAIN, VolumeType: 'io1', Size: 4 },
      'InvalidParameterCombination',
      'The parameter iops must be specified for io1 volumes.',
    ],
    [
      'gp2 with iops',
      { ...PLAIN, Iops: 100 },
      'InvalidParameterCombination',
      'The parameter iops is not supported for gp2 volumes.',
    ],
    [
      'gp2 with throughput',
      { ...PLAIN, Throughput: 125 },
      'InvalidParameterCombination',
      'The throughput parameter is not supported for gp2 volumes.',
    ],
    [
      'a slow initialization',
      { ...PLAIN, VolumeInitializationRate: 99 },
      'InvalidParameterValue',
      'The value specified for VolumeInitializationRate is not in the allowed range.',
    ],
    [
      'a snapshot that is none',
      { ...PLAIN, SnapshotId: 'snap-0fedcba9876543210' },
      'InvalidSnapshot.NotFound',
      'Snapshot does not exist',
    ],
    [
      'a snapshot id that is none',
      { ...PLAIN, SnapshotId: 'snap-00000000000000000' },
      'InvalidSnapshotID.Malformed',
      'Value ( snap-00000000000000000 ) for parameter SNAPSHOT is invalid. ',
    ],
    [
      'a snapshot id in capitals',
      { ...PLAIN, SnapshotId: 'snap-0FEDCBA9876543210' },
      'InvalidParameterValue',
      "Value (snap-0FEDCBA9876543210) for parameter snapshotId is invalid. Expected: 'snap-...'.",
    ],
  ])('refuses %s, before it authorizes and on a dry run', async (_what, input, code, message) => {
    expect(await refusedAs(input)).toEqual(badRequest(code, message))
    const nobody = await noPermission()
    expect(await refusedAs({ ...input, DryRun: true }, nobody)).toEqual(badRequest(code, message))
  })

  it.each<[string, CreateVolumeCommandInput, string, string]>([
    [
      'Multi-Attach on gp3',
      { ...PLAIN, VolumeType: 'gp3', MultiAttachEnabled: true },
      'InvalidParameterCombination',
      'The parameter multi-attach-enabled is not supported for gp3 volumes.',
    ],
    [
      'a long token',
      { ...PLAIN, ClientToken: 'x'.repeat(65) },
      'InvalidParameterValue',
      'Client token must be less than or equal to 64 characters.',
    ],
    [
      'a key without encryption',
      { ...PLAIN, KmsKeyId: 'alias/x' },
      'InvalidParameterDependency',
      'The parameter [KmsKeyId] requires the parameter Encrypted to be set.',
    ],
  ])('refuses %s in a real call only', async (_what, input, code, message) => {
    expect(await refusedAs(input)).toEqual(badRequest(code, message))
    expect(await refusedAs({ ...input, DryRun: true })).toEqual(DRY_RUN)
  })

  it('refuses tags for another kind of resource, twice the same, reserved and empty ones', async () => {
    const tags = (ResourceType: 'volume' | 'instance', ...Tags: { Key: string; Value: string }[]) =>
      refusedAs({ ...PLAIN, TagSpecifications: [{ ResourceType, Tags }] })
    const [a, reserved, empty] = [
      { Key: 'a', Value: '1' },
      { Key: 'aws:a', Value: '1' },
      { Key: '', Value: '1' },
    ]
    for (const answer of [
      await tags('instance', a),
      await tags('volume', a, a),
      await tags('volume', reserved),
      await tags('volume', empty),
    ]) {
      expect(answer).toMatchObject({ status: 400, code: 'InvalidParameterValue' })
    }
  })
})

/** A user who may do nothing. */
async function noPermission(): Promise<EC2Client> {
  nobody ??= world.user(ACCOUNT, 'nobody', deny('ec2:*')).then((user) => user.ec2)
  return nobody
}
let nobody: Promise<EC2Client> | undefined

describe('the client token', () => {
  it('gives the same volume again, as it is now', async () => {
    const input = { ...PLAIN, VolumeType: 'gp3' as const, ClientToken: 'one' }
    const first = await create(input)
    await settled(ec2, first.VolumeId)
    const again = await create({
      Size: 1,
      AvailabilityZoneId: 'use1-az1',
      VolumeType: 'gp3',
      Throughput: 125,
      ClientToken: 'one',
    })
    expect(again.VolumeId).toBe(first.VolumeId)
    expect(again.State).toBe('available')
  })

  it('means one request only', async () => {
    const input = { ...PLAIN, VolumeType: 'gp3' as const, ClientToken: 'two' }
    const { VolumeId } = await create(input)
    const mismatch = badRequest(
      'IdempotentParameterMismatch',
      'Parameters on this idempotent request are inconsistent with parameters used in previous request(s).',
    )
    for (const more of [{ Size: 2 }, { Iops: 3000 }, { Encrypted: false }, { MultiAttachEnabled: false }]) {
      expect(await refusedAs({ ...input, ...more })).toEqual(mismatch)
    }
    await ec2.send(new DeleteVolumeCommand({ VolumeId }))
    expect(await refusedAs(input)).toEqual(
      badRequest(
        'IdempotentParameterMismatch',
        `The client token 'two' is associated with resource '${VolumeId ?? ''}' which has already been deleted. Please use a different client token.`,
      ),
    )
    expect(await refusedAs({ ...input, Size: 2 })).toEqual(mismatch)
  })
})

describe('permission to create a volume', () => {
  const VOLUMES = `arn:aws:ec2:us-east-1:${ACCOUNT}:volume/*`

  it('is asked on what is to be, and refused in words that STS decodes', async () => {
    const user = await world.user(ACCOUNT, 'reader', allow('ec2:Describe*'))
    const denial = await refusedAs(PLAIN, user.ec2)
    expect(withoutBlob(denial)).toEqual(
      unauthorized(
        `User: ${user.arn} is not authorized to perform: ec2:CreateVolume on resource: ${VOLUMES} because no identity-based policy allows the ec2:CreateVolume action`,
      ),
    )
    const EncodedMessage = denial.message.split(' Encoded authorization failure message: ')[1]
    expect(EncodedMessage).toMatch(/^[\w-]{600,}$/)
    const sts = world.emulator.client(STSClient)
    const { DecodedMessage = '' } = await sts.send(new DecodeAuthorizationMessageCommand({ EncodedMessage }))
    const decoded = JSON.parse(DecodedMessage) as { context: { conditions: { items: { key: string }[] } } }
    expect(decoded).toMatchObject({
      allowed: false,
      explicitDeny: false,
      context: { principal: { arn: user.arn }, action: 'CreateVolume', resource: VOLUMES },
    })
    const keys = decoded.context.conditions.items.map(({ key }) => key)
    for (const key of [
      'ec2:AvailabilityZone',
      'ec2:AvailabilityZoneId',
      'ec2:Encrypted',
      'ec2:VolumeType',
      'ec2:VolumeSize',
      'ec2:VolumeID',
      'aws:ResourceBeingCreated',
      'aws:ARN',
      'aws:Type',
    ]) {
      expect(keys).toContain(key)
    }
  })

  it.each([
    ['ec2:VolumeType', 'gp2', 'gp3'],
    ['ec2:Encrypted', 'false', 'true'],
    ['ec2:AvailabilityZone', 'us-east-1a', 'us-east-1b'],
    ['ec2:VolumeSize', '1', '2'],
    ['aws:RequestTag/team', 'red', 'blue'],
  ])('may depend on %s', async (key, good, bad) => {
    const name = `conditional-${key.replace(/\W/g, '-')}`
    const when = (value: string) => ({
      ...allow(['ec2:CreateVolume', 'ec2:CreateTags']),
      Condition: { StringEquals: { [key]: value } },
    })
    const user = await world.user(ACCOUNT, name, when(good))
    const TagSpecifications = [{ ResourceType: 'volume' as const, Tags: [{ Key: 'team', Value: 'red' }] }]
    const tagged = key.startsWith('aws:RequestTag') ? { ...PLAIN, TagSpecifications } : PLAIN
    expect((await create(tagged, user.ec2)).State).toBe('creating')
    await world.allow(ACCOUNT, name, when(bad))
    expect(await refusedAs(tagged, user.ec2)).toMatchObject({ status: 403, code: 'UnauthorizedOperation' })
  })

  it('includes permission to tag, when there are tags', async () => {
    const user = await world.user(ACCOUNT, 'untagger', allow('ec2:CreateVolume'))
    const TagSpecifications = [{ ResourceType: 'volume' as const, Tags: [{ Key: 'team', Value: 'red' }] }]
    const before = (await ec2.send(new DescribeVolumesCommand({}))).Volumes?.length
    expect(withoutBlob(await refusedAs({ ...PLAIN, TagSpecifications, DryRun: true }, user.ec2))).toEqual(
      unauthorized(
        `User: ${user.arn} is not authorized to perform: ec2:CreateTags on resource: ${VOLUMES} because no identity-based policy allows the ec2:CreateTags action`,
      ),
    )
    expect((await ec2.send(new DescribeVolumesCommand({}))).Volumes).toHaveLength(before ?? 0)
    await world.allow(ACCOUNT, 'untagger', allow('ec2:CreateVolume'), {
      ...allow('ec2:CreateTags'),
      Condition: { StringEquals: { 'ec2:CreateAction': 'CreateVolume' } },
    })
    expect((await create({ ...PLAIN, TagSpecifications }, user.ec2)).Tags).toEqual([{ Key: 'team', Value: 'red' }])
  })
})
