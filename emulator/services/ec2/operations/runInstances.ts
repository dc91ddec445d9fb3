import { createHash } from 'node:crypto'
import type { RunInstancesRequest, TagSpecification } from '@aws-sdk/client-ec2'
import type { Tags } from '../../../access/types.ts'
import type { Check } from '../../../operation/define.ts'
import { ec2Arn } from '../arns.ts'
import { auditOf } from '../audit.ts'
import { tagOnCreate } from '../creation.ts'
import { endDryRun } from '../dryRun.ts'
import { invalidCombination, invalidValue, mustContain, notEmulated, refused } from '../errors.ts'
import { requireVisibleImage } from '../images/find.ts'
import { planDevices } from '../instances/devices.ts'
import { launch, networkOf, type Launch } from '../instances/launch.ts'
import { imageResource, instanceKeys, namedOnly } from '../instances/resources.ts'
import { reservations } from '../instances/view.ts'
import { resourceOf, snapshotResource } from '../resources.ts'
import { ec2 } from '../service.ts'
import type { Ec2Call, InstanceRecord } from '../state.ts'
import { readTagSpecifications, requestTagKeys } from '../tags.ts'
import { checkToken, keepToken, replayed } from '../tokens.ts'
import { plannedVolume } from '../volumes/planned.ts'
import { requireZone, zonesOf } from '../zones.ts'

/** How many a request may launch: an account's limit at AWS; a bound on the work of one request here. */
const MOST = 100
const DEFAULT_TYPE = 'm1.small'

function plan(input: RunInstancesRequest, call: Ec2Call): Launch {
  if (input.LaunchTemplate) throw notEmulated('EC2 launch templates')
  if (input.ImageId === undefined || input.ImageId === '') throw mustContain('ImageId')
  const count = countOf(input)
  const zone = input.Placement?.AvailabilityZone
  const zoneName = zone === undefined || zone === '' ? zonesOf(call.region)[0]?.name : zone
  const { name } = requireZone({ AvailabilityZone: zoneName }, call.region)
  const image = requireVisibleImage(call, input.ImageId)
  if (image.state !== 'available') {
    throw refused('InvalidAMIID.Unavailable', `The image ID '[${image.id}]' is not available`)
  }
  const type = input.InstanceType ?? DEFAULT_TYPE
  if (!/^[a-z][a-z0-9-]{0,19}\.[a-z0-9-]{1,20}$/.test(type)) {
    throw invalidValue(`Invalid value '${type}' for InstanceType.`)
  }
  if (input.SubnetId !== undefined && input.NetworkInterfaces !== undefined && input.NetworkInterfaces.length > 0) {
    throw invalidCombination(
      'Network interfaces and an instance-level subnet ID may not be specified on the same request',
    )
  }
  return {
    image,
    devices: planDevices(image, input.BlockDeviceMappings, call),
    zone: name,
    type,
    count,
    profile: profileOf(input, call),
    ...networkOf(input, name, call),
    ...tagsOf(input.TagSpecifications),
  }
}

function countOf({ MinCount: least, MaxCount: most }: RunInstancesRequest): number {
  if (least === undefined) throw mustContain('MinCount')
  if (most === undefined) throw mustContain('MaxCount')
  if (least < 1) throw invalidValue(`Invalid value '${least}' for minCount. Must be at least 1.`)
  if (most < least) throw invalidValue(`Invalid value '${most}' for maxCount. Must be at least minCount.`)
  if (least > MOST) {
    throw refused(
      'InstanceLimitExceeded',
      `You have requested more instances (${least}) than your current instance limit of ${MOST} allows for the specified instance type.`,
    )
  }
  return Math.min(most, MOST)
}

function profileOf({ IamInstanceProfile }: RunInstancesRequest, { account }: Ec2Call): string | undefined {
  const { Arn, Name } = IamInstanceProfile ?? {}
  return Arn ?? (Name === undefined ? undefined : `arn:aws:iam::${account}:instance-profile/${Name}`)
}

