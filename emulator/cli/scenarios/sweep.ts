import type { Scenario } from '../../server/world/scenario.ts'
import type { Stage } from '../../server/world/stage.ts'
import { ask as askDoor } from '../door.ts'

/* Clears away what a scenario left in a running emulator, as the root of its accounts: by AWS's own operations, so that nothing is torn. */

type Item = Readonly<Record<string, unknown>>
type Ask = (service: string, operation: string, input: object) => Promise<Item>

/** How things of one kind are listed, and removed one by one. */
interface Kind {
  readonly service: string
  readonly list: string
  readonly by?: object
  /** Members on the way to each thing. */
  readonly items: readonly string[]
  readonly remove: string
  /** The input of the removal. */
  readonly input: (item: Item) => object
  /** What has to go before the thing itself. */
  readonly first?: (item: Item) => readonly Kind[]
  /** Operations that undo what hinders the removal. */
  readonly before?: readonly string[]
  /** AWS's own are left alone. */
  readonly unless?: (item: Item) => boolean
}

/** @param scenario as it was played, in accounts of its own */
export async function sweep(stage: Stage, { world, steps }: Scenario, url: string): Promise<void> {
  const services = new Set(steps.map((step) => step.do.slice(0, step.do.indexOf(':'))))
  const management = world.organization?.managementAccount
  if (management !== undefined) await clear(asRoot(stage, management, 'us-east-1'), organization(world))
  const regions = new Set(['us-east-1', ...steps.flatMap(({ region }) => region ?? [])])
  for (const [account, spec] of Object.entries(world.accounts)) {
    if (spec.region !== undefined) regions.add(spec.region)
    for (const { replicas = [] } of Object.values(spec.keys ?? {})) for (const region of replicas) regions.add(region)
    const root = asRoot(stage, account, spec.region ?? 'us-east-1')
    if (services.has('cloudtrail')) await clear(root, TRAILS)
    if (services.has('s3') || spec.buckets) await clear(root, BUCKETS)
    for (const region of regions) {
      const there = asRoot(stage, account, region)
      if (services.has('ec2') || services.has('ebs')) await clear(there, MACHINES)
      await clear(there, KEYS)
    }
    await clear(root, PRINCIPALS)
    const endpoints = Object.keys(spec.vpcEndpoints ?? {}).map((id) => [id, null])
    const body = { account, region: spec.region ?? 'us-east-1', endpoints: Object.fromEntries(endpoints) as object }
    if (endpoints.length > 0) await askDoor('/vpc-endpoints', { method: 'POST', body, at: url })
  }
}

/** What is refused stays: a key whose policy locks everybody out cannot be removed at AWS, either. */
const asRoot =
  (stage: Stage, account: string, region: string): Ask =>
  async (service, operation, input) => {
    const { output } = await stage.perform({ as: account, region, service, operation, input, body: undefined })
    return (output ?? {}) as Item
  }

async function clear(ask: Ask, kinds: readonly Kind[]): Promise<void> {
  for (const { service, list, by = {}, items, remove, input, first, before = [], unless } of kinds) {
    for (const item of within(await ask(service, list, by), items)) {
      if (unless?.(item)) continue
      if (first) await clear(ask, first(item))
      for (const operation of before) await ask(service, operation, input(item))
      await ask(service, remove, input(item))
    }
  }
}

/** All things that a path of members leads to; a text stands for itself. */
function within(output: unknown, path: readonly string[]): Item[] {
  const [name, ...rest] = path
  if (Array.isArray(output)) return output.flatMap((each: unknown) => within(each, path))
  if (name !== undefined) return within((output as Item | undefined)?.[name], rest)
  if (output === undefined || output === null) return []
  return [typeof output === 'object' ? (output as Item) : { name: output }]
}

const pick =
  (...names: readonly string[]) =>
  (item: Item) =>
    Object.fromEntries(names.map((name) => [name, item[name]]))

const MACHINES: readonly Kind[] = [
  {
    service: 'ec2',
    list: 'DescribeInstances',
    items: ['Reservations', 'Instances'],
    remove: 'TerminateInstances',
    input: ({ InstanceId }) => ({ InstanceIds: [InstanceId] }),
  },
  {
    service: 'ec2',
    list: 'DescribeImages',
    by: { Owners: ['self'] },
    items: ['Images'],
    remove: 'DeregisterImage',
    input: pick('ImageId'),
  },
  {
    service: 'ec2',
    list: 'DescribeSnapshots',
    by: { OwnerIds: ['self'] },
    items: ['Snapshots'],
    remove: 'DeleteSnapshot',
    input: pick('SnapshotId'),
  },
  {
    service: 'ec2',
    list: 'DescribeVolumes',
    items: ['Volumes'],
    remove: 'DeleteVolume',
    input: pick('VolumeId'),
    before: ['DetachVolume'],
  },
]

/** Before their buckets: they write into them. */
const TRAILS: readonly Kind[] = [
  {
    service: 'cloudtrail',
    list: 'DescribeTrails',
    by: { includeShadowTrails: false },
    items: ['trailList'],
    remove: 'DeleteTrail',
    input: ({ TrailARN }) => ({ Name: TrailARN }),
  },
]

