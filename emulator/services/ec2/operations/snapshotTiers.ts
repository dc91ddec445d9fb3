import type { SnapshotTierStatus } from '@aws-sdk/client-ec2'
import { readAudit } from '../audit.ts'
import { endDryRun } from '../dryRun.ts'
import { noSuchSnapshot } from '../errors.ts'
import type { FilterTable } from '../filters.ts'
import { requireId, SNAPSHOT_ID } from '../ids.ts'
import { describePage, type Source } from '../pages.ts'
import { anySnapshot, inRegion } from '../resources.ts'
import { ec2 } from '../service.ts'
import { ownSnapshot } from '../snapshots/find.ts'
import { snapshotPath, type Ec2Call, type SnapshotRecord } from '../state.ts'
import { tagList, tagsFor } from '../tags.ts'

/** The caller's own snapshots. */
const own = (call: Ec2Call): Source<SnapshotRecord> => ({
  name: call.operation,
  get: (id) => ownSnapshot(call, id),
  *entries(after) {
    const range = after === undefined ? undefined : { after: snapshotPath(call.region, after) }
    const found = call.state.snapshots.in().find('owner', `${call.account}/${call.region}`, range)
    for (const [, snapshot] of found) yield [snapshot.id, snapshot] as const
  },
})

const filters: FilterTable<SnapshotRecord> = {
  'snapshot-id': { of: ({ id }) => id, ids: (id) => [id] },
  'volume-id': { of: ({ volumeId }) => volumeId },
  // Nothing is archived here: see ModifySnapshotTier in docs/operations.md.
  'last-tiering-operation': { of: () => undefined },
}

const describeSnapshotTierStatus = ec2.row('DescribeSnapshotTierStatus', {
  action: 'ec2:DescribeSnapshotTierStatus',
  readOnly: true,
  context: inRegion,
  run(input, call) {
    endDryRun(input)
    const { items, NextToken } = { NextToken: undefined, ...describePage(input, own(call), filters) }
    return { SnapshotTierStatuses: items.map((snapshot) => tierView(snapshot, call)), NextToken }
  },
  audit: readAudit,
})

const tierView = (snapshot: SnapshotRecord, call: Ec2Call): SnapshotTierStatus => ({
  SnapshotId: snapshot.id,
  VolumeId: snapshot.volumeId,
  Status: snapshot.state,
  OwnerId: snapshot.account,
  Tags: tagList(tagsFor(call, snapshot.id)),
  StorageTier: 'standard',
})

/** Without Recycle Bin's retention rules, which are another service's, nothing ever goes there. */
const listSnapshotsInRecycleBin = ec2.row('ListSnapshotsInRecycleBin', {
  action: 'ec2:ListSnapshotsInRecycleBin',
  readOnly: true,
  context: inRegion,
  run(input, call) {
    endDryRun(input)
    for (const id of input.SnapshotIds ?? []) {
      throw noSuchSnapshot(requireId(id, SNAPSHOT_ID, 'snapshotId'))
    }
    const nothing: Source<SnapshotRecord> = { name: call.operation, get: () => undefined, entries: () => [] }
    const { NextToken } = { NextToken: undefined, ...describePage(input, nothing, {}) }
    return { Snapshots: [], NextToken }
  },
  audit: readAudit,
})

const restoreSnapshotFromRecycleBin = ec2.row('RestoreSnapshotFromRecycleBin', {
  action: 'ec2:RestoreSnapshotFromRecycleBin',
  subject: ({ SnapshotId }) => requireId(SnapshotId, SNAPSHOT_ID, 'snapshotId'),
  resource: (_input, call, id) => anySnapshot(call, id),
  context: inRegion,
  run(input, _call, id) {
    endDryRun(input)
    throw noSuchSnapshot(id)
  },
  audit: readAudit,
})

export const snapshotTierRows = [describeSnapshotTierStatus, listSnapshotsInRecycleBin, restoreSnapshotFromRecycleBin]
