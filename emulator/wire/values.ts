/** Small conversions that several protocols share. */

/**
 * Standard base64 with padding, nothing else; undefined when it is not.
 * Decoding first and comparing lengths is several times faster than a regular expression: Node skips what it does not know.
 */
export function fromBase64(text: string): Buffer | undefined {
  const { length } = text
  if (length % 4 !== 0) return undefined
  const bytes = Buffer.from(text, 'base64')
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0
  if (bytes.length !== (length / 4) * 3 - padding) return undefined
  // Node also understands the URL-safe alphabet.
  return text.includes('-') || text.includes('_') ? undefined : bytes
}

export function toBase64(bytes: unknown): string {
  if (typeof bytes === 'string') return Buffer.from(bytes).toString('base64')
  const { buffer, byteOffset, byteLength } = bytes as Uint8Array
  return Buffer.from(buffer, byteOffset, byteLength).toString('base64')
}

/** An ISO 8601 time with its zone, or undefined. */
export function fromIsoDate(text: string): Date | undefined {
  if (!/^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d))?$/.test(text)) return undefined
  return validDate(new Date(text.replace(/(\.\d{3})\d+/, '$1')))
}

/** `Tue, 24 Nov 2026 01:47:00 GMT` and the two older forms (RFC 9110 §5.6.7), or undefined. */
export const fromHttpDate = (text: string): Date | undefined =>
  /^[A-Z][a-z]+,? [\w :-]+$/.test(text) ? validDate(new Date(text)) : undefined

export const validDate = (date: Date): Date | undefined => (Number.isNaN(date.getTime()) ? undefined : date)

/** Sets an entry whose name came from outside: `__proto__` becomes an ordinary property. */
export function setEntry(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__') {
    Object.defineProperty(target, key, { value, enumerable: true, writable: true, configurable: true })
  } else target[key] = value
}
