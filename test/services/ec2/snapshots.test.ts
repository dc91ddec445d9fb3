import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals'
import {
  AttachVolumeCommand,
  CreateSnapshotCommand,
  CreateSnapshotsCommand,
  CreateVolumeCommand,
  DeleteSnapshotCommand,
  DescribeLockedSnapshotsCommand,
  DescribeSnapshotTierStatusCommand,
  DescribeSnapshotsCommand,
  ListSnapshotsInRecycleBinCommand,
  LockSnapshotCommand,
  RestoreSnapshotFromRecycleBinCommand,
  RunInstancesCommand,
  UnlockSnapshotCommand,
  type DescribeSnapshotsCommandInput,
  type EC2Client,
} from '@aws-sdk/client-ec2'
import { EBSClient } from '@aws-sdk/client-ebs'
import { ec2State, type SnapshotRecord } from '../../../emulator/services/ec2/state.ts'
import { block, contents, sha256, written } from './direct/support.ts'
import { finished, sharing } from './snapshotSupport.ts'
import {
  ACCOUNT,
  DRY_RUN,
  OTHER_ACCOUNT,
  allow,
  badRequest,
  deny,
  refusal,
  settled,
  startWorld,
  unauthorized,
  withoutBlob,
  type World,
} from './support.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const MISSING = 'snap-0fedcba9876543210'

let world: World
let a: EC2Client
let b: EC2Client
let ebs: EBSClient

beforeAll(async () => {
  world = await startWorld()
  a = world.ec2
  b = world.rootOf(OTHER_ACCOUNT).ec2
  ebs = world.emulator.client(EBSClient)
})
afterAll(() => world.stop())

async function volume(ec2 = a, more: object = {}): Promise<string> {
  const { VolumeId = '' } = await ec2.send(
    new CreateVolumeCommand({ AvailabilityZone: 'us-east-1a', Size: 1, ...more }),
  )
  await settled(ec2, VolumeId)
  return VolumeId
}

