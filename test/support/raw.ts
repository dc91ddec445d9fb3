import { request, type Agent } from 'node:http'
import { createHash } from 'node:crypto'
import { signRequest } from '../../emulator/sigv4/sign.ts'
import { rootOf, ACCOUNT, REGION, type Credentials } from './emulator.ts'

export interface RawAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

export interface RawRequest {
  readonly method?: string
  /** With the query, if any. */
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Buffer | string
}

/** Sends a request exactly as given. */
export function send(url: string, raw: RawRequest, agent?: Agent): Promise<RawAnswer> {
  const { hostname, port } = new URL(url)
  const body = Buffer.from(raw.body ?? '')
  return new Promise((resolve, reject) => {
    const req = request(
      {
        hostname,
        port,
        agent,
        method: raw.method ?? 'POST',
        path: raw.path ?? '/',
        headers: { ...raw.headers, ...(body.length > 0 && { 'content-length': String(body.length) }) },
      },
      (res) => {
        const chunks: Buffer[] = []
        res.on('data', (chunk: Buffer) => chunks.push(chunk))
        res.on('end', () => {
          resolve({ status: res.statusCode ?? 0, headers: res.headers, body: Buffer.concat(chunks).toString() })
        })
        res.on('error', reject)
      },
    )
    req.on('error', reject)
    req.end(body)
  })
}

/** Adds a valid signature to a request, as root of ACCOUNT unless told otherwise. */
export function signed(
  url: string,
  service: string,
  raw: RawRequest,
  options: {
    readonly credentials?: Credentials
    readonly region?: string
    readonly now?: number
    readonly payloadHash?: string
  } = {},
): RawRequest {
  const [path = '/', query = ''] = (raw.path ?? '/').split('?')
  const hash =
    options.payloadHash ??
    createHash('sha256')
      .update(raw.body ?? '')
      .digest('hex')
  const { headers } = signRequest(
    { method: raw.method ?? 'POST', path, query, headers: { host: new URL(url).host, ...raw.headers } },
    hash,
    {
      credentials: options.credentials ?? rootOf(ACCOUNT),
      region: options.region ?? REGION,
      service,
      now: options.now ?? Date.now(),
    },
  )
  return { ...raw, headers }
}
