import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { DescribeAvailabilityZonesCommand, DescribeRegionsCommand } from '@aws-sdk/client-ec2'
import { ACCOUNT, badRequest, DRY_RUN, refusal, startWorld, type World } from './support.ts'

let world: World

beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.stop())

describe('DescribeRegions', () => {
  it('lists the Regions that an account has without asking', async () => {
    const { Regions } = await world.ec2.send(new DescribeRegionsCommand({}))
    expect(Regions).toHaveLength(17)
    expect(Regions).toContainEqual({
      RegionName: 'us-east-1',
      Endpoint: 'ec2.us-east-1.amazonaws.com',
      OptInStatus: 'opt-in-not-required',
    })
  })

  it('lists those to opt into when all are asked for', async () => {
    const { Regions } = await world.ec2.send(new DescribeRegionsCommand({ AllRegions: true }))
    expect(Regions).toContainEqual({
      RegionName: 'af-south-1',
      Endpoint: 'ec2.af-south-1.amazonaws.com',
      OptInStatus: 'not-opted-in',
    })
    expect(Regions?.some(({ RegionName }) => RegionName === 'cn-north-1')).toBe(false)
  })

  it('filters, with wildcards', async () => {
    const Filters = [{ Name: 'region-name', Values: ['eu-west-?', 'us-east-*'] }]
    const { Regions } = await world.ec2.send(new DescribeRegionsCommand({ Filters }))
    expect(Regions?.map(({ RegionName }) => RegionName)).toEqual([
      'eu-west-1',
      'eu-west-2',
      'eu-west-3',
      'us-east-1',
      'us-east-2',
    ])
  })

  it('refuses a filter it does not know', async () => {
    const call = world.ec2.send(new DescribeRegionsCommand({ Filters: [{ Name: 'colour', Values: ['red'] }] }))
    expect(await refusal(call)).toEqual(badRequest('InvalidParameterValue', "The filter 'colour' is invalid"))
  })

  it('asks for permission', async () => {
    const nobody = await world.user(ACCOUNT, 'nobody')
    expect(await refusal(nobody.ec2.send(new DescribeRegionsCommand({ DryRun: true })))).toEqual({
      status: 403,
      code: 'UnauthorizedOperation',
      message: `You are not authorized to perform this operation. User: ${nobody.arn} is not authorized to perform: ec2:DescribeRegions because no identity-based policy allows the ec2:DescribeRegions action`,
    })
  })

  it('answers a dry run when it would be allowed', async () => {
    expect(await refusal(world.ec2.send(new DescribeRegionsCommand({ DryRun: true })))).toEqual(DRY_RUN)
  })
})

describe('DescribeAvailabilityZones', () => {
  it('lists the zones of the Region', async () => {
    const { AvailabilityZones } = await world.ec2.send(new DescribeAvailabilityZonesCommand({}))
    expect(AvailabilityZones).toHaveLength(6)
    expect(AvailabilityZones?.[0]).toEqual({
      OptInStatus: 'opt-in-not-required',
      Messages: [],
      RegionName: 'us-east-1',
      ZoneName: 'us-east-1a',
      ZoneId: 'use1-az1',
      GroupName: 'us-east-1-zg-1',
      NetworkBorderGroup: 'us-east-1',
      ZoneType: 'availability-zone',
      State: 'available',
    })
  })
})
