import { parse } from 'node:querystring'

/** Decoded query or form parameters; a repeated name keeps its first value. No prototype: names come from outside. */
export type Params = Readonly<Record<string, string>>

/**
 * Parses `a=b&c=%20+d`: percent escapes and `+` decoded, broken escapes kept as they are. Never throws.
 * @param text without the leading `?`
 */
export function parseParams(text: string): Params {
  const params = Object.create(null) as Record<string, string>
  if (text === '') return params
  const parsed = parse(text, '&', '=', { maxKeys: 0 })
  for (const name in parsed) {
    const value = parsed[name]
    params[name] = typeof value === 'string' ? value : (value?.[0] ?? '')
  }
  return params
}
