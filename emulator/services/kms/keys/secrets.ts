import { fromStored, generateSecret, revealBytes, toStored } from '../../../crypto/material.ts'
import type { KmsCall } from '../state.ts'

/** Secrets of the emulator's own, each for one kind of token. */
export type SecretName = 'grantTokens' | 'importTokens'

/** The secret, or undefined as long as nothing was made with it. */
export function existingSecret(name: SecretName, { state }: KmsCall): Buffer | undefined {
  const record = state.secrets.in().get(name)
  return record && revealBytes(fromStored(record.bytes))
}

/** The secret, made when it is first asked for. Within a transaction. */
export function secretNamed(name: SecretName, call: KmsCall): Buffer {
  const existing = existingSecret(name, call)
  if (existing) return existing
  const secret = generateSecret(32)
  call.state.secrets.in().put(name, { bytes: toStored(secret) })
  return revealBytes(secret)
}
