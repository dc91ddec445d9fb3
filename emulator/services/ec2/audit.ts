import type { AuditFacts } from '../../operation/trace.ts'
import type { Call } from '../../operation/call.ts'

type Members = Record<string, unknown>

/**
 * What CloudTrail writes of an EC2 call: the members of request and answer in camel case, lists as `volumeSet: {items: […]}`, and the
 * request's id, without resources (facts: captures-ebs-s3 4.3; CloudTrail User Guide, "EC2 log examples").
 */
export const auditOf = (
  input: object,
  output: object | undefined,
  _subject?: unknown,
  call?: Pick<Call, 'requestId'>,
): AuditFacts => ({
  requestParameters: camelled(input),
  responseElements: output === undefined ? null : { requestId: call?.requestId, ...camelled(output) },
})

/** For calls that read: no answer is recorded. */
export const readAudit = (input: object): AuditFacts => ({ requestParameters: camelled(input), responseElements: null })

/** How lists are called, and the member that holds what is no structure in them. */
const LISTS: Readonly<Record<string, readonly [set: string, member: string]>> = {
  InstanceIds: ['instancesSet', 'instanceId'],
  VolumeIds: ['volumeSet', 'volumeId'],
  SnapshotIds: ['snapshotSet', 'snapshotId'],
  ImageIds: ['imagesSet', 'imageId'],
  RegionNames: ['regionSet', 'regionName'],
  Resources: ['resourcesSet', 'resourceId'],
  OwnerIds: ['ownersSet', 'owner'],
  Owners: ['ownersSet', 'owner'],
  RestorableByUserIds: ['restorableBySet', 'user'],
  ExecutableUsers: ['executableBySet', 'user'],
  Values: ['valueSet', 'value'],
  Filters: ['filterSet', 'name'],
  Tags: ['tagSet', 'key'],
  TagSpecifications: ['tagSpecificationSet', 'resourceType'],
  BlockDeviceMappings: ['blockDeviceMapping', 'deviceName'],
  Instances: ['instancesSet', 'instanceId'],
  StartingInstances: ['instancesSet', 'instanceId'],
  StoppingInstances: ['instancesSet', 'instanceId'],
  TerminatingInstances: ['instancesSet', 'instanceId'],
  Snapshots: ['snapshotSet', 'snapshotId'],
  Groups: ['groupSet', 'groupId'],
  SecurityGroups: ['groupSet', 'groupId'],
}

function camelled(value: object): Members {
  const members: Members = {}
  for (const [name, member] of Object.entries(value) as [string, unknown][]) {
    if (member === undefined) continue
    if (Array.isArray(member)) Object.assign(members, listed(name, member))
    else members[lowered(name)] = plain(member)
  }
  return members
}

/** Lists whose way is not known are named after themselves. */
function listed(name: string, items: readonly unknown[]): Members {
  const [set, member] = (Object.hasOwn(LISTS, name) ? LISTS[name] : undefined) ?? [
    `${lowered(name).replace(/s$/, '')}Set`,
    'value',
  ]
  if (name === 'TagSpecifications') return { [set]: { items: items.map(specified) } }
  return {
    [set]: { items: items.map((item) => (typeof item === 'object' ? plain(item) : { [member]: item })) },
  }
}

/** Tags to be are told without `items` (CloudTrail User Guide, "EC2 log examples"). */
function specified(item: unknown): unknown {
  const { ResourceType, Tags = [] } = item as { readonly ResourceType?: string; readonly Tags?: readonly object[] }
  return { resourceType: ResourceType, tags: Tags.map(camelled) }
}

const lowered = (name: string) => name.charAt(0).toLowerCase() + name.slice(1)

function plain(value: unknown): unknown {
  if (value instanceof Date) return value.getTime()
  return typeof value === 'object' && value !== null ? camelled(value) : value
}