/** Instances and volumes are what is made; tags for network interfaces and the like have nothing to be put on. */
function tagsOf(specifications: readonly TagSpecification[] | undefined): Pick<Launch, 'instanceTags' | 'volumeTags'> {
  const of = (type: string): Tags =>
    readTagSpecifications(
      specifications?.filter(({ ResourceType }) => ResourceType === type),
      type,
    )
  const other = specifications?.find(({ ResourceType }) => !TAGGED.has(ResourceType ?? ''))
  if (other) {
    throw invalidValue(`'${other.ResourceType ?? ''}' is not a valid taggable resource type for this operation.`)
  }
  return { instanceTags: of('instance'), volumeTags: of('volume') }
}

const TAGGED: ReadonlySet<string> = new Set(['instance', 'volume', 'network-interface', 'spot-instances-request'])

const newInstance = ({ zone, type, profile, instanceTags }: Launch, input: RunInstancesRequest, call: Ec2Call) =>
  resourceOf(ec2Arn(call.region, call.account, 'instance', '*'), call.account, () => ({
    ...instanceKeys({ zone, type, profile, ebsOptimized: input.EbsOptimized ? true : undefined }, call.region),
    ...requestTagKeys(instanceTags),
    'aws:ResourceBeingCreated': 'true',
  }))

/** User data is not to be kept twice, hence the digest. */
const fingerprintOf = (input: RunInstancesRequest): string =>
  createHash('sha256')
    .update(JSON.stringify({ ...input, DryRun: undefined, ClientToken: undefined }))
    .digest('hex')

const runInstances = ec2.row('RunInstances', {
  action: 'ec2:RunInstances',
  subject: plan,
  resource: (input, call, planned) => newInstance(planned, input, call),
  // Which resources: Service Authorization Reference, "RunInstances". Their order is not known.
  also(input, call, planned): readonly Check[] {
    const { image, devices, subnetId, securityGroups, instanceTags, volumeTags } = planned
    const [device] = devices
    const resources = [
      imageResource(image, call),
      ...(input.KeyName === undefined ? [] : [namedOnly(call, 'key-pair', input.KeyName)]),
      namedOnly(call, 'network-interface', '*'),
      ...securityGroups.map((id) => namedOnly(call, 'security-group', id)),
      namedOnly(call, 'subnet', subnetId),
      ...devices.map((one) => plannedVolume(one, planned.zone, planned.volumeTags, call)),
      ...devices.flatMap(({ snapshot, named }) => (snapshot && named ? [snapshotResource(snapshot, call)] : [])),
    ]
    return [
      ...resources.map((resource) => ({ action: 'ec2:RunInstances', resource })),
      ...tagOnCreate(newInstance(planned, input, call), 'RunInstances', instanceTags),
      ...(device ? tagOnCreate(plannedVolume(device, planned.zone, volumeTags, call), 'RunInstances', volumeTags) : []),
    ]
  },
  run(input, call, planned) {
    endDryRun(input)
    checkToken(input.ClientToken)
    const fingerprint = fingerprintOf(input)
    const instances = call.env.store.transaction((): InstanceRecord[] => {
      const known = replayed(call, input.ClientToken, fingerprint, (id) => launchedAs(id, call))
      if (known) return known
      // It may have gone since it was looked at.
      requireVisibleImage(call, planned.image.id)
      const launched = launch(input, planned, call)
      keepToken(call, input.ClientToken, fingerprint, launched[0]?.reservationId ?? '')
      return launched
    })
    return reservations(instances, call)[0] ?? {}
  },
  // User data may hold secrets; AWS leaves it out, too.
  audit: ({ UserData, ImageId, MinCount, MaxCount, ...input }, output, _subject, call) => {
    const Instances = [{ ImageId, MinCount, MaxCount }]
    const hidden = UserData !== undefined && { UserData: '<sensitiveDataRemoved>' }
    return auditOf({ Instances, ...input, ...hidden }, output, undefined, call)
  },
})

/** What a reservation launched, as it is now; undefined when none of it is left. */
function launchedAs(reservationId: string, call: Ec2Call): InstanceRecord[] | undefined {
  const found = call.state.instances.in(call.account, call.region).find('reservation', reservationId)
  const instances = Array.from(found, ([, instance]) => instance)
  return instances.length > 0 ? instances.sort((a, b) => a.launchIndex - b.launchIndex) : undefined
}

export const runInstancesRows = [runInstances]
