import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import {
  CreateTagsCommand,
  CreateVolumeCommand,
  DeleteTagsCommand,
  DescribeAccountAttributesCommand,
  DescribeTagsCommand,
  DescribeVolumesCommand,
  type EC2Client,
} from '@aws-sdk/client-ec2'
import type { Ec2State } from '../../../emulator/services/ec2/state.ts'
import {
  ACCOUNT,
  allow,
  badRequest,
  DRY_RUN,
  OTHER_ACCOUNT,
  refusal,
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

const volume = async () =>
  (await ec2.send(new CreateVolumeCommand({ AvailabilityZone: 'us-east-1a', Size: 1 }))).VolumeId ?? ''
const tag = (ids: string[], tags: Record<string, string>, client = ec2, more: object = {}) =>
  client.send(
    new CreateTagsCommand({
      Resources: ids,
      Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
      ...more,
    }),
  )
const untag = (ids: string[], Tags?: { Key: string; Value?: string }[], client = ec2) =>
  client.send(new DeleteTagsCommand({ Resources: ids, Tags }))
const tagsOf = async (id: string, client = ec2) => {
  const Filters = [{ Name: 'resource-id', Values: [id] }]
  const { Tags } = await client.send(new DescribeTagsCommand({ Filters }))
  return Object.fromEntries((Tags ?? []).map(({ Key = '', Value }) => [Key, Value])) as Record<string, string>
}

describe('tags', () => {
  it('are added, replaced and taken away', async () => {
    const id = await volume()
    await tag([id], { a: '1', b: '2' })
    await tag([id], { b: '3', c: '' })
    expect(await tagsOf(id)).toEqual({ a: '1', b: '3', c: '' })
    const [found] = (await ec2.send(new DescribeVolumesCommand({ VolumeIds: [id] }))).Volumes ?? []
    expect(found?.Tags).toHaveLength(3)
    await untag([id], [{ Key: 'a' }, { Key: 'b', Value: 'other' }])
    expect(await tagsOf(id)).toEqual({ b: '3', c: '' })
    await untag([id])
    expect(await tagsOf(id)).toEqual({})
  })

  it('are all set or none', async () => {
    const id = await volume()
    const missing = 'vol-0fedcba9876543210'
    expect(await refusal(tag([id, missing], { a: '1' }))).toEqual(
      badRequest('InvalidVolume.NotFound', `The volume '${missing}' does not exist.`),
    )
    expect(await tagsOf(id)).toEqual({})
    expect(await refusal(tag(['bad'], { a: '1' }))).toEqual(badRequest('InvalidID', "The ID 'bad' is not valid"))
    const many = Object.fromEntries(Array.from({ length: 51 }, (_, n) => [`k${String(n)}`, '']))
    expect(await refusal(tag([id], many))).toMatchObject({ status: 400, code: 'TagLimitExceeded' })
    expect(await refusal(tag([id], { 'aws:x': '1' }))).toEqual(
      badRequest(
        'InvalidParameterValue',
        "Value ( aws:x ) for parameter key is invalid. Tag keys starting with 'aws:' are reserved for internal use",
      ),
    )
  })

  it('need a permission on each resource', async () => {
    const id = await volume()
    const arn = `arn:aws:ec2:us-east-1:${ACCOUNT}:volume/${id}`
    const user = await world.user(ACCOUNT, 'tagger', {
      ...allow('ec2:CreateTags', arn),
      Condition: { 'ForAllValues:StringEquals': { 'aws:TagKeys': ['team'] } },
    })
    await tag([id], { team: 'red' }, user.ec2)
    expect(withoutBlob(await refusal(tag([id], { cost: '1' }, user.ec2)))).toEqual(
      unauthorized(
        `User: ${user.arn} is not authorized to perform: ec2:CreateTags on resource: ${arn} because no identity-based policy allows the ec2:CreateTags action`,
      ),
    )
    expect(await refusal(tag([id], { team: 'blue' }, user.ec2, { DryRun: true }))).toEqual(DRY_RUN)
    expect(await tagsOf(id)).toEqual({ team: 'red' })
  })

  it("are each account's own on a shared snapshot, and outlive the sharing", async () => {
    const state = world.emulator.emulator.registry.require('ec2').state as Ec2State
    const id = 'snap-0123456789abcdef1'
    const record = {
      id,
      account: ACCOUNT,
      region: 'us-east-1',
      volumeId: 'vol-ffffffff',
      volumeSize: 1,
      state: 'completed' as const,
      progress: '100%',
      startTime: Date.now(),
      description: '',
      encrypted: false,
    }
    const put = (more: object) => {
      state.snapshots.in().put(`us-east-1/${id}`, { ...record, ...more })
    }
    const b = world.rootOf(OTHER_ACCOUNT).ec2
    put({})
    const missing = badRequest('InvalidSnapshot.NotFound', `The snapshot '${id}' does not exist.`)
    expect(await refusal(tag([id], { mine: 'b' }, b))).toEqual(missing)
    put({ sharedWith: [OTHER_ACCOUNT] })
    await tag([id], { mine: 'a' })
    await tag([id], { mine: 'b', more: 'b' }, b)
    expect(await tagsOf(id)).toEqual({ mine: 'a' })
    expect(await tagsOf(id, b)).toEqual({ mine: 'b', more: 'b' })
    put({})
    expect(await refusal(tag([id], { mine: 'c' }, b))).toEqual(missing)
    expect(await tagsOf(id, b)).toEqual({ mine: 'b', more: 'b' })
    await untag([id], [{ Key: 'mine' }], b)
    expect(await tagsOf(id, b)).toEqual({ more: 'b' })
    expect(await tagsOf(id)).toEqual({ mine: 'a' })
  })

  it('are listed in pages and by filters', async () => {
    const own = world.as({ accessKeyId: '333333333333', secretAccessKey: 'test' })
    const ids: string[] = []
    for (let n = 0; n < 4; n++) {
      const { VolumeId = '' } = await own.send(
        new CreateVolumeCommand({
          AvailabilityZone: 'us-east-1a',
          Size: 1,
          TagSpecifications: [
            {
              ResourceType: 'volume',
              Tags: [
                { Key: 'n', Value: String(n) },
                { Key: 'all', Value: 'yes' },
              ],
            },
          ],
        }),
      )
      ids.push(VolumeId)
    }
    const list = (input: object) => own.send(new DescribeTagsCommand(input))
    const first = await list({ MaxResults: 5 })
    expect(first.Tags).toHaveLength(5)
    const second = await list({ MaxResults: 5, NextToken: first.NextToken })
    expect(second.Tags).toHaveLength(3)
    expect(second.NextToken).toBeUndefined()
    const by = async (Name: string, ...Values: string[]) => (await list({ Filters: [{ Name, Values }] })).Tags?.length
    expect(await by('key', 'n')).toBe(4)
    expect(await by('value', 'y*')).toBe(4)
    expect(await by('tag:n', '2', '3')).toBe(2)
    expect(await by('resource-type', 'volume')).toBe(8)
    expect((await list({ Filters: [{ Name: 'resource-id', Values: [ids[0] ?? ''] }] })).Tags).toEqual([
      { Key: 'all', Value: 'yes', ResourceId: ids[0], ResourceType: 'volume' },
      { Key: 'n', Value: '0', ResourceId: ids[0], ResourceType: 'volume' },
    ])
  })
})

describe('DescribeAccountAttributes', () => {
  it('says what every account has', async () => {
    const { AccountAttributes } = await ec2.send(
      new DescribeAccountAttributesCommand({ AttributeNames: ['supported-platforms'] }),
    )
    expect(AccountAttributes).toEqual([
      { AttributeName: 'supported-platforms', AttributeValues: [{ AttributeValue: 'VPC' }] },
    ])
  })
})
