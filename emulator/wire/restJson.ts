import type { AwsError } from '../lib/awsError.ts'
import { jsonDecoder, serializationException, type JsonDecoder } from './jsonDecode.ts'
import { jsonEncoder, type JsonEncoder } from './jsonEncode.ts'
import { parseParams, type Params } from './params.ts'
import { pathRouterOf, type Labels } from './pathRouter.ts'
import type { Answering, Protocol, WireRequest, WireResponse } from './protocol.ts'
import type { OperationModel, ServiceModel } from './schema.ts'
import { shapeOf, type Member, type Shape } from './shape.ts'
import { statusOf } from './status.ts'

type Values = Record<string, unknown>

/** A request with its path and query taken apart. */
interface Parsed {
  readonly wire: WireRequest
  readonly params: Params
  readonly labels: Labels
}

interface Codec {
  /** Reads the members that the path, the query and the headers hold. */
  readonly bound: readonly { readonly name: string; readonly read: (request: Parsed) => unknown }[]
  readonly body: readonly { readonly name: string; readonly decode: JsonDecoder }[]
  readonly headers: ReadonlyMap<string, string>
  readonly answer: readonly { readonly name: string; readonly encode: JsonEncoder }[]
  /** The output member whose bytes are the body. */
  readonly payload: string | undefined
  /** The input member that the body's bytes are. */
  readonly bytes: string | undefined
  readonly status: number
}

const codecs = new WeakMap<OperationModel, Codec>()

function codecOf(operation: OperationModel): Codec {
  let codec = codecs.get(operation)
  if (!codec) codecs.set(operation, (codec = compile(operation)))
  return codec
}

function compile(operation: OperationModel): Codec {
  const input = membersOf(shapeOf(operation.input))
  const output = membersOf(shapeOf(operation.output))
  return {
    bound: input.flatMap((member) => readerOf(member) ?? []),
    body: input.filter(isInBody).map(({ name, shape }) => ({ name, decode: jsonDecoder(shape) })),
    headers: new Map(
      output.flatMap(({ name, shape }) => (shape.traits.httpHeader ? [[name, shape.traits.httpHeader]] : [])),
    ),
    answer: output.filter(isInBody).map(({ name, shape }) => ({ name, encode: jsonEncoder(shape) })),
    payload: output.find(({ shape }) => shape.traits.httpPayload)?.name,
    bytes: input.find(({ shape }) => shape.traits.httpPayload)?.name,
    status: operation.http?.status ?? 200,
  }
}

const membersOf = (shape: Shape): readonly Member[] => (shape.kind === 'struct' ? shape.members() : [])

const isInBody = ({ shape: { traits } }: Member) =>
  !traits.httpLabel && !traits.httpPayload && traits.httpHeader === undefined && traits.httpQuery === undefined

/** Undefined for what is in the body. */
function readerOf({ name, shape }: Member): Codec['bound'][number] | undefined {
  const { httpLabel, httpHeader, httpQuery } = shape.traits
  if (httpLabel) return { name, read: ({ labels }) => textValue(labels[name], shape) }
  if (httpQuery !== undefined) return { name, read: ({ params }) => textValue(params[httpQuery], shape) }
  if (httpHeader === undefined) return undefined
  const header = httpHeader.toLowerCase()
  return { name, read: ({ wire }) => textValue(wire.headers[header], shape) }
}

/** A label, parameter or header as its shape's value. The refusal's text is not recorded. */
function textValue(text: string | undefined, { kind }: Shape): unknown {
  if (text === undefined) return undefined
  if (kind === 'number') {
    const value = /^[+-]?\d+$/.test(text) ? Number(text) : NaN
    if (!(value >= -(2 ** 31) && value < 2 ** 31))
      throw serializationException('NUMBER_VALUE can not be converted to an Integer')
    return value
  }
  if (kind === 'boolean') {
    if (text !== 'true' && text !== 'false')
      throw serializationException('STRING_VALUE can not be converted to an Boolean')
    return text === 'true'
  }
  return text
}

/** Both `operationOf` and `decode` need the parts, mostly with no other request in between. */
let latest: (Parsed & { readonly operation: string }) | undefined

function parse(wire: WireRequest, model: ServiceModel): typeof latest {
  if (latest?.wire !== wire) {
    const found = pathRouterOf(model).route(wire.method, wire.path)
    latest = found && { wire, params: parseParams(wire.query), labels: found.labels, operation: found.operation }
  }
  return latest
}

/** REST JSON: EBS direct (facts: s3-ebs B9, captures-ebs-s3 5.2). */
export const restJson: Protocol = {
  name: 'restJson',

  operationOf: (wire: WireRequest, model: ServiceModel): string | undefined => parse(wire, model)?.operation,

  decode(wire: WireRequest, operation: OperationModel): Values {
    const request = parse(wire, operation.service)
    if (!request) throw new Error('nothing was matched')
    const { bound, body, bytes } = codecOf(operation)
    const target: Values = {}
    for (const { name, read } of bound) {
      const value = read(request)
      if (value !== undefined) target[name] = value
    }
    if (bytes !== undefined) target[bytes] = wire.body
    const source = body.length > 0 && wire.body.length > 0 ? parseObject(wire.body) : {}
    for (const { name, decode } of body) {
      const value = source[name]
      if (value !== undefined && value !== null) target[name] = decode(value)
    }
    return target
  },

  encode(output: object, operation: OperationModel, answering: Answering): WireResponse {
    const { headers: names, answer, payload, status } = codecOf(operation)
    const values = output as Values
    const headers = headersOf(answering)
    for (const [name, header] of names) {
      const value = values[name]
      if (typeof value === 'string' || typeof value === 'number') headers[header] = String(value)
    }
    if (payload !== undefined) {
      headers['content-type'] = 'application/octet-stream'
      return { status: statusOf(output, status), headers, body: values[payload] as Buffer }
    }
    const content: Values = {}
    for (const { name, encode } of answer) {
      const value = values[name]
      if (value !== undefined && value !== null) content[name] = encode(value)
    }
    return { status: statusOf(output, status), headers, body: JSON.stringify(content) }
  },

  /** `Message` for exceptions of the service's model, `message` for those of its front end (facts: captures-ebs-s3 5.2). */
  fail(error: AwsError, model: ServiceModel | undefined, answering: Answering): WireResponse {
    const origin = model?.wire.errorOrigin
    return {
      status: error.status,
      headers: {
        ...headersOf(answering),
        'x-amzn-errortype': origin === undefined ? error.code : `${error.code}:${origin}`,
        ...error.headers,
      },
      body: JSON.stringify({ [error.unmodelled ? 'message' : 'Message']: error.text, ...error.fields }),
    }
  },
}

function parseObject(body: Buffer): Values {
  let value: unknown
  try {
    value = JSON.parse(body.toString('utf8'))
  } catch {
    // Not JSON, or nested deeper than the stack allows.
    throw serializationException()
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw serializationException()
  return value as Values
}

const headersOf = (answering: Answering): Record<string, string> => ({
  'content-type': 'application/json',
  'x-amzn-requestid': answering.requestId,
})
