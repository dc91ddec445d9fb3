import { createHash } from 'node:crypto'
import { ALGORITHM_NAMES, ALGORITHMS } from './algorithms.ts'
import { badDigest, contentMd5, verifyMd5, wellFormed } from './requested.ts'

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
    if (wellFormed(algorithm, promised) !== computed) throw badDigest(algorithm)
  }
}
