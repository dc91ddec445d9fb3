import type { DryRunModifierType, EncryptionAlgorithmSpec } from '@aws-sdk/client-kms'
import { openBlob, sealBlob, type BlobKind } from '../../../crypto/envelope.ts'
import type { EncryptionContext } from '../../../crypto/types.ts'
import { asymmetricDecrypt, asymmetricEncrypt, longestPlaintext } from '../../../crypto/keyMaterial.ts'
import { parseArn } from '../../../lib/arn.ts'
import { incorrectKey, invalidCiphertext, validation } from '../errors.ts'
import { isSymmetricEncryption } from '../keySpecs.ts'
import { openInStore, readBlob, sealInStore, type AnyBlob } from '../keyStores/cipher.ts'
import type { KeyRecord, KmsCall } from '../state.ts'
import { ciphertextMissing, keyIdMissing, modifiersNeedDryRun } from '../unsourced.ts'
import { currentMaterial, materialFor } from './material.ts'
import { KEY_PREFIX } from './names.ts'
import { resolveKey, resolveMaterial, targetOf, unknownCiphertextKey, type Target } from './resolve.ts'
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
  /** As it was sent; undefined when it need not be looked at (`ignored`). */
  readonly bytes: Buffer | undefined
  /** What a symmetric ciphertext says; undefined when it cannot be read. */
  readonly blob: AnyBlob | undefined
  /** A dry run that leaves the ciphertext out of account. */
  readonly ignored: boolean
  /** The request names a relative in another Region, which cannot open it here. */
  readonly misnamed?: boolean
}

/**
 * Finds the key of a ciphertext: the one that is named, or else the one whose material it was made with (facts: B6). What cannot be
 * read and names no key is refused before anybody is authorized.
 */
export function findSealed(input: CiphertextInput, call: KmsCall): Sealed {
  const ignored = input.modifiers?.includes('IGNORE_CIPHERTEXT') === true
  if (ignored && input.dryRun !== true) throw modifiersNeedDryRun()
  if (!input.blob && !ignored) throw ciphertextMissing()
  const symmetric = (input.algorithm ?? SYMMETRIC) === SYMMETRIC
  if (input.keyId === undefined && (ignored || !symmetric)) throw keyIdMissing()

  const bytes = input.blob && !ignored ? bufferOf(input.blob) : undefined
  const blob = bytes && symmetric ? partsOf(bytes, call) : undefined
  if (input.keyId !== undefined) {
    const relative = symmetric && !ignored ? relativeElsewhere(input.keyId, call) : undefined
    if (relative) return { target: relative, bytes, blob, ignored, misnamed: true }
    return { target: resolveKey(input.keyId, call), bytes, blob, ignored }
  }
  if (!blob) throw invalidCiphertext()
  return { target: resolveMaterial(blob.materialId, call) ?? unknownCiphertextKey(call), bytes, blob, ignored }
}

const partsOf = (bytes: Buffer, call: KmsCall) => call.state.opened.parsed(bytes) ?? readBlob(bytes)

/**
 * This Region's key, where the request names a relative of it in another Region: another key, although its material is the same
 * (facts: B6). Recorded is how that is refused, not whether the caller's permission on this Region's key is asked for first.
 */
function relativeElsewhere(text: string, call: KmsCall): Target | undefined {
  const arn = parseArn(text)
  if (arn?.service !== 'kms' || arn.region === call.region || !arn.resource.startsWith(KEY_PREFIX)) return undefined
  const key = call.state.keys.in(arn.account, call.region).get(arn.resource.slice(KEY_PREFIX.length))
  return key?.multiRegion === true ? targetOf(key) : undefined
}

/** What an algorithm is when none is named. */
export const SYMMETRIC = 'SYMMETRIC_DEFAULT'

/** A plaintext under a key. */
export interface SealedUnder {
  readonly blob: Buffer
  /** Only symmetric keys tell which of their materials was used (facts: B6). */
  readonly materialId: string | undefined
}

/** What is to be encrypted, and how. */
export interface SealRequest {
  readonly kind: BlobKind
  readonly algorithm: EncryptionAlgorithmSpec
  readonly context: EncryptionContext
  readonly plaintext: Buffer
}

