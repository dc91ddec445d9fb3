import { invalidArgument } from '../errors.ts'

const HEADER = 'x-amz-server-side-encryption-context'

/** The encryption context header: base64 of a JSON object of strings (facts: A6). Throws InvalidArgument. */
export function readContext(header: string | undefined): Readonly<Record<string, string>> | undefined {
  if (header === undefined) return undefined
  const pairs = isBase64(header) ? parsePairs(Buffer.from(header, 'base64')) : undefined
  if (pairs) return pairs
  throw invalidArgument(
    `The header '${HEADER}' shall be Base64-encoded UTF-8 string holding JSON which represents a string-string map`,
    HEADER,
    header,
  )
}

const isBase64 = (text: string) => /^[A-Za-z0-9+/]*={0,2}$/.test(text)

const utf8 = new TextDecoder('utf-8', { fatal: true })

function parsePairs(bytes: Buffer): Readonly<Record<string, string>> | undefined {
  let parsed: unknown
  try {
    parsed = JSON.parse(utf8.decode(bytes))
  } catch {
    return undefined
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return undefined
  const pairs = Object.entries(parsed)
  return pairs.every((pair): pair is [string, string] => typeof pair[1] === 'string')
    ? Object.fromEntries(pairs)
    : undefined
}

/** The header in answers: the complete context, `aws:s3:arn` included (facts: captures 7.4). */
export function writeContext(context: Readonly<Record<string, string>>): string {
  return Buffer.from(JSON.stringify(context)).toString('base64')
}
