import { canonicalRequest } from './canonical.ts'
import { formatAmzDate } from './date.ts'
import {
  ALGORITHM,
  EMPTY_SHA256,
  chunkStringToSign,
  credentialScope,
  sha256Hex,
  signatureOf,
  signingKey,
  stringToSign,
  trailerStringToSign,
} from './signature.ts'
import type { Scope, Seed, SignedRequest } from './types.ts'

export interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string | undefined
}

/** Who signs, for where and when. With a `key` (see `signingKey`) made beforehand signing costs no derivation. */
export interface Signing {
  readonly credentials: Credentials
  readonly region: string
  /** The signing name. */
  readonly service: string
  /** Milliseconds since the epoch. */
  readonly now: number
  readonly key?: Buffer | undefined
}

export interface Signed {
  /** The headers given and those added; lower case. */
  readonly headers: Record<string, string>
  readonly seed: Seed
}

/**
 * Signs a request in its headers. Every header given is signed, `host` has to be among them.
 *
 * @param payloadHash the hash of the body or a word for `x-amz-content-sha256`, which is added for S3
 */
export function signRequest(request: SignedRequest, payloadHash: string, signing: Signing): Signed {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(request.headers)) if (value !== undefined) headers[name] = value
  headers['x-amz-date'] = formatAmzDate(signing.now)
  if (signing.service === 's3') headers['x-amz-content-sha256'] = payloadHash
  if (signing.credentials.sessionToken !== undefined) headers['x-amz-security-token'] = signing.credentials.sessionToken
  const names = Object.keys(headers).sort()
  const seed = sign({ ...request, headers }, names, payloadHash, signing)
  const { accessKeyId } = signing.credentials
  headers['authorization'] =
    `${ALGORITHM} Credential=${accessKeyId}/${seed.scope}, SignedHeaders=${names.join(';')}, Signature=${seed.signature}`
  return { headers, seed }
}

/**
 * Signs a request in its query. Every header given is signed and must be sent; `host` has to be among them.
 *
 * @param payloadHash S3: `UNSIGNED-PAYLOAD`; others: the hash of the body
 * @returns the whole query
 */
export function presign(request: SignedRequest, expiresSeconds: number, payloadHash: string, signing: Signing): string {
  const { accessKeyId, sessionToken } = signing.credentials
  const names = Object.keys(request.headers).sort()
  const parameters: Record<string, string | undefined> = {
    'X-Amz-Algorithm': ALGORITHM,
    'X-Amz-Credential': `${accessKeyId}/${credentialScope(scopeOf(signing))}`,
    'X-Amz-Date': formatAmzDate(signing.now),
    'X-Amz-Expires': String(expiresSeconds),
    'X-Amz-SignedHeaders': names.join(';'),
    'X-Amz-Security-Token': sessionToken,
  }
  let query = request.query
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined) query += `${query === '' ? '' : '&'}${name}=${encodeURIComponent(value)}`
  }
  return `${query}&X-Amz-Signature=${sign({ ...request, query }, names, payloadHash, signing).signature}`
}

/**
 * Frames a body in `aws-chunked`, one chunk for each piece given, and signs each when there is a seed. S3 takes pieces
 * of 8192 bytes and more, only the last may be smaller.
 *
 * @param trailers names and values sent after the body; undefined: the form without trailer
 */
export async function* frameChunks(
  pieces: AsyncIterable<Buffer> | Iterable<Buffer>,
  seed: Seed | undefined,
  trailers?: Readonly<Record<string, string>>,
): AsyncGenerator<Buffer> {
  let previous = seed?.signature ?? ''
  const header = (piece: Buffer): string => {
    if (seed === undefined) return `${piece.length.toString(16)}\r\n`
    const text = chunkStringToSign(seed.date, seed.scope, previous, sha256Hex(piece))
    previous = signatureOf(seed.signingKey, text)
    return `${piece.length.toString(16)};chunk-signature=${previous}\r\n`
  }
  for await (const piece of pieces) {
    if (piece.length > 0) yield Buffer.concat([Buffer.from(header(piece)), piece, Buffer.from('\r\n')])
  }
  const lines = Object.entries(trailers ?? {}).map(([name, value]) => `${name}:${value}`)
  const last = header(Buffer.alloc(0))
  if (seed !== undefined && trailers !== undefined) {
    const sha256 = lines.length === 0 ? EMPTY_SHA256 : sha256Hex(Buffer.from(`${lines.join('\n')}\n`))
    const signature = signatureOf(seed.signingKey, trailerStringToSign(seed.date, seed.scope, previous, sha256))
    lines.push(`x-amz-trailer-signature:${signature}`)
  }
  yield Buffer.from(`${last}${lines.map((line) => `${line}\r\n`).join('')}\r\n`)
}

function scopeOf({ now, region, service }: Signing): Scope {
  return { date: formatAmzDate(now).slice(0, 8), region, service }
}

function sign(request: SignedRequest, names: readonly string[], payloadHash: string, signing: Signing): Seed {
  const place = scopeOf(signing)
  const scope = credentialScope(place)
  const date = formatAmzDate(signing.now)
  const key = signing.key ?? signingKey(signing.credentials.secretAccessKey, place)
  const text = stringToSign(date, scope, canonicalRequest(request, signing.service, names, payloadHash))
  const { accessKeyId } = signing.credentials
  return { accessKeyId, signature: signatureOf(key, text), signingKey: key, date, scope }
}
