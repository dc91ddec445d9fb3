import { REGIONS, partitionOf } from '../../../lib/regions.ts'
import { endDryRun } from '../dryRun.ts'
import { invalidValue, refused } from '../errors.ts'
import { readFilters, type FilterTable } from '../filters.ts'
import { ec2 } from '../service.ts'
import { zonesOf, type Zone } from '../zones.ts'

/** Regions of the first partition that every account has from the start; the others must be opted into (AWS: "Regions"). */
const ALWAYS_ON: ReadonlySet<string> = new Set([
  'ap-northeast-1',
  'ap-northeast-2',
  'ap-northeast-3',
  'ap-south-1',
  'ap-southeast-1',
  'ap-southeast-2',
  'ca-central-1',
  'eu-central-1',
  'eu-north-1',
  'eu-west-1',
  'eu-west-2',
  'eu-west-3',
  'sa-east-1',
  'us-east-1',
  'us-east-2',
  'us-west-1',
  'us-west-2',
])

interface RegionView {
  readonly name: string
  readonly endpoint: string
  /** Nobody has opted into anything here, though each Region answers. */
  readonly optIn: 'opt-in-not-required' | 'not-opted-in'
}

const REGION_FILTERS: FilterTable<RegionView> = {
  endpoint: { of: ({ endpoint }) => endpoint },
  'opt-in-status': { of: ({ optIn }) => optIn },
  'region-name': { of: ({ name }) => name },
}

/** The Regions of the partition that the request is in. */
function regionsBeside(region: string): RegionView[] {
  const partition = partitionOf(region) ?? 'aws'
  const suffix = partition === 'aws-cn' ? 'amazonaws.com.cn' : 'amazonaws.com'
  return REGIONS.filter((name) => partitionOf(name) === partition).map((name) => ({
    name,
    endpoint: `ec2.${name}.${suffix}`,
    optIn: partition !== 'aws' || ALWAYS_ON.has(name) ? 'opt-in-not-required' : 'not-opted-in',
  }))
}

const describeRegions = ec2.row('DescribeRegions', {
  action: 'ec2:DescribeRegions',
  readOnly: true,
  run(input, call) {
    endDryRun(input)
    const all = regionsBeside(call.region)
    for (const name of input.RegionNames ?? []) {
      if (!all.some((region) => region.name === name)) {
        throw invalidValue(`Invalid region name: '${name}'`)
      }
    }
    const filters = readFilters(input.Filters, REGION_FILTERS)
    const named = input.RegionNames ?? []
    const Regions = all
      .filter((region) => named.length === 0 || named.includes(region.name))
      // Only what the account has, unless all are asked for or named.
      .filter(({ optIn }) => input.AllRegions === true || named.length > 0 || optIn === 'opt-in-not-required')
      .filter((region) => filters.every(({ matches }) => matches(region)))
      .map(({ name, endpoint, optIn }) => ({ RegionName: name, Endpoint: endpoint, OptInStatus: optIn }))
    return { Regions }
  },
})

interface ZoneView extends Zone {
  readonly region: string
}

const ZONE_FILTERS: FilterTable<ZoneView> = {
  'group-long-name': { of: ({ region }) => region },
  'group-name': { of: ({ region }) => `${region}-zg-1` },
  message: { of: () => undefined },
  'network-border-group': { of: ({ region }) => region },
  'opt-in-status': { of: () => 'opt-in-not-required' },
  'parent-zone-id': { of: () => undefined },
  'parent-zone-name': { of: () => undefined },
  'region-name': { of: ({ region }) => region },
  state: { of: () => 'available' },
  'zone-id': { of: ({ id }) => id },
  'zone-name': { of: ({ name }) => name },
  'zone-type': { of: () => 'availability-zone' },
}

const describeAvailabilityZones = ec2.row('DescribeAvailabilityZones', {
  action: 'ec2:DescribeAvailabilityZones',
  readOnly: true,
  run(input, call) {
    endDryRun(input)
    const { region } = call
    const all = zonesOf(region).map((zone) => ({ ...zone, region }))
    const { ZoneNames: names = [], ZoneIds: ids = [] } = input
    for (const name of names) if (!all.some((zone) => zone.name === name)) throw invalidZone(name)
    for (const id of ids) if (!all.some((zone) => zone.id === id)) throw invalidZone(id)
    const filters = readFilters(input.Filters, ZONE_FILTERS)
    return {
      AvailabilityZones: all
        .filter(({ name, id }) => names.length + ids.length === 0 || names.includes(name) || ids.includes(id))
        .filter((zone) => filters.every(({ matches }) => matches(zone)))
        .map(({ name, id }) => ({
          OptInStatus: 'opt-in-not-required' as const,
          Messages: [],
          RegionName: region,
          ZoneName: name,
          ZoneId: id,
          GroupName: `${region}-zg-1`,
          NetworkBorderGroup: region,
          ZoneType: 'availability-zone',
          State: 'available' as const,
        })),
    }
  },
})

/** EC2's sentence for zones that are not the Region's. */
const invalidZone = (zone: string) => refused('InvalidParameterValue', `Invalid availability zone: [${zone}]`)

export const regionRows = [describeRegions, describeAvailabilityZones]
