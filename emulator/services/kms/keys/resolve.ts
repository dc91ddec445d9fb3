import { parseArn } from '../../../lib/arn.ts'
import { aliasMissing, keyMissing, noAliases, notFound } from '../errors.ts'
import { asItIs } from '../keyStores/availability.ts'
import type { KeyRecord, KmsCall } from '../state.ts'
import { notAKeyArn } from '../unsourced.ts'
import { managedKeyFor } from './managed.ts'
import { ALIAS_PREFIX, aliasArn, isKeyId, KEY_PREFIX, keyArn } from './names.ts'

/** The key that a request is about. */
export interface Target {
  readonly arn: string
  readonly account: string
  /** Undefined for what another account does not have: AWS answers as if it refused (facts: C12). */
  readonly key: KeyRecord | undefined
  /** `alias/x`, when the request named an alias. */
  readonly alias?: string | undefined
  readonly namedBy: 'request' | 'ciphertext'
}

/**
 * Finds the key that an id, ARN, alias or alias ARN names (facts: B2). Throws NotFoundException for what the caller's own account
 * does not have, before any authorization.
 */
export function resolveKey(text: string, call: KmsCall): Target {
  if (text.startsWith('arn:')) return byArn(text, call, true)
  if (text.startsWith(ALIAS_PREFIX)) return byAlias(text, call.account, call)
  return byId(text, call.account, call)
}

/** The same for operations that take no aliases. Throws InvalidArnException for one. */
export function resolveKeyOnly(text: string, call: KmsCall): Target {
  if (text.startsWith(ALIAS_PREFIX)) throw noAliases()
  return text.startsWith('arn:') ? byArn(text, call, false) : byId(text, call.account, call)
}

/** A key that is at hand, as if the request had named it. */
export const targetOf = (key: KeyRecord): Target => ({ arn: key.arn, account: key.account, key, namedBy: 'request' })

function byArn(text: string, call: KmsCall, aliases: boolean): Target {
  const arn = parseArn(text)
  if (arn?.service !== 'kms') throw notAKeyArn(text)
  const { region, account, resource } = arn
  const isAlias = resource.startsWith(ALIAS_PREFIX)
  if (isAlias && !aliases) throw noAliases()
  if (region !== call.region) throw notFound(`Invalid arn ${region}`)
  if (isAlias) return byAlias(resource, account, call)
  if (resource.startsWith(KEY_PREFIX)) return byId(resource.slice(KEY_PREFIX.length), account, call)
  throw notAKeyArn(text)
}

function byId(id: string, account: string, call: KmsCall): Target {
  const key = keyOf(id, account, call)
  if (key) return { arn: key.arn, account, key, namedBy: 'request' }
  const arn = keyArn(call.region, account, id)
  if (account !== call.account) return { arn, account, key: undefined, namedBy: 'request' }
  throw isKeyId(id) ? keyMissing(arn) : notFound(`Invalid keyId '${id}'`)
}

function byAlias(name: string, account: string, call: KmsCall): Target {
  const key = aliasedKey(name, account, call)
  if (key) return { arn: key.arn, account, key, alias: name, namedBy: 'request' }
  const arn = aliasArn(call.region, account, name)
  if (account !== call.account) return { arn, account, key: undefined, alias: name, namedBy: 'request' }
  throw aliasMissing(arn)
}

function aliasedKey(name: string, account: string, call: KmsCall): KeyRecord | undefined {
  const alias = call.state.aliases.in(account, call.region).get(name)
  if (alias) return keyOf(alias.keyId, account, call)
  // AWS managed keys come into being when a service, or DescribeKey, first asks for them (facts: B2, D3).
  if (account !== call.account || !(call.via || call.operation === 'DescribeKey')) return undefined
  return managedKeyFor(name, call)
}

/** Where the material of a ciphertext belongs, even if its bytes are gone; undefined when this Region has none such. */
export function resolveMaterial(materialId: string, call: KmsCall): Target | undefined {
  const path = `${call.region}/${materialId}`
  const material = call.state.material.in().get(path) ?? call.state.missing.in().get(path)
  if (!material) return undefined
  const { account, keyId } = material
  const key = keyOf(keyId, account, call)
  return { arn: keyArn(call.region, account, keyId), account, key, namedBy: 'ciphertext' }
}

function keyOf(id: string, account: string, { state, region }: KmsCall): KeyRecord | undefined {
  const key = state.keys.in(account, region).get(id)
  return key && asItIs(key, state)
}

/**
 * Stands for the key of a ciphertext whose material this Region does not know: nobody's, so that the refusal reads as for a key of
 * another account (facts: C12).
 */
export const unknownCiphertextKey = (call: KmsCall): Target => ({
  arn: `arn:aws:kms:${call.region}:unknown:key/unknown`,
  account: 'unknown',
  key: undefined,
  namedBy: 'ciphertext',
})
