import type { Keys } from '../../../operation/define.ts'
import { AwsError } from '../../../lib/awsError.ts'
import { auditOf, readAudit } from '../audit.ts'
import { endDryRun } from '../dryRun.ts'
import { mustContain, noSuchSnapshot, refused } from '../errors.ts'
import { formOf, malformed, requireId, SNAPSHOT_ID } from '../ids.ts'
import { EBS_MANAGED_KEY } from '../keys/choose.ts'
import { anySnapshot, snapshotResource } from '../resources.ts'
import { ec2 } from '../service.ts'
import { settingsOf } from '../settings.ts'
import { ownSnapshot, putSnapshot, requireOwnSnapshot, visibleSnapshot } from '../snapshots/find.ts'
import { changeKeys, readChange, requireValues, type PermissionChange } from '../snapshots/permissions.ts'
import type { Ec2Call, SnapshotRecord } from '../state.ts'

const LOOK = { describe: 'DescribeKey' } as const

interface Named {
  readonly SnapshotId?: string | undefined
  readonly DryRun?: boolean | undefined
}

/** A snapshot as policies see it, whether or not there is one: AWS tells only afterwards. */
const namedResource = (call: Ec2Call, id: string) => {
  const snapshot = visibleSnapshot(call, id)
  if (snapshot) return snapshotResource(snapshot, call)
  return anySnapshot(call, formOf('snap', id) === 'ok' ? id : '*')
}

interface Changing {
  readonly id: string
  readonly change: PermissionChange
}

const modifySnapshotAttribute = ec2.row('ModifySnapshotAttribute', {
  action: 'ec2:ModifySnapshotAttribute',
  keyUse: LOOK,
  // Form, id, and ownership come before the permission; for a dry run ownership does not come at all (facts: captures 3.2).
  subject(input, call): Changing {
    const change = readChange(input)
    const id = requireId(input.SnapshotId, SNAPSHOT_ID, 'snapshotId')
    if (input.DryRun !== true && !ownSnapshot(call, id)) throw noSuchSnapshot(id)
    return { id, change }
  },
  resource: (_input, call, { id }) => namedResource(call, id),
  context: (_input, call, { change }) => ({ 'ec2:Region': call.region, ...changeKeys(change) }),
  async run(input, call, { id, change }) {
    endDryRun(input)
    requireValues(change)
    if (change.adds) await requireShareable(call, requireOwnSnapshot(call, id), change)
    call.env.store.transaction(() => {
      putSnapshot(call, changed(requireOwnSnapshot(call, id), change))
    })
    return {}
  },
  audit: auditOf,
})

/** Sets: what is there already, and the owner itself, make no entry. */
function changed(snapshot: SnapshotRecord, { adds, users, groups }: PermissionChange): SnapshotRecord {
  const accounts = new Set(snapshot.sharedWith)
  for (const user of users) {
    if (!adds) accounts.delete(user)
    else if (user !== snapshot.account) accounts.add(user)
  }
  return {
    ...snapshot,
    sharedWith: accounts.size === 0 ? undefined : [...accounts],
    isPublic: (groups.length > 0 ? adds : snapshot.isPublic) ? true : undefined,
  }
}

/** Throws OperationNotPermitted (facts: captures 3.2, "Encryption"). */
async function requireShareable(
  call: Ec2Call<Keys<typeof LOOK>>,
  snapshot: SnapshotRecord,
  { groups }: PermissionChange,
): Promise<void> {
  if (groups.length > 0 && snapshot.encrypted) throw notPermitted('Encrypted snapshots cannot be shared publicly.')
  if (snapshot.encrypted && (await isUnderDefaultKey(call, snapshot))) {
    throw notPermitted('Encrypted snapshots with EBS default key cannot be shared')
  }
  if (groups.length > 0 && settingsOf(call).snapshotBlockPublicAccess !== undefined) {
    throw notPermitted('Public sharing of snapshots is blocked for this account.')
  }
}

/** EC2 looks at `alias/aws/ebs` as the caller (facts: B4). That the caller may not is not recorded; then what EC2 knows decides. */
async function isUnderDefaultKey(call: Ec2Call<Keys<typeof LOOK>>, snapshot: SnapshotRecord): Promise<boolean> {
  try {
    const { KeyMetadata } = await call.keys.describe({ KeyId: EBS_MANAGED_KEY })
    return KeyMetadata?.Arn === snapshot.kmsKeyId
  } catch (error) {
    if (!(error instanceof AwsError)) throw error
    return snapshot.defaultKey === true
  }
}

const notPermitted = (text: string) => refused('OperationNotPermitted', text)

const ATTRIBUTES: ReadonlySet<string> = new Set(['createVolumePermission', 'productCodes'])

/** Attribute, permission, dry run, form of the id, ownership: the recorded order of the two that follow (facts: captures 3.2). */
function requireAttribute(attribute: string | undefined): void {
  if (attribute === undefined || attribute === '') throw mustContain('Attribute')
  if (!ATTRIBUTES.has(attribute)) throw refused('InvalidRequest', 'The request received was invalid.')
}

const onAttribute = {
  subject({ Attribute, SnapshotId = '' }: Named & { readonly Attribute?: string | undefined }): string {
    requireAttribute(Attribute)
    return SnapshotId
  },
  resource: (_input: Named, call: Ec2Call, id: string) => namedResource(call, id),
} as const

const describeSnapshotAttribute = ec2.row('DescribeSnapshotAttribute', {
  ...onAttribute,
  action: 'ec2:DescribeSnapshotAttribute',
  readOnly: true,
  context: (input, call) => ({ 'ec2:Region': call.region, 'ec2:Attribute': input.Attribute }),
  run(input, call, named) {
    endDryRun(input)
    const { id, isPublic, sharedWith } = requireOwnSnapshot(call, requireId(named, SNAPSHOT_ID, 'snapshotId'))
    if (input.Attribute === 'productCodes') return { SnapshotId: id, ProductCodes: [] }
    return {
      SnapshotId: id,
      CreateVolumePermissions: [
        ...(isPublic ? [{ Group: 'all' as const }] : []),
        ...(sharedWith ?? []).map((UserId) => ({ UserId })),
      ],
    }
  },
  audit: readAudit,
})

const resetSnapshotAttribute = ec2.row('ResetSnapshotAttribute', {
  ...onAttribute,
  action: 'ec2:ResetSnapshotAttribute',
  context: (input, call) => ({ 'ec2:Region': call.region, 'ec2:Attribute': input.Attribute }),
  run(input, call, named) {
    endDryRun(input)
    const form = formOf('snap', named)
    // Not recorded: this text.
    if (form === 'other') throw refused('InvalidSnapshotID.Malformed', `The snapshot ID '${named}' is malformed`)
    if (form === 'malformed') throw malformed(named, SNAPSHOT_ID)
    call.env.store.transaction(() => {
      putSnapshot(call, { ...requireOwnSnapshot(call, named), sharedWith: undefined, isPublic: undefined })
    })
    return {}
  },
  audit: auditOf,
})

export const snapshotAttributeRows = [modifySnapshotAttribute, describeSnapshotAttribute, resetSnapshotAttribute]
