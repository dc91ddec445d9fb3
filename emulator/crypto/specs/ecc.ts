import { createHash, createPublicKey, randomBytes, sign, verify } from 'node:crypto'
import { p256, p384, p521 } from '@noble/curves/nist.js'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import type { ECDSA } from '@noble/curves/abstract/weierstrass.js'
import type { SecretBytes } from '../types.ts'
import { ofLength, perMaterial } from './descriptor.ts'
import type { SigningScheme, SpecDescriptor } from './descriptor.ts'
import { ecKeys } from './ecKeys.ts'
import type { Curve, EcKeys } from './ecKeys.ts'
import { bigintOf } from './numbers.ts'
import { privateKey } from './pkcs8.ts'

interface EccSpec extends Curve {
  readonly ecdsa: ECDSA
  readonly algorithm: string
  readonly hash: string
  readonly digestLength: number
}

/** The Weierstrass curves that OpenSSL knows, each with its one ECDSA algorithm (facts: B5). */
const CURVES = {
  P256: {
    name: 'prime256v1',
    oid: '2a8648ce3d030107',
    fieldLength: 32,
    ecdsa: p256,
    algorithm: 'ECDSA_SHA_256',
    hash: 'sha256',
    digestLength: 32,
  },
  P384: {
    name: 'secp384r1',
    oid: '2b81040022',
    fieldLength: 48,
    ecdsa: p384,
    algorithm: 'ECDSA_SHA_384',
    hash: 'sha384',
    digestLength: 48,
  },
  P521: {
    name: 'secp521r1',
    oid: '2b81040023',
    fieldLength: 66,
    ecdsa: p521,
    algorithm: 'ECDSA_SHA_512',
    hash: 'sha512',
    digestLength: 64,
  },
  P256K1: {
    name: 'secp256k1',
    oid: '2b8104000a',
    fieldLength: 32,
    ecdsa: secp256k1,
    algorithm: 'ECDSA_SHA_256',
    hash: 'sha256',
    digestLength: 32,
  },
} satisfies Record<string, EccSpec>

/** Signing and key agreement on one of the curves. */
export function ecc(name: keyof typeof CURVES): SpecDescriptor {
  const spec = CURVES[name]
  const keys = ecKeys(spec)
  return {
    generate: keys.generate,
    accept: keys.accept,
    publicKey: keys.publicKey,
    signing: { [spec.algorithm]: ecdsa(spec, keys) },
    agree: keys.agree,
  }
}

/**
 * ECDSA; signatures are DER and randomised. Messages are OpenSSL's affair. Digests node:crypto does not sign as they are:
 * the points are OpenSSL's nevertheless, and noble has the scalars and the verification, which needs no tables. (Noble's
 * own signatures come with tables that take 50 to 100 ms to make.) No half is forced low, as AWS's are not for secp256k1
 * either.
 */
function ecdsa({ ecdsa: curve, hash, digestLength }: EccSpec, keys: EcKeys): SigningScheme {
  const options = { prehash: false, lowS: false, format: 'der' } as const
  const publicKeyObject = perMaterial((material) => createPublicKey(privateKey(material)))
  return {
    digestLength,
    represent: { RAW: (message) => message, DIGEST: ofLength(digestLength) },
    sign: (material, message, type) =>
      type === 'RAW' ? sign(hash, message, privateKey(material)) : signDigest(curve, keys, material, message),
    verify: (material, message, signature, type) =>
      type === 'RAW'
        ? verify(hash, message, publicKeyObject(material), signature)
        : curve.verify(signature, message, keys.point(material), options),
  }
}

/** FIPS 186-5, 6.4.1. No digest here is longer than its curve's order. */
function signDigest({ Point, Signature, utils }: ECDSA, keys: EcKeys, material: SecretBytes, digest: Buffer): Buffer {
  const { Fn } = Point
  for (;;) {
    const { scalar, k } = perMessageSecret(Fn, keys.scalar(material), digest)
    const point = keys.pointOf(scalar)
    scalar.fill(0)
    const r = Fn.create(bigintOf(point.subarray(1, 1 + scalar.length)))
    // How long an inversion takes depends on the number: k and the private key are only ever seen multiplied by a random one.
    const blind = Fn.fromBytes(utils.randomSecretKey())
    const blindSum = Fn.add(Fn.mul(blind, bigintOf(digest)), Fn.mul(Fn.mul(blind, bigintOf(keys.scalar(material))), r))
    const s = Fn.mul(Fn.inv(Fn.mul(blind, k)), blindSum)
    if (r !== 0n && s !== 0n) return Buffer.from(new Signature(r, s).toBytes('der'))
  }
}

const ENTROPY_LENGTH = 64

/**
 * Uniform in [1, n - 1], from chance, key and digest together: should chance ever repeat itself, two messages still do not
 * share one (FIPS 186-5, A.3; RFC 6979, 3.6). Candidates out of range are thrown away.
 */
function perMessageSecret(
  Fn: ECDSA['Point']['Fn'],
  key: Buffer,
  digest: Buffer,
): { readonly scalar: Buffer; readonly k: bigint } {
  for (;;) {
    const running = createHash('shake256', { outputLength: Fn.BYTES })
    const scalar = running.update(key).update(digest).update(randomBytes(ENTROPY_LENGTH)).digest()
    // Of P-521's scalars the first byte has a single bit.
    scalar[0] = (scalar[0] ?? 0) & (0xff >> (8 * Fn.BYTES - Fn.BITS))
    const k = bigintOf(scalar)
    if (k > 0n && k < Fn.ORDER) return { scalar, k }
  }
}
