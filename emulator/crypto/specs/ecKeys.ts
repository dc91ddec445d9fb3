import { ECDH, createECDH } from 'node:crypto'
import { der, derElements, readDer } from '../der.ts'
import { revealBytes, secretOf } from '../material.ts'
import type { SecretBytes } from '../types.ts'
import { perMaterial } from './descriptor.ts'
import {
  BIT_STRING,
  INTEGER,
  OCTETS,
  SEQUENCE,
  decodePkcs8,
  decodeSpki,
  encodePkcs8,
  encodeSpki,
  oid,
  readOutsideKey,
} from './pkcs8.ts'

export interface Curve {
  /** OpenSSL's name. */
  readonly name: string
  /** Content bytes of the curve's object identifier, in hexadecimal. */
  readonly oid: string
  /** Bytes of a coordinate, and of a private scalar. */
  readonly fieldLength: number
}

/** What the algorithms of a Weierstrass curve need of its keys. */
export interface EcKeys {
  readonly generate: () => SecretBytes
  readonly accept: (bytes: Buffer) => SecretBytes | undefined
  /** SPKI DER. */
  readonly publicKey: (material: SecretBytes) => Buffer
  /** The private scalar, big-endian at full length. Not a copy. */
  readonly scalar: (material: SecretBytes) => Buffer
  /** The public point, uncompressed. Not a copy. */
  readonly point: (material: SecretBytes) => Buffer
  /** The uncompressed point of a scalar of full length, in OpenSSL's constant time. Throws for one out of range. */
  readonly pointOf: (scalar: Buffer) => Buffer
  /** The common X at full field length. Undefined, or an exception, for what is no public key of this curve. */
  readonly agree: (material: SecretBytes, peer: Buffer) => Buffer | undefined
}

const EC_PUBLIC_KEY = oid('2a8648ce3d0201') // 1.2.840.10045.2.1
const VERSION_1 = der(INTEGER, Buffer.from([1]))
const EXPLICIT_0 = 0xa0
const EXPLICIT_1 = 0xa1
const UNCOMPRESSED = 4

/**
 * Keys of one curve. Material is PKCS#8 with curve and public key repeated inside, as AWS writes it: 150 bytes for
 * P-256, 144 for secp256k1 (captures-kms-iam §8, data key pairs).
 */
export function ecKeys(curve: Curve): EcKeys {
  const { name, fieldLength } = curve
  const curveId = oid(curve.oid)
  const algorithm = der(SEQUENCE, EC_PUBLIC_KEY, curveId)
  const pointLength = 1 + 2 * fieldLength

  function materialOf(scalar: Buffer, point: Buffer): SecretBytes {
    const inner = der(
      SEQUENCE,
      VERSION_1,
      der(OCTETS, scalar),
      der(EXPLICIT_0, curveId),
      der(EXPLICIT_1, der(BIT_STRING, Buffer.alloc(1), point)),
    )
    const whole = encodePkcs8(algorithm, inner)
    try {
      return secretOf(whole)
    } finally {
      whole.fill(0)
      inner.fill(0)
    }
  }

  function generate(): SecretBytes {
    const pair = createECDH(name)
    const point = pair.generateKeys()
    const scalar = leftPad(pair.getPrivateKey(), fieldLength)
    try {
      return materialOf(scalar, point)
    } finally {
      scalar.fill(0)
    }
  }

  function pointOf(scalar: Buffer): Buffer {
    const pair = createECDH(name)
    pair.setPrivateKey(scalar)
    return pair.getPublicKey()
  }

  /** Refuses another curve, a curve that is spelt out, a scalar out of range and a public key of another scalar. */
  function accept(bytes: Buffer): SecretBytes | undefined {
    const outside = readOutsideKey(bytes)
    if (!outside) return undefined
    try {
      const inner = decodePkcs8(outside.der, algorithm)
      const read = inner && readPrivateKey(inner)
      if (read?.scalar.length !== fieldLength) return undefined
      const point = pointOf(read.scalar)
      return read.point && !uncompressed(read.point, name).equals(point) ? undefined : materialOf(read.scalar, point)
    } finally {
      outside.der.fill(0)
    }
  }

  /** INVARIANT: material of a curve is what `materialOf` wrote. */
  const parts = perMaterial((material) => {
    const bytes = revealBytes(material)
    const inner = decodePkcs8(bytes, algorithm)
    const read = inner && readPrivateKey(inner)
    if (!read?.point) throw new TypeError(`not key material of ${name}`)
    return { scalar: read.scalar, point: read.point }
  })
  const point = (material: SecretBytes): Buffer => parts(material).point
  const scalar = (material: SecretBytes): Buffer => parts(material).scalar

  return {
    generate,
    accept,
    scalar,
    point,
    pointOf,
    publicKey: perMaterial((material) => encodeSpki(algorithm, point(material))),
    /** ECDH: X of the common point. node:crypto refuses points that are not on the curve. */
    agree(material, peer) {
      const theirs = decodeSpki(peer, algorithm)
      if (!theirs || !hasPointForm(theirs, fieldLength, pointLength)) return undefined
      const pair = createECDH(name)
      pair.setPrivateKey(scalar(material))
      return pair.computeSecret(theirs)
    },
  }
}

/** Uncompressed or compressed. The point at infinity and the hybrid form are neither. */
function hasPointForm(bytes: Buffer, fieldLength: number, pointLength: number): boolean {
  const form = bytes[0]
  if (form === UNCOMPRESSED) return bytes.length === pointLength
  return (form === 2 || form === 3) && bytes.length === 1 + fieldLength
}

/** ECPrivateKey (RFC 5915). */
function readPrivateKey(bytes: Buffer): { readonly scalar: Buffer; readonly point: Buffer | undefined } | undefined {
  const outer = readDer(bytes, 0, bytes.length, SEQUENCE)
  const [, scalar, ...rest] = (outer && derElements(bytes, outer)) ?? []
  if (scalar?.tag !== OCTETS) return undefined
  const wrapped = rest.find(({ tag }) => tag === EXPLICIT_1)
  const bits = wrapped && readDer(bytes, wrapped.start, wrapped.end, BIT_STRING)
  return {
    scalar: bytes.subarray(scalar.start, scalar.end),
    point: bits && bytes.subarray(bits.start + 1, bits.end),
  }
}

/** Throws for what is no point of the curve. */
function uncompressed(point: Buffer, curve: string): Buffer {
  const converted = ECDH.convertKey(point, curve, undefined, undefined, 'uncompressed')
  return typeof converted === 'string' ? Buffer.from(converted, 'latin1') : converted
}

function leftPad(bytes: Buffer, length: number): Buffer {
  const padded = Buffer.alloc(length)
  bytes.copy(padded, length - bytes.length)
  bytes.fill(0)
  return padded
}
