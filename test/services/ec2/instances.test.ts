import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import {
  AttachVolumeCommand,
  CreateVolumeCommand,
  DeleteVolumeCommand,
  DescribeInstanceAttributeCommand,
  DescribeInstancesCommand,
  DescribeInstanceStatusCommand,
  DescribeVolumesCommand,
  DetachVolumeCommand,
  RebootInstancesCommand,
  RunInstancesCommand,
  StartInstancesCommand,
  StopInstancesCommand,
  TerminateInstancesCommand,
  type BlockDeviceMapping,
  type EC2Client,
  type Instance,
  type RunInstancesCommandInput,
  type Volume,
} from '@aws-sdk/client-ec2'
import {
  CancelKeyDeletionCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  ListGrantsCommand,
  ScheduleKeyDeletionCommand,
} from '@aws-sdk/client-kms'
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
  until,
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

const IMAGE = 'ami-0abcdef1234567890'
const BASE: RunInstancesCommandInput = { ImageId: IMAGE, MinCount: 1, MaxCount: 1, InstanceType: 't3.micro' }

async function run(input: Partial<RunInstancesCommandInput> = {}, client = ec2) {
  const { Instances, $metadata } = await client.send(new RunInstancesCommand({ ...BASE, ...input }))
  return { instance: Instances?.[0] ?? {}, requestId: $metadata.requestId }
}

async function look(id: string | undefined, client = ec2): Promise<Instance> {
  const { Reservations } = await client.send(new DescribeInstancesCommand({ InstanceIds: [id ?? ''] }))
  return Reservations?.[0]?.Instances?.[0] ?? {}
}

const reaches = (id: string | undefined, ...states: string[]) =>
  until(async () => {
    const instance = await look(id)
    return states.includes(instance.State?.Name ?? '') ? instance : undefined
  })

const encryptedRoot = (KmsKeyId: string, more: object = {}): BlockDeviceMapping[] => [
  { DeviceName: '/dev/xvda', Ebs: { Encrypted: true, KmsKeyId, ...more } },
]

async function volume(id: string | undefined): Promise<Volume> {
  const { Volumes } = await ec2.send(new DescribeVolumesCommand({ VolumeIds: [id ?? ''] }))
  return Volumes?.[0] ?? {}
}

const hostOf = (id: string | undefined) => `arn:aws:sts::${ACCOUNT}:assumed-role/aws:ec2-infrastructure/${id ?? ''}`

async function grantsTo(KeyId: string, GranteePrincipal: string) {
  const { Grants } = await world.kms.send(new ListGrantsCommand({ KeyId }))
  return (Grants ?? []).filter((grant) => grant.GranteePrincipal === GranteePrincipal)
}

const gates = async (requestId: string | undefined) => {
  const view = await until(() => Promise.resolve(world.emulator.emulator.decisions.get(requestId ?? '')))
  return view.gates.filter(({ gate }) => gate === 'key').map(({ operation, outcome }) => `${operation} ${outcome}`)
}

async function newVolume(KmsKeyId?: string, AvailabilityZone = 'us-east-1a'): Promise<string> {
  const { VolumeId } = await ec2.send(
    new CreateVolumeCommand({ AvailabilityZone, Size: 1, ...(KmsKeyId && { Encrypted: true, KmsKeyId }) }),
  )
  await settled(ec2, VolumeId)
  return VolumeId ?? ''
}

const attach = (VolumeId: string, InstanceId: string | undefined, Device = '/dev/sdf') =>
  ec2.send(new AttachVolumeCommand({ VolumeId, InstanceId: InstanceId ?? '', Device }))

