import type { IncomingMessage, ServerResponse } from 'node:http'
import { AwsError } from '../../lib/awsError.ts'
import { requestAborted } from '../../operation/aborted.ts'
import type { Caller } from '../../operation/call.ts'
import { PROTOCOLS } from '../protocols.ts'
import type { Core, Exchange } from '../exchange.ts'

/** The largest body that is read before it is understood: IAM and S3 documents stay well below. */
const LARGEST_BODY = 8 * 1024 * 1024
/** DynamoDB takes 16 MiB, and Lambda functions of 50 MiB in Base64. */
const LARGEST_FORWARDED = 80 * 1024 * 1024
const EMPTY = Buffer.alloc(0)

export const ANONYMOUS: Caller = {
  principal: { kind: 'anonymous' },
  accessKeyId: undefined,
  policies: () => ({ identity: [] }),
}

/** Request id, clock reading, and the request line taken apart. */
export function receive(core: Core, req: IncomingMessage, res: ServerResponse): Exchange {
  const url = req.url ?? '/'
  const mark = url.indexOf('?')
  const path = mark < 0 ? url : url.slice(0, mark)
  // Servers that mount others shorten `url` and keep what was sent.
  const { originalUrl = url } = req as { readonly originalUrl?: string }
  return {
    core,
    req,
    res,
    time: core.env.clock.now(),
    method: req.method ?? 'GET',
    path,
    signedPath: originalUrl === url ? path : (originalUrl.split('?', 1)[0] ?? path),
    query: mark < 0 ? '' : url.slice(mark + 1),
    headers: req.headers as Exchange['headers'],
    requestId: core.env.ids.uuid(),
    serviceName: '',
    region: '',
    protocol: PROTOCOLS.restXml,
    service: undefined,
    model: undefined,
    routedPath: path,
    endpoint: undefined,
    forwarding: undefined,
    wire: undefined,
    operation: undefined,
    operationModel: undefined,
    row: undefined,
    body: EMPTY,
    stream: undefined,
    trailers: undefined,
    isForm: false,
    form: undefined,
    claim: { kind: 'anonymous' },
    caller: ANONYMOUS,
    input: EMPTY,
    call: undefined,
    output: EMPTY,
    response: undefined,
    error: undefined,
  }
}

/** Reads the body of operations that do not stream theirs; refuses more than AWS would ever accept. */
export function read(exchange: Exchange): void | Promise<void> {
  const { req, headers } = exchange
  if (req.readableDidRead && exchange.body === EMPTY) throw readBefore()
  // Streamed by the row, or read already to learn which service is meant.
  if (exchange.row?.streams || req.readableEnded) return
  const largest = exchange.forwarding ? LARGEST_FORWARDED : LARGEST_BODY
  const length = headers['content-length']
  if (length === '0' || (length === undefined && headers['transfer-encoding'] === undefined)) return
  if (length !== undefined && Number(length) > largest) throw tooLarge(exchange)
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    req.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size > largest) {
        req.removeAllListeners('data')
        req.resume()
        reject(tooLarge(exchange))
        return
      }
      chunks.push(chunk)
    })
    req.once('end', () => {
      exchange.body = chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)
      resolve()
    })
    req.once('error', () => {
      reject(
        new AwsError(
          'RequestTimeout',
          400,
          'Your socket connection to the server was not read from or written to within the timeout period.',
        ),
      )
    })
    req.once('close', () => {
      if (!req.complete) reject(requestAborted())
    })
  })
}

/** Of a server that has this one mounted; AWS has no word for it. */
const readBefore = () =>
  new AwsError(
    'BodyAlreadyRead',
    400,
    'twokey: the body of this request was read before it came here; mount twokey before body parsers such as express.urlencoded() and express.raw()',
  )

/** S3's own words (S3 API Reference, "List of error codes"); elsewhere those of AWS's common front end. */
const tooLarge = ({ serviceName }: Exchange) =>
  serviceName === 's3'
    ? new AwsError('MaxMessageLengthExceeded', 400, 'Your request was too big.')
    : new AwsError('RequestEntityTooLargeException', 413, 'The request entity is too large.')
