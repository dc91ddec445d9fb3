import { AwsError } from '../../../lib/awsError.ts'
import type { Call } from '../../../operation/call.ts'
import { invalidRequest, notEmulated } from '../errors.ts'
import type { ChecksumAlgorithm, ChecksumType } from '../state.ts'
import { ALGORITHMS, ALGORITHM_NAMES, isAlgorithm } from './algorithms.ts'

/** The members by which AWS's model carries checksums. */
export type ChecksumMembers = { readonly [A in ChecksumAlgorithm as `Checksum${A}`]?: string | undefined }

/** A checksum that the body must have. */
export interface RequestedChecksum {
  readonly algorithm: ChecksumAlgorithm
  /** Base64; undefined when it comes in the trailer. */
  readonly expected?: string | undefined
}

function headerOf(algorithm: string): string {
  return `x-amz-checksum-${algorithm.toLowerCase()}`
}

/** The one checksum a request carries, in a header or announced for its trailer. Throws InvalidRequest (facts: A1). */
export function requestedChecksum(
  input: ChecksumMembers & { readonly ChecksumAlgorithm?: string | undefined },
  call: Pick<Call, 'http'>,
): RequestedChecksum | undefined {
  refuseUnknown(call)
  const given = ALGORITHM_NAMES.filter((name) => input[`Checksum${name}`] !== undefined)
  const announced = trailerNames(call)
  if (given.length > 0 && announced.length > 0) throw invalidRequest(SINGLE)
  if (given.length + announced.length > 1) throw invalidRequest(`${SINGLE}. Multiple checksum Types are not allowed.`)
  const [algorithm = announced[0]] = given
  if (!algorithm) {
    refuseUnaccompanied(input.ChecksumAlgorithm, call)
    return undefined
  }
  if (input.ChecksumAlgorithm !== undefined && input.ChecksumAlgorithm.toUpperCase() !== algorithm) {
    // The model says BadDigest; this is S3's answer (versity/versitygw issues 1598 and 1659).
    throw invalidRequest('Value for x-amz-sdk-checksum-algorithm header is invalid.')
  }
  if (given.length === 0) return { algorithm }
  return { algorithm, expected: wellFormed(algorithm, input[`Checksum${algorithm}`] ?? '') }
}

const SINGLE = 'Expecting a single x-amz-checksum- header'

/** Headers that speak of checksums without being any. */
const ABOUT_CHECKSUMS = new Set(['algorithm', 'mode', 'type'].map(headerOf))

/** What stands beside no checksum and needs one. A name S3 does not know is ignored beside one that it does (versitygw issues 1104, 1356). */
function refuseUnaccompanied(named: string | undefined, { http: { headers } }: Pick<Call, 'http'>): void {
  if (named !== undefined) {
    throw invalidRequest(
      'x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.',
    )
  }
  for (const name in headers) {
    if (!name.startsWith('x-amz-checksum-') || ABOUT_CHECKSUMS.has(name)) continue
    throw invalidRequest('The algorithm type you specified in x-amz-checksum- header is invalid.')
  }
}

/** The value of a checksum's header, or trailing header, or InvalidRequest when it cannot be one. */
export function wellFormed(algorithm: ChecksumAlgorithm, value: string, kind = 'header'): string {
  const bytes = Buffer.from(value, 'base64')
  if (bytes.length === ALGORITHMS[algorithm].length && bytes.toString('base64') === value) return value
  throw invalidRequest(`Value for ${headerOf(algorithm)} ${kind} is invalid.`)
}

function trailerNames({ http }: Pick<Call, 'http'>): ChecksumAlgorithm[] {
  const announced = http.headers['x-amz-trailer']
  if (announced === undefined) return []
  const names = announced.split(',').map((name) => name.trim().toLowerCase())
  return ALGORITHM_NAMES.filter((algorithm) => names.includes(headerOf(algorithm)))
}

/** S3 also knows XXHASH; refusing is better than not checking. */
function refuseUnknown({ http }: Pick<Call, 'http'>): void {
  const inTrailer = http.headers['x-amz-trailer'] ?? ''
  for (const name of ['xxhash64', 'xxhash3', 'xxhash128']) {
    if (http.headers[headerOf(name)] !== undefined || inTrailer.includes(headerOf(name))) {
      throw notEmulated(`s3 checksum ${name.toUpperCase()}`)
    }
  }
}

/** How S3 calls a header that follows the body (versity/versitygw issue 1652). */
export const TRAILING = 'trailing header'

/** Throws BadDigest unless the body has the checksum its request promised. */
export function verifyChecksum(
  requested: RequestedChecksum,
  computed: string,
  trailers: (() => Readonly<Record<string, string>>) | undefined,
): void {
  const { algorithm } = requested
  const expected = requested.expected ?? wellFormed(algorithm, trailers?.()[headerOf(algorithm)] ?? '', TRAILING)
  if (expected !== computed) throw badDigest(algorithm)
}

export const badDigest = (algorithm: string): AwsError =>
  new AwsError('BadDigest', 400, `The ${algorithm} you specified did not match the calculated checksum.`)

/** Bytes of a Content-MD5 header. Throws InvalidDigest. */
export function contentMd5(header: string | undefined): Buffer | undefined {
  if (header === undefined) return undefined
  const bytes = Buffer.from(header, 'base64')
  if (bytes.length === 16 && bytes.toString('base64') === header.trim()) return bytes
  throw new AwsError('InvalidDigest', 400, 'The Content-MD5 you specified was invalid.', {
    fields: { 'Content-MD5': header },
  })
}

/** What was promised is told in hexadecimal digits, what was found in base64 (versity/versitygw issue 2034). */
export function verifyMd5(expected: Buffer, computed: Buffer): void {
  if (expected.equals(computed)) return
  throw new AwsError('BadDigest', 400, 'The Content-MD5 you specified did not match what we received.', {
    fields: { ExpectedDigest: expected.toString('hex'), CalculatedDigest: computed.toString('base64') },
  })
}

/** An algorithm named by a client for what it is about to do. Throws InvalidRequest, or 501 for those not emulated. */
export function namedAlgorithm(name: string): ChecksumAlgorithm {
  if (isAlgorithm(name)) return name
  if (name.startsWith('XXHASH')) throw notEmulated(`s3 checksum ${name}`)
  throw invalidRequest(
    'Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]',
  )
}

/** A checksum as a member of an answer. */
export function checksumValue(checksum: {
  readonly algorithm: ChecksumAlgorithm
  readonly value: string
}): ChecksumMembers {
  return { [`Checksum${checksum.algorithm}`]: checksum.value }
}

/** The same, with its type. */
export function checksumMembers(checksum: {
  readonly algorithm: ChecksumAlgorithm
  readonly type: ChecksumType
  readonly value: string
}): ChecksumMembers & { readonly ChecksumType: ChecksumType } {
  return { ...checksumValue(checksum), ChecksumType: checksum.type }
}
