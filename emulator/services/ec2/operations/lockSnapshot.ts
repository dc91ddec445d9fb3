import type { LockSnapshotRequest } from '@aws-sdk/client-ec2'
import { auditOf, readAudit } from '../audit.ts'
import { endDryRun } from '../dryRun.ts'
import { invalidCombination, invalidValue, mustContain, refused } from '../errors.ts'
import { readFilters } from '../filters.ts'
import { requireId, SNAPSHOT_ID } from '../ids.ts'
import { describePage, type Source } from '../pages.ts'
import { anySnapshot, inRegion, snapshotResource } from '../resources.ts'
import { ec2 } from '../service.ts'
import { ownSnapshot, putSnapshot, requireOwnSnapshot, visibleSnapshot } from '../snapshots/find.ts'
import { coolOffEnd, lockState } from '../snapshots/lock.ts'
import { snapshotPath, type Ec2Call, type SnapshotLock, type SnapshotRecord } from '../state.ts'

/*
 * EBS User Guide, "Amazon EBS snapshot lock", and the EC2 API reference. None of the refusals is recorded: codes and texts are ours.
 */

const DAY = 86_400_000
const MOST_DAYS = 36_500
const MOST_COOL_OFF_HOURS = 72

const onSnapshot = {
  subject: ({ SnapshotId }: { readonly SnapshotId?: string | undefined }) =>
    requireId(SnapshotId, SNAPSHOT_ID, 'snapshotId'),
  resource(_input: object, call: Ec2Call, id: string) {
    const snapshot = visibleSnapshot(call, id)
    return snapshot ? snapshotResource(snapshot, call) : anySnapshot(call, id)
  },
} as const

const lockSnapshot = ec2.row('LockSnapshot', {
  ...onSnapshot,
  action: 'ec2:LockSnapshot',
  context: (input, call) => ({
    'ec2:Region': call.region,
    'ec2:SnapshotLockDuration': input.LockDuration === undefined ? undefined : String(input.LockDuration),
    'ec2:SnapshotCoolOffPeriod': input.CoolOffPeriod === undefined ? undefined : String(input.CoolOffPeriod),
  }),
  run(input, call, id) {
    endDryRun(input)
    const wanted = readLock(input, call.time)
    const snapshot = call.env.store.transaction(() => {
      const found = requireOwnSnapshot(call, id)
      requireStricter(found, wanted, call.time)
      const locked = { ...found, lock: { ...wanted, createdAt: found.lock?.createdAt ?? wanted.createdAt } }
      putSnapshot(call, locked)
      return locked
    })
    return { SnapshotId: id, ...lockView(snapshot.lock, call.time) }
  },
  audit: auditOf,
})

function readLock(
  { LockMode, LockDuration, ExpirationDate, CoolOffPeriod }: LockSnapshotRequest,
  time: number,
): SnapshotLock {
  if (LockMode === undefined) throw mustContain('LockMode')
  // The wire gives whatever was sent.
  const modes: readonly string[] = ['governance', 'compliance']
  if (!modes.includes(LockMode)) throw invalidValue(`Value (${LockMode}) for parameter lockMode is invalid.`)
  if ((LockDuration === undefined) === (ExpirationDate === undefined)) {
    throw invalidCombination('You must specify either LockDuration or ExpirationDate, but not both.')
  }
  if (CoolOffPeriod !== undefined && LockMode === 'governance') {
    throw invalidCombination('CoolOffPeriod can be specified for compliance mode only.')
  }
  const expiresAt = ExpirationDate?.getTime() ?? time + (LockDuration ?? 0) * DAY
  const days = Math.ceil((expiresAt - time) / DAY)
  if (!(days >= 1 && days <= MOST_DAYS)) {
    throw invalidValue(`The lock duration must be between 1 and ${MOST_DAYS} days.`)
  }
  const coolOffHours = CoolOffPeriod ?? 0
  if (coolOffHours < 0 || coolOffHours > MOST_COOL_OFF_HOURS) {
    throw invalidValue(`The cool-off period must be between 1 and ${MOST_COOL_OFF_HOURS} hours.`)
  }
  return {
    mode: LockMode,
    createdAt: time,
    durationFrom: time,
    expiresAt,
    days,
    coolOffHours,
    ...(ExpirationDate && { untilDate: true as const }),
  }
}

