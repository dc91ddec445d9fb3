import type { ByteStream } from '../lib/byteStream.ts'
import { ChunkReader } from '../lib/chunkReader.ts'
import { hmacSha256Once } from '../lib/hmac.ts'
import { KEY_LENGTH, TAG_LENGTH, open, seal } from './aead.ts'
import { revealBytes, secretOf } from './material.ts'
import { fillRandom } from './random.ts'
import type { SecretBytes } from './types.ts'

/**
 * Bulk encryption: a 32-byte header, then segments that are 256 KiB long with their 16-byte tags.
 *
 *     0   `twokey`, format version (2 bytes)
 *     8   24 random bytes: the salt from which, with the data key, this stream's own key is derived
 *     32  segment 0, tag, segment 1, tag, …
 *
 * The nonce of a segment is its index; its AAD says whether it is the last and whose it is. So a segment that is
 * flipped, moved, missing, doubled, taken from another object, or cut off at the end does not open. The salt makes it
 * safe to use one data key for several streams. An empty object has one empty segment.
 *
 * Setting up a cipher costs as much as encrypting 16 KiB, so segments are long; a range read decrypts whole ones, so not longer.
 * With its tag one is a round number of bytes, so that a chunk from the disk holds whole ones and each is decrypted in one piece.
 * Formats 1 and 2, with 64 KiB and 256 KiB of plaintext in a segment, are still read.
 *
 * Format 4 has two layers (DSSE-KMS), for a pair of keys (`twoKeys`). Each segment is sealed under the inner key; what that gives, tag
 * included, is sealed again under the outer key. Each layer has a key of its own, derived from its half of the pair, and its own
 * tag, so neither half opens anything without the other. Opening checks the outer layer first. The two tags take 32 bytes.
 */
export const SEGMENT_LENGTH = 256 * 1024 - TAG_LENGTH
const MAGIC = Buffer.from('twokey\0', 'latin1')

interface Format {
  readonly version: number
  /** Plaintext of a full segment. */
  readonly segment: number
  /** What encryption adds to each. */
  readonly overhead: number
}
const ONE_LAYER: Format = { version: 3, segment: SEGMENT_LENGTH, overhead: TAG_LENGTH }
const TWO_LAYERS: Format = { version: 4, segment: 256 * 1024 - 2 * TAG_LENGTH, overhead: 2 * TAG_LENGTH }
const FORMATS: readonly (Format | undefined)[] = [
  undefined,
  { version: 1, segment: 64 * 1024, overhead: TAG_LENGTH },
  { version: 2, segment: 256 * 1024, overhead: TAG_LENGTH },
  ONE_LAYER,
  TWO_LAYERS,
]
const SALT_AT = MAGIC.length + 1
const SALT_LENGTH = 24
const HEADER_LENGTH = SALT_AT + SALT_LENGTH
/** From here on, joining small chunks costs less than encrypting them one by one. */
const MANY_CHUNKS = 8

/** What was stored is not what was sealed. Says nothing about how. */
export class ObjectDamaged extends Error {
  constructor() {
    super('stored object data failed authentication')
    this.name = 'ObjectDamaged'
  }
}

const damaged = () => new ObjectDamaged()

/** How many bytes `plaintextLength` bytes take once encrypted under one key. */
export function ciphertextLength(plaintextLength: number): number {
  return HEADER_LENGTH + plaintextLength + TAG_LENGTH * segmentCount(plaintextLength)
}

/**
 * Two data keys as one: what is sealed with it has two layers, and opens only with both.
 * @param inner 32 bytes: of the layer around the plaintext
 * @param outer 32 bytes: of the layer around that
 */
export function twoKeys(inner: SecretBytes, outer: SecretBytes): SecretBytes {
  if (inner.length !== KEY_LENGTH || outer.length !== KEY_LENGTH) throw new RangeError('a data key has 32 bytes')
  const both = Buffer.concat([revealBytes(inner), revealBytes(outer)])
  const pair = secretOf(both)
  both.fill(0)
  return pair
}

/** Its length tells a pair from a single key. */
const formatFor = (dataKey: SecretBytes) => (dataKey.length === 2 * KEY_LENGTH ? TWO_LAYERS : ONE_LAYER)

/**
 * A transform from plaintext chunks of any size to ciphertext chunks, in constant memory. Chunks are not copied: the
 * source must not change them afterwards.
 * @param dataKey 32 bytes, or `twoKeys`
 * @param identity what the ciphertext belongs to; decryption must name the same
 */
