import type { Waiter } from '../lib/turns.ts'
import type { SecretBytes } from './types.ts'
import type { MessageType, SpecDescriptor } from './specs/descriptor.ts'
import { ecc } from './specs/ecc.ts'
import { ed25519 } from './specs/ed25519.ts'
import { mlDsa } from './specs/mlDsa.ts'
import { mlKem } from './specs/mlKem.ts'
import { rsa } from './specs/rsa.ts'
import { sm2 } from './specs/sm2.ts'
import { hmac, symmetric } from './specs/symmetric.ts'

export type MaterialSpec =
  | 'SYMMETRIC_DEFAULT'
  | 'RSA_2048'
  | 'RSA_3072'
  | 'RSA_4096'
  | 'ECC_NIST_P256'
  | 'ECC_NIST_P384'
  | 'ECC_NIST_P521'
  | 'ECC_SECG_P256K1'
  | 'ECC_NIST_EDWARDS25519'
  | 'HMAC_224'
  | 'HMAC_256'
  | 'HMAC_384'
  | 'HMAC_512'
  | 'ML_DSA_44'
  | 'ML_DSA_65'
  | 'ML_DSA_87'
  | 'ML_KEM_512'
  | 'ML_KEM_768'
  | 'ML_KEM_1024'
  | 'SM2'

/** Every key spec and what it can do (facts: B5). Nothing but this table and what it refers to names an algorithm. */
const SPECS: Readonly<Record<MaterialSpec, SpecDescriptor>> = {
  SYMMETRIC_DEFAULT: symmetric(32),
  RSA_2048: rsa(2048),
  RSA_3072: rsa(3072),
  RSA_4096: rsa(4096),
  ECC_NIST_P256: ecc('P256'),
  ECC_NIST_P384: ecc('P384'),
  ECC_NIST_P521: ecc('P521'),
  ECC_SECG_P256K1: ecc('P256K1'),
  ECC_NIST_EDWARDS25519: ed25519,
  HMAC_224: hmac('HMAC_SHA_224', 'sha224', 28),
  HMAC_256: hmac('HMAC_SHA_256', 'sha256', 32),
  HMAC_384: hmac('HMAC_SHA_384', 'sha384', 48),
  HMAC_512: hmac('HMAC_SHA_512', 'sha512', 64),
  ML_DSA_44: mlDsa(44),
  ML_DSA_65: mlDsa(65),
  ML_DSA_87: mlDsa(87),
  ML_KEM_512: mlKem(512),
  ML_KEM_768: mlKem(768),
  ML_KEM_1024: mlKem(1024),
  SM2: sm2,
}

const DESCRIPTORS = Object.values(SPECS)
const SIGNING_SCHEMES = new Map(DESCRIPTORS.flatMap(({ signing = {} }) => Object.entries(signing)))
const MAC_SCHEMES = new Map(DESCRIPTORS.flatMap(({ macs = {} }) => Object.entries(macs)))

/**
 * Fresh material. SYMMETRIC_DEFAULT: 32 bytes; HMAC: as many as the digest has; asymmetric: PKCS#8 DER, of ML-DSA and
 * ML-KEM the seed form. A promise only where it takes long: RSA, one generation at a time, in a thread of its own. It rejects with
 * TooManyWaiting and GivenUp (lib/turns).
 * @param waiter for whom: owners take turns
 */
export function generateMaterial(
  spec: MaterialSpec,
  waiter: Waiter = { owner: '', isWaiting: () => true },
): SecretBytes | Promise<SecretBytes> {
  return SPECS[spec].generate(waiter)
}

/**
 * Material that came from outside, checked strictly for `spec` and normalised: what `generateMaterial` would have
 * written for the same key. Undefined when it is not acceptable, whatever the reason (facts: B12).
 */
export function acceptMaterial(spec: MaterialSpec, bytes: Buffer): SecretBytes | undefined {
  return orUndefined(() => SPECS[spec].accept(bytes))
}

/** SPKI DER; computed once per material and shared: not to be changed. Throws for specs without a public key. */
export function publicKeyOf(spec: MaterialSpec, material: SecretBytes): Buffer {
  return ofSpec(spec, SPECS[spec].publicKey, 'public key')(material)
}

export interface SignRequest {
  readonly spec: MaterialSpec
  readonly material: SecretBytes
  /** As KMS names it. */
  readonly algorithm: string
  readonly messageType: MessageType
  readonly message: Buffer
}

/**
 * ECDSA and SM2 signatures are DER, the others as their standards have them. Throws for an algorithm or message type
 * that the spec does not take, and a RangeError for a digest of another length than `digestLength`.
 */
