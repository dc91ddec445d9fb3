import { IV_LENGTHS, MOST_METADATA, type ExternalCiphertext } from '../../../crypto/externalEnvelope.ts'
import { PROXY_ERRORS, XksFailure, type XksFault } from './failures.ts'
import type { ProxyAnswer } from './transport.ts'

/** Members of a JSON object, not yet believed. */
type Members = Readonly<Record<string, unknown>>

/** GetKeyMetadata: what an external key is. */
export interface ExternalKeyMetadata {
  readonly keySpec: string
  readonly keyUsage: readonly string[]
  readonly keyStatus: string
}

const malformed = () => new XksFailure('malformed')

/** The body of a successful answer. Throws XksFailure for a refusal, and for what is no answer at all. */
export function bodyOf({ status, body }: ProxyAnswer): Members {
  const members = parse(body)
  if (status === 200) return members
  throw new XksFailure(refusalOf(members))
}

function parse(body: Buffer): Members {
  let value: unknown
  try {
    value = JSON.parse(body.toString('utf8'))
  } catch {
    throw malformed()
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed()
  return value as Members
}

/** AWS goes by the name of the error, not by the status (proxy API specification, Error codes). */
function refusalOf({ errorName }: Members): XksFault {
  if (typeof errorName !== 'string' || !Object.hasOwn(PROXY_ERRORS, errorName)) return 'malformed'
  return PROXY_ERRORS[errorName] ?? 'malformed'
}

function text(members: Members, name: string): string {
  const value = members[name]
  if (typeof value !== 'string') throw malformed()
  return value
}

/** Base64 without anything that decoders merely tolerate. */
function bytes(members: Members, name: string): Buffer {
  const value = text(members, name)
  const decoded = Buffer.from(value, 'base64')
  if (decoded.toString('base64') !== value) throw malformed()
  return decoded
}

/** A word that KMS may repeat in its own answers. */
function word(value: unknown): value is string {
  return typeof value === 'string' && /^[\w.-]{1,64}$/.test(value)
}

export function readKeyMetadata(members: Members): ExternalKeyMetadata {
  const { keySpec, keyUsage, keyStatus } = members
  const isUsage = Array.isArray(keyUsage) && keyUsage.length <= 10 && keyUsage.every(word)
  if (!isUsage || !word(keySpec) || !word(keyStatus)) throw malformed()
  return { keySpec, keyUsage, keyStatus }
}

/** @param plaintextLength AES-GCM makes nothing longer or shorter */
export function readEncryption(members: Members, plaintextLength: number): ExternalCiphertext {
  const ciphertext = bytes(members, 'ciphertext')
  const initializationVector = bytes(members, 'initializationVector')
  const authenticationTag = bytes(members, 'authenticationTag')
  const ciphertextMetadata =
    members['ciphertextMetadata'] === undefined ? Buffer.alloc(0) : bytes(members, 'ciphertextMetadata')
  if (
    ciphertext.length !== plaintextLength ||
    !IV_LENGTHS.includes(initializationVector.length) ||
    authenticationTag.length !== 16 ||
    ciphertextMetadata.length > MOST_METADATA
  )
    throw malformed()
  return { ciphertext, initializationVector, authenticationTag, ciphertextMetadata }
}

/** The hash that proves that what arrived is what the proxy has tried (proxy API specification, Appendix C). */
export const readIntegrityValue = (members: Members): Buffer => bytes(members, 'ciphertextDataIntegrityValue')

export function readDecryption(members: Members, ciphertextLength: number): Buffer {
  const plaintext = bytes(members, 'plaintext')
  if (plaintext.length !== ciphertextLength) throw malformed()
  return plaintext
}

const HEALTH: readonly unknown[] = ['ACTIVE', 'DEGRADED', 'UNAVAILABLE']

/** Throws XksFailure unless some external key manager can serve. */
export function requireHealthy(members: Members): void {
  for (const name of ['xksProxyVendor', 'xksProxyModel', 'ekmVendor']) text(members, name)
  const size = members['xksProxyFleetSize']
  if (!Number.isInteger(size) || (size as number) < 1) throw malformed()
  const fleet: unknown = members['ekmFleetDetails']
  if (!Array.isArray(fleet) || fleet.length < 1 || fleet.length > 10) throw malformed()
  const statuses = fleet.map(healthOf)
  if (statuses.every((status) => status === 'UNAVAILABLE')) throw new XksFailure('unhealthy')
}

function healthOf(entry: unknown): unknown {
  if (typeof entry !== 'object' || entry === null) throw malformed()
  const members = entry as Members
  text(members, 'id')
  text(members, 'model')
  const status = members['healthStatus']
  if (!HEALTH.includes(status)) throw malformed()
  return status
}
