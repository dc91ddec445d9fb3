import { createPublicKey, sign, verify } from 'node:crypto'
import { p256, p384, p521 } from '@noble/curves/nist.js'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import type { ECDSA } from '@noble/curves/abstract/weierstrass.js'
import { ofLength, perMaterial } from './descriptor.ts'
import type { SigningScheme, SpecDescriptor } from './descriptor.ts'
import { ecKeys } from './ecKeys.ts'
import type { Curve, EcKeys } from './ecKeys.ts'
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
 * Of noble's table of multiples of the base point. With its own choice the first signature of a digest takes 35 to 80 ms and holds
 * everybody up; with this one 7 to 35, and later ones take 1 to 4 ms instead of 1 to 2.
 */
const WINDOW_BITS = 2

/**
 * ECDSA; signatures are DER and randomised. Messages are OpenSSL's affair; digests, which node:crypto does not sign as
 * they are, noble's, which is slower. No half is forced low, as AWS's are not for secp256k1 either.
 */
function ecdsa({ ecdsa: curve, hash, digestLength }: EccSpec, keys: EcKeys): SigningScheme {
  const options = { prehash: false, lowS: false, format: 'der' } as const
  curve.Point.BASE.precompute(WINDOW_BITS)
  const publicKeyObject = perMaterial((material) => createPublicKey(privateKey(material)))
  return {
    digestLength,
    represent: { RAW: (message) => message, DIGEST: ofLength(digestLength) },
    sign: (material, message, type) =>
      type === 'RAW'
        ? sign(hash, message, privateKey(material))
        : Buffer.from(curve.sign(message, keys.scalar(material), { ...options, extraEntropy: true })),
    verify: (material, message, signature, type) =>
      type === 'RAW'
        ? verify(hash, message, publicKeyObject(material), signature)
        : curve.verify(signature, message, keys.point(material), options),
  }
}