describe('CreateSnapshot', () => {
  it('answers at once, and is complete later', async () => {
    const KmsKeyId = await world.key()
    const VolumeId = await volume(a, {
      Encrypted: true,
      KmsKeyId,
      TagSpecifications: [{ ResourceType: 'volume', Tags: [{ Key: 'of', Value: 'volume' }] }],
    })
    const made = await a.send(new CreateSnapshotCommand({ VolumeId }))
    const again = await a.send(new CreateSnapshotCommand({ VolumeId }))
    expect(again.SnapshotId).not.toBe(made.SnapshotId)
    expect(made).toEqual({
      $metadata: expect.anything() as unknown,
      SnapshotId: expect.stringMatching(/^snap-0[0-9a-f]{16}$/) as unknown,
      VolumeId,
      State: 'pending',
      StartTime: expect.any(Date) as unknown,
      Progress: '',
      OwnerId: ACCOUNT,
      Description: '',
      VolumeSize: 1,
      Encrypted: true,
      Tags: [],
    })
    expect(await finished(a, made.SnapshotId)).toEqual({
      SnapshotId: made.SnapshotId,
      VolumeId,
      State: 'completed',
      StartTime: made.StartTime,
      CompletionTime: expect.any(Date) as unknown,
      Progress: '100%',
      OwnerId: ACCOUNT,
      Description: '',
      VolumeSize: 1,
      Encrypted: true,
      KmsKeyId,
      StorageTier: 'standard',
      TransferType: 'standard',
      FullSnapshotSizeInBytes: 0,
    })
  })

  it('needs no permission on the key, nor to look', async () => {
    const KmsKeyId = await world.key()
    const VolumeId = await volume(a, { Encrypted: true, KmsKeyId })
    const user = await world.user(
      ACCOUNT,
      'keyless',
      allow('ec2:CreateSnapshot'),
      deny(['kms:*', 'ec2:DescribeVolumes', 'ebs:*']),
    )
    const { SnapshotId, $metadata } = await user.ec2.send(new CreateSnapshotCommand({ VolumeId }))
    expect(await finished(a, SnapshotId)).toMatchObject({ State: 'completed', KmsKeyId })
    const view = world.emulator.emulator.decisions.get($metadata.requestId ?? '')
    expect(view?.gates.map(({ gate }) => gate)).not.toContain('key')
  })

  it('asks about the snapshot and the volume, and about tags when there are any', async () => {
    const VolumeId = await volume()
    const user = await world.user(ACCOUNT, 'snapper')
    const any = 'arn:aws:ec2:us-east-1::snapshot/*'
    const of = `arn:aws:ec2:us-east-1:${ACCOUNT}:volume/${VolumeId}`
    const tried = async (tagged: boolean, ...statements: readonly object[]) => {
      await world.allow(ACCOUNT, 'snapper', ...statements)
      const tags = { TagSpecifications: [{ ResourceType: 'snapshot' as const, Tags: [{ Key: 'k', Value: 'v' }] }] }
      return withoutBlob(
        await refusal(user.ec2.send(new CreateSnapshotCommand({ VolumeId, DryRun: true, ...(tagged && tags) }))),
      )
    }
    const denied = (action: string, resource: string) =>
      unauthorized(
        `User: ${user.arn} is not authorized to perform: ${action} on resource: ${resource} because no identity-based policy allows the ${action} action`,
      )
    expect(await tried(false, allow('ec2:CreateSnapshot', [any, of]))).toEqual(DRY_RUN)
    expect(await tried(false, allow('ec2:CreateSnapshot', any))).toEqual(denied('ec2:CreateSnapshot', of))
    expect(await tried(false, allow('ec2:CreateSnapshot', of))).toEqual(denied('ec2:CreateSnapshot', any))
    expect(await tried(true, allow('ec2:CreateSnapshot'))).toEqual(denied('ec2:CreateTags', any))
    expect(await refusal(user.ec2.send(new CreateSnapshotCommand({ VolumeId: 'bad' })))).toEqual(
      badRequest('InvalidParameterValue', `Value (bad) for parameter volumeId is invalid. Expected: 'vol-...'.`),
    )
  })

  it('is held to one a minute for each volume, where quotas are enforced', async () => {
    const limited = await startWorld({ quotas: 'aws' })
    try {
      const VolumeId = await volume(limited.ec2)
      const other = await volume(limited.ec2)
      await limited.ec2.send(new CreateSnapshotCommand({ VolumeId }))
      expect(await refusal(limited.ec2.send(new CreateSnapshotCommand({ VolumeId })))).toEqual(
        badRequest(
          'SnapshotCreationPerVolumeRateExceeded',
          'The maximum per volume CreateSnapshot request rate has been exceeded. Use an increasing or variable sleep interval between requests.',
        ),
      )
      await limited.ec2.send(new CreateSnapshotCommand({ VolumeId: other }))
      const { clock } = limited.emulator.emulator
      clock.setOffset(clock.offset + 60_000)
      await limited.ec2.send(new CreateSnapshotCommand({ VolumeId }))
    } finally {
      await limited.stop()
    }
  })

  it('carries the bytes on, under the volume’s key when the source had none, however much of it is deleted', async () => {
    const source = await written(ebs, { 0: 1, 9: 2 })
    const KmsKeyId = await world.key()
    const VolumeId = await volume(a, { SnapshotId: source, Encrypted: true, KmsKeyId })
    await a.send(new DeleteSnapshotCommand({ SnapshotId: source }))
    const first = await a.send(new CreateSnapshotCommand({ VolumeId }))
    const second = await a.send(new CreateSnapshotCommand({ VolumeId }))
    for (const { SnapshotId } of [first, second]) {
      expect(await finished(a, SnapshotId)).toMatchObject({ KmsKeyId, FullSnapshotSizeInBytes: 2 * 524_288 })
    }
    await a.send(new DeleteSnapshotCommand({ SnapshotId: first.SnapshotId }))
    const kept = second.SnapshotId ?? ''
    expect(await contents(ebs, kept)).toEqual({ 0: sha256(block(1)), 9: sha256(block(2)) })
  })
})

