import type { AliasListEntry } from '@aws-sdk/client-kms'
import type { Resource } from '../../../operation/define.ts'
import { aliasResources, said } from '../audit.ts'
import { aliasMissing, alreadyExists, keyMissing, validation } from '../errors.ts'
import { specFacts } from '../keySpecs.ts'
import { isReserved, PREDEFINED_ALIASES } from '../keys/managed.ts'
import { ALIAS_PREFIX, aliasArn } from '../keys/names.ts'
import { resolveKeyOnly, type Target } from '../keys/resolve.ts'
import { ownKey } from '../keys/resource.ts'
import { page, sortedAfter } from '../pages.ts'
import { kms } from '../service.ts'
import type { AliasRecord, KeyRecord, KmsCall } from '../state.ts'
import { aliasKindDiffers, reservedAlias, tooManyAliases } from '../unsourced.ts'
import { admitted, given } from './onKey.ts'

const MOST_ALIASES = 50

/** Identity policies alone decide on the alias itself (facts: B3). */
const aliasResource = (name: string, call: KmsCall): Resource => ({
  arn: aliasArn(call.region, call.account, name),
  account: call.account,
  guard: 'none',
})

/** Throws ValidationException, or the refusal of AWS's own names (facts: B9). */
function requireOwnName(name: string): string {
  if (!name.startsWith(ALIAS_PREFIX)) {
    throw validation(
      'Alias must start with the prefix "alias/". Please see https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html',
    )
  }
  if (isReserved(name)) throw reservedAlias()
  return name
}

/** Aliases are for keys, not for one another (facts: B2). */
function aliasTarget(keyId: string, call: KmsCall): Target {
  const isAlias = keyId.startsWith(ALIAS_PREFIX) || /^arn:[^:]*:kms:[^:]*:[^:]*:alias\//.test(keyId)
  if (isAlias) throw validation('Aliases must refer to keys. Not aliases')
  return resolveKeyOnly(keyId, call)
}

function existingAlias(name: string, call: KmsCall): AliasRecord {
  const alias = call.state.aliases.in(call.account, call.region).get(name)
  if (!alias) throw aliasMissing(aliasArn(call.region, call.account, name))
  return alias
}

/** INVARIANT: a key takes its aliases along when it is deleted. */
const keyOfAlias = (alias: AliasRecord, call: KmsCall): Target => resolveKeyOnly(alias.keyId, call)

const createAlias = kms.row('CreateAlias', {
  action: 'kms:CreateAlias',
  subject(input, call) {
    requireOwnName(given(input.AliasName))
    return aliasTarget(given(input.TargetKeyId), call)
  },
  resource: (input, call) => aliasResource(given(input.AliasName), call),
  also: (input, call, target) => [{ action: 'kms:CreateAlias', resource: ownKey(input, call, target) }],
  run(input, call, target) {
    const name = given(input.AliasName)
    const key = admitted(target, 'CreateAlias')
    const aliases = call.state.aliases.in(call.account, call.region)
    if (aliases.has(name)) {
      throw alreadyExists(`An alias with the name ${aliasArn(call.region, call.account, name)} already exists`)
    }
    requireRoom(key, call)
    call.env.store.transaction(() => {
      aliases.put(name, { name, keyId: key.id, createdAt: call.time, updatedAt: call.time })
    })
    return {}
  },
  audit: (input, _output, target, call) => ({
    requestParameters: said(input, 'AliasName', 'TargetKeyId'),
    responseElements: target ? { keyId: target.arn } : null,
    resources: aliasResources(target, input.AliasName ?? '', call),
  }),
})

function requireRoom(key: KeyRecord, call: KmsCall): void {
  if (call.state.aliases.in(key.account, key.region).count('key', key.id) >= MOST_ALIASES) throw tooManyAliases(key.arn)
}

