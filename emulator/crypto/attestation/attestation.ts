import { constants, createPublicKey, publicEncrypt, type KeyObject } from 'node:crypto'
import { trustedKey, type TrustedRoots } from './chain.ts'
import { isSignedBy, readCoseSign1 } from './cose.ts'
import { readDocument, type AttestationDocument } from './document.ts'
import { AttestationError } from './fault.ts'

/** A document that a trusted root stands behind, and the key that answers are to be encrypted with. */
export interface Attestation extends Pick<AttestationDocument, 'platform' | 'moduleId' | 'pcrs'> {
  readonly recipient: KeyObject
}

/** AWS documents RSA2048; its enclave SDK makes keys of these three sizes. */
const MODULUS_LENGTHS: ReadonlySet<number | undefined> = new Set([2048, 3072, 4096])

/**
 * Verifies an attestation document of a Nitro enclave or a NitroTPM by AWS's published process: COSE, contents, certificates,
 * signature. Its age is that of its certificate, which is valid for a few hours. The work is bounded, whatever the bytes.
 * @param now milliseconds since the epoch
 * Throws AttestationError.
 */
export function verifyAttestation(bytes: Uint8Array, roots: TrustedRoots, now: number): Attestation {
  const message = readCoseSign1(bytes)
  const document = readDocument(message.payload)
  const signer = trustedKey(document.certificate, document.cabundle, roots, now)
  if (!isSignedBy(message, signer)) throw new AttestationError('is not signed by its certificate')
  const { platform, moduleId, pcrs, publicKey } = document
  if (!publicKey) throw new AttestationError('has no public_key')
  return { platform, moduleId, pcrs, recipient: recipientKey(publicKey) }
}

/** SubjectPublicKeyInfo, the form that the enclave SDK's documentation asks for. */
function recipientKey(spki: Uint8Array): KeyObject {
  const key = readKey(spki)
  if (key?.asymmetricKeyType !== 'rsa' || !MODULUS_LENGTHS.has(key.asymmetricKeyDetails?.modulusLength)) {
    throw new AttestationError('has a public_key that is not an RSA key of 2048, 3072 or 4096 bits')
  }
  if (!encrypts(key)) throw new AttestationError('has a public_key that cannot encrypt')
  return key
}

/** OpenSSL reads numbers that are no RSA key: even ones, and exponents that encrypt nothing or take forever. */
function encrypts(key: KeyObject): boolean {
  const exponent = key.asymmetricKeyDetails?.publicExponent ?? 0n
  if (exponent < 3n || exponent % 2n === 0n || exponent >= LARGEST_EXPONENT) return false
  try {
    publicEncrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' }, Buffer.alloc(32))
    return true
  } catch {
    return false
  }
}

const LARGEST_EXPONENT = 2n ** 64n

function readKey(spki: Uint8Array): KeyObject | undefined {
  try {
    return createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' })
  } catch {
    return undefined
  }
}
