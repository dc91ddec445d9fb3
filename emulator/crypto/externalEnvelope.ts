import { createHash } from 'node:crypto'
import { TAG_LENGTH } from './aead.ts'
import { encodeContext } from './context.ts'
import type { BlobKind } from './envelope.ts'
import type { EncryptionContext } from './types.ts'

/**
 * The ciphertext blob of a key in an external key store. What KMS encrypted (`sealBlob`) was encrypted again by the external key
 * manager; what it answered is kept beside the ciphertext, because the proxy needs all of it to decrypt:
 *
 *     0   01 02, kind, 00 78 and key material id, as in every blob, so that it is found the same way
 *     37  02: encrypted twice; then the version of this format, 01
 *     39  length of the initialization vector, length of the ciphertext metadata, length of the ciphertext (2 bytes)
 *     43  initialization vector, authentication tag (16), ciphertext metadata, ciphertext
 *
 * AWS's own layout is not known; the fields are those that its proxy specification says are embedded.
 */
export interface ExternalBlob {
  readonly kind: BlobKind
  /** 64 lower-case hexadecimal digits. */
  readonly materialId: string
  readonly outer: ExternalCiphertext
}

/** What an external key manager makes of a plaintext. */
export interface ExternalCiphertext {
  /** As long as the plaintext was. */
  readonly ciphertext: Buffer
  /** 12 or 16 bytes. */
  readonly initializationVector: Buffer
  /** 16 bytes. */
  readonly authenticationTag: Buffer
  /** At most 20 bytes of the proxy's own; none when the proxy sent none. */
  readonly ciphertextMetadata: Buffer
}

export const MOST_METADATA = 20
export const IV_LENGTHS: readonly number[] = [12, 16]

const KINDS: Readonly<Record<BlobKind, number>> = { encrypt: 2, dataKey: 3 }
const ID_AT = 5
const ID_END = 37
const IV_LENGTH_AT = 39
const METADATA_LENGTH_AT = 40
const CIPHERTEXT_LENGTH_AT = 41
const FIELDS_AT = 43
const TWICE = 2
const VERSION = 1

export function writeExternalBlob({ kind, materialId, outer }: ExternalBlob): Buffer {
  const { initializationVector, authenticationTag, ciphertextMetadata, ciphertext } = outer
  const head = Buffer.alloc(FIELDS_AT)
  head.set([1, 2, KINDS[kind], 0, 0x78])
  if (head.write(materialId, ID_AT, 'hex') !== ID_END - ID_AT) throw new RangeError('bad material id')
  head.set([TWICE, VERSION, initializationVector.length, ciphertextMetadata.length], ID_END)
  head.writeUInt16BE(ciphertext.length, CIPHERTEXT_LENGTH_AT)
  return Buffer.concat([head, initializationVector, authenticationTag, ciphertextMetadata, ciphertext])
}

/** The parts of a blob, or undefined when it does not have exactly the shape that `writeExternalBlob` writes. */
export function parseExternalBlob(blob: Buffer): ExternalBlob | undefined {
  if (blob.length < FIELDS_AT || blob[0] !== 1 || blob[1] !== 2 || blob[3] !== 0 || blob[4] !== 0x78) return undefined
  if (blob[ID_END] !== TWICE || blob[ID_END + 1] !== VERSION) return undefined
  const kind = blob[2] === KINDS.encrypt ? 'encrypt' : blob[2] === KINDS.dataKey ? 'dataKey' : undefined
  const ivLength = blob[IV_LENGTH_AT] ?? 0
  const metadataLength = blob[METADATA_LENGTH_AT] ?? 0
  if (kind === undefined || !IV_LENGTHS.includes(ivLength) || metadataLength > MOST_METADATA) return undefined
  const tagAt = FIELDS_AT + ivLength
  const metadataAt = tagAt + TAG_LENGTH
  const ciphertextAt = metadataAt + metadataLength
  if (blob.length !== ciphertextAt + blob.readUInt16BE(CIPHERTEXT_LENGTH_AT)) return undefined
  return {
    kind,
    materialId: blob.toString('hex', ID_AT, ID_END),
    outer: {
      initializationVector: blob.subarray(FIELDS_AT, tagAt),
      authenticationTag: blob.subarray(tagAt, metadataAt),
      ciphertextMetadata: blob.subarray(metadataAt, ciphertextAt),
      ciphertext: blob.subarray(ciphertextAt),
    },
  }
}

/** Proxies need not take more additional authenticated data than this. */
const MOST_AAD = 8192

/**
 * An encryption context as additional authenticated data for a proxy: the canonical bytes, or, where they are too many, their hash
 * behind a count that no context has. Undefined for an empty context, which proxies treat as no data.
 */
export function externalAad(context: EncryptionContext): Buffer | undefined {
  if (Object.keys(context).length === 0) return undefined
  const bytes = encodeContext(context)
  if (bytes.length <= MOST_AAD) return bytes
  return Buffer.concat([Buffer.from('ffffffff', 'hex'), createHash('sha256').update(bytes).digest()])
}
