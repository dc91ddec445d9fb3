import type { DryRunModifierType, EncryptionAlgorithmSpec } from '@aws-sdk/client-kms'
import { openBlob, parseBlob, sealBlob, type BlobKind, type ParsedBlob } from '../../../crypto/envelope.ts'
import type { EncryptionContext } from '../../../crypto/types.ts'
import { incorrectKey, invalidCiphertext } from '../errors.ts'
import type { KeyRecord, KmsCall } from '../state.ts'
import { ciphertextMissing, keyIdMissing, modifiersNeedDryRun } from '../unsourced.ts'
import { currentMaterial, materialFor } from './material.ts'
import { resolveKey, resolveMaterial, unknownCiphertextKey, type Target } from './resolve.ts'
import { requireAlgorithm } from './use.ts'

/** What Decrypt and ReEncrypt say about the ciphertext they bring. */
export interface CiphertextInput {
  readonly blob: Uint8Array | undefined
  readonly keyId: string | undefined
  readonly algorithm: EncryptionAlgorithmSpec | undefined
  readonly dryRun: boolean | undefined
  readonly modifiers: readonly DryRunModifierType[] | undefined
}

/** A ciphertext and the key it is to be opened with. */
export interface Sealed {
  readonly target: Target
  /** Undefined when it cannot be read, or need not be (`ignored`). */
  readonly blob: ParsedBlob | undefined
  /** A dry run that leaves the ciphertext out of account. */
  readonly ignored: boolean
}

/**
 * Finds the key of a ciphertext: the one that is named, or else the one whose material it was made with (facts: B6). What cannot be
 * read and names no key is refused before anybody is authorized.
 */
export function findSealed(input: CiphertextInput, call: KmsCall): Sealed {
  const ignored = input.modifiers?.includes('IGNORE_CIPHERTEXT') === true
  if (ignored && input.dryRun !== true) throw modifiersNeedDryRun()
  if (!input.blob && !ignored) throw ciphertextMissing()
  if (input.keyId === undefined && (ignored || !isSymmetric(input.algorithm))) throw keyIdMissing()

  const blob = input.blob && !ignored ? parseBlob(bufferOf(input.blob)) : undefined
  if (input.keyId !== undefined) return { target: resolveKey(input.keyId, call), blob, ignored }
  if (!blob) throw invalidCiphertext()
  return { target: resolveMaterial(blob.materialId, call) ?? unknownCiphertextKey(call), blob, ignored }
}

const isSymmetric = (algorithm: EncryptionAlgorithmSpec | undefined) =>
  algorithm === undefined || algorithm === 'SYMMETRIC_DEFAULT'

/** A plaintext under a key. */
export interface SealedUnder {
  readonly blob: Buffer
  /** Only symmetric keys tell which of their materials was used (facts: B6). */
  readonly materialId: string | undefined
}

/**
 * Encrypts under a key that admits the algorithm: what Encrypt, ReEncrypt and the data key operations have in common. A promise only
 * where the key's kind makes one wait.
 */
export function sealUnder(
  key: KeyRecord,
  request: {
    readonly kind: BlobKind
    readonly algorithm: EncryptionAlgorithmSpec
    readonly context: EncryptionContext
    readonly plaintext: Buffer
  },
  call: KmsCall,
): SealedUnder | Promise<SealedUnder> {
  const { kind, context, plaintext } = request
  const { id: materialId, secret: material } = currentMaterial(key, call.state)
  return { blob: sealBlob({ kind, materialId, material, context, plaintext }), materialId }
}

/** The plaintext of a ciphertext, which is undefined when a dry run ignores it. Every failure of decryption looks alike. */
export function unseal(
  { blob, ignored }: Sealed,
  key: KeyRecord,
  algorithm: EncryptionAlgorithmSpec | undefined,
  context: EncryptionContext,
  call: KmsCall,
): Buffer | undefined | Promise<Buffer | undefined> {
  if (key.usage !== 'ENCRYPT_DECRYPT') throw incorrectKey()
  requireAlgorithm(key, algorithm)
  if (ignored) return undefined
  const material = blob && materialFor(key, blob.materialId, call.state)
  if (material === 'another key') throw incorrectKey()
  const plaintext = blob && material && openBlob(blob, material, context)
  if (!plaintext) throw invalidCiphertext()
  return plaintext
}

/** The same bytes as a Buffer, without copying. */
export const bufferOf = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
