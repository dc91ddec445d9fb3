import type { KeyObject } from 'node:crypto'
import { AttestationError } from './fault.ts'
import { readCertificate, type Certificate } from './x509.ts'

/** Root certificates that attestation documents may chain to, DER. */
export type TrustedRoots = readonly Buffer[]

/** ecdsa-with-SHA384 (RFC 5758). */
const ECDSA_SHA384 = '2a8648ce3d040303'

/**
 * Follows a chain from a trusted root down to the certificate that signed a document (NSM API, attestation process 3.2.3 and 3.2.4;
 * revocation is not looked at there either). Throws AttestationError.
 * @param bundle root first, as documents have it
 * @param now milliseconds since the epoch
 * @returns the key of `certificate`, on P-384
 */
export function trustedKey(
  certificate: Uint8Array,
  bundle: readonly Uint8Array[],
  roots: TrustedRoots,
  now: number,
): KeyObject {
  const [root] = bundle
  if (!root || !roots.some((trusted) => trusted.equals(root))) {
    throw new AttestationError('does not chain to a trusted root certificate')
  }
  const chain = [...bundle, certificate].map(read)
  const last = chain.length - 1
  let issuer: Certificate | undefined
  for (const [index, each] of chain.entries()) {
    requireValid(each, now)
    if (index === last) requireLeaf(each)
    else requireAuthority(each, last - index - 1)
    if (issuer) requireIssued(each, issuer)
    issuer = each
  }
  if (!issuer) throw new Error('INVARIANT: a chain has a last certificate')
  return issuer.x509.publicKey
}

function read(bytes: Uint8Array): Certificate {
  const certificate = readCertificate(Buffer.from(bytes))
  if (!certificate) throw new AttestationError('carries a certificate that cannot be read')
  return certificate
}

function requireValid({ notBefore, notAfter }: Certificate, now: number): void {
  // Certificates count whole seconds, and the last one is part of their time (RFC 5280, 4.1.2.5).
  if (now < notBefore || now >= notAfter + 1000) {
    throw new AttestationError('carries a certificate that is expired or not yet valid')
  }
}

const misplaced = () => new AttestationError('carries a certificate that may not be used in its place')

function requireLeaf(leaf: Certificate): void {
  const { authority, pathLength, usage, unknownCritical } = leaf
  if (authority || pathLength !== undefined || !usage.digitalSignature || unknownCritical) throw misplaced()
  if (!isOnP384(leaf)) throw misplaced()
}

/** @param below how many authorities follow it */
function requireAuthority(certificate: Certificate, below: number): void {
  if (!isAuthority(certificate) || below > (certificate.pathLength ?? Infinity)) throw misplaced()
}

function requireIssued(certificate: Certificate, issuer: Certificate): void {
  const { x509, signedWith } = certificate
  if (signedWith !== ECDSA_SHA384 || !x509.checkIssued(issuer.x509) || !x509.verify(issuer.x509.publicKey)) {
    throw new AttestationError('carries a certificate that its issuer did not sign')
  }
}

/** Whether it may sign certificates, with the only kind of key that the Nitro attestation PKI has. */
export function isAuthority(certificate: Certificate): boolean {
  return certificate.authority && certificate.usage.keyCertSign && !certificate.unknownCritical && isOnP384(certificate)
}

function isOnP384({ x509 }: Certificate): boolean {
  try {
    return x509.publicKey.asymmetricKeyDetails?.namedCurve === 'secp384r1'
  } catch {
    // A key that OpenSSL cannot read.
    return false
  }
}
