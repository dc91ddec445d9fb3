import type { KeyRecord, KmsState, MaterialEntry } from '../state.ts'

/*
 * Keys whose material is imported (facts: B12, captures 5). An entry of material outlives its bytes: the key knows its material by
 * id, and takes the same bytes again. Everything here works out new records; who stores them also stores or deletes the bytes.
 */

export const isImported = ({ origin }: Pick<KeyRecord, 'origin'>): boolean => origin === 'EXTERNAL'

/** A key is usable only while the bytes of every material that was ever current are here (facts: captures 5.1). */
export const lacksMaterial = (key: KeyRecord): boolean =>
  isImported(key) && (key.materials.length === 0 || key.materials.some(({ imported }) => imported?.bytes !== 'here'))

/** All material that the key knows, used or not. */
export const knownMaterials = ({ materials, pendingMaterial }: KeyRecord): readonly MaterialEntry[] =>
  pendingMaterial ? [...materials, pendingMaterial] : materials

export const knownMaterial = (key: KeyRecord, id: string): MaterialEntry | undefined =>
  knownMaterials(key).find((entry) => entry.id === id)

/** The key with one of its materials in another condition, and in the state that this brings about. */
export function withMaterial(key: KeyRecord, entry: MaterialEntry): KeyRecord {
  const replace = (known: MaterialEntry) => (known.id === entry.id ? entry : known)
  return settled({
    ...key,
    materials: key.materials.map(replace),
    pendingMaterial: key.pendingMaterial && replace(key.pendingMaterial),
  })
}

/** A key that lacks material waits for it, unless it waits for its deletion or something else already. */
export function settled(key: KeyRecord): KeyRecord {
  const usable = key.state === 'Enabled' || key.state === 'Disabled'
  return usable && lacksMaterial(key) ? { ...key, state: 'PendingImport' } : key
}

/**
 * Material that has come enables the key, even one that had been disabled, as soon as nothing is missing (facts: captures 5.1). Not
 * recorded: material that only waits for a rotation, which is taken to leave the state alone.
 */
export function completed(key: KeyRecord): KeyRecord {
  const waiting = key.state === 'PendingImport' || key.state === 'Disabled'
  return waiting && !lacksMaterial(key) ? { ...key, state: 'Enabled' } : key
}

/** When the next of its materials expires; milliseconds since the epoch. */
export function nextExpiry(key: KeyRecord): number | undefined {
  let next: number | undefined
  for (const { imported } of knownMaterials(key)) {
    if (imported?.bytes !== 'here' || imported.validTo === undefined) continue
    if (next === undefined || imported.validTo < next) next = imported.validTo
  }
  return next
}

/** Forgets the bytes of material and remembers whose they were, so that its ciphertexts still find their key. */
export function deleteBytes(key: KeyRecord, id: string, state: KmsState): void {
  state.material.in().delete(`${key.region}/${id}`)
  state.missing.in().put(`${key.region}/${id}`, { account: key.account, keyId: key.id })
}

/** Forgets material altogether. */
export function forgetMaterial({ region }: KeyRecord, id: string, state: KmsState): void {
  state.material.in().delete(`${region}/${id}`)
  state.missing.in().delete(`${region}/${id}`)
}

/** Whether the time of material that is still here has come. */
export const isOver = ({ imported }: MaterialEntry, now: number): boolean =>
  imported?.bytes === 'here' && imported.validTo !== undefined && imported.validTo <= now

/** The key once everything has expired whose time has come; deletes the bytes. Within a transaction. */
export function expireMaterials(key: KeyRecord, now: number, state: KmsState): KeyRecord {
  let expired = key
  for (const entry of knownMaterials(key)) {
    if (!isOver(entry, now)) continue
    deleteBytes(key, entry.id, state)
    expired = withMaterial(expired, { ...entry, imported: { ...entry.imported, bytes: 'expired' } })
  }
  return expired
}

/** The key after an on-demand rotation: what was pending is current, or nothing has happened if it is gone (facts: captures 5.2). */
export function rotatedToPending(key: KeyRecord, rotatedAt: number): KeyRecord {
  const { pendingMaterial, materials } = key
  const rotated: KeyRecord = { ...key, rotatingSince: undefined, pendingMaterial: undefined }
  if (!pendingMaterial) return rotated
  return settled({ ...rotated, materials: [...materials, { ...pendingMaterial, rotatedAt, rotation: 'ON_DEMAND' }] })
}

/** An entry of material as a key sees it that lacks its bytes; the description is for all Regions (facts: captures 5.4). */
const lacking = (entry: MaterialEntry): MaterialEntry => ({
  ...entry,
  imported: { bytes: 'deleted', description: entry.imported?.description },
})

/** What a replica knows of its primary's material: each Region imports for itself (facts: B12). */
export const knownButLacking = ({
  materials,
  pendingMaterial,
}: KeyRecord): Pick<KeyRecord, 'materials' | 'pendingMaterial'> => ({
  materials: materials.map(lacking),
  pendingMaterial: pendingMaterial && lacking(pendingMaterial),
})

/**
 * A key in another Region, once it knows the same material as its relative does: new material is missing there, what is forgotten is
 * forgotten there, too, and what it has of the rest it keeps. Within a transaction.
 */
export function followed(relative: KeyRecord, changed: KeyRecord, state: KmsState): KeyRecord {
  const known = knownButLacking(changed)
  const own = (entry: MaterialEntry): MaterialEntry => {
    const had = knownMaterial(relative, entry.id)?.imported
    return had ? { ...entry, imported: { ...had, description: entry.imported?.description } } : entry
  }
  const now = settled({
    ...relative,
    materials: known.materials.map(own),
    pendingMaterial: known.pendingMaterial && own(known.pendingMaterial),
  })
  for (const { id } of knownMaterials(relative)) if (!knownMaterial(now, id)) forgetMaterial(now, id, state)
  rememberMissing(now, state)
  return now
}

/** Ciphertexts find a key by its material, even if the key lacks it. Within a transaction. */
export function rememberMissing(key: KeyRecord, state: KmsState): void {
  for (const { id, imported } of knownMaterials(key)) if (imported?.bytes !== 'here') deleteBytes(key, id, state)
}
