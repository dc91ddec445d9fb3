import type { DescribeImagesRequest } from '@aws-sdk/client-ec2'
import { readAudit } from '../audit.ts'
import { endDryRun } from '../dryRun.ts'
import { noSuchImage, refused } from '../errors.ts'
import { readFilters, type FilterTable } from '../filters.ts'
import { AMAZON, builtinIds } from '../images/builtin.ts'
import { mayLaunch, requireImageId, visibleImage } from '../images/find.ts'
import { imageView } from '../images/view.ts'
import { describePage, merged, refusePagesOfIds, type Source } from '../pages.ts'
import { inRegion } from '../resources.ts'
import { ec2 } from '../service.ts'
import { imagePath, type Ec2Call, type ImageDevice, type ImageRecord } from '../state.ts'
import { tagFilters } from '../tags.ts'

const devices = (of: (device: ImageDevice) => string | undefined) => (image: ImageRecord) =>
  image.devices.flatMap((device) => of(device) ?? [])

const filters = (call: Ec2Call): FilterTable<ImageRecord> => ({
  architecture: { of: ({ architecture }) => architecture },
  'block-device-mapping.delete-on-termination': { of: devices((one) => String(one.deleteOnTermination)) },
  'block-device-mapping.device-name': { of: devices(({ device }) => device) },
  'block-device-mapping.encrypted': { of: devices(({ encrypted }) => String(encrypted ?? false)) },
  'block-device-mapping.snapshot-id': {
    of: devices(({ snapshotId }) => snapshotId),
    ids: (id) => Array.from(call.state.images.in().find('snapshot', `${call.region}/${id}`), ([, image]) => image.id),
  },
  'block-device-mapping.volume-size': { of: devices(({ size }) => size?.toString()) },
  'block-device-mapping.volume-type': { of: devices(({ type }) => type) },
  'creation-date': { of: ({ createdAt }) => new Date(createdAt).toISOString() },
  description: { of: ({ description }) => description },
  'ena-support': { of: ({ enaSupport }) => String(enaSupport ?? false) },
  hypervisor: { of: () => 'xen' },
  'image-id': { of: ({ id }) => id, ids: (id) => [id] },
  'image-type': { of: () => 'machine' },
  'is-public': { of: ({ isPublic }) => String(isPublic ?? false) },
  name: { of: ({ name }) => name },
  'owner-alias': { of: ({ account }) => (account === AMAZON ? 'amazon' : undefined) },
  'owner-id': { of: ({ account }) => account },
  platform: { of: () => undefined },
  'root-device-name': { of: ({ rootDevice }) => rootDevice },
  'root-device-type': { of: () => 'ebs' },
  'source-image-id': { of: ({ source }) => source?.id },
  'source-image-region': { of: ({ source }) => source?.region },
  'source-instance-id': { of: ({ sourceInstanceId }) => sourceInstanceId },
  state: { of: ({ state }) => state },
  'virtualization-type': { of: () => 'hvm' },
  ...tagFilters<ImageRecord>(call),
})

/** Whose images, and who must be able to launch them. */
function isIn(
  image: ImageRecord,
  { Owners = [], ExecutableUsers = [] }: DescribeImagesRequest,
  call: Ec2Call,
): boolean {
  if (!mayLaunch(image, call)) return false
  const { account, sharedWith = [], isPublic } = image
  const owners = Owners.map((owner) => (owner === 'self' ? call.account : owner === 'amazon' ? AMAZON : owner))
  if (owners.length > 0 && !owners.includes(account)) return false
  if (ExecutableUsers.length === 0) return true
  // `self` means what is explicitly for the caller; `all` what is public (EC2 API Reference, "DescribeImages").
  if (ExecutableUsers.includes('all') && isPublic === true) return true
  const users = ExecutableUsers.map((user) => (user === 'self' ? call.account : user))
  return sharedWith.some((user) => users.includes(user) && (account === call.account || user === call.account))
}

const source = (input: DescribeImagesRequest, call: Ec2Call): Source<ImageRecord> => ({
  name: call.operation,
  get(id) {
    const image = visibleImage(call, id)
    return image && isIn(image, input, call) ? image : undefined
  },
  *entries(after) {
    const { account, region } = call
    const indexes = [
      ['owner', `${account}/${region}`],
      ['sharedWith', `${region}/${account}`],
      ['public', region],
    ] as const
    const walks = indexes.map(([index, key]) => idsIn(call, index, key, after))
    const builtin = builtinIds.filter((id) => after === undefined || id > after).sort()
    for (const id of merged([...walks, builtin[Symbol.iterator]()])) {
      const image = this.get(id)
      if (image) yield [id, image] as const
    }
  },
})

function* idsIn(call: Ec2Call, index: string, key: string, after: string | undefined): Generator<string, void, void> {
  const range = after === undefined ? undefined : { after: imagePath(call.region, after) }
  for (const [, { id }] of call.state.images.in().find(index, key, range)) yield id
}

/** Those named, all of which the caller must see, else a page of all. */
function listed(input: DescribeImagesRequest, call: Ec2Call) {
  const { ImageIds } = input
  const table = filters(call)
  const scope = source(input, call)
  if (!ImageIds || ImageIds.length === 0) return describePage(input, scope, table)
  refusePagesOfIds(ImageIds, 'imageIdsSet', input)
  const wanted = readFilters(input.Filters, table)
  const ids = [...new Set(ImageIds.map(requireImageId))]
  const missing = ids.filter((id) => !visibleImage(call, id))
  const [first] = missing
  if (missing.length > 1) {
    throw refused('InvalidAMIID.NotFound', `The image ids '[${missing.join(', ')}]' do not exist`)
  }
  if (first !== undefined) throw noSuchImage(first)
  const items = ids.flatMap((id) => scope.get(id) ?? [])
  return { items: items.filter((image) => wanted.every(({ matches }) => matches(image))) }
}

const describeImages = ec2.row('DescribeImages', {
  action: 'ec2:DescribeImages',
  readOnly: true,
  context: inRegion,
  run(input, call) {
    endDryRun(input)
    const { items, NextToken } = { NextToken: undefined, ...listed(input, call) }
    return { Images: items.map((image) => imageView(image, call)), NextToken }
  },
  audit: readAudit,
})

export const describeImagesRows = [describeImages]
