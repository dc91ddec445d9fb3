import { encode as encodeCbor } from 'cborg'
import { denialMessage } from '../../access/render.ts'
import type { Decision } from '../../access/types.ts'
import { AwsError } from '../../lib/awsError.ts'
import type { Check } from '../../operation/define.ts'
import { awsJson } from '../../wire/awsJson.ts'
import { awsQuery } from '../../wire/awsQuery.ts'
import type { Protocol } from '../../wire/protocol.ts'
import { restJson } from '../../wire/restJson.ts'
import type { Manner } from './speech.ts'
import { ruleOf } from './table.ts'

/** A check, and how its denial names the resource where that is not its ARN. */
export type NamedCheck = Check & { readonly named?: string | undefined }

/** A denial as the service has it, or else as most services of its protocol do. */
export function deniedBy(service: string, manner: Manner, decision: Decision, check: NamedCheck): AwsError {
  const { denial = {} } = ruleOf(service)
  const { action, resource } = decision.request
  // Quoted in Kralizek/AWSSecretsManagerConfigurationExtensions issue 78: where an action is about no resource, none is named.
  let text = denialMessage(decision, { form: 'generic', mention: resource === '*' ? 'nothing' : 'arn' })
  if (check.named !== undefined)
    text = text.replace(` on resource: ${resource}`, () => ` on resource: ${check.named ?? ''}`)
  const { written } = denial
  if (written) text = text.replaceAll(action, () => written(action))
  if (manner === 'query') return new AwsError(denial.code ?? 'AccessDenied', 403, text)
  // Services that have moved from the query protocol tell its code besides. That they then answer 400 as others do is not recorded.
  const headers = denial.code === undefined ? {} : { 'x-amzn-query-error': `${denial.code};Sender` }
  return new AwsError('AccessDeniedException', manner === 'rest' ? 403 : 400, text, { headers, unmodelled: true })
}

/** How a request's refusals are written. */
export function protocolOf(service: string, manner: Manner): Protocol {
  switch (manner) {
    case 'json':
      return awsJson
    case 'query':
      return awsQuery
    case 'cbor':
      return cbor
    case 'rest':
      return ruleOf(service).xml ? awsQuery : restJson
  }
}

/** Smithy RPC v2 with CBOR: of refusals alone, since everything else is passed on as it came. */
const cbor: Protocol = {
  ...awsJson,
  fail: (error, _model, { requestId }) => ({
    status: error.status,
    headers: {
      'content-type': 'application/cbor',
      'smithy-protocol': 'rpc-v2-cbor',
      'x-amzn-requestid': requestId,
      ...error.headers,
    },
    body: Buffer.from(encodeCbor({ __type: error.code, message: error.text })),
  }),
}
