import type { AwsError } from '../lib/awsError.ts'
import { jsonDecoder, serializationException, type JsonDecoder } from './jsonDecode.ts'
import { jsonEncoder, type JsonEncoder } from './jsonEncode.ts'
import type { Answering, Protocol, WireRequest, WireResponse } from './protocol.ts'
import { isTargetOf, type OperationModel, type ServiceModel } from './schema.ts'
import { shapeOf } from './shape.ts'

/** What is compiled for one operation, on its first request. */
interface Codec {
  readonly decode: JsonDecoder
  /** Undefined for operations without output members: they answer an empty body (facts: A1). */
  readonly encode: JsonEncoder | undefined
}

const codecs = new WeakMap<OperationModel, Codec>()

function codecOf(operation: OperationModel): Codec {
  let codec = codecs.get(operation)
  if (!codec) {
    const output = shapeOf(operation.output)
    const { leading } = operation.service.wire
    const empty = output.kind !== 'struct' || output.members().length === 0
    codec = { decode: jsonDecoder(shapeOf(operation.input)), encode: empty ? undefined : jsonEncoder(output, leading) }
    codecs.set(operation, codec)
  }
  return codec
}

/** AWS JSON 1.1: KMS, Organizations (facts: A1 to A3). */
export const awsJson: Protocol = {
  name: 'awsJson',

  operationOf(request: WireRequest, model: ServiceModel): string | undefined {
    const target = request.headers['x-amz-target']
    const dot = target?.lastIndexOf('.') ?? -1
    if (target === undefined || dot < 0 || !isTargetOf(model.wire, target.slice(0, dot))) return undefined
    const name = target.slice(dot + 1)
    return model.operations.has(name) ? name : undefined
  },

  decode(request: WireRequest, operation: OperationModel): Record<string, unknown> {
    const value = parse(request.body)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw serializationException()
    return codecOf(operation).decode(value) as Record<string, unknown>
  },

  encode(output: object, operation: OperationModel, answering: Answering): WireResponse {
    const { encode } = codecOf(operation)
    return {
      status: 200,
      headers: headersOf(answering),
      body: encode ? JSON.stringify(encode(output)) : '',
    }
  },

  /** `message` for exceptions of the service's model, `Message` for the others; nothing where AWS says nothing (facts: A2). */
  fail(error: AwsError, _model: ServiceModel | undefined, answering: Answering): WireResponse {
    const text = error.text === '' ? {} : { [error.unmodelled ? 'Message' : 'message']: error.text }
    return {
      status: error.status,
      headers: { ...headersOf(answering), ...error.headers },
      body: JSON.stringify({ __type: error.code, ...text, ...error.fields }),
    }
  },
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    // Not JSON, or nested deeper than the stack allows.
    throw serializationException()
  }
}

const headersOf = (answering: Answering): Record<string, string> => ({
  'content-type': 'application/x-amz-json-1.1',
  'x-amzn-requestid': answering.requestId,
})
