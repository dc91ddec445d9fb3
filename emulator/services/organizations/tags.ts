import type { Tag } from '@aws-sdk/client-organizations'
import type { ContextValue, Tags } from '../../access/types.ts'
import { invalidInput, tooManyTags } from './errors.ts'

const MOST_TAGS = 50

/** Tags with others added. @throws AwsError InvalidInputException, ConstraintViolationException */
export function withTags(old: Tags, added: readonly Tag[] | undefined): Tags {
  const tags = { ...old }
  const seen = new Set<string>()
  for (const { Key = '', Value = '' } of added ?? []) {
    if (Key.length < 1) throw invalidInput('MIN_LENGTH_EXCEEDED')
    if (Key.length > 128 || Value.length > 256) throw invalidInput('MAX_LENGTH_EXCEEDED')
    if (Key.toLowerCase().startsWith('aws:')) throw invalidInput('INVALID_SYSTEM_TAGS_PARAMETER')
    if (seen.has(Key)) throw invalidInput('DUPLICATE_TAG_KEY')
    seen.add(Key)
    tags[Key] = Value
  }
  if (Object.keys(tags).length > MOST_TAGS) throw tooManyTags()
  return tags
}

export function withoutTags(old: Tags, keys: readonly string[]): Tags {
  const removed = new Set(keys)
  return Object.fromEntries(Object.entries(old).filter(([key]) => !removed.has(key)))
}

export function tagContext(tags: readonly Tag[] | undefined): Record<string, ContextValue> {
  if (!tags || tags.length === 0) return {}
  const context: Record<string, ContextValue> = { 'aws:TagKeys': tags.map(({ Key = '' }) => Key) }
  for (const { Key = '', Value = '' } of tags) context[`aws:RequestTag/${Key}`] = Value
  return context
}
