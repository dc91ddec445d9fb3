import type { WireResponse } from './protocol.ts'
import type { OperationModel } from './schema.ts'
import { shapeOf, type Member, type Shape, type StructShape } from './shape.ts'
import { statusOf } from './status.ts'
import { escapeXml, wrap, xmlScalar, xmlStruct, type XmlStyle } from './xmlEncode.ts'

const STYLE: XmlStyle = { times: 'milliseconds' }

export const XML_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'

type Output = Readonly<Record<string, unknown>>
type Headers = Record<string, string>

/** Writes the answer; the protocol adds its own headers to `headers`. */
export type RestEncoder = (output: object, headers: Headers) => WireResponse

/** Compiles the HTTP bindings of an operation's output. */
export function restEncoder(operation: OperationModel): RestEncoder {
  const shape = shapeOf(operation.output)
  const members = shape.kind === 'struct' ? shape.members() : []
  // Looked up by what the output has: S3's outputs have forty headers, of which an answer carries a handful.
  const headerWriters = new Map(members.flatMap(headerWriter))
  const body = shape.kind === 'struct' ? bodyWriter(shape, shape, members, operation) : undefined
  const modelled = operation.http?.status ?? 200
  return (output, headers) => {
    for (const name in output) {
      const value = (output as Output)[name]
      if (value !== undefined && value !== null) headerWriters.get(name)?.(value, headers)
    }
    const status = statusOf(output, modelled)
    return { status, headers, body: status === 204 || status === 304 ? '' : (body?.(output as Output, headers) ?? '') }
  }
}

// ---- Headers ---------------------------------------------------------------------------------------------------------

type HeaderWriter = (value: unknown, headers: Headers) => void

function headerWriter({ name, shape }: Member): [string, HeaderWriter][] {
  const { httpHeader, httpPrefixHeaders } = shape.traits
  if (httpHeader !== undefined) {
    const header = httpHeader.toLowerCase()
    const text = headerText(shape)
    return [
      [
        name,
        (value, headers) => {
          headers[header] = text(value)
        },
      ],
    ]
  }
  if (httpPrefixHeaders === undefined) return []
  return [
    [
      name,
      (value, headers) => {
        for (const [key, entry] of Object.entries(value as object)) {
          headers[httpPrefixHeaders + key.toLowerCase()] = headerSafe(String(entry))
        }
      },
    ],
  ]
}

function headerText(shape: Shape): (value: unknown) => string {
  if (shape.kind === 'timestamp') {
    const iso = shape.format === 'date-time'
    return (value) => (iso ? (value as Date).toISOString() : (value as Date).toUTCString())
  }
  if (shape.kind === 'number' || shape.kind === 'boolean') return String
  if (shape.kind === 'list') return (value) => headerSafe((value as readonly unknown[]).join(', '))
  return (value) => headerSafe(String(value))
}

// eslint-disable-next-line no-control-regex -- they are what is being looked for
const CONTROL = /[\u0000-\u0008\u000a-\u001f\u007f]/g
const BEYOND_LATIN1 = /[\u0100-\uffff]/

const PLAIN = /^[\u0020-\u007e]*$/

/** What HTTP can carry: no line ends, and S3's own way (RFC 2047) with characters beyond Latin-1. */
export function headerSafe(text: string): string {
  if (PLAIN.test(text)) return text
  const safe = text.replace(CONTROL, ' ')
  return BEYOND_LATIN1.test(safe) ? `=?UTF-8?B?${Buffer.from(safe).toString('base64')}?=` : safe
}

// ---- Body ------------------------------------------------------------------------------------------------------------

type BodyWriter = (output: Output, headers: Headers) => WireResponse['body']

function bodyWriter(
  shape: StructShape,
  { traits }: Shape,
  members: readonly Member[],
  operation: OperationModel,
): BodyWriter | undefined {
  const payload = members.find((member) => member.shape.traits.httpPayload)
  if (payload) return payloadWriter(payload, operation)
  const inBody = members.filter(
    ({ shape: { traits: t } }) => t.httpHeader === undefined && t.httpPrefixHeaders === undefined,
  )
  if (inBody.length === 0) return undefined
  const document = documentWriter(traits.xmlName ?? shape.name, shape, inBody, operation)
  return (output, headers) => document(output, headers)
}

function payloadWriter({ name, shape }: Member, operation: OperationModel): BodyWriter {
  if (shape.kind === 'struct') {
    const document = documentWriter(shape.traits.xmlName ?? shape.name, shape, shape.members(), operation)
    return (output, headers) => (output[name] === undefined ? '' : document(output[name] as Output, headers))
  }
  if (shape.kind === 'blob') return (output) => (output[name] ?? '') as WireResponse['body']
  return (output, headers) => {
    // The only text S3 answers as it is: bucket policies.
    headers['content-type'] ??= 'application/json'
    return (output[name] ?? '') as string
  }
}

function documentWriter(
  root: string,
  shape: StructShape,
  inBody: readonly Member[],
  operation: OperationModel,
): BodyWriter {
  const { xmlns } = operation.service.wire
  const start = xmlns === undefined ? '' : ` xmlns="${escapeXml(xmlns)}"`
  const content = unwrapped(root, inBody) ?? xmlStruct(shape, STYLE).content
  return (output, headers) => {
    headers['content-type'] ??= 'application/xml'
    return XML_DECLARATION + wrap(root, start, content(output))
  }
}

/** GetBucketLocation's only member is the root element itself (Smithy: s3UnwrappedXmlOutput). */
function unwrapped(root: string, [only, ...more]: readonly Member[]): ((value: Output) => string) | undefined {
  if (!only || more.length > 0 || only.name !== root || only.shape.kind !== 'string') return undefined
  const text = xmlScalar(only.shape, STYLE)
  return (output) => (output[root] === undefined ? '' : text(output[root]))
}
