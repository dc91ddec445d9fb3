import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

const EXPIRY_BYTES = 6
const SEAL_BYTES = 32
/** Random bytes of an ordinary token; AWS's are longer still, since they carry the session itself. */
const RANDOM_BYTES = 106

/**
 * A session token: when it expires and chance, sealed for its access key. Opaque to clients; the seal serves to tell an expired
 * session, of which nothing is kept, from one that never was.
 * @param expiresAt milliseconds since the epoch
 * @param minimumSize at least so many characters
 */
export function newToken(secret: Buffer, accessKeyId: string, expiresAt: number, minimumSize = 0): string {
  const needed = Math.ceil((minimumSize * 3) / 4) - EXPIRY_BYTES - SEAL_BYTES
  const body = Buffer.concat([Buffer.alloc(EXPIRY_BYTES), randomBytes(Math.max(RANDOM_BYTES, needed))])
  body.writeUIntBE(expiresAt, 0, EXPIRY_BYTES)
  return Buffer.concat([body, seal(secret, accessKeyId, body)]).toString('base64')
}

/** When a token of ours expires, in milliseconds since the epoch; undefined when it is not ours or another key's. */
export function expiryOf(secret: Buffer, accessKeyId: string, token: string): number | undefined {
  const bytes = Buffer.from(token, 'base64')
  if (bytes.length <= EXPIRY_BYTES + SEAL_BYTES) return undefined
  const body = bytes.subarray(0, -SEAL_BYTES)
  if (!timingSafeEqual(bytes.subarray(-SEAL_BYTES), seal(secret, accessKeyId, body))) return undefined
  return body.readUIntBE(0, EXPIRY_BYTES)
}

const seal = (secret: Buffer, accessKeyId: string, body: Buffer) =>
  createHmac('sha256', secret).update(accessKeyId).update(body).digest()
