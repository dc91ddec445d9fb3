import { incorrectState, noSuchVolume } from '../errors.ts'
import type { Ec2Call, VolumeRecord } from '../state.ts'

/** A volume of the caller's account in the call's Region, also while it is being deleted. */
export const volumeOf = (call: Ec2Call, id: string): VolumeRecord | undefined =>
  call.account === '' ? undefined : call.state.volumes.in(call.account, call.region).get(id)

/** The same, for whoever uses it: one that is being deleted is gone (facts: captures 2.2). Throws InvalidVolume.NotFound. */
export function requireVolume(call: Ec2Call, id: string): VolumeRecord {
  const volume = volumeOf(call, id)
  if (!volume || volume.state === 'deleting') throw noSuchVolume(id)
  return volume
}

/** Throws IncorrectState for a volume that is still being made. The text is not recorded; snapshots have one like it. */
export function requireMade({ state }: VolumeRecord): void {
  if (state === 'creating' || state === 'error') throw incorrectState(`Volume is in invalid state - ${state}`)
}

/** Stores a changed volume. Within a transaction. */
export function putVolume(call: Ec2Call, volume: VolumeRecord): void {
  call.state.volumes.in(volume.account, volume.region).put(volume.id, volume)
}
