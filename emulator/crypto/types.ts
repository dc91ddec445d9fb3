/**
 * Secret bytes behind a type you must ask: no `toJSON`, nothing enumerable, equality in constant time.
 * `crypto/material.ts` makes them; `grep revealBytes` finds every reader.
 */
export interface SecretBytes {
  readonly length: number
  equals(other: SecretBytes): boolean
}

/** Encryption context: AAD of every symmetric ciphertext. */
export type EncryptionContext = Readonly<Record<string, string>>
