import { AwsError } from '../lib/awsError.ts'
import type { Params } from './params.ts'
import type { WireRequest } from './protocol.ts'
import type { RestPath } from './restRouter.ts'
import { invalidArgument, invalidUri, malformedXml, missingBody, notAnInteger } from './s3Errors.ts'
import type { OperationModel } from './schema.ts'
import { shapeOf, type Member, type Shape } from './shape.ts'
import { fromHttpDate, fromIsoDate, setEntry } from './values.ts'
import { xmlDecoder, XmlMismatch } from './xmlDecode.ts'
import { parseXml } from './xmlParse.ts'

/** A request with its path and query taken apart. */
export interface RestRequest {
  readonly wire: WireRequest
  readonly path: RestPath
  readonly params: Params
}

/** Reads one member of the input; undefined when the request does not carry it. */
type Reader = (request: RestRequest) => unknown

export type RestDecoder = (request: RestRequest) => Record<string, unknown>

/** Compiles the HTTP bindings of an operation's input. */
export function restDecoder(operation: OperationModel): RestDecoder {
  const input = shapeOf(operation.input)
  const members = input.kind === 'struct' ? input.members() : []
  const readers: { readonly name: string; readonly read: Reader }[] = []
  let readPayload: ((target: Record<string, unknown>, body: Buffer) => void) | undefined
  for (const member of members) {
    if (member.shape.traits.httpPayload) readPayload = payloadReader(member)
    else {
      const read = readerOf(member)
      if (read) readers.push({ name: member.name, read })
    }
  }
  return (request) => {
    const target: Record<string, unknown> = {}
    for (const { name, read } of readers) {
      const value = read(request)
      if (value !== undefined) target[name] = value
    }
    readPayload?.(target, request.wire.body)
    return target
  }
}

function readerOf({ name, shape }: Member): Reader | undefined {
  const { httpLabel, httpHeader, httpQuery, httpPrefixHeaders } = shape.traits
  if (httpLabel) {
    return name === 'Key' ? ({ path }) => decodeLabel(path.key) : ({ path }) => decodeLabel(path.bucket)
  }
  if (httpHeader !== undefined) {
    const header = httpHeader.toLowerCase()
    const read = textReader(shape, header)
    return ({ wire }) => whenPresent(wire.headers[header], read)
  }
  if (httpQuery !== undefined) {
    const read = textReader(shape, httpQuery)
    return ({ params }) => whenPresent(params[httpQuery], read)
  }
  if (httpPrefixHeaders !== undefined) return ({ wire }) => prefixed(wire.headers, httpPrefixHeaders.toLowerCase())
  return undefined
}

const whenPresent = (text: string | undefined, read: (text: string) => unknown) =>
  text === undefined ? undefined : read(text)

/** Percent-decoded once; `+` is a plus sign. */
function decodeLabel(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw invalidUri(`/${text}`)
  }
}

/** All headers that begin with `prefix`, without it: user metadata. */
function prefixed(headers: WireRequest['headers'], prefix: string): Record<string, string> | undefined {
  let found: Record<string, string> | undefined
  for (const name in headers) {
    const value = headers[name]
    if (value !== undefined && name.startsWith(prefix)) setEntry((found ??= {}), name.slice(prefix.length), value)
  }
  return found
}

/** The reader of a header's or query parameter's text. */
function textReader(shape: Shape, wireName: string): (text: string) => unknown {
  switch (shape.kind) {
    case 'number':
      return (text) => integer(text, wireName)
    case 'boolean':
      return (text) => boolean(text, wireName)
    case 'timestamp':
      return shape.format === 'date-time' ? (text) => isoDate(text, wireName) : httpDate
    case 'list':
      return (text) => text.split(',').map((item) => item.trim())
    default:
      return (text) => text
  }
}

function integer(text: string, wireName: string): number | undefined {
  if (text === '') return undefined
  const value = /^[+-]?\d+$/.test(text) ? Number(text) : NaN
  if (Number.isSafeInteger(value) && (wireName.includes('length') || Math.abs(value) < 2 ** 31)) return value
  // GetObjectAttributes ignores it (versity/versitygw issue 1806: S3's answer).
  if (wireName === 'x-amz-max-parts') return undefined
  if (wireName === 'partNumber') {
    throw invalidArgument(wireName, text, 'Part number must be an integer between 1 and 10000, inclusive')
  }
  throw notAnInteger(wireName, text)
}

function boolean(text: string, wireName: string): boolean | undefined {
  const lower = text.toLowerCase()
  if (lower === 'true') return true
  if (lower === 'false') return false
  if (lower === '') return undefined
  throw invalidArgument(wireName, text)
}

/** Conditions with dates that are none are ignored, as HTTP demands (RFC 9110 §13.1.3). */
const httpDate = (text: string) => fromHttpDate(text) ?? fromIsoDate(text)

function isoDate(text: string, wireName: string): Date {
  const date = fromIsoDate(text)
  if (!date) throw invalidArgument(wireName, text, 'The retain until date must be provided in ISO 8601 format')
  return date
}

// ---- Payload ---------------------------------------------------------------------------------------------------------

/**
 * Reads the body into a member. A streamed one is left to the handler.
 * A body that cannot be read is reported when the member is first looked at, not before: S3 answers NoSuchBucket and
 * AccessDenied first (facts: s3-ebs A10).
 */
function payloadReader({
  name,
  shape,
  required,
}: Member): ((target: Record<string, unknown>, body: Buffer) => void) | undefined {
  if (shape.traits.streaming) return undefined
  const read = bodyReader(shape)
  return (target, body) => {
    if (body.length === 0) {
      if (required) refuseWhenRead(target, name, missingBody())
      return
    }
    try {
      target[name] = read(body)
    } catch (error) {
      if (!(error instanceof AwsError)) throw error
      refuseWhenRead(target, name, error)
    }
  }
}

/** Not enumerable: copies and logs of the input do not stumble over it. */
function refuseWhenRead(target: Record<string, unknown>, name: string, error: AwsError): void {
  Object.defineProperty(target, name, {
    get() {
      throw error
    },
    enumerable: false,
    configurable: true,
  })
}

function bodyReader(shape: Shape): (body: Buffer) => unknown {
  if (shape.kind === 'blob') return (body) => body
  if (shape.kind !== 'struct') return (body) => body.toString('utf8')
  const decode = xmlDecoder(shape)
  const rootName = shape.traits.xmlName ?? shape.name
  return (body) => {
    const root = parseXml(body.toString('utf8'))
    if (root?.name !== rootName) throw malformedXml()
    try {
      return decode(root)
    } catch (error) {
      if (error instanceof XmlMismatch) throw malformedXml()
      throw error
    }
  }
}
