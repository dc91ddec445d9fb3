import type { InstanceStatus } from '@aws-sdk/client-ec2'
import { readAudit } from '../audit.ts'
import { endDryRun } from '../dryRun.ts'
import { readFilters, type FilterTable } from '../filters.ts'
import { describePage, refusePagesOfIds, type ListInput, type Source } from '../pages.ts'
import { inRegion } from '../resources.ts'
import { instanceOf, requireInstances, volumesOf, type Attached } from '../instances/find.ts'
import { stateView } from '../instances/states.ts'
import { reservations } from '../instances/view.ts'
import { ec2 } from '../service.ts'
import type { Ec2Call, InstanceRecord } from '../state.ts'
import { tagFilters } from '../tags.ts'
import { zonesOf } from '../zones.ts'

const ownInstances = (call: Ec2Call): Source<InstanceRecord> => ({
  name: call.operation,
  get: (id) => instanceOf(call, id),
  entries: (after) => call.state.instances.in(call.account, call.region).entries(after === undefined ? {} : { after }),
})

function instanceFilters(call: Ec2Call): FilterTable<InstanceRecord> {
  const table = call.state.instances.in(call.account, call.region)
  const idsIn = (index: string) => (value: string) => Array.from(table.find(index, value), ([id]) => id)
  const devices = (of: (one: Attached) => string) => (instance: InstanceRecord) => volumesOf(call, instance.id).map(of)
  return {
    architecture: { of: ({ architecture }) => architecture },
    'availability-zone': { of: ({ zone }) => zone },
    'availability-zone-id': { of: ({ zone }) => zonesOf(call.region).find(({ name }) => name === zone)?.id },
    'block-device-mapping.delete-on-termination': {
      of: devices(({ attachment }) => String(attachment.deleteOnTermination)),
    },
    'block-device-mapping.device-name': { of: devices(({ attachment }) => attachment.device) },
    'block-device-mapping.status': { of: devices(({ attachment }) => attachment.state) },
    'block-device-mapping.volume-id': { of: devices(({ volume }) => volume.id) },
    'client-token': { of: ({ clientToken }) => clientToken },
    hypervisor: { of: () => 'xen' },
    'iam-instance-profile.arn': { of: ({ profile }) => profile },
    'image-id': { of: ({ imageId }) => imageId, ids: idsIn('image') },
    'instance-id': { of: ({ id }) => id, ids: (id) => [id] },
    'instance-state-code': { of: ({ state }) => String(stateView(state).Code) },
    'instance-state-name': { of: ({ state }) => state, ids: idsIn('state') },
    'instance-type': { of: ({ type }) => type },
    'instance.group-id': { of: ({ securityGroups }) => securityGroups },
    'key-name': { of: ({ keyName }) => keyName },
    'launch-time': { of: ({ launchTime }) => new Date(launchTime).toISOString() },
    'owner-id': { of: ({ account }) => account },
    'private-ip-address': { of: ({ privateIp }) => privateIp },
    reason: { of: ({ transitionReason }) => transitionReason },
    'reservation-id': { of: ({ reservationId }) => reservationId, ids: idsIn('reservation') },
    'root-device-name': { of: ({ rootDevice }) => rootDevice },
    'root-device-type': { of: () => 'ebs' },
    'state-reason-code': { of: ({ stateReason }) => stateReason?.code },
    'state-reason-message': { of: ({ stateReason }) => stateReason?.message },
    'subnet-id': { of: ({ subnetId }) => subnetId },
    tenancy: { of: () => 'default' },
    'virtualization-type': { of: () => 'hvm' },
    'vpc-id': { of: ({ vpcId }) => vpcId },
    ...tagFilters<InstanceRecord>(call),
  }
}

/** Those named, all of which must be there, else a page of all. */
function listed(
  input: ListInput & { readonly InstanceIds?: string[] | undefined },
  source: Source<InstanceRecord>,
  table: FilterTable<InstanceRecord>,
  call: Ec2Call,
) {
  const { InstanceIds } = input
  if (!InstanceIds || InstanceIds.length === 0) return describePage(input, source, table)
  refusePagesOfIds(InstanceIds, 'instancesSet', input)
  const filters = readFilters(input.Filters, table)
  const items = requireInstances(call, InstanceIds).filter(
    (instance) => source.get(instance.id) && filters.every(({ matches }) => matches(instance)),
  )
  return { items }
}

const describeInstances = ec2.row('DescribeInstances', {
  action: 'ec2:DescribeInstances',
  readOnly: true,
  context: inRegion,
  run(input, call) {
    endDryRun(input)
    const page = listed(input, ownInstances(call), instanceFilters(call), call)
    const { items, NextToken } = { NextToken: undefined, ...page }
    return { Reservations: reservations(items, call), NextToken }
  },
  audit: readAudit,
})

const statusFilters = (call: Ec2Call): FilterTable<InstanceRecord> => ({
  'availability-zone': { of: ({ zone }) => zone },
  'instance-state-code': { of: ({ state }) => String(stateView(state).Code) },
  'instance-state-name': { of: ({ state }) => state },
  'instance-status.reachability': { of: reachability },
  'instance-status.status': { of: status },
  'system-status.reachability': { of: reachability },
  'system-status.status': { of: status },
  ...tagFilters<InstanceRecord>(call),
})

const status = ({ state }: InstanceRecord) => (state === 'running' ? 'ok' : 'not-applicable')
const reachability = ({ state }: InstanceRecord) => (state === 'running' ? 'passed' : undefined)

function statusView(instance: InstanceRecord): InstanceStatus {
  const summary = {
    Status: status(instance),
    Details: instance.state === 'running' ? [{ Name: 'reachability', Status: 'passed' } as const] : [],
  } as const
  return {
    AvailabilityZone: instance.zone,
    AvailabilityZoneId: zonesOf(instance.region).find(({ name }) => name === instance.zone)?.id,
    InstanceId: instance.id,
    InstanceState: stateView(instance.state),
    InstanceStatus: { ...summary, Details: [...summary.Details] },
    SystemStatus: { ...summary, Details: [...summary.Details] },
    Events: [],
  }
}

const describeInstanceStatus = ec2.row('DescribeInstanceStatus', {
  action: 'ec2:DescribeInstanceStatus',
  readOnly: true,
  context: inRegion,
  run(input, call) {
    endDryRun(input)
    const all = ownInstances(call)
    const shown = (instance: InstanceRecord | undefined) =>
      input.IncludeAllInstances === true || instance?.state === 'running' ? instance : undefined
    const source: Source<InstanceRecord> = {
      ...all,
      get: (id) => shown(all.get(id)),
      *entries(after) {
        for (const [id, instance] of all.entries(after)) if (shown(instance)) yield [id, instance]
      },
    }
    const { items, NextToken } = { NextToken: undefined, ...listed(input, source, statusFilters(call), call) }
    return { InstanceStatuses: items.map(statusView), NextToken }
  },
  audit: readAudit,
})

export const describeInstancesRows = [describeInstances, describeInstanceStatus]
