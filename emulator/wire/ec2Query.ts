import { AwsError } from '../lib/awsError.ts'
import type { Answering, Protocol, WireRequest, WireResponse } from './protocol.ts'
import type { QueryStyle } from './queryDecode.ts'
import { queryProtocol } from './queryProtocol.ts'
import { XML_DECLARATION } from './restEncode.ts'
import type { OperationModel, ServiceModel } from './schema.ts'
import { escapeXml, wrap } from './xmlEncode.ts'

/** Smithy: ec2Query. The name made for queries, or else the one made for XML with its first letter large. */
const STYLE: QueryStyle = {
  nameOf({ name, shape: { traits } }) {
    if (traits.ec2QueryName !== undefined) return traits.ec2QueryName
    const text = traits.xmlName ?? name
    return text.charAt(0).toUpperCase() + text.slice(1)
  },
  flat: true,
}

const common = queryProtocol(STYLE, { times: 'exact' })

/** EC2's own form of the query protocol (facts: s3-ebs B1, captures-ebs-s3 1.1). */
export const ec2Query: Protocol = {
  name: 'ec2Query',

  operationOf: common.operationOf,

  decode(request: WireRequest, operation: OperationModel): Record<string, unknown> {
    try {
      return common.decode(request, operation)
    } catch (error) {
      if (!(error instanceof AwsError)) throw error
      // The code is EC2's for every value it cannot read; its sentences are not recorded.
      throw new AwsError('InvalidParameterValue', 400, error.text)
    }
  },

  encode(output: object, operation: OperationModel, answering: Answering): WireResponse {
    const { name, service } = operation
    const result = common.resultOf(operation)
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
