import { noSuchSnapshot } from '../errors.ts'
import { settingsFor } from '../settings.ts'
import { snapshotPath, type Ec2Call, type SnapshotRecord } from '../state.ts'

/**
 * A snapshot of the call's Region that the caller's account may see: its own, shared with it, or public. What is none of these does not
 * exist for the caller.
 */
export function visibleSnapshot(call: Ec2Call, id: string): SnapshotRecord | undefined {
  const snapshot = call.state.snapshots.in().get(snapshotPath(call.region, id))
  return snapshot && isVisible(snapshot, call) ? snapshot : undefined
}

/** A snapshot of the caller's own account. */
export function ownSnapshot(call: Ec2Call, id: string): SnapshotRecord | undefined {
  const snapshot = call.state.snapshots.in().get(snapshotPath(call.region, id))
  return snapshot?.account === call.account ? snapshot : undefined
}

/** The same, for whoever changes it. Throws InvalidSnapshot.NotFound. */
export function requireOwnSnapshot(call: Ec2Call, id: string): SnapshotRecord {
  const snapshot = ownSnapshot(call, id)
  if (!snapshot) throw noSuchSnapshot(id)
  return snapshot
}

export const isVisible = (snapshot: SnapshotRecord, call: Ec2Call): boolean =>
  snapshot.account === call.account ||
  (snapshot.sharedWith?.includes(call.account) ?? false) ||
  isPublic(snapshot, call)

/** Whether everybody may use it: its owner may have blocked that for all its snapshots (EBS User Guide, "Block public access"). */
export const isPublic = ({ isPublic: shared, account, region }: SnapshotRecord, call: Ec2Call): boolean =>
  shared === true && settingsFor(call, account, region).snapshotBlockPublicAccess !== 'block-all-sharing'

/** Stores a changed snapshot. Within a transaction. */
export function putSnapshot(call: Pick<Ec2Call, 'state'>, snapshot: SnapshotRecord): void {
  call.state.snapshots.in().put(snapshotPath(snapshot.region, snapshot.id), snapshot)
}
