import { invalidCombination, invalidValue, refused } from '../errors.ts'
import type { VolumeShape } from '../state.ts'
import { volumeType, type VolumeType } from './types.ts'

const LEAST_IOPS = 100
const GP3 = { iops: 3000, throughput: 125, mostThroughput: 2000, throughputPerIops: 0.25 }

/** What a request asks of a volume. */
export interface ShapeRequest {
  readonly Size: number
  readonly VolumeType?: string | undefined
  readonly Iops?: number | undefined
  readonly Throughput?: number | undefined
}

/** The type a request names. Throws UnknownVolumeType. */
export function requireType(name: string | undefined): VolumeType {
  const found = volumeType(name)
  // AWS's text ends with a space.
  if (!found) throw refused('UnknownVolumeType', `Unsupported volume type '${name ?? ''}' for volume creation. `)
  return found
}

/** Throws InvalidParameterValue for what is no size of any volume. */
export function requirePositive(size: number | undefined): void {
  if (size !== undefined && size < 0) {
    throw invalidValue(`Value (${size}) for parameter size is invalid. Value must be a positive integer.`)
  }
}

/**
 * Size, type, iops and throughput as they are stored (facts: captures 2.1).
 * Throws UnknownVolumeType, InvalidParameterValue, InvalidParameterCombination.
 */
export function shapeOf({ Size, VolumeType: name, Iops, Throughput }: ShapeRequest): Omit<VolumeShape, 'multiAttach'> {
  const type = requireType(name)
  requireSize(Size, type)
  const iops = iopsOf(Iops, Size, type)
  const throughput = throughputOf(Throughput, iops ?? 0, type)
  return {
    size: Size,
    type: type.name,
    ...(iops !== undefined && { iops }),
    ...(throughput !== undefined && { throughput }),
  }
}

function requireSize(size: number, { name, least, most }: VolumeType): void {
  if (size < least) {
    throw invalidValue(
      `The volume size is invalid for ${name} volumes: ${size} GiB. ${name} volumes must be at least ${least} GiB in size. Please specify a volume size above the minimum limit.`,
    )
  }
  if (size > most) {
    throw invalidValue(`Volume of ${size}GiB is too large for volume type ${name}; maximum is ${most}GiB`)
  }
}

function iopsOf(asked: number | undefined, size: number, { name, iops }: VolumeType): number | undefined {
  if (!iops) {
    if (asked !== undefined) throw invalidCombination(`The parameter iops is not supported for ${name} volumes.`)
    return name === 'gp2' ? Math.min(Math.max(3 * size, LEAST_IOPS), 16_000) : undefined
  }
  if (asked === undefined) {
    if (iops.required) throw invalidCombination(`The parameter iops must be specified for ${name} volumes.`)
    return GP3.iops
  }
  if (asked < LEAST_IOPS) throw invalidValue(`Volume iops of ${asked} is too low; minimum is ${LEAST_IOPS}.`)
  if (asked > iops.most) throw invalidValue(`Volume iops of ${asked} is too high; maximum is ${iops.most}.`)
  const isGp3 = !iops.required
  // What every gp3 volume has is exempt; less than that is tested as asked, and then raised.
  if (!(isGp3 && asked === GP3.iops) && asked / size > iops.ratio) {
    throw invalidValue(
      `Iops to volume size ratio of ${(asked / size).toFixed(6)} is too high; maximum is ${iops.ratio}`,
    )
  }
  return isGp3 ? Math.max(asked, GP3.iops) : asked
}

function throughputOf(asked: number | undefined, iops: number, { name, throughput }: VolumeType): number | undefined {
  if (!throughput) {
    if (asked !== undefined) throw invalidCombination(`The throughput parameter is not supported for ${name} volumes.`)
    return undefined
  }
  const wanted = asked ?? GP3.throughput
  // Not recorded: what AWS says of less than nothing.
  if (wanted < 0) throw invalidValue(`Volume throughput of ${wanted} is too low; minimum is ${GP3.throughput}.`)
  if (wanted > GP3.mostThroughput) {
    throw invalidValue(`Volume throughput of ${wanted} is too high; maximum is ${GP3.mostThroughput}.`)
  }
  if (wanted / iops > GP3.throughputPerIops) {
    const [ratio, most] = [wanted / iops, GP3.throughputPerIops].map((value) => value.toFixed(6))
    throw invalidValue(
      `Throughput (MiBps) to iops ratio of ${ratio ?? ''} is too high; maximum is ${most ?? ''} MiBps per iops`,
    )
  }
  return Math.max(wanted, GP3.throughput)
}

/** Throws InvalidParameterCombination where the type cannot be attached to several instances. */
export function requireMultiAttach(wanted: boolean | undefined, type: string): void {
  if (wanted === true && volumeType(type)?.multiAttach !== true) {
    throw invalidCombination(`The parameter multi-attach-enabled is not supported for ${type} volumes.`)
  }
}
