import type { Ec2Call, SnapshotRecord } from './state.ts'
import { snapshotPath } from './state.ts'

/**
 * A snapshot of the call's Region that the caller's account may see: its own, shared with it, or public. What is none of these does not
 * exist for the caller.
 */
export function visibleSnapshot(call: Ec2Call, id: string): SnapshotRecord | undefined {
  const snapshot = call.state.snapshots.in().get(snapshotPath(call.region, id))
  return snapshot && mayUse(snapshot, call.account) ? snapshot : undefined
}

/** A snapshot of the caller's own account. */
export function ownSnapshot(call: Ec2Call, id: string): SnapshotRecord | undefined {
  const snapshot = call.state.snapshots.in().get(snapshotPath(call.region, id))
  return snapshot?.account === call.account ? snapshot : undefined
}

const mayUse = ({ account, sharedWith, isPublic }: SnapshotRecord, asking: string) =>
  account === asking || isPublic === true || (sharedWith?.includes(asking) ?? false)
