import { releasable, type ByteStream } from '../../../lib/byteStream.ts'
import { decryptRange, openSmall } from '../../../crypto/objectCipher.ts'
import type { SecretBytes } from '../../../crypto/types.ts'
import type { Blobs } from '../../../state/store.ts'
import type { ByteRange } from '../range.ts'
import type { Leases } from './leases.ts'
import { urlEncoded } from '../listing.ts'
import type { ObjectRecord } from '../state.ts'
import { SMALL, blobIdentity } from './identity.ts'

export interface ReadRequest {
  readonly blobs: Blobs
  readonly leases: Leases
  readonly dataKey: SecretBytes
  readonly bucket: string
  readonly object: ObjectRecord
  readonly range: ByteRange
}

/**
 * Stored bytes that are missing or not what was written. Clients hear of an internal error; whoever reads the log learns which
 * object it is, also where it is the source of a copy.
 */
export class UnreadableObject extends Error {
  constructor(bucket: string, key: string, cause: unknown) {
    const { name, message } = cause instanceof Error ? cause : { name: 'Error', message: String(cause) }
    super(`s3 object \`${bucket}/${urlEncoded(key)}\` cannot be read: ${name}: ${message}`, { cause })
    this.name = 'UnreadableObject'
  }
}

/** The bytes of a small object at once; undefined for others. Throws `UnreadableObject`. */
export function readSmall({ blobs, dataKey, bucket, object, range }: ReadRequest): Buffer | undefined {
  const [part, ...more] = object.parts
  if (!part || more.length > 0 || object.size > SMALL) return undefined
  let plaintext: Buffer
  try {
    plaintext = openSmall(dataKey, blobIdentity(bucket, object.key, part.blob), blobs.readSmall(part.blob))
  } catch (error) {
    throw new UnreadableObject(bucket, object.key, error)
  }
  return plaintext.subarray(range.start, range.end)
}

/**
 * `readStream`, once its first bytes are known to be sound: what is damaged there is refused, while an answer that has begun can
 * only be cut off. The stream must be read or returned, for it has a file open.
 */
export async function readVerified(request: ReadRequest): Promise<ByteStream> {
  const rest = readStream(request)[Symbol.asyncIterator]()
  let first: IteratorResult<Buffer> | undefined = await rest.next()
  const iterator: AsyncIterableIterator<Buffer> = {
    [Symbol.asyncIterator]: () => iterator,
    next() {
      const result = first
      first = undefined
      return result ? Promise.resolve(result) : rest.next()
    },
    return: async () => rest.return?.() ?? { done: true, value: undefined },
  }
  return releasable(iterator)
}

/**
 * Exactly the bytes of a range, as a stream that touches only the segments that hold them. Its blobs are held until it ends or
 * is given up, whatever happens to the object meanwhile. Throws `UnreadableObject` on the way.
 */
export function readStream(request: ReadRequest): ByteStream {
  const { blobs, leases, object, range } = request
  const release = leases.hold(
    blobs,
    spans(object, range).map(({ part }) => part.blob),
  )
  const chunks = decryptParts(request)
  // A generator that was never started runs no `finally`, so the iterator itself lets go.
  const iterator: AsyncIterableIterator<Buffer> = {
    [Symbol.asyncIterator]: () => iterator,
    async next() {
      try {
        const result = await chunks.next()
        if (result.done === true) release()
        return result
      } catch (error) {
        release()
        throw new UnreadableObject(request.bucket, object.key, error)
      }
    },
    async return() {
      release()
      await chunks.return()
      return { done: true, value: undefined }
    },
  }
  return releasable(iterator)
}

async function* decryptParts(request: ReadRequest): AsyncGenerator<Buffer, void, undefined> {
  const { blobs, dataKey, bucket, object, range } = request
  for (const { part, start, end } of spans(object, range)) {
    const identity = blobIdentity(bucket, object.key, part.blob)
    yield* decryptRange(dataKey, identity, part.size, start, end, (from, to) => blobs.read(part.blob, from, to))
  }
}

/** Which bytes of which parts make up a range. */
function spans(object: ObjectRecord, range: ByteRange) {
  const found: { readonly part: ObjectRecord['parts'][number]; readonly start: number; readonly end: number }[] = []
  let base = 0
  for (const part of object.parts) {
    const start = Math.max(range.start - base, 0)
    const end = Math.min(range.end - base, part.size)
    if (start < end) found.push({ part, start, end })
    base += part.size
    if (base >= range.end) break
  }
  return found
}
