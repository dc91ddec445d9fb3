import { createHash } from 'node:crypto'
import { signRequest } from '../../emulator/sigv4/sign.ts'

export const sha = (body: Buffer) => createHash('sha256').update(body).digest('hex')

/** A signed request as the bytes that go over the wire, root of the account by the bootstrap door. */
export function presignless(request: {
  readonly method: string
  /** With the query, if any. */
  readonly path: string
  readonly service: string
  readonly account: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  readonly payloadHash?: string
}): Buffer {
  const [path = '/', query = ''] = request.path.split('?')
  const { headers } = signRequest(
    { method: request.method, path, query, headers: { host: '127.0.0.1', ...request.headers } },
    request.payloadHash ?? sha(request.body),
    {
      credentials: { accessKeyId: request.account, secretAccessKey: 'test' },
      region: 'us-east-1',
      service: request.service,
      now: Date.now(),
    },
  )
  const lines = Object.entries({ ...headers, 'content-length': String(request.body.length) }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  )
  return Buffer.concat([
    Buffer.from(`${request.method} ${request.path} HTTP/1.1\r\n${lines.join('')}\r\n`, 'latin1'),
    request.body,
  ])
}
