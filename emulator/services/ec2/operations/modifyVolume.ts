import type { ModifyVolumeRequest, VolumeModification } from '@aws-sdk/client-ec2'
import { auditOf, readAudit } from '../audit.ts'
import { defineTask, later } from '../background.ts'
import { endDryRun } from '../dryRun.ts'
import { invalidValue, refused } from '../errors.ts'
import { readFilters, type FilterTable } from '../filters.ts'
import { requireId, VOLUME_ID } from '../ids.ts'
import { describePage, refusePagesOfIds } from '../pages.ts'
import { inRegion } from '../resources.ts'
import { ec2 } from '../service.ts'
import type { Ec2Call, ModificationRecord, VolumeRecord, VolumeShape } from '../state.ts'
import { putVolume, requireMade, requireVolume, volumeOf } from '../volumes/find.ts'
import { requireMultiAttach, requirePositive, requireType, shapeOf } from '../volumes/shape.ts'
import { onNamedVolume } from './volumeAttributes.ts'

const DAY = 86_400_000
const PER_DAY = 4

const shapeNow = ({ size, type, iops, throughput, multiAttach }: VolumeRecord): VolumeShape => ({
  size,
  type,
  ...(iops !== undefined && { iops }),
  ...(throughput !== undefined && { throughput }),
  multiAttach,
})

/** What the volume is to become (facts: captures 2.2). Throws AWS's refusals. */
function targetOf(input: ModifyVolumeRequest, volume: VolumeRecord): VolumeShape {
  const { Size, VolumeType, Iops, Throughput, MultiAttachEnabled } = input
  if ([Size, VolumeType, Iops, Throughput, MultiAttachEnabled].every((member) => member === undefined)) {
    // What AWS says before these words is not recorded.
    throw invalidValue('Invalid request. Must specify at least one of size, type, iops, throughput or multi-attach')
  }
  requirePositive(Size)
  const type = requireType(VolumeType ?? volume.type)
  if (Size !== undefined && Size < volume.size) throw invalidValue('New size cannot be smaller than existing size')
  const stays = type.name === volume.type
  const shape = shapeOf({
    Size: Size ?? volume.size,
    VolumeType: type.name,
    // What a type has by itself (gp2) is worked out anew; what was chosen is kept.
    Iops: Iops ?? (stays && type.iops ? volume.iops : undefined),
    Throughput: Throughput ?? (stays && type.throughput ? volume.throughput : undefined),
  })
  requireMultiAttach(MultiAttachEnabled, type.name)
  return { ...shape, multiAttach: MultiAttachEnabled ?? volume.multiAttach }
}

/** Whether there may be another modification now. Throws IncorrectModificationState, VolumeModificationRateExceeded. */
function requireTurn(id: string, latest: ModificationRecord | undefined, now: number): readonly number[] {
  if (latest && isActive(latest)) {
    // Seen in kubernetes issue 69434; the state is in capitals (facts: captures 2.2).
    throw refused(
      'IncorrectModificationState',
      `Volume ${id} cannot be modified in modification state ${latest.state.toUpperCase()}`,
    )
  }
  const times = (latest?.times ?? []).filter((time) => time > now - DAY)
  const [first] = times
  if (times.length >= PER_DAY && first !== undefined) {
    // How AWS writes the time is not recorded.
    const until = new Date(first + DAY).toISOString().replace(/\.\d+Z$/, 'Z')
    throw refused(
      'VolumeModificationRateExceeded',
      `You've reached the maximum modification rate per volume limit. Wait until ${until} before you can issue the next modification request for this volume.`,
    )
  }
  return times
}

const isActive = ({ state }: ModificationRecord) => state === 'modifying' || state === 'optimizing'

interface Modifying {
  readonly volumeId: string
}

const modificationsOf = (call: Ec2Call) => call.state.modifications.in(call.account, call.region)

/** The new shape is there when the modification begins to optimize. */
const applyModification = defineTask({
  kind: 'applyModification',
  keyUse: {},
  run({ volumeId }: Modifying, call) {
    call.env.store.transaction(() => {
      const record = modificationsOf(call).get(volumeId)
      const volume = volumeOf(call, volumeId)
      if (!volume || record?.state !== 'modifying') return
      putVolume(call, { ...volume, iops: undefined, throughput: undefined, ...record.target })
      modificationsOf(call).put(volumeId, { ...record, state: 'optimizing' })
      later(completeModification, volumeId, { volumeId }, call)
    })
  },
})

