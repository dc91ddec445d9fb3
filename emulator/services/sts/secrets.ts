import { randomBytes } from 'node:crypto'
import type { StsState } from './state.ts'

export type Purpose = 'session-token' | 'authorization-message'

/** This emulator's secret for a purpose, made when first needed. */
export function secretFor(state: StsState, purpose: Purpose): Buffer {
  const known = existingSecret(state, purpose)
  if (known) return known
  // Not from `ids`: those can be seeded, a secret must not be guessed.
  const key = randomBytes(32)
  state.secrets.in().put(purpose, { key: key.toString('base64') })
  return key
}

/** The same, or undefined where none was ever needed. */
export function existingSecret(state: StsState, purpose: Purpose): Buffer | undefined {
  const record = state.secrets.in().get(purpose)
  return record && Buffer.from(record.key, 'base64')
}
