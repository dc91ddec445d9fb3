/** An exact decimal: sign × 0.DIGITS × 10^point, without leading or trailing zeros; zero has no digits. */
export interface Decimal {
  readonly negative: boolean
  readonly digits: string
  readonly point: bigint
}

const DECIMAL = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/

/** @returns undefined for what is no decimal number: empty, text, NaN, Infinity, hexadecimal. */
export function readDecimal(text: string): Decimal | undefined {
  const [whole, sign, units = '', fraction = '', exponent = '0'] = DECIMAL.exec(text) ?? []
  if (whole === undefined || units.length + fraction.length === 0) return undefined
  const all = units + fraction
  const significant = all.replace(/^0+/, '')
  const digits = significant.replace(/0+$/, '')
  if (digits === '') return { negative: false, digits, point: 0n }
  return {
    negative: sign === '-',
    digits,
    point: BigInt(units.length - (all.length - significant.length)) + BigInt(exponent),
  }
}

/** @returns below, at or above zero, as `a` is less than, equal to or greater than `b`. */
export function compareDecimals(a: Decimal, b: Decimal): number {
  if (a.digits === '' || b.digits === '') return signOf(a) - signOf(b)
  if (a.negative !== b.negative) return a.negative ? -1 : 1
  return a.negative ? compareSizes(b, a) : compareSizes(a, b)
}

const signOf = ({ digits, negative }: Decimal) => (digits === '' ? 0 : negative ? -1 : 1)

function compareSizes(a: Decimal, b: Decimal): number {
  if (a.point !== b.point) return a.point < b.point ? -1 : 1
  return a.digits === b.digits ? 0 : a.digits < b.digits ? -1 : 1
}
