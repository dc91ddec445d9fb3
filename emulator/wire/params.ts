import { parse } from 'node:querystring'
import { detached } from '../lib/detached.ts'

/** Characters from which on a text is worth letting go of. */
const LONG = 4096

/** Decoded query or form parameters; a repeated name keeps its first value. No prototype: names come from outside. */
export type Params = Readonly<Record<string, string>>

/**
 * Parses `a=b&c=%20+d`: percent escapes and `+` decoded, broken escapes kept as they are. Never throws.
 * @param text without the leading `?`
 */
export function parseParams(text: string): Params {
  if (text === '') return NONE
  const params = Object.create(null) as Record<string, string>
  const parsed = parse(text, '&', '=', { maxKeys: 0 })
  // What is remembered of a request for its audit trail must not keep all the rest of it.
  const own = text.length < LONG ? (value: string) => value : detached
  for (const name in parsed) {
    const value = parsed[name]
    params[name] = own(typeof value === 'string' ? value : (value?.[0] ?? ''))
  }
  return params
}

const NONE: Params = Object.freeze(Object.create(null) as Record<string, string>)
