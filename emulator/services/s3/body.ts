import { AwsError } from '../../lib/awsError.ts'
import type { Call } from '../../operation/call.ts'
import { headerNotImplemented } from './errors.ts'

/** The most a single upload, a part or the source of a copy may hold: 5 GiB. */
export const LARGEST_UPLOAD = 5 * 1024 ** 3

/** The body of a request and how many bytes of plaintext it announces. Throws MissingContentLength, EntityTooLarge. */
export function incomingBody({ http, body }: Pick<Call, 'http' | 'body'>): {
  readonly source: AsyncIterable<Buffer>
  readonly length: number
} {
  const chunked = /\baws-chunked\b/i.test(http.headers['content-encoding'] ?? '')
  const decoded = http.headers['x-amz-decoded-content-length']
  const announced = decoded ?? (chunked ? undefined : http.headers['content-length'])
  if (announced === undefined && !chunked && http.headers['transfer-encoding'] !== undefined) {
    throw headerNotImplemented('Transfer-Encoding')
  }
  if (announced === undefined || !/^\d+$/.test(announced)) {
    throw new AwsError('MissingContentLength', 411, 'You must provide the Content-Length HTTP header.')
  }
  const length = Number(announced)
  if (length > LARGEST_UPLOAD) throw entityTooLarge(length)
  return { source: body ?? empty(), length }
}

export const entityTooLarge = (size: number): AwsError =>
  new AwsError('EntityTooLarge', 400, 'Your proposed upload exceeds the maximum allowed size', {
    fields: { ProposedSize: String(size), MaxSizeAllowed: String(LARGEST_UPLOAD) },
  })

async function* empty(): AsyncGenerator<Buffer> {
  // A body without bytes.
}
