import type { TagSpecification } from '@aws-sdk/client-ec2'
import type { ContextValue, Tags } from '../../access/types.ts'
import { invalidValue, refused } from './errors.ts'
import { tagged, type FilterSpec, type FilterTable } from './filters.ts'
import type { Ec2Call, TagsRecord } from './state.ts'

const MOST_TAGS = 50
const LONGEST_KEY = 127
const LONGEST_VALUE = 255
const NO_TAGS: Tags = Object.freeze({})

interface TagMember {
  readonly Key?: string | undefined
  readonly Value?: string | undefined
}

/** The tags that the caller's account has put on a resource; nobody else's (facts: captures 3.3). */
export const tagsFor = (call: Ec2Call, id: string): Tags => tagsOf(call, call.account, id)

/** The tags that an account has put on a resource. */
export const tagsOf = ({ state, region }: Ec2Call, account: string, id: string): Tags =>
  (account === '' ? undefined : state.tags.in(account, region).get(id)?.tags) ?? NO_TAGS

/** Replaces the caller's tags on a resource. Within a transaction. */
export function putTags(call: Ec2Call, id: string, type: string, tags: Tags): void {
  const table = call.state.tags.in(call.account, call.region)
  if (Object.keys(tags).length === 0) table.delete(id)
  else table.put(id, { resourceId: id, type, tags } satisfies TagsRecord)
}

/** What its owner deletes takes the owner's tags with it. Within a transaction. */
export function dropTags(call: Ec2Call, account: string, id: string): void {
  if (account !== '') call.state.tags.in(account, call.region).delete(id)
}

/** As answers list them; undefined where there are none and AWS writes no element. */
export const tagSet = (tags: Tags): { Key: string; Value: string }[] | undefined =>
  Object.keys(tags).length === 0 ? undefined : tagList(tags)

export const tagList = (tags: Tags): { Key: string; Value: string }[] =>
  Object.entries(tags).map(([Key, Value]) => ({ Key, Value }))

/**
 * The tags of a creating request for one kind of resource.
 * @param type `volume`; others are refused
 * Throws InvalidParameterValue, TagLimitExceeded. The wordings are not recorded (facts: captures 2.1).
 */
export function readTagSpecifications(specifications: readonly TagSpecification[] | undefined, type: string): Tags {
  const members: TagMember[] = []
  for (const { ResourceType, Tags: given } of specifications ?? []) {
    if (ResourceType === undefined) throw invalidValue('Tag specification resource type must have a value')
    if (ResourceType !== type) {
      throw invalidValue(`'${ResourceType}' is not a valid taggable resource type for this operation.`)
    }
    if (!given || given.length === 0) throw invalidValue('Tag specification must have at least one tag')
    members.push(...given)
  }
  return readTags(members)
}

/**
 * Tags as requests give them, checked. Throws InvalidParameterValue, TagLimitExceeded.
 * @param named whether a reserved key is named: CreateTags does so (cloud-custodian issue 5975), creating requests do not
 *   (ec2-spot-converter issue 13)
 */
export function readTags(members: readonly TagMember[], named = false): Tags {
  const tags = new Map<string, string>()
  for (const { Key: key = '', Value: value = '' } of members) {
    if (key === '') throw invalidValue('Tag key cannot be null or empty.')
    if (tags.has(key)) throw invalidValue(`Duplicate tag key '${key}' specified.`)
    if (/^aws:/i.test(key)) {
      const which = named ? `Value ( ${key} ) for parameter key is invalid. ` : ''
      throw invalidValue(`${which}Tag keys starting with 'aws:' are reserved for internal use`)
    }
    if (key.length > LONGEST_KEY) throw invalidValue(`Tag key exceeds the maximum length of ${LONGEST_KEY} characters`)
    if (value.length > LONGEST_VALUE) {
      throw invalidValue(`Tag value exceeds the maximum length of ${LONGEST_VALUE} characters`)
    }
    tags.set(key, value)
  }
  requireFewTags(tags.size)
  return Object.fromEntries(tags)
}

export function requireFewTags(count: number): void {
  if (count > MOST_TAGS)
    throw refused('TagLimitExceeded', 'The maximum number of Tags for a resource has been reached.')
}

/** Condition keys about tags that a request sets. */
export const requestTagKeys = (tags: Tags): Record<string, ContextValue | undefined> => ({
  ...prefixed('aws:RequestTag', tags),
  'aws:TagKeys': Object.keys(tags).length === 0 ? undefined : Object.keys(tags),
})

/** Condition keys about tags that a resource has. */
export const resourceTagKeys = (tags: Tags): Record<string, ContextValue | undefined> => ({
  ...prefixed('aws:ResourceTag', tags),
  ...prefixed('ec2:ResourceTag', tags),
})

const prefixed = (prefix: string, tags: Tags) =>
  Object.fromEntries(Object.entries(tags).map(([key, value]) => [`${prefix}/${key}`, value]))

/** The filters `tag:<key>`, `tag-key` and `tag-value`, for a table of other filters to be spread into. */
export function tagFilters<T extends { readonly id: string }>(call: Ec2Call): FilterTable<T> {
  const table = call.state.tags.in(call.account, call.region)
  const of = ({ id }: T) => tagsFor(call, id)
  const idsIn = (index: 'pair' | 'key', key: string) => ids(table.find(index, key))
  const byKey = (key: string): FilterSpec<T> => ({
    of(record) {
      const tags = of(record)
      return Object.hasOwn(tags, key) ? tags[key] : undefined
    },
    ids: (value) => idsIn('pair', `${key}\n${value}`),
  })
  return {
    'tag-key': { of: (record) => Object.keys(of(record)), ids: (key) => idsIn('key', key) },
    'tag-value': { of: (record) => Object.values(of(record)) },
    [tagged]: byKey,
  }
}

function* ids(found: Iterable<readonly [id: string, record: unknown]>): Iterable<string> {
  for (const [id] of found) yield id
}
