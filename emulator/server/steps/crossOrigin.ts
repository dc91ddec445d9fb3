import type { CrossOriginRequest } from '../../operation/define.ts'
import type { WireResponse } from '../../wire/protocol.ts'
import { headersOf } from '../../wire/restXml.ts'
import type { Exchange } from '../exchange.ts'
import { answering } from './respond.ts'

/** Answers an OPTIONS request from the service's cross-origin rules: 200 without a body, or its refusal. */
export function preflight(exchange: Exchange): void {
  const { service } = exchange
  const allowed = service?.definition.crossOrigin?.preflight(questionOf(exchange), service.state)
  exchange.response = { status: 200, headers: { ...headersOf(answering(exchange)), ...allowed }, body: '' }
}

/** Lets the page that asked read the answer, whatever it is, where the service's rules allow it. */
export function answerOrigin(exchange: Exchange, response: WireResponse): void {
  const { service, method } = exchange
  if (!service || method === 'OPTIONS') return
  Object.assign(response.headers, service.definition.crossOrigin?.answer(questionOf(exchange), service.state))
}

const questionOf = ({ method, routedPath: path, headers }: Exchange): CrossOriginRequest => ({ method, path, headers })