/** The built-in image. */
const IMAGE_ID = 'ami-0abcdef1234567890'

describe('CreateSnapshots', () => {
  it('takes the volumes of an instance, all of them or some', async () => {
    const { Instances } = await a.send(
      new RunInstancesCommand({ ImageId: IMAGE_ID, MinCount: 1, MaxCount: 1, InstanceType: 't3.micro' }),
    )
    const InstanceId = Instances?.[0]?.InstanceId ?? ''
    const data = await volume()
    await a.send(new AttachVolumeCommand({ InstanceId, VolumeId: data, Device: '/dev/sdf' }))
    const taken = async (more: object) => {
      const { Snapshots = [] } = await a.send(
        new CreateSnapshotsCommand({ Description: 'd', InstanceSpecification: { InstanceId, ...more } }),
      )
      for (const { SnapshotId, State } of Snapshots) {
        expect(State).toBe('pending')
        expect(await finished(a, SnapshotId)).toMatchObject({ State: 'completed', Description: 'd' })
      }
      return Snapshots.map(({ VolumeId }) => VolumeId)
    }
    expect(await taken({})).toHaveLength(2)
    expect(await taken({ ExcludeBootVolume: true })).toEqual([data])
    expect(await taken({ ExcludeDataVolumeIds: [data] })).not.toContain(data)
    expect(
      (
        await refusal(
          a.send(new CreateSnapshotsCommand({ InstanceSpecification: { InstanceId: 'i-0123456789abcdef0' } })),
        )
      ).code,
    ).toBe('InvalidInstanceID.NotFound')
  })
})

describe('DescribeSnapshots', () => {
  const list = async (ec2: EC2Client, more: DescribeSnapshotsCommandInput) => {
    const { Snapshots = [] } = await ec2.send(new DescribeSnapshotsCommand(more))
    return Snapshots.map(({ SnapshotId }) => SnapshotId)
  }

  it('shows what is shared to whom it is shared with, and says whom it is restorable by', async () => {
    const id = await written(ebs, { 0: 1 })
    await a.send(sharing(id, OTHER_ACCOUNT))
    for (const more of [
      { SnapshotIds: [id] },
      {},
      { OwnerIds: [ACCOUNT] },
      { RestorableByUserIds: ['self'] },
      { RestorableByUserIds: [OTHER_ACCOUNT] },
    ]) {
      expect(await list(b, more)).toEqual([id])
    }
    for (const more of [{ OwnerIds: ['self'] }, { RestorableByUserIds: [ACCOUNT] }, { OwnerIds: [OTHER_ACCOUNT] }]) {
      expect(await list(b, more)).toEqual([])
    }
    expect(await list(a, { RestorableByUserIds: [OTHER_ACCOUNT] })).toEqual([id])
    expect(await list(a, { RestorableByUserIds: ['all'] })).toEqual([])
    await a.send(sharing(id, OTHER_ACCOUNT, 'Remove'))
    expect(await list(b, {})).toEqual([])
  })

  it('finds by filter, and refuses unknown ones', async () => {
    const VolumeId = await volume()
    const tags = [{ ResourceType: 'snapshot' as const, Tags: [{ Key: 'env', Value: 'test' }] }]
    const { SnapshotId } = await a.send(
      new CreateSnapshotCommand({ VolumeId, Description: 'found by filter', TagSpecifications: tags }),
    )
    await finished(a, SnapshotId)
    for (const [Name, ...Values] of [
      ['volume-id', VolumeId],
      ['description', 'found*'],
      ['tag:env', 'test'],
      ['tag-key', 'env'],
      ['snapshot-id', SnapshotId ?? ''],
    ] as const) {
      expect(await list(a, { OwnerIds: ['self'], Filters: [{ Name, Values }] })).toEqual([SnapshotId])
    }
    expect(
      await list(a, {
        Filters: [
          { Name: 'volume-id', Values: [VolumeId] },
          { Name: 'status', Values: ['error'] },
        ],
      }),
    ).toEqual([])
    expect(await refusal(list(a, { Filters: [{ Name: 'bad', Values: ['x'] }] }))).toEqual(
      badRequest('InvalidParameterValue', `The filter 'bad' is invalid`),
    )
    const direct = await written(ebs, { 0: 1 })
    expect(await list(a, { Filters: [{ Name: 'volume-id', Values: ['vol-ffffffff'] }] })).toContain(direct)
    expect(await list(b, { Filters: [{ Name: 'volume-id', Values: ['vol-ffffffff'] }] })).toEqual([])
  })
})

