/** Why a document is refused: the end of a sentence that begins with "the attestation document". */
export type AttestationFault =
  | 'is not a COSE_Sign1 structure in CBOR'
  | 'is not signed with ES384'
  | 'has no payload of 1 to 16384 bytes'
  | 'has no signature of 96 bytes'
  | 'does not carry a map of the documented fields'
  | `has no ${Field}`
  | `has a malformed ${Field}`
  | 'carries a certificate that cannot be read'
  | 'does not chain to a trusted root certificate'
  | 'carries a certificate that is expired or not yet valid'
  | 'carries a certificate that may not be used in its place'
  | 'carries a certificate that its issuer did not sign'
  | 'is not signed by its certificate'
  | 'has a public_key that is not an RSA key of 2048, 3072 or 4096 bits'
  | 'has a public_key that cannot encrypt'

/** The fields of an attestation document: enclaves have `pcrs`, instances with a NitroTPM `nitrotpm_pcrs`. */
export type Field =
  | 'module_id'
  | 'digest'
  | 'timestamp'
  | 'pcrs'
  | 'nitrotpm_pcrs'
  | 'certificate'
  | 'cabundle'
  | 'public_key'
  | 'user_data'
  | 'nonce'

/** A document that proves nothing. */
export class AttestationError extends Error {
  readonly because: AttestationFault

  constructor(because: AttestationFault) {
    super(`the attestation document ${because}`)
    this.because = because
  }
}
