import { createHmac } from 'node:crypto'
import { hmacSha256Into } from '../lib/hmac.ts'
import { KEY_LENGTH, NONCE_LENGTH, TAG_LENGTH, open, seal } from './aead.ts'
import { encodeContext } from './context.ts'
import { der, derHead, readDer } from './der.ts'
import type { DerSpan } from './der.ts'
import { revealBytes } from './material.ts'
import { fillRandom } from './random.ts'
import type { EncryptionContext, SecretBytes } from './types.ts'

/**
 * The symmetric ciphertext blob of KMS, in the shape recorded from AWS (facts/kms-iam B7):
 *
 *     0   01 02, kind (02 Encrypt and ReEncrypt, 03 data keys), 00 78
 *     5   32 bytes: key material id
 *     37  01
 *     38  16 random bytes: here the nonce of the key derivation (as AWS's cryptographic details describe it)
 *     54  length of what follows, 4 bytes
 *     58  DER, CMS EncryptedData: aes256-GCM, 12-byte nonce, and octets of plaintext + 27 bytes
 *
 * The octets are 11 bytes of ours (`twokey/kms` and a format version), ciphertext, 16-byte tag.
 * Every byte before the ciphertext is authenticated, together with the encryption context.
 */
export type BlobKind = 'encrypt' | 'dataKey'

export interface ParsedBlob {
  readonly kind: BlobKind
  /** 64 lower-case hexadecimal digits. */
  readonly materialId: string
  /** Everything before the ciphertext. */
  readonly head: Buffer
  readonly nonce: Buffer
  readonly ciphertext: Buffer
  readonly tag: Buffer
}

const KIND_BYTE: Readonly<Record<BlobKind, number>> = { encrypt: 2, dataKey: 3 }
const ID_AT = 5
const ID_LENGTH = 32
const SALT_AT = 38
const SALT_LENGTH = 16
const LENGTH_AT = 54
const DER_AT = 58

const SEQUENCE = 0x30
const INTEGER = 0x02
const OCTETS = 0x04
const OID = 0x06
const EXPLICIT_0 = 0xa0
const IMPLICIT_0 = 0x80

const ENCRYPTED_DATA = der(OID, Buffer.from('2a864886f70d010706', 'hex')) // 1.2.840.113549.1.7.6
const DATA = der(OID, Buffer.from('2a864886f70d010701', 'hex')) // 1.2.840.113549.1.7.1
const AES256_GCM = der(OID, Buffer.from('60864801650304012e', 'hex')) // 2.16.840.1.101.3.4.1.46
const VERSION_0 = der(INTEGER, Buffer.from([0]))
const TAG_SIZE = der(INTEGER, Buffer.from([TAG_LENGTH]))
const FORMAT = Buffer.from('twokey/kms\u0001', 'latin1')

/** SP 800-108 in counter mode, one block: counter, label, 0, context (the salt, filled in per call), output bits. */
const DERIVE = Buffer.from(`\0\0\0\u0001twokey/kms encrypt\0${'\0'.repeat(SALT_LENGTH)}\0\0\u0001\0`, 'latin1')
const DERIVE_SALT_AT = DERIVE.length - SALT_LENGTH - 4

/**
 * The public name of key material: one-way, the same for the same bytes under the same key, another for other bytes or
 * another key (captures-kms-iam §5.1). Region and account do not enter: a multi-Region key has one id everywhere.
 * @param keyId the bare key id (`1234abcd-…`, `mrk-…`)
 * @returns 64 lower-case hexadecimal digits
 */
export function materialId(keyId: string, material: SecretBytes): string {
  return createHmac('sha256', revealBytes(material)).update('twokey/kms material id\0').update(keyId).digest('hex')
}

/** Encrypts under `material` (32 bytes); no two calls give the same blob. */
export function sealBlob(request: {
  readonly kind: BlobKind
  readonly materialId: string
  readonly material: SecretBytes
  readonly context: EncryptionContext
  readonly plaintext: Buffer
}): Buffer {
  const { plaintext } = request
  const template = templateFor(plaintext.length)
  const headLength = template.bytes.length
  const blob = Buffer.allocUnsafe(headLength + plaintext.length + TAG_LENGTH)
  template.bytes.copy(blob)
  blob[2] = KIND_BYTE[request.kind]
  if (blob.write(request.materialId, ID_AT, ID_LENGTH, 'hex') !== ID_LENGTH) throw new RangeError('bad material id')
  fillRandom(blob, SALT_AT, SALT_LENGTH)
  fillRandom(blob, template.nonceAt, NONCE_LENGTH)

  const key = deriveKey(request.material, blob)
  const nonce = blob.subarray(template.nonceAt, template.nonceAt + NONCE_LENGTH)
  const aad = associated(blob, headLength, request.context)
  let at = headLength
  for (const part of seal(key, nonce, aad, [plaintext])) at += part.copy(blob, at)
  return blob
}

/** The parts of a blob, or undefined when it does not have exactly the shape that `sealBlob` writes. */
export function parseBlob(blob: Buffer): ParsedBlob | undefined {
  const kind = blob[2] === KIND_BYTE.encrypt ? 'encrypt' : blob[2] === KIND_BYTE.dataKey ? 'dataKey' : undefined
  if (kind === undefined || blob.length < DER_AT) return undefined
  if (blob[0] !== 1 || blob[1] !== 2 || blob[3] !== 0 || blob[4] !== 0x78 || blob[ID_AT + ID_LENGTH] !== 1)
    return undefined
  if (blob.readUInt32BE(LENGTH_AT) !== blob.length - DER_AT) return undefined
  const found = parseEncryptedData(blob)
  if (!found) return undefined
  const { nonce, octets } = found
  const start = octets.start + FORMAT.length
  const end = octets.end - TAG_LENGTH
  if (start > end || !blob.subarray(octets.start, start).equals(FORMAT)) return undefined
  return {
    kind,
    materialId: blob.toString('hex', ID_AT, ID_AT + ID_LENGTH),
    head: blob.subarray(0, start),
    nonce: blob.subarray(nonce.start, nonce.end),
    ciphertext: blob.subarray(start, end),
    tag: blob.subarray(end, octets.end),
  }
}