describe('10 000 snapshots', () => {
  let crowd: World
  beforeAll(async () => {
    crowd = await startWorld()
    const { store, env } = crowd.emulator.emulator
    const table = ec2State(store).snapshots.in()
    const snapshot = (id: string, account: string): SnapshotRecord => ({
      id,
      account,
      region: 'us-east-1',
      volumeId: 'vol-ffffffff',
      volumeSize: 1,
      state: 'completed',
      progress: '100%',
      startTime: 0,
      description: '',
      encrypted: false,
    })
    store.transaction(() => {
      for (let n = 0; n < 10_010; n++) {
        const id = `snap-0${env.ids.hex(16)}`
        table.put(`us-east-1/${id}`, snapshot(id, n < 10_000 ? ACCOUNT : OTHER_ACCOUNT))
      }
    })
  })
  afterAll(() => crowd.stop())

  it('come in pages, each once, and another account sees none of them', async () => {
    const seen: (string | undefined)[] = []
    let NextToken: string | undefined
    do {
      const page = await crowd.ec2.send(new DescribeSnapshotsCommand({ MaxResults: 1000, NextToken }))
      for (const { SnapshotId } of page.Snapshots ?? []) seen.push(SnapshotId)
      NextToken = page.NextToken
    } while (NextToken !== undefined)
    expect(seen).toHaveLength(10_000)
    expect(seen).toEqual([...new Set(seen)].sort())
    const { Snapshots } = await crowd.rootOf(OTHER_ACCOUNT).ec2.send(new DescribeSnapshotsCommand({}))
    expect(Snapshots).toHaveLength(10)
  })

  it('are looked at only as far as the page goes, and not at all for another account', async () => {
    const { store } = crowd.emulator.emulator
    type Find = (...args: unknown[]) => Iterable<unknown>
    const table = Object.getPrototypeOf(ec2State(store).snapshots.in()) as { find: Find }
    const { find } = table
    let looked = 0
    const spy = jest.spyOn(table, 'find').mockImplementation(function* (this: unknown, ...args) {
      for (const entry of find.apply(this, args)) {
        looked++
        yield entry
      }
    })
    try {
      const { NextToken } = await crowd.ec2.send(new DescribeSnapshotsCommand({ MaxResults: 10 }))
      expect(looked).toBeGreaterThanOrEqual(10)
      expect(looked).toBeLessThan(20)
      await crowd.ec2.send(new DescribeSnapshotsCommand({ MaxResults: 10, NextToken }))
      expect(looked).toBeLessThan(40)
      looked = 0
      await crowd.rootOf(OTHER_ACCOUNT).ec2.send(new DescribeSnapshotsCommand({}))
      expect(looked).toBe(10)
    } finally {
      spy.mockRestore()
    }
  })
})

