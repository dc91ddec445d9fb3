import { createPrivateKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { der, derElements, readDer } from '../der.ts'
import { revealBytes } from '../material.ts'
import type { SecretBytes } from '../types.ts'
import { endOfBer } from './ber.ts'
import { perMaterial } from './descriptor.ts'

/** PKCS#8 and SPKI, the DER of keys. Private keys stay bytes throughout: a string could not be cleared. */

export const SEQUENCE = 0x30
export const INTEGER = 0x02
export const BIT_STRING = 0x03
export const OCTETS = 0x04
export const OID = 0x06

const VERSION_0 = der(INTEGER, Buffer.from([0]))

/** An object identifier from its content bytes in hexadecimal. */
export const oid = (hex: string): Buffer => der(OID, Buffer.from(hex, 'hex'))

/** PrivateKeyInfo (RFC 5208). `algorithm` is a whole AlgorithmIdentifier, `privateKey` the contents of the octets. */
export function encodePkcs8(algorithm: Buffer, privateKey: Buffer): Buffer {
  return der(SEQUENCE, VERSION_0, algorithm, der(OCTETS, privateKey))
}

/**
 * The private key inside a PrivateKeyInfo of exactly this algorithm, not a copy. Undefined for anything else.
 * Attributes, which RFC 5208 allows at the end, are skipped.
 */
export function decodePkcs8(bytes: Buffer, algorithm: Buffer): Buffer | undefined {
  const outer = readDer(bytes, 0, bytes.length, SEQUENCE)
  if (outer?.end !== bytes.length) return undefined
  const [version, identifier, key, attributes, ...rest] = derElements(bytes, outer) ?? []
  if (version?.tag !== INTEGER || identifier?.tag !== SEQUENCE || key?.tag !== OCTETS) return undefined
  if (rest.length > 0 || (attributes && attributes.tag !== ATTRIBUTES)) return undefined
  if (version.end - version.start !== 1 || bytes[version.start] !== 0) return undefined
  if (!bytes.subarray(version.end, identifier.end).equals(algorithm)) return undefined
  return bytes.subarray(key.start, key.end)
}

const ATTRIBUTES = 0xa0

/** SubjectPublicKeyInfo. */
export function encodeSpki(algorithm: Buffer, publicKey: Buffer): Buffer {
  return der(SEQUENCE, algorithm, der(BIT_STRING, Buffer.alloc(1), publicKey))
}

/** The bits of a SubjectPublicKeyInfo of exactly this algorithm, not a copy. Undefined for anything else. */
export function decodeSpki(bytes: Buffer, algorithm: Buffer): Buffer | undefined {
  const outer = readDer(bytes, 0, bytes.length, SEQUENCE)
  if (outer?.end !== bytes.length) return undefined
  const [identifier, key, ...rest] = derElements(bytes, outer) ?? []
  if (identifier?.tag !== SEQUENCE || key?.tag !== BIT_STRING || rest.length > 0) return undefined
  if (!bytes.subarray(outer.start, identifier.end).equals(algorithm)) return undefined
  return bytes[key.start] === 0 ? bytes.subarray(key.start + 1, key.end) : undefined
}

/** The parsed private key of asymmetric material. */
export const privateKey: (material: SecretBytes) => KeyObject = perMaterial((material) =>
  createPrivateKey({ key: revealBytes(material), format: 'der', type: 'pkcs8' }),
)

/**
 * A PKCS#8 key from outside, in DER or BER (facts: B12), parsed and written again in DER; nothing may follow it.
 * Throws for whatever OpenSSL cannot read. The caller clears `der`.
 */
export function readOutsideKey(bytes: Buffer): { readonly key: KeyObject; readonly der: Buffer } | undefined {
  if (endOfBer(bytes) !== bytes.length) return undefined
  const key = createPrivateKey({ key: bytes, format: 'der', type: 'pkcs8' })
  return { key, der: key.export({ format: 'der', type: 'pkcs8' }) }
}
