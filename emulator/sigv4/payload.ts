import { AwsError } from '../lib/awsError.ts'
import { queryValue } from './authorization.ts'
import { EMPTY_SHA256, sha256Hex } from './signature.ts'
import type { ChunkedPayload, Claim, Payload, SignedRequest } from './types.ts'
import { SignatureProblem } from './types.ts'

const UNSIGNED = 'UNSIGNED-PAYLOAD'
const SHA256 = /^[0-9A-Fa-f]{64}$/

const CHUNKED: ReadonlyMap<string, Pick<ChunkedPayload, 'signed' | 'trailer'>> = new Map([
  ['STREAMING-AWS4-HMAC-SHA256-PAYLOAD', { signed: true, trailer: false }],
  ['STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER', { signed: true, trailer: true }],
  ['STREAMING-UNSIGNED-PAYLOAD-TRAILER', { signed: false, trailer: true }],
])

/** What S3 takes as a trailing header: the checksums of its model (`ChecksumAlgorithm`). */
const TRAILERS: ReadonlySet<string> = new Set([
  'x-amz-checksum-crc32',
  'x-amz-checksum-crc32c',
  'x-amz-checksum-crc64nvme',
  'x-amz-checksum-md5',
  'x-amz-checksum-sha1',
  'x-amz-checksum-sha256',
  'x-amz-checksum-sha512',
  'x-amz-checksum-xxhash128',
  'x-amz-checksum-xxhash3',
  'x-amz-checksum-xxhash64',
])

/**
 * How the body is covered. S3 believes `x-amz-content-sha256` and compares later; every other service hashes the body
 * itself and treats that header as any other.
 *
 * @param service the signing name
 * @throws SignatureProblem `content-hash-missing`, `content-hash-invalid`
 * @throws AwsError MissingContentLength (411) when a chunked body does not say its decoded length; InvalidRequest (400)
 *   when it announces a trailer that S3 does not know
 */
export function payloadOf(request: SignedRequest, claim: Claim, service: string): Payload {
  const header = request.headers['x-amz-content-sha256']
  if (service !== 's3')
    return header === UNSIGNED && mayBeUnsigned(service, request.method) ? { kind: 'unsigned' } : { kind: 'body' }
  // Some signers hoist the header into a presigned query.
  const declared = header ?? (claim.kind === 'query' ? queryValue(request.query, 'X-Amz-Content-Sha256') : undefined)
  if (declared === undefined) {
    if (claim.kind === 'header') throw new SignatureProblem({ code: 'content-hash-missing' })
    return { kind: 'unsigned' }
  }
  if (declared === UNSIGNED) return { kind: 'unsigned' }
  const chunked = CHUNKED.get(declared)
  if (chunked !== undefined) {
    return { kind: 'chunked', ...chunked, decodedLength: decodedLength(request), trailerNames: trailerNames(request) }
  }
  if (declared !== EMPTY_SHA256 && !SHA256.test(declared))
    throw new SignatureProblem({ code: 'content-hash-invalid', value: declared })
  return { kind: 'hash', sha256: declared }
}

/** EBS direct's model lets PutSnapshotBlock, its only PUT, go without a signed body (`v4-unsigned-body`). */
export function mayBeUnsigned(service: string, method: string): boolean {
  return service === 'ebs' && method === 'PUT'
}

/**
 * The last line of the canonical request.
 *
 * @param body the whole body; looked at only for payloads of kind `body`
 */
export function payloadHash(payload: Payload, body: Uint8Array): string {
  switch (payload.kind) {
    case 'body':
      return sha256Hex(body)
    case 'hash':
      return payload.sha256
    case 'unsigned':
      return UNSIGNED
    case 'chunked':
      if (!payload.signed) return 'STREAMING-UNSIGNED-PAYLOAD-TRAILER'
      return `STREAMING-AWS4-HMAC-SHA256-PAYLOAD${payload.trailer ? '-TRAILER' : ''}`
  }
}

function decodedLength(request: SignedRequest): number {
  const text = request.headers['x-amz-decoded-content-length'] ?? ''
  if (!/^\d{1,15}$/.test(text)) {
    throw new AwsError('MissingContentLength', 411, 'You must provide the Content-Length HTTP header.')
  }
  return Number(text)
}

function trailerNames(request: SignedRequest): string[] {
  const announced = request.headers['x-amz-trailer'] ?? ''
  const names = announced.split(',').map((name) => name.trim().toLowerCase())
  if (announced !== '' && names.some((name) => !TRAILERS.has(name))) {
    throw new AwsError('InvalidRequest', 400, 'The value specified in the x-amz-trailer header is not supported')
  }
  return announced === '' ? [] : names
}
