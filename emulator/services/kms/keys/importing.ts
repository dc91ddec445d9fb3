import type { ImportKeyMaterialRequest, ImportType } from '@aws-sdk/client-kms'
import { incorrectKeyMaterial, invalidState, validation } from '../errors.ts'
import { isSymmetricEncryption } from '../keySpecs.ts'
import type { KeyRecord, MaterialEntry } from '../state.ts'
import { nothingToReimport } from '../unsourced.ts'
import { completed, knownMaterial, withMaterial } from './imported.ts'
import { isReplica } from './multiRegion.ts'

/** What an import asks for, beside the bytes. */
export interface ImportTerms {
  readonly type: ImportType | undefined
  /** The id that the caller expects the bytes to have. */
  readonly expectedId: string | undefined
  /** Whole seconds, in milliseconds. */
  readonly validTo: number | undefined
  readonly description: string | undefined
}

/** The first material of a key is new, further imports bring back what is known, unless told (facts: B12). */
const isNew = ({ materials }: KeyRecord, type: ImportType | undefined): boolean =>
  (type ?? (materials.length === 0 ? 'NEW_KEY_MATERIAL' : 'EXISTING_KEY_MATERIAL')) === 'NEW_KEY_MATERIAL'

/** Only symmetric encryption keys have several materials, and so tell them apart. Throws ValidationException (facts: B12). */
export function requireImportMembers(input: ImportKeyMaterialRequest, key: KeyRecord): void {
  if (!isSymmetricEncryption(key)) {
    refuseFor(key, 'importType', input.ImportType)
    refuseFor(key, 'keyMaterialId', input.KeyMaterialId)
    refuseFor(key, 'keyMaterialDescription', input.KeyMaterialDescription)
  }
  if (isReplica(key)) refuseOnReplica(input)
  if (input.KeyMaterialId !== undefined && isNew(key, input.ImportType)) {
    throw validation('Input parameter keyMaterialId cannot be used with NEW_KEY_MATERIAL importType.')
  }
}

/** A replica takes a copy of what its primary key has been given (facts: captures 5.4). */
function refuseOnReplica(input: ImportKeyMaterialRequest): void {
  if (input.ImportType === 'NEW_KEY_MATERIAL') {
    throw validation('Input parameter ImportType NEW_KEY_MATERIAL cannot be used on replica Multi-Region keys')
  }
  if (input.KeyMaterialDescription !== undefined) {
    throw validation('Key material description can only be specified on primary Multi-Region keys')
  }
}

function refuseFor({ spec }: KeyRecord, name: string, member: unknown): void {
  if (member !== undefined) {
    throw validation(`Input parameter ${name} cannot be used with ${spec} imported keys.`)
  }
}

/**
 * The key with imported material, its bytes not stored yet. Throws IncorrectKeyMaterialException for bytes that the key does not
 * expect, and KMSInvalidStateException for more than one new material at a time (facts: captures 5.1).
 */
export function acceptImport(key: KeyRecord, id: string, terms: ImportTerms): KeyRecord {
  const known = knownMaterial(key, id)
  const imported = { bytes: 'here', validTo: terms.validTo, description: terms.description } as const
  if (isNew(key, terms.type)) {
    if (known) throw alreadyKnown(key, id)
    return withNew(key, { id, imported })
  }
  if (!known || (terms.expectedId !== undefined && terms.expectedId !== id)) throw unexpected(key, terms.expectedId)
  // A description that is not given again stays.
  const description = terms.description ?? known.imported?.description
  const changed = withMaterial(key, { ...known, imported: { ...imported, description } })
  return id === key.pendingMaterial?.id ? changed : completed(changed)
}

function withNew(key: KeyRecord, entry: MaterialEntry): KeyRecord {
  const { materials, pendingMaterial, arn } = key
  if (pendingMaterial) {
    throw invalidState(
      `New key material (id: ${entry.id}) cannot be imported into KMS key ${arn}, because another key material (id: ${pendingMaterial.id}) is pending rotation.`,
    )
  }
  return materials.length === 0 ? completed({ ...key, materials: [entry] }) : { ...key, pendingMaterial: entry }
}

const alreadyKnown = ({ arn }: KeyRecord, id: string) =>
  incorrectKeyMaterial(
    `Key material (id: ${id}) being imported as NEW_KEY_MATERIAL is already associated with KMS key ${arn}.`,
  )

/** Recorded for keys with one material; of several, the current one is named. */
function unexpected({ materials, arn }: KeyRecord, expectedId: string | undefined) {
  const id = expectedId ?? materials.at(-1)?.id
  if (id === undefined) return nothingToReimport(arn)
  return incorrectKeyMaterial(`Imported key material does not have the expected identifier (${id}).`)
}
