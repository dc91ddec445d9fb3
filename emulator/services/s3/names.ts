import { createHash } from 'node:crypto'
import { AwsError } from '../../lib/awsError.ts'

export const bucketArn = (bucket: string): string => `arn:aws:s3:::${bucket}`
export const objectArn = (bucket: string, key: string): string => `arn:aws:s3:::${bucket}/${key}`

/** An account's canonical user id: 64 hexadecimal digits, always the same for the same account. */
export function canonicalId(account: string): string {
  return createHash('sha256').update(`s3 canonical user ${account}`).digest('hex')
}

const LABELS = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/
const IP_ADDRESS = /^\d{1,3}(?:\.\d{1,3}){3}$/
const RESERVED_PREFIXES = ['xn--', 'sthree-', 'amzn-s3-demo-']
const RESERVED_SUFFIXES = ['-s3alias', '--ol-s3', '.mrap', '--x-s3', '--table-s3']

/** Whether a general purpose bucket may have this name (S3 User Guide, "Bucket naming rules"). */
export function isBucketName(name: string): boolean {
  return (
    name.length >= 3 &&
    name.length <= 63 &&
    LABELS.test(name) &&
    !IP_ADDRESS.test(name) &&
    !RESERVED_PREFIXES.some((prefix) => name.startsWith(prefix)) &&
    !RESERVED_SUFFIXES.some((suffix) => name.endsWith(suffix))
  )
}

export const invalidBucketName = (name: string): AwsError =>
  new AwsError('InvalidBucketName', 400, 'The specified bucket is not valid.', { fields: { BucketName: name } })

const LONGEST_KEY = 1024

/** Throws KeyTooLongError for keys of more than 1024 bytes of UTF-8. */
export function requireKey(key: string): void {
  const size = Buffer.byteLength(key)
  if (size <= LONGEST_KEY) return
  throw new AwsError('KeyTooLongError', 400, 'Your key is too long', {
    fields: { Size: String(size), MaxSizeAllowed: String(LONGEST_KEY) },
  })
}

const ASCII = /^[\0-\x7f]*$/

/**
 * Text whose code-unit order is the order of `text` in UTF-8, which is how S3 lists keys (UTF-16 order differs beyond the basic
 * plane). Plain for ASCII; a prefix stays a prefix.
 */
export function sortable(text: string): string {
  return ASCII.test(text) ? text : Buffer.from(text, 'utf8').toString('latin1')
}

/** The inverse of `sortable`. */
export function fromSortable(text: string): string {
  return ASCII.test(text) ? text : Buffer.from(text, 'latin1').toString('utf8')
}