export function encryptStream(
  dataKey: SecretBytes,
  identity: string,
): (source: AsyncIterable<Buffer> | Iterable<Buffer>) => AsyncGenerator<Buffer, void, undefined> {
  return async function* (source) {
    const { version, segment: full } = formatFor(dataKey)
    const header = newHeader(version)
    const cipher = segmentCipher(dataKey, identity, header)
    yield header
    let waiting: Buffer[] = []
    let length = 0
    let index = 0
    for await (const chunk of source) {
      if (chunk.length === 0) continue
      waiting.push(chunk)
      length += chunk.length
      // A full segment waits for one more byte, because only then is it known not to be the last.
      while (length > full) {
        if (waiting.length > MANY_CHUNKS) waiting = [Buffer.concat(waiting, length)]
        const [segment, rest] = split(waiting, full)
        yield* cipher.seal(index++, false, segment)
        waiting = rest
        length -= full
      }
    }
    yield* cipher.seal(index, true, waiting)
  }
}

/**
 * Exactly the bytes `[start, end)` of the plaintext; reads only the header and the segments that hold them, and hands
 * out a segment's bytes only once all of it has been verified; each chunk has an ArrayBuffer of its own. Throws `ObjectDamaged`; errors of `readCipher` pass through.
 * @param plaintextLength of the whole object; `0 <= start <= end <= plaintextLength`
 * @param readCipher bytes `[from, to)` of the ciphertext, in chunks of any size, which are released
 */
export async function* decryptRange(
  dataKey: SecretBytes,
  identity: string,
  plaintextLength: number,
  start: number,
  end: number,
  readCipher: (from: number, to: number) => ByteStream,
): AsyncGenerator<Buffer, void, undefined> {
  if (!(start >= 0 && start <= end && end <= plaintextLength)) throw new RangeError('range lies outside the object')
  if (start === end && plaintextLength > 0) return
  const header = await readHeader(readCipher(0, HEADER_LENGTH))
  const { segment, overhead } = formatOf(header, dataKey)
  const sealed = segment + overhead
  const first = Math.floor(start / segment)
  const last = end === 0 ? 0 : Math.floor((end - 1) / segment)
  const lastOfAll = Math.max(1, Math.ceil(plaintextLength / segment)) - 1
  const to = Math.min((last + 1) * sealed, plaintextLength + (lastOfAll + 1) * overhead)
  const input = new ChunkReader(readCipher(HEADER_LENGTH + first * sealed, HEADER_LENGTH + to), damaged)
  try {
    const cipher = segmentCipher(dataKey, identity, header)
    for (let index = first; index <= last; index++) {
      const base = index * segment
      const length = Math.min(segment, plaintextLength - base)
      const [ciphertext, tag] = split(await input.take(length + overhead), length + overhead - TAG_LENGTH)
      const plaintext = cipher.open(index, index === lastOfAll, ciphertext, Buffer.concat(tag))
      input.release()
      yield* cut(plaintext, start - base, end - base)
    }
  } finally {
    await input.close()
  }
}

/** What `encryptStream` gives for `plaintext`, at once. Up to one segment; longer ones throw a RangeError. */
export function sealSmall(dataKey: SecretBytes, identity: string, plaintext: Buffer): Buffer {
  const { version, segment: full } = formatFor(dataKey)
  if (plaintext.length > full) throw new RangeError('too long to be sealed at once')
  const header = newHeader(version)
  const segment = segmentCipher(dataKey, identity, header).seal(0, true, [plaintext])
  return Buffer.concat([header, ...segment])
}

/** The inverse of `sealSmall`; opens an `encryptStream` of up to one segment too. Throws `ObjectDamaged`. */
export function openSmall(dataKey: SecretBytes, identity: string, ciphertext: Buffer): Buffer {
  const end = ciphertext.length - TAG_LENGTH
  const header = ciphertext.subarray(0, HEADER_LENGTH)
  const { segment, overhead } = formatOf(header, dataKey)
  const length = ciphertext.length - HEADER_LENGTH - overhead
  if (length < 0 || length > segment) throw new ObjectDamaged()
  const sealed = ciphertext.subarray(HEADER_LENGTH, end)
  const [plaintext] = segmentCipher(dataKey, identity, header).open(0, true, [sealed], ciphertext.subarray(end))
  return plaintext ?? Buffer.alloc(0)
}

function segmentCount(plaintextLength: number): number {
  return Math.max(1, Math.ceil(plaintextLength / SEGMENT_LENGTH))
}

function newHeader(version: number): Buffer {
  const header = Buffer.allocUnsafe(HEADER_LENGTH)
  MAGIC.copy(header)
  header[MAGIC.length] = version
  fillRandom(header, SALT_AT, SALT_LENGTH)
  return header
}

