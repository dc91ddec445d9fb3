const UNRESERVED = /^[A-Za-z0-9\-._~]*$/
const UNRESERVED_OR_SLASH = /^[A-Za-z0-9\-._~/]*$/
const HEX_PAIR = /^[0-9A-Fa-f]{2}$/

const SPACE = 0x20
const PERCENT = 0x25
const PLUS = 0x2b
const SLASH = 0x2f

/** How each byte is written in a canonical string: itself when unreserved (RFC 3986), else `%XX` in upper case. */
const WRITTEN = Array.from({ length: 256 }, (_, byte) => {
  const character = String.fromCharCode(byte)
  return UNRESERVED.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
})

/** Percent-encodes a path as it stands, `%` included, and keeps its slashes: for services whose path is encoded twice. */
export function encodeAgain(path: string): string {
  return UNRESERVED_OR_SLASH.test(path) ? path : write(wireBytes(path), true)
}

/**
 * Decodes a path once and encodes it again, keeping slashes: S3's canonical form. S3 reads `+` in a path as a space
 * and an encoded slash as a slash (so does the reference signer `aws4`).
 */
export function recodePath(path: string): string {
  return UNRESERVED_OR_SLASH.test(path) ? path : write(decode(wireBytes(path)), true)
}

/** Decodes a name or value of a query string (`+` is a space there) and encodes it again. */
export function recodeQueryPart(part: string): string {
  return UNRESERVED.test(part) ? part : write(decode(wireBytes(part)), false)
}

/** A name or value of a query string in plain text. Never throws: what is no valid escape stands for itself. */
export function decodeQueryPart(part: string): string {
  return UNRESERVED.test(part) ? part : decode(wireBytes(part)).toString('utf8')
}

/** A string as it stood on the wire: one byte for each code unit. Text beyond latin1 cannot come from there and is UTF-8. */
export function wireBytes(text: string): Buffer {
  // eslint-disable-next-line no-control-regex -- NUL is where the range of bytes starts
  return Buffer.from(text, /[^\x00-\xff]/.test(text) ? 'utf8' : 'latin1')
}

function write(bytes: Buffer, keepSlash: boolean): string {
  let text = ''
  for (const byte of bytes) text += keepSlash && byte === SLASH ? '/' : (WRITTEN[byte] ?? '')
  return text
}

function decode(bytes: Buffer): Buffer {
  const decoded = Buffer.allocUnsafe(bytes.length)
  let length = 0
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0
    const pair = byte === PERCENT ? bytes.toString('latin1', at + 1, at + 3) : ''
    if (HEX_PAIR.test(pair)) {
      decoded[length++] = Number.parseInt(pair, 16)
      at += 2
    } else {
      decoded[length++] = byte === PLUS ? SPACE : byte
    }
  }
  return decoded.subarray(0, length)
}
