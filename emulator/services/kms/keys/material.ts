import { materialId } from '../../../crypto/envelope.ts'
import { fromStored, generateSecret, toStored } from '../../../crypto/material.ts'
import type { SecretBytes } from '../../../crypto/types.ts'
import { secretNotHere } from '../errors.ts'
import type { KeyRecord, KmsState, MaterialEntry, MaterialRecord } from '../state.ts'

/** Material in use: its public name, and the bytes behind their type. */
export interface Material {
  readonly id: string
  readonly secret: SecretBytes
}

/** Revealed once per record; a record that is deleted or replaced takes its secret along. */
const revealed = new WeakMap<MaterialRecord, SecretBytes>()

function secretOf(record: MaterialRecord): SecretBytes {
  let secret = revealed.get(record)
  if (!secret) {
    secret = fromStored(record.bytes)
    revealed.set(record, secret)
  }
  return secret
}

/** What new ciphertexts are made with. */
export function currentMaterial(key: KeyRecord, state: KmsState): Material {
  const id = key.materials.at(-1)?.id
  const record = id === undefined ? undefined : state.material.in().get(`${key.region}/${id}`)
  // Exports leave secrets out unless asked for by name: such a state has keys without material.
  if (id === undefined || !record) throw secretNotHere(`The material of ${key.arn}`)
  return { id, secret: secretOf(record) }
}

/** The material that a ciphertext names: this key's, another's, or nobody's in this Region. */
export function materialFor(key: KeyRecord, id: string, state: KmsState): SecretBytes | 'another key' | undefined {
  const path = `${key.region}/${id}`
  const record = state.material.in().get(path)
  const owner = record ?? state.missing.in().get(path)
  if (owner && (owner.keyId !== key.id || owner.account !== key.account)) return 'another key'
  if (record) return secretOf(record)
  // Of material that is imported and gone, the owner is still known.
  if (!owner && key.materials.some((entry) => entry.id === id)) throw secretNotHere(`The material of ${key.arn}`)
  return undefined
}

/** Stores material of a key; the caller stores the key with the entry in the same transaction. */
export function storeMaterial(
  key: Pick<KeyRecord, 'id' | 'account' | 'region'>,
  secret: SecretBytes,
  state: KmsState,
): MaterialEntry {
  const id = materialId(key.id, secret)
  state.material.in().put(`${key.region}/${id}`, { account: key.account, keyId: key.id, bytes: toStored(secret) })
  return { id }
}

/** Bytes of AES-256. */
const SYMMETRIC_LENGTH = 32

/** Material of a symmetric encryption key: at once, unlike key pairs. Timers and AWS managed keys rely on that. */
export const symmetricMaterial = (): SecretBytes => generateSecret(SYMMETRIC_LENGTH)

/** Makes and stores further material for a symmetric encryption key, as `storeMaterial`. */
export const newMaterial = (key: Pick<KeyRecord, 'id' | 'account' | 'region'>, state: KmsState): MaterialEntry =>
  storeMaterial(key, symmetricMaterial(), state)
