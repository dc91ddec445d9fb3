import { accountRows } from './operations/account.ts'
import { createVolumeRows } from './operations/createVolume.ts'
import { deleteVolumeRows } from './operations/deleteVolume.ts'
import { describeVolumesRows } from './operations/describeVolumes.ts'
import { encryptionDefaultRows } from './operations/encryptionDefaults.ts'
import { modifyVolumeRows } from './operations/modifyVolume.ts'
import { regionRows } from './operations/regions.ts'
import { tagRows } from './operations/tags.ts'
import { volumeAttributeRows } from './operations/volumeAttributes.ts'
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
)
