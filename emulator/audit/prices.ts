/** What AWS charges for KMS, in US dollars (AWS: KMS pricing, 2026). The same in most Regions. */
export interface Prices {
  /** Per 10,000 requests: everything that has no price of its own. Only these are in the free tier. */
  readonly requests: number
  /** Per 10,000 requests with RSA_2048 keys. */
  readonly rsa2048: number
  /** Per 10,000 requests with other asymmetric keys. */
  readonly asymmetric: number
  /** Per 10,000 elliptic curve data key pairs. */
  readonly eccKeyPairs: number
  /** Per 10,000 RSA data key pairs. */
  readonly rsaKeyPairs: number
  /** Per customer managed key and month. */
  readonly key: number
  /** Per month, for each of the first two rotations of a key. */
  readonly rotation: number
}

export const AWS_PRICES: Prices = {
  requests: 0.03,
  rsa2048: 0.03,
  asymmetric: 0.15,
  eccKeyPairs: 0.1,
  rsaKeyPairs: 12,
  key: 1,
  rotation: 1,
}

/** Requests a month that cost an account nothing, all Regions together. */
export const FREE_TIER = 20_000

export type RequestClass = 'requests' | 'rsa2048' | 'asymmetric' | 'eccKeyPairs' | 'rsaKeyPairs'

/**
 * Operations whose price depends on the key's spec (AWS: KMS pricing); to describe or tag an asymmetric key costs what it always does.
 * What Encapsulate, Decapsulate and the public key of an ML-KEM key cost is not published (2026): they count as ordinary requests.
 */
const BY_KEY_SPEC: ReadonlySet<string> = new Set([
  'Decrypt',
  'DeriveSharedSecret',
  'Encrypt',
  'GetPublicKey',
  'ReEncrypt',
  'Sign',
  'Verify',
])

/** @param pairSpec of a data key pair that was asked for */
export function classOf(operation: string, keySpec: string | undefined, pairSpec: string | undefined): RequestClass {
  if (pairSpec !== undefined) return pairSpec.startsWith('RSA_') ? 'rsaKeyPairs' : 'eccKeyPairs'
  if (keySpec === undefined || !BY_KEY_SPEC.has(operation) || !/^(?:RSA|ECC|ML_DSA|SM2)/.test(keySpec))
    return 'requests'
  return keySpec === 'RSA_2048' ? 'rsa2048' : 'asymmetric'
}

/** A customer managed key, as far as its price goes. Milliseconds since the epoch. */
export interface PricedKey {
  readonly arn: string
  /** Whose: the owner pays for the key, callers pay for their requests. */
  readonly account: string
  readonly region: string
  readonly spec: string
  readonly createdAt: number
  /** When it was scheduled for deletion: from then on it costs nothing, unless that is cancelled. */
  readonly until?: number | undefined
  /** Each rotation, automatic or on demand, in order. */
  readonly rotatedAt: readonly number[]
}

/** Rotations that cost something; the third and later ones are free. */
const PRICED_ROTATIONS = 2

/** What keeping a key costs within a period. */
export function keyCost(
  key: PricedKey,
  period: { readonly since: number; readonly until: number },
  prices: Prices,
): { readonly months: number; readonly rotationMonths: number; readonly usd: number } {
  const end = Math.min(key.until ?? Infinity, period.until)
  const monthsFrom = (time: number) => monthsBetween(Math.max(time, period.since), end)
  const months = monthsFrom(key.createdAt)
  const rotationMonths = key.rotatedAt.slice(0, PRICED_ROTATIONS).reduce((sum, time) => sum + monthsFrom(time), 0)
  return { months, rotationMonths, usd: months * prices.key + rotationMonths * prices.rotation }
}

const HOUR = 3_600_000

/**
 * Months between two times, in hours of the months that they are in (UTC), so that a whole month is 1. AWS prorates by the hour;
 * whether an hour that was begun counts is not documented: here it does.
 */
export function monthsBetween(from: number, to: number): number {
  if (to <= from) return 0
  return monthsSinceYearZero(Math.ceil(to / HOUR) * HOUR) - monthsSinceYearZero(Math.floor(from / HOUR) * HOUR)
}

function monthsSinceYearZero(time: number): number {
  const date = new Date(time)
  const year = date.getUTCFullYear()
  const month = date.getUTCMonth()
  const begins = Date.UTC(year, month)
  return year * 12 + month + (time - begins) / (Date.UTC(year, month + 1) - begins)
}
