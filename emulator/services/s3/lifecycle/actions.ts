import type { LifecycleRule, NoncurrentVersionTransition, Transition } from '@aws-sdk/client-s3'
import { invalidArgument, invalidRequest, malformedXml } from '../errors.ts'

/** From the dearest to the cheapest: objects move down only (AWS: "Transitioning objects using Amazon S3 Lifecycle"). */
const CLASSES = ['STANDARD_IA', 'INTELLIGENT_TIERING', 'ONEZONE_IA', 'GLACIER_IR', 'GLACIER', 'DEEP_ARCHIVE']
/** Objects go there when they are thirty days old, no sooner. */
const AFTER_A_MONTH: ReadonlySet<string> = new Set(['STANDARD_IA', 'ONEZONE_IA'])
const MOST_KEPT_VERSIONS = 100
const DAY = 86_400_000

/** Expiration and NoncurrentVersionExpiration. */
export function validateExpirations({ Expiration, NoncurrentVersionExpiration, Filter }: LifecycleRule): void {
  if (Expiration) {
    const { Days, Date: date, ExpiredObjectDeleteMarker } = Expiration
    if ([Days, date, ExpiredObjectDeleteMarker].filter((given) => given !== undefined).length !== 1)
      throw malformedXml()
    if (Days !== undefined && Days < 1) {
      throw invalidArgument("'Days' for Expiration action must be a positive integer")
    }
    requireMidnight(date)
    if (ExpiredObjectDeleteMarker !== undefined && (Filter?.Tag ?? Filter?.And?.Tags?.[0])) {
      throw invalidRequest('ExpiredObjectDeleteMarker cannot be specified with Tags.')
    }
  }
  if (!NoncurrentVersionExpiration) return
  const { NoncurrentDays, NewerNoncurrentVersions } = NoncurrentVersionExpiration
  if (NoncurrentDays === undefined) throw malformedXml()
  if (NoncurrentDays < 1) {
    throw invalidArgument("'NoncurrentDays' for NoncurrentVersionExpiration action must be a positive integer")
  }
  requireKept(NewerNoncurrentVersions, 'NoncurrentVersionExpiration')
}

/** Transitions of current and noncurrent versions, and that they come before the end. */
export function validateTransitions(rule: LifecycleRule): void {
  const { Transitions = [], NoncurrentVersionTransitions = [], Expiration, NoncurrentVersionExpiration } = rule
  Transitions.forEach(validateTransition)
  const filter = filterText(rule)
  refuseMixed(Transitions, Expiration, filter)
  requireOrder(Transitions, 'Transition', ({ Days, Date: date }) => Days ?? (date && date.getTime() / DAY))
  NoncurrentVersionTransitions.forEach(validateNoncurrent)
  requireOrder(NoncurrentVersionTransitions, 'NoncurrentVersionTransition', ({ NoncurrentDays }) => NoncurrentDays)
  for (const { Days, Date: date } of Transitions) {
    if (Days !== undefined && Expiration?.Days !== undefined && Expiration.Days <= Days) {
      throw invalidArgument(
        `'Days' in the Expiration action for ${filter} must be greater than 'Days' in the Transition action`,
      )
    }
    if (date && Expiration?.Date && Expiration.Date <= date) {
      throw invalidArgument(
        `'Date' in the Expiration action for ${filter} must be later than 'Date' in the Transition action`,
      )
    }
  }
  const end = NoncurrentVersionExpiration?.NoncurrentDays
  for (const { NoncurrentDays = 0 } of NoncurrentVersionTransitions) {
    if (end === undefined || end > NoncurrentDays) continue
    throw invalidArgument(
      `'NoncurrentDays' in the NoncurrentVersionExpiration action for ${filter} must be greater than 'NoncurrentDays' in the NoncurrentVersionTransition action`,
    )
  }
}

function validateTransition({ Days, Date: date, StorageClass }: Transition): void {
  if (StorageClass === undefined || !CLASSES.includes(StorageClass)) throw malformedXml()
  if ((Days === undefined) === (date === undefined)) throw malformedXml()
  requireMidnight(date)
  requireDays(Days, 'Days', 'Transition', StorageClass)
}

function validateNoncurrent({ NoncurrentDays, StorageClass, ...rest }: NoncurrentVersionTransition): void {
  if (StorageClass === undefined || !CLASSES.includes(StorageClass)) throw malformedXml()
  if (NoncurrentDays === undefined) throw malformedXml()
  requireDays(NoncurrentDays, 'NoncurrentDays', 'NoncurrentVersionTransition', StorageClass)
  requireKept(rest.NewerNoncurrentVersions, 'NoncurrentVersionTransition')
}

function requireDays(days: number | undefined, member: string, action: string, storageClass: string): void {
  if (days === undefined) return
  if (days < 0) throw invalidArgument(`'${member}' in ${action} action must be nonnegative`)
  if (days < 30 && AFTER_A_MONTH.has(storageClass)) {
    throw invalidArgument(
      `'${member}' in ${action} action must be greater than or equal to 30 for storageClass '${storageClass}'`,
    )
  }
}

function requireKept(versions: number | undefined, action: string): void {
  if (versions === undefined || (versions >= 1 && versions <= MOST_KEPT_VERSIONS)) return
  throw invalidArgument(
    `'NewerNoncurrentVersions' for ${action} action must be a positive integer, not greater than ${String(MOST_KEPT_VERSIONS)}`,
  )
}

function requireMidnight(date: Date | undefined): void {
  if (date && date.getTime() % DAY !== 0) throw invalidArgument("'Date' must be at midnight GMT")
}

/** Within a rule, either days or dates. */
function refuseMixed(
  transitions: readonly Transition[],
  expiration: LifecycleRule['Expiration'],
  filter: string,
): void {
  const timed = [...transitions, ...(expiration ? [expiration] : [])]
  if (timed.some(({ Days }) => Days !== undefined) && timed.some(({ Date: date }) => date)) {
    throw invalidRequest(
      `Found mixed 'Date' and 'Days' based Expiration and Transition actions in lifecycle rule for ${filter}`,
    )
  }
}

/** Each class once, and the cheaper later than the dearer. */
function requireOrder<T extends { StorageClass?: string | undefined }>(
  transitions: readonly T[],
  action: string,
  when: (transition: T) => number | undefined,
): void {
  const classes = transitions.map(({ StorageClass = '' }) => StorageClass)
  if (new Set(classes).size < classes.length) {
    throw invalidRequest(`'StorageClass' must be different for '${action}' actions in same 'Rule'`)
  }
  for (const earlier of transitions) {
    for (const later of transitions) {
      const [from, to] = [earlier.StorageClass ?? '', later.StorageClass ?? '']
      if (CLASSES.indexOf(from) >= CLASSES.indexOf(to) || (when(earlier) ?? 0) < (when(later) ?? 0)) continue
      throw invalidArgument(
        `'Days' in the '${action}' action for StorageClass '${to}' must be greater than for StorageClass '${from}'`,
      )
    }
  }
}

/** How S3 names a rule's filter in its refusals. */
function filterText(rule: LifecycleRule): string {
  const { Filter } = rule
  const prefix = prefixOf(rule) ?? Filter?.Prefix ?? Filter?.And?.Prefix
  return Filter ? `filter '(prefix=${prefix ?? ''})'` : `prefix '${prefix ?? ''}'`
}

/** A rule's prefix outside a filter, as rules were written of old. */
// eslint-disable-next-line @typescript-eslint/no-deprecated -- S3 still takes it, and so does Terraform
export const prefixOf = ({ Prefix }: LifecycleRule): string | undefined => Prefix
