import { createCipheriv, createDecipheriv, createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'

/**
 * An external key store proxy after the published API specification (aws-kms-xksproxy-api-spec), with an external key manager in memory.
 * It is independent of the emulator: signatures, canonical requests and AES-GCM are its own. It can be told to misbehave.
 */
export interface XksProxy {
  /** `http://127.0.0.1:…` */
  readonly url: string
  readonly credential: { readonly AccessKeyId: string; readonly RawSecretAccessKey: string }
  readonly path: string
  readonly keys: Map<string, ExternalKey>
  /** Everything that was asked and signed well, with the signed headers. */
  readonly requests: { readonly path: string; readonly headers: Record<string, string>; readonly body: ProxyRequest }[]
  /** Sockets that were opened. */
  readonly connections: number
  /** Does something else than the specification says; undefined: behaves again. */
  misbehave: Misbehaviour | undefined
  /** Answered by GetHealthStatus. */
  health: object
  /** Closes connections on which nothing is asked, as servers do after a while. */
  closeIdle(): void
  stop(): Promise<void>
}

export interface ExternalKey {
  bytes: Buffer
  keySpec: string
  keyUsage: string[]
  keyStatus: string
  /** Part of each ciphertext, authenticated with it. */
  metadata: Buffer | undefined
  ivLength: 12 | 16
}

export type Misbehaviour =
  | { readonly kind: 'error'; readonly name: string; readonly status: number; readonly message?: string }
  | { readonly kind: 'raw'; readonly status: number; readonly body: string | Buffer }
  /** Changes the members of a good answer. */
  | { readonly kind: 'edit'; readonly edit: (answer: Record<string, unknown>) => Record<string, unknown> }
  /** Never answers; or sends the head and then nothing. */
  | { readonly kind: 'silence' }
  | { readonly kind: 'stall' }
  | { readonly kind: 'hang up' }

export interface ProxyRequest {
  readonly requestMetadata: Readonly<Record<string, string>>
  readonly plaintext?: string
  readonly ciphertext?: string
  readonly ciphertextMetadata?: string
  readonly additionalAuthenticatedData?: string
  readonly initializationVector?: string
  readonly authenticationTag?: string
  readonly encryptionAlgorithm?: string
  readonly ciphertextDataIntegrityValueAlgorithm?: string
}

export const HEALTHY = {
  xksProxyFleetSize: 1,
  xksProxyVendor: 'Acme',
  xksProxyModel: 'Acme XKS Proxy 1.0',
  ekmVendor: 'Acme',
  ekmFleetDetails: [{ id: 'hsm-1', model: 'Acme HSM', healthStatus: 'ACTIVE' }],
}

export const newExternalKey = (more: Partial<ExternalKey> = {}): ExternalKey => ({
  bytes: randomBytes(32),
  keySpec: 'AES_256',
  keyUsage: ['ENCRYPT', 'DECRYPT'],
  keyStatus: 'ENABLED',
  metadata: undefined,
  ivLength: 12,
  ...more,
})

class ProxyError extends Error {
  readonly status: number
  constructor(status: number, name: string) {
    super(name)
    this.status = status
  }
}

export async function startXksProxy(
  options: { readonly path?: string; readonly tls?: { readonly key: string; readonly cert: string } } = {},
): Promise<XksProxy> {
  const path = options.path ?? '/kms/xks/v1'
  const credential = { AccessKeyId: 'XKSACCESSKEYEXAMPLE2', RawSecretAccessKey: randomBytes(33).toString('base64') }
  let connections = 0
  const listener: RequestListener = (req, res) => {
    void serve(proxy, req, res)
  }
  const server = options.tls ? createTlsServer(options.tls, listener) : createServer(listener)
  server.on('connection', () => connections++)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const proxy: XksProxy = {
    url: `${options.tls ? 'https' : 'http'}://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    credential,
    path,
    keys: new Map(),
    requests: [],
    get connections() {
      return connections
    },
    misbehave: undefined,
    health: HEALTHY,
    closeIdle: () => {
      server.closeIdleConnections()
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve()
        })
        server.closeAllConnections()
      }),
  }
  return proxy
}

async function serve(proxy: XksProxy, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of req as AsyncIterable<Buffer>) chunks.push(chunk)
  const wrong = proxy.misbehave
  if (wrong?.kind === 'silence') return
  if (wrong?.kind === 'hang up') {
    req.socket.destroy()
    return
  }
  let { status, answer } = result(proxy, req, Buffer.concat(chunks))
  if (wrong?.kind === 'edit' && status === 200) answer = wrong.edit(answer)
  if (wrong?.kind === 'raw') status = wrong.status
  res.writeHead(status, { 'content-type': 'application/json' })
  if (wrong?.kind === 'stall') res.write('{')
  else res.end(wrong?.kind === 'raw' ? wrong.body : JSON.stringify(answer))
}

/** What the specification says is answered, or the error that was ordered. */
function result(
  proxy: XksProxy,
  req: IncomingMessage,
  body: Buffer,
): { status: number; answer: Record<string, unknown> } {
  const wrong = proxy.misbehave?.kind === 'error' ? proxy.misbehave : undefined
  try {
    const answer = { ...answerTo(proxy, req, body) }
    if (wrong) throw new ProxyError(wrong.status, wrong.name)
    return { status: 200, answer }
  } catch (error) {
    const known = error instanceof ProxyError ? error : new ProxyError(500, 'InternalException')
    const errorMessage = wrong?.message
    return {
      status: known.status,
      answer: { errorName: known.message, ...(errorMessage !== undefined && { errorMessage }) },
    }
  }
}

function answerTo(proxy: XksProxy, req: IncomingMessage, body: Buffer): object {
  if (req.method !== 'POST') throw new ProxyError(405, 'ValidationException')
  authenticate(proxy, req, body)
  const url = req.url ?? ''
  const request = JSON.parse(body.toString()) as ProxyRequest
  const headers = Object.fromEntries(Object.entries(req.headers).map(([name, value]) => [name, String(value)]))
  proxy.requests.push({ path: url, headers, body: request })
  if (url === `${proxy.path}/health`) return proxy.health
  const match = /^\/keys\/([a-zA-Z0-9._-]+)\/(metadata|encrypt|decrypt)$/.exec(url.slice(proxy.path.length))
  if (!url.startsWith(proxy.path) || !match) throw new ProxyError(404, 'InvalidUriPathException')
  const key = proxy.keys.get(match[1] ?? '')
  if (!key) throw new ProxyError(404, 'KeyNotFoundException')
  if (match[2] === 'metadata') return { keySpec: key.keySpec, keyUsage: key.keyUsage, keyStatus: key.keyStatus }
  if (key.keyStatus !== 'ENABLED') throw new ProxyError(400, 'InvalidStateException')
  if (request.encryptionAlgorithm !== 'AES_GCM') throw new ProxyError(400, 'ValidationException')
  return match[2] === 'encrypt' ? encrypt(key, request) : decrypt(key, request)
}

/** SigV4 by hand: host and x-amz-date, service `kms-xks-proxy`. */
function authenticate(proxy: XksProxy, req: IncomingMessage, body: Buffer): void {
  const match =
    /^AWS4-HMAC-SHA256 Credential=([A-Z2-7]+)\/(\d{8})\/([a-z0-9-]+)\/kms-xks-proxy\/aws4_request, ?SignedHeaders=host;x-amz-date, ?Signature=([0-9a-f]{64})$/.exec(
      req.headers.authorization ?? '',
    )
  if (!match) throw new ProxyError(401, 'AuthenticationFailedException')
  const [, accessKeyId, day = '', region = '', signature = ''] = match
  const date = String(req.headers['x-amz-date'])
  const sent = Date.parse(date.replace(/^(....)(..)(..)T(..)(..)(..)Z$/, '$1-$2-$3T$4:$5:$6Z'))
  const canonical = `POST\n${req.url ?? ''}\n\nhost:${req.headers.host ?? ''}\nx-amz-date:${date}\n\nhost;x-amz-date\n${sha256(body)}`
  const text = `AWS4-HMAC-SHA256\n${date}\n${day}/${region}/kms-xks-proxy/aws4_request\n${sha256(Buffer.from(canonical))}`
  let key: Buffer = Buffer.from(`AWS4${proxy.credential.RawSecretAccessKey}`)
  for (const part of [day, region, 'kms-xks-proxy', 'aws4_request', text]) {
    key = createHmac('sha256', key).update(part).digest()
  }
  const fresh = date.startsWith(day) && Math.abs(Date.now() - sent) < 300_000
  const good = fresh && timingSafeEqual(key, Buffer.from(signature, 'hex'))
  if (!good || accessKeyId !== proxy.credential.AccessKeyId) throw new ProxyError(401, 'AuthenticationFailedException')
}

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')
const base64 = (text: string | undefined) => Buffer.from(text ?? '', 'base64')

/** Lengths included, as the specification advises. */
function aadOf(data: Buffer, metadata: Buffer): Buffer {
  const length = Buffer.alloc(2)
  length.writeUInt16BE(data.length)
  return Buffer.concat([length, data, Buffer.from([metadata.length]), metadata])
}

function encrypt(key: ExternalKey, request: ProxyRequest): object {
  if (!key.keyUsage.includes('ENCRYPT')) throw new ProxyError(400, 'InvalidKeyUsageException')
  const data = base64(request.additionalAuthenticatedData)
  const metadata = key.metadata ?? Buffer.alloc(0)
  const iv = randomBytes(key.ivLength)
  const cipher = createCipheriv('aes-256-gcm', key.bytes, iv)
  cipher.setAAD(aadOf(data, metadata))
  const ciphertext = Buffer.concat([cipher.update(base64(request.plaintext)), cipher.final()])
  const tag = cipher.getAuthTag()
  const value = createHash('sha256').update(Buffer.concat([data, metadata, iv, ciphertext, tag]))
  return {
    ciphertext: ciphertext.toString('base64'),
    ...(key.metadata && { ciphertextMetadata: metadata.toString('base64') }),
    initializationVector: iv.toString('base64'),
    authenticationTag: tag.toString('base64'),
    ...(request.ciphertextDataIntegrityValueAlgorithm === 'SHA_256' && {
      ciphertextDataIntegrityValue: value.digest('base64'),
    }),
  }
}

function decrypt(key: ExternalKey, request: ProxyRequest): object {
  if (!key.keyUsage.includes('DECRYPT')) throw new ProxyError(400, 'InvalidKeyUsageException')
  const decipher = createDecipheriv('aes-256-gcm', key.bytes, base64(request.initializationVector))
  decipher.setAAD(aadOf(base64(request.additionalAuthenticatedData), base64(request.ciphertextMetadata)))
  decipher.setAuthTag(base64(request.authenticationTag))
  try {
    const plaintext = Buffer.concat([decipher.update(base64(request.ciphertext)), decipher.final()])
    return { plaintext: plaintext.toString('base64') }
  } catch {
    throw new ProxyError(400, 'InvalidCiphertextException')
  }
}
