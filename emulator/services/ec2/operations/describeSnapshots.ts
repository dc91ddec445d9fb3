import type { DescribeSnapshotsRequest } from '@aws-sdk/client-ec2'
import { readAudit } from '../audit.ts'
import { endDryRun } from '../dryRun.ts'
import { noSuchSnapshot } from '../errors.ts'
import { readFilters, type FilterTable } from '../filters.ts'
import { requireId, SNAPSHOT_ID } from '../ids.ts'
import { describePage, merged, refusePagesOfIds, type Source } from '../pages.ts'
import { inRegion } from '../resources.ts'
import { ec2 } from '../service.ts'
import { isPublic, isVisible, visibleSnapshot } from '../snapshots/find.ts'
import { snapshotView } from '../snapshots/view.ts'
import { snapshotPath, type Ec2Call, type SnapshotRecord } from '../state.ts'
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
    ids: (id) => (id === NO_VOLUME ? undefined : idsIn(call, 'volume', `${call.region}/${id}`)),
  },
  'volume-size': { of: ({ volumeSize }) => String(volumeSize) },
  ...tagFilters<SnapshotRecord>(call),
})

/** In the order of ids where the index is ordered. */
function* idsIn(call: Ec2Call, index: string, key: string, after?: string): Generator<string, void, void> {
  const range = after === undefined ? undefined : { after: snapshotPath(call.region, after) }
  for (const [, { id }] of call.state.snapshots.in().find(index, key, range)) yield id
}

/** The volume that copies and direct snapshots of all accounts are of: no way to find one's own. */
const NO_VOLUME = 'vol-ffffffff'

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
 * Restorable by oneself is what one owns and what is explicitly shared with one; by another account, what one owns and shares with it;
 * by `all`, what is public (facts: captures 3.3; EC2 API reference, DescribeSnapshots).
 */
function isIn({ owners, restorers }: Scope, snapshot: SnapshotRecord, call: Ec2Call): boolean {
  if (!isVisible(snapshot, call)) return false
  if (owners && !owners.has(snapshot.account)) return false
  if (!restorers) return true
  if (restorers.has('all') && isPublic(snapshot, call)) return true
  const { account, sharedWith = [] } = snapshot
  if (account !== call.account) return restorers.has(call.account) && sharedWith.includes(call.account)
  return restorers.has(call.account) || sharedWith.some((id) => restorers.has(id))
}

/** What the caller sees, from ordered indexes: never a look at what others keep to themselves, nor at more than the page needs. */
const source = (scope: Scope, call: Ec2Call): Source<SnapshotRecord> => ({
  name: call.operation,
  get(id) {
    const snapshot = visibleSnapshot(call, id)
    return snapshot && isIn(scope, snapshot, call) ? snapshot : undefined
  },
  *entries(after) {
    for (const id of merged(indexesOf(scope, call).map(([index, key]) => idsIn(call, index, key, after)))) {
      const snapshot = this.get(id)
      if (snapshot) yield [id, snapshot] as const
    }
  },
})

/** The indexes that hold whatever is in the scope. */
function indexesOf({ owners, restorers }: Scope, { account, region }: Ec2Call): (readonly [string, string])[] {
  const own = !owners || owners.has(account)
  const others = !owners || [...owners].some((owner) => owner !== account)
  const onlyAll = restorers?.size === 1 && restorers.has('all')
  return [
    ...(own && !onlyAll ? [['owner', `${account}/${region}`] as const] : []),
    ...(others && (!restorers || restorers.has(account)) ? [['sharedWith', `${region}/${account}`] as const] : []),
    ...((others && !restorers) || restorers?.has('all') === true ? [['public', region] as const] : []),
  ]
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