describe('RunInstances', () => {
  it('answers pending, and then there is an instance with its volume', async () => {
    const { instance } = await run({
      TagSpecifications: [{ ResourceType: 'instance', Tags: [{ Key: 'a', Value: '1' }] }],
    })
    expect(instance).toMatchObject({
      ImageId: IMAGE,
      InstanceType: 't3.micro',
      State: { Code: 0, Name: 'pending' },
      StateReason: { Code: 'pending', Message: 'pending' },
      Placement: { AvailabilityZone: 'us-east-1a' },
      Tags: [{ Key: 'a', Value: '1' }],
    })
    expect(instance.InstanceId).toMatch(/^i-0[0-9a-f]{16}$/)
    const running = await reaches(instance.InstanceId, 'running')
    expect(running.StateReason).toBeUndefined()
    const [device] = running.BlockDeviceMappings ?? []
    expect(device).toMatchObject({ DeviceName: '/dev/xvda', Ebs: { Status: 'attached', DeleteOnTermination: true } })
    expect(await volume(device?.Ebs?.VolumeId)).toMatchObject({
      State: 'in-use',
      Size: 8,
      VolumeType: 'gp3',
      Encrypted: false,
      Attachments: [{ InstanceId: instance.InstanceId, State: 'attached' }],
    })
  })

  it('launches several in one reservation, once for each token', async () => {
    const input = { MinCount: 2, MaxCount: 3, ClientToken: 'once' }
    const first = await ec2.send(new RunInstancesCommand({ ...BASE, ...input }))
    const again = await ec2.send(new RunInstancesCommand({ ...BASE, ...input }))
    expect(first.Instances?.map(({ AmiLaunchIndex }) => AmiLaunchIndex)).toEqual([0, 1, 2])
    expect(again.ReservationId).toBe(first.ReservationId)
    expect(again.Instances?.map(({ InstanceId }) => InstanceId)).toEqual(
      first.Instances?.map(({ InstanceId }) => InstanceId),
    )
    expect(await refusal(ec2.send(new RunInstancesCommand({ ...BASE, ...input, MaxCount: 4 })))).toEqual(
      badRequest(
        'IdempotentParameterMismatch',
        'Parameters on this idempotent request are inconsistent with parameters used in previous request(s).',
      ),
    )
  })

  it.each<[string, Partial<RunInstancesCommandInput>, string, string]>([
    [
      'an image that is none',
      { ImageId: 'ami-0123456789abcdef0' },
      'InvalidAMIID.NotFound',
      "The image id '[ami-0123456789abcdef0]' does not exist",
    ],
    [
      'an image id that is none',
      { ImageId: 'bad' },
      'InvalidAMIID.Malformed',
      'Invalid id: "bad" (expecting "ami-...")',
    ],
    [
      'an unknown zone',
      { Placement: { AvailabilityZone: 'x' } },
      'InvalidZone.NotFound',
      "The zone 'x' does not exist.",
    ],
    [
      'a key without encryption',
      { BlockDeviceMappings: [{ DeviceName: '/dev/xvda', Ebs: { KmsKeyId: 'alias/x' } }] },
      'InvalidParameterDependency',
      'The parameter [KmsKeyId] requires the parameter Encrypted to be set.',
    ],
    [
      'a snapshot that is none',
      { BlockDeviceMappings: [{ DeviceName: '/dev/sdb', Ebs: { SnapshotId: 'snap-0fedcba9876543210' } }] },
      'InvalidSnapshot.NotFound',
      "The snapshot 'snap-0fedcba9876543210' does not exist.",
    ],
  ])('refuses %s', async (_what, input, code, message) => {
    expect(await refusal(run(input))).toEqual(badRequest(code, message))
  })

  it('needs permission on all that is used and made', async () => {
    const user = await world.user(ACCOUNT, 'launcher', allow('ec2:RunInstances'))
    expect(await refusal(run({ DryRun: true }, user.ec2))).toEqual(DRY_RUN)
    const small = { StringEquals: { 'ec2:InstanceType': 't3.nano' } }
    await world.allow(ACCOUNT, 'launcher', allow('ec2:RunInstances'), {
      ...deny('ec2:RunInstances'),
      Resource: 'arn:aws:ec2:*:*:instance/*',
      Condition: { StringNotEquals: small.StringEquals },
    })
    expect(withoutBlob(await refusal(run({}, user.ec2)))).toEqual(
      unauthorized(
        `User: ${user.arn} is not authorized to perform: ec2:RunInstances on resource: arn:aws:ec2:us-east-1:${ACCOUNT}:instance/* with an explicit deny in an identity-based policy`,
      ),
    )
    expect(await refusal(run({ InstanceType: 't3.nano', DryRun: true }, user.ec2))).toEqual(DRY_RUN)
    await world.allow(ACCOUNT, 'launcher', allow('ec2:RunInstances'), {
      ...deny('ec2:RunInstances'),
      Resource: 'arn:aws:ec2:*:*:volume/*',
      Condition: { Bool: { 'ec2:Encrypted': 'false' } },
    })
    expect(withoutBlob(await refusal(run({}, user.ec2))).message).toContain(`:volume/* with an explicit deny`)
    const mappings = encryptedRoot('alias/aws/ebs')
    expect(await refusal(run({ BlockDeviceMappings: mappings, DryRun: true }, user.ec2))).toEqual(DRY_RUN)
  })
})