/** In compliance mode, after the cool-off, a lock can only be made longer. */
function requireStricter(snapshot: SnapshotRecord, wanted: SnapshotLock, time: number): void {
  const { lock } = snapshot
  if (!lock || lockState(lock, time) !== 'compliance') return
  if (wanted.mode === 'compliance' && wanted.expiresAt >= lock.expiresAt && wanted.coolOffHours === 0) return
  throw refused(
    'SnapshotLocked',
    `The snapshot '${snapshot.id}' is locked in compliance mode: its lock can only be extended.`,
  )
}

const unlockSnapshot = ec2.row('UnlockSnapshot', {
  ...onSnapshot,
  action: 'ec2:UnlockSnapshot',
  context: inRegion,
  run(input, call, id) {
    endDryRun(input)
    call.env.store.transaction(() => {
      const { lock, ...snapshot } = requireOwnSnapshot(call, id)
      if (lock && lockState(lock, call.time) === 'compliance') {
        throw refused('SnapshotLocked', `The snapshot '${id}' is locked in compliance mode and can't be unlocked.`)
      }
      putSnapshot(call, snapshot)
    })
    return { SnapshotId: id }
  },
  audit: auditOf,
})

const lockView = (lock: SnapshotLock, time: number) => ({
  LockState: lockState(lock, time),
  LockDuration: lock.days,
  LockCreatedOn: new Date(lock.createdAt),
  LockExpiresOn: new Date(lock.expiresAt),
  LockDurationStartTime: new Date(lock.durationFrom),
  ...(lock.coolOffHours > 0 && {
    CoolOffPeriod: lock.coolOffHours,
    CoolOffPeriodExpiresOn: new Date(coolOffEnd(lock)),
  }),
})

/** The caller's locked snapshots. */
const locked = (call: Ec2Call): Source<SnapshotRecord> => ({
  name: call.operation,
  get: (id) => ownSnapshot(call, id),
  *entries(after) {
    const range = after === undefined ? undefined : { after: snapshotPath(call.region, after) }
    const found = call.state.snapshots.in().find('locked', `${call.account}/${call.region}`, range)
    for (const [, snapshot] of found) yield [snapshot.id, snapshot] as const
  },
})

const describeLockedSnapshots = ec2.row('DescribeLockedSnapshots', {
  action: 'ec2:DescribeLockedSnapshots',
  readOnly: true,
  context: inRegion,
  run(input, call) {
    endDryRun(input)
    const table = {
      'lock-state': { of: ({ lock }: SnapshotRecord) => lock && lockState(lock, call.time) },
    }
    const named = input.SnapshotIds ?? []
    const { items, NextToken } =
      named.length === 0
        ? { NextToken: undefined, ...describePage(input, locked(call), table) }
        : {
            items: namedOnes(named, call).filter((one) =>
              readFilters(input.Filters, table).every((f) => f.matches(one)),
            ),
            NextToken: undefined,
          }
    return {
      Snapshots: items.flatMap(({ id, account, lock }) =>
        lock ? [{ SnapshotId: id, OwnerId: account, ...lockView(lock, call.time) }] : [],
      ),
      NextToken,
    }
  },
  audit: readAudit,
})

function namedOnes(ids: readonly string[], call: Ec2Call): SnapshotRecord[] {
  return ids.map((id) => requireOwnSnapshot(call, requireId(id, SNAPSHOT_ID, 'snapshotId')))
}

export const lockSnapshotRows = [lockSnapshot, unlockSnapshot, describeLockedSnapshots]
