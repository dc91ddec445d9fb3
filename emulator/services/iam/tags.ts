import type { Tag } from '@aws-sdk/client-iam'
import type { ContextValue, Tags } from '../../access/types.ts'
import { invalidInput, limitExceeded } from './errors.ts'
import { listPage, type Page, type PageInput } from './pages.ts'

/** Users and roles take `Team` and `team` for one key; policies and instance profiles keep both (captures 12.3). */
export type TagCase = 'ignored' | 'kept'

const MOST_TAGS = 50

const keyOf = (tag: Tag) => tag.Key ?? ''
const valueOf = (tag: Tag) => tag.Value ?? ''

/** The condition keys that tags in a request give. */
export function requestTags(tags: readonly Tag[] | undefined): Record<string, ContextValue> {
  if (!tags || tags.length === 0) return {}
  return Object.fromEntries<ContextValue>([
    // The last value of a repeated key counts (captures 9.2).
    ...tags.map((tag) => [`aws:RequestTag/${keyOf(tag)}`, valueOf(tag)] as const),
    ['aws:TagKeys', tags.map(keyOf)],
  ])
}

export const requestTagKeys = (keys: readonly string[] | undefined): Record<string, ContextValue> =>
  keys && keys.length > 0 ? { 'aws:TagKeys': keys } : {}

/** `old` with `added`; a new spelling of a key replaces the old where case is ignored. Throws InvalidInput, LimitExceeded. */
export function withTags(old: Tags, added: readonly Tag[] | undefined, tagCase: TagCase): Tags {
  if (!added || added.length === 0) return old
  const fold = foldOf(tagCase)
  checkKeys(added, fold)
  const replaced = new Set(added.map((tag) => fold(keyOf(tag))))
  const kept = Object.entries(old).filter(([key]) => !replaced.has(fold(key)))
  const all = [...kept, ...added.map((tag) => [keyOf(tag), valueOf(tag)] as const)]
  if (all.length > MOST_TAGS) throw limitExceeded('The number of tags has reached the maximum limit.')
  return Object.fromEntries(all)
}

/** Keys that are not there, reserved or repeated are fine here (captures 12.3). */
export function withoutTags(old: Tags, keys: readonly string[], tagCase: TagCase): Tags {
  const fold = foldOf(tagCase)
  const removed = new Set(keys.map(fold))
  return Object.fromEntries(Object.entries(old).filter(([key]) => !removed.has(fold(key))))
}

/** TagUser and its like refuse an empty list, in these words (captures 12.3). */
export function refuseEmpty(tags: readonly Tag[] | undefined): void {
  if (!tags || tags.length === 0) throw invalidInput('Error occurred while validating input. ')
}

export const tagList = (tags: Tags): Tag[] => Object.entries(tags).map(([Key, Value]) => ({ Key, Value }))

/** In answers that leave `Tags` out where there are none. */
export const someTags = (tags: Tags): { Tags: Tag[] } | undefined => {
  const list = tagList(tags)
  return list.length > 0 ? { Tags: list } : undefined
}

/** Sorted by key (AWS: ListUserTags). */
export const tagPage = (tags: Tags, input: PageInput): Page<Tag> => listPage(tagList(tags), input, keyOf)

const foldOf = (tagCase: TagCase) => (tagCase === 'ignored' ? (key: string) => key.toLowerCase() : (key: string) => key)

function checkKeys(tags: readonly Tag[], fold: (key: string) => string): void {
  const seen = new Set<string>()
  for (const tag of tags) {
    const key = keyOf(tag)
    if (key.slice(0, 4).toLowerCase() === 'aws:') {
      throw invalidInput('Tag keys beginning with aws: are reserved for system use.')
    }
    if (seen.has(fold(key))) {
      throw invalidInput('Duplicate tag keys found. Please note that Tag keys are case insensitive.')
    }
    seen.add(fold(key))
  }
}
