import type { ChecksumAlgorithm, ChecksumType } from '../state.ts'
import { ALGORITHMS } from './algorithms.ts'

interface PartChecksum {
  /** Base64. */
  readonly value: string
  /** Bytes of plaintext. */
  readonly size: number
}

/**
 * The checksum of an object from those of its parts, base64: composite (the digest of the parts' digests, with `-<parts>`), or,
 * for CRCs, that of the whole object.
 */
export async function combineChecksums(
  algorithm: ChecksumAlgorithm,
  type: ChecksumType,
  parts: readonly PartChecksum[],
): Promise<string> {
  if (type === 'FULL_OBJECT') return combineCrcs(algorithm, parts)
  const digester = ALGORITHMS[algorithm].create()
  for (const { value } of parts) digester.update(Buffer.from(value, 'base64'))
  return `${(await digester.digest()).toString('base64')}-${parts.length}`
}

/**
 * crc(AB) = crc(A)·x^(8·|B|) + crc(B) in GF(2)[x] modulo the polynomial: initial value and final inversion cancel out.
 * Parts mostly have one length, so its power of x is computed once.
 */
function combineCrcs(algorithm: ChecksumAlgorithm, parts: readonly PartChecksum[]): string {
  const { crc, length } = ALGORITHMS[algorithm]
  if (!crc) throw new Error(`\`${algorithm}\` of parts says nothing about the whole`)
  const shifts = new Map<number, bigint>()
  let total = 0n
  for (const { value, size } of parts) {
    let shift = shifts.get(size)
    if (shift === undefined) {
      shift = powerOfX(BigInt(size) * 8n, crc)
      shifts.set(size, shift)
    }
    total = multiply(total, shift, crc) ^ BigInt(`0x${Buffer.from(value, 'base64').toString('hex')}`)
  }
  return Buffer.from(total.toString(16).padStart(length * 2, '0'), 'hex').toString('base64')
}

interface Field {
  readonly width: number
  readonly polynomial: bigint
}

/** Product of two polynomials in reflected form: the highest bit is x^0. */
function multiply(a: bigint, b: bigint, { width, polynomial }: Field): bigint {
  let product = 0n
  for (let bit = 1n << BigInt(width - 1); bit > 0n; bit >>= 1n) {
    if (a & bit) product ^= b
    b = b & 1n ? (b >> 1n) ^ polynomial : b >> 1n
  }
  return product
}

function powerOfX(exponent: bigint, field: Field): bigint {
  let result = 1n << BigInt(field.width - 1)
  let square = result >> 1n
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = multiply(result, square, field)
    square = multiply(square, square, field)
  }
  return result
}