/** The plaintext, or undefined whatever the reason: other material, other context, any changed bit. */
export function openBlob(parsed: ParsedBlob, material: SecretBytes, context: EncryptionContext): Buffer | undefined {
  const key = deriveKey(material, parsed.head)
  return open(
    key,
    parsed.nonce,
    associated(parsed.head, parsed.head.length, context),
    [parsed.ciphertext],
    parsed.tag,
  )?.[0]
}

/** A key for one blob, so that no number of calls wears out the nonces of one key material. Good until the next call. */
function deriveKey(material: SecretBytes, blob: Buffer): Buffer {
  blob.copy(DERIVE, DERIVE_SALT_AT, SALT_AT, SALT_AT + SALT_LENGTH)
  return hmacSha256Into(DERIVED, revealBytes(material), DERIVE)
}

const DERIVED = Buffer.allocUnsafeSlow(KEY_LENGTH)

/** What is authenticated beside the plaintext: all of the blob before the ciphertext, with its length, and the context. */
function associated(blob: Buffer, headLength: number, context: EncryptionContext): Buffer {
  const contextBytes = encodeContext(context)
  const aad = Buffer.allocUnsafe(4 + headLength + contextBytes.length)
  aad.writeUInt32BE(headLength, 0)
  blob.copy(aad, 4, 0, headLength)
  contextBytes.copy(aad, 4 + headLength)
  return aad
}

interface Template {
  /** The head of a blob with zeros for what varies. */
  readonly bytes: Buffer
  readonly nonceAt: number
}

/** Heads differ only by the plaintext's length; those of lengths that KMS takes are built once. */
const templates = new Map<number, Template>()
const MOST_TEMPLATES = 8192

function templateFor(plaintextLength: number): Template {
  const known = templates.get(plaintextLength)
  if (known) return known
  const made = buildTemplate(plaintextLength)
  if (templates.size < MOST_TEMPLATES) templates.set(plaintextLength, made)
  return made
}

/** Inside out: each element's length counts the octets that are not there yet. */
function buildTemplate(plaintextLength: number): Template {
  const rest = plaintextLength + TAG_LENGTH
  const parameters = der(SEQUENCE, der(OCTETS, Buffer.alloc(NONCE_LENGTH)), TAG_SIZE)
  const algorithm = der(SEQUENCE, AES256_GCM, parameters)
  const octets = Buffer.concat([derHead(IMPLICIT_0, FORMAT.length + rest), FORMAT])
  let body = Buffer.concat([DATA, algorithm, octets])
  body = wrap(SEQUENCE, body, rest)
  body = wrap(SEQUENCE, Buffer.concat([VERSION_0, body]), rest)
  body = wrap(EXPLICIT_0, body, rest)
  body = wrap(SEQUENCE, Buffer.concat([ENCRYPTED_DATA, body]), rest)

  const start = Buffer.alloc(DER_AT)
  Buffer.from([1, 2, 0, 0, 0x78]).copy(start)
  start[ID_AT + ID_LENGTH] = 1
  start.writeUInt32BE(body.length + rest, LENGTH_AT)
  const bytes = Buffer.concat([start, body])
  return { bytes, nonceAt: bytes.length - octets.length - TAG_SIZE.length - NONCE_LENGTH }
}

/** The head of an element of which `body` is here and `rest` more bytes will follow. */
function wrap(tag: number, body: Buffer, rest: number): Buffer<ArrayBuffer> {
  return Buffer.concat([derHead(tag, body.length + rest), body])
}

/** Walks the DER strictly: every element where it belongs, nothing left over at any level. */
function parseEncryptedData(blob: Buffer): { readonly nonce: DerSpan; readonly octets: DerSpan } | undefined {
  const outer = readDer(blob, DER_AT, blob.length, SEQUENCE)
  if (outer?.end !== blob.length) return undefined
  const explicit = readDer(blob, skip(blob, outer.start, ENCRYPTED_DATA), outer.end, EXPLICIT_0)
  if (explicit?.end !== outer.end) return undefined
  const data = readDer(blob, explicit.start, explicit.end, SEQUENCE)
  if (data?.end !== explicit.end) return undefined
  const info = readDer(blob, skip(blob, data.start, VERSION_0), data.end, SEQUENCE)
  if (info?.end !== data.end) return undefined
  const algorithm = readDer(blob, skip(blob, info.start, DATA), info.end, SEQUENCE)
  if (!algorithm) return undefined
  const parameters = readDer(blob, skip(blob, algorithm.start, AES256_GCM), algorithm.end, SEQUENCE)
  if (parameters?.end !== algorithm.end) return undefined
  const nonce = readDer(blob, parameters.start, parameters.end, OCTETS)
  if (!nonce || nonce.end - nonce.start !== NONCE_LENGTH) return undefined
  if (skip(blob, nonce.end, TAG_SIZE) !== parameters.end) return undefined
  const octets = readDer(blob, algorithm.end, info.end, IMPLICIT_0)
  return octets?.end === info.end ? { nonce, octets } : undefined
}

/** The offset after `expected` at `at`; past every limit when something else stands there. */
function skip(blob: Buffer, at: number, expected: Buffer): number {
  const end = at + expected.length
  return end <= blob.length && blob.compare(expected, 0, expected.length, at, end) === 0 ? end : Infinity
}