describe('a locked snapshot', () => {
  const pass = (milliseconds: number) => {
    const { clock } = world.emulator.emulator
    clock.setOffset(clock.offset + milliseconds)
  }
  const LOCKED = 'SnapshotLocked'

  it('in governance mode is not deleted until it is unlocked or its time is over', async () => {
    const SnapshotId = await written(ebs, { 0: 1 })
    const locked = await a.send(new LockSnapshotCommand({ SnapshotId, LockMode: 'governance', LockDuration: 1 }))
    expect(locked).toMatchObject({ SnapshotId, LockState: 'governance', LockDuration: 1 })
    expect((await refusal(a.send(new DeleteSnapshotCommand({ SnapshotId })))).code).toBe(LOCKED)
    const { Snapshots } = await a.send(new DescribeLockedSnapshotsCommand({}))
    expect(Snapshots).toMatchObject([{ SnapshotId, OwnerId: ACCOUNT, LockState: 'governance' }])
    expect((await b.send(new DescribeLockedSnapshotsCommand({}))).Snapshots).toEqual([])
    await a.send(new UnlockSnapshotCommand({ SnapshotId }))
    await a.send(new LockSnapshotCommand({ SnapshotId, LockMode: 'governance', LockDuration: 1 }))
    pass(DAY)
    expect((await a.send(new DescribeLockedSnapshotsCommand({}))).Snapshots).toMatchObject([{ LockState: 'expired' }])
    await a.send(new DeleteSnapshotCommand({ SnapshotId }))
  })

  it('in compliance mode can only be locked longer once the cool-off is over', async () => {
    const SnapshotId = await written(ebs, { 0: 1 })
    const lock = (more: object) => a.send(new LockSnapshotCommand({ SnapshotId, LockMode: 'compliance', ...more }))
    expect(await lock({ LockDuration: 2, CoolOffPeriod: 1 })).toMatchObject({
      LockState: 'compliance-cooloff',
      CoolOffPeriod: 1,
    })
    await a.send(new UnlockSnapshotCommand({ SnapshotId }))
    await lock({ LockDuration: 2, CoolOffPeriod: 1 })
    pass(HOUR)
    expect((await refusal(a.send(new UnlockSnapshotCommand({ SnapshotId })))).code).toBe(LOCKED)
    expect((await refusal(lock({ LockDuration: 1 }))).code).toBe(LOCKED)
    expect((await refusal(lock({ LockMode: 'governance', LockDuration: 9 }))).code).toBe(LOCKED)
    expect(await lock({ LockDuration: 3 })).toMatchObject({ LockState: 'compliance', LockDuration: 3 })
    pass(2 * DAY)
    expect((await refusal(a.send(new DeleteSnapshotCommand({ SnapshotId })))).code).toBe(LOCKED)
    pass(DAY)
    await a.send(new DeleteSnapshotCommand({ SnapshotId }))
  })
})

describe('what there is no more', () => {
  it('is refused, and is in no recycle bin', async () => {
    const gone = badRequest('InvalidSnapshot.NotFound', `The snapshot '${MISSING}' does not exist.`)
    expect(await refusal(a.send(new DeleteSnapshotCommand({ SnapshotId: MISSING })))).toEqual(gone)
    expect(await refusal(a.send(new RestoreSnapshotFromRecycleBinCommand({ SnapshotId: MISSING })))).toEqual(gone)
    expect((await a.send(new ListSnapshotsInRecycleBinCommand({}))).Snapshots).toEqual([])
    const id = await written(ebs, { 0: 1 })
    const tiers = await a.send(
      new DescribeSnapshotTierStatusCommand({ Filters: [{ Name: 'snapshot-id', Values: [id] }] }),
    )
    expect(tiers.SnapshotTierStatuses).toMatchObject([{ SnapshotId: id, OwnerId: ACCOUNT, StorageTier: 'standard' }])
    await a.send(sharing(id, OTHER_ACCOUNT))
    expect(await refusal(b.send(new DeleteSnapshotCommand({ SnapshotId: id })))).toEqual(
      badRequest('InvalidSnapshot.NotFound', `The snapshot '${id}' does not exist.`),
    )
    await a.send(new DeleteSnapshotCommand({ SnapshotId: id }))
  })
})
