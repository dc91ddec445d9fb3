import type { RunInstancesRequest } from '@aws-sdk/client-ec2'
import type { Tags } from '../../../access/types.ts'
import { later } from '../background.ts'
import { share } from '../blocks/contents.ts'
import { newId } from '../ids.ts'
import type { Ec2Call, ImageRecord, InstanceRecord, VolumeRecord } from '../state.ts'
import { putTags } from '../tags.ts'
import type { VolumeKeys } from '../volumes/create.ts'
import { putVolume } from '../volumes/find.ts'
import { keysWanted, restored } from '../volumes/restore.ts'
import type { PlannedDevice } from './devices.ts'
import { putInstance } from './find.ts'
import { addressOf, defaultGroup, defaultSubnet, defaultVpc } from './network.ts'
import { PENDING } from './states.ts'
import { startInstance } from './tasks.ts'

/** What a request would launch. */
export interface Launch {
  readonly image: ImageRecord
  readonly devices: readonly PlannedDevice[]
  readonly zone: string
  readonly type: string
  readonly count: number
  readonly subnetId: string
  readonly securityGroups: readonly string[]
  readonly profile: string | undefined
  readonly instanceTags: Tags
  readonly volumeTags: Tags
}

/** The network that a request names, or else the default one of the zone. */
export function networkOf(
  input: RunInstancesRequest,
  zone: string,
  call: Ec2Call,
): Pick<Launch, 'subnetId' | 'securityGroups'> {
  const [card] = input.NetworkInterfaces ?? []
  const groups = card?.Groups ?? input.SecurityGroupIds ?? []
  return {
    subnetId: card?.SubnetId ?? input.SubnetId ?? defaultSubnet(call, zone),
    securityGroups: groups.length > 0 ? groups : [defaultGroup(call)],
  }
}

/** Begins to launch. Within a transaction. */
export function launch(input: RunInstancesRequest, plan: Launch, call: Ec2Call): InstanceRecord[] {
  const reservationId = newId('r', call)
  return Array.from({ length: plan.count }, (_, index) => {
    const id = newId('i', call)
    const instance: InstanceRecord = {
      id,
      reservationId,
      account: call.account,
      region: call.region,
      zone: plan.zone,
      imageId: plan.image.id,
      type: plan.type,
      architecture: plan.image.architecture,
      state: 'pending',
      stateReason: PENDING,
      launchTime: call.time,
      launchIndex: index,
      rootDevice: plan.image.rootDevice,
      subnetId: plan.subnetId,
      vpcId: defaultVpc(call),
      securityGroups: plan.securityGroups,
      privateIp: input.PrivateIpAddress ?? addressOf(id),
      ...(input.KeyName !== undefined && { keyName: input.KeyName }),
      ...(plan.profile !== undefined && { profile: plan.profile }),
      ...(input.UserData !== undefined && { userData: input.UserData }),
      ...(input.ClientToken !== undefined && { clientToken: input.ClientToken }),
      ...(input.EbsOptimized === true && { ebsOptimized: true as const }),
      ...(input.Monitoring?.Enabled === true && { monitored: true as const }),
      ...(input.DisableApiTermination !== undefined && { disableApiTermination: input.DisableApiTermination }),
      ...(input.DisableApiStop !== undefined && { disableApiStop: input.DisableApiStop }),
      ...(input.InstanceInitiatedShutdownBehavior && { shutdownBehavior: input.InstanceInitiatedShutdownBehavior }),
    }
    putInstance(call, instance)
    putTags(call, id, 'instance', plan.instanceTags)
    const makes = plan.devices.map((device) => beginVolume(device, instance, plan.volumeTags, call))
    later(startInstance, id, { instanceId: id, makes }, call)
    return instance
  })
}

function beginVolume(device: PlannedDevice, instance: InstanceRecord, tags: Tags, call: Ec2Call): VolumeKeys {
  const { snapshot, key, shape } = device
  const volume: VolumeRecord = {
    id: newId('vol', call),
    account: call.account,
    region: call.region,
    zone: instance.zone,
    ...shape,
    state: 'creating',
    createTime: call.time,
    multiAttach: false,
    attachments: [
      {
        instanceId: instance.id,
        device: device.device,
        state: 'attaching',
        attachTime: call.time,
        deleteOnTermination: device.deleteOnTermination,
      },
    ],
    ...restored(snapshot, key),
  }
  if (volume.content !== undefined) share(call, volume.content)
  putVolume(call, volume)
  putTags(call, volume.id, 'volume', tags)
  return keysWanted(volume.id, snapshot, key)
}
