import type { ArchitectureValues, BlockDeviceMapping, BootModeValues, Image, VolumeType } from '@aws-sdk/client-ec2'
import type { Ec2Call, ImageDevice, ImageRecord } from '../state.ts'
import { tagSet, tagsFor } from '../tags.ts'
import { AMAZON } from './builtin.ts'

export function imageView(image: ImageRecord, call: Ec2Call): Image {
  const { stateReason, source } = image
  const Tags = tagSet(tagsFor(call, image.id))
  return {
    ImageId: image.id,
    ImageLocation: `${image.account === AMAZON ? 'amazon' : image.account}/${image.name}`,
    ImageType: 'machine',
    State: image.state,
    Name: image.name,
    OwnerId: image.account,
    CreationDate: new Date(image.createdAt).toISOString(),
    Public: image.isPublic ?? false,
    Architecture: image.architecture as ArchitectureValues,
    PlatformDetails: 'Linux/UNIX',
    UsageOperation: 'RunInstances',
    BlockDeviceMappings: image.devices.map(deviceView),
    EnaSupport: image.enaSupport ?? false,
    Hypervisor: 'xen',
    VirtualizationType: 'hvm',
    RootDeviceName: image.rootDevice,
    RootDeviceType: 'ebs',
    ...(image.description !== '' && { Description: image.description }),
    ...(image.account === AMAZON && { ImageOwnerAlias: 'amazon' }),
    ...(image.bootMode !== undefined && { BootMode: image.bootMode as BootModeValues }),
    ...(image.sourceInstanceId !== undefined && { SourceInstanceId: image.sourceInstanceId }),
    ...(source && { SourceImageId: source.id, SourceImageRegion: source.region }),
    ...(stateReason && { StateReason: { Code: stateReason.code, Message: stateReason.message } }),
    ...(Tags && { Tags }),
  }
}

export const deviceView = ({ device, ...ebs }: ImageDevice): BlockDeviceMapping => ({
  DeviceName: device,
  Ebs: {
    DeleteOnTermination: ebs.deleteOnTermination,
    Encrypted: ebs.encrypted ?? false,
    ...(ebs.snapshotId !== undefined && { SnapshotId: ebs.snapshotId }),
    ...(ebs.size !== undefined && { VolumeSize: ebs.size }),
    ...(ebs.type !== undefined && { VolumeType: ebs.type as VolumeType }),
    ...(ebs.iops !== undefined && { Iops: ebs.iops }),
    ...(ebs.throughput !== undefined && { Throughput: ebs.throughput }),
  },
})
