import { constants, createCipheriv, createHash, publicEncrypt, randomBytes, type KeyObject } from 'node:crypto'
import { der } from './der.ts'

const SEQUENCE = 0x30
const SET = 0x31
const OCTET_STRING = 0x04
const CONTEXT_0 = 0x80
const CONTEXT_0_CONSTRUCTED = 0xa0
const CONTEXT_1_CONSTRUCTED = 0xa1
const END_OF_CONTENTS = Buffer.alloc(2)

const oid = (content: string) => der(0x06, Buffer.from(content, 'hex'))
const NULL = der(0x05)
const VERSION_2 = der(0x02, Buffer.from([2]))
const ENVELOPED_DATA = oid('2a864886f70d010703')
const DATA = oid('2a864886f70d010701')
const AES_256_CBC = oid('60864801650304012a')
const SHA_256 = der(SEQUENCE, oid('608648016503040201'), NULL)
/** RSAES-OAEP with SHA-256 as its hash and that of its mask (RFC 4055, 4.1). */
const RSAES_OAEP_SHA_256 = der(
  SEQUENCE,
  oid('2a864886f70d010107'),
  der(
    SEQUENCE,
    der(CONTEXT_0_CONSTRUCTED, SHA_256),
    der(CONTEXT_1_CONSTRUCTED, der(SEQUENCE, oid('2a864886f70d010108'), SHA_256)),
  ),
)
/** Longer contents come in pieces. AWS's recording has one piece of 32 bytes; this length is that of the encoder it looks like. */
const SEGMENT = 1000

/**
 * A plaintext for the holder of an RSA key, as CMS EnvelopedData (RFC 5652, 6): KMS's CiphertextForRecipient, byte for byte in the
 * form of the recording in github.com/yawn/ned, with its indefinite lengths. The recipient is named by 32 bytes, taken to be the
 * SHA-256 of its SubjectPublicKeyInfo; nothing depends on them.
 */
export function envelop(recipient: KeyObject, plaintext: Buffer): Buffer {
  const key = randomBytes(32)
  const iv = randomBytes(16)
  const cipher = createCipheriv('aes-256-cbc', key, iv)
  const content = Buffer.concat([cipher.update(plaintext), cipher.final()])
  const info = recipientInfo(recipient, key)
  key.fill(0)
  return indefinite(
    SEQUENCE,
    ENVELOPED_DATA,
    indefinite(
      CONTEXT_0_CONSTRUCTED,
      indefinite(SEQUENCE, VERSION_2, der(SET, info), encryptedContentInfo(iv, content)),
    ),
  )
}

/** KeyTransRecipientInfo, version 2. */
function recipientInfo(recipient: KeyObject, key: Buffer): Buffer {
  const spki = recipient.export({ type: 'spki', format: 'der' })
  const encrypted = publicEncrypt(
    { key: recipient, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' },
    key,
  )
  return der(
    SEQUENCE,
    VERSION_2,
    der(CONTEXT_0, createHash('sha256').update(spki).digest()),
    RSAES_OAEP_SHA_256,
    der(OCTET_STRING, encrypted),
  )
}

function encryptedContentInfo(iv: Buffer, content: Buffer): Buffer {
  const pieces: Buffer[] = []
  for (let at = 0; at < content.length; at += SEGMENT)
    pieces.push(der(OCTET_STRING, content.subarray(at, at + SEGMENT)))
  return indefinite(
    SEQUENCE,
    DATA,
    der(SEQUENCE, AES_256_CBC, der(OCTET_STRING, iv)),
    indefinite(CONTEXT_0_CONSTRUCTED, ...pieces),
  )
}

/** One BER element whose end is marked instead of its length said. */
const indefinite = (tag: number, ...contents: readonly Buffer[]): Buffer =>
  Buffer.concat([Buffer.from([tag, 0x80]), ...contents, END_OF_CONTENTS])
