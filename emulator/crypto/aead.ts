import { createCipheriv, createDecipheriv } from 'node:crypto'

const ALGORITHM = 'aes-256-gcm'
export const KEY_LENGTH = 32
export const NONCE_LENGTH = 12
export const TAG_LENGTH = 16
/** Named, so that a shortened tag is never accepted. */
const OPTIONS = { authTagLength: TAG_LENGTH } as const

/**
 * AES-256-GCM. Answers the ciphertext in as many chunks as `plaintext` has, and then the 16-byte tag.
 * INVARIANT: a nonce is used once per key; callers derive a fresh key or draw a fresh nonce for each call.
 * @param key 32 bytes
 * @param nonce 12 bytes
 */
export function seal(key: Buffer, nonce: Buffer, aad: Buffer, plaintext: readonly Buffer[]): Buffer[] {
  const cipher = createCipheriv(ALGORITHM, key, nonce, OPTIONS)
  cipher.setAAD(aad)
  const sealed: Buffer[] = []
  for (const chunk of plaintext) sealed.push(cipher.update(chunk))
  cipher.final()
  sealed.push(cipher.getAuthTag())
  return sealed
}

/**
 * The inverse of `seal`: the plaintext in as many chunks as `ciphertext` has, or undefined when anything differs
 * from what was sealed. No unverified byte is ever handed out.
 */
export function open(
  key: Buffer,
  nonce: Buffer,
  aad: Buffer,
  ciphertext: readonly Buffer[],
  tag: Buffer,
): Buffer[] | undefined {
  const decipher = createDecipheriv(ALGORITHM, key, nonce, OPTIONS)
  decipher.setAAD(aad)
  decipher.setAuthTag(tag)
  const opened: Buffer[] = []
  for (const chunk of ciphertext) opened.push(decipher.update(chunk))
  try {
    decipher.final()
  } catch {
    return undefined
  }
  return opened
}
