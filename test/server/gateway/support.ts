import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { CreateAccessKeyCommand, CreateUserCommand, IAMClient, PutUserPolicyCommand } from '@aws-sdk/client-iam'
import { ACCOUNT, rootOf, startEmulator, type Credentials, type TestEmulator } from '../../support/emulator.ts'
import type { Settings } from '../../../emulator/server/settings.ts'

export interface Heard {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
}

export interface FakeUpstream {
  readonly url: string
  /** What has arrived, whole. */
  readonly heard: Heard[]
  /** How the next requests are answered; by default `{}`. */
  answer: (req: IncomingMessage, res: ServerResponse, body: Buffer) => void
  /** Takes requests over before their body is read. */
  raw: ((req: IncomingMessage, res: ServerResponse) => void) | undefined
  stop(): Promise<void>
}

/** A server that stands where another mock service would. */
export async function startUpstream(): Promise<FakeUpstream> {
  const server = createServer((req, res) => {
    if (upstream.raw) {
      upstream.raw(req, res)
      return
    }
    const chunks: Buffer[] = []
    req.on('data', (chunk: Buffer) => chunks.push(chunk))
    req.on('end', () => {
      const body = Buffer.concat(chunks)
      upstream.heard.push({ method: req.method ?? '', url: req.url ?? '', headers: req.headers, body })
      upstream.answer(req, res, body)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const upstream: FakeUpstream = {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    heard: [],
    answer: (_req, res) => {
      res.writeHead(200, { 'content-type': 'application/x-amz-json-1.0', 'x-amzn-requestid': 'theirs' })
      res.end('{}')
    },
    raw: undefined,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve()
        })
        server.closeAllConnections()
      }),
  }
  return upstream
}

export interface GatewayWorld {
  readonly twokey: TestEmulator
  readonly upstream: FakeUpstream
  /** A user of ACCOUNT with one inline policy of these statements. */
  user(name: string, ...statements: readonly object[]): Promise<Credentials>
  stop(): Promise<void>
}

export async function startGateway(settings: Partial<Settings> = {}): Promise<GatewayWorld> {
  const upstream = await startUpstream()
  const twokey = await startEmulator({ upstreams: { byService: new Map(), others: upstream.url }, ...settings })
  return {
    twokey,
    upstream,
    user: (name, ...statements) => makeUser(twokey, name, statements),
    async stop() {
      await twokey.stop()
      await upstream.stop()
    },
  }
}

export async function makeUser(
  twokey: TestEmulator,
  UserName: string,
  statements: readonly object[],
): Promise<Credentials> {
  const iam = twokey.client(IAMClient, { credentials: rootOf(ACCOUNT) })
  await iam.send(new CreateUserCommand({ UserName }))
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName }))
  if (statements.length > 0) {
    const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: statements })
    await iam.send(new PutUserPolicyCommand({ UserName, PolicyName: 'inline', PolicyDocument }))
  }
  return { accessKeyId: AccessKey?.AccessKeyId ?? '', secretAccessKey: AccessKey?.SecretAccessKey ?? '' }
}

/** A JSON request as clients write it. */
export const json = (target: string, body: unknown, more: Readonly<Record<string, string>> = {}) => ({
  headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': target, ...more },
  body: typeof body === 'string' ? body : JSON.stringify(body),
})
