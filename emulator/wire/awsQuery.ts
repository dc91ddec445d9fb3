import type { AwsError } from '../lib/awsError.ts'
import type { Answering, Protocol, WireResponse } from './protocol.ts'
import { QUERY } from './queryDecode.ts'
import { queryProtocol } from './queryProtocol.ts'
import type { OperationModel, ServiceModel } from './schema.ts'
import { escapeXml, wrap } from './xmlEncode.ts'

const common = queryProtocol(QUERY, { times: 'seconds' })

/** AWS Query: IAM and STS (facts: A4, captures 12.1). */
export const awsQuery: Protocol = {
  name: 'awsQuery',

  operationOf: common.operationOf,
  decode: common.decode,

  encode(output: object, operation: OperationModel, answering: Answering): WireResponse {
    const { name, service } = operation
    const result = common.resultOf(operation)
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
