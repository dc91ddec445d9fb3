import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { weierstrass } from '@noble/curves/abstract/weierstrass.js'
import type { WeierstrassPoint } from '@noble/curves/abstract/weierstrass.js'
import { der, derElements, readDer } from '../der.ts'
import type { SecretBytes } from '../types.ts'
import { ofLength, perMaterial } from './descriptor.ts'
import type { EncryptionScheme, SigningScheme, SpecDescriptor } from './descriptor.ts'
import { ecKeys } from './ecKeys.ts'
import { bigintOf, bytesOf, derInteger, readDerInteger } from './numbers.ts'
import { OCTETS, SEQUENCE } from './pkcs8.ts'

/**
 * SM2 (GB/T 32918): signatures, encryption and ECDH on China's curve. Digests that come from outside and SM2's
 * encryption are beyond node:crypto, so the arithmetic is noble's; keys and ECDH are OpenSSL's, as for other curves.
 */
const LENGTH = 32
const CURVE = {
  p: 0xfffffffeffffffffffffffffffffffffffffffff00000000ffffffffffffffffn,
  n: 0xfffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123n,
  h: 1n,
  a: 0xfffffffeffffffffffffffffffffffffffffffff00000000fffffffffffffffcn,
  b: 0x28e9fa9e9d9f5e344d5a9e4bcf6509a7f39789f515ab8f92ddbcbd414d940e93n,
  Gx: 0x32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7n,
  Gy: 0xbc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0n,
}
const Point = weierstrass(CURVE)
type Sm2Point = WeierstrassPoint<bigint>
const { n } = CURVE

const keys = ecKeys({ name: 'SM2', oid: '2a811ccf5501822d', fieldLength: LENGTH })
const scalar = (material: SecretBytes): bigint => bigintOf(keys.scalar(material))
const point = perMaterial((material) => Point.fromBytes(keys.point(material)))

function sm3(...parts: readonly Uint8Array[]): Buffer {
  const running = createHash('sm3')
  for (const part of parts) running.update(part)
  return running.digest()
}

const modulo = (value: bigint): bigint => ((value % n) + n) % n

/** A multiple of the base point. OpenSSL's: noble would first make tables, which takes a while. */
const multipleOfBase = (k: bigint): Sm2Point => Point.fromBytes(keys.pointOf(bytesOf(k, LENGTH)))

/** Uniform in [1, n - 1]. */
function randomScalar(): bigint {
  for (;;) {
    const value = bigintOf(randomBytes(LENGTH))
    if (value > 0n && value < n) return value
  }
}

/** X and Y, 32 bytes each. */
function coordinates(of: Sm2Point): [Buffer, Buffer] {
  const bytes = Buffer.from(of.toBytes(false))
  return [bytes.subarray(1, 1 + LENGTH), bytes.subarray(1 + LENGTH)]
}

/** The signer's identity when nobody names one, after its length in bits. */
const USER_ID = Buffer.from('\0\u00801234567812345678', 'latin1')
const PARAMETERS = [CURVE.a, CURVE.b, CURVE.Gx, CURVE.Gy].map((value) => bytesOf(value, LENGTH))

/** Z of the standard: signer and curve, hashed in front of each message. */
const identity = perMaterial((material) => sm3(USER_ID, ...PARAMETERS, keys.point(material).subarray(1)))

/** DER SEQUENCE { r, s }. A DIGEST is the standard's e, SM3 of Z and message. */
const SM2DSA: SigningScheme = {
  digestLength: LENGTH,
  represent: { RAW: (message, material) => sm3(identity(material), message), DIGEST: ofLength(LENGTH) },
  sign(material, digest) {
    const d = scalar(material)
    for (;;) {
      const k = randomScalar()
      const r = modulo(bigintOf(digest) + multipleOfBase(k).x)
      const s = modulo(Point.Fn.inv(1n + d) * (k - r * d))
      if (r !== 0n && r + k !== n && s !== 0n) return der(SEQUENCE, derInteger(r, LENGTH), derInteger(s, LENGTH))
    }
  },
  verify(material, digest, signature) {
    const halves = readSignature(signature)
    if (!halves) return false
    const [r, s] = halves
    if (r === 0n || r >= n || s === 0n || s >= n) return false
    const t = modulo(r + s)
    if (t === 0n) return false
    const common = Point.BASE.multiplyUnsafe(s).add(point(material).multiplyUnsafe(t))
    return !common.is0() && modulo(bigintOf(digest) + common.x) === r
  },
}