const updateAlias = kms.row('UpdateAlias', {
  action: 'kms:UpdateAlias',
  subject(input, call) {
    const alias = existingAlias(requireOwnName(given(input.AliasName)), call)
    return { alias, from: keyOfAlias(alias, call), to: aliasTarget(given(input.TargetKeyId), call) }
  },
  resource: (_input, call, { alias }) => aliasResource(alias.name, call),
  also: (input, call, { from, to }) =>
    [from, to].map((target) => ({ action: 'kms:UpdateAlias', resource: ownKey(input, call, target) })),
  run(_input, call, { alias, from, to }) {
    const key = admitted(to, 'UpdateAlias')
    if (!from.key) throw keyMissing(from.arn)
    if (!isSameKind(from.key, key)) throw aliasKindDiffers(from.arn, to.arn)
    if (from.arn !== to.arn) requireRoom(key, call)
    call.env.store.transaction(() => {
      const moved: AliasRecord = { ...alias, keyId: key.id, updatedAt: call.time }
      call.state.aliases.in(call.account, call.region).put(alias.name, moved)
    })
    return {}
  },
  audit: (input, _output, subject, call) => ({
    requestParameters: said(input, 'AliasName', 'TargetKeyId'),
    responseElements: subject ? { keyId: subject.to.arn } : null,
    resources: aliasResources(subject?.to, input.AliasName ?? '', call),
  }),
})

const isSameKind = (a: KeyRecord, b: KeyRecord) =>
  a.usage === b.usage && specFacts(a).symmetric === specFacts(b).symmetric

const deleteAlias = kms.row('DeleteAlias', {
  action: 'kms:DeleteAlias',
  subject(input, call) {
    const alias = existingAlias(requireOwnName(given(input.AliasName)), call)
    return { alias, of: keyOfAlias(alias, call) }
  },
  resource: (_input, call, { alias }) => aliasResource(alias.name, call),
  also: (input, call, { of }) => [{ action: 'kms:DeleteAlias', resource: ownKey(input, call, of) }],
  run(_input, call, { alias, of }) {
    admitted(of, 'DeleteAlias')
    call.env.store.transaction(() => {
      call.state.aliases.in(call.account, call.region).delete(alias.name)
    })
    return {}
  },
  audit: (input, _output, subject, call) => ({
    requestParameters: said(input, 'AliasName'),
    responseElements: subject ? { keyId: subject.of.arn } : null,
    resources: aliasResources(subject?.of, input.AliasName ?? '', call),
  }),
})

const listAliases = kms.row('ListAliases', {
  action: 'kms:ListAliases',
  readOnly: true,
  subject: (input, call) => (input.KeyId === undefined ? undefined : resolveKeyOnly(input.KeyId, call)),
  run(input, call, target) {
    const table = call.state.aliases.in(call.account, call.region)
    // Another account's key has no aliases here, and whether it exists is not told.
    if (target && target.account !== call.account) throw keyMissing(target.arn)
    const { items, Truncated, NextMarker } = page<string | AliasRecord>(
      input,
      { usual: 50, most: 100 },
      'aliases',
      target
        ? sortedAfter(table.find('key', target.key?.id ?? ''))
        : (after) => withPredefined(table.entries(after === undefined ? undefined : { after }), after ?? ''),
    )
    return { Aliases: items.map((item) => aliasEntry(item, call)), Truncated, NextMarker }
  },
  audit: (input) => ({ requestParameters: said(input, 'KeyId', 'Limit', 'Marker'), resources: [] }),
})

/** AWS's predefined aliases are listed before they have a key (facts: B9). */
function* withPredefined(
  stored: Iterable<readonly [string, AliasRecord]>,
  after: string,
): Generator<readonly [string, AliasRecord | string]> {
  const predefined = PREDEFINED_ALIASES.filter((name) => name > after)
  let next = 0
  for (const [name, alias] of stored) {
    for (let each = predefined[next]; each !== undefined && each <= name; each = predefined[++next]) {
      if (each !== name) yield [each, each]
    }
    yield [name, alias]
  }
  for (const name of predefined.slice(next)) yield [name, name]
}

function aliasEntry(alias: AliasRecord | string, { region, account }: KmsCall): AliasListEntry {
  if (typeof alias === 'string') return { AliasName: alias, AliasArn: aliasArn(region, account, alias) }
  return {
    AliasName: alias.name,
    AliasArn: aliasArn(region, account, alias.name),
    TargetKeyId: alias.keyId,
    CreationDate: new Date(alias.createdAt),
    LastUpdatedDate: new Date(alias.updatedAt),
  }
}

export const aliasRows = [createAlias, updateAlias, deleteAlias, listAliases]
