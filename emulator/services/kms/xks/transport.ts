import { createHash } from 'node:crypto'
import { Agent as HttpAgent, request as requestHttp, type ClientRequest, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as requestHttps } from 'node:https'
import { signRequest } from '../../../sigv4/sign.ts'
import { XksFailure } from './failures.ts'

/** Where and as whom a proxy is asked. */
export interface ProxyAddress {
  /** `https://xks.example.com`: what is signed, and what the certificate must be valid for. */
  readonly endpoint: string
  /** Where to connect instead (TWOKEY_XKS_ENDPOINTS); undefined: to the endpoint itself, port 443. */
  readonly target: string | undefined
  readonly region: string
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string }
  /** Milliseconds since the epoch by the machine's clock: a proxy knows no other. */
  readonly now: number
}

export interface ProxyAnswer {
  readonly status: number
  readonly body: Buffer
}

/** AWS waits this long for a proxy: connection, handshake and answer together. */
const TIMEOUT_MS = 250
/**
 * Counted in turns of the event loop, so that a moment in which this process does not get to read what has come (a garbage
 * collection, a busy machine) costs one turn and is not held against the proxy.
 */
const TURNS = 5
/** The largest answer there is to give has 8 KiB. */
const MOST_BYTES = 64 * 1024
const SIGNING_NAME = 'kms-xks-proxy'

/** Whatever the environment says. */
const TLS = { minVersion: 'TLSv1.2', rejectUnauthorized: true } as const

/** Idle connections keep no process alive. */
const http = new HttpAgent({ keepAlive: true, maxSockets: 64 })
const https = new HttpsAgent({ keepAlive: true, maxSockets: 64 })

/**
 * Sends one signed request to a proxy (proxy API specification, Appendix A: `host` and `x-amz-date` are signed). Rejects with
 * XksFailure when no whole answer of an acceptable size comes in time.
 * @param path the whole path, `/kms/xks/v1/health`
 */
export async function post(address: ProxyAddress, path: string, body: string): Promise<ProxyAnswer> {
  // AWS's pattern for endpoints lets through what is no host name (`https://1.2.3.4.5`).
  if (!URL.canParse(address.endpoint)) throw new XksFailure('unreachable')
  const host = new URL(address.endpoint).host
  const payload = Buffer.from(body)
  const { headers } = signRequest(
    { method: 'POST', path, query: '', headers: { host } },
    createHash('sha256').update(payload).digest('hex'),
    { credentials: address.credentials, region: address.region, service: SIGNING_NAME, now: address.now },
  )
  try {
    return await exchange(address, path, payload, headers, 'kept')
  } catch (error) {
    // The proxy closed an idle connection just as it was taken up again: as good as never sent.
    if (!(error instanceof StaleConnection)) throw error
    return exchange(address, path, payload, headers, 'fresh')
  }
}

class StaleConnection extends Error {}

function exchange(
  { endpoint, target }: ProxyAddress,
  path: string,
  payload: Buffer,
  headers: Record<string, string>,
  connection: 'kept' | 'fresh',
): Promise<ProxyAnswer> {
  const to = new URL(target ?? endpoint)
  const secure = to.protocol === 'https:'
  const options = {
    agent: connection === 'kept' && (secure ? https : http),
    hostname: to.hostname.replace(/^\[|\]$/g, ''),
    port: to.port === '' ? (secure ? 443 : 80) : to.port,
    method: 'POST',
    path,
    // The certificate must be the endpoint's, wherever it is served.
    ...(secure && { servername: new URL(endpoint).hostname, ...TLS }),
    headers: { ...headers, 'content-type': 'application/json', 'content-length': String(payload.length) },
  }
  return new Promise((resolve, reject) => {
    const request = secure ? requestHttps(options) : requestHttp(options)
    const stop = afterTurns(() => {
      reject(new XksFailure('timedOut'))
      request.destroy()
    })
    request.on('response', (response) => {
      void read(response).then(resolve, reject).finally(stop)
    })
    request.on('error', (error) => {
      stop()
      reject(faultOf(error, request))
    })
    request.end(payload)
  })
}

/** Runs `late` when the time is over; the result calls that off. */
function afterTurns(late: () => void): () => void {
  let left = TURNS
  let timer: NodeJS.Timeout
  const turn = () => {
    timer = setTimeout(() => {
      if (--left === 0) late()
      else turn()
    }, TIMEOUT_MS / TURNS)
  }
  turn()
  return () => {
    clearTimeout(timer)
  }
}

async function read(response: IncomingMessage): Promise<ProxyAnswer> {
  const chunks: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      size += chunk.length
      if (size > MOST_BYTES) throw new XksFailure('malformed')
      chunks.push(chunk)
    }
  } catch (error) {
    response.destroy()
    throw error instanceof XksFailure ? error : new XksFailure('malformed')
  }
  return { status: response.statusCode ?? 0, body: Buffer.concat(chunks) }
}

/** OpenSSL's and Node's words for a handshake that failed, or a certificate that is not to be trusted. */
const TLS_CODES =
  /^(ERR_TLS_|ERR_SSL_|EPROTO$|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|CRL_|PATH_LENGTH_|ERR_OSSL)/

function faultOf(error: NodeJS.ErrnoException, request: ClientRequest): Error {
  if (error instanceof XksFailure) return error
  const code = error.code ?? ''
  if (TLS_CODES.test(code)) return new XksFailure('tls')
  // The parser of HTTP: something answers, but not a web server.
  if (code.startsWith('HPE_')) return new XksFailure('malformed')
  if (request.reusedSocket && (code === 'ECONNRESET' || code === 'EPIPE')) return new StaleConnection()
  return new XksFailure('unreachable')
}
