import { createHash } from 'node:crypto'
import { encryptStream, sealSmall } from '../../../crypto/objectCipher.ts'
import type { SecretBytes } from '../../../crypto/types.ts'
import { AwsError } from '../../../lib/awsError.ts'
import type { Blobs } from '../../../state/store.ts'
import { ALGORITHMS } from '../checksums/algorithms.ts'
import type { ChecksumAlgorithm } from '../state.ts'
import { SMALL, blobIdentity } from './identity.ts'

/** What passed while a body was stored. */
export interface BodyFacts {
  readonly size: number
  /** Of the plaintext; absent when nobody needs it. */
  readonly md5: Buffer | undefined
  /** Base64, by algorithm. */
  readonly checksums: Readonly<Partial<Record<ChecksumAlgorithm, string>>>
}

export interface StoredBody extends BodyFacts {
  readonly blob: string
}

export interface WriteRequest {
  readonly blobs: Blobs
  readonly dataKey: SecretBytes
  readonly bucket: string
  readonly key: string
  readonly source: AsyncIterable<Buffer>
  /** Bytes of plaintext to come; undefined where only the end tells. */
  readonly length: number | undefined
  readonly md5: boolean
  readonly algorithms: readonly ChecksumAlgorithm[]
  /** Refuses the body by throwing, before anything of it becomes readable. */
  readonly verify?: (facts: BodyFacts) => void
}

/**
 * Encrypts a body into a new blob, in constant memory. INVARIANT: when anything throws (a signature that fails at the end of the
 * body, a wrong checksum, a client that goes away), no blob is left.
 */
export async function writeBody(request: WriteRequest): Promise<StoredBody> {
  const { blobs, dataKey, bucket, key, source, length } = request
  const writer = blobs.create()
  const identity = blobIdentity(bucket, key, writer.id)
  const digests = new Digests(request.md5, request.algorithms)
  try {
    const { isSmall, chunks: counted } = await begun(digests.pass(source, length ?? Infinity), length)
    if (isSmall) await writer.write(sealSmall(dataKey, identity, await collect(counted)))
    else for await (const chunk of encryptStream(dataKey, identity)(counted)) await writer.write(chunk)
    const facts = await digests.finish(length)
    request.verify?.(facts)
    await writer.commit()
    return { blob: writer.id, ...facts }
  } catch (error) {
    await writer.abort()
    throw isCutShort(error) ? requestTimeout() : error
  }
}

/** A body of unknown length is read until it is known to be small or not. */
async function begun(source: AsyncGenerator<Buffer, void, undefined>, length: number | undefined) {
  if (length !== undefined) return { isSmall: length <= SMALL, chunks: source }
  const head: Buffer[] = []
  let size = 0
  while (size <= SMALL) {
    const next = await source.next()
    if (next.done === true) return { isSmall: true, chunks: each(head) }
    head.push(next.value)
    size += next.value.length
  }
  return { isSmall: false, chunks: each(head, source) }
}

async function* each(head: Buffer[], rest?: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  for (let chunk = head.shift(); chunk; chunk = head.shift()) yield chunk
  if (rest) yield* rest
}

async function collect(source: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of source) chunks.push(chunk)
  return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)
}

/** Counts and digests what flows through. */
class Digests {
  #size = 0
  readonly #md5
  readonly #digesters

  constructor(md5: boolean, algorithms: readonly ChecksumAlgorithm[]) {
    this.#md5 = md5 ? createHash('md5') : undefined
    this.#digesters = [...new Set(algorithms)].map((name) => ({ name, digester: ALGORITHMS[name].create() }))
  }

  async *pass(source: AsyncIterable<Buffer>, length: number): AsyncGenerator<Buffer, void, undefined> {
    for await (const chunk of source) {
      this.#size += chunk.length
      if (this.#size > length) throw incompleteBody()
      this.#md5?.update(chunk)
      for (const { digester } of this.#digesters) digester.update(chunk)
      yield chunk
    }
  }

  /** Throws IncompleteBody when fewer bytes came than were announced. */
  async finish(length: number | undefined): Promise<BodyFacts> {
    if (length !== undefined && this.#size !== length) throw incompleteBody()
    const checksums: Partial<Record<ChecksumAlgorithm, string>> = {}
    for (const { name, digester } of this.#digesters) checksums[name] = (await digester.digest()).toString('base64')
    return { size: this.#size, md5: this.#md5?.digest(), checksums }
  }
}

/** The client has gone away in the middle of its body. */
const isCutShort = (error: unknown) =>
  error instanceof Error &&
  'code' in error &&
  (error.code === 'ECONNRESET' || error.code === 'ERR_STREAM_PREMATURE_CLOSE')

const requestTimeout = () =>
  new AwsError(
    'RequestTimeout',
    400,
    'Your socket connection to the server was not read from or written to within the timeout period. Idle connections will be closed.',
  )

const incompleteBody = () =>
  new AwsError(
    'IncompleteBody',
    400,
    'You did not provide the number of bytes specified by the Content-Length HTTP header',
  )
