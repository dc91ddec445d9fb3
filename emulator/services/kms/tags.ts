import type { Tag } from '@aws-sdk/client-kms'
import type { ContextValue, Tags } from '../../access/types.ts'
import { tagRefused } from './errors.ts'

const MOST_TAGS = 50

/** The condition keys that tags in a request give; of a repeated key the last value counts (captures 9.2). */
export function requestTags(tags: readonly Tag[] | undefined): Record<string, ContextValue> {
  if (!tags || tags.length === 0) return {}
  const context: Record<string, ContextValue> = { 'aws:TagKeys': tags.map(({ TagKey = '' }) => TagKey) }
  for (const { TagKey = '', TagValue = '' } of tags) context[`aws:RequestTag/${TagKey}`] = TagValue
  return context
}

/** `old` with `added`, which replaces values. Throws TagException (facts: B10). */
export function withTags(old: Tags, added: readonly Tag[]): Tags {
  const keys = added.map(({ TagKey = '' }) => TagKey)
  if (keys.some((key) => key.slice(0, 4).toLowerCase() === 'aws:'))
    throw tagRefused('Tags beginning with aws: are reserved')
  if (new Set(keys).size < keys.length) throw tagRefused('Duplicate tag keys')
  const all = new Map(Object.entries(old))
  for (const { TagKey = '', TagValue = '' } of added) all.set(TagKey, TagValue)
  if (all.size > MOST_TAGS) throw tagRefused('Too many tags')
  return Object.fromEntries(all)
}

/** Keys that are not there are fine (facts: B10). */
export function withoutTags(old: Tags, keys: readonly string[]): Tags {
  const removed = new Set(keys)
  return Object.fromEntries(Object.entries(old).filter(([key]) => !removed.has(key)))
}

export const tagList = (tags: Tags): Tag[] => Object.entries(tags).map(([TagKey, TagValue]) => ({ TagKey, TagValue }))
