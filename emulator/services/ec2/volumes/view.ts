import type { Volume, VolumeAttachment as AttachmentView, VolumeType as TypeName } from '@aws-sdk/client-ec2'
import { volumeArn } from '../arns.ts'
import type { Ec2Call, VolumeRecord } from '../state.ts'
import { tagList, tagSet, tagsFor } from '../tags.ts'
import { zonesOf } from '../zones.ts'

/** What CreateVolume answers: fewer members than DescribeVolumes, and whole seconds (facts: captures 2.1). */
export function createdView(volume: VolumeRecord, call: Ec2Call): Volume {
  return {
    ...common(volume),
    CreateTime: new Date(Math.floor(volume.createTime / 1000) * 1000),
    Tags: tagList(tagsFor(call, volume.id)),
  }
}

export function volumeView(volume: VolumeRecord, call: Ec2Call): Volume {
  const Tags = tagSet(tagsFor(call, volume.id))
  return {
    ...common(volume),
    CreateTime: new Date(volume.createTime),
    Attachments: attachmentViews(volume),
    OwnerId: volume.account,
    VolumeArn: volumeArn(volume.region, volume.account, volume.id),
    Operator: { Managed: false, HiddenByDefault: false },
    ...(Tags && { Tags }),
  }
}

function common(volume: VolumeRecord): Volume {
  return {
    VolumeId: volume.id,
    Size: volume.size,
    SnapshotId: volume.snapshotId,
    AvailabilityZone: volume.zone,
    AvailabilityZoneId: zonesOf(volume.region).find(({ name }) => name === volume.zone)?.id,
    State: volume.state,
    VolumeType: volume.type as TypeName,
    Iops: volume.iops,
    Throughput: volume.throughput,
    Encrypted: volume.encrypted,
    KmsKeyId: volume.kmsKeyId,
    MultiAttachEnabled: volume.multiAttach,
    VolumeInitializationRate: volume.initializationRate,
  }
}

/** A volume's attachments as lists and AttachVolume show them. */
export const attachmentViews = (volume: VolumeRecord): AttachmentView[] =>
  (volume.attachments ?? []).map(({ instanceId, device, state, attachTime, deleteOnTermination }) => ({
    VolumeId: volume.id,
    InstanceId: instanceId,
    Device: device,
    State: state,
    AttachTime: new Date(attachTime),
    DeleteOnTermination: deleteOnTermination,
  }))