describe('an encrypted volume at launch', () => {
  it('is decrypted by the host through its grant, until it is stopped', async () => {
    const key = await world.key()
    const { instance, requestId } = await run({ BlockDeviceMappings: encryptedRoot(key) })
    const { BlockDeviceMappings } = await reaches(instance.InstanceId, 'running')
    const VolumeId = BlockDeviceMappings?.[0]?.Ebs?.VolumeId ?? ''
    expect(await volume(VolumeId)).toMatchObject({ Encrypted: true, KmsKeyId: key, State: 'in-use' })
    expect(await gates(requestId)).toEqual([
      'GenerateDataKeyWithoutPlaintext allowed',
      'CreateGrant allowed',
      'CreateGrant allowed',
      'Decrypt allowed',
    ])
    expect(await grantsTo(key, hostOf(instance.InstanceId))).toMatchObject([
      {
        Operations: ['Decrypt'],
        RetiringPrincipal: 'ec2.us-east-1.amazonaws.com',
        Constraints: { EncryptionContextSubset: { 'aws:ebs:id': VolumeId } },
      },
    ])

    const stopping = await ec2.send(new StopInstancesCommand({ InstanceIds: [instance.InstanceId ?? ''] }))
    expect(stopping.StoppingInstances).toEqual([
      {
        InstanceId: instance.InstanceId,
        PreviousState: { Code: 16, Name: 'running' },
        CurrentState: { Code: 64, Name: 'stopping' },
      },
    ])
    const stopped = await reaches(instance.InstanceId, 'stopped')
    expect(stopped.StateReason?.Code).toBe('Client.UserInitiatedShutdown')
    await until(async () => ((await grantsTo(key, hostOf(instance.InstanceId))).length === 0 ? true : undefined))
    expect((await volume(VolumeId)).State).toBe('in-use')
  })

  it.each<[string, (key: string) => Promise<unknown>, string, string]>([
    [
      'disabled',
      (KeyId) => world.kms.send(new DisableKeyCommand({ KeyId })),
      'Client.InvalidKMSKey.InvalidState',
      'The KMS key provided is in an incorrect state',
    ],
    [
      'to be deleted',
      (KeyId) => world.kms.send(new ScheduleKeyDeletionCommand({ KeyId })),
      'Client.InvalidKMSKey.InvalidState',
      'The KMS key provided is in an incorrect state',
    ],
  ])('under a key that is %s, ends the launch', async (_what, spoil, Code, Message) => {
    const key = await world.key()
    await spoil(key)
    const { instance } = await run({ BlockDeviceMappings: encryptedRoot(key) })
    expect(instance.State?.Name).toBe('pending')
    const over = await reaches(instance.InstanceId, 'terminated', 'running')
    expect(over.State?.Name).toBe('terminated')
    expect(over.StateReason).toEqual({ Code, Message })
    expect(over.BlockDeviceMappings).toEqual([])
  })

  it.each(['kms:CreateGrant', 'kms:GenerateDataKeyWithoutPlaintext'])('without %s, ends the launch', async (action) => {
    const key = await world.key()
    const name = `no-${action.slice(4)}`
    const user = await world.user(ACCOUNT, name, allow(['ec2:*', 'kms:*']), deny(action))
    const { instance, requestId } = await run({ BlockDeviceMappings: encryptedRoot(key) }, user.ec2)
    const over = await reaches(instance.InstanceId, 'terminated', 'running')
    expect(over.StateReason).toEqual({
      Code: 'Client.InternalError',
      Message: 'Client.InternalError: Client error on launch',
    })
    expect((await gates(requestId)).at(-1)).toBe(`${action.slice(4)} denied`)
    await until(async () => {
      const { Grants } = await world.kms.send(new ListGrantsCommand({ KeyId: key }))
      return Grants?.length === 0 ? true : undefined
    })
  })

  it('does not need the caller to decrypt', async () => {
    const key = await world.key()
    const user = await world.user(ACCOUNT, 'no-decrypt', allow(['ec2:*', 'kms:*']), deny('kms:Decrypt'))
    const { instance } = await run({ BlockDeviceMappings: encryptedRoot(key) }, user.ec2)
    expect((await reaches(instance.InstanceId, 'terminated', 'running')).State?.Name).toBe('running')
  })
})

