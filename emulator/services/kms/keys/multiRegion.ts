import type { MultiRegionConfiguration, MultiRegionKeyType } from '@aws-sdk/client-kms'
import type { KeyRecord, KmsState } from '../state.ts'
import { followed, isImported } from './imported.ts'
import { keyArn } from './names.ts'

/*
 * Multi-Region keys (facts: B13). Related keys are records of their own, one in each Region, with one id. What they share stands in
 * each of them and is changed in all within one transaction, by the primary: `SharedProperties`. Everything else is each key's own.
 */

/** Where the related keys of a multi-Region key are. */
export interface Family {
  /** The Region of the primary key. */
  readonly primary: string
  /** The Regions of the replica keys, in name order. */
  readonly replicas: readonly string[]
}

const SHARED = ['family', 'materials', 'pendingMaterial', 'rotation', 'rotatingSince'] as const

/** What related keys have in common besides what never changes (id, spec, usage, origin). */
type SharedProperties = Pick<KeyRecord, (typeof SHARED)[number]>

type Placed = Pick<KeyRecord, 'region' | 'family'>

/** PRIMARY or REPLICA; undefined for a single-Region key. */
export const multiRegionType = ({ region, family }: Placed): MultiRegionKeyType | undefined =>
  family && (family.primary === region ? 'PRIMARY' : 'REPLICA')

export const isReplica = (key: Placed): boolean => multiRegionType(key) === 'REPLICA'

/** A primary key that cannot go before its replicas have (facts: B14). */
export const hasReplicas = (key: Placed): boolean =>
  multiRegionType(key) === 'PRIMARY' && key.family !== undefined && key.family.replicas.length > 0

export const familyOf = (primary: string, replicas: Iterable<string> = []): Family => ({
  primary,
  replicas: [...replicas].sort(),
})

/** As DescribeKey shows it: the same in all related keys, each listed with the others (captures 2). */
export function multiRegionConfiguration(key: KeyRecord): MultiRegionConfiguration | undefined {
  const { family, account, id } = key
  if (!family) return undefined
  const place = (region: string) => ({ Arn: keyArn(region, account, id), Region: region })
  return {
    MultiRegionKeyType: multiRegionType(key),
    PrimaryKey: place(family.primary),
    ReplicaKeys: family.replicas.map(place),
  }
}

/** The key's relatives in other Regions, as they stand. */
export function relativesOf({ family, account, region, id }: KeyRecord, state: KmsState): KeyRecord[] {
  if (!family) return []
  const relatives: KeyRecord[] = []
  for (const other of [family.primary, ...family.replicas]) {
    const relative = other === region ? undefined : state.keys.in(account, other).get(id)
    if (relative) relatives.push(relative)
  }
  return relatives
}

/** The relative of a key in one Region. */
export const relativeIn = (key: KeyRecord, region: string, state: KmsState): KeyRecord | undefined =>
  key.family && [key.family.primary, ...key.family.replicas].includes(region)
    ? state.keys.in(key.account, region).get(key.id)
    : undefined

/**
 * Replaces a key's record, and what it shares in those of its relatives. Within a transaction.
 * @param before the stored record, whose relatives are asked for
 */
export function putShared(before: KeyRecord, change: Partial<KeyRecord>, state: KmsState): KeyRecord {
  const changed: KeyRecord = { ...before, ...change }
  state.keys.in(changed.account, changed.region).put(changed.id, changed)
  if (!before.family || !SHARED.some((name) => name in change)) return changed
  for (const relative of relativesOf(before, state)) {
    state.keys.in(relative.account, relative.region).put(relative.id, sharing(relative, changed, state))
    copyMaterial(changed, relative.region, state)
  }
  return changed
}

/** Of imported material each Region has its own copy, or lacks it (facts: B12): only what is known of it is shared. */
function sharing(relative: KeyRecord, changed: KeyRecord, state: KmsState): KeyRecord {
  const { family, rotation, rotatingSince, materials } = changed
  const shared: Omit<SharedProperties, 'materials' | 'pendingMaterial'> = { family, rotation, rotatingSince }
  if (isImported(relative)) return { ...followed(relative, changed, state), ...shared }
  return { ...relative, ...shared, materials }
}

/**
 * Puts a key's material where its relative finds it: the same bytes under the same id, whatever they are. Imported material stays
 * where it was imported: each Region takes its own copy (facts: B12). Within a transaction.
 */
export function copyMaterial(key: KeyRecord, region: string, state: KmsState): void {
  if (isImported(key)) return
  const table = state.material.in()
  for (const { id } of key.materials) {
    const record = table.get(`${key.region}/${id}`)
    if (record && !table.has(`${region}/${id}`)) table.put(`${region}/${id}`, record)
  }
}
