import { Agent as PlainAgent, request as plainRequest, type IncomingMessage } from 'node:http'
import { Agent as TlsAgent, request as tlsRequest } from 'node:https'
import { AwsError } from '../../lib/awsError.ts'
import { requestAborted } from '../../operation/aborted.ts'

/** One request to an upstream. */
export interface Errand {
  readonly upstream: string
  readonly method: string
  /** With the query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer | AsyncIterable<Buffer>
  /** What the request is for, for people: `dynamodb:GetItem`. */
  readonly purpose: string
  /** Nobody waits for the answer any more. */
  readonly signal?: AbortSignal | undefined
}

/** The way to the upstreams: connections are kept for the next request. */
export interface Transport {
  /**
   * Sends a request and resolves to the head of its answer; the body is still to be read. Throws AwsError 502 or 504 with a sentence
   * that says what to do.
   */
  send(errand: Errand): Promise<IncomingMessage>
  close(): void
}

/** @param timeout how long to wait for the next sign of life, in milliseconds */
export function createTransport(timeout: number): Transport {
  const plain = new PlainAgent({ keepAlive: true })
  const tls = new TlsAgent({ keepAlive: true })
  return {
    send: (errand) => {
      const secure = errand.upstream.startsWith('https:')
      return send(errand, timeout, secure ? tlsRequest : plainRequest, secure ? tls : plain)
    },
    close() {
      plain.destroy()
      tls.destroy()
    },
  }
}

function send(
  errand: Errand,
  timeout: number,
  request: typeof plainRequest,
  agent: PlainAgent | false,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const { upstream, method, path, headers, body, signal } = errand
    const { hostname, port } = new URL(upstream)
    const req = request({
      hostname: hostname.replace(/^\[|\]$/g, ''),
      port,
      method,
      path,
      headers,
      agent,
      ...(signal && { signal }),
    })
    // Counts from the last byte in either direction.
    req.setTimeout(timeout, () => req.destroy(new SilentUpstream()))
    req.on('error', (error: NodeJS.ErrnoException) => {
      // It gave up a connection that had been waiting for the next request, before it knew of this one.
      if (req.reusedSocket && error.code === 'ECONNRESET' && Buffer.isBuffer(body) && signal?.aborted !== true) {
        resolve(send(errand, timeout, request, false))
        return
      }
      reject(signal?.aborted === true ? requestAborted() : refusal(errand, error, timeout))
    })
    req.on('response', (answer) => {
      resolve(answer)
    })
    if (Buffer.isBuffer(body)) req.end(body)
    else pour(body, req).catch(reject)
  })
}

/** At the pace at which the upstream takes it. A body that turns out not to be what was signed is never completed. */
async function pour(body: AsyncIterable<Buffer>, req: ReturnType<typeof plainRequest>): Promise<void> {
  try {
    for await (const chunk of body) {
      // The upstream has answered already, or has gone.
      if (req.destroyed) return
      if (!req.write(chunk)) await drained(req)
    }
    req.end()
  } catch (error) {
    req.destroy()
    throw error
  }
}

function drained(req: ReturnType<typeof plainRequest>): Promise<void> {
  return new Promise((resolve) => {
    const settle = () => {
      req.off('drain', settle)
      req.off('close', settle)
      resolve()
    }
    req.on('drain', settle)
    req.on('close', settle)
  })
}

class SilentUpstream extends Error {}

const WHAT_TO_DO: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there: start it, or correct TWOKEY_UPSTREAM',
  ENOTFOUND: 'there is no such host: start it in the same network, or correct TWOKEY_UPSTREAM',
  EAI_AGAIN: 'its name cannot be looked up: start it in the same network, or correct TWOKEY_UPSTREAM',
  EHOSTUNREACH: 'there is no way to it: look at the network, or correct TWOKEY_UPSTREAM',
  ECONNRESET: 'it hung up: look at its log',
  EPIPE: 'it hung up: look at its log',
}

function refusal({ upstream, purpose }: Errand, error: Error, timeout: number): AwsError {
  if (error instanceof SilentUpstream) {
    return new AwsError(
      'GatewayTimeout',
      504,
      `twokey allowed ${purpose}, but the upstream ${upstream} has not answered for ${timeout} ms: look at its log, or wait longer with TWOKEY_UPSTREAM_TIMEOUT`,
    )
  }
  const { code = '' } = error as NodeJS.ErrnoException
  const why = Object.hasOwn(WHAT_TO_DO, code)
    ? WHAT_TO_DO[code]
    : `its answer could not be read (${code || error.message})`
  return new AwsError(
    'BadGateway',
    502,
    `twokey allowed ${purpose}, but could not get an answer from the upstream ${upstream}: ${why ?? ''}`,
  )
}
