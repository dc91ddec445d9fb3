import type { CreateSnapshotRequest } from '@aws-sdk/client-ec2'
import type { Tags } from '../../../access/types.ts'
import { volumeArn } from '../arns.ts'
import { auditOf } from '../audit.ts'
import { later } from '../background.ts'
import { share } from '../blocks/contents.ts'
import { tagOnCreate } from '../creation.ts'
import { endDryRun } from '../dryRun.ts'
import { notEmulated, refused } from '../errors.ts'
import { newId, requireId, VOLUME_ID } from '../ids.ts'
import { anySnapshot, anyVolume, volumeResource } from '../resources.ts'
import { ec2 } from '../service.ts'
import { finishSnapshot } from '../snapshots/create.ts'
import { putSnapshot } from '../snapshots/find.ts'
import { createdView } from '../snapshots/view.ts'
import type { Ec2Call, SnapshotRecord, VolumeRecord } from '../state.ts'
import { putTags, readTagSpecifications, requestTagKeys } from '../tags.ts'
import { putVolume, requireMade, requireVolume, volumeOf } from '../volumes/find.ts'

/** Between two snapshots of one volume, where quotas are enforced (facts: captures 3.1: a minute is enough). */
const RATE = 60_000

interface Planned {
  readonly id: string
  readonly tags: Tags
}

const createSnapshot = ec2.row('CreateSnapshot', {
  action: 'ec2:CreateSnapshot',
  subject: (input): Planned => ({
    id: requireId(input.VolumeId, VOLUME_ID, 'volumeId'),
    tags: readTagSpecifications(input.TagSpecifications, 'snapshot'),
  }),
  resource: (_input, call) => anySnapshot(call),
  context: (_input, call, { id, tags }) => ({
    'ec2:Region': call.region,
    'ec2:ParentVolume': volumeArn(call.region, call.account, id),
    'aws:ResourceBeingCreated': 'true',
    ...requestTagKeys(tags),
  }),
  also(_input, call, { id, tags }) {
    const volume = volumeOf(call, id)
    return [
      { action: 'ec2:CreateSnapshot', resource: volume ? volumeResource(volume, call) : anyVolume(call, id) },
      ...tagOnCreate(anySnapshot(call), 'CreateSnapshot', tags),
    ]
  },
  run(input, call, { id, tags }) {
    endDryRun(input)
    if (input.OutpostArn !== undefined) throw notEmulated('EC2 snapshots on Outposts')
    const snapshot = call.env.store.transaction(() => {
      const volume = requireVolume(call, id)
      requireMade(volume)
      requireRate(volume, call)
      return snapshotOf(volume, input, tags, call)
    })
    return createdView(snapshot, call)
  },
  audit: auditOf,
})

/** Throws SnapshotCreationPerVolumeRateExceeded, where quotas are enforced. */
export function requireRate({ lastSnapshotAt }: VolumeRecord, call: Ec2Call): void {
  if (!call.env.quotas || lastSnapshotAt === undefined || call.time - lastSnapshotAt >= RATE) return
  throw refused(
    'SnapshotCreationPerVolumeRateExceeded',
    'The maximum per volume CreateSnapshot request rate has been exceeded. Use an increasing or variable sleep interval between requests.',
  )
}

/** Begins a snapshot: it has the volume's blocks and the data key they are under. Within a transaction. */
export function snapshotOf(
  volume: VolumeRecord,
  { Description }: Pick<CreateSnapshotRequest, 'Description'>,
  tags: Tags,
  call: Ec2Call,
): SnapshotRecord {
  const { content, dataKey, sourceKey, plainContent } = volume
  if (content !== undefined) share(call, content)
  const snapshot: SnapshotRecord = {
    id: newId('snap', call),
    account: call.account,
    region: call.region,
    volumeId: volume.id,
    volumeSize: volume.size,
    state: 'pending',
    progress: '0%',
    startTime: call.time,
    description: Description ?? '',
    encrypted: volume.encrypted,
    content,
    kmsKeyId: volume.kmsKeyId,
    dataKey: content === undefined || plainContent ? dataKey : (sourceKey ?? dataKey),
    defaultKey: volume.defaultKey,
  }
  putSnapshot(call, snapshot)
  putTags(call, snapshot.id, 'snapshot', tags)
  putVolume(call, { ...volume, lastSnapshotAt: call.time })
  const encrypts = plainContent ? dataKey : undefined
  later(finishSnapshot, snapshot.id, { snapshotId: snapshot.id, ...(encrypts && { encrypts }) }, call)
  return snapshot
}

export const createSnapshotRows = [createSnapshot]
