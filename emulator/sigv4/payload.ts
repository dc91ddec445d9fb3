import { AwsError } from '../lib/awsError.ts'
import { queryValue } from './authorization.ts'
import { sha256Hex } from './signature.ts'
import type { ChunkedPayload, Claim, Payload, SignedRequest } from './types.ts'
import { SignatureProblem } from './types.ts'

const UNSIGNED = 'UNSIGNED-PAYLOAD'
const SHA256 = /^[0-9A-Fa-f]{64}$/

const CHUNKED: Readonly<Record<string, Pick<ChunkedPayload, 'signed' | 'trailer'>>> = {
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD': { signed: true, trailer: false },
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER': { signed: true, trailer: true },
  'STREAMING-UNSIGNED-PAYLOAD-TRAILER': { signed: false, trailer: true },
}

/** EBS direct's model lets PutSnapshotBlock go without a signed body (`v4-unsigned-body`). */
const MAY_SEND_UNSIGNED: ReadonlySet<string> = new Set(['ebs'])

/**
 * How the body is covered. S3 believes `x-amz-content-sha256` and compares later; every other service hashes the body
 * itself and treats that header as any other.
 *
 * @param service the signing name
 * @throws SignatureProblem `content-hash-missing`, `content-hash-invalid`
 * @throws AwsError MissingContentLength (411) when a chunked body does not say its decoded length
 */
export function payloadOf(request: SignedRequest, claim: Claim, service: string): Payload {
  const header = request.headers['x-amz-content-sha256']
  if (service !== 's3') return header === UNSIGNED && mayBeUnsigned(service) ? { kind: 'unsigned' } : { kind: 'body' }
  // Some signers hoist the header into a presigned query.
  const declared = header ?? (claim.kind === 'query' ? queryValue(request.query, 'X-Amz-Content-Sha256') : undefined)
  if (declared === undefined) {
    if (claim.kind === 'header') throw new SignatureProblem({ code: 'content-hash-missing' })
    return { kind: 'unsigned' }
  }
  if (declared === UNSIGNED) return { kind: 'unsigned' }
  const chunked = CHUNKED[declared]
  if (chunked !== undefined) {
    return { kind: 'chunked', ...chunked, decodedLength: decodedLength(request), trailerNames: trailerNames(request) }
  }
  if (!SHA256.test(declared)) throw new SignatureProblem({ code: 'content-hash-invalid', value: declared })
  return { kind: 'hash', sha256: declared }
}

/** Whether the service takes a body outside the signature although the request does not say so. */
export function mayBeUnsigned(service: string): boolean {
  return MAY_SEND_UNSIGNED.has(service)
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
  return announced
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '')
}
