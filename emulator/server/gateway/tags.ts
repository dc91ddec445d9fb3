import { objects, record, text } from './said.ts'

/** The tags that a request gives, as condition keys: a list of `Key` and `Value`, or a map, under `Tags` in any case. */
export function requestTags(input: Readonly<Record<string, unknown>>): Record<string, string | readonly string[]> {
  const given = input['Tags'] ?? input['tags']
  const pairs = record(given) ? Object.entries(record(given) ?? {}) : objects(given).map(pairOf)
  const tags = pairs.flatMap(([key, value]) => (text(key) === undefined ? [] : [[key, text(value) ?? ''] as const]))
  if (tags.length === 0) return {}
  const keys: Record<string, string | readonly string[]> = { 'aws:TagKeys': tags.map(([key]) => key) }
  for (const [key, value] of tags) keys[`aws:RequestTag/${key}`] = value
  return keys
}

const pairOf = (tag: Readonly<Record<string, unknown>>): [string, unknown] => [
  text(tag['Key'] ?? tag['key']) ?? '',
  tag['Value'] ?? tag['value'],
]
