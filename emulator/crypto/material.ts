import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { inspect } from 'node:util'
import type { SecretBytes } from './types.ts'

/** Reads the private bytes; assigned once by the class below, so that nothing else in the program can. */
let read: (secret: Secret) => Buffer
let isSecret: (value: object) => value is Secret

class Secret implements SecretBytes {
  readonly #bytes: Buffer

  static {
    read = (secret) => secret.#bytes
    isSecret = (value): value is Secret => #bytes in value
  }

  constructor(bytes: Buffer) {
    this.#bytes = bytes
    Object.freeze(this)
  }

  get length(): number {
    return this.#bytes.length
  }

  equals(other: SecretBytes): boolean {
    const theirs = revealBytes(other)
    return theirs.length === this.#bytes.length && timingSafeEqual(theirs, this.#bytes)
  }

  toString(): string {
    return `SecretBytes(${String(this.#bytes.length)})`
  }

  [inspect.custom](): string {
    return this.toString()
  }
}

/** Takes a copy of `bytes`; the caller may clear its own afterwards. */
export function secretOf(bytes: Buffer): SecretBytes {
  const own = Buffer.allocUnsafeSlow(bytes.length)
  bytes.copy(own)
  return new Secret(own)
}

/** The same for bytes that nobody else needs: they are cleared. */
export function takeOver(bytes: Uint8Array): SecretBytes {
  const secret = secretOf(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
  bytes.fill(0)
  return secret
}

/** `length` fresh bytes from the operating system's generator. */
export function generateSecret(length: number): SecretBytes {
  return new Secret(randomBytes(length))
}

/** 32 bytes that follow from a secret, for one purpose: what is encrypted under them tells nothing of the secret. */
export function derivedSecret(secret: SecretBytes, purpose: string): SecretBytes {
  return new Secret(createHmac('sha256', revealBytes(secret)).update(purpose).digest())
}

/**
 * The bytes themselves, not a copy: they must not be changed, kept or logged.
 * Throws a TypeError for a look-alike that no function of this file made.
 */
export function revealBytes(secret: SecretBytes): Buffer {
  if (!isSecret(secret)) throw new TypeError('not a secret made by crypto/material')
  return read(secret)
}

/** Base64, for the state file only (collections marked `secret`). */
export function toStored(secret: SecretBytes): string {
  return revealBytes(secret).toString('base64')
}

/** The inverse of `toStored`. Throws a RangeError, without quoting it, when `text` is not what `toStored` wrote. */
export function fromStored(text: string): SecretBytes {
  const bytes = Buffer.from(text, 'base64')
  if (bytes.toString('base64') !== text) throw new RangeError('stored secret is not base64')
  return new Secret(bytes)
}
