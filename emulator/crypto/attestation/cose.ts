import { verify, type KeyObject } from 'node:crypto'
import { encode } from 'cborg'
import { readCbor } from './cbor.ts'
import { AttestationError } from './fault.ts'

/** A COSE_Sign1 structure (RFC 9052, 4.2) whose signature has not been looked at yet. */
export interface CoseSign1 {
  /** The serialized header, which the signature covers. */
  readonly protected: Uint8Array
  readonly payload: Uint8Array
  /** r and s, 48 bytes each. */
  readonly signature: Uint8Array
}

/** CBOR tag 18, which may precede the structure. */
const TAG = 0xd2
const ALGORITHM = 1
const ES384 = -35
const MAX_PAYLOAD = 16_384
const SIGNATURE_LENGTH = 96
/** Payload, signature and the few bytes around them: what is longer need not be parsed. */
const MAX_STRUCTURE = MAX_PAYLOAD + 1024

/**
 * Reads the structure in the form AWS documents for attestation documents (NSM API, attestation process 3.1): ES384 as the one
 * protected header, no unprotected ones. Throws AttestationError.
 */
export function readCoseSign1(bytes: Uint8Array): CoseSign1 {
  const parts = bytes.length > MAX_STRUCTURE ? undefined : readCbor(bytes[0] === TAG ? bytes.subarray(1) : bytes)
  if (!Array.isArray(parts) || parts.length !== 4) throw new AttestationError('is not a COSE_Sign1 structure in CBOR')
  const [header, unprotected, payload, signature] = parts as readonly unknown[]
  if (!(header instanceof Uint8Array && unprotected instanceof Map && unprotected.size === 0)) {
    throw new AttestationError('is not a COSE_Sign1 structure in CBOR')
  }
  if (!saysEs384(header)) throw new AttestationError('is not signed with ES384')
  if (!(payload instanceof Uint8Array) || payload.length === 0 || payload.length > MAX_PAYLOAD) {
    throw new AttestationError('has no payload of 1 to 16384 bytes')
  }
  if (!(signature instanceof Uint8Array) || signature.length !== SIGNATURE_LENGTH) {
    throw new AttestationError('has no signature of 96 bytes')
  }
  return { protected: header, payload, signature }
}

function saysEs384(header: Uint8Array): boolean {
  const map = readCbor(header)
  return map instanceof Map && map.size === 1 && map.get(ALGORITHM) === ES384
}

/** Whether the signature is that of a P-384 key (RFC 9052, 4.4). */
export function isSignedBy(message: CoseSign1, key: KeyObject): boolean {
  const signed = encode(['Signature1', message.protected, new Uint8Array(0), message.payload])
  return verify('sha384', signed, { key, dsaEncoding: 'ieee-p1363' }, message.signature)
}
