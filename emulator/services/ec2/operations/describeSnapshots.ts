import type { DescribeSnapshotsRequest } from '@aws-sdk/client-ec2'
import { readAudit } from '../audit.ts'
import { endDryRun } from '../dryRun.ts'
import { noSuchSnapshot } from '../errors.ts'
import { readFilters, type FilterTable } from '../filters.ts'
import { requireId, SNAPSHOT_ID } from '../ids.ts'
import { describePage, refusePagesOfIds, type Source } from '../pages.ts'
import { inRegion } from '../resources.ts'
import { ec2 } from '../service.ts'
import { isPublic, isVisible, visibleSnapshot } from '../snapshots/find.ts'
import { snapshotView } from '../snapshots/view.ts'
import type { Ec2Call, SnapshotRecord } from '../state.ts'
import { tagFilters } from '../tags.ts'

const filters = (call: Ec2Call): FilterTable<SnapshotRecord> => ({
  description: { of: ({ description }) => description },
  encrypted: { of: ({ encrypted }) => String(encrypted) },
  'owner-alias': { of: () => undefined },
  'owner-id': { of: ({ account }) => account },
  progress: { of: ({ progress }) => progress },
  'snapshot-id': { of: ({ id }) => id, ids: (id) => [id] },
  'start-time': { of: ({ startTime }) => new Date(startTime).toISOString() },
  status: { of: ({ state }) => state },
  'storage-tier': { of: ({ storageTier }) => storageTier ?? 'standard' },
  'transfer-type': { of: ({ completionDuration }) => (completionDuration === undefined ? 'standard' : 'time-based') },
  'volume-id': {
    of: ({ volumeId }) => volumeId,
    ids: (id) => idsIn(call, 'volume', `${call.region}/${id}`),
  },
  'volume-size': { of: ({ volumeSize }) => String(volumeSize) },
  ...tagFilters<SnapshotRecord>(call),
})

function* idsIn(call: Ec2Call, index: string, key: string): Generator<string, void, void> {
  for (const [, { id }] of call.state.snapshots.in().find(index, key)) yield id
}

/** Whose snapshots, and whom they must be restorable by. `self` is the caller. */
interface Scope {
  readonly owners: ReadonlySet<string> | undefined
  /** Accounts, and `all`. */
  readonly restorers: ReadonlySet<string> | undefined
}

function scopeOf({ OwnerIds, RestorableByUserIds }: DescribeSnapshotsRequest, { account }: Ec2Call): Scope {
  const meant = (ids: readonly string[] | undefined) =>
    ids && ids.length > 0 ? new Set(ids.map((id) => (id === 'self' ? account : id))) : undefined
  return { owners: meant(OwnerIds), restorers: meant(RestorableByUserIds) }
}

/**
 * Restorable by an account is what it owns or what is explicitly shared with it; by `all`, what is public. Others than oneself may only
 * be asked about as far as one sees (facts: captures 3.3).
 */
function isIn({ owners, restorers }: Scope, snapshot: SnapshotRecord, call: Ec2Call): boolean {
  if (!isVisible(snapshot, call)) return false
  if (owners && !owners.has(snapshot.account)) return false
  if (!restorers) return true
  if (restorers.has('all') && isPublic(snapshot, call)) return true
  return restorers.has(call.account) && (snapshot.account === call.account || isSharedWithCaller(snapshot, call))
}

const isSharedWithCaller = ({ sharedWith }: SnapshotRecord, { account }: Ec2Call) =>
  sharedWith?.includes(account) ?? false

/** What the caller sees, from the indexes: never a look at what others keep to themselves. */
function source(scope: Scope, call: Ec2Call): Source<SnapshotRecord> {
  return {
    name: call.operation,
    get(id) {
      const snapshot = visibleSnapshot(call, id)
      return snapshot && isIn(scope, snapshot, call) ? snapshot : undefined
    },
    *entries(after) {
      const ids = new Set<string>()
      const { owners, restorers } = scope
      const own = !owners || owners.has(call.account)
      if (own && restorers?.has('all') !== true)
        for (const id of idsIn(call, 'owner', `${call.account}/${call.region}`)) ids.add(id)
      for (const id of idsIn(call, 'sharedWith', `${call.region}/${call.account}`)) ids.add(id)
      for (const id of idsIn(call, 'public', call.region)) ids.add(id)
      for (const id of [...ids].sort()) {
        if (after !== undefined && id <= after) continue
        const snapshot = this.get(id)
        if (snapshot) yield [id, snapshot] as const
      }
    },
  }
}

/** Those named, all of which the caller must see, else a page of all. */
function listed(input: DescribeSnapshotsRequest, call: Ec2Call) {
  const { SnapshotIds } = input
  const scope = scopeOf(input, call)
  const table = filters(call)
  if (!SnapshotIds || SnapshotIds.length === 0) return describePage(input, source(scope, call), table)
  refusePagesOfIds(SnapshotIds, 'snapshotSet', input)
  const wanted = readFilters(input.Filters, table)
  const found = [...new Set(SnapshotIds)].map((id) => {
    const snapshot = visibleSnapshot(call, requireId(id, SNAPSHOT_ID, 'snapshotId'))
    if (!snapshot) throw noSuchSnapshot(id)
    return snapshot
  })
  const items = found.filter(
    (snapshot) => isIn(scope, snapshot, call) && wanted.every(({ matches }) => matches(snapshot)),
  )
  return { items }
}

const describeSnapshots = ec2.row('DescribeSnapshots', {
  action: 'ec2:DescribeSnapshots',
  readOnly: true,
  context: inRegion,
  run(input, call) {
    endDryRun(input)
    const { items, NextToken } = { NextToken: undefined, ...listed(input, call) }
    return { Snapshots: items.map((snapshot) => snapshotView(snapshot, call)), NextToken }
  },
  audit: readAudit,
})

export const describeSnapshotsRows = [describeSnapshots]
