import type {
  ArchitectureValues,
  AttachmentStatus,
  Instance,
  InstanceBlockDeviceMapping,
  Reservation,
  _InstanceType as TypeName,
} from '@aws-sdk/client-ec2'
import { zonesOf } from '../zones.ts'
import type { Ec2Call, InstanceRecord } from '../state.ts'
import { tagSet, tagsFor } from '../tags.ts'
import { volumesOf } from './find.ts'
import { stateView } from './states.ts'

/** Instances by reservation, as RunInstances and DescribeInstances answer. */
export function reservations(instances: readonly InstanceRecord[], call: Ec2Call): Reservation[] {
  const groups = new Map<string, InstanceRecord[]>()
  for (const instance of instances) {
    const group = groups.get(instance.reservationId)
    if (group) group.push(instance)
    else groups.set(instance.reservationId, [instance])
  }
  return [...groups].map(([ReservationId, members]) => ({
    ReservationId,
    OwnerId: call.account,
    Groups: [],
    Instances: members.map((instance) => instanceView(instance, call)),
  }))
}

export function instanceView(instance: InstanceRecord, call: Ec2Call): Instance {
  const { stateReason, profile } = instance
  const Tags = tagSet(tagsFor(call, instance.id))
  const isGone = instance.state === 'terminated'
  return {
    InstanceId: instance.id,
    ImageId: instance.imageId,
    State: stateView(instance.state),
    StateTransitionReason: instance.transitionReason ?? '',
    InstanceType: instance.type as TypeName,
    LaunchTime: new Date(Math.floor(instance.launchTime / 1000) * 1000),
    AmiLaunchIndex: instance.launchIndex,
    Architecture: instance.architecture as ArchitectureValues,
    BlockDeviceMappings: deviceViews(instance, call),
    EbsOptimized: instance.ebsOptimized ?? false,
    EnaSupport: true,
    Hypervisor: 'xen',
    VirtualizationType: 'hvm',
    RootDeviceName: instance.rootDevice,
    RootDeviceType: 'ebs',
    Monitoring: { State: instance.monitored ? 'enabled' : 'disabled' },
    Placement: {
      AvailabilityZone: instance.zone,
      AvailabilityZoneId: zonesOf(instance.region).find(({ name }) => name === instance.zone)?.id,
      GroupName: '',
      Tenancy: 'default',
    },
    PrivateDnsName: isGone ? '' : `ip-${instance.privateIp.replaceAll('.', '-')}.ec2.internal`,
    PublicDnsName: '',
    ProductCodes: [],
    NetworkInterfaces: [],
    SecurityGroups: isGone ? [] : instance.securityGroups.map((GroupId) => ({ GroupId, GroupName: 'default' })),
    ...(!isGone && {
      PrivateIpAddress: instance.privateIp,
      SubnetId: instance.subnetId,
      VpcId: instance.vpcId,
      SourceDestCheck: true,
    }),
    ...(instance.keyName !== undefined && { KeyName: instance.keyName }),
    ...(profile !== undefined && { IamInstanceProfile: { Arn: profile } }),
    ...(instance.clientToken !== undefined && { ClientToken: instance.clientToken }),
    ...(stateReason && { StateReason: { Code: stateReason.code, Message: stateReason.message } }),
    ...(Tags && { Tags }),
  }
}

export const deviceViews = ({ id }: InstanceRecord, call: Ec2Call): InstanceBlockDeviceMapping[] =>
  volumesOf(call, id).map(({ volume, attachment }) => ({
    DeviceName: attachment.device,
    Ebs: {
      AttachTime: new Date(Math.floor(attachment.attachTime / 1000) * 1000),
      DeleteOnTermination: attachment.deleteOnTermination,
      Status: attachment.state as AttachmentStatus,
      VolumeId: volume.id,
    },
  }))
