import type { Ids } from '../../../lib/ids.ts'

/** The 64 characters of version ids, in code-unit order. */
const DIGITS = '.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz'
const ORDER_DIGITS = 8
const RANDOM_DIGITS = 24
const ID_LENGTH = ORDER_DIGITS + RANDOM_DIGITS
const LAST = 64 ** ORDER_DIGITS - 1

/** What follows the key in the id of a version's record. */
export const VERSION_SUFFIX = 1 + ID_LENGTH

/**
 * A version id. Ids of one key sort newest first, so a listing finds its place again although the version it ended with is gone.
 * @param order milliseconds since the epoch, or more where a key had several versions at once
 */
export function newVersionId(ids: Ids, order: number): string {
  let random = ''
  for (const byte of ids.bytes(RANDOM_DIGITS)) random += DIGITS[byte & 63] ?? ''
  return writeOrder(order) + random
}

/** Where something without an id of its own stands that was written at a time, before versioning was enabled. */
export const placeAt = (time: number): string => writeOrder(time) + '.'.repeat(RANDOM_DIGITS)

/** The inverse of `newVersionId`. */
export function orderOf(place: string): number {
  let rest = 0
  for (const digit of place.slice(0, ORDER_DIGITS)) rest = rest * 64 + DIGITS.indexOf(digit)
  return LAST - rest
}

function writeOrder(order: number): string {
  let text = ''
  let rest = LAST - order
  for (let index = 0; index < ORDER_DIGITS; index++) {
    text = (DIGITS[rest % 64] ?? '') + text
    rest = Math.floor(rest / 64)
  }
  return text
}

/** Ids S3 could have given out. */
export const isVersionId = (text: string): boolean => text === 'null' || /^[A-Za-z0-9._-]{32}$/.test(text)