async function readHeader(source: ByteStream): Promise<Buffer> {
  const input = new ChunkReader(source, damaged)
  try {
    return Buffer.concat(await input.take(HEADER_LENGTH))
  } finally {
    await input.close()
  }
}

/** Throws `ObjectDamaged` for what is no header of ours, and for a key of the wrong kind: one key where there are two layers. */
function formatOf(header: Buffer, dataKey: SecretBytes): Format {
  const format = FORMATS[header[MAGIC.length] ?? 0]
  if (!format || header.compare(MAGIC, 0, MAGIC.length, 0, MAGIC.length) !== 0) throw new ObjectDamaged()
  if ((format === TWO_LAYERS) !== (formatFor(dataKey) === TWO_LAYERS)) throw new ObjectDamaged()
  return format
}

interface SegmentCipher {
  /** Ciphertext chunks, then the tag. */
  seal(index: number, last: boolean, plaintext: readonly Buffer[]): Buffer[]
  open(index: number, last: boolean, ciphertext: readonly Buffer[], tag: Buffer): Buffer[]
}

function segmentCipher(dataKey: SecretBytes, identity: string, header: Buffer): SegmentCipher {
  const bytes = revealBytes(dataKey)
  if (bytes.length <= KEY_LENGTH) return layer(bytes, INNER, identity, header)
  const inner = layer(bytes.subarray(0, KEY_LENGTH), INNER, identity, header)
  return around(inner, layer(bytes.subarray(KEY_LENGTH), OUTER, identity, header))
}

const INNER = Buffer.from('twokey/object\0', 'latin1')
const OUTER = Buffer.from('twokey/object/outer\0', 'latin1')
/** What a layer's key is derived from: its label, and the stream's header. */
const DERIVE = Buffer.alloc(OUTER.length + HEADER_LENGTH)

/** One layer, under a key of its own. */
function layer(secret: Buffer, label: Buffer, identity: string, header: Buffer): SegmentCipher {
  const length = label.copy(DERIVE) + header.copy(DERIVE, label.length)
  const key = hmacSha256Once(Buffer.allocUnsafe(KEY_LENGTH), secret, DERIVE.subarray(0, length))
  // Both are read before `seal` and `open` return. The first byte of what is authenticated says whether the segment is the last.
  const owner = Buffer.allocUnsafe(1 + identity.length * 2)
  owner.write(identity, 1, 'utf16le')
  const ownerFor = (last: boolean) => {
    owner[0] = last ? 1 : 0
    return owner
  }
  const nonce = Buffer.alloc(12)
  const nonceFor = (index: number) => {
    nonce.writeUIntBE(index, 6, 6)
    return nonce
  }
  return {
    seal: (index, last, plaintext) => seal(key, nonceFor(index), ownerFor(last), plaintext),
    open(index, last, ciphertext, tag) {
      const opened = open(key, nonceFor(index), ownerFor(last), ciphertext, tag)
      if (!opened) throw new ObjectDamaged()
      return opened
    },
  }
}

/** Two layers: the outer one encrypts and authenticates all that the inner one gives. */
function around(inner: SegmentCipher, outer: SegmentCipher): SegmentCipher {
  return {
    seal: (index, last, plaintext) => outer.seal(index, last, inner.seal(index, last, plaintext)),
    open(index, last, ciphertext, tag) {
      const sealed = outer.open(index, last, ciphertext, tag)
      const length = sealed.reduce((sum, chunk) => sum + chunk.length, 0)
      const [innermost, innerTag] = split(sealed, length - TAG_LENGTH)
      return inner.open(index, last, innermost, Buffer.concat(innerTag))
    },
  }
}

/** Cuts a list of chunks after `length` bytes, without copying. The list must hold at least as many. */
function split(chunks: readonly Buffer[], length: number): [Buffer[], Buffer[]] {
  const before: Buffer[] = []
  let missing = length
  for (const [at, chunk] of chunks.entries()) {
    if (chunk.length > missing) {
      if (missing > 0) before.push(chunk.subarray(0, missing))
      return [before, [chunk.subarray(missing), ...chunks.slice(at + 1)]]
    }
    before.push(chunk)
    missing -= chunk.length
  }
  return [before, []]
}

/** The part of `chunks` that lies within `[start, end)`, counted from their beginning. */
function* cut(chunks: readonly Buffer[], start: number, end: number): Generator<Buffer, void, undefined> {
  let at = 0
  for (const chunk of chunks) {
    const part = chunk.subarray(Math.max(0, start - at), Math.max(0, end - at))
    at += chunk.length
    if (part.length > 0) yield part
  }
}
