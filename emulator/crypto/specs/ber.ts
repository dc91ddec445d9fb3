const CONSTRUCTED = 0x20
const INDEFINITE = 0x80
const DEEPEST = 16

/**
 * Where the BER element at the beginning of `bytes` ends, or undefined when it is cut short or nested too deep.
 * BER, unlike DER, may leave the length of a constructed element open and end it with two zero bytes.
 */
export function endOfBer(bytes: Buffer, at = 0, depth = 0): number | undefined {
  const tag = bytes[at]
  const first = bytes[at + 1]
  if (tag === undefined || first === undefined || (tag & 0x1f) === 0x1f || depth > DEEPEST) return undefined
  if (first === INDEFINITE) return (tag & CONSTRUCTED) === 0 ? undefined : endOfIndefinite(bytes, at + 2, depth + 1)
  const extra = first < INDEFINITE ? 0 : first - INDEFINITE
  const start = at + 2 + extra
  if (extra > 4 || start > bytes.length) return undefined
  const end = start + (extra === 0 ? first : bytes.readUIntBE(at + 2, extra))
  return end > bytes.length ? undefined : end
}

function endOfIndefinite(bytes: Buffer, start: number, depth: number): number | undefined {
  let at: number | undefined = start
  while (at !== undefined) {
    if (bytes[at] === 0 && bytes[at + 1] === 0) return at + 2
    at = endOfBer(bytes, at, depth)
  }
  return undefined
}
