import type { BlockDeviceMapping, CreateImageRequest, EbsBlockDevice, RegisterImageRequest } from '@aws-sdk/client-ec2'
import type { Tags } from '../../../access/types.ts'
import type { Check } from '../../../operation/define.ts'
import { auditOf } from '../audit.ts'
import { later } from '../background.ts'
import { tagOnCreate } from '../creation.ts'
import { endDryRun } from '../dryRun.ts'
import { invalidValue, mustContain, notEmulated, refused } from '../errors.ts'
import { formOf, newId } from '../ids.ts'
import { putImage, requireArchitecture, requireFreeName, requireOwnImage, visibleImage } from '../images/find.ts'
import { finishImage } from '../images/tasks.ts'
import { invalidMapping } from '../instances/devices.ts'
import { instanceOf, requireInstance, requireInstanceId, volumesOf, type Attached } from '../instances/find.ts'
import { anyImage, anyInstance, imageResource, instanceResource } from '../instances/resources.ts'
import { anySnapshot, snapshotResource } from '../resources.ts'
import { ec2 } from '../service.ts'
import { ownSnapshot } from '../snapshots/find.ts'
import {
  imagePath,
  type Ec2Call,
  type ImageDevice,
  type ImageRecord,
  type InstanceRecord,
  type SnapshotRecord,
} from '../state.ts'
import { dropTags, putTags, readTagSpecifications, requestTagKeys } from '../tags.ts'
import { shapeOf } from '../volumes/shape.ts'
import { snapshotOf } from './createSnapshot.ts'

const beingMade = (call: Ec2Call, tags: Tags) => ({
  'ec2:Region': call.region,
  'aws:ResourceBeingCreated': 'true',
  ...requestTagKeys(tags),
})

/** The device of an image made from a snapshot of the caller's own. */
function registered({ DeviceName: device, Ebs: ebs }: BlockDeviceMapping, call: Ec2Call): ImageDevice[] {
  if (device === undefined || device === '') throw mustContain('deviceName')
  // Instance store volumes have neither data nor keys here.
  if (!ebs) return []
  if (ebs.KmsKeyId !== undefined) throw invalidValue('KmsKeyId is not supported for RegisterImage.')
  const snapshot = sourceOf(ebs.SnapshotId, call)
  if (snapshot && ebs.Encrypted !== undefined && ebs.Encrypted !== snapshot.encrypted) {
    throw invalidMapping(`the encrypted flag cannot be specified since device ${device} has a snapshot specified.`)
  }
  return [
    {
      device,
      ...registeredShape(ebs, snapshot),
      deleteOnTermination: ebs.DeleteOnTermination ?? true,
      encrypted: snapshot?.encrypted ?? ebs.Encrypted ?? false,
      ...(snapshot && { snapshotId: snapshot.id }),
    },
  ]
}

function sourceOf(id: string | undefined, call: Ec2Call): SnapshotRecord | undefined {
  if (id === undefined) return undefined
  const snapshot = ownSnapshot(call, id)
  if (!snapshot) throw refused('InvalidSnapshot.NotFound', `The snapshot '${id}' does not exist.`)
  if (snapshot.state === 'completed') return snapshot
  throw refused('IncorrectState', `Snapshot is in invalid state - ${snapshot.state}`)
}

function registeredShape(ebs: EbsBlockDevice, snapshot: SnapshotRecord | undefined) {
  const size = ebs.VolumeSize ?? snapshot?.volumeSize
  if (size === undefined) throw mustContain('size/snapshot')
  if (snapshot && size < snapshot.volumeSize) {
    throw invalidMapping(
      `Volume of size ${size}GB is smaller than snapshot '${snapshot.id}', expect size>= ${snapshot.volumeSize}GB`,
    )
  }
  const { VolumeType = 'standard', Iops, Throughput } = ebs
  const { type, iops, throughput } = shapeOf({ Size: size, VolumeType, Iops, Throughput })
  return {
    size,
    type,
    ...(Iops !== undefined && { iops }),
    ...(Throughput !== undefined && { throughput }),
  }
}

function registeredDevices(input: RegisterImageRequest, call: Ec2Call): ImageDevice[] {
  const devices = (input.BlockDeviceMappings ?? []).flatMap((mapping) => registered(mapping, call))
  if (new Set(devices.map(({ device }) => device)).size < devices.length) {
    throw invalidMapping('A device is used in more than one block-device mapping')
  }
  const root = devices.find(({ device }) => device === input.RootDeviceName)
  if (root?.snapshotId === undefined) {
    throw invalidMapping(`No root snapshot specified in device mapping. Must be specified for root device`)
  }
  return devices
}

const registerImage = ec2.row('RegisterImage', {
  action: 'ec2:RegisterImage',
  subject(input) {
    if (input.ImageLocation !== undefined) throw notEmulated('EC2 images in S3')
    return readTagSpecifications(input.TagSpecifications, 'image')
  },
  resource: (_input, call) => anyImage(call),
  context: (_input, call, tags) => beingMade(call, tags),
  also(input, call, tags): readonly Check[] {
    const snapshots = (input.BlockDeviceMappings ?? []).flatMap(({ Ebs }) => {
      const snapshot = Ebs?.SnapshotId === undefined ? undefined : ownSnapshot(call, Ebs.SnapshotId)
      return snapshot ? [{ action: 'ec2:RegisterImage', resource: snapshotResource(snapshot, call) }] : []
    })
    return [...snapshots, ...tagOnCreate(anyImage(call), 'RegisterImage', tags)]
  },
  run(input, call, tags) {
    endDryRun(input)
    const architecture = requireArchitecture(input.Architecture)
    const id = call.env.store.transaction(() => {
      const devices = registeredDevices(input, call)
      const image = newImage(input, { architecture, devices, rootDevice: input.RootDeviceName ?? '' }, call)
      putImage(call, { ...image, state: 'available', enaSupport: input.EnaSupport, bootMode: input.BootMode })
      putTags(call, image.id, 'image', tags)
      return image.id
    })
    return { ImageId: id }
  },
  audit: auditOf,
})

