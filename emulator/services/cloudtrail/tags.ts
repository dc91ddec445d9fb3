import type { Tag } from '@aws-sdk/client-cloudtrail'
import type { ContextValue, Tags } from '../../access/types.ts'
import { refusal } from './errors.ts'
import { UNSOURCED } from './unsourced.ts'

const MOST_TAGS = 50

const invalidTag = (text: string) => refusal('InvalidTagParameterException', text)

/** Tags with others added. Throws InvalidTagParameterException, TagsLimitExceededException. */
export function withTags(old: Tags, added: readonly Tag[] | undefined): Tags {
  const tags = new Map(Object.entries(old))
  const seen = new Set<string>()
  for (const { Key = '', Value = '' } of added ?? []) {
    if (Key.length < 1 || Key.length > 128) throw invalidTag(UNSOURCED.tagMissing)
    if (Value.length > 256) throw invalidTag(UNSOURCED.tagValue)
    if (/^aws:/i.test(Key)) throw invalidTag(UNSOURCED.tagReserved)
    if (seen.has(Key)) throw invalidTag(UNSOURCED.tagDuplicate(Key))
    seen.add(Key)
    tags.set(Key, Value)
  }
  if (tags.size > MOST_TAGS) throw refusal('TagsLimitExceededException', UNSOURCED.tagsTooMany)
  return Object.fromEntries(tags)
}

export function withoutTags(old: Tags, removed: readonly Tag[] | undefined): Tags {
  const keys = new Set(removed?.map(({ Key }) => Key))
  return Object.fromEntries(Object.entries(old).filter(([key]) => !keys.has(key)))
}

/** Condition keys about tags that a request sets. */
export function tagContext(tags: readonly Tag[] | undefined): Record<string, ContextValue> {
  if (!tags || tags.length === 0) return {}
  const context: Record<string, ContextValue> = { 'aws:TagKeys': tags.map(({ Key = '' }) => Key) }
  for (const { Key = '', Value = '' } of tags) context[`aws:RequestTag/${Key}`] = Value
  return context
}