export function sign({ spec, material, algorithm, messageType, message }: SignRequest): Buffer {
  const scheme = ofSpec(spec, SPECS[spec].signing?.[algorithm], algorithm)
  const represent = ofSpec(spec, scheme.represent[messageType], `${algorithm} of ${messageType}`)
  return scheme.sign(material, represent(message, material), messageType)
}

/** False for every signature and message that do not belong together; throws only for algorithms as `sign` does. */
export function verify(request: SignRequest & { readonly signature: Buffer }): boolean {
  const { spec, material, algorithm, messageType, message, signature } = request
  const scheme = ofSpec(spec, SPECS[spec].signing?.[algorithm], algorithm)
  const represent = ofSpec(spec, scheme.represent[messageType], `${algorithm} of ${messageType}`)
  return orUndefined(() => scheme.verify(material, represent(message, material), signature, messageType)) ?? false
}

/** Bytes of a DIGEST (ML-DSA: EXTERNAL_MU) for a signing algorithm; undefined when the algorithm takes none. */
export function digestLength(algorithm: string): number | undefined {
  return SIGNING_SCHEMES.get(algorithm)?.digestLength
}

/** HMAC_SHA_224 … HMAC_SHA_512: as many bytes as the digest has. Throws for another algorithm. */
export function mac(algorithm: string, material: SecretBytes, message: Buffer): Buffer {
  const scheme = MAC_SCHEMES.get(algorithm)
  if (!scheme) throw new TypeError(`no MAC algorithm \`${algorithm}\``)
  return scheme(material, message)
}

/**
 * ECDH: the X coordinate, at the full length of the field. Undefined when `peer` cannot be read as SPKI DER, is of
 * another curve or no point of it. Throws for specs without key agreement.
 */
export function deriveSharedSecret(spec: MaterialSpec, material: SecretBytes, peer: Buffer): Buffer | undefined {
  const agree = ofSpec(spec, SPECS[spec].agree, 'key agreement')
  return orUndefined(() => agree(material, peer))
}

/** RSAES_OAEP_SHA_1, RSAES_OAEP_SHA_256, SM2PKE. Throws for a plaintext above `longestPlaintext`. */
export function asymmetricEncrypt(
  spec: MaterialSpec,
  material: SecretBytes,
  algorithm: string,
  plaintext: Buffer,
): Buffer {
  const scheme = ofSpec(spec, SPECS[spec].encryption?.[algorithm], algorithm)
  if (plaintext.length > scheme.longestPlaintext) throw new RangeError(`${algorithm} cannot take so many bytes`)
  return scheme.encrypt(material, plaintext)
}

/** Undefined for whatever cannot be decrypted; every failure is alike. */
export function asymmetricDecrypt(
  spec: MaterialSpec,
  material: SecretBytes,
  algorithm: string,
  ciphertext: Buffer,
): Buffer | undefined {
  const scheme = ofSpec(spec, SPECS[spec].encryption?.[algorithm], algorithm)
  return orUndefined(() => scheme.decrypt(material, ciphertext))
}

/** Bytes; undefined when `spec` has no such algorithm. */
export function longestPlaintext(spec: MaterialSpec, algorithm: string): number | undefined {
  return SPECS[spec].encryption?.[algorithm]?.longestPlaintext
}

/** ML-KEM: a fresh 32-byte secret, and its ciphertext under the public key. Throws for other specs. */
export function encapsulate(
  spec: MaterialSpec,
  material: SecretBytes,
): { readonly ciphertext: Buffer; readonly sharedSecret: Buffer } {
  return ofSpec(spec, SPECS[spec].kem, 'key encapsulation').encapsulate(material)
}

/**
 * The 32 bytes of `encapsulate`. Undefined only for a ciphertext of the wrong length: for any other that was not made
 * for this key, ML-KEM answers a secret that nobody else has (FIPS 203, implicit rejection).
 */
export function decapsulate(spec: MaterialSpec, material: SecretBytes, ciphertext: Buffer): Buffer | undefined {
  const kem = ofSpec(spec, SPECS[spec].kem, 'key encapsulation')
  return orUndefined(() => kem.decapsulate(material, ciphertext))
}

function ofSpec<T>(spec: MaterialSpec, part: T | undefined, what: string): T {
  if (part === undefined) throw new TypeError(`key spec ${spec} has no ${what}`)
  return part
}

/** What libraries throw about bytes from outside says nothing that anybody may hear. */
function orUndefined<T>(compute: () => T | undefined): T | undefined {
  try {
    return compute()
  } catch {
    return undefined
  }
}
