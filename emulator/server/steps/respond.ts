import type { ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { AwsError } from '../../lib/awsError.ts'
import type { Protocol, WireResponse } from '../../wire/protocol.ts'
import type { Exchange } from '../exchange.ts'
import { inBurst } from './burst.ts'

/** Typed output to the wire, with the headers the schema does not know. */
export function encode(exchange: Exchange): void {
  const { operationModel, call } = exchange
  if (!operationModel) throw new Error('nothing was matched')
  const response = exchange.protocol.encode(exchange.output, operationModel, answering(exchange))
  if (call) for (const name in call.responseHeaders) response.headers[name] = call.responseHeaders[name] ?? ''
  exchange.response = response
}

export const answering = ({ requestId, method, path }: Exchange) => ({ requestId, method, path })

/** Sends the answer; resolves when it has been handed over or the client has gone. */
export async function send(exchange: Exchange, response: WireResponse): Promise<void> {
  const { res, req, method } = exchange
  const { body, headers, status } = response
  if (typeof body === 'string' || Buffer.isBuffer(body)) {
    headers['content-length'] ??= String(Buffer.byteLength(body))
    // A body that nobody will read any more must not be mistaken for the next request.
    if (!req.complete && !req.readableEnded && hasBody(exchange)) headers['connection'] = 'close'
    return inBurst(() => {
      res.writeHead(status, headers)
      res.end(method === 'HEAD' ? undefined : body)
    })
  }
  res.writeHead(status, headers)
  if (method === 'HEAD') {
    res.end()
    return
  }
  await pour(body, res)
}

const hasBody = ({ headers }: Exchange) =>
  headers['transfer-encoding'] !== undefined ||
  (headers['content-length'] !== undefined && headers['content-length'] !== '0')

/** Streams chunks at the client's pace. A failure on the way cuts the connection: a short body must not look whole. */
async function pour(chunks: AsyncIterable<Uint8Array>, res: ServerResponse): Promise<void> {
  try {
    await pipeline(chunks, res)
  } catch (error) {
    // A client that has had enough is no fault of ours.
    if (!(error instanceof Error && 'code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE')) throw error
  }
}

/** A fault of ours. Nothing of it leaves the house except the request id. */
export function internalFailure(protocol: Protocol): AwsError {
  if (protocol.name === 'restXml')
    return new AwsError('InternalError', 500, 'We encountered an internal error. Please try again.')
  return new AwsError(
    'InternalFailure',
    500,
    'The request processing has failed because of an unknown error, exception or failure.',
  )
}
