import { AwsError } from '../../lib/awsError.ts'
import type { Exchange } from '../exchange.ts'

/** What S3 takes of request line and headers together (S3 User Guide, "Working with object metadata": 8 KB). */
const LARGEST_HEAD = 8 * 1024

/** Throws RequestHeaderSectionTooLarge, in the words of answers of S3 quoted in public issue threads. */
export function refuseLargeHead({ req }: Exchange): void {
  const { rawHeaders, url = '' } = req
  let size = url.length
  for (const text of rawHeaders) size += text.length
  // Colon, blank and line end.
  size += rawHeaders.length * 2
  if (size <= LARGEST_HEAD) return
  throw new AwsError(
    'RequestHeaderSectionTooLarge',
    400,
    'Your request header section exceeds the maximum allowed size.',
    { fields: { MaxSizeAllowed: String(LARGEST_HEAD) } },
  )
}
