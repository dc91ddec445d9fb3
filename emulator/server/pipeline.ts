import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Outcome } from '../audit/recorder.ts'
import { sentSize } from '../audit/weight.ts'
import { AwsError } from '../lib/awsError.ts'
import { accountOf, callFor, perform } from '../operation/perform.ts'
import { SignatureProblem } from '../sigv4/types.ts'
import { StoreClosed } from '../state/errors.ts'
import type { Core, Exchange, Step } from './exchange.ts'
import { listen, understand } from './gateway/steps.ts'
import { authenticate } from './steps/authenticate.ts'
import { answerOrigin, preflight } from './steps/crossOrigin.ts'
import { authenticateForm } from './steps/form.ts'
import { identify } from './steps/identify.ts'
import { known, match, wireRequest } from './steps/match.ts'
import { read, receive } from './steps/receive.ts'
import { answering, encode, internalFailure, send } from './steps/respond.ts'
import { signatureError } from './steps/signatureErrors.ts'

/**
 * The request path. Data flows down this list once and never turns back; the first step that refuses decides the answer.
 * The order is behaviour (facts: A6): AWS's JSON services refuse an unknown operation before they look at the signature.
 */
const JSON_STEPS: readonly Step[] = [
  identify,
  match,
  read,
  known,
  wellFormed,
  authenticateJson,
  decode,
  validate,
  invoke,
  encode,
]
const OTHER_STEPS: readonly Step[] = [identify, read, match, authenticate, known, decode, validate, invoke, encode]
/** S3 knows from the request line whether the body is to be streamed, so it matches before it reads. */
const REST_STEPS: readonly Step[] = [identify, match, read, authenticateRest, known, decode, validate, invoke, encode]
/** A service that is elsewhere: authenticated and authorized like any other, and then passed on. */
const FORWARD_STEPS: readonly Step[] = [identify, read, listen, authenticate, understand, invoke, encode]
/** A browser asks whether a page of another origin may use the service: nobody signs that question. */
const PREFLIGHT_STEPS: readonly Step[] = [identify, preflight]

/** Takes one request from the socket to its answer. Never throws. */
export async function handle(core: Core, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const exchange = receive(core, req, res)
  try {
    const identified = identify(exchange)
    if (identified) await identified
    for (const step of stepsOf(exchange)) {
      if (step === identify) continue
      const pending = step(exchange)
      if (pending) await pending
    }
  } catch (error) {
    if (error instanceof StoreClosed) {
      // The emulator was stopped under a request that takes long; its client has been hung up on.
      res.destroy()
      return
    }
    await exchange.form?.abandon()
    refuse(exchange, error)
  }
  const response = exchange.response
  if (!response) return
  if (exchange.headers['origin'] !== undefined) answerOrigin(exchange, response)
  const durable = core.env.store.durable()
  if (durable) await durable
  record(exchange, response.status)
  try {
    await send(exchange, response)
  } catch (error) {
    core.env.log(`${nameOf(exchange)}: the answer was cut short: ${describe(error)}`)
    // Where not even the head could be written, nothing would ever come.
    res.destroy()
  }
}

function stepsOf({ protocol, method, service, forwarding }: Exchange): readonly Step[] {
  if (forwarding) return FORWARD_STEPS
  if (method === 'OPTIONS' && service?.definition.crossOrigin) return PREFLIGHT_STEPS
  if (protocol.name === 'awsJson') return JSON_STEPS
  return protocol.name === 'restXml' || protocol.name === 'restJson' ? REST_STEPS : OTHER_STEPS
}

/** AWS's JSON front end refuses what is not a JSON object before it looks at the signature (facts: A3 row 3). */
function wellFormed({ body }: Exchange): void {
  // The full parse follows; what does not even begin as an object is refused here.
  for (const byte of body) {
    if (byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d) continue
    if (byte === 0x7b) return
    break
  }
  throw new AwsError('SerializationException', 400, '')
}

function authenticateRest(exchange: Exchange): void | Promise<void> {
  return exchange.isForm ? authenticateForm(exchange) : authenticate(exchange)
}

/** AWS parses the whole body before it looks at the signature; here that is done only where it decides what is told. */
async function authenticateJson(exchange: Exchange): Promise<void> {
  try {
    await authenticate(exchange)
  } catch (error) {
    try {
      JSON.parse(exchange.body.toString())
    } catch {
      throw new AwsError('SerializationException', 400, '')
    }
    throw error
  }
}

