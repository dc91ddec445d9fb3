import { createDecipheriv } from 'node:crypto'
import { acceptMaterial, asymmetricDecrypt } from './keyMaterial.ts'
import type { MaterialSpec } from './keyMaterial.ts'
import type { SecretBytes } from './types.ts'

/**
 * How imported key material travels (facts: B12): either RSA-OAEP of the material itself, or RSA-OAEP of an AES-256 key followed by
 * the material under that key by AES key wrap with padding (RFC 5649). In China Regions SM2 stands beside RSA.
 */
interface WrapFacts {
  readonly encryption: 'RSAES_OAEP_SHA_1' | 'RSAES_OAEP_SHA_256' | 'SM2PKE'
  /** The RSA part carries the key that wraps the material, instead of the material. */
  readonly hybrid: boolean
}

export type WrapAlgorithm =
  'RSAES_OAEP_SHA_1' | 'RSAES_OAEP_SHA_256' | 'RSA_AES_KEY_WRAP_SHA_1' | 'RSA_AES_KEY_WRAP_SHA_256' | 'SM2PKE'

export const WRAP_ALGORITHMS: Readonly<Record<WrapAlgorithm, WrapFacts>> = {
  RSAES_OAEP_SHA_1: { encryption: 'RSAES_OAEP_SHA_1', hybrid: false },
  RSAES_OAEP_SHA_256: { encryption: 'RSAES_OAEP_SHA_256', hybrid: false },
  RSA_AES_KEY_WRAP_SHA_1: { encryption: 'RSAES_OAEP_SHA_1', hybrid: true },
  RSA_AES_KEY_WRAP_SHA_256: { encryption: 'RSAES_OAEP_SHA_256', hybrid: true },
  SM2PKE: { encryption: 'SM2PKE', hybrid: false },
}

export type WrappingKeySpec = 'RSA_2048' | 'RSA_3072' | 'RSA_4096' | 'SM2'

/** Bytes of the RSA part; SM2 has no hybrid algorithm. */
const MODULUS_LENGTHS: Readonly<Record<WrappingKeySpec, number>> = {
  RSA_2048: 256,
  RSA_3072: 384,
  RSA_4096: 512,
  SM2: 0,
}

/** Says how something is wrapped, and opens it. */
export interface Wrapping {
  readonly algorithm: WrapAlgorithm
  readonly keySpec: WrappingKeySpec
  /** As `generateMaterial` makes it for the key spec. */
  readonly privateKey: SecretBytes
}

/**
 * Key material of a spec that came wrapped, or undefined whatever is wrong with it.
 * @param wrapped RSA ciphertext of the modulus's length; with the hybrid algorithms the wrapped material follows
 */
export function unwrapMaterial(spec: MaterialSpec, wrapping: Wrapping, wrapped: Buffer): SecretBytes | undefined {
  const bytes = unwrap(wrapping, wrapped)
  if (!bytes) return undefined
  const material = acceptMaterial(spec, bytes)
  bytes.fill(0)
  return material
}

function unwrap({ algorithm, keySpec, privateKey }: Wrapping, wrapped: Buffer): Buffer | undefined {
  const { encryption, hybrid } = WRAP_ALGORITHMS[algorithm]
  if (!hybrid) return asymmetricDecrypt(keySpec, privateKey, encryption, wrapped)
  const rsaPart = wrapped.subarray(0, MODULUS_LENGTHS[keySpec])
  const key = asymmetricDecrypt(keySpec, privateKey, encryption, rsaPart)
  if (!key) return undefined
  const bytes = unwrapAes(key, wrapped.subarray(rsaPart.length))
  key.fill(0)
  return bytes
}

const KEY_WRAP = 'id-aes256-wrap-pad'
const AES_KEY_LENGTH = 32
/** The alternative initial value of RFC 5649. */
const INITIAL_VALUE = Buffer.from('a65959a6', 'hex')

function unwrapAes(key: Buffer, wrapped: Buffer): Buffer | undefined {
  if (key.length !== AES_KEY_LENGTH) return undefined
  try {
    const decipher = createDecipheriv(KEY_WRAP, key, INITIAL_VALUE)
    return Buffer.concat([decipher.update(wrapped), decipher.final()])
  } catch {
    return undefined
  }
}