function readSignature(bytes: Buffer): [bigint, bigint] | undefined {
  const outer = readDer(bytes, 0, bytes.length, SEQUENCE)
  if (outer?.end !== bytes.length) return undefined
  const r = readDerInteger(bytes, outer.start, outer.end)
  const s = r && readDerInteger(bytes, r.end, outer.end)
  return r && s?.end === outer.end ? [r.value, s.value] : undefined
}

/** `data` XOR a stream made of the common point. Undefined for a stream of zeros, which would hide nothing. */
function masked(common: Sm2Point, data: Buffer): Buffer | undefined {
  const [x, y] = coordinates(common)
  const counter = Buffer.alloc(4)
  const blocks: Buffer[] = []
  for (let length = 0; length < data.length; length += LENGTH) {
    counter.writeUInt32BE(blocks.length + 1)
    blocks.push(sm3(x, y, counter))
  }
  const stream = Buffer.concat(blocks, data.length)
  if (data.length > 0 && stream.every((byte) => byte === 0)) return undefined
  for (let at = 0; at < stream.length; at++) stream[at] = (stream[at] ?? 0) ^ (data[at] ?? 0)
  return stream
}

function checksum(common: Sm2Point, plaintext: Buffer): Buffer {
  const [x, y] = coordinates(common)
  return sm3(x, plaintext, y)
}

/** DER SEQUENCE { x, y, checksum, masked plaintext } (GM/T 0009), in the order that is known as C1C3C2. */
const SM2PKE: EncryptionScheme = {
  longestPlaintext: 1024,
  encrypt(material, plaintext) {
    for (;;) {
      const k = randomScalar()
      const common = point(material).multiply(k)
      const body = masked(common, plaintext)
      if (!body) continue
      const { x, y } = multipleOfBase(k)
      const sum = der(OCTETS, checksum(common, plaintext))
      return der(SEQUENCE, derInteger(x, LENGTH), derInteger(y, LENGTH), sum, der(OCTETS, body))
    }
  },
  decrypt(material, ciphertext) {
    const read = readCiphertext(ciphertext)
    if (!read) return undefined
    const common = read.ephemeral.multiply(scalar(material))
    const plaintext = masked(common, read.body)
    return plaintext && timingSafeEqual(checksum(common, plaintext), read.sum) ? plaintext : undefined
  },
}

/** Undefined, or an exception when the point is none of the curve. */
function readCiphertext(bytes: Buffer): { ephemeral: Sm2Point; sum: Buffer; body: Buffer } | undefined {
  const outer = readDer(bytes, 0, bytes.length, SEQUENCE)
  if (outer?.end !== bytes.length) return undefined
  const x = readDerInteger(bytes, outer.start, outer.end)
  const y = x && readDerInteger(bytes, x.end, outer.end)
  const [sum, body, ...rest] = (y && derElements(bytes, { start: y.end, end: outer.end })) ?? []
  if (!x || !y || sum?.tag !== OCTETS || body?.tag !== OCTETS || rest.length > 0) return undefined
  const ephemeral = Point.fromAffine({ x: x.value, y: y.value })
  ephemeral.assertValidity()
  return { ephemeral, sum: bytes.subarray(sum.start, sum.end), body: bytes.subarray(body.start, body.end) }
}

export const sm2: SpecDescriptor = {
  generate: keys.generate,
  /** The scalar n - 1 cannot sign. */
  accept(bytes) {
    const material = keys.accept(bytes)
    return material && scalar(material) !== n - 1n ? material : undefined
  },
  publicKey: keys.publicKey,
  signing: { SM2DSA },
  encryption: { SM2PKE },
  agree: keys.agree,
}
