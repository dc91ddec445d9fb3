import { constants, createPublicKey, privateEncrypt, publicDecrypt, randomBytes } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { derElements, readDer } from '../der.ts'
import { bigintOf } from './numbers.ts'
import { INTEGER, OCTETS, SEQUENCE } from './pkcs8.ts'

/**
 * Whether an RSA key from outside has two primes (facts: B12) and numbers that belong together. OpenSSL checks neither
 * when it reads a key. That the primes are prime is checked by what it is good for: a power and its inverse.
 * @param der the key's PKCS#8, as OpenSSL wrote it
 */
export function isSoundRsaKey(key: KeyObject, der: Buffer): boolean {
  const numbers = integersOf(der)
  return numbers?.length === 9 && numbers[0] === 0n && belongTogether(numbers.slice(1)) && invertsPowers(key)
}

/** Modulus, exponents, primes, the private exponent modulo either of them less one, and the inverse of the second. */
function belongTogether(numbers: readonly bigint[]): boolean {
  const [n, e, d, p, q, dp, dq, inverse] = numbers as Eight
  if (p < 3n || q < 3n || p === q || p * q !== n) return false
  if (d % (p - 1n) !== dp || d % (q - 1n) !== dq || (inverse * q) % p !== 1n) return false
  return (e * dp) % (p - 1n) === 1n && (e * dq) % (q - 1n) === 1n
}

type Eight = [bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint]

function invertsPowers(key: KeyObject): boolean {
  const padding = constants.RSA_NO_PADDING
  const block = randomBytes((key.asymmetricKeyDetails?.modulusLength ?? 0) / 8)
  block[0] = 0
  const power = privateEncrypt({ key, padding }, block)
  return publicDecrypt({ key: createPublicKey(key), padding }, power).equals(block)
}

/** The numbers of an RSAPrivateKey (RFC 8017 appendix A.1.2), or undefined when there is more than numbers in it. */
function integersOf(der: Buffer): readonly bigint[] | undefined {
  const outer = readDer(der, 0, der.length, SEQUENCE)
  const octets = outer && derElements(der, outer)?.[2]
  const inner = octets?.tag === OCTETS ? readDer(der, octets.start, octets.end, SEQUENCE) : undefined
  const elements = inner && derElements(der, inner)
  if (!elements?.every(({ tag }) => tag === INTEGER)) return undefined
  return elements.map(({ start, end }) => bigintOf(der.subarray(start, end)))
}