/** Throws ValidationException for what a key of this kind cannot encrypt (facts: B6). */
export function requireSealable(
  key: KeyRecord,
  { algorithm, context, plaintext }: Pick<SealRequest, 'algorithm' | 'context' | 'plaintext'>,
): void {
  if (isSymmetricEncryption(key)) return
  requireNoContext(context)
  const longest = longestPlaintext(key.spec, algorithm)
  if (longest === undefined || plaintext.length <= longest) return
  throw validation(
    `Algorithm ${algorithm} and key spec ${key.spec} cannot encrypt data larger than ${String(longest)} bytes.`,
  )
}

/** An empty context is as good as none (facts: B6). */
function requireNoContext(context: EncryptionContext): void {
  if (Object.keys(context).length === 0) return
  throw validation('EncryptionContext is not supported when encrypting/decrypting with asymmetric CMKs.')
}

/**
 * Encrypts under a key that admits the algorithm: what Encrypt, ReEncrypt and the data key operations have in common. A promise only
 * where the key's kind makes one wait.
 */
export function sealUnder(key: KeyRecord, request: SealRequest, call: KmsCall): SealedUnder | Promise<SealedUnder> {
  const { kind, algorithm, context, plaintext } = request
  const { id: materialId, secret: material } = currentMaterial(key, call.state)
  if (isSymmetricEncryption(key)) {
    const sealed = { blob: sealBlob({ kind, materialId, material, context, plaintext }), materialId }
    return key.customKeyStoreId === undefined ? sealed : sealInStore(key, sealed, request, call)
  }
  requireSealable(key, request)
  return { blob: asymmetricEncrypt(key.spec, material, algorithm, plaintext), materialId: undefined }
}

/** The plaintext of a ciphertext, which is undefined when a dry run ignores it. Every failure of decryption looks alike. */
export function unseal(
  sealed: Sealed,
  key: KeyRecord,
  algorithm: EncryptionAlgorithmSpec | undefined,
  context: EncryptionContext,
  call: KmsCall,
): Buffer | undefined | Promise<Buffer | undefined> {
  if (sealed.misnamed === true || key.usage !== 'ENCRYPT_DECRYPT') throw incorrectKey()
  const open = isSymmetricEncryption(key) ? openSymmetric : openAsymmetric
  const plaintext = open(sealed, key, algorithm ?? SYMMETRIC, context, call)
  if (!plaintext && !sealed.ignored) throw invalidCiphertext()
  return plaintext
}

type Open = (
  sealed: Sealed,
  key: KeyRecord,
  algorithm: EncryptionAlgorithmSpec,
  context: EncryptionContext,
  call: KmsCall,
) => Buffer | undefined | Promise<Buffer>

const openSymmetric: Open = ({ bytes, blob }, key, algorithm, context, call) => {
  requireAlgorithm(key, algorithm)
  const material = blob && materialFor(key, blob.materialId, call.state)
  if (material === 'another key') throw incorrectKey()
  if (!blob || !material) return undefined
  if (key.customKeyStoreId !== undefined) return openInStore(key, blob, material, context, call)
  if (!bytes || 'outer' in blob) return undefined
  const { opened } = call.state
  const known = opened.plaintext(blob, material, context)
  if (known) return known
  const plaintext = openBlob(blob, material, context)
  if (plaintext && blob.kind === 'dataKey') opened.keep(bytes, material, context, plaintext)
  return plaintext
}

const openAsymmetric: Open = ({ bytes, blob }, key, algorithm, context, call) => {
  if (bytes && algorithm === SYMMETRIC) {
    // To the default algorithm, a ciphertext of the key pair is none (facts: B6); one of a symmetric key brings the wrong key.
    throw blob && materialFor(key, blob.materialId, call.state) ? incorrectKey() : invalidCiphertext()
  }
  requireAlgorithm(key, algorithm)
  requireNoContext(context)
  return bytes && asymmetricDecrypt(key.spec, currentMaterial(key, call.state).secret, algorithm, bytes)
}

/** The same bytes as a Buffer, without copying. */
export const bufferOf = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
