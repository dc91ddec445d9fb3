import { ACCOUNT, rootOf, type Credentials } from './emulator.ts'
import { send, signed, type RawAnswer, type RawRequest } from './raw.ts'

export interface Asking {
  /** Root of ACCOUNT when left out; `null`: not signed. */
  readonly as?: Credentials | null | undefined
  readonly now?: number
  readonly payloadHash?: string
  /** Changes the signed request before it goes out. */
  readonly tamper?: (raw: RawRequest) => RawRequest
}

/** Requests by hand, for what no SDK would send. */
export function wire(url: string) {
  const ask = (service: string, raw: RawRequest, { as, now, payloadHash, tamper }: Asking) => {
    const options = {
      credentials: as ?? rootOf(ACCOUNT),
      ...(now !== undefined && { now }),
      ...(payloadHash !== undefined && { payloadHash }),
    }
    const ready = as === null ? raw : signed(url, service, raw, options)
    return send(url, tamper ? tamper(ready) : ready)
  }
  return {
    /** @param body JSON text, or a value to write as such */
    kms: (operation: string, body: unknown, asking: Asking = {}) =>
      ask(
        'kms',
        {
          headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `TrentService.${operation}` },
          body: typeof body === 'string' ? body : JSON.stringify(body),
        },
        asking,
      ),
    query: (
      service: 'iam' | 'sts',
      action: string,
      parameters: Readonly<Record<string, string>>,
      asking: Asking = {},
    ) =>
      ask(
        service,
        {
          headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
          body: new URLSearchParams({
            Action: action,
            Version: service === 'iam' ? '2010-05-08' : '2011-06-15',
            ...parameters,
          }).toString(),
        },
        asking,
      ),
    s3: (
      method: string,
      path: string,
      options: { readonly headers?: Readonly<Record<string, string>>; readonly body?: string } = {},
      asking: Asking = {},
    ) => ask('s3', { method, path, ...options }, asking),
  }
}

/** The signature with its last digit changed. */
export const forged = (raw: RawRequest): RawRequest => {
  const authorization = raw.headers?.['authorization'] ?? ''
  const last = authorization.endsWith('0') ? '1' : '0'
  return { ...raw, headers: { ...raw.headers, authorization: authorization.slice(0, -1) + last } }
}

/** A refusal in one line: `403 AccessDenied: Access Denied`; `200` where nothing was refused. */
export function told({ status, body }: RawAnswer): string {
  if (status < 300) return String(status)
  if (!body.startsWith('<')) {
    const { __type, message, Message } = JSON.parse(body) as Record<
      '__type' | 'message' | 'Message',
      string | undefined
    >
    return `${String(status)} ${__type ?? ''}: ${message ?? Message ?? ''}`.replace(/: $/, '')
  }
  const [, code = ''] = /<Code>(.*?)<\/Code>/.exec(body) ?? []
  return `${String(status)} ${code}: ${unescape(/<Message>([\s\S]*?)<\/Message>/.exec(body)?.[1] ?? '')}`.replace(
    /: $/,
    '',
  )
}

/** The elements of an XML error, besides its code and message and the ids of the request. */
export function elements({ body }: RawAnswer): Record<string, string> {
  const found = [...body.matchAll(/<([\w-]+)>([^<]*)<\/\1>/g)]
    .map(([, name = '', text = '']): [string, string] => [name, unescape(text)])
    .filter(([name]) => !['Code', 'Message', 'RequestId', 'HostId'].includes(name))
  return Object.fromEntries(found)
}

const unescape = (text: string) =>
  text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&apos;', "'")
    .replaceAll('&#xD;', '\r')
    .replaceAll('&#xA;', '\n')
    .replaceAll('&amp;', '&')
