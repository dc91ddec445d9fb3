import type { SnapshotLock, SnapshotRecord } from '../state.ts'

const HOUR = 3_600_000

/** How a lock stands at a moment (EBS User Guide, "Snapshot lock"). */
export type LockState = 'compliance-cooloff' | 'governance' | 'compliance' | 'expired'

export function lockState(lock: SnapshotLock, time: number): LockState {
  if (time >= lock.expiresAt) return 'expired'
  if (lock.mode === 'governance') return 'governance'
  return time < coolOffEnd(lock) ? 'compliance-cooloff' : 'compliance'
}

export const coolOffEnd = ({ createdAt, coolOffHours }: SnapshotLock): number => createdAt + coolOffHours * HOUR

/** Whether it cannot be deleted. */
export const isLocked = ({ lock }: SnapshotRecord, time: number): boolean => lock !== undefined && time < lock.expiresAt

/** The duration of a lock on a pending snapshot counts from its completion (EC2 API reference, LockedSnapshotsInfo). */
export function begun(lock: SnapshotLock, time: number): SnapshotLock {
  const late = time - lock.durationFrom
  return lock.untilDate ? lock : { ...lock, durationFrom: time, expiresAt: lock.expiresAt + late }
}
