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
  const texts: string[] = []
  let size = 4
  for (const key of keys) {
    const value = context[key] ?? ''
    texts.push(key, value)
    size += 8 + 2 * (key.length + value.length)
  }
  const bytes = Buffer.allocUnsafe(size)
  let at = bytes.writeUInt32BE(keys.length, 0)
  for (const text of texts) {
    at = bytes.writeUInt32BE(2 * text.length, at)
    at += bytes.write(text, at, 'utf16le')
  }
  return bytes
}
