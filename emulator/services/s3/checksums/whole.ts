import { createHash } from 'node:crypto'
import type { Call } from '../../../operation/call.ts'
import { invalidRequest } from '../errors.ts'
import { ALGORITHM_NAMES, ALGORITHMS } from './algorithms.ts'
import { badDigest, contentMd5, TRAILING, verifyMd5, wellFormed } from './requested.ts'

type Headers = Readonly<Record<string, string | undefined>>

/** Operations whose checksum headers speak of the object, not of the body that carries the request. */
const OF_THE_OBJECT: ReadonlySet<string> = new Set(['CompleteMultipartUpload'])

/**
 * What a request promises of a body that was read whole (policies, tags, lists of keys): Content-MD5 and any checksum, in headers
 * or trailers. Throws BadDigest, InvalidDigest or InvalidRequest (facts: A1).
 */
export async function checkWholeBody(
  operation: string,
  body: Buffer,
  headers: Headers,
  trailers: Headers,
): Promise<void> {
  const md5 = contentMd5(headers['content-md5'])
  if (md5) verifyMd5(md5, createHash('md5').update(body).digest())
  if (OF_THE_OBJECT.has(operation)) return
  for (const algorithm of ALGORITHM_NAMES) {
    const name = `x-amz-checksum-${algorithm.toLowerCase()}`
    const promised = headers[name] ?? trailers[name]
    if (promised === undefined) continue
    const digester = ALGORITHMS[algorithm].create()
    digester.update(body)
    const computed = (await digester.digest()).toString('base64')
    const kind = headers[name] === undefined ? TRAILING : 'header'
    if (wellFormed(algorithm, promised, kind) !== computed) throw badDigest(algorithm)
  }
}

const PROMISES = ['content-md5', ...ALGORITHM_NAMES.map((algorithm) => `x-amz-checksum-${algorithm.toLowerCase()}`)]

/** Whether a request promises anything of its body, in a header or a trailer. */
export const promisesBody = ({ http: { headers } }: Pick<Call, 'http'>): boolean =>
  PROMISES.some((name) => headers[name] !== undefined) ||
  (headers['x-amz-trailer']?.toLowerCase().includes('x-amz-checksum-') ?? false)

/**
 * Some configurations S3 takes only with a promise about the body (facts: captures 7.5). The promise itself has been kept, or not, before
 * anybody was authorized. Throws InvalidRequest.
 */
export function requireBodyChecksum(call: Pick<Call, 'http'>): void {
  if (promisesBody(call)) return
  throw invalidRequest('Missing required header for this request: Content-MD5 OR x-amz-checksum-*')
}
