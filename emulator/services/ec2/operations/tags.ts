import type { Tags } from '../../../access/types.ts'
import type { Check, Resource } from '../../../operation/define.ts'
import { auditOf, readAudit } from '../audit.ts'
import { endDryRun } from '../dryRun.ts'
import { missingParameter, refused } from '../errors.ts'
import { tagged, type FilterTable } from '../filters.ts'
import { formOf } from '../ids.ts'
import { describePage, type Source } from '../pages.ts'
import { inRegion } from '../resources.ts'
import { ec2 } from '../service.ts'
import type { Ec2Call } from '../state.ts'
import { kindOf, type Taggable } from '../taggable.ts'
import { putTags, readTags, requestTagKeys, requireFewTags, tagsFor } from '../tags.ts'

interface Named {
  readonly id: string
  readonly kind: Taggable
  /** Undefined for what the caller cannot see. */
  readonly resource: Resource | undefined
}

/** The resources of a request, each once. Throws MissingParameter, InvalidID. */
function namedIn(ids: readonly string[] | undefined, call: Ec2Call): readonly Named[] {
  if (!ids || ids.length === 0) throw missingParameter('The request must contain the parameter resourceIdSet')
  return [...new Set(ids)].map((id) => {
    const kind = kindOf(id)
    if (!kind || formOf(kind.prefix, id) !== 'ok') throw refused('InvalidID', `The ID '${id}' is not valid`)
    return { id, kind, resource: kind.find(call, id) }
  })
}

const resourceOf = ({ id, kind, resource }: Named, call: Ec2Call): Resource => resource ?? kind.named(call, id)

/** The permission is needed on each of them. */
const onAll = (action: string, named: readonly Named[], tags: Tags, call: Ec2Call): Check[] =>
  named.map((one) => ({
    action,
    resource: resourceOf(one, call),
    context: () => requestTagKeys(tags),
  }))

const createTags = ec2.row('CreateTags', {
  action: 'ec2:CreateTags',
  subject(input, call) {
    const tags = readTags(input.Tags ?? [], true)
    if (Object.keys(tags).length === 0) throw missingParameter('The request must contain the parameter tagSet')
    return { tags, named: namedIn(input.Resources, call) }
  },
  *admit(_input, call, { named, tags }) {
    yield* onAll('ec2:CreateTags', named, tags, call)
  },
  run(input, call, { named, tags }) {
    endDryRun(input)
    for (const { id, kind, resource } of named) if (!resource) throw kind.missing(id)
    call.env.store.transaction(() => {
      for (const { id, kind } of named) {
        const all = { ...tagsFor(call, id), ...tags }
        requireFewTags(Object.keys(all).length)
        putTags(call, id, kind.type, all)
      }
    })
    return {}
  },
  audit: auditOf,
})

const deleteTags = ec2.row('DeleteTags', {
  action: 'ec2:DeleteTags',
  subject: (input, call) => ({ named: namedIn(input.Resources, call) }),
  *admit(input, call, { named }) {
    const asked = Object.fromEntries((input.Tags ?? []).map(({ Key = '', Value = '' }) => [Key, Value]))
    yield* onAll('ec2:DeleteTags', named, asked, call)
  },
  run(input, call, { named }) {
    endDryRun(input)
    for (const { id, kind, resource } of named) {
      // What one has put on something that is no longer shared can still be taken away (facts: captures 3.3).
      if (!resource && Object.keys(tagsFor(call, id)).length === 0) throw kind.missing(id)
    }
    call.env.store.transaction(() => {
      for (const { id, kind } of named) putTags(call, id, kind.type, without(tagsFor(call, id), input.Tags))
    })
    return {}
  },
  audit: auditOf,
})

/** Without a list all of them go; a value that is given must be the tag's. */
function without(
  tags: Tags,
  asked: readonly { readonly Key?: string | undefined; readonly Value?: string | undefined }[] | undefined,
): Tags {
  if (!asked) return {}
  const goes = (key: string, value: string) =>
    asked.some(({ Key, Value }) => Key === key && (Value === undefined || Value === value))
  return Object.fromEntries(Object.entries(tags).filter(([key, value]) => !goes(key, value)))
}

interface TagView {
  readonly resourceId: string
  readonly type: string
  readonly key: string
  readonly value: string
}

/** One entry for each tag, by resource and key. */
function ownTags(call: Ec2Call): Source<TagView> {
  const table = call.state.tags.in(call.account, call.region)
  return {
    name: call.operation,
    get(path) {
      const [id, key] = split(path)
      const record = table.get(id)
      const value = record && Object.hasOwn(record.tags, key) ? record.tags[key] : undefined
      return record && value !== undefined ? { resourceId: id, type: record.type, key, value } : undefined
    },
    *entries(after) {
      const from = after === undefined ? undefined : split(after)[0]
      for (const [id, { type, tags }] of table.entries(from === undefined ? {} : { from })) {
        for (const key of Object.keys(tags).sort()) {
          const path = `${id} ${key}`
          if (after !== undefined && path <= after) continue
          yield [path, { resourceId: id, type, key, value: tags[key] ?? '' }]
        }
      }
    },
  }
}

/** Ids have no space. */
function split(path: string): [id: string, key: string] {
  const space = path.indexOf(' ')
  return [path.slice(0, space), path.slice(space + 1)]
}

function tagListFilters(call: Ec2Call): FilterTable<TagView> {
  const table = call.state.tags.in(call.account, call.region)
  const keysOf = (id: string) => Object.keys(table.get(id)?.tags ?? {}).map((key) => `${id} ${key}`)
  const ofType = (type: string) => [...table.find('type', type)].flatMap(([id]) => keysOf(id))
  const withKey = (key: string) => [...table.find('key', key)].map(([id]) => `${id} ${key}`)
  return {
    key: { of: ({ key }) => key, ids: withKey },
    'resource-id': { of: ({ resourceId }) => resourceId, ids: keysOf },
    'resource-type': { of: ({ type }) => type, ids: ofType },
    value: { of: ({ value }) => value },
    [tagged]: (key) => ({
      of: (tag) => (tag.key === key ? tag.value : undefined),
      ids: (value) => [...table.find('pair', `${key}\n${value}`)].map(([id]) => `${id} ${key}`),
    }),
  }
}

const describeTags = ec2.row('DescribeTags', {
  action: 'ec2:DescribeTags',
  readOnly: true,
  context: inRegion,
  run(input, call) {
    endDryRun(input)
    const page = describePage(input, ownTags(call), tagListFilters(call))
    const Tags = page.items.map(({ resourceId, type, key, value }) => ({
      ResourceId: resourceId,
      ResourceType: type as 'volume',
      Key: key,
      Value: value,
    }))
    return { Tags, NextToken: page.NextToken }
  },
  audit: readAudit,
})

export const tagRows = [createTags, deleteTags, describeTags]
