import type { ImageAttribute, LaunchPermission, ModifyImageAttributeRequest } from '@aws-sdk/client-ec2'
import { auditOf, readAudit } from '../audit.ts'
import { endDryRun } from '../dryRun.ts'
import { invalidCombination, invalidValue, notEmulated, refused } from '../errors.ts'
import { putImage, requireOwnImage } from '../images/find.ts'
import { deviceView } from '../images/view.ts'
import { ec2 } from '../service.ts'
import { changeKeys, requireValues, type PermissionChange } from '../snapshots/permissions.ts'
import { snapshotPath, type Ec2Call, type ImageRecord } from '../state.ts'
import { imageNamed } from './createImage.ts'

interface OneImage {
  readonly ImageId?: string | undefined
}

const onImage = {
  resource: ({ ImageId = '' }: OneImage, call: Ec2Call) => imageNamed(ImageId, call),
} as const

/** What changes, in either of the request's forms; undefined when it is not the permission that does. */
function readLaunchChange(input: ModifyImageAttributeRequest): PermissionChange[] {
  const { LaunchPermission, Attribute, OperationType, UserIds = [], UserGroups = [] } = input
  if (input.OrganizationArns ?? input.OrganizationalUnitArns) {
    throw notEmulated('EC2 images shared with organizations')
  }
  if (LaunchPermission) {
    const changes = [...entriesOf(true, LaunchPermission.Add), ...entriesOf(false, LaunchPermission.Remove)]
    if (changes.every(({ users, groups }) => users.length + groups.length === 0)) {
      throw invalidCombination('No attributes specified.')
    }
    return changes
  }
  if (Attribute !== 'launchPermission') return []
  if (OperationType !== 'add' && OperationType !== 'remove') {
    throw invalidCombination('No operation specified for launchPermission attribute.')
  }
  if (UserIds.length + UserGroups.length === 0) throw invalidCombination('No attributes specified.')
  return [{ legacy: true, adds: OperationType === 'add', users: UserIds, groups: UserGroups }]
}

const entriesOf = (adds: boolean, entries: LaunchPermission[] | undefined): PermissionChange[] =>
  entries
    ? [
        {
          legacy: false,
          adds,
          users: entries.flatMap(({ UserId }) => UserId ?? []),
          groups: entries.flatMap(({ Group }) => Group ?? []),
        },
      ]
    : []

function descriptionIn({ Description, Attribute, Value }: ModifyImageAttributeRequest): string | undefined {
  if (Description) return Description.Value ?? ''
  return Attribute === 'description' ? (Value ?? '') : undefined
}

const modifyImageAttribute = ec2.row('ModifyImageAttribute', {
  ...onImage,
  action: 'ec2:ModifyImageAttribute',
  subject: readLaunchChange,
  context: (_input, call, changes) =>
    changes.reduce((keys, change) => ({ ...keys, ...changeKeys(change) }), { 'ec2:Region': call.region }),
  run(input, call, changes) {
    endDryRun(input)
    const description = descriptionIn(input)
    if (changes.length === 0 && description === undefined) throw invalidCombination('No attributes specified.')
    for (const change of changes) requireValues(change)
    call.env.store.transaction(() => {
      let image = requireOwnImage(call, input.ImageId)
      if (changes.some(({ adds }) => adds)) requireShareable(image, changes, call)
      for (const change of changes) image = withPermission(image, change)
      putImage(call, description === undefined ? image : { ...image, description })
    })
    return {}
  },
  audit: auditOf,
})

function withPermission(image: ImageRecord, { adds, users, groups }: PermissionChange): ImageRecord {
  const accounts = new Set(image.sharedWith)
  for (const user of users) {
    if (adds) accounts.add(user)
    else accounts.delete(user)
  }
  return {
    ...image,
    sharedWith: accounts.size === 0 ? undefined : [...accounts],
    isPublic: (groups.length > 0 ? adds : image.isPublic) ? true : undefined,
  }
}

/** facts: B6. That encrypted images are never public is told by the EC2 User Guide, in no recorded words. */
function requireShareable(image: ImageRecord, changes: readonly PermissionChange[], call: Ec2Call): void {
  const snapshots = image.devices.flatMap(({ snapshotId }) =>
    snapshotId === undefined ? [] : (call.state.snapshots.in().get(snapshotPath(image.region, snapshotId)) ?? []),
  )
  if (snapshots.some(({ encrypted, defaultKey }) => encrypted && defaultKey === true)) {
    throw refused(
      'InvalidParameter',
      "Snapshots encrypted with the AWS Managed CMK can't be shared. Specify another snapshot",
    )
  }
  if (changes.some(({ adds, groups }) => adds && groups.length > 0) && snapshots.some(({ encrypted }) => encrypted)) {
    throw refused(
      'InvalidParameter',
      'Snapshots that are encrypted cannot be shared publicly. Specify another snapshot',
    )
  }
}

const ATTRIBUTES: Readonly<Record<string, (image: ImageRecord) => ImageAttribute>> = {
  blockDeviceMapping: ({ devices }) => ({ BlockDeviceMappings: devices.map(deviceView) }),
  bootMode: ({ bootMode }) => ({ BootMode: { Value: bootMode } }),
  description: ({ description }) => ({ Description: { Value: description } }),
  launchPermission: ({ isPublic, sharedWith }) => ({
    LaunchPermissions: [
      ...(isPublic ? [{ Group: 'all' as const }] : []),
      ...(sharedWith ?? []).map((UserId) => ({ UserId })),
    ],
  }),
  productCodes: () => ({ ProductCodes: [] }),
  sriovNetSupport: () => ({ SriovNetSupport: {} }),
}

const describeImageAttribute = ec2.row('DescribeImageAttribute', {
  ...onImage,
  action: 'ec2:DescribeImageAttribute',
  readOnly: true,
  context: (input, call) => ({ 'ec2:Region': call.region, 'ec2:Attribute': input.Attribute }),
  run(input, call) {
    endDryRun(input)
    // Whatever was sent: an unknown one is a text, too.
    const name: string = input.Attribute ?? ''
    if (name === '') throw invalidCombination('No attributes specified.')
    const attribute = Object.hasOwn(ATTRIBUTES, name) ? ATTRIBUTES[name] : undefined
    if (!attribute) throw invalidValue(`Value (${name}) for parameter attribute is invalid. Unknown attribute.`)
    const image = requireOwnImage(call, input.ImageId)
    return { ImageId: image.id, ...attribute(image) }
  },
  audit: readAudit,
})

const resetImageAttribute = ec2.row('ResetImageAttribute', {
  ...onImage,
  action: 'ec2:ResetImageAttribute',
  context: (input, call) => ({ 'ec2:Region': call.region, 'ec2:Attribute': input.Attribute }),
  run(input, call) {
    endDryRun(input)
    const name: string = input.Attribute ?? ''
    if (name !== 'launchPermission') {
      throw invalidValue(`Value (${name}) for parameter attribute is invalid. Unknown attribute.`)
    }
    call.env.store.transaction(() => {
      putImage(call, { ...requireOwnImage(call, input.ImageId), sharedWith: undefined, isPublic: undefined })
    })
    return {}
  },
  audit: auditOf,
})

export const imageAttributeRows = [modifyImageAttribute, describeImageAttribute, resetImageAttribute]
