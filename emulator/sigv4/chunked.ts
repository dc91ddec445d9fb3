import { createHash } from 'node:crypto'
import { AwsError } from '../lib/awsError.ts'
import type { ByteReader } from './byteReader.ts'
import { byteReader } from './byteReader.ts'
import {
  EMPTY_SHA256,
  chunkStringToSign,
  sameSignature,
  sha256Hex,
  signatureOf,
  trailerStringToSign,
} from './signature.ts'
import type { ChunkedPayload, Seed } from './types.ts'
import { SignatureProblem } from './types.ts'

export interface Decoded {
  /**
   * The body without its framing. Bytes are passed on before the signature over them has arrived, so that memory
   * stays constant. INVARIANT: it ends normally only when every byte, signature and length was right; until then
   * nothing read from it may count as received.
   */
  readonly data: AsyncIterable<Buffer>
  /** The trailing headers, lower case, without the signature. Throws before `data` has ended normally. */
  trailers(): Readonly<Record<string, string>>
}

/** Longest line of framing accepted: a chunk's header takes 100 bytes, a trailer's checksum less. */
const LONGEST_LINE = 1024
const MOST_TRAILERS = 16
/** S3 refuses smaller chunks, except the last one that holds data. */
const SMALLEST_CHUNK = 8192

const SIZE = /^[0-9a-fA-F]{1,13}$/
const SIGNED_CHUNK = /^([0-9a-fA-F]{1,13});chunk-signature=([0-9a-f]{64})$/
const TRAILER = /^([A-Za-z0-9-]+):[ \t]*(.*?)[ \t]*$/
const TRAILER_SIGNATURE = 'x-amz-trailer-signature'

/**
 * Decodes an `aws-chunked` body (s3-ebs.md A1) and verifies the chain of chunk and trailer signatures.
 *
 * `data` throws AwsError IncompleteBody (framing or length wrong), InvalidChunkSizeError, MalformedTrailerError, and
 * SignatureProblem `mismatch`.
 *
 * @param seed what `verify` returned; needed only for signed chunks
 */
export function decodeChunked(
  body: AsyncIterable<Uint8Array>,
  payload: ChunkedPayload,
  seed: Seed | undefined,
): Decoded {
  const chain = payload.signed ? signatureChain(seed) : undefined
  let trailers: Record<string, string> | undefined
  return {
    data: decode(byteReader(body), payload, chain, (received) => {
      trailers = received
    }),
    trailers() {
      if (trailers === undefined) throw new Error('trailers are known only once the body has been read to its end')
      return trailers
    },
  }
}

async function* decode(
  reader: ByteReader,
  payload: ChunkedPayload,
  chain: SignatureChain | undefined,
  done: (trailers: Record<string, string>) => void,
): AsyncGenerator<Buffer> {
  try {
    const sizes = sizeChecker(payload.decodedLength)
    for (;;) {
      const { size, signature } = readChunkHeader(await reader.line(LONGEST_LINE), payload.signed)
      sizes.check(size)
      if (size === 0) {
        chain?.checkChunk(EMPTY_SHA256, signature)
        break
      }
      const hash = chain && createHash('sha256')
      for (let left = size; left > 0;) {
        const bytes = (await reader.some(left)) ?? incomplete()
        hash?.update(bytes)
        left -= bytes.length
        yield bytes
      }
      if ((await reader.line(0)) !== '') incomplete()
      if (hash) chain.checkChunk(hash.digest('hex'), signature)
    }
    const trailers = await readTrailers(reader, payload, chain)
    if (!(await reader.atEnd())) incomplete()
    done(trailers)
  } finally {
    await reader.close()
  }
}

function readChunkHeader(line: string | undefined, signed: boolean): { size: number; signature: string } {
  if (line === undefined) return incomplete()
  if (!signed) return SIZE.test(line) ? { size: Number.parseInt(line, 16), signature: '' } : incomplete()
  const match = SIGNED_CHUNK.exec(line)
  return match ? { size: Number.parseInt(match[1] ?? '', 16), signature: match[2] ?? '' } : incomplete()
}

