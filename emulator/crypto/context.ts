import type { EncryptionContext } from './types.ts'

const NOTHING = Buffer.alloc(4)

/**
 * The canonical bytes of an encryption context: the number of pairs, then each key and value with its length, in
 * code-unit order of the keys. Two contexts have the same bytes exactly when they hold the same pairs, so
 * `{a:"bc"}` and `{ab:"c"}` differ. UTF-16, because UTF-8 would make all lone surrogates alike.
 */
export function encodeContext(context: EncryptionContext): Buffer {
  const keys = Object.keys(context)
  if (keys.length === 0) return NOTHING
  if (keys.length > 1) keys.sort()
  let text = number(keys.length)
  for (const key of keys) {
    const value = context[key] ?? ''
    text += number(key.length) + key + number(value.length) + value
  }
  return Buffer.from(text, 'utf16le')
}

/** A number below 2^32 as two UTF-16 code units, so that a single conversion writes everything. */
function number(value: number): string {
  return String.fromCharCode(value >>> 16, value & 0xffff)
}
