import { hash, timingSafeEqual } from 'node:crypto'
import { hmacSha256, hmacSha256Hex } from '../lib/hmac.ts'
import { wireBytes } from './encode.ts'
import type { Scope } from './types.ts'

export const ALGORITHM = 'AWS4-HMAC-SHA256'
export const TERMINATOR = 'aws4_request'
export const EMPTY_SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

/** SHA-256 in lower-case hexadecimal. */
export function sha256Hex(bytes: Uint8Array): string {
  return bytes.length === 0 ? EMPTY_SHA256 : hash('sha256', bytes)
}

/** `date/region/service/aws4_request` */
export function credentialScope(scope: Scope): string {
  return `${scope.date}/${scope.region}/${scope.service}/${TERMINATOR}`
}

/** @param scope see `credentialScope` */
export function stringToSign(date: string, scope: string, canonicalRequest: string): string {
  return `${ALGORITHM}\n${date}\n${scope}\n${sha256Hex(wireBytes(canonicalRequest))}`
}

/** The string a chunk of a body signs. @param previous the signature before it, the request's own for the first chunk. */
export function chunkStringToSign(date: string, scope: string, previous: string, chunkSha256: string): string {
  return `${ALGORITHM}-PAYLOAD\n${date}\n${scope}\n${previous}\n${EMPTY_SHA256}\n${chunkSha256}`
}

/** The string the trailer signs. @param previous the signature of the last, empty chunk. */
export function trailerStringToSign(date: string, scope: string, previous: string, trailerSha256: string): string {
  return `AWS4-HMAC-SHA256-TRAILER\n${date}\n${scope}\n${previous}\n${trailerSha256}`
}

/** The key of one secret for one day, region and service. */
export function signingKey(secret: string, scope: Scope): Buffer {
  const dateKey = hmacSha256(Buffer.from(`AWS4${secret}`), scope.date)
  const regionKey = hmacSha256(dateKey, scope.region)
  const serviceKey = hmacSha256(regionKey, scope.service)
  return hmacSha256(serviceKey, TERMINATOR)
}

/** Lower-case hexadecimal. */
export function signatureOf(key: Buffer, text: string): string {
  return hmacSha256Hex(key, text)
}

/** Both sides of a comparison: shared, because nothing waits in between. */
const LEFT = Buffer.alloc(64)
const RIGHT = Buffer.alloc(64)

/** Whether two signatures are the same, in a time that does not tell where they differ. */
export function sameSignature(a: string, b: string): boolean {
  if (a.length !== b.length) return false
  if (a.length !== LEFT.length) return timingSafeEqual(Buffer.from(a, 'latin1'), Buffer.from(b, 'latin1'))
  LEFT.write(a, 'latin1')
  RIGHT.write(b, 'latin1')
  return timingSafeEqual(LEFT, RIGHT)
}
