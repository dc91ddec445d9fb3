import type { CreateSnapshotsRequest, SnapshotInfo } from '@aws-sdk/client-ec2'
import type { Tags } from '../../../access/types.ts'
import { auditOf } from '../audit.ts'
import { tagOnCreate } from '../creation.ts'
import { endDryRun } from '../dryRun.ts'
import { invalidValue, mustContain, notEmulated } from '../errors.ts'
import { requireId, VOLUME_ID } from '../ids.ts'
import { instanceOf, requireInstance, requireInstanceId, volumesOf } from '../instances/find.ts'
import { anyInstance, instanceResource } from '../instances/resources.ts'
import { anySnapshot, volumeResource } from '../resources.ts'
import { ec2 } from '../service.ts'
import { createdView } from '../snapshots/view.ts'
import type { Ec2Call, SnapshotRecord, VolumeRecord } from '../state.ts'
import { readTags, readTagSpecifications, requestTagKeys, tagsFor } from '../tags.ts'
import { requireMade } from '../volumes/find.ts'
import { requireRate, snapshotOf } from './createSnapshot.ts'

interface Planned {
  readonly instanceId: string
  readonly excluded: ReadonlySet<string>
  readonly tags: Tags
}

/** Not recorded: what comes before the permission. As CreateSnapshot. */
function plan(input: CreateSnapshotsRequest): Planned {
  const { InstanceId = '', ExcludeDataVolumeIds = [] } = input.InstanceSpecification ?? {}
  if (InstanceId === '') throw mustContain('InstanceSpecification.InstanceId')
  return {
    instanceId: requireInstanceId(InstanceId),
    excluded: new Set(ExcludeDataVolumeIds.map((id) => requireId(id, VOLUME_ID, 'volumeId'))),
    tags: readTagSpecifications(input.TagSpecifications, 'snapshot'),
  }
}

/** The instance's volumes without those that are left out (EC2 API reference, InstanceSpecification). */
function wantedVolumes(
  input: CreateSnapshotsRequest,
  { instanceId, excluded }: Planned,
  call: Ec2Call,
): VolumeRecord[] {
  const rootDevice = instanceOf(call, instanceId)?.rootDevice
  const noRoot = input.InstanceSpecification?.ExcludeBootVolume === true
  return volumesOf(call, instanceId)
    .filter(({ volume, attachment: { device } }) => !excluded.has(volume.id) && !(noRoot && device === rootDevice))
    .map(({ volume }) => volume)
}

/** Throws InvalidParameterValue where the boot volume, or none of the instance's, is to be left out. Not recorded: the texts. */
function requireDataVolumes({ instanceId, excluded }: Planned, call: Ec2Call): void {
  const { rootDevice } = requireInstance(call, instanceId)
  const devices = new Map(volumesOf(call, instanceId).map(({ volume, attachment }) => [volume.id, attachment.device]))
  for (const id of excluded) {
    const device = devices.get(id)
    if (device === undefined) throw invalidValue(`The volume '${id}' is not attached to the instance '${instanceId}'.`)
    if (device === rootDevice) throw invalidValue(`The volume '${id}' is the root volume of '${instanceId}'.`)
  }
}

const createSnapshots = ec2.row('CreateSnapshots', {
  action: 'ec2:CreateSnapshots',
  subject: plan,
  resource: (_input, call) => anySnapshot(call),
  context: (_input, call, { tags }) => ({
    'ec2:Region': call.region,
    'aws:ResourceBeingCreated': 'true',
    ...requestTagKeys(tags),
  }),
  also(input, call, planned) {
    const instance = instanceOf(call, planned.instanceId)
    return [
      {
        action: 'ec2:CreateSnapshots',
        resource: instance ? instanceResource(instance, call) : anyInstance(call, planned.instanceId),
      },
      ...wantedVolumes(input, planned, call).map((volume) => ({
        action: 'ec2:CreateSnapshots',
        resource: volumeResource(volume, call),
      })),
      ...tagOnCreate(anySnapshot(call), 'CreateSnapshots', planned.tags),
    ]
  },
  run(input, call, planned) {
    endDryRun(input)
    if (input.OutpostArn !== undefined) throw notEmulated('EC2 snapshots on Outposts')
    // All or none.
    const snapshots = call.env.store.transaction(() => {
      requireDataVolumes(planned, call)
      return wantedVolumes(input, planned, call).map((volume) => {
        requireMade(volume)
        requireRate(volume, call)
        return snapshotOf(volume, input, tagsOf(input, volume, planned.tags, call), call)
      })
    })
    return { Snapshots: snapshots.map((snapshot) => infoView(snapshot, call)) }
  },
  audit: auditOf,
})

/** The request's own outweigh the volume's. */
function tagsOf({ CopyTagsFromSource }: CreateSnapshotsRequest, { id }: VolumeRecord, tags: Tags, call: Ec2Call): Tags {
  if (CopyTagsFromSource !== 'volume') return tags
  const both = { ...tagsFor(call, id), ...tags }
  return readTags(Object.entries(both).map(([Key, Value]) => ({ Key, Value })))
}

function infoView(snapshot: SnapshotRecord, call: Ec2Call): SnapshotInfo {
  const { SnapshotId, VolumeId, State, StartTime, Progress, OwnerId, Description, VolumeSize, Encrypted, Tags } =
    createdView(snapshot, call)
  return { SnapshotId, VolumeId, State, StartTime, Progress, OwnerId, Description, VolumeSize, Encrypted, Tags }
}

export const createSnapshotsRows = [createSnapshots]