describe('a key that is disabled later', () => {
  it('leaves a running instance alone, and fails its next start', async () => {
    const key = await world.key()
    const { instance } = await run({ BlockDeviceMappings: encryptedRoot(key) })
    const InstanceIds = [instance.InstanceId ?? '']
    await reaches(instance.InstanceId, 'running')
    await world.kms.send(new DisableKeyCommand({ KeyId: key }))
    await ec2.send(new RebootInstancesCommand({ InstanceIds }))
    expect((await look(instance.InstanceId)).State?.Name).toBe('running')
    await ec2.send(new StopInstancesCommand({ InstanceIds }))
    await reaches(instance.InstanceId, 'stopped')
    const { StartingInstances } = await ec2.send(new StartInstancesCommand({ InstanceIds }))
    expect(StartingInstances?.[0]).toMatchObject({
      PreviousState: { Name: 'stopped' },
      CurrentState: { Name: 'pending' },
    })
    const failed = await until(async () => {
      const seen = await look(instance.InstanceId)
      return seen.State?.Name === 'stopped' ? seen : undefined
    })
    expect(failed.StateReason).toEqual({
      Code: 'Client.InvalidKMSKey.InvalidState',
      Message: 'The KMS key provided is in an incorrect state',
    })
    await world.kms.send(new EnableKeyCommand({ KeyId: key }))
    await ec2.send(new StartInstancesCommand({ InstanceIds }))
    await reaches(instance.InstanceId, 'running')
    expect(await grantsTo(key, hostOf(instance.InstanceId))).toHaveLength(1)
  })
})

