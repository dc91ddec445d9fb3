import { parseBlob, type ParsedBlob } from '../../../crypto/envelope.ts'
import { revealBytes, secretOf } from '../../../crypto/material.ts'
import type { EncryptionContext, SecretBytes } from '../../../crypto/types.ts'
import { BoundedMap } from '../../../lib/boundedMap.ts'

/** A ciphertext, and what came out of it under one material in one context. */
interface Opened {
  readonly bytes: Buffer
  readonly blob: ParsedBlob
  readonly material: SecretBytes
  readonly context: EncryptionContext
  readonly plaintext: SecretBytes
}

/** Each takes some 600 bytes. */
const MOST = 1000
const MOST_ONCE = 10_000
/** Data keys, and not what somebody keeps under a KMS key itself. */
const LONGEST = 64
const TAG_LENGTH = 16

/**
 * Data keys that were opened lately, in memory only. A ciphertext has one plaintext under one material in one context, and an object is
 * often read many times: S3 asks at each read, everything that decides is asked again, and the arithmetic alone, a tenth of a small
 * read, is spared (docs/speed.md). The one opened first goes first.
 */
export class OpenedKeys {
  readonly #opened = new BoundedMap<Opened>(MOST)
  /** Those that were opened once: many are never opened again. */
  readonly #once = new BoundedMap<true>(MOST_ONCE)

  /** A ciphertext of which the very same bytes have been taken apart before. */
  parsed(bytes: Buffer): ParsedBlob | undefined {
    const opened = this.#opened.get(nameOf(bytes))
    return opened?.bytes.equals(bytes) === true ? opened.blob : undefined
  }

  /** A copy of the plaintext of a ciphertext that `parsed` has answered; undefined when this material or context is another. */
  plaintext(blob: ParsedBlob, material: SecretBytes, context: EncryptionContext): Buffer | undefined {
    const opened = this.#opened.get(nameOf(blob.tag))
    if (opened?.blob !== blob || opened.material !== material || !isSame(opened.context, context)) return undefined
    return Buffer.from(revealBytes(opened.plaintext))
  }

  /** @param sealed a ciphertext that has just been opened; it is kept from the second time on */
  keep(sealed: Buffer, material: SecretBytes, context: EncryptionContext, plaintext: Buffer): void {
    const name = nameOf(sealed)
    if (!this.#once.delete(name)) {
      this.#once.put(name, true)
      return
    }
    // Of its own, for what came with a request keeps the whole request in memory.
    const bytes = Buffer.allocUnsafeSlow(sealed.length)
    sealed.copy(bytes)
    const blob = parseBlob(bytes)
    if (blob?.kind !== 'dataKey' || plaintext.length > LONGEST) return
    this.#opened.put(name, { bytes, blob, material, context: { ...context }, plaintext: secretOf(plaintext) })
  }

  clear(): void {
    this.#once.clear()
    this.#opened.clear()
  }
}

/** The tag at the end tells ciphertexts apart; that it is the same does not yet make them the same. */
const nameOf = (bytes: Buffer): string => bytes.toString('latin1', bytes.length - TAG_LENGTH)

function isSame(one: EncryptionContext, other: EncryptionContext): boolean {
  const keys = Object.keys(one)
  return keys.length === Object.keys(other).length && keys.every((key) => one[key] === other[key])
}