/** Holds chunk sizes against the declared length and S3's smallest chunk. */
function sizeChecker(decodedLength: number) {
  let total = 0
  let count = 0
  let previous = SMALLEST_CHUNK
  return {
    check(size: number): void {
      count++
      total += size
      // Noticed when another chunk of data follows the small one; AWS numbers the error by that one.
      if (size > 0 && previous < SMALLEST_CHUNK) {
        throw new AwsError(
          'InvalidChunkSizeError',
          403,
          'Only the last chunk is allowed to have a size less than 8192 bytes',
          { fields: { Chunk: String(count), BadChunkSize: String(previous) } },
        )
      }
      previous = size
      if (total > decodedLength || (size === 0 && total !== decodedLength)) wrongLength(decodedLength, total)
    },
  }
}

/** The lines after the last chunk, up to and with the empty one. */
async function readTrailers(
  reader: ByteReader,
  payload: ChunkedPayload,
  chain: SignatureChain | undefined,
): Promise<Record<string, string>> {
  const trailers: Record<string, string> = {}
  let signed = ''
  let signature: string | undefined
  for (let count = 0; ; count++) {
    const line = (await reader.line(LONGEST_LINE)) ?? incomplete()
    if (line === '') break
    if (!payload.trailer) incomplete()
    const match = TRAILER.exec(line)
    const name = match?.[1]?.toLowerCase() ?? malformedTrailer()
    const value = match?.[2] ?? ''
    // Nothing may follow the signature: it would not be covered.
    if (signature !== undefined || count >= MOST_TRAILERS || Object.hasOwn(trailers, name)) malformedTrailer()
    if (chain && name === TRAILER_SIGNATURE) {
      signature = value
    } else {
      trailers[name] = value
      signed += `${name}:${value}\n`
    }
  }
  if (!payload.trailer) return trailers
  if (Object.keys(trailers).sort().join() !== [...new Set(payload.trailerNames)].sort().join()) malformedTrailer()
  chain?.checkTrailer(sha256Hex(Buffer.from(signed, 'latin1')), signature ?? malformedTrailer())
  return trailers
}

interface SignatureChain {
  checkChunk(sha256: string, signature: string): void
  checkTrailer(sha256: string, signature: string): void
}

/** Each signature covers the one before it, the first the request's own. */
function signatureChain(seed: Seed | undefined): SignatureChain {
  if (seed === undefined) throw new SignatureProblem({ code: 'missing' })
  const { accessKeyId, signingKey, date, scope } = seed
  let previous = seed.signature
  const check = (text: string, provided: string): void => {
    if (!sameSignature(signatureOf(signingKey, text), provided)) {
      throw new SignatureProblem({ code: 'mismatch', accessKeyId, canonicalRequest: '', stringToSign: text, provided })
    }
    previous = provided
  }
  return {
    checkChunk(sha256, signature) {
      check(chunkStringToSign(date, scope, previous, sha256), signature)
    },
    checkTrailer(sha256, signature) {
      check(trailerStringToSign(date, scope, previous, sha256), signature)
    },
  }
}

function incomplete(): never {
  throw new AwsError('IncompleteBody', 400, 'The request body terminated unexpectedly')
}

function wrongLength(expected: number, provided: number): never {
  throw new AwsError(
    'IncompleteBody',
    400,
    'You did not provide the number of bytes specified by the Content-Length HTTP header',
    { fields: { NumberBytesExpected: String(expected), NumberBytesProvided: String(provided) } },
  )
}

function malformedTrailer(): never {
  throw new AwsError(
    'MalformedTrailerError',
    400,
    'The request contained trailing data that was not well-formed or did not conform to our published schema.',
  )
}
