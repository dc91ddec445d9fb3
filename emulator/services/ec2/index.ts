import { accountRows } from './operations/account.ts'
import { copySnapshotRows } from './operations/copySnapshot.ts'
import { createSnapshotRows } from './operations/createSnapshot.ts'
import { createSnapshotsRows } from './operations/createSnapshots.ts'
import { createVolumeRows } from './operations/createVolume.ts'
import { deleteSnapshotRows } from './operations/deleteSnapshot.ts'
import { deleteVolumeRows } from './operations/deleteVolume.ts'
import { describeSnapshotsRows } from './operations/describeSnapshots.ts'
import { describeVolumesRows } from './operations/describeVolumes.ts'
import { encryptionDefaultRows } from './operations/encryptionDefaults.ts'
import { lockSnapshotRows } from './operations/lockSnapshot.ts'
import { modifyVolumeRows } from './operations/modifyVolume.ts'
import { regionRows } from './operations/regions.ts'
import { snapshotAttributeRows } from './operations/snapshotAttributes.ts'
import { snapshotPublicAccessRows } from './operations/snapshotPublicAccess.ts'
import { snapshotTierRows } from './operations/snapshotTiers.ts'
import { tagRows } from './operations/tags.ts'
import { volumeAttributeRows } from './operations/volumeAttributes.ts'
import { attachVolumeRows } from './operations/attachVolume.ts'
import { copyImageRows } from './operations/copyImage.ts'
import { createImageRows } from './operations/createImage.ts'
import { describeImagesRows } from './operations/describeImages.ts'
import { imageAttributeRows } from './operations/imageAttributes.ts'
import { describeInstancesRows } from './operations/describeInstances.ts'
import { instanceAttributeRows } from './operations/instanceAttributes.ts'
import { instanceStateRows } from './operations/instanceStates.ts'
import { runInstancesRows } from './operations/runInstances.ts'
import { ec2 } from './service.ts'

export const ec2Service = ec2.with(
  regionRows,
  accountRows,
  createVolumeRows,
  describeVolumesRows,
  deleteVolumeRows,
  modifyVolumeRows,
  volumeAttributeRows,
  encryptionDefaultRows,
  tagRows,
  createSnapshotRows,
  createSnapshotsRows,
  describeSnapshotsRows,
  deleteSnapshotRows,
  copySnapshotRows,
  snapshotAttributeRows,
  snapshotPublicAccessRows,
  lockSnapshotRows,
  snapshotTierRows,
  runInstancesRows,
  describeInstancesRows,
  instanceStateRows,
  instanceAttributeRows,
  attachVolumeRows,
  createImageRows,
  describeImagesRows,
  imageAttributeRows,
  copyImageRows,
)
