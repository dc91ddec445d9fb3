import { createHmac } from 'node:crypto'
import { generateSecret, revealBytes, secretOf } from '../material.ts'
import type { SpecDescriptor } from './descriptor.ts'

/** Bytes that are the key themselves: exactly `length` of them. */
export function symmetric(length: number): SpecDescriptor {
  return {
    generate: () => generateSecret(length),
    accept: (bytes) => (bytes.length === length ? secretOf(bytes) : undefined),
  }
}

const LONGEST_HMAC_KEY = 128

/**
 * HMAC keys: AWS's own are as long as the digest, imported ones up to 128 bytes (facts: B12).
 * @param length bytes of the digest
 */
export function hmac(algorithm: string, hash: string, length: number): SpecDescriptor {
  return {
    generate: () => generateSecret(length),
    accept: (bytes) => (bytes.length >= length && bytes.length <= LONGEST_HMAC_KEY ? secretOf(bytes) : undefined),
    macs: {
      [algorithm]: (material, message) => createHmac(hash, revealBytes(material)).update(message).digest(),
    },
  }
}