describe('the states of an instance', () => {
  it('do not allow everything, and change for all or none', async () => {
    const { instance: one } = await run()
    const { instance: two } = await run()
    await reaches(one.InstanceId, 'running')
    await reaches(two.InstanceId, 'running')
    const [id = '', other = ''] = [one.InstanceId, two.InstanceId]
    const { TerminatingInstances } = await ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] }))
    expect(TerminatingInstances?.[0]).toMatchObject({ PreviousState: { Code: 16 }, CurrentState: { Code: 32 } })
    await reaches(id, 'terminated')
    expect(await refusal(ec2.send(new StartInstancesCommand({ InstanceIds: [id] })))).toEqual(
      badRequest('IncorrectInstanceState', `The instance '${id}' is not in a state from which it can be started.`),
    )
    expect(await refusal(ec2.send(new StopInstancesCommand({ InstanceIds: [other, id] })))).toEqual(
      badRequest('IncorrectInstanceState', `The instance '${id}' is not in a state from which it can be stopped.`),
    )
    expect((await look(other)).State?.Name).toBe('running')
    expect(await refusal(ec2.send(new StopInstancesCommand({ InstanceIds: ['i-0fedcba9876543210'] })))).toEqual(
      badRequest('InvalidInstanceID.NotFound', "The instance ID 'i-0fedcba9876543210' does not exist"),
    )
    expect(await refusal(ec2.send(new StopInstancesCommand({ InstanceIds: ['bad'] })))).toEqual(
      badRequest('InvalidInstanceID.Malformed', 'Invalid id: "bad" (expecting "i-...")'),
    )
  })

  it('end with the volumes that are to be deleted', async () => {
    const key = await world.key()
    const kept = { DeviceName: '/dev/sdb', Ebs: { VolumeSize: 1, DeleteOnTermination: false } }
    const { instance } = await run({ BlockDeviceMappings: [...encryptedRoot(key), kept] })
    const { BlockDeviceMappings = [] } = await reaches(instance.InstanceId, 'running')
    const [second, first] = BlockDeviceMappings.map(({ Ebs }) => Ebs?.VolumeId)
    await ec2.send(new TerminateInstancesCommand({ InstanceIds: [instance.InstanceId ?? ''] }))
    await reaches(instance.InstanceId, 'terminated')
    await until(async () => ((await settled(ec2, first)) === undefined ? true : undefined))
    expect((await volume(second)).State).toBe('available')
    await until(async () => {
      const { Grants } = await world.kms.send(new ListGrantsCommand({ KeyId: key }))
      return Grants?.length === 0 ? true : undefined
    })
  })

  it('may be protected from their owner', async () => {
    const { instance } = await run({ DisableApiTermination: true })
    const id = instance.InstanceId ?? ''
    expect(await refusal(ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] })))).toEqual(
      badRequest(
        'OperationNotPermitted',
        `The instance '${id}' may not be terminated. Modify its 'disableApiTermination' instance attribute and try again.`,
      ),
    )
    const attribute = await ec2.send(
      new DescribeInstanceAttributeCommand({ InstanceId: id, Attribute: 'disableApiTermination' }),
    )
    expect(attribute.DisableApiTermination).toEqual({ Value: true })
  })

  it('are listed, filtered and reported', async () => {
    const { instance } = await run({ InstanceType: 'm5.large' })
    await reaches(instance.InstanceId, 'running')
    const Filters = [
      { Name: 'instance-type', Values: ['m5.*'] },
      { Name: 'instance-state-name', Values: ['running'] },
    ]
    const { Reservations } = await ec2.send(new DescribeInstancesCommand({ Filters }))
    expect(Reservations?.flatMap(({ Instances }) => Instances?.map(({ InstanceId }) => InstanceId))).toEqual([
      instance.InstanceId,
    ])
    const { InstanceStatuses } = await ec2.send(
      new DescribeInstanceStatusCommand({ InstanceIds: [instance.InstanceId ?? ''] }),
    )
    expect(InstanceStatuses).toMatchObject([{ InstanceState: { Name: 'running' }, InstanceStatus: { Status: 'ok' } }])
    const page = await ec2.send(new DescribeInstancesCommand({ MaxResults: 5 }))
    const rest = await ec2.send(new DescribeInstancesCommand({ MaxResults: 1000, NextToken: page.NextToken }))
    const all = await ec2.send(new DescribeInstancesCommand({}))
    const idsOf = (answer: typeof page) =>
      (answer.Reservations ?? []).flatMap(({ Instances = [] }) => Instances.map(({ InstanceId }) => InstanceId)).sort()
    expect([...idsOf(page), ...idsOf(rest)].sort()).toEqual(idsOf(all))
  })
})

