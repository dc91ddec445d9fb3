import { AwsError } from '../lib/awsError.ts'
import { parseParams, type Params } from './params.ts'
import type { Answering, Protocol, WireRequest, WireResponse } from './protocol.ts'
import { queryDecoder, type QueryDecoder, type QueryStyle } from './queryDecode.ts'
import { queryTree } from './queryTree.ts'
import { XML_DECLARATION } from './restEncode.ts'
import type { OperationModel, ServiceModel } from './schema.ts'
import { shapeOf } from './shape.ts'
import { escapeXml, wrap, xmlStruct, type StructWriter, type XmlStyle } from './xmlEncode.ts'

const TIMES: XmlStyle = { times: 'exact' }

/** Smithy: ec2Query. The name made for queries, or else the one made for XML with its first letter large. */
const STYLE: QueryStyle = {
  nameOf({ name, shape: { traits } }) {
    if (traits.ec2QueryName !== undefined) return traits.ec2QueryName
    const text = traits.xmlName ?? name
    return text.charAt(0).toUpperCase() + text.slice(1)
  },
  flat: true,
}

interface Codec {
  /** Undefined for operations without input. */
  readonly decode: QueryDecoder | undefined
  /** Undefined for operations without output: they answer that they have done it. */
  readonly result: StructWriter | undefined
}

const codecs = new WeakMap<OperationModel, Codec>()

function codecOf(operation: OperationModel): Codec {
  let codec = codecs.get(operation)
  if (!codec) {
    const input = shapeOf(operation.input)
    const output = shapeOf(operation.output)
    codec = {
      decode: input.kind === 'struct' ? queryDecoder(input, STYLE) : undefined,
      result: output.kind === 'struct' ? xmlStruct(output, TIMES) : undefined,
    }
    codecs.set(operation, codec)
  }
  return codec
}

/** Both `operationOf` and `decode` need the parameters. */
const parsed = new WeakMap<WireRequest, Params>()

function paramsOf(request: WireRequest): Params {
  let params = parsed.get(request)
  if (!params) {
    params = parseParams(request.body.length > 0 ? request.body.toString('utf8') : request.query)
    parsed.set(request, params)
  }
  return params
}

/** EC2's own form of the query protocol (facts: s3-ebs B1, captures-ebs-s3 1.1). */
export const ec2Query: Protocol = {
  name: 'ec2Query',

  operationOf(request: WireRequest, model: ServiceModel): string | undefined {
    const { Action: action, Version: version } = paramsOf(request) as { Action?: string; Version?: string }
    if (action === undefined || version !== model.wire.version) return undefined
    return model.operations.has(action) ? action : undefined
  },

  decode(request: WireRequest, operation: OperationModel): Record<string, unknown> {
    const { decode } = codecOf(operation)
    if (!decode) return {}
    try {
      return decode(queryTree(paramsOf(request))) as Record<string, unknown>
    } catch (error) {
      if (!(error instanceof AwsError)) throw error
      // The code is EC2's for every value it cannot read; its sentences are not recorded.
      throw new AwsError('InvalidParameterValue', 400, error.text)
    }
  },

  encode(output: object, operation: OperationModel, answering: Answering): WireResponse {
    const { name, service } = operation
    const { result } = codecOf(operation)
    const { xmlns } = service.wire
    const content = result ? result.content(output) : '<return>true</return>'
    const start = xmlns === undefined ? '' : ` xmlns="${escapeXml(xmlns)}"`
    const id = `<requestId>${escapeXml(answering.requestId)}</requestId>`
    return {
      status: 200,
      headers: headersOf(answering),
      body: XML_DECLARATION + wrap(`${name}Response`, start, id + content),
    }
  },

  fail(error: AwsError, _model: ServiceModel | undefined, answering: Answering): WireResponse {
    const inner = wrap('Code', '', escapeXml(error.code)) + wrap('Message', '', escapeXml(error.text))
    const id = `<RequestID>${escapeXml(answering.requestId)}</RequestID>`
    return {
      status: error.status,
      headers: { ...headersOf(answering), ...error.headers },
      body: `${XML_DECLARATION}<Response><Errors><Error>${inner}</Error></Errors>${id}</Response>`,
    }
  },
}

const headersOf = (answering: Answering): Record<string, string> => ({
  'content-type': 'text/xml;charset=UTF-8',
  'cache-control': 'no-cache, no-store',
  'x-amzn-requestid': answering.requestId,
})
