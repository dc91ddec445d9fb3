import { parseParams, type Params } from './params.ts'
import type { WireRequest } from './protocol.ts'
import { queryDecoder, type QueryDecoder, type QueryStyle } from './queryDecode.ts'
import { queryTree } from './queryTree.ts'
import type { OperationModel, ServiceModel } from './schema.ts'
import { shapeOf } from './shape.ts'
import { xmlStruct, type StructWriter, type XmlStyle } from './xmlEncode.ts'

/** What is compiled for one operation, on its first request. */
interface Codec {
  /** Undefined for operations without input. */
  readonly decode: QueryDecoder | undefined
  /** Undefined for operations without output. */
  readonly result: StructWriter | undefined
}

/** What AWS's two query protocols have in common. */
export interface QueryProtocol {
  readonly operationOf: (request: WireRequest, model: ServiceModel) => string | undefined
  /** Throws AwsError MalformedInput. */
  readonly decode: (request: WireRequest, operation: OperationModel) => Record<string, unknown>
  /** The writer of an operation's output; undefined where there is none. */
  readonly resultOf: (operation: OperationModel) => StructWriter | undefined
}

export function queryProtocol(style: QueryStyle, xml: XmlStyle): QueryProtocol {
  const codecs = new WeakMap<OperationModel, Codec>()
  const codecOf = (operation: OperationModel): Codec => {
    let codec = codecs.get(operation)
    if (!codec) codecs.set(operation, (codec = compile(operation, style, xml)))
    return codec
  }
  return {
    operationOf(request, model) {
      const { Action: action, Version: version } = paramsOf(request) as { Action?: string; Version?: string }
      if (action === undefined || version !== model.wire.version) return undefined
      // The model's own text: the parameter's may be part of the whole body, and is remembered.
      return model.operations.get(action)?.name
    },
    decode(request, operation) {
      const { decode } = codecOf(operation)
      return decode ? (decode(queryTree(paramsOf(request))) as Record<string, unknown>) : {}
    },
    resultOf: (operation) => codecOf(operation).result,
  }
}

function compile(operation: OperationModel, style: QueryStyle, xml: XmlStyle): Codec {
  const input = shapeOf(operation.input)
  const output = shapeOf(operation.output)
  return {
    decode: input.kind === 'struct' ? queryDecoder(input, style) : undefined,
    result: output.kind === 'struct' ? xmlStruct(output, xml) : undefined,
  }
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
