import type { CopyImageRequest } from '@aws-sdk/client-ec2'
import type { Keys } from '../../../operation/define.ts'
import { partitionOf } from '../../../lib/regions.ts'
import { imageArn } from '../arns.ts'
import { auditOf } from '../audit.ts'
import { later } from '../background.ts'
import { tagOnCreate } from '../creation.ts'
import { endDryRun } from '../dryRun.ts'
import { mustContain, noSuchImage, notEmulated, refused } from '../errors.ts'
import { requireImageId, visibleImage, putImage } from '../images/find.ts'
import { finishImage } from '../images/tasks.ts'
import { anyImage, imageResource } from '../instances/resources.ts'
import { defaultKey } from '../keys/choose.ts'
import { DESCRIBE, requireUsableKey } from '../keys/describe.ts'
import { resourceOf } from '../resources.ts'
import { ec2 } from '../service.ts'
import { settingsOf } from '../settings.ts'
import { isVisible } from '../snapshots/find.ts'
import { snapshotPath, type Ec2Call, type ImageDevice, type ImageRecord } from '../state.ts'
import { putTags, readTagSpecifications, requestTagKeys } from '../tags.ts'
import { checkToken, keepToken, replayed } from '../tokens.ts'
import { beginCopy, newCopy } from './copySnapshot.ts'
import { newImage } from './createImage.ts'

function plan(input: CopyImageRequest) {
  const { SourceImageId, SourceRegion } = input
  if (SourceImageId === undefined) throw mustContain('SourceImageId')
  if (SourceRegion === undefined) throw mustContain('SourceRegion')
  if (partitionOf(SourceRegion) === undefined) {
    throw refused('InvalidRegion', `${SourceRegion} is not a valid region name.`)
  }
  return {
    sourceId: requireImageId(SourceImageId),
    sourceRegion: SourceRegion,
    tags: readTagSpecifications(input.TagSpecifications, 'image'),
  }
}

type Planned = ReturnType<typeof plan>

const sourceResource = ({ sourceId, sourceRegion }: Planned, call: Ec2Call) => {
  const image = visibleImage(call, sourceId, sourceRegion)
  if (image) return imageResource(image, call)
  return resourceOf(imageArn(sourceRegion, sourceId), call.account, () => ({ 'ec2:Region': sourceRegion }))
}

const copyImage = ec2.row('CopyImage', {
  action: 'ec2:CopyImage',
  keyUse: DESCRIBE,
  subject: plan,
  resource: (_input, call) => anyImage(call),
  context: (_input, call, { tags }) => ({
    'ec2:Region': call.region,
    'aws:ResourceBeingCreated': 'true',
    ...requestTagKeys(tags),
  }),
  also: (_input, call, planned) => [
    { action: 'ec2:CopyImage', resource: sourceResource(planned, call) },
    ...tagOnCreate(anyImage(call), 'CopyImage', planned.tags),
  ],
  async run(input, call, planned) {
    endDryRun(input)
    if (input.DestinationOutpostArn !== undefined) throw notEmulated('EC2 images on Outposts')
    checkToken(input.ClientToken)
    const source = requireSource(planned, call)
    const key = await targetKey(input, source, call)
    const fingerprint = JSON.stringify({ ...input, DryRun: undefined, ClientToken: undefined })
    const image = call.env.store.transaction(() => {
      const find = (id: string) => visibleImage(call, id)
      const known = replayed(call, input.ClientToken, fingerprint, find)
      if (known) return known
      const copy = beginImage(input, planned, source, key, call)
      keepToken(call, input.ClientToken, fingerprint, copy.id)
      return copy
    })
    return { ImageId: image.id }
  },
  audit: auditOf,
})

/** The image and all its storage must be there for the caller (EC2 User Guide, "Copy an AMI"). */
function requireSource({ sourceId, sourceRegion }: Planned, call: Ec2Call): ImageRecord {
  const source = visibleImage(call, sourceId, sourceRegion)
  if (!source) throw noSuchImage(sourceId)
  if (source.state !== 'available') {
    throw refused('InvalidAMIID.Unavailable', `The image ID '[${sourceId}]' is not available`)
  }
  for (const { snapshotId } of source.devices) {
    const snapshot = snapshotId === undefined ? undefined : snapshotIn(sourceRegion, snapshotId, call)
    if (snapshotId === undefined || !snapshot || !isVisible(snapshot, call)) {
      throw refused('InvalidRequest', 'You do not have permission to access the storage of this ami')
    }
  }
  return source
}

const snapshotIn = (region: string, id: string, { state }: Ec2Call) =>
  state.snapshots.in().get(snapshotPath(region, id))

/** As for a copy of one snapshot (facts: captures 4.3): what is asked for at once is whether the key may be used. */
async function targetKey(
  { KmsKeyId, Encrypted }: CopyImageRequest,
  { devices, region }: ImageRecord,
  call: Ec2Call<Keys<typeof DESCRIBE>>,
) {
  if (KmsKeyId !== undefined && KmsKeyId !== '') {
    if (Encrypted !== true) {
      throw refused(
        'InvalidParameterDependency',
        'The parameter [KmsKeyId] requires the parameter Encrypted to be set.',
      )
    }
    return requireUsableKey(KmsKeyId, call)
  }
  const isEncrypted = ({ snapshotId }: ImageDevice) =>
    snapshotId !== undefined && snapshotIn(region, snapshotId, call)?.encrypted === true
  const encrypts = Encrypted === true || settingsOf(call).encryptionByDefault === true
  if (!encrypts && !devices.some(isEncrypted)) return undefined
  const key = await requireUsableKey(defaultKey(call), call)
  return encrypts ? key : { ...key, onlyEncrypted: true }
}

function beginImage(
  input: CopyImageRequest,
  { sourceId, sourceRegion, tags }: Planned,
  source: ImageRecord,
  key: (Awaited<ReturnType<typeof requireUsableKey>> & { readonly onlyEncrypted?: boolean }) | undefined,
  call: Ec2Call,
): ImageRecord {
  const { architecture, rootDevice } = source
  const Description = `Copied for DestinationAmi from SourceAmi ${sourceId} of ${sourceRegion}`
  const devices = source.devices.map((device) => {
    const copy = newCopy({ Description, CompletionDurationMinutes: undefined }, call)
    const from = { sourceId: device.snapshotId ?? '', sourceRegion, tags: {} }
    // The default key is for those that are encrypted already, unless encryption was asked for.
    beginCopy(copy, from, key?.onlyEncrypted ? undefined : key, defaultKey(call), call)
    return { ...device, snapshotId: copy.id }
  })
  const image: ImageRecord = {
    ...newImage(input, { architecture, rootDevice, devices }, call),
    enaSupport: source.enaSupport,
    bootMode: source.bootMode,
    source: { id: sourceId, region: sourceRegion },
  }
  putImage(call, image)
  putTags(call, image.id, 'image', tags)
  later(finishImage, image.id, { imageId: image.id }, call)
  return image
}

export const copyImageRows = [copyImage]
