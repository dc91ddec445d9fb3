import type { UploadRecord } from '../state.ts'
import { invalidRequest } from '../errors.ts'
import { ALGORITHMS, DEFAULT_ALGORITHM } from './algorithms.ts'
import { namedAlgorithm, type RequestedChecksum } from './requested.ts'

/** The checksum of a new upload's object. Throws InvalidRequest for combinations that cannot be computed. */
export function chooseUploadChecksum(
  algorithm: string | undefined,
  type: string | undefined,
): UploadRecord['checksum'] {
  if (algorithm === undefined) {
    if (type !== undefined) {
      throw invalidRequest('The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.')
    }
    return { algorithm: DEFAULT_ALGORITHM, type: 'FULL_OBJECT', explicit: false }
  }
  const name = namedAlgorithm(algorithm)
  const chosen = type ?? (name === DEFAULT_ALGORITHM ? 'FULL_OBJECT' : 'COMPOSITE')
  if (chosen !== 'FULL_OBJECT' && chosen !== 'COMPOSITE') {
    throw invalidRequest('Value for x-amz-checksum-type header is invalid.')
  }
  const impossible = chosen === 'FULL_OBJECT' ? !ALGORITHMS[name].crc : name === DEFAULT_ALGORITHM
  if (impossible) {
    throw invalidRequest(
      `The ${chosen} checksum type cannot be used with the ${name.toLowerCase()} checksum algorithm.`,
    )
  }
  return { algorithm: name, type: chosen, explicit: true }
}

/**
 * Parts carry the checksum that was announced when the upload began; where it is to be of the whole object they may go without (S3's
 * answers: versity/versitygw issue 1342). Throws InvalidRequest.
 */
export function requireSameAlgorithm({ checksum }: UploadRecord, requested: RequestedChecksum | undefined): void {
  if (!checksum.explicit || requested?.algorithm === checksum.algorithm) return
  if (!requested && checksum.type === 'FULL_OBJECT') return
  const actual = requested ? requested.algorithm.toLowerCase() : 'null'
  throw invalidRequest(
    `Checksum Type mismatch occurred, expected checksum Type: ${checksum.algorithm.toLowerCase()}, actual checksum Type: ${actual}`,
  )
}
