import { readAudit } from '../audit.ts'
import { endDryRun } from '../dryRun.ts'
import { mustContain } from '../errors.ts'
import type { FilterTable } from '../filters.ts'
import { requireId, VOLUME_ID } from '../ids.ts'
import { describePage, refusePagesOfIds, type ListInput, type Source } from '../pages.ts'
import { inRegion } from '../resources.ts'
import { readFilters } from '../filters.ts'
import { ec2 } from '../service.ts'
import type { Ec2Call, VolumeAttachment, VolumeRecord } from '../state.ts'
import { tagFilters } from '../tags.ts'
import { requireVolume, volumeOf } from '../volumes/find.ts'
import { volumeView } from '../volumes/view.ts'
import { zonesOf } from '../zones.ts'

/** The caller's volumes in the call's Region. */
export const ownVolumes = (call: Ec2Call): Source<VolumeRecord> => ({
  name: call.operation,
  get: (id) => volumeOf(call, id),
  entries: (after) => call.state.volumes.in(call.account, call.region).entries(after === undefined ? {} : { after }),
})

function volumeFilters(call: Ec2Call): FilterTable<VolumeRecord> {
  const table = call.state.volumes.in(call.account, call.region)
  const idsIn = (index: string) => (value: string) => [...table.find(index, value)].map(([id]) => id)
  const attachments = (of: (attachment: VolumeAttachment) => string) => (volume: VolumeRecord) =>
    volume.attachments?.map(of)
  return {
    'attachment.attach-time': { of: attachments(({ attachTime }) => new Date(attachTime).toISOString()) },
    'attachment.delete-on-termination': { of: attachments(({ deleteOnTermination }) => String(deleteOnTermination)) },
    'attachment.device': { of: attachments(({ device }) => device) },
    'attachment.instance-id': { of: attachments(({ instanceId }) => instanceId), ids: idsIn('instance') },
    'attachment.status': { of: attachments(({ state }) => state) },
    'availability-zone': { of: ({ zone }) => zone },
    'availability-zone-id': { of: ({ zone }) => zonesOf(call.region).find(({ name }) => name === zone)?.id },
    'create-time': { of: ({ createTime }) => new Date(createTime).toISOString() },
    encrypted: { of: ({ encrypted }) => String(encrypted) },
    'fast-restored': { of: () => 'false' },
    'multi-attach-enabled': { of: ({ multiAttach }) => String(multiAttach) },
    'operator.managed': { of: () => 'false' },
    'operator.principal': { of: () => undefined },
    size: { of: ({ size }) => String(size) },
    'snapshot-id': { of: ({ snapshotId }) => snapshotId, ids: idsIn('snapshot') },
    status: { of: ({ state }) => state },
    'volume-id': { of: ({ id }) => id, ids: (id) => [id] },
    'volume-type': { of: ({ type }) => type },
    ...tagFilters<VolumeRecord>(call),
  }
}

/** Those named, all of which must be there, else a page of all. */
function listed(input: ListInput & { readonly VolumeIds?: string[] | undefined }, call: Ec2Call) {
  const { VolumeIds } = input
  const table = volumeFilters(call)
  if (!VolumeIds || VolumeIds.length === 0) return describePage(input, ownVolumes(call), table)
  refusePagesOfIds(VolumeIds, 'volumeSet', input)
  const ids = [...new Set(VolumeIds)]
  for (const id of ids) {
    if (id === '') throw mustContain('volumes')
    requireId(id, VOLUME_ID, 'volumes')
  }
  const filters = readFilters(input.Filters, table)
  // One that is being deleted is still shown (facts: captures 2.2).
  const items = ids.map((id) => volumeOf(call, id) ?? requireVolume(call, id))
  return { items: items.filter((volume) => filters.every(({ matches }) => matches(volume))) }
}

const describeVolumes = ec2.row('DescribeVolumes', {
  action: 'ec2:DescribeVolumes',
  readOnly: true,
  context: inRegion,
  run(input, call) {
    endDryRun(input)
    const { items, NextToken } = { NextToken: undefined, ...listed(input, call) }
    return { Volumes: items.map((volume) => volumeView(volume, call)), NextToken }
  },
  audit: readAudit,
})

export const describeVolumesRows = [describeVolumes]
