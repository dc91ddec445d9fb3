import type { IncomingMessage } from 'node:http'
import { AwsError } from '../../lib/awsError.ts'
import type { Call } from '../../operation/call.ts'
import type { WireResponse } from '../../wire/protocol.ts'
import type { Exchange } from '../exchange.ts'
import type { Gateway } from './gateway.ts'
import { hasPassed, headersFor, headersOf, withoutSignature } from './headers.ts'
import { LARGEST_ANSWER, originOf, tellsQueueUrls, withOwnUrls } from './queueUrls.ts'

/** What an upstream answered, to be passed on as it is. */
export class ForwardedAnswer {
  readonly response: WireResponse
  constructor(response: WireResponse) {
    this.response = response
  }
}

/** Refuses what has come through a gateway before. */
export function refuseLoop({ headers }: Exchange, upstream: string): void {
  if (!hasPassed(headers)) return
  throw new AwsError(
    'LoopDetected',
    508,
    `this request has come through twokey before: the upstream ${upstream} leads back here; correct TWOKEY_UPSTREAM`,
  )
}

/** Sends an authorized request on, as the root of the caller's account, and takes its answer back. */
export async function forward(
  gateway: Gateway,
  upstream: string,
  exchange: Exchange,
  call: Pick<Call, 'account' | 'operation'>,
): Promise<ForwardedAnswer> {
  const { method, serviceName: service, region, requestId, stream } = exchange
  const path = service === 's3' ? exchange.routedPath : exchange.path
  const query = withoutSignature(exchange.query)
  const urls = tellsQueueUrls(service, call.operation)
  const body = stream ? undefined : exchange.body
  const headers = headersFor({
    ...{ upstream, method, path, query, body, region, service, account: call.account },
    headers: urls ? { ...exchange.headers, 'accept-encoding': 'identity' } : exchange.headers,
  })
  const answer = await gateway.transport.send({
    ...{ upstream, method, headers },
    path: query === '' ? path : `${path}?${query}`,
    body: stream ?? exchange.body,
    purpose: `${service}:${call.operation}`,
    signal: gone(exchange),
  })
  const passed = { status: answer.statusCode ?? 502, headers: headersOf(answer, requestId), body: answer }
  const origin = urls ? originOf(exchange.headers['host'], 'encrypted' in exchange.req.socket) : undefined
  return new ForwardedAnswer(origin === undefined ? passed : await withUrls(passed, answer, origin))
}

/** Whoever hangs up no longer keeps the upstream at work. */
function gone({ res }: Exchange): AbortSignal {
  const controller = new AbortController()
  res.once('close', () => {
    if (!res.writableFinished) controller.abort()
  })
  return controller.signal
}

async function withUrls(passed: WireResponse, answer: IncomingMessage, origin: string): Promise<WireResponse> {
  const length = answer.headers['content-length']
  if (length === undefined || Number(length) > LARGEST_ANSWER || answer.headers['content-encoding'] !== undefined)
    return passed
  const chunks: Buffer[] = []
  for await (const chunk of answer) chunks.push(chunk as Buffer)
  const body = Buffer.from(withOwnUrls(Buffer.concat(chunks).toString('utf8'), origin))
  return { status: passed.status, headers: { ...passed.headers, 'content-length': String(body.length) }, body }
}
