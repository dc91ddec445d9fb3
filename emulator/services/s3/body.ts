import { AwsError } from '../../lib/awsError.ts'
import type { Call } from '../../operation/call.ts'
import { headerNotImplemented } from './errors.ts'

/** The most a single upload, a part or the source of a copy may hold: 5 GiB. */
export const LARGEST_UPLOAD = 5 * 1024 ** 3

/**
 * The body of a request and how many bytes of plaintext it announces: a header of its own says so where it comes in chunks, and says
 * nothing of others (measured against S3: versity/versitygw pull request 2415). A form's says so at its end only, and keeps to its limits
 * itself (post/). Throws MissingContentLength, EntityTooLarge.
 */
export function incomingBody({ http, body }: Pick<Call, 'http' | 'body'>): {
  readonly source: AsyncIterable<Buffer>
  readonly length: number | undefined
} {
  if (http.form === true) return { source: body ?? empty(), length: undefined }
  const chunked =
    http.headers['x-amz-content-sha256']?.startsWith('STREAMING-') === true ||
    /\baws-chunked\b/i.test(http.headers['content-encoding'] ?? '')
  const announced = http.headers[chunked ? 'x-amz-decoded-content-length' : 'content-length']
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

export const entityTooLarge = (size: number, most = LARGEST_UPLOAD): AwsError =>
  new AwsError('EntityTooLarge', 400, 'Your proposed upload exceeds the maximum allowed size', {
    fields: { ProposedSize: String(size), MaxSizeAllowed: String(most) },
  })

export const entityTooSmall = (size: number, least: number): AwsError =>
  new AwsError('EntityTooSmall', 400, 'Your proposed upload is smaller than the minimum allowed size', {
    fields: { ProposedSize: String(size), MinSizeAllowed: String(least) },
  })

async function* empty(): AsyncGenerator<Buffer> {
  // A body without bytes.
}
