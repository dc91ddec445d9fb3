import { noSuchInstance, refused } from '../errors.ts'
import { formOf, INSTANCE_ID } from '../ids.ts'
import type { Ec2Call, InstanceRecord, VolumeAttachment, VolumeRecord } from '../state.ts'

/** An instance of the caller's account in the call's Region, also for a while after it has been terminated. */
export const instanceOf = (call: Ec2Call, id: string): InstanceRecord | undefined =>
  call.account === '' ? undefined : call.state.instances.in(call.account, call.region).get(id)

/** Stores a changed instance. Within a transaction. */
export function putInstance(call: Ec2Call, instance: InstanceRecord): void {
  call.state.instances.in(instance.account, instance.region).put(instance.id, instance)
}

/** Throws InvalidInstanceID.Malformed (seen widely, e.g. aws-cli issue 1777). */
export function requireInstanceId(id: string): string {
  if (formOf('i', id) === 'ok') return id
  const expected = id.startsWith('i-') ? '' : ' (expecting "i-...")'
  throw refused(INSTANCE_ID.malformed, `Invalid id: "${id}"${expected}`)
}

/** Throws InvalidInstanceID.Malformed, InvalidInstanceID.NotFound. */
export function requireInstance(call: Ec2Call, id: string): InstanceRecord {
  const instance = instanceOf(call, requireInstanceId(id))
  if (!instance) throw noSuchInstance(id)
  return instance
}

/** All that a request names, each once. Throws as `requireInstance` does, for all missing ones together. */
export function requireInstances(call: Ec2Call, ids: readonly string[]): InstanceRecord[] {
  const wanted = [...new Set(ids.map(requireInstanceId))]
  const found = wanted.map((id) => instanceOf(call, id) ?? id)
  const missing = found.filter((one) => typeof one === 'string')
  if (missing.length > 1) {
    throw refused('InvalidInstanceID.NotFound', `The instance IDs '${missing.join(', ')}' do not exist`)
  }
  const [one] = missing
  if (one !== undefined) throw noSuchInstance(one)
  return found.filter((instance) => typeof instance !== 'string')
}

export interface Attached {
  readonly volume: VolumeRecord
  readonly attachment: VolumeAttachment
}

/** The volumes of an instance, by device. */
export function volumesOf(call: Ec2Call, instanceId: string): Attached[] {
  const table = call.state.volumes.in(call.account, call.region)
  const found = [...table.find('instance', instanceId)].flatMap(([, volume]) => {
    const attachment = attachmentTo(volume, instanceId)
    return attachment ? [{ volume, attachment }] : []
  })
  return found.sort((a, b) => (a.attachment.device < b.attachment.device ? -1 : 1))
}

export const attachmentTo = ({ attachments }: VolumeRecord, instanceId: string): VolumeAttachment | undefined =>
  attachments?.find((one) => one.instanceId === instanceId)

/** A volume with one of its attachments changed or, without a change, gone; which also decides whether it is in use. */
export function withAttachment(
  volume: VolumeRecord,
  instanceId: string,
  change: Partial<VolumeAttachment> | undefined,
): VolumeRecord {
  const attachments = (volume.attachments ?? []).flatMap((one) =>
    one.instanceId !== instanceId ? [one] : change ? [{ ...one, ...change }] : [],
  )
  return {
    ...volume,
    state: attachments.length > 0 ? 'in-use' : 'available',
    attachments: attachments.length > 0 ? attachments : undefined,
  }
}
