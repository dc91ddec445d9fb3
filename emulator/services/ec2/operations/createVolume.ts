import type { CreateVolumeRequest } from '@aws-sdk/client-ec2'
import type { Tags } from '../../../access/types.ts'
import type { Check } from '../../../operation/define.ts'
import { auditOf } from '../audit.ts'
import { later } from '../background.ts'
import { share } from '../blocks/contents.ts'
import { tagOnCreate } from '../creation.ts'
import { endDryRun } from '../dryRun.ts'
import { incorrectState, invalidCombination, invalidValue, mustContain, notEmulated, refused } from '../errors.ts'
import { newId, requireId, SNAPSHOT_ID } from '../ids.ts'
import { keyFor } from '../keys/choose.ts'
import { snapshotResource } from '../resources.ts'
import { ec2 } from '../service.ts'
import { visibleSnapshot } from '../snapshots/find.ts'
import type { Ec2Call, SnapshotRecord, VolumeRecord } from '../state.ts'
import { putTags, readTagSpecifications } from '../tags.ts'
import { checkToken, keepToken, replayed } from '../tokens.ts'
import { makeVolume } from '../volumes/create.ts'
import { plannedVolume, type PlannedVolume } from '../volumes/planned.ts'
import { keysWanted, restored } from '../volumes/restore.ts'
import { putVolume, volumeOf } from '../volumes/find.ts'
import { requireMultiAttach, requirePositive, shapeOf } from '../volumes/shape.ts'
import { createdView } from '../volumes/view.ts'
import { requireZone } from '../zones.ts'

/** What a request would make, as far as is known before anybody is authorized. */
interface Planned extends PlannedVolume {
  readonly zone: string
  readonly tags: Tags
}

/** What AWS checks before it authorizes, in its order (facts: captures 2.1, steps 1 and 2). */
function plan(input: CreateVolumeRequest, call: Ec2Call): Planned {
  const zone = requireZone(input, call.region)
  const tags = readTagSpecifications(input.TagSpecifications, 'volume')
  const snapshot = sourceOf(input.SnapshotId, call)
  if (input.Size === undefined && !snapshot) throw mustContain('size/snapshot')
  requirePositive(input.Size)
  // Less than the snapshot holds is raised to it without a word.
  const Size = Math.max(input.Size ?? 0, snapshot?.volumeSize ?? 0)
  const shape = shapeOf({ ...input, Size })
  requireRate(input.VolumeInitializationRate)
  return { zone: zone.name, tags, snapshot, shape, key: keyFor(input, snapshot, call, true) }
}

function sourceOf(id: string | undefined, call: Ec2Call): SnapshotRecord | undefined {
  if (id === undefined || id === '') return undefined
  const snapshot = visibleSnapshot(call, requireId(id, SNAPSHOT_ID, 'snapshotId'))
  if (!snapshot) throw refused('InvalidSnapshot.NotFound', 'Snapshot does not exist')
  return snapshot
}

function requireRate(rate: number | undefined): void {
  if (rate === undefined || (rate >= 100 && rate <= 300)) return
  throw invalidValue('The value specified for VolumeInitializationRate is not in the allowed range.')
}

/** What is asked of real calls only (facts: captures 2.1, step 5). */
function requirePossible(input: CreateVolumeRequest, { snapshot, key }: Planned): void {
  if (snapshot && snapshot.state !== 'completed') {
    throw incorrectState(`Snapshot is in invalid state - ${snapshot.state}`)
  }
  if (input.Encrypted === false && snapshot?.encrypted === true) {
    throw invalidCombination('EncryptedVolume parameter [false] is inconsistent with snapshot encryption state [true]')
  }
  // Where the volume is encrypted without being asked to be, AWS says nothing of the parameter.
  if (input.KmsKeyId !== undefined && input.KmsKeyId !== '' && (input.Encrypted === false || !key.encrypted)) {
    throw refused('InvalidParameterDependency', 'The parameter [KmsKeyId] requires the parameter Encrypted to be set.')
  }
}

/** What must be the same for a token to mean the same request (facts: captures 2.1, "Idempotency token"). */
const fingerprintOf = (input: CreateVolumeRequest, { zone, shape, tags }: Planned): string =>
  JSON.stringify([
    zone,
    input.Size ?? null,
    input.SnapshotId ?? null,
    shape.type,
    input.Iops ?? null,
    shape.throughput ?? null,
    input.Encrypted ?? null,
    input.KmsKeyId ?? null,
    input.MultiAttachEnabled ?? null,
    input.VolumeInitializationRate ?? null,
    Object.entries(tags).sort(),
  ])

function store(input: CreateVolumeRequest, planned: Planned, call: Ec2Call): VolumeRecord {
  const { zone, snapshot, shape, key, tags } = planned
  const { ClientToken: token, VolumeInitializationRate: initializationRate } = input
  const volume: VolumeRecord = {
    id: newId('vol', call),
    account: call.account,
    region: call.region,
    zone,
    ...shape,
    state: 'creating',
    createTime: call.time,
    multiAttach: input.MultiAttachEnabled ?? false,
    ...(initializationRate !== undefined && { initializationRate }),
    ...restored(snapshot, key),
  }
  if (volume.content !== undefined) share(call, volume.content)
  putVolume(call, volume)
  putTags(call, volume.id, 'volume', tags)
  keepToken(call, token, fingerprintOf(input, planned), volume.id)
  later(makeVolume, volume.id, keysWanted(volume.id, snapshot, key), call)
  return volume
}

const createVolume = ec2.row('CreateVolume', {
  action: 'ec2:CreateVolume',
  subject: plan,
  resource: (_input, call, planned) => plannedVolume(planned, planned.zone, planned.tags, call),
  also(_input, call, planned): readonly Check[] {
    const { snapshot, tags } = planned
    return [
      ...(snapshot ? [{ action: 'ec2:CreateVolume', resource: snapshotResource(snapshot, call) }] : []),
      ...tagOnCreate(plannedVolume(planned, planned.zone, tags, call), 'CreateVolume', tags),
    ]
  },
  run(input, call, planned) {
    endDryRun(input)
    if (input.OutpostArn !== undefined) throw notEmulated('EC2 volumes on Outposts')
    requireMultiAttach(input.MultiAttachEnabled, planned.shape.type)
    checkToken(input.ClientToken)
    const volume = call.env.store.transaction(() => {
      const find = (id: string) => {
        const found = volumeOf(call, id)
        return found?.state === 'deleting' ? undefined : found
      }
      const known = replayed(call, input.ClientToken, fingerprintOf(input, planned), find)
      if (known) return known
      requirePossible(input, planned)
      return store(input, planned, call)
    })
    return createdView(volume, call)
  },
  audit: auditOf,
})

export const createVolumeRows = [createVolume]
