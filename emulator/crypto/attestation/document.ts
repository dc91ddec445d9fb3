import { readCbor } from './cbor.ts'
import { AttestationError, type Field } from './fault.ts'

/** What a document says, as yet unproven. */
export interface AttestationDocument {
  /** Where it comes from: a Nitro enclave, or an instance with a NitroTPM. */
  readonly platform: 'enclave' | 'tpm'
  /** `i-…-enc…`, `i-…-tpm…` */
  readonly moduleId: string
  /** Platform configuration registers by index, 0 to 31. */
  readonly pcrs: ReadonlyMap<number, Uint8Array>
  /** DER: the certificate of the key that signed, and its issuers from the root down. */
  readonly certificate: Uint8Array
  readonly cabundle: readonly Uint8Array[]
  /** DER; what answers are to be encrypted with. */
  readonly publicKey: Uint8Array | undefined
}

type Fields = ReadonlyMap<unknown, unknown>
type Check<T> = (value: unknown) => value is T

const MAX_U64 = 2n ** 64n - 1n
const PCR_LENGTHS: ReadonlySet<number> = new Set([32, 48, 64])

const isText: Check<string> = (value): value is string => typeof value === 'string' && value !== ''
const isDigest: Check<string> = (value): value is string => value === 'SHA384'
const isTimestamp: Check<number | bigint> = (value): value is number | bigint =>
  (Number.isInteger(value) && Number(value) > 0) || (typeof value === 'bigint' && value > 0n && value <= MAX_U64)
const isBytes =
  (least: number, most: number): Check<Uint8Array> =>
  (value): value is Uint8Array =>
    value instanceof Uint8Array && value.length >= least && value.length <= most
const isCertificate = isBytes(1, 1024)
const isBundle: Check<readonly Uint8Array[]> = (value): value is readonly Uint8Array[] =>
  Array.isArray(value) && value.length > 0 && value.every(isCertificate)
const isPcrs: Check<ReadonlyMap<number, Uint8Array>> = (value): value is ReadonlyMap<number, Uint8Array> =>
  value instanceof Map && value.size >= 1 && value.size <= 32 && [...value].every(isPcr)
const isPcr = ([index, content]: readonly [unknown, unknown]) =>
  Number.isInteger(index) &&
  Number(index) >= 0 &&
  Number(index) < 32 &&
  content instanceof Uint8Array &&
  PCR_LENGTHS.has(content.length)

const FIELDS: ReadonlySet<unknown> = new Set<Field>([
  'module_id',
  'digest',
  'timestamp',
  'pcrs',
  'nitrotpm_pcrs',
  'certificate',
  'cabundle',
  'public_key',
  'user_data',
  'nonce',
])

/**
 * Reads a payload and makes the checks that AWS publishes (NSM API, attestation process 3.2.2; for NitroTPM the EC2 user guide,
 * which differs in the name of `pcrs`). Throws AttestationError.
 */
export function readDocument(payload: Uint8Array): AttestationDocument {
  // Enclaves write the map with its length (2021) or with a mark at its end (2026).
  const fields = readCbor(payload, 'any')
  if (!(fields instanceof Map) || ![...fields.keys()].every((name) => FIELDS.has(name))) {
    throw new AttestationError('does not carry a map of the documented fields')
  }
  const moduleId = required(fields, 'module_id', isText)
  required(fields, 'digest', isDigest)
  required(fields, 'timestamp', isTimestamp)
  const tpm = fields.has('nitrotpm_pcrs') && !fields.has('pcrs')
  const pcrs = required(fields, tpm ? 'nitrotpm_pcrs' : 'pcrs', isPcrs)
  if (!tpm && fields.has('nitrotpm_pcrs')) throw new AttestationError('has a malformed nitrotpm_pcrs')
  const certificate = required(fields, 'certificate', isCertificate)
  const cabundle = required(fields, 'cabundle', isBundle)
  const publicKey = optional(fields, 'public_key', isBytes(1, 1024))
  optional(fields, 'user_data', isBytes(0, 512))
  optional(fields, 'nonce', isBytes(0, 512))
  return { platform: tpm ? 'tpm' : 'enclave', moduleId, pcrs, certificate, cabundle, publicKey }
}

function required<T>(fields: Fields, name: Field, check: Check<T>): T {
  const value = optional(fields, name, check)
  if (value === undefined) throw new AttestationError(`has no ${name}`)
  return value
}

/**
 * The published process allows no null, but enclaves write one for each optional field that they were given no value for
 * (test/crypto/attestations.json), and KMS takes such documents (recorded by github.com/yawn/ned).
 */
function optional<T>(fields: Fields, name: Field, check: Check<T>): T | undefined {
  const value = fields.get(name)
  if (value === undefined || value === null) return undefined
  if (!check(value)) throw new AttestationError(`has a malformed ${name}`)
  return value
}
