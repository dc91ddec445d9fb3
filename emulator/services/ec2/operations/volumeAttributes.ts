import type { VolumeStatusItem } from '@aws-sdk/client-ec2'
import { auditOf, readAudit } from '../audit.ts'
import { endDryRun } from '../dryRun.ts'
import {
  incorrectState,
  internalError,
  invalidCombination,
  invalidValue,
  missingParameter,
  refused,
} from '../errors.ts'
import { readFilters, type FilterTable } from '../filters.ts'
import { formOf, nullOrEmpty, requireId, unexpected, VOLUME_ID } from '../ids.ts'
import { describePage, refusePagesOfIds } from '../pages.ts'
import { anyVolume, inRegion, volumeResource } from '../resources.ts'
import { ec2 } from '../service.ts'
import type { Ec2Call, VolumeRecord } from '../state.ts'
import { putVolume, requireVolume, volumeOf } from '../volumes/find.ts'
import { zonesOf } from '../zones.ts'
import { ownVolumes } from './describeVolumes.ts'

interface OneVolume {
  readonly VolumeId?: string | undefined
}

/** Rows whose id is looked at after authorization and DryRun (facts: captures 1.2): whatever it is, it is what policies are asked about. */
export const onNamedVolume = {
  resource({ VolumeId = '' }: OneVolume, call: Ec2Call) {
    const volume = volumeOf(call, VolumeId)
    return volume ? volumeResource(volume, call) : anyVolume(call, VolumeId === '' ? '*' : VolumeId)
  },
} as const

const describeVolumeAttribute = ec2.row('DescribeVolumeAttribute', {
  ...onNamedVolume,
  action: 'ec2:DescribeVolumeAttribute',
  readOnly: true,
  run(input, call) {
    endDryRun(input)
    const volume = requireVolume(call, requireId(input.VolumeId, VOLUME_ID, 'volumeId'))
    // Whatever was sent: an unknown one is a text, too.
    const attribute: string = input.Attribute ?? ''
    if (attribute === '') throw invalidCombination('No attributes specified.')
    switch (attribute) {
      case 'autoEnableIO':
        return { VolumeId: volume.id, AutoEnableIO: { Value: volume.autoEnableIo ?? false } }
      case 'productCodes':
        return { VolumeId: volume.id, ProductCodes: [] }
      default:
        throw invalidValue(`Value (${attribute}) for parameter attribute is invalid. Unknown attribute.`)
    }
  },
  audit: readAudit,
})

const modifyVolumeAttribute = ec2.row('ModifyVolumeAttribute', {
  ...onNamedVolume,
  action: 'ec2:ModifyVolumeAttribute',
  run(input, call) {
    endDryRun(input)
    const id = input.VolumeId
    if (id === undefined) throw missingParameter('volumeId')
    if (formOf('vol', id) !== 'ok') throw refused(VOLUME_ID.malformed, `The volume ID '${id}' is malformed`)
    const value = input.AutoEnableIO?.Value
    call.env.store.transaction(() => {
      const volume = requireVolume(call, id)
      // Not recorded; DescribeVolumeAttribute says so.
      if (value === undefined) throw invalidCombination('No attributes specified.')
      putVolume(call, { ...volume, autoEnableIo: value })
    })
    return {}
  },
  audit: auditOf,
})

const enableVolumeIO = ec2.row('EnableVolumeIO', {
  ...onNamedVolume,
  action: 'ec2:EnableVolumeIO',
  run(input, call) {
    endDryRun(input)
    const { VolumeId: id } = input
    if (id === undefined || id === '') throw nullOrEmpty(id, 'volumeId')
    const form = formOf('vol', id)
    if (form === 'other') throw unexpected(id, VOLUME_ID, 'volumeId')
    // A failure of AWS's own (facts: captures 1.2).
    if (form === 'malformed') throw internalError()
    requireVolume(call, id)
    throw incorrectState(`Volume ${id} already has IO enabled`)
  },
  audit: auditOf,
})

const statusFilters = (call: Ec2Call): FilterTable<VolumeRecord> => ({
  'action.code': { of: () => undefined },
  'action.description': { of: () => undefined },
  'action.event-id': { of: () => undefined },
  'availability-zone': { of: ({ zone }) => zone },
  'availability-zone-id': { of: ({ zone }) => zonesOf(call.region).find(({ name }) => name === zone)?.id },
  'event.description': { of: () => undefined },
  'event.event-id': { of: () => undefined },
  'event.event-type': { of: () => undefined },
  'event.not-after': { of: () => undefined },
  'event.not-before': { of: () => undefined },
  'operator.managed': { of: () => 'false' },
  'operator.principal': { of: () => undefined },
  'volume-status.details-name': { of: () => ['io-enabled', 'io-performance'] },
  'volume-status.details-status': { of: () => ['passed', 'not-applicable'] },
  'volume-status.status': { of: () => 'ok' },
})

/** Also of a volume that is still being made (facts: captures 2.2). */
const statusOf = ({ id, zone, region }: VolumeRecord): VolumeStatusItem => ({
  Actions: [],
  AvailabilityZone: zone,
  AvailabilityZoneId: zonesOf(region).find(({ name }) => name === zone)?.id,
  Events: [],
  VolumeId: id,
  VolumeStatus: {
    Status: 'ok',
    Details: [
      { Name: 'io-enabled', Status: 'passed' },
      { Name: 'io-performance', Status: 'not-applicable' },
    ],
  },
})

const describeVolumeStatus = ec2.row('DescribeVolumeStatus', {
  action: 'ec2:DescribeVolumeStatus',
  readOnly: true,
  context: inRegion,
  run(input, call) {
    endDryRun(input)
    const { VolumeIds: ids = [] } = input
    const source = ownVolumes(call)
    const alive = (volume: VolumeRecord | undefined) => (volume?.state === 'deleting' ? undefined : volume)
    // Here alone an empty text among the ids means all of them (facts: captures 1.2).
    if (ids.length === 0 || ids.includes('')) {
      const { items, NextToken } = { NextToken: undefined, ...describePage(input, source, statusFilters(call)) }
      return { VolumeStatuses: items.filter((volume) => alive(volume)).map(statusOf), NextToken }
    }
    refusePagesOfIds(ids, 'volumeSet', input)
    for (const id of ids) requireStatusId(id)
    const filters = readFilters(input.Filters, statusFilters(call))
    const volumes = [...new Set(ids)].map((id) => requireVolume(call, id))
    return {
      VolumeStatuses: volumes.filter((volume) => filters.every(({ matches }) => matches(volume))).map(statusOf),
    }
  },
  audit: readAudit,
})

function requireStatusId(id: string): void {
  const form = formOf('vol', id)
  if (form === 'ok') return
  const expected = form === 'other' ? ' (expecting "vol-...")' : ''
  throw refused(VOLUME_ID.malformed, `Invalid id: "${id}"${expected}`)
}

export const volumeAttributeRows = [
  describeVolumeAttribute,
  modifyVolumeAttribute,
  enableVolumeIO,
  describeVolumeStatus,
]