const completeModification = defineTask({
  kind: 'completeModification',
  keyUse: {},
  run({ volumeId }: Modifying, call) {
    call.env.store.transaction(() => {
      const record = modificationsOf(call).get(volumeId)
      if (record?.state !== 'optimizing') return
      modificationsOf(call).put(volumeId, { ...record, state: 'completed', progress: 100, endTime: call.time })
    })
  },
})

const modifyVolume = ec2.row('ModifyVolume', {
  ...onNamedVolume,
  action: 'ec2:ModifyVolume',
  run(input, call) {
    endDryRun(input)
    const id = requireId(input.VolumeId, VOLUME_ID, 'volumeId')
    const record = call.env.store.transaction(() => {
      const volume = requireVolume(call, id)
      const target = targetOf(input, volume)
      requireMade(volume)
      const times = requireTurn(id, modificationsOf(call).get(id), call.time)
      const made: ModificationRecord = {
        volumeId: id,
        state: 'modifying',
        progress: 0,
        startTime: call.time,
        original: shapeNow(volume),
        target,
        times: [...times, call.time],
      }
      modificationsOf(call).put(id, made)
      later(applyModification, id, { volumeId: id }, call)
      return made
    })
    return { VolumeModification: modificationView(record) }
  },
  audit: auditOf,
})

function modificationView(record: ModificationRecord): VolumeModification {
  const { volumeId, state, progress, startTime, endTime, original, target } = record
  return {
    VolumeId: volumeId,
    ModificationState: state,
    TargetSize: target.size,
    TargetIops: target.iops,
    TargetVolumeType: target.type as NonNullable<VolumeModification['TargetVolumeType']>,
    TargetThroughput: target.throughput,
    TargetMultiAttachEnabled: target.multiAttach,
    OriginalSize: original.size,
    OriginalIops: original.iops,
    OriginalVolumeType: original.type as NonNullable<VolumeModification['OriginalVolumeType']>,
    OriginalThroughput: original.throughput,
    OriginalMultiAttachEnabled: original.multiAttach,
    Progress: progress,
    StartTime: new Date(startTime),
    EndTime: endTime === undefined ? undefined : new Date(endTime),
  }
}

const text = (value: number | boolean | undefined) => (value === undefined ? undefined : String(value))

const MODIFICATION_FILTERS: FilterTable<ModificationRecord> = {
  'modification-state': { of: ({ state }) => state },
  'original-iops': { of: ({ original }) => text(original.iops) },
  'original-size': { of: ({ original }) => text(original.size) },
  'original-volume-type': { of: ({ original }) => original.type },
  originalMultiAttachEnabled: { of: ({ original }) => text(original.multiAttach) },
  'start-time': { of: ({ startTime }) => new Date(startTime).toISOString() },
  'target-iops': { of: ({ target }) => text(target.iops) },
  'target-size': { of: ({ target }) => text(target.size) },
  'target-volume-type': { of: ({ target }) => target.type },
  targetMultiAttachEnabled: { of: ({ target }) => text(target.multiAttach) },
  'volume-id': { of: ({ volumeId }) => volumeId, ids: (id) => [id] },
}

const describeVolumesModifications = ec2.row('DescribeVolumesModifications', {
  action: 'ec2:DescribeVolumesModifications',
  readOnly: true,
  context: inRegion,
  run(input, call) {
    endDryRun(input)
    const { VolumeIds: ids = [] } = input
    const table = modificationsOf(call)
    if (ids.length === 0) {
      const source = {
        name: call.operation,
        get: (id: string) => table.get(id),
        entries: (after: string | undefined) => table.entries(after === undefined ? {} : { after }),
      }
      const { items, NextToken } = { NextToken: undefined, ...describePage(input, source, MODIFICATION_FILTERS) }
      return { VolumesModifications: items.map(modificationView), NextToken }
    }
    refusePagesOfIds(ids, 'volumeSet', input)
    for (const id of ids) requireId(id, VOLUME_ID, 'volumeId')
    const filters = readFilters(input.Filters, MODIFICATION_FILTERS)
    const records = [...new Set(ids)].map((id) => {
      requireVolume(call, id)
      const record = table.get(id)
      if (!record) {
        throw refused('InvalidVolumeModification.NotFound', `Modification for volume ${id} does not exist`)
      }
      return record
    })
    return {
      VolumesModifications: records
        .filter((record) => filters.every(({ matches }) => matches(record)))
        .map(modificationView),
    }
  },
  audit: readAudit,
})

export const modifyVolumeRows = [modifyVolume, describeVolumesModifications]