describe('attaching a volume', () => {
  let id: string
  beforeAll(async () => {
    id = (await run()).instance.InstanceId ?? ''
    await reaches(id, 'running')
  })

  it('lends the host its key, until it is detached', async () => {
    const key = await world.key()
    const VolumeId = await newVolume(key)
    const { $metadata, ...answer } = await attach(VolumeId, id)
    expect(answer).toMatchObject({ VolumeId, InstanceId: id, Device: '/dev/sdf', State: 'attaching' })
    await until(async () => ((await volume(VolumeId)).Attachments?.[0]?.State === 'attached' ? true : undefined))
    expect(await gates($metadata.requestId)).toEqual(['CreateGrant allowed', 'Decrypt allowed'])
    expect(await grantsTo(key, hostOf(id))).toHaveLength(1)
    expect(await refusal(ec2.send(new DeleteVolumeCommand({ VolumeId })))).toMatchObject({ code: 'VolumeInUse' })
    expect(await refusal(attach(VolumeId, id, '/dev/sdg'))).toEqual(
      badRequest('VolumeInUse', `${VolumeId} is already attached to an instance`),
    )
    const detached = await ec2.send(new DetachVolumeCommand({ VolumeId }))
    expect(detached).toMatchObject({ VolumeId, InstanceId: id, State: 'detaching' })
    await until(async () => ((await volume(VolumeId)).State === 'available' ? true : undefined))
    await until(async () => ((await grantsTo(key, hostOf(id))).length === 0 ? true : undefined))
    expect(await refusal(ec2.send(new DetachVolumeCommand({ VolumeId })))).toEqual(
      badRequest('IncorrectState', `Volume '${VolumeId}' is in the 'available' state.`),
    )
  })

  it('fails under a key that cannot be used, and the volume is free again', async () => {
    const key = await world.key()
    const VolumeId = await newVolume(key)
    await world.kms.send(new DisableKeyCommand({ KeyId: key }))
    const disabled = await attach(VolumeId, id)
    expect(disabled.State).toBe('attaching')
    await until(async () => ((await volume(VolumeId)).State === 'available' ? true : undefined))
    expect(await gates(disabled.$metadata.requestId)).toEqual(['CreateGrant failed'])
    await world.kms.send(new ScheduleKeyDeletionCommand({ KeyId: key }))
    await attach(VolumeId, id)
    const free = await until(async () => {
      const seen = await volume(VolumeId)
      return seen.State === 'available' ? seen : undefined
    })
    expect(free.Attachments).toEqual([])
    await world.kms.send(new CancelKeyDeletionCommand({ KeyId: key }))
  })

  it('fails without permission to grant', async () => {
    const key = await world.key()
    const VolumeId = await newVolume(key)
    const user = await world.user(ACCOUNT, 'attacher', allow(['ec2:*', 'kms:*']), deny('kms:CreateGrant'))
    const { $metadata } = await user.ec2.send(new AttachVolumeCommand({ VolumeId, InstanceId: id, Device: '/dev/sdf' }))
    await until(async () => ((await volume(VolumeId)).State === 'available' ? true : undefined))
    expect(await gates($metadata.requestId)).toEqual(['CreateGrant denied'])
  })

  it('needs the same zone, a free device and permission on both', async () => {
    const away = await newVolume(undefined, 'us-east-1b')
    expect(await refusal(attach(away, id))).toEqual(
      badRequest(
        'InvalidVolume.ZoneMismatch',
        `The volume '${away}' is not in the same availability zone as instance '${id}'`,
      ),
    )
    const here = await newVolume()
    expect(await refusal(attach(here, id, '/dev/xvda'))).toEqual(
      badRequest(
        'InvalidParameterValue',
        "Invalid value '/dev/xvda' for unixDevice. Attachment point /dev/xvda is already in use",
      ),
    )
    const arn = `arn:aws:ec2:us-east-1:${ACCOUNT}`
    const user = await world.user(ACCOUNT, 'half', { ...allow('ec2:AttachVolume'), Resource: `${arn}:volume/*` })
    const denial = await refusal(
      user.ec2.send(new AttachVolumeCommand({ VolumeId: here, InstanceId: id, Device: '/dev/sdf' })),
    )
    expect(withoutBlob(denial)).toEqual(
      unauthorized(
        `User: ${user.arn} is not authorized to perform: ec2:AttachVolume on resource: ${arn}:instance/${id} because no identity-based policy allows the ec2:AttachVolume action`,
      ),
    )
    expect((await volume(here)).State).toBe('available')
  })

  it('does not take the root volume from a running instance', async () => {
    const { BlockDeviceMappings } = await look(id)
    const root = BlockDeviceMappings?.find(({ DeviceName }) => DeviceName === '/dev/xvda')?.Ebs?.VolumeId ?? ''
    expect(await refusal(ec2.send(new DetachVolumeCommand({ VolumeId: root })))).toEqual(
      badRequest('OperationNotPermitted', `Unable to detach root volume '/dev/xvda' from instance '${id}'`),
    )
  })
})
