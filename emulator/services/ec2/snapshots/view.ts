import type { Snapshot } from '@aws-sdk/client-ec2'
import type { Ec2Call, SnapshotRecord } from '../state.ts'
import { tagList, tagSet, tagsFor } from '../tags.ts'

/** What CreateSnapshot answers: no key, and no progress yet (facts: captures 3.1). */
export const createdView = (snapshot: SnapshotRecord, call: Ec2Call): Snapshot => ({
  SnapshotId: snapshot.id,
  VolumeId: snapshot.volumeId,
  State: snapshot.state,
  StartTime: new Date(snapshot.startTime),
  Progress: '',
  OwnerId: snapshot.account,
  Description: snapshot.description,
  VolumeSize: snapshot.volumeSize,
  Encrypted: snapshot.encrypted,
  Tags: tagList(tagsFor(call, snapshot.id)),
})

/** What DescribeSnapshots answers (facts: captures 1.1, 3.1, 4.2). */
export function snapshotView(snapshot: SnapshotRecord, call: Ec2Call): Snapshot {
  const Tags = tagSet(tagsFor(call, snapshot.id))
  return {
    SnapshotId: snapshot.id,
    VolumeId: snapshot.volumeId,
    State: snapshot.state,
    StartTime: new Date(snapshot.startTime),
    Progress: snapshot.progress,
    OwnerId: snapshot.account,
    VolumeSize: snapshot.volumeSize,
    Description: snapshot.description,
    Encrypted: snapshot.encrypted,
    StorageTier: snapshot.storageTier ?? 'standard',
    TransferType: snapshot.completionDuration === undefined ? 'standard' : 'time-based',
    ...(snapshot.completionDuration !== undefined && { CompletionDurationMinutes: snapshot.completionDuration }),
    ...(snapshot.stateMessage !== undefined && { StateMessage: snapshot.stateMessage }),
    ...(snapshot.kmsKeyId !== undefined && { KmsKeyId: snapshot.kmsKeyId }),
    ...(snapshot.completionTime !== undefined && { CompletionTime: new Date(snapshot.completionTime) }),
    ...(snapshot.fullSizeInBytes !== undefined && { FullSnapshotSizeInBytes: snapshot.fullSizeInBytes }),
    ...(Tags && { Tags }),
  }
}