/** An image that is to be. Within a transaction. Throws for a name that is taken or none. */
export function newImage(
  { Name, Description }: { readonly Name?: string | undefined; readonly Description?: string | undefined },
  facts: Pick<ImageRecord, 'architecture' | 'devices' | 'rootDevice'>,
  call: Ec2Call,
): ImageRecord {
  if (Name === undefined || Name === '') throw mustContain('Name')
  requireFreeName(call, Name)
  return {
    id: newId('ami', call),
    account: call.account,
    region: call.region,
    name: Name,
    description: Description ?? '',
    state: 'pending',
    createdAt: call.time,
    ...facts,
  }
}

const createImage = ec2.row('CreateImage', {
  action: 'ec2:CreateImage',
  subject(input) {
    const of = (type: string) =>
      readTagSpecifications(
        input.TagSpecifications?.filter(({ ResourceType }) => ResourceType === type),
        type,
      )
    const other = input.TagSpecifications?.find(
      ({ ResourceType }) => !['image', 'snapshot'].includes(ResourceType ?? ''),
    )
    if (other) readTagSpecifications([other], 'image')
    return { id: requireInstanceId(input.InstanceId ?? ''), imageTags: of('image'), snapshotTags: of('snapshot') }
  },
  resource: (_input, call) => anyImage(call),
  context: (_input, call, { imageTags }) => beingMade(call, imageTags),
  // Service Authorization Reference, "CreateImage": the image, the instance and the snapshots.
  also: (_input, call, { id, imageTags, snapshotTags }) => [
    { action: 'ec2:CreateImage', resource: instanceNamed(id, call) },
    { action: 'ec2:CreateImage', resource: anySnapshot(call), context: () => requestTagKeys(snapshotTags) },
    ...tagOnCreate(anyImage(call), 'CreateImage', imageTags),
    ...tagOnCreate(anySnapshot(call), 'CreateImage', snapshotTags),
  ],
  run(input, call, { id, imageTags, snapshotTags }) {
    endDryRun(input)
    if (input.BlockDeviceMappings?.some(({ NoDevice }) => NoDevice === undefined)) {
      throw notEmulated('CreateImage with block devices of its own')
    }
    const imageId = call.env.store.transaction(() =>
      imageOf(requireInstance(call, id), input, imageTags, snapshotTags, call),
    )
    return { ImageId: imageId }
  },
  audit: auditOf,
})

const instanceNamed = (id: string, call: Ec2Call) => {
  const instance = instanceOf(call, id)
  return instance ? instanceResource(instance, call) : anyInstance(call, id)
}

function imageOf(
  instance: InstanceRecord,
  input: CreateImageRequest,
  imageTags: Tags,
  snapshotTags: Tags,
  call: Ec2Call,
): string {
  if (instance.state !== 'running' && instance.state !== 'stopped') {
    throw refused(
      'IncorrectState',
      `Instance '${instance.id}' is not in a state from which it can be imaged: ${instance.state}`,
    )
  }
  const left = new Set(input.BlockDeviceMappings?.map(({ DeviceName }) => DeviceName))
  const attached = volumesOf(call, instance.id).filter(({ attachment }) => !left.has(attachment.device))
  const { architecture, rootDevice } = instance
  const draft = newImage(input, { architecture, rootDevice, devices: [] }, call)
  const devices = attached.map((one) => imaged(one, instance, draft.id, snapshotTags, call))
  putImage(call, { ...draft, devices, enaSupport: true, sourceInstanceId: instance.id })
  putTags(call, draft.id, 'image', imageTags)
  later(finishImage, draft.id, { imageId: draft.id }, call)
  return draft.id
}

/** A snapshot of one of the instance's volumes, as the image will have it. */
function imaged(
  { volume, attachment }: Attached,
  instance: InstanceRecord,
  imageId: string,
  tags: Tags,
  call: Ec2Call,
): ImageDevice {
  const Description = `Created by CreateImage(${instance.id}) for ${imageId}`
  const snapshot = snapshotOf(volume, { Description }, tags, call)
  return {
    device: attachment.device,
    snapshotId: snapshot.id,
    size: volume.size,
    type: volume.type,
    iops: volume.iops,
    throughput: volume.throughput,
    encrypted: volume.encrypted,
    deleteOnTermination: attachment.deleteOnTermination,
  }
}

const deregisterImage = ec2.row('DeregisterImage', {
  action: 'ec2:DeregisterImage',
  subject: ({ ImageId = '' }) => ImageId,
  resource: (_input, call, id) => imageNamed(id, call),
  run(input, call, id) {
    endDryRun(input)
    if (input.DeleteAssociatedSnapshots) throw notEmulated('DeregisterImage with its snapshots')
    call.env.store.transaction(() => {
      requireOwnImage(call, id === '' ? undefined : id)
      call.state.images.in().delete(imagePath(call.region, id))
      dropTags(call, call.account, id)
    })
    return { Return: true }
  },
  audit: auditOf,
})

/** An image as policies see it, whether or not there is one. */
export function imageNamed(id: string, call: Ec2Call) {
  const image = visibleImage(call, id)
  return image ? imageResource(image, call) : anyImage(call, formOf('ami', id) === 'ok' ? id : '*')
}

export const createImageRows = [registerImage, createImage, deregisterImage]
