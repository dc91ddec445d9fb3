import type { VolumeAttachment as AttachmentView } from '@aws-sdk/client-ec2'
import type { Check } from '../../../operation/define.ts'
import { auditOf } from '../audit.ts'
import { later } from '../background.ts'
import { endDryRun } from '../dryRun.ts'
import { incorrectState, invalidValue, refused } from '../errors.ts'
import { requireId, VOLUME_ID } from '../ids.ts'
import { requireDevice } from '../instances/devices.ts'
import { attachmentTo, instanceOf, requireInstance, requireInstanceId, volumesOf } from '../instances/find.ts'
import { anyInstance, instanceResource } from '../instances/resources.ts'
import { attachVolume as attachTask, detachVolume as detachTask } from '../instances/tasks.ts'
import { anyVolume, volumeResource } from '../resources.ts'
import { ec2 } from '../service.ts'
import type { Ec2Call, InstanceRecord, VolumeAttachment, VolumeRecord } from '../state.ts'
import { putVolume, requireVolume, volumeOf } from '../volumes/find.ts'
import { attachmentViews } from '../volumes/view.ts'

const onInstance = (action: string, id: string, call: Ec2Call): Check => {
  const instance = instanceOf(call, id)
  return { action, resource: instance ? instanceResource(instance, call) : anyInstance(call, id) }
}

const volumeNamed = (id: string, call: Ec2Call) => {
  const volume = volumeOf(call, id)
  return volume ? volumeResource(volume, call) : anyVolume(call, id)
}

const viewOf = (volume: VolumeRecord, instanceId: string): AttachmentView =>
  attachmentViews(volume).find(({ InstanceId }) => InstanceId === instanceId) ?? {}

/** The forms of the ids come first; the texts below are seen widely, their order is not recorded. */
const attachVolume = ec2.row('AttachVolume', {
  action: 'ec2:AttachVolume',
  subject: (input) => ({
    volumeId: requireId(input.VolumeId, VOLUME_ID, 'volumeId'),
    instanceId: requireInstanceId(input.InstanceId ?? ''),
    device: requireDevice(input.Device),
  }),
  resource: (_input, call, { volumeId }) => volumeNamed(volumeId, call),
  also: (_input, call, { instanceId }) => [onInstance('ec2:AttachVolume', instanceId, call)],
  run(input, call, { volumeId, instanceId, device }) {
    endDryRun(input)
    const volume = call.env.store.transaction(() => {
      const free = requireVolume(call, volumeId)
      const instance = requireInstance(call, instanceId)
      requireAttachable(free, instance, device, call)
      const attachment: VolumeAttachment = {
        instanceId,
        device,
        state: 'attaching',
        attachTime: call.time,
        deleteOnTermination: false,
      }
      const attaching: VolumeRecord = {
        ...free,
        state: 'in-use',
        attachments: [...(free.attachments ?? []), attachment],
      }
      putVolume(call, attaching)
      later(attachTask, `${volumeId}/${instanceId}`, { volumeId, instanceId }, call)
      return attaching
    })
    return viewOf(volume, instanceId)
  },
  audit: auditOf,
})

function requireAttachable(volume: VolumeRecord, instance: InstanceRecord, device: string, call: Ec2Call): void {
  const { id } = instance
  if (volume.zone !== instance.zone) {
    throw refused(
      'InvalidVolume.ZoneMismatch',
      `The volume '${volume.id}' is not in the same availability zone as instance '${id}'`,
    )
  }
  if (instance.state !== 'running' && instance.state !== 'stopped') {
    throw incorrectState(`Instance '${id}' is not 'running'.`)
  }
  if (volume.state === 'in-use' && (!volume.multiAttach || attachmentTo(volume, id))) {
    throw refused('VolumeInUse', `${volume.id} is already attached to an instance`)
  }
  if (volume.state !== 'available' && volume.state !== 'in-use') {
    throw incorrectState(`${volume.id} is not 'available'.`)
  }
  const attached = volumesOf(call, id)
  if (attached.some(({ attachment }) => attachment.device === device)) {
    throw invalidValue(`Invalid value '${device}' for unixDevice. Attachment point ${device} is already in use`)
  }
}

const detachVolume = ec2.row('DetachVolume', {
  action: 'ec2:DetachVolume',
  subject(input, call) {
    const volumeId = requireId(input.VolumeId, VOLUME_ID, 'volumeId')
    const instanceId = input.InstanceId === undefined ? undefined : requireInstanceId(input.InstanceId)
    return { volumeId, instanceId, on: instanceId ?? volumeOf(call, volumeId)?.attachments?.[0]?.instanceId }
  },
  resource: (_input, call, { volumeId }) => volumeNamed(volumeId, call),
  also: (_input, call, { on }) => (on === undefined ? [] : [onInstance('ec2:DetachVolume', on, call)]),
  run(input, call, { volumeId, instanceId }) {
    endDryRun(input)
    const { volume, from } = call.env.store.transaction(() => {
      const held = requireVolume(call, volumeId)
      if (instanceId !== undefined) requireInstance(call, instanceId)
      const attachment = detachable(held, instanceId, input, call)
      const detaching: VolumeRecord = {
        ...held,
        attachments: held.attachments?.map((one) => (one === attachment ? { ...one, state: 'detaching' } : one)),
      }
      putVolume(call, detaching)
      const place = { volumeId, instanceId: attachment.instanceId }
      later(detachTask, `${volumeId}/${place.instanceId}`, place, call)
      return { volume: detaching, from: place.instanceId }
    })
    return viewOf(volume, from)
  },
  audit: auditOf,
})

function detachable(
  volume: VolumeRecord,
  instanceId: string | undefined,
  { Device, Force }: { readonly Device?: string | undefined; readonly Force?: boolean | undefined },
  call: Ec2Call,
): VolumeAttachment {
  const { id, attachments = [] } = volume
  const [first] = attachments
  if (!first) throw incorrectState(`Volume '${id}' is in the '${volume.state}' state.`)
  if (instanceId === undefined && attachments.length > 1) {
    throw refused(
      'InvalidParameterCombination',
      `Volume '${id}' is attached to several instances. Specify one of them.`,
    )
  }
  const attachment = instanceId === undefined ? first : attachmentTo(volume, instanceId)
  if (!attachment || (Device !== undefined && Device !== attachment.device)) {
    const where = `instance '${instanceId ?? first.instanceId}'${Device === undefined ? '' : ` as device ${Device}`}`
    throw refused('InvalidAttachment.NotFound', `The volume '${id}' is not attached to ${where}.`)
  }
  const instance = instanceOf(call, attachment.instanceId)
  if (attachment.device === instance?.rootDevice && instance.state !== 'stopped') {
    throw refused(
      'OperationNotPermitted',
      `Unable to detach root volume '${attachment.device}' from instance '${instance.id}'`,
    )
  }
  if (attachment.state === 'attached' || Force === true) return attachment
  throw incorrectState(`Volume '${id}' is in the '${attachment.state}' state.`)
}

export const attachVolumeRows = [attachVolume, detachVolume]
