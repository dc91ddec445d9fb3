import type { ContextValue } from '../../access/types.ts'
import type { EncryptionContext } from '../../crypto/types.ts'

export const NO_CONTEXT: EncryptionContext = Object.freeze({})

/** The condition keys of an encryption context: one per pair, and the list of their names (facts: C6). */
export function encryptionContextKeys(context: EncryptionContext | undefined): Record<string, ContextValue> {
  const keys: Record<string, ContextValue> = {}
  if (!context) return keys
  const names = Object.keys(context)
  if (names.length === 0) return keys
  for (const name of names) keys[`kms:EncryptionContext:${name}`] = context[name] ?? ''
  keys['kms:EncryptionContextKeys'] = names
  return keys
}
