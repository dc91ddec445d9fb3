import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { abandon, type ByteStream } from '../../lib/byteStream.ts'
import { AwsError } from '../../lib/awsError.ts'
import type { Protocol, WireResponse } from '../../wire/protocol.ts'
import { headerSafe } from '../../wire/restEncode.ts'
import { ForwardedAnswer } from '../gateway/forward.ts'
import type { Exchange } from '../exchange.ts'
import { inBurst } from './burst.ts'

/** Typed output to the wire, with the headers the schema does not know. */
export function encode(exchange: Exchange): void {
  const { operationModel, call, output } = exchange
  if (output instanceof ForwardedAnswer) {
    exchange.response = output.response
    return
  }
  if (!operationModel) throw new Error('nothing was matched')
  const response = exchange.protocol.encode(output, operationModel, answering(exchange))
  if (call)
    for (const name in call.responseHeaders) response.headers[name] = headerSafe(call.responseHeaders[name] ?? '')
  exchange.response = exchange.form ? exchange.form.answer(response) : response
}

export const answering = ({ requestId, method, path }: Exchange) => ({ requestId, method, path })

/** Sends the answer; resolves when it has been handed over or the client has gone. */
export async function send(exchange: Exchange, response: WireResponse): Promise<void> {
  const { res, req, method } = exchange
  const { body, status } = response
  const headers = inOrder(response.headers)
  if (typeof body === 'string' || Buffer.isBuffer(body)) {
    headers['content-length'] ??= String(Buffer.byteLength(body))
    if (!req.complete && !req.readableEnded && hasBody(exchange)) return refuseRest(exchange, response)
    return inBurst(() => {
      res.writeHead(status, headers)
      res.end(method === 'HEAD' ? undefined : body)
    })
  }
  try {
    res.writeHead(status, headers)
  } catch (error) {
    await abandon(body)
    throw error
  }
  if (method !== 'HEAD') return body instanceof Readable ? relay(body, res) : pour(body, res)
  await abandon(body)
  res.end()
}

/** Node.js refuses a content-disposition with Latin-1 letters, which HTTP can carry, if it comes after a content-length. */
function inOrder(headers: WireResponse['headers']): WireResponse['headers'] {
  const disposition = headers['content-disposition']
  return disposition === undefined ? headers : { 'content-disposition': disposition, ...headers }
}

/**
 * Answers while the client is still sending. The rest of its body must not be mistaken for the next request, so the connection
 * ends with this answer; but to cut it at once would take the answer from a client that writes before it reads.
 */
async function refuseRest({ req, res, method }: Exchange, { body, headers, status }: WireResponse): Promise<void> {
  res.writeHead(status, { ...headers, connection: 'close' })
  if (method !== 'HEAD') res.write(body)
  await discarded(req)
  res.end()
}

/** How much of an unwanted body is still taken, and for how long. */
const PATIENCE = { bytes: 64 * 1024 * 1024, milliseconds: 5_000 }

/** Reads to the end of a body, or until patience does. */
function discarded(req: IncomingMessage): Promise<void> {
  return new Promise((resolve) => {
    // The client has gone: nothing will be heard of it any more.
    if (req.destroyed) {
      resolve()
      return
    }
    let left = PATIENCE.bytes
    const timer = setTimeout(done, PATIENCE.milliseconds)
    function done() {
      clearTimeout(timer)
      resolve()
    }
    req.on('data', (chunk: Buffer) => {
      left -= chunk.length
      if (left < 0) done()
    })
    for (const end of ['end', 'close', 'error']) req.once(end, done)
    // A generator that was given up leaves the stream paused.
    req.resume()
  })
}

const hasBody = ({ headers }: Exchange) =>
  headers['transfer-encoding'] !== undefined ||
  (headers['content-length'] !== undefined && headers['content-length'] !== '0')

/** Passes on what another server says, when it says it. It is cut short when the other is. */
async function relay(body: Readable, res: ServerResponse): Promise<void> {
  const { socket } = res.req
  const left = new AbortController()
  const leave = () => {
    left.abort()
  }
  if (socket.destroyed) leave()
  socket.on('close', leave)
  try {
    await pipeline(body, res, { signal: left.signal })
  } catch (error) {
    // A client that has had enough is no fault of ours.
    if (!left.signal.aborted && (error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error
  } finally {
    socket.off('close', leave)
  }
}

/**
 * Whether nobody reads this answer any more. Of answers to requests that were sent before earlier ones were answered Node.js does not
 * say so: they have no socket yet.
 */
const isForNobody = (res: ServerResponse) => res.destroyed || res.req.socket.destroyed

/**
 * How much is written at once: each write wakes the client, which then competes with the decryption of what follows. More than
 * this is a little slower again.
 */
const BURST = 512 * 1024

/** Streams chunks at the client's pace. A failure on the way cuts the connection: a short body must not look whole. */
async function pour(chunks: ByteStream, res: ServerResponse): Promise<void> {
  let corked = 0
  let burst: Buffer[] = []
  try {
    for await (const chunk of chunks) {
      // A client that has had enough is no fault of ours.
      if (isForNobody(res)) return
      if (corked === 0) res.cork()
      res.write(chunk)
      corked += chunk.length
      burst.push(chunk)
      if (corked < BURST) continue
      res.uncork()
      corked = 0
      await drained(res)
      if (hasSentAll(res)) for (const sent of burst) chunks.release?.(sent)
      burst = []
    }
    if (corked > 0) res.uncork()
    res.end()
  } catch (error) {
    res.destroy()
    throw error
  }
}

/** Whether the kernel has taken everything, for certain: memory that is given back serves others at once. */
const hasSentAll = (res: ServerResponse) => !isForNobody(res) && res.writableLength === 0

/** Resolves when the client has taken what was written, or has gone. */
function drained(res: ServerResponse): Promise<void> | undefined {
  if (isForNobody(res) || !res.writableNeedDrain) return undefined
  const { socket } = res.req
  return new Promise((resolve) => {
    const settle = () => {
      res.off('drain', settle)
      res.off('close', settle)
      socket.off('close', settle)
      resolve()
    }
    res.on('drain', settle)
    res.on('close', settle)
    socket.on('close', settle)
  })
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
