import {
  DescribeSnapshotsCommand,
  ModifySnapshotAttributeCommand,
  type EC2Client,
  type Snapshot,
} from '@aws-sdk/client-ec2'
import { until } from './support.ts'

/** The snapshot once it is no longer pending. */
export async function finished(ec2: EC2Client, id: string | undefined): Promise<Snapshot> {
  return until(async () => {
    const snapshot = await described(ec2, id)
    return snapshot.State === 'pending' ? undefined : snapshot
  })
}

/** The snapshot as it is now. */
export async function described(ec2: EC2Client, id: string | undefined): Promise<Snapshot> {
  const { Snapshots } = await ec2.send(new DescribeSnapshotsCommand({ SnapshotIds: [id ?? ''] }))
  const [snapshot] = Snapshots ?? []
  if (!snapshot) throw new Error(`no ${id ?? 'snapshot'}`)
  return snapshot
}

export const sharing = (SnapshotId: string, UserId: string, change: 'Add' | 'Remove' = 'Add') =>
  new ModifySnapshotAttributeCommand({ SnapshotId, CreateVolumePermission: { [change]: [{ UserId }] } })
