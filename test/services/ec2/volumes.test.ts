import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import {
  CreateVolumeCommand,
  DeleteVolumeCommand,
  DescribeVolumeAttributeCommand,
  DescribeVolumesCommand,
  DescribeVolumesModificationsCommand,
  DescribeVolumeStatusCommand,
  EnableVolumeIOCommand,
  ModifyVolumeAttributeCommand,
  ModifyVolumeCommand,
  type DescribeVolumesCommandInput,
  type EC2Client,
  type ModifyVolumeCommandInput,
} from '@aws-sdk/client-ec2'
import type { Ec2State } from '../../../emulator/services/ec2/state.ts'
import {
  ACCOUNT,
  allow,
  badRequest,
  deny,
  DRY_RUN,
  OTHER_ACCOUNT,
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
beforeEach(() => {
  world.emulator.emulator.reset()
})

const UNKNOWN = 'vol-0fedcba9876543210'
const ZERO = 'vol-00000000000000000'
const notFound = (id: string) => badRequest('InvalidVolume.NotFound', `The volume '${id}' does not exist.`)

async function volume(more: object = {}, client = ec2): Promise<string> {
  const { VolumeId = '' } = await client.send(
    new CreateVolumeCommand({ AvailabilityZone: 'us-east-1a', Size: 1, ...more }),
  )
  await settled(client, VolumeId)
  return VolumeId
}

const describeVolumes = async (input: DescribeVolumesCommandInput, client = ec2) =>
  (await client.send(new DescribeVolumesCommand(input))).Volumes?.map(({ VolumeId }) => VolumeId)

describe('DescribeVolumes', () => {
  it("finds its own by id, and no other account's", async () => {
    const id = await volume()
    expect(await describeVolumes({ VolumeIds: [id] })).toEqual([id])
    const b = world.rootOf(OTHER_ACCOUNT).ec2
    expect(await refusal(describeVolumes({ VolumeIds: [id] }, b))).toEqual(notFound(id))
    expect(await describeVolumes({}, b)).toEqual([])
  })

  it.each([
    ['', 'MissingParameter', 'The request must contain the parameter volumes'],
    ['bad', 'InvalidParameterValue', "Value (bad) for parameter volumes is invalid. Expected: 'vol-...'."],
    [ZERO, 'InvalidVolumeID.Malformed', `Value ( ${ZERO} ) for parameter VOLUME is invalid. `],
    [UNKNOWN, 'InvalidVolume.NotFound', `The volume '${UNKNOWN}' does not exist.`],
    ['vol-12345678', 'InvalidVolume.NotFound', "The volume 'vol-12345678' does not exist."],
  ])('refuses the id `%s`, but not on a dry run', async (id, code, message) => {
    expect(await refusal(describeVolumes({ VolumeIds: [id] }))).toEqual(badRequest(code, message))
    expect(await refusal(describeVolumes({ VolumeIds: [id], DryRun: true }))).toEqual(DRY_RUN)
  })

  it('filters by what a volume is', async () => {
    const tags = (team: string) => [{ ResourceType: 'volume', Tags: [{ Key: 'team', Value: team }] }]
    const a = await volume({ VolumeType: 'gp3', TagSpecifications: tags('red') })
    const b = await volume({ Size: 7, AvailabilityZone: 'us-east-1b', TagSpecifications: tags('blue') })
    const c = await volume({ Encrypted: true })
    const found = async (...Filters: { Name: string; Values: string[] }[]) =>
      (await describeVolumes({ Filters }))?.sort()
    const sorted = (...ids: string[]) => ids.sort()
    expect(await found({ Name: 'volume-type', Values: ['gp3'] })).toEqual([a])
    expect(await found({ Name: 'size', Values: ['7', '8'] })).toEqual([b])
    expect(await found({ Name: 'encrypted', Values: ['true'] })).toEqual([c])
    expect(await found({ Name: 'availability-zone', Values: ['*b'] })).toEqual([b])
    expect(await found({ Name: 'availability-zone-id', Values: ['use1-az2'] })).toEqual([b])
    expect(await found({ Name: 'tag:team', Values: ['red'] })).toEqual([a])
    expect(await found({ Name: 'tag:team', Values: ['r?d', 'bl*'] })).toEqual(sorted(a, b))
    expect(await found({ Name: 'tag-key', Values: ['team'] })).toEqual(sorted(a, b))
    expect(await found({ Name: 'volume-id', Values: [a, c, UNKNOWN] })).toEqual(sorted(a, c))
    expect(
      await found(
        { Name: 'status', Values: ['available'] },
        { Name: 'tag-key', Values: ['team'] },
        { Name: 'size', Values: ['1'] },
      ),
    ).toEqual([a])
    expect(await found({ Name: 'size', Values: [] })).toEqual([])
    expect(await refusal(found({ Name: 'sizes', Values: ['1'] }))).toEqual(
      badRequest('InvalidParameterValue', "The filter 'sizes' is invalid"),
    )
  })

  it('comes in pages, with and without filters', async () => {
    const ids: string[] = []
    for (let n = 0; n < 12; n++) ids.push(await volume({ Size: 1 + (n % 2) }))
    const pages = async (input: DescribeVolumesCommandInput) => {
      const sizes: number[] = []
      const seen: (string | undefined)[] = []
      let NextToken: string | undefined
      do {
        const page = await ec2.send(new DescribeVolumesCommand({ ...input, NextToken }))
        seen.push(...(page.Volumes ?? []).map(({ VolumeId }) => VolumeId))
        sizes.push(page.Volumes?.length ?? 0)
        NextToken = page.NextToken
      } while (NextToken !== undefined)
      return { seen, sizes }
    }
    expect(await pages({ MaxResults: 5 })).toEqual({ seen: [...ids].sort(), sizes: [5, 5, 2] })
    const even = await pages({ MaxResults: 5, Filters: [{ Name: 'size', Values: ['2'] }] })
    expect(even.seen).toHaveLength(6)
    expect((await describeVolumes({ MaxResults: 1001 }))?.length).toBe(12)
    expect(await refusal(describeVolumes({ MaxResults: 4 }))).toMatchObject({
      status: 400,
      code: 'InvalidParameterValue',
    })
    expect(await refusal(describeVolumes({ MaxResults: 5, VolumeIds: [ids[0] ?? ''] }))).toEqual(
      badRequest('InvalidParameterCombination', 'The parameter volumeSet cannot be used with the parameter maxResults'),
    )
    expect(await refusal(describeVolumes({ NextToken: 'x' }))).toEqual(
      badRequest('InvalidParameterValue', 'Value ( x ) for parameter NextToken is invalid. The token is invalid.'),
    )
  })

  it('pages through 10 000 volumes at the cost of the page', async () => {
    const { store, registry } = world.emulator.emulator
    const state = registry.require('ec2').state as Ec2State
    const first = await volume()
    const template = state.volumes.in(ACCOUNT, 'us-east-1').get(first)!
    store.transaction(() => {
      for (let n = 0; n < 10_000; n++) {
        const id = `vol-0${n.toString(16).padStart(16, '0')}`
        state.volumes.in(ACCOUNT, 'us-east-1').put(id, { ...template, id })
        state.volumes.in(OTHER_ACCOUNT, 'us-east-1').put(id, { ...template, id, account: OTHER_ACCOUNT })
      }
    })
    const page = async (NextToken?: string) => {
      const began = performance.now()
      const { NextToken: next, Volumes } = await ec2.send(new DescribeVolumesCommand({ MaxResults: 10, NextToken }))
      return { next, took: performance.now() - began, ids: Volumes?.map(({ VolumeId }) => VolumeId) }
    }
    let token: string | undefined
    const took: number[] = []
    const seen = new Set<string | undefined>()
    for (let n = 0; n < 40; n++) {
      const { next, took: time, ids } = await page(token)
      token = next
      took.push(time)
      for (const id of ids ?? []) seen.add(id)
    }
    expect(seen.size).toBe(400)
    // A look at all of them, with their tags, takes many times as long.
    const began = performance.now()
    expect(await describeVolumes({})).toHaveLength(10_001)
    const all = performance.now() - began
    const median = took.sort((a, b) => a - b)[20] ?? 0
    expect(median).toBeLessThan(all / 10)
  })
})

describe('DeleteVolume', () => {
  const remove = (VolumeId: string | undefined, more: object = {}, client = ec2) =>
    client.send(new DeleteVolumeCommand({ VolumeId, ...more }))

  it('deletes at once after the creation', async () => {
    const { VolumeId } = await ec2.send(new CreateVolumeCommand({ AvailabilityZone: 'us-east-1a', Size: 1 }))
    await remove(VolumeId)
    await until(async () => ((await describeVolumes({}))?.length === 0 ? true : undefined))
    expect(await refusal(remove(VolumeId))).toEqual(notFound(VolumeId ?? ''))
  })

  it.each([
    [
      undefined,
      'MissingParameter',
      'The request must include the VolumeId parameter. Add the required parameter and retry the request.',
    ],
    ['', 'InvalidParameterValue', "The volume ID '' is malformed"],
    ['bad', 'InvalidParameterValue', "The volume ID 'bad' is malformed"],
    [ZERO, 'InvalidParameterValue', `The volume ID '${ZERO}' is malformed`],
  ])('refuses the id `%s` before everything else', async (id, code, message) => {
    expect(await refusal(remove(id))).toEqual(badRequest(code, message))
    const nobody = await world.user(ACCOUNT, 'nobody', deny('ec2:*'))
    expect(await refusal(remove(id, { DryRun: true }, nobody.ec2))).toEqual(badRequest(code, message))
  })

  it('asks for permission on the volume', async () => {
    const id = await volume({ TagSpecifications: [{ ResourceType: 'volume', Tags: [{ Key: 'team', Value: 'red' }] }] })
    const user = await world.user(ACCOUNT, 'remover', {
      ...allow('ec2:DeleteVolume'),
      Condition: { StringEquals: { 'ec2:ResourceTag/team': 'blue' } },
    })
    expect(withoutBlob(await refusal(remove(id, {}, user.ec2)))).toEqual(
      unauthorized(
        `User: ${user.arn} is not authorized to perform: ec2:DeleteVolume on resource: arn:aws:ec2:us-east-1:${ACCOUNT}:volume/${id} because no identity-based policy allows the ec2:DeleteVolume action`,
      ),
    )
    expect(await describeVolumes({ VolumeIds: [id] })).toEqual([id])
    await world.allow(ACCOUNT, 'remover', {
      ...allow('ec2:DeleteVolume'),
      Condition: { StringEquals: { 'aws:ResourceTag/team': 'red' } },
    })
    expect(await refusal(remove(id, { DryRun: true }, user.ec2))).toEqual(DRY_RUN)
    await remove(id, {}, user.ec2)
  })
})

describe('a volume that is being deleted', () => {
  it('is still shown by DescribeVolumes, and no longer there for anything else', async () => {
    const slow = await startWorld({ asyncDelay: 60_000 })
    try {
      const { VolumeId = '' } = await slow.ec2.send(
        new CreateVolumeCommand({ AvailabilityZone: 'us-east-1a', Size: 1 }),
      )
      await slow.ec2.send(new DeleteVolumeCommand({ VolumeId }))
      const { Volumes } = await slow.ec2.send(new DescribeVolumesCommand({ VolumeIds: [VolumeId] }))
      expect(Volumes?.[0]?.State).toBe('deleting')
      for (const command of [
        new DescribeVolumeStatusCommand({ VolumeIds: [VolumeId] }),
        new DescribeVolumesModificationsCommand({ VolumeIds: [VolumeId] }),
        new DeleteVolumeCommand({ VolumeId }),
      ]) {
        expect(await refusal(slow.ec2.send(command as DeleteVolumeCommand))).toEqual(notFound(VolumeId))
      }
      const { clock } = slow.emulator.emulator
      clock.setOffset(clock.offset + 61_000)
      expect(await refusal(slow.ec2.send(new DescribeVolumesCommand({ VolumeIds: [VolumeId] })))).toEqual(
        notFound(VolumeId),
      )
    } finally {
      await slow.stop()
    }
  })
})

describe('ModifyVolume', () => {
  const modify = (input: Partial<ModifyVolumeCommandInput>) =>
    ec2.send(new ModifyVolumeCommand(input as ModifyVolumeCommandInput))
  const latest = async (id: string) =>
    (await ec2.send(new DescribeVolumesModificationsCommand({ VolumeIds: [id] }))).VolumesModifications?.[0]
  const completed = (id: string) =>
    until(async () => {
      const modification = await latest(id)
      return modification?.ModificationState === 'completed' ? modification : undefined
    })

  it('changes gp2 into gp3', async () => {
    const id = await volume()
    const { VolumeModification } = await modify({ VolumeId: id, VolumeType: 'gp3', Size: 2 })
    expect(VolumeModification).toEqual({
      VolumeId: id,
      ModificationState: 'modifying',
      OriginalIops: 100,
      OriginalMultiAttachEnabled: false,
      OriginalSize: 1,
      OriginalVolumeType: 'gp2',
      Progress: 0,
      StartTime: expect.any(Date),
      TargetIops: 3000,
      TargetMultiAttachEnabled: false,
      TargetSize: 2,
      TargetThroughput: 125,
      TargetVolumeType: 'gp3',
    })
    expect(await completed(id)).toMatchObject({ Progress: 100, EndTime: expect.any(Date) })
    expect(await settled(ec2, id)).toMatchObject({ Size: 2, VolumeType: 'gp3', Iops: 3000, Throughput: 125 })
  })

  it('refuses what no modification is, and smaller sizes', async () => {
    const id = await volume({ Size: 3 })
    expect(await refusal(modify({ VolumeId: id }))).toMatchObject({
      code: 'InvalidParameterValue',
      message: expect.stringMatching(/Must specify at least one of size, type, iops, throughput or multi-attach$/),
    })
    expect(await refusal(modify({ VolumeId: id, Size: 2 }))).toEqual(
      badRequest('InvalidParameterValue', 'New size cannot be smaller than existing size'),
    )
    expect(await refusal(latest(id))).toEqual(
      badRequest('InvalidVolumeModification.NotFound', `Modification for volume ${id} does not exist`),
    )
  })

  it('goes on once at a time, and four times a day', async () => {
    const id = await volume()
    const { asyncDelay } = world.emulator.emulator.settings
    expect(asyncDelay).toBe(0)
    for (let n = 0; n < 4; n++) {
      await modify({ VolumeId: id, Size: 1 })
      await completed(id)
    }
    expect(await refusal(modify({ VolumeId: id, Size: 1 }))).toMatchObject({
      status: 400,
      code: 'VolumeModificationRateExceeded',
      message: expect.stringMatching(
        /^You've reached the maximum modification rate per volume limit\. Wait until .* before you can issue the next modification request for this volume\.$/,
      ),
    })
    world.emulator.emulator.clock.setOffset(24 * 3600_000)
    expect((await modify({ VolumeId: id, Size: 1 })).VolumeModification?.ModificationState).toBe('modifying')
  })

  it('waits for the one before', async () => {
    const slow = await startWorld({ asyncDelay: 60_000 })
    try {
      const { VolumeId } = await slow.ec2.send(new CreateVolumeCommand({ AvailabilityZone: 'us-east-1a', Size: 1 }))
      const change = () => slow.ec2.send(new ModifyVolumeCommand({ VolumeId, Size: 2 }))
      expect(await refusal(change())).toMatchObject({ code: 'IncorrectState' })
      const { clock } = slow.emulator.emulator
      clock.setOffset(clock.offset + 61_000)
      expect(await settled(slow.ec2, VolumeId)).toMatchObject({ State: 'available' })
      await change()
      const busy = (state: string) =>
        badRequest(
          'IncorrectModificationState',
          `Volume ${VolumeId ?? ''} cannot be modified in modification state ${state}`,
        )
      expect(await refusal(change())).toEqual(busy('MODIFYING'))
      clock.setOffset(clock.offset + 61_000)
      await until(async () => ((await settled(slow.ec2, VolumeId))?.Size === 2 ? true : undefined))
      expect(await refusal(change())).toEqual(busy('OPTIMIZING'))
    } finally {
      await slow.stop()
    }
  })

  it.each([
    [
      undefined,
      'MissingParameter',
      'Value (null) for parameter volumeId is invalid. Parameter may not be null or empty.',
    ],
    ['', 'MissingParameter', 'Value () for parameter volumeId is invalid. Parameter may not be null or empty.'],
    ['bad', 'InvalidParameterValue', "Value (bad) for parameter volumeId is invalid. Expected: 'vol-...'."],
    [ZERO, 'InvalidVolumeID.Malformed', `Value ( ${ZERO} ) for parameter VOLUME is invalid. `],
    [UNKNOWN, 'InvalidVolume.NotFound', `The volume '${UNKNOWN}' does not exist.`],
  ])('refuses the id `%s`, but not on a dry run', async (VolumeId, code, message) => {
    const call = (DryRun: boolean) => refusal(ec2.send(new ModifyVolumeCommand({ VolumeId, Size: -1, DryRun })))
    expect(await call(false)).toEqual(badRequest(code, message))
    expect(await call(true)).toEqual(DRY_RUN)
    if (VolumeId === undefined) return
    const list = (DryRun: boolean) =>
      refusal(ec2.send(new DescribeVolumesModificationsCommand({ VolumeIds: [VolumeId], DryRun })))
    expect(await list(false)).toEqual(badRequest(code, message))
    expect(await list(true)).toEqual(DRY_RUN)
  })
})

describe('the attributes of a volume', () => {
  const read = (VolumeId: string | undefined, Attribute?: string, DryRun?: boolean) =>
    ec2.send(new DescribeVolumeAttributeCommand({ VolumeId, Attribute: Attribute as 'autoEnableIO', DryRun }))

  it('can be read, one at a time', async () => {
    const id = await volume()
    expect((await read(id, 'autoEnableIO')).AutoEnableIO).toEqual({ Value: false })
    await ec2.send(new ModifyVolumeAttributeCommand({ VolumeId: id, AutoEnableIO: { Value: true } }))
    expect((await read(id, 'autoEnableIO')).AutoEnableIO).toEqual({ Value: true })
    expect((await read(id, 'productCodes')).ProductCodes).toEqual([])
    for (const none of [undefined, '']) {
      expect(await refusal(read(id, none))).toEqual(
        badRequest('InvalidParameterCombination', 'No attributes specified.'),
      )
    }
    expect(await refusal(read(id, 'bad'))).toEqual(
      badRequest('InvalidParameterValue', 'Value (bad) for parameter attribute is invalid. Unknown attribute.'),
    )
    expect(await refusal(read(id, 'bad', true))).toEqual(DRY_RUN)
  })

  it.each([
    [undefined, 'MissingParameter', 'volumeId'],
    ['', 'InvalidVolumeID.Malformed', "The volume ID '' is malformed"],
    ['bad', 'InvalidVolumeID.Malformed', "The volume ID 'bad' is malformed"],
    [ZERO, 'InvalidVolumeID.Malformed', `The volume ID '${ZERO}' is malformed`],
    [UNKNOWN, 'InvalidVolume.NotFound', `The volume '${UNKNOWN}' does not exist.`],
  ])('cannot be changed of `%s`', async (VolumeId, code, message) => {
    const call = (DryRun: boolean) =>
      refusal(ec2.send(new ModifyVolumeAttributeCommand({ VolumeId, AutoEnableIO: { Value: true }, DryRun })))
    expect(await call(false)).toEqual(badRequest(code, message))
    expect(await call(true)).toEqual(DRY_RUN)
  })

  it('include input and output, which is always enabled', async () => {
    const id = await volume()
    const enable = (VolumeId: string | undefined) => refusal(ec2.send(new EnableVolumeIOCommand({ VolumeId })))
    expect(await enable(id)).toEqual(badRequest('IncorrectState', `Volume ${id} already has IO enabled`))
    expect(await enable('bad')).toEqual(
      badRequest('InvalidParameterValue', "Value (bad) for parameter volumeId is invalid. Expected: 'vol-...'."),
    )
    expect(await enable(ZERO)).toEqual({
      status: 500,
      code: 'InternalError',
      message: 'An internal error has occurred',
    })
  })
})

describe('DescribeVolumeStatus', () => {
  const status = (...VolumeIds: string[]) => ec2.send(new DescribeVolumeStatusCommand({ VolumeIds }))

  it('says that all is well', async () => {
    const id = await volume()
    expect((await status(id)).VolumeStatuses).toEqual([
      {
        Actions: [],
        AvailabilityZone: 'us-east-1a',
        AvailabilityZoneId: 'use1-az1',
        Events: [],
        VolumeId: id,
        VolumeStatus: {
          Status: 'ok',
          Details: [
            { Name: 'io-enabled', Status: 'passed' },
            { Name: 'io-performance', Status: 'not-applicable' },
          ],
        },
      },
    ])
    expect((await status('')).VolumeStatuses).toHaveLength(1)
  })

  it('has its own words for ids', async () => {
    expect(await refusal(status('bad'))).toEqual(
      badRequest('InvalidVolumeID.Malformed', 'Invalid id: "bad" (expecting "vol-...")'),
    )
    expect(await refusal(status(ZERO))).toEqual(badRequest('InvalidVolumeID.Malformed', `Invalid id: "${ZERO}"`))
    expect(await refusal(status(UNKNOWN))).toEqual(notFound(UNKNOWN))
  })
})
