import type { Waiter } from '../../lib/turns.ts'
import type { SecretBytes } from '../types.ts'

export type MessageType = 'RAW' | 'DIGEST' | 'EXTERNAL_MU'

/**
 * One signing algorithm of one key spec. What is signed is a *representative* of the message: its digest, the message
 * itself or ML-DSA's mu. The message types that an algorithm takes are the keys of `represent`.
 */
export interface SigningScheme {
  /** Bytes of a message that comes as DIGEST or EXTERNAL_MU; undefined when the algorithm takes neither. */
  readonly digestLength?: number
  readonly represent: Readonly<Partial<Record<MessageType, (message: Buffer, material: SecretBytes) => Buffer>>>
  readonly sign: (material: SecretBytes, representative: Buffer, type: MessageType) => Buffer
  /** May throw for a signature that cannot be read. */
  readonly verify: (material: SecretBytes, representative: Buffer, signature: Buffer, type: MessageType) => boolean
}

export interface EncryptionScheme {
  /** Bytes. */
  readonly longestPlaintext: number
  readonly encrypt: (material: SecretBytes, plaintext: Buffer) => Buffer
  /** Undefined, or an exception, for whatever cannot be decrypted. */
  readonly decrypt: (material: SecretBytes, ciphertext: Buffer) => Buffer | undefined
}

export type MacScheme = (material: SecretBytes, message: Buffer) => Buffer

export interface Kem {
  readonly encapsulate: (material: SecretBytes) => { readonly ciphertext: Buffer; readonly sharedSecret: Buffer }
  readonly decapsulate: (material: SecretBytes, ciphertext: Buffer) => Buffer | undefined
}

/** Everything that depends on a key spec. Algorithms have the names of the KMS API. */
export interface SpecDescriptor {
  /** @param waiter who takes turns with others where it takes long */
  readonly generate: (waiter: Waiter) => SecretBytes | Promise<SecretBytes>
  /** May throw for bytes that are not acceptable. */
  readonly accept: (bytes: Buffer) => SecretBytes | undefined
  readonly publicKey?: (material: SecretBytes) => Buffer
  readonly signing?: Readonly<Record<string, SigningScheme>>
  readonly encryption?: Readonly<Record<string, EncryptionScheme>>
  readonly macs?: Readonly<Record<string, MacScheme>>
  /** May throw for a peer whose key cannot be read. */
  readonly agree?: (material: SecretBytes, peer: Buffer) => Buffer | undefined
  readonly kem?: Kem
}

/** A message that must have an exact length. Throws a RangeError for another one. */
export const ofLength = (length: number) => (message: Buffer) => {
  if (message.length !== length) throw new RangeError(`expected ${length} bytes, got ${message.length}`)
  return message
}

/**
 * `compute`, once per material: parsed keys and public keys live as long as the material does.
 * The results are shared; nobody may change them.
 */
export function perMaterial<T extends object>(compute: (material: SecretBytes) => T): (material: SecretBytes) => T {
  const known = new WeakMap<SecretBytes, T>()
  return (material) => {
    const found = known.get(material)
    if (found) return found
    const computed = compute(material)
    known.set(material, computed)
    return computed
  }
}
