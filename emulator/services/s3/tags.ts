import type { Tags } from '../../access/types.ts'
import { AwsError } from '../../lib/awsError.ts'
import { invalidArgument, malformedXml } from './errors.ts'

interface TagMember {
  readonly Key?: string | undefined
  readonly Value?: string | undefined
}

const ALLOWED = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u

/** A value is named where it is to blame (S3's answers: versity/versitygw issue 2039). */
const invalidTag = (text: string, key: string, value?: string) =>
  new AwsError('InvalidTag', 400, text, { fields: { TagKey: key, ...(value !== undefined && { TagValue: value }) } })

/** Tags of a TagSet, checked. Throws MalformedXML, InvalidTag, BadRequest. */
function readTags(members: readonly TagMember[], most: number, kind: 'Object' | 'Bucket'): Tags {
  const tags: Record<string, string> = Object.create(null) as Record<string, string>
  if (members.length > most) {
    throw new AwsError('BadRequest', 400, `${kind} tags cannot be greater than ${most}`)
  }
  for (const { Key: key, Value: value } of members) {
    if (key === undefined || value === undefined) throw malformedXml()
    if (key.length === 0 || key.length > 128 || !ALLOWED.test(key)) {
      throw invalidTag('The TagKey you have provided is invalid', key)
    }
    if (value.length > 256 || !ALLOWED.test(value)) {
      throw invalidTag('The TagValue you have provided is invalid', key, value)
    }
    if (key.startsWith('aws:')) throw invalidTag('System tags cannot be added/updated by requester', key)
    if (Object.hasOwn(tags, key)) throw invalidTag('Cannot provide multiple Tags with the same key', key)
    tags[key] = value
  }
  return { ...tags }
}

export const readObjectTags = (members: readonly TagMember[] | undefined): Tags => readTags(members ?? [], 10, 'Object')
export const readBucketTags = (members: readonly TagMember[] | undefined): Tags => readTags(members ?? [], 50, 'Bucket')

/** The `x-amz-tagging` header: `a=1&b=2`, percent-encoded. Nothing between two `&` is no tag (versity/versitygw issues 1215, 1216). */
export function readTagHeader(header: string | undefined): Tags {
  if (header === undefined || header === '') return {}
  const pairs = header.split('&').filter((pair) => pair !== '')
  const members = pairs.map((pair) => {
    const equals = pair.indexOf('=')
    const name = equals < 0 ? pair : pair.slice(0, equals)
    return { Key: decode(name, header), Value: equals < 0 ? '' : decode(pair.slice(equals + 1), header) }
  })
  const names = new Set(members.map(({ Key }) => Key))
  if (names.size !== members.length || names.has('')) throw badHeader(header)
  return readObjectTags(members)
}

function decode(text: string, header: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    throw badHeader(header)
  }
}

const badHeader = (value: string) =>
  invalidArgument(
    "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.",
    'x-amz-tagging',
    value,
  )

/** Tags as a TagSet, in the order they were given. */
export const tagSet = (tags: Tags): { Key: string; Value: string }[] =>
  Object.entries(tags).map(([Key, Value]) => ({ Key, Value }))
