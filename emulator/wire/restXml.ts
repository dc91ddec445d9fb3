import type { AwsError } from '../lib/awsError.ts'
import { hostId } from '../lib/hostId.ts'
import { parseParams } from './params.ts'
import type { Answering, Protocol, WireRequest, WireResponse } from './protocol.ts'
import { restDecoder, type RestDecoder, type RestRequest } from './restDecode.ts'
import { restEncoder, XML_DECLARATION, type RestEncoder } from './restEncode.ts'
import { routerOf, splitPath } from './restRouter.ts'
import type { OperationModel, ServiceModel } from './schema.ts'
import { escapeXml, wrap } from './xmlEncode.ts'

interface Codec {
  readonly decode: RestDecoder
  readonly encode: RestEncoder
}

const codecs = new WeakMap<OperationModel, Codec>()

function codecOf(operation: OperationModel): Codec {
  let codec = codecs.get(operation)
  if (!codec) codecs.set(operation, (codec = { decode: restDecoder(operation), encode: restEncoder(operation) }))
  return codec
}

/** Both `operationOf` and `decode` need path and query, mostly with no other request in between. */
let latest: RestRequest | undefined

function parse(wire: WireRequest): RestRequest {
  if (latest?.wire !== wire) latest = { wire, path: splitPath(wire.path), params: parseParams(wire.query) }
  return latest
}

/**
 * REST XML: S3 (facts: s3-ebs A1). Paths are in path form, whatever the host.
 * A body that is not what the schema says makes its member throw MalformedXML when it is read, since S3 looks for the bucket
 * and asks for permission first (facts: s3-ebs A10).
 */
export const restXml: Protocol = {
  name: 'restXml',

  operationOf(wire: WireRequest, model: ServiceModel): string | undefined {
    const { path, params } = parse(wire)
    return routerOf(model).route(wire.method, path.level, params, wire.headers)
  },

  decode: (wire: WireRequest, operation: OperationModel): Record<string, unknown> =>
    codecOf(operation).decode(parse(wire)),

  encode(output: object, operation: OperationModel, answering: Answering): WireResponse {
    const answer = codecOf(operation).encode(output, headersOf(answering))
    return answering.method === 'HEAD' ? { ...answer, body: '' } : answer
  },

  fail(error: AwsError, _model: ServiceModel | undefined, answering: Answering): WireResponse {
    const headers = { ...headersOf(answering), ...error.headers }
    // HEAD has no body by HTTP, Not Modified none by its meaning: clients make up what they show (facts: s3-ebs A1).
    if (answering.method === 'HEAD' || error.status === 304) return { status: error.status, headers, body: '' }
    const elements = {
      Code: error.code,
      Message: error.text,
      ...error.fields,
      RequestId: answering.requestId,
      HostId: hostId(answering.requestId),
    }
    let content = ''
    for (const [tag, text] of Object.entries(elements)) content += wrap(tag, '', escapeXml(text))
    headers['content-type'] = 'application/xml'
    return { status: error.status, headers, body: `${XML_DECLARATION}<Error>${content}</Error>` }
  },
}

/** Headers of every answer. */
export const headersOf = (answering: Answering): Record<string, string> => ({
  'x-amz-request-id': answering.requestId,
  'x-amz-id-2': hostId(answering.requestId),
})
