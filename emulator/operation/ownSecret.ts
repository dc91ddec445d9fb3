import { fromStored, generateSecret, toStored } from '../crypto/material.ts'
import type { SecretBytes } from '../crypto/types.ts'
import type { Store, Table } from '../state/store.ts'

/** A secret of the emulator's own, as its collection keeps it (`secret: true`). */
export interface StoredSecret {
  /** Base64. */
  readonly key: string
}

const opened = new WeakMap<StoredSecret, SecretBytes>()

/** A service's own secret (`master`), made when first needed. Opened once for as long as its record stands. */
export function ownSecret(table: Table<StoredSecret>, name: string, length: number, store: Store): SecretBytes {
  const record = table.get(name) ?? { key: toStored(generateSecret(length)) }
  const known = opened.get(record)
  if (known) return known
  if (!table.has(name)) {
    store.transaction(() => {
      table.put(name, record)
    })
  }
  const secret = fromStored(record.key)
  opened.set(record, secret)
  return secret
}