const BUCKETS: readonly Kind[] = [
  {
    service: 's3',
    list: 'ListBuckets',
    items: ['Buckets'],
    remove: 'DeleteBucket',
    input: ({ Name }) => ({ Bucket: Name }),
    before: [],
    first: ({ Name: Bucket }) => [
      // The policy may bind the root that sweeps.
      {
        service: 's3',
        list: 'GetBucketPolicy',
        by: { Bucket },
        items: ['Policy'],
        remove: 'DeleteBucketPolicy',
        input: () => ({ Bucket }),
      },
      ...['Versions', 'DeleteMarkers'].map((items) => ({
        service: 's3',
        list: 'ListObjectVersions',
        by: { Bucket },
        items: [items],
        remove: 'DeleteObject',
        input: (item: Item) => ({ Bucket, ...pick('Key', 'VersionId')(item) }),
      })),
      {
        service: 's3',
        list: 'ListMultipartUploads',
        by: { Bucket },
        items: ['Uploads'],
        remove: 'AbortMultipartUpload',
        input: (item) => ({ Bucket, ...pick('Key', 'UploadId')(item) }),
      },
    ],
  },
]

const KEYS: readonly Kind[] = [
  {
    service: 'kms',
    list: 'ListAliases',
    items: ['Aliases'],
    remove: 'DeleteAlias',
    input: pick('AliasName'),
    unless: ({ AliasName }) => String(AliasName).startsWith('alias/aws/'),
  },
  {
    service: 'kms',
    list: 'ListKeys',
    items: ['Keys'],
    remove: 'ScheduleKeyDeletion',
    input: ({ KeyId }) => ({ KeyId, PendingWindowInDays: 7 }),
  },
]

const policiesOf = (kind: 'User' | 'Role' | 'Group', who: object): Kind[] => [
  {
    service: 'iam',
    list: `List${kind}Policies`,
    by: who,
    items: ['PolicyNames'],
    remove: `Delete${kind}Policy`,
    input: ({ name }) => ({ ...who, PolicyName: name }),
  },
  {
    service: 'iam',
    list: `ListAttached${kind}Policies`,
    by: who,
    items: ['AttachedPolicies'],
    remove: `Detach${kind}Policy`,
    input: ({ PolicyArn }) => ({ ...who, PolicyArn }),
  },
]

const PRINCIPALS: readonly Kind[] = [
  {
    service: 'iam',
    list: 'ListUsers',
    items: ['Users'],
    remove: 'DeleteUser',
    input: pick('UserName'),
    first: ({ UserName }) => [
      ...policiesOf('User', { UserName }),
      {
        service: 'iam',
        list: 'ListAccessKeys',
        by: { UserName },
        items: ['AccessKeyMetadata'],
        remove: 'DeleteAccessKey',
        input: pick('UserName', 'AccessKeyId'),
      },
      {
        service: 'iam',
        list: 'ListGroupsForUser',
        by: { UserName },
        items: ['Groups'],
        remove: 'RemoveUserFromGroup',
        input: ({ GroupName }) => ({ UserName, GroupName }),
      },
    ],
  },
  {
    service: 'iam',
    list: 'ListRoles',
    items: ['Roles'],
    remove: 'DeleteRole',
    input: pick('RoleName'),
    first: ({ RoleName }) => policiesOf('Role', { RoleName }),
  },
  {
    service: 'iam',
    list: 'ListGroups',
    items: ['Groups'],
    remove: 'DeleteGroup',
    input: pick('GroupName'),
    first: ({ GroupName }) => policiesOf('Group', { GroupName }),
  },
  {
    service: 'iam',
    list: 'ListPolicies',
    by: { Scope: 'Local' },
    items: ['Policies'],
    remove: 'DeletePolicy',
    input: ({ Arn }) => ({ PolicyArn: Arn }),
    first: ({ Arn }) => [
      {
        service: 'iam',
        list: 'ListPolicyVersions',
        by: { PolicyArn: Arn },
        items: ['Versions'],
        remove: 'DeletePolicyVersion',
        input: ({ VersionId }) => ({ PolicyArn: Arn, VersionId }),
        unless: ({ IsDefaultVersion }) => IsDefaultVersion === true,
      },
    ],
  },
]

/** First the members leave, and with them what binds them. */
const organization = ({ organization: spec }: Scenario['world']): readonly Kind[] => [
  {
    service: 'organizations',
    list: 'ListAccounts',
    items: ['Accounts'],
    remove: 'RemoveAccountFromOrganization',
    input: ({ Id }) => ({ AccountId: Id }),
    unless: ({ Id }) => Id === spec?.managementAccount,
  },
  ...['SERVICE_CONTROL_POLICY', 'RESOURCE_CONTROL_POLICY'].map((Filter): Kind => ({
    service: 'organizations',
    list: 'ListPolicies',
    by: { Filter },
    items: ['Policies'],
    remove: 'DeletePolicy',
    input: ({ Id }) => ({ PolicyId: Id }),
    unless: ({ AwsManaged }) => AwsManaged === true,
    first: ({ Id }) => [
      {
        service: 'organizations',
        list: 'ListTargetsForPolicy',
        by: { PolicyId: Id },
        items: ['Targets'],
        remove: 'DetachPolicy',
        input: ({ TargetId }) => ({ PolicyId: Id, TargetId }),
      },
    ],
  })),
  {
    service: 'organizations',
    list: 'DescribeOrganization',
    items: ['Organization'],
    remove: 'DeleteOrganization',
    input: () => ({}),
  },
]
