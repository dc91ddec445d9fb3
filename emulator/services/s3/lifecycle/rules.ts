import type { LifecycleExpiration, LifecycleRule, Transition } from '@aws-sdk/client-s3'
import type { Ids } from '../../../lib/ids.ts'

type WithMoment<T extends { Date?: Date | undefined }> = Omit<T, 'Date'> & {
  /** Milliseconds since the epoch. */
  readonly Date?: number | undefined
}

/** A rule as it was put, in AWS's own words. Rules are kept and answered; the emulator deletes and moves nothing by them. */
export type StoredLifecycleRule = Omit<LifecycleRule, 'Expiration' | 'Transitions'> & {
  readonly Expiration?: WithMoment<LifecycleExpiration> | undefined
  readonly Transitions?: readonly WithMoment<Transition>[] | undefined
}

export interface LifecycleRecord {
  readonly rules: readonly StoredLifecycleRule[]
  /** Objects smaller than this are not moved by default. */
  readonly minimumSize: MinimumSize
}

export type MinimumSize = 'all_storage_classes_128K' | 'varies_by_storage_class'
export const isMinimumSize = (text: string): text is MinimumSize =>
  text === 'all_storage_classes_128K' || text === 'varies_by_storage_class'

/** For the state: times as numbers, and a name for rules that came without one, as S3 gives them. */
export function keepRule(rule: LifecycleRule, ids: Ids): StoredLifecycleRule {
  const { Expiration, Transitions } = rule
  return {
    ...rule,
    ID: rule.ID ?? Buffer.from(ids.uuid()).toString('base64'),
    Expiration: Expiration && { ...Expiration, Date: Expiration.Date?.getTime() },
    Transitions: Transitions?.map((transition) => ({ ...transition, Date: transition.Date?.getTime() })),
  }
}

/** The inverse of `keepRule`. */
export function answerRule(rule: StoredLifecycleRule): LifecycleRule {
  const { Expiration, Transitions } = rule
  return {
    ...rule,
    Expiration: Expiration && { ...Expiration, Date: moment(Expiration.Date) },
    Transitions: Transitions?.map((transition) => ({ ...transition, Date: moment(transition.Date) })),
  }
}

const moment = (time: number | undefined): Date | undefined => (time === undefined ? undefined : new Date(time))