/** Wire to the operation's typed input. */
function decode(exchange: Exchange): void {
  if (!exchange.operationModel) throw new Error('nothing was matched')
  exchange.input = exchange.protocol.decode(wireRequest(exchange), exchange.operationModel)
}

/** The constraint table of the service. */
function validate(exchange: Exchange): void {
  if (!exchange.operationModel || !exchange.service) return
  const fault = exchange.service.validator(exchange.operationModel)(exchange.input)
  if (fault) throw fault
}

/** Subject, authorization and handler: the part that forwarded calls share. */
function invoke(exchange: Exchange): void | Promise<void> {
  const { core, service, row, operation, req } = exchange
  if (!service || !row || operation === undefined) throw new Error('nothing was matched')
  const call = callFor(
    service,
    operation,
    row,
    {
      requestId: exchange.requestId,
      region: exchange.region,
      account: accountOf(exchange.caller.principal),
      caller: exchange.caller,
      time: exchange.time,
      http: {
        method: exchange.method,
        path: exchange.path,
        query: exchange.query,
        headers: exchange.headers,
        sourceIp: sourceIp(req),
        userAgent: exchange.headers['user-agent'] ?? '',
        secure: core.plainIsSecure || 'encrypted' in req.socket,
        form: exchange.isForm,
      },
      env: core.env,
      body: exchange.stream,
      trailers: exchange.trailers,
      client: req.socket,
      endpoint: exchange.endpoint,
    },
    core.registry,
  )
  exchange.call = call
  const output = perform(service, row, exchange.input, call)
  if (!(output instanceof Promise)) exchange.output = output
  else
    return output.then((later) => {
      exchange.output = later
    })
}

function sourceIp(req: IncomingMessage): string {
  const address = req.socket.remoteAddress ?? '127.0.0.1'
  return address.startsWith('::ffff:') ? address.slice(7) : address
}

/** Any failure to the wire form of the protocol in use. What AWS would not say is logged here and not told. */
function refuse(exchange: Exchange, thrown: unknown): void {
  const { core, protocol, model } = exchange
  let error: AwsError
  if (thrown instanceof AwsError) error = thrown
  else if (thrown instanceof SignatureProblem) error = signatureError(thrown.problem, protocol.name, exchange.time)
  else {
    core.env.log(`${nameOf(exchange)} failed: ${describe(thrown)}`)
    error = internalFailure(protocol)
  }
  exchange.error = error
  exchange.response = protocol.fail(error, model, answering(exchange))
}

/** A request for the log. Without its query, which may hold a signature and a token. */
function nameOf({ requestId, serviceName, operation, method, path }: Exchange): string {
  return `request ${requestId} (${serviceName} ${operation ?? '?'}, ${method} ${path})`
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

/** Tells the decision log, the audit trail and the meters. Never fails the request. */
function record(exchange: Exchange, status: number): void {
  const { core, call } = exchange
  core.recorder.record({
    requestId: exchange.requestId,
    time: exchange.time,
    service: exchange.serviceName,
    operation: exchange.operation,
    region: exchange.region,
    caller: exchange.caller,
    http: originOf(exchange),
    status,
    error: exchange.error,
    trace: call?.trace,
    // Without a call, nothing of it is kept.
    size: call ? sentSize(exchange, exchange.error !== undefined) : 0,
  })
}

const origins = new WeakMap<object, Outcome['http']>()

/** Where a request comes from: the same object for those of one connection that say the same, since ten thousand are remembered. */
function originOf({ core, call, headers, req, endpoint }: Exchange): Outcome['http'] {
  const known = origins.get(req.socket)
  const { 'user-agent': userAgent = '', host = '' } = headers
  const from = call?.http.sourceIp ?? sourceIp(req)
  const secure = call?.http.secure ?? core.plainIsSecure
  if (
    known?.userAgent === userAgent &&
    known.host === host &&
    known.sourceIp === from &&
    known.secure === secure &&
    known.endpoint === endpoint
  ) {
    return known
  }
  const origin = { sourceIp: from, userAgent, host, endpoint, secure }
  origins.set(req.socket, origin)
  return origin
}
