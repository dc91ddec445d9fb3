import type { BlockDeviceMapping, EbsBlockDevice } from '@aws-sdk/client-ec2'
import type { PlannedVolume } from '../volumes/planned.ts'
import { incorrectState, invalidCombination, invalidValue, mustContain, refused } from '../errors.ts'
import { requireId, SNAPSHOT_ID } from '../ids.ts'
import { keyFor, type KeyChoice } from '../keys/choose.ts'
import { visibleSnapshot } from '../snapshots/find.ts'
import { snapshotPath, type Ec2Call, type ImageDevice, type ImageRecord, type SnapshotRecord } from '../state.ts'
import { requirePositive, shapeOf } from '../volumes/shape.ts'

/** A volume that an instance is to have. */
export interface PlannedDevice extends PlannedVolume {
  readonly device: string
  /** The snapshot is named by the request, not by the image. */
  readonly named: boolean
  readonly deleteOnTermination: boolean
}

const MOST_DEVICES = 40

/** The image's devices with what the request changes and adds. Throws what AWS refuses volumes with. */
export function planDevices(
  image: ImageRecord,
  mappings: readonly BlockDeviceMapping[] | undefined,
  call: Ec2Call,
): PlannedDevice[] {
  const asked = new Map<string, BlockDeviceMapping>()
  for (const mapping of mappings ?? []) {
    const device = mapping.DeviceName
    if (device === undefined || device === '') throw mustContain('deviceName')
    if (asked.has(device)) throw invalidMapping(`The device '${device}' is used in more than one block-device mapping`)
    asked.set(device, mapping)
  }
  const ofImage = image.devices.flatMap((device) => {
    const mapping = asked.get(device.device)
    asked.delete(device.device)
    return mapping?.NoDevice === undefined ? [planned(device, mapping, call)] : []
  })
  const added = [...asked].flatMap(([device, mapping]) =>
    // Instance store volumes have no data here, and no keys.
    mapping.NoDevice === undefined && mapping.VirtualName === undefined ? [planned({ device }, mapping, call)] : [],
  )
  const all = [...ofImage, ...added]
  if (all.length > MOST_DEVICES) {
    throw refused('AttachmentLimitExceeded', `The maximum number of volumes of an instance is ${MOST_DEVICES}`)
  }
  return all
}

type Base = Pick<ImageDevice, 'device'> & Partial<ImageDevice>

function planned(base: Base, mapping: BlockDeviceMapping | undefined, call: Ec2Call): PlannedDevice {
  const { Ebs: ebs = {} } = mapping ?? {}
  const named = ebs.SnapshotId !== undefined && ebs.SnapshotId !== '' && ebs.SnapshotId !== base.snapshotId
  if (named && base.snapshotId !== undefined) throw invalidMapping('snapshotId cannot be modified on root device')
  const snapshot = named ? requireSnapshot(ebs.SnapshotId, call) : snapshotOfImage(base.snapshotId, call)
  const key = keyFor({ Encrypted: ebs.Encrypted ?? base.encrypted, KmsKeyId: ebs.KmsKeyId }, snapshot, call, true)
  requireConsistent(ebs.Encrypted, ebs.KmsKeyId, snapshot, key)
  return {
    device: base.device,
    snapshot,
    named,
    shape: plannedShape(base, ebs, snapshot),
    key,
    deleteOnTermination: ebs.DeleteOnTermination ?? base.deleteOnTermination ?? true,
  }
}

/** What the image says of the type holds for that type only. */
function plannedShape(base: Base, ebs: EbsBlockDevice, snapshot: SnapshotRecord | undefined) {
  const size = ebs.VolumeSize ?? base.size ?? snapshot?.volumeSize
  if (size === undefined) throw mustContain('size/snapshot')
  requirePositive(size)
  if (snapshot && size < snapshot.volumeSize) {
    throw invalidMapping(
      `Volume of size ${size}GB is smaller than snapshot '${snapshot.id}', expect size>= ${snapshot.volumeSize}GB`,
    )
  }
  const { VolumeType: type = base.type } = ebs
  const { iops, throughput } = type === base.type ? base : {}
  return shapeOf({
    Size: size,
    VolumeType: type,
    Iops: ebs.Iops ?? iops,
    Throughput: ebs.Throughput ?? throughput,
  })
}

function requireSnapshot(id: string | undefined, call: Ec2Call): SnapshotRecord {
  const snapshot = visibleSnapshot(call, requireId(id, SNAPSHOT_ID, 'snapshotId'))
  if (!snapshot) throw refused('InvalidSnapshot.NotFound', `The snapshot '${id ?? ''}' does not exist.`)
  if (snapshot.state !== 'completed') throw incorrectState(`Snapshot is in invalid state - ${snapshot.state}`)
  return snapshot
}

/**
 * Whoever may launch an image may have volumes made of its snapshots, though they are not shared (EC2 User Guide, "Considerations before
 * you share an AMI"); the keys are another matter.
 */
function snapshotOfImage(id: string | undefined, call: Ec2Call): SnapshotRecord | undefined {
  if (id === undefined) return undefined
  const snapshot = call.state.snapshots.in().get(snapshotPath(call.region, id))
  if (!snapshot) throw refused('InvalidSnapshot.NotFound', `The snapshot '${id}' does not exist.`)
  return snapshot
}

/** As for CreateVolume (facts: captures 2.3), whose texts these are. */
function requireConsistent(
  encrypted: boolean | undefined,
  keyId: string | undefined,
  snapshot: SnapshotRecord | undefined,
  key: KeyChoice,
): void {
  if (encrypted === false && snapshot?.encrypted === true) {
    throw invalidCombination('EncryptedVolume parameter [false] is inconsistent with snapshot encryption state [true]')
  }
  if (keyId !== undefined && keyId !== '' && (encrypted === false || !key.encrypted)) {
    throw refused('InvalidParameterDependency', 'The parameter [KmsKeyId] requires the parameter Encrypted to be set.')
  }
}

export const invalidMapping = (text: string) => refused('InvalidBlockDeviceMapping', text)

/** Throws InvalidParameterValue for what is no device name. */
export function requireDevice(device: string | undefined): string {
  if (device === undefined || device === '') throw mustContain('device')
  if (!/^(\/dev\/)?[a-z][a-z0-9]{1,15}$/.test(device)) {
    throw invalidValue(`Value (${device}) for parameter device is invalid. ${device} is not a valid EBS device name.`)
  }
  return device
}
