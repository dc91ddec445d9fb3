const LENGTH = 76
const BASE64 = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/', 'latin1')
const ID = Buffer.alloc(LENGTH, '=', 'latin1')

/**
 * S3's `x-amz-id-2`: looks like 56 bytes in base64. It names no host, so it may as well follow from the request id, by which the audit
 * trail finds it again: FNV-1a, drawn out by xorshift (Marsaglia, "Xorshift RNGs"). A cryptographic hash says no more and takes longer.
 */
export function hostId(requestId: string): string {
  let state = 0x811c9dc5
  for (let at = 0; at < requestId.length; at++) state = Math.imul(state ^ requestId.charCodeAt(at), 0x01000193)
  for (let at = 0; at < LENGTH - 1; at++) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    ID[at] = BASE64[state >>> 26] ?? 0
  }
  return ID.toString('latin1')
}
