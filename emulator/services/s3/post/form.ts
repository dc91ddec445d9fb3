import { AwsError } from '../../../lib/awsError.ts'
import type { OpenForm } from '../../../wire/formData.ts'
import { invalidArgument } from '../errors.ts'
import { xmlTags } from './tagging.ts'

/** The fields of a form, by lower-case name, with the file's name filled in. */
export type FormFields = ReadonlyMap<string, string>

/** Fields that go by another name as headers of PutObject. */
const RENAMED: ReadonlyMap<string, string> = new Map([
  ['acl', 'x-amz-acl'],
  ['x-amz-checksum-algorithm', 'x-amz-sdk-checksum-algorithm'],
])

const CONTENT = new Set([
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-md5',
  'content-type',
  'expires',
])

/** What says how a body travels, or means another operation: no business of a form. */
const TRANSPORT = new Set([
  'x-amz-content-sha256',
  'x-amz-copy-source',
  'x-amz-decoded-content-length',
  'x-amz-trailer',
  'x-amz-write-offset-bytes',
])

/**
 * A field repeated is the last of them; names do not depend on case; `${filename}` stands for the file's name. Throws
 * InvalidArgument for a form without a key.
 */
export function fieldsOf({ fields, fileName }: OpenForm): Map<string, string> {
  const found = new Map<string, string>()
  for (const [name, value] of fields) {
    // The policy may speak of the file's name itself.
    const lower = name.toLowerCase()
    found.set(lower, lower === 'policy' ? value : value.replaceAll('${filename}', () => fileName))
  }
  if (!found.get('key')) throw fieldMissing('key')
  return found
}

/** The refusal of a form that lacks a field (facts: s3-ebs A1; S3 writes two spaces). */
export const fieldMissing = (name: string): AwsError =>
  new AwsError(
    'InvalidArgument',
    400,
    `Bucket POST must contain a field named '${name}'.  If it is specified, please check the order of the fields.`,
    { fields: { ArgumentName: name, ArgumentValue: '' } },
  )

/** The headers with which PutObject would say the same. Throws InvalidArgument for what no header can say. */
export function headersOf(fields: FormFields): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const [name, value] of fields) {
    if (name === 'tagging') headers['x-amz-tagging'] = xmlTags(value)
    else if (CONTENT.has(name) || RENAMED.has(name) || (name.startsWith('x-amz-') && !TRANSPORT.has(name))) {
      headers[RENAMED.get(name) ?? headerName(name)] = headerValue(name, value)
    }
  }
  return headers
}

/** Throws InvalidArgument for what no header can be called. */
export function headerName(name: string): string {
  if (/^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name)) return name
  throw invalidArgument('Header name is not valid.', name)
}

/** As it would stand in a header: a code unit for each byte of UTF-8. What node would not send back is not taken. */
export function headerValue(name: string, value: string): string {
  const text = Buffer.from(value, 'utf8').toString('latin1')
  if (/^[\t\x20-\x7e\x80-\xff]*$/.test(text)) return text.trim()
  throw invalidArgument('Header value is not valid.', name, value)
}
