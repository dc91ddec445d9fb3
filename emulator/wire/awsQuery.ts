import type { AwsError } from '../lib/awsError.ts'
import { parseParams, type Params } from './params.ts'
import type { Answering, Protocol, WireRequest, WireResponse } from './protocol.ts'
import { queryDecoder, type QueryDecoder } from './queryDecode.ts'
import { queryTree } from './queryTree.ts'
import type { OperationModel, ServiceModel } from './schema.ts'
import { shapeOf } from './shape.ts'
import { escapeXml, wrap, xmlStruct, type StructWriter, type XmlStyle } from './xmlEncode.ts'

const STYLE: XmlStyle = { times: 'seconds' }

interface Codec {
  /** Undefined for operations without input. */
  readonly decode: QueryDecoder | undefined
  /** Undefined for operations without output: their answer has no result element. */
  readonly result: StructWriter | undefined
}

const codecs = new WeakMap<OperationModel, Codec>()

function codecOf(operation: OperationModel): Codec {
  let codec = codecs.get(operation)
  if (!codec) {
    const input = shapeOf(operation.input)
    const output = shapeOf(operation.output)
    codec = {
      decode: input.kind === 'struct' ? queryDecoder(input) : undefined,
      result: output.kind === 'struct' ? xmlStruct(output, STYLE) : undefined,
    }
    codecs.set(operation, codec)
  }
  return codec
}

/** Both `operationOf` and `decode` need the parameters. */
const parsed = new WeakMap<WireRequest, Params>()

/** Parameters come in the form body, or in the query when there is no body. */
function paramsOf(request: WireRequest): Params {
  let params = parsed.get(request)
  if (!params) {
    params = parseParams(request.body.length > 0 ? request.body.toString('utf8') : request.query)
    parsed.set(request, params)
  }
  return params
}

/** AWS Query: IAM and STS (facts: A4, captures 12.1). */
export const awsQuery: Protocol = {
  name: 'awsQuery',

  operationOf(request: WireRequest, model: ServiceModel): string | undefined {
    const { Action: action, Version: version } = paramsOf(request) as { Action?: string; Version?: string }
    if (action === undefined || version !== model.wire.version) return undefined
    return model.operations.has(action) ? action : undefined
  },

  decode(request: WireRequest, operation: OperationModel): Record<string, unknown> {
    const { decode } = codecOf(operation)
    return decode ? (decode(queryTree(paramsOf(request))) as Record<string, unknown>) : {}
  },

  encode(output: object, operation: OperationModel, answering: Answering): WireResponse {
    const { name, service } = operation
    const { result } = codecOf(operation)
    const content = result ? wrap(`${name}Result`, '', result.content(output)) : ''
    const metadata = `<ResponseMetadata><RequestId>${escapeXml(answering.requestId)}</RequestId></ResponseMetadata>`
    return {
      status: 200,
      headers: headersOf(answering),
      body: wrap(`${name}Response`, xmlnsOf(service), content + metadata),
    }
  },

  fail(error: AwsError, model: ServiceModel | undefined, answering: Answering): WireResponse {
    const elements = {
      Type: error.status < 500 ? 'Sender' : 'Receiver',
      Code: error.code,
      ...(error.text !== '' && { Message: error.text }),
      ...error.fields,
    }
    let inner = ''
    for (const [tag, text] of Object.entries(elements)) inner += wrap(tag, '', escapeXml(text))
    const id = `<RequestId>${escapeXml(answering.requestId)}</RequestId>`
    return {
      status: error.status,
      headers: { ...headersOf(answering), ...error.headers },
      body: wrap('ErrorResponse', model ? xmlnsOf(model) : '', `<Error>${inner}</Error>${id}`),
    }
  },
}

const xmlnsOf = ({ wire }: ServiceModel) => (wire.xmlns === undefined ? '' : ` xmlns="${escapeXml(wire.xmlns)}"`)

const headersOf = (answering: Answering): Record<string, string> => ({
  'content-type': 'text/xml',
  'x-amzn-requestid': answering.requestId,
})
