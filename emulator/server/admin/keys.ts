import type { GrantListEntry, KeyMetadata } from '@aws-sdk/client-kms'
import { parseArn } from '../../lib/arn.ts'
import { grantEntry } from '../../services/kms/grants/listing.ts'
import { asItIs } from '../../services/kms/keyStores/availability.ts'
import { keyMetadata } from '../../services/kms/keys/metadata.ts'
import { shownPolicy } from '../../services/kms/keys/policy.ts'
import { keyPath, type KeyRecord, type KmsState } from '../../services/kms/state.ts'
import type { Emulator } from '../app.ts'
import { AdminError } from './adminError.ts'

/** A KMS key in a list. No material, of any key. */
export interface KeySummary {
  readonly arn: string
  readonly id: string
  readonly account: string
  readonly region: string
  /** `alias/…`, in name order. */
  readonly aliases: readonly string[]
  readonly description: string
  readonly spec: string
  readonly usage: string
  readonly state: string
  readonly manager: string
  /** How many there are. */
  readonly grants: number
}

/** What `GET /_twokey/keys` answers. */
export interface KeyPage {
  readonly keys: readonly KeySummary[]
  /** Of all accounts that were asked for. */
  readonly total: number
  /** The accounts that have keys, the first thousand. */
  readonly accounts: readonly string[]
  /** What `?after=` takes for the page that follows; null at the end. */
  readonly next: string | null
}

/** What `GET /_twokey/keys/<arn>` answers. */
export interface KeyView extends KeySummary {
  /** As DescribeKey tells it. */
  readonly metadata: KeyMetadata
  /** As GetKeyPolicy tells it. */
  readonly policy: string
  readonly tags: Readonly<Record<string, string>>
  readonly rotation: { readonly periodInDays: number; readonly nextAt: string } | null
  /** As ListGrants tells them, the first hundred. */
  readonly grantEntries: readonly GrantListEntry[]
}

const USUAL_LIMIT = 100
const MOST_KEYS = 1000
const MOST_ACCOUNTS = 1000
const SHOWN_GRANTS = 100

const stateOf = (emulator: Emulator) => emulator.registry.require('kms').state as KmsState

/** A page of keys by account, Region and id: `?account=`, `?limit=`, `?after=<the ARN that the page before ended with>`. */
export function keysOf(emulator: Emulator, query: URLSearchParams): KeyPage {
  const state = stateOf(emulator)
  const limit = Number(query.get('limit') ?? USUAL_LIMIT)
  if (!Number.isInteger(limit) || limit < 1 || limit > MOST_KEYS)
    throw new AdminError(400, `limit must be a number from 1 to ${String(MOST_KEYS)}`)
  const account = query.get('account')
  const places = [...state.keys.scopes()].sort((a, b) => order(placeName(a), placeName(b)))
  const asked = account === null ? places : places.filter((place) => place.account === account)
  const keys: KeySummary[] = []
  let next: string | null = null
  for (const key of keysAfter(state, asked, query.get('after'))) {
    if (keys.length === limit) {
      next = keys.at(-1)?.arn ?? null
      break
    }
    keys.push(summary(key, state))
  }
  return {
    keys,
    total: asked.reduce((sum, { size }) => sum + size, 0),
    accounts: [...new Set(places.map((place) => place.account))].slice(0, MOST_ACCOUNTS),
    next,
  }
}

/** Everything about a key that AWS's own operations tell, too. */
export function keyOf(emulator: Emulator, arn: string): KeyView {
  const state = stateOf(emulator)
  const place = keyPlace(arn)
  const key = place && state.keys.in(place.account, place.region).get(place.id)
  if (!key) throw new AdminError(404, `there is no key \`${arn}\`; GET /_twokey/keys lists them`)
  const { directory } = emulator.env
  const grantEntries: GrantListEntry[] = []
  for (const [, grant] of state.grants.in().find('key', keyPath(key))) {
    if (grantEntries.length === SHOWN_GRANTS) break
    grantEntries.push(grantEntry(grant, directory))
  }
  const { rotation } = key
  return {
    ...summary(key, state),
    metadata: keyMetadata(asItIs(key, state)),
    policy: shownPolicy(key, directory),
    tags: key.tags,
    rotation: rotation
      ? { periodInDays: rotation.periodInDays, nextAt: new Date(rotation.nextAt).toISOString() }
      : null,
    grantEntries,
  }
}

interface Place {
  readonly account: string
  readonly region: string
}

const order = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
const placeName = ({ account, region }: Place) => `${account}/${region}`

function* keysAfter(state: KmsState, places: readonly Place[], after: string | null): Generator<KeyRecord> {
  const from = after === null ? undefined : keyPlace(after)
  if (after !== null && !from) throw new AdminError(400, `\`${after}\` is not the ARN of a key; say what \`next\` was`)
  for (const place of places) {
    const where = from ? order(placeName(place), placeName(from)) : 1
    if (where < 0) continue
    const range = where === 0 && from ? { after: from.id } : {}
    for (const [, key] of state.keys.in(place.account, place.region).entries(range)) yield key
  }
}

function keyPlace(arn: string): (Place & { readonly id: string }) | undefined {
  const parsed = parseArn(arn)
  if (parsed?.service !== 'kms' || !parsed.resource.startsWith('key/')) return undefined
  return { account: parsed.account, region: parsed.region, id: parsed.resource.slice('key/'.length) }
}

function summary(record: KeyRecord, state: KmsState): KeySummary {
  const { arn, id, account, region, description, spec, usage, manager, state: keyState } = asItIs(record, state)
  return {
    arn,
    id,
    account,
    region,
    aliases: [...state.aliases.in(account, region).find('key', id)].map(([name]) => name).sort(order),
    description,
    spec,
    usage,
    state: keyState,
    manager,
    grants: state.grants.in().count('key', keyPath(record)),
  }
}
