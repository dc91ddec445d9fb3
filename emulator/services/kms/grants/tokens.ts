import { createHmac, timingSafeEqual } from 'node:crypto'
import { existingSecret, secretNamed } from '../keys/secrets.ts'
import type { KmsCall } from '../state.ts'
import { badGrantToken } from '../unsourced.ts'

/*
 * A grant token tells which grant it is for, and proves that KMS made it: `AQpA…`, grant id, a nonce (each call gives another token
 * for the same grant) and a keyed hash. It is no credential: the caller must still be the grantee (facts: E2).
 */
const HEAD = Buffer.from('AQpA', 'base64')
const ID_END = HEAD.length + 32
const NONCE_END = ID_END + 16
const LENGTH = NONCE_END + 32

/** A new token for a grant. Within a transaction. */
export function grantToken(grantId: string, call: KmsCall): string {
  const open = Buffer.concat([HEAD, Buffer.from(grantId, 'hex'), call.env.ids.bytes(16)])
  const secret = secretNamed('grantTokens', call)
  return Buffer.concat([open, proof(secret, call.region, open)]).toString('base64')
}

/** The grant id in a token. Throws InvalidGrantTokenException for what this Region's KMS did not make. */
export function readGrantToken(token: string, call: KmsCall): string {
  const bytes = Buffer.from(token, 'base64')
  const secret = existingSecret('grantTokens', call)
  if (secret === undefined || bytes.length !== LENGTH || bytes.toString('base64') !== token) throw badGrantToken()
  const open = bytes.subarray(0, NONCE_END)
  if (!timingSafeEqual(proof(secret, call.region, open), bytes.subarray(NONCE_END))) throw badGrantToken()
  return bytes.toString('hex', HEAD.length, ID_END)
}

/** Grants are in force at once here, so tokens are only checked (facts: E2). */
export function checkGrantTokens(tokens: readonly string[] | undefined, call: KmsCall): void {
  if (tokens) for (const token of tokens) readGrantToken(token, call)
}

const proof = (secret: Buffer, region: string, open: Buffer): Buffer =>
  createHmac('sha256', secret).update(`twokey/kms grant token\0${region}\0`).update(open).digest()
