import type { Ids } from './ids.ts'

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
/** Access key ids carry their account in the 40 bits after the first (facts: H1, sts:GetAccessKeyInfo). */
const ACCOUNT_DIGITS = 8
const ID = /^(?:AKIA|ASIA)[A-Z2-7]{16}$/

/** A new access key id: long-term `AKIA…` or temporary `ASIA…`, twenty characters, from which the account can be read. */
export function newAccessKeyId(prefix: 'AKIA' | 'ASIA', account: string, ids: Ids): string {
  // One set bit, 40 bits of account number, then chance: 80 bits, 16 digits.
  let high = (1n << 40n) | BigInt(account)
  const random = BigInt(`0x${ids.hex(10)}`) >> 1n
  high = (high << 39n) | random
  let digits = ''
  for (let shift = 75n; shift >= 0n; shift -= 5n) digits += BASE32[Number((high >> shift) & 31n)] ?? ''
  return prefix + digits
}

/** The account that an access key id carries, whether or not there is such a key; undefined for other texts. */
export function accountOfAccessKeyId(id: string): string | undefined {
  if (!ID.test(id)) return undefined
  let bits = 0n
  // Nine digits hold the set bit, the account and four bits more.
  for (const digit of id.slice(4, 4 + ACCOUNT_DIGITS + 1)) bits = (bits << 5n) | BigInt(BASE32.indexOf(digit))
  const account = (bits >> 4n) & ((1n << 40n) - 1n)
  return account < 10n ** 12n ? account.toString().padStart(12, '0') : undefined
}
