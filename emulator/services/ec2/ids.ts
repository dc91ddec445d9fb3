import type { AwsError } from '../../lib/awsError.ts'
import type { Call } from '../../operation/call.ts'
import { invalidValue, missingParameter, refused } from './errors.ts'

/** A new id as AWS gives them out: 17 hexadecimal digits, the first of them 0 (facts: captures 1.2). */
export const newId = (prefix: string, call: Pick<Call, 'env'>): string => `${prefix}-0${call.env.ids.hex(16)}`

/**
 * `other`: not in the form of such an id at all. `malformed`: in its form, and still none that AWS could have given out: neither 8
 * digits nor 17 beginning with 0, or 17 zeros. AWS refuses more of the long ones, by a rule that nobody knows (facts: captures 1.2).
 */
export type IdForm = 'ok' | 'malformed' | 'other'

export function formOf(prefix: string, id: string): IdForm {
  if (!id.startsWith(`${prefix}-`)) return 'other'
  const digits = id.slice(prefix.length + 1)
  if (!/^[0-9a-f]+$/.test(digits)) return 'other'
  if (digits.length === 8) return 'ok'
  return digits.length === 17 && digits.startsWith('0') && !/^0+$/.test(digits) ? 'ok' : 'malformed'
}

/** How one kind of id is spoken of. */
export interface IdKind {
  /** `vol` */
  readonly prefix: string
  /** `VOLUME`: in the text for ids that AWS could not have given out. */
  readonly type: string
  /** `InvalidVolumeID.Malformed` */
  readonly malformed: string
}

export const VOLUME_ID: IdKind = { prefix: 'vol', type: 'VOLUME', malformed: 'InvalidVolumeID.Malformed' }
export const INSTANCE_ID: IdKind = { prefix: 'i', type: 'INSTANCE', malformed: 'InvalidInstanceID.Malformed' }
export const IMAGE_ID: IdKind = { prefix: 'ami', type: 'IMAGE', malformed: 'InvalidAMIID.Malformed' }
export const SNAPSHOT_ID: IdKind = { prefix: 'snap', type: 'SNAPSHOT', malformed: 'InvalidSnapshotID.Malformed' }

/**
 * An id that most operations would look up (facts: captures 1.2b).
 * @param parameter as EC2 calls it in these texts: `volumeId`
 * Throws MissingParameter, InvalidParameterValue, Invalid…ID.Malformed.
 */
export function requireId(id: string | undefined, kind: IdKind, parameter: string): string {
  if (id === undefined || id === '') throw nullOrEmpty(id, parameter)
  const form = formOf(kind.prefix, id)
  if (form === 'other') throw unexpected(id, kind, parameter)
  if (form === 'malformed') throw malformed(id, kind)
  return id
}

/** `Value (null) for parameter volumeId is invalid. Parameter may not be null or empty.` */
export const nullOrEmpty = (id: string | undefined, parameter: string): AwsError =>
  missingParameter(`Value (${id ?? 'null'}) for parameter ${parameter} is invalid. Parameter may not be null or empty.`)

/** `Value (bad) for parameter volumeId is invalid. Expected: 'vol-...'.` */
export const unexpected = (id: string, { prefix }: IdKind, parameter: string): AwsError =>
  invalidValue(`Value (${id}) for parameter ${parameter} is invalid. Expected: '${prefix}-...'.`)

/** AWS's text ends with a space. */
export const malformed = (id: string, { type, malformed: code }: IdKind): AwsError =>
  refused(code, `Value ( ${id} ) for parameter ${type} is invalid. `)
