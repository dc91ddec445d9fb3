import type { IncomingMessage } from 'node:http'
import { signRequest } from '../../sigv4/sign.ts'
import { sha256Hex } from '../../sigv4/signature.ts'
import { BOOTSTRAP_SECRET } from '../settings.ts'

type Headers = Readonly<Record<string, string | string[] | undefined>>

/** About one connection, not about the request (RFC 9110 §7.6.1), and what is said anew. */
const NOT_PASSED_ON: ReadonlySet<string> = new Set([
  ...['connection', 'keep-alive', 'proxy-authenticate', 'proxy-authorization', 'proxy-connection', 'te', 'trailer'],
  ...['transfer-encoding', 'upgrade', 'expect', 'host', 'via'],
])

/** What the client's own signature and the upstream's idea of who is asking are made of. */
const SAID_ANEW: ReadonlySet<string> = new Set([
  ...['authorization', 'x-amz-date', 'x-amz-security-token', 'x-amz-content-sha256', 'content-length', 'date'],
  ...['x-http-method-override', 'x-method-override', 'forwarded', 'x-moto-account-id'],
])

const isPassedOn = (name: string, listed: ReadonlySet<string>) => !NOT_PASSED_ON.has(name) && !listed.has(name)

/** Those that the Connection header itself names. */
const listedIn = (connection: string | string[] | undefined): ReadonlySet<string> =>
  new Set(
    String(connection ?? '')
      .split(',')
      .map((name) => name.trim().toLowerCase()),
  )

/** Marks what has come through here, so that nothing goes round in circles. */
const VIA = '1.1 twokey'

export const hasPassed = (headers: Headers): boolean =>
  /(?:^|[\s,])twokey(?:$|[\s,])/i.test(String(headers['via'] ?? ''))

interface Sending {
  readonly upstream: string
  readonly method: string
  readonly path: string
  readonly query: string
  /** The client's; lower case. */
  readonly headers: Headers
  /** Undefined: streamed, and not covered by the signature. */
  readonly body: Buffer | undefined
  readonly region: string
  readonly service: string
  /** The caller's account: what the upstream is told instead of who is asking. */
  readonly account: string
}

/**
 * The headers of a forwarded request, signed as the root of the caller's account: mock services take the account from the access
 * key id, which is the account's number here, or from a header (moto). Requests are signed with the time of the machine.
 */
export function headersFor(sending: Sending): Record<string, string> {
  const { upstream, method, path, query, headers, body, account, region, service } = sending
  const listed = listedIn(headers['connection'])
  const passed: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || !isPassedOn(name, listed) || SAID_ANEW.has(name)) continue
    if (name.startsWith('x-forwarded-') || name.startsWith('x-localstack-')) continue
    passed[name] = String(value)
  }
  const hash = body ? sha256Hex(body) : 'UNSIGNED-PAYLOAD'
  const essential: Record<string, string> = { host: new URL(upstream).host, 'x-amz-content-sha256': hash }
  for (const name of ['content-type', 'x-amz-target']) if (passed[name] !== undefined) essential[name] = passed[name]
  const signed = signRequest({ method, path, query, headers: essential }, hash, {
    credentials: { accessKeyId: account, secretAccessKey: BOOTSTRAP_SECRET },
    region,
    service,
    now: Date.now(),
  })
  const via = headers['via'] === undefined ? VIA : `${String(headers['via'])}, ${VIA}`
  return { ...passed, ...signed.headers, via, 'x-moto-account-id': account, ...lengthOf(sending) }
}

function lengthOf({ body, headers, method }: Sending): Record<string, string> {
  if (body)
    return body.length > 0 || !['GET', 'HEAD', 'DELETE'].includes(method)
      ? { 'content-length': String(body.length) }
      : {}
  const length = headers['content-length']
  return length === undefined ? { 'transfer-encoding': 'chunked' } : { 'content-length': String(length) }
}

/**
 * The headers of an answer. Its request id becomes ours, under which `twokey explain` finds the decision.
 */
export function headersOf(answer: IncomingMessage, requestId: string): Record<string, string> {
  const listed = listedIn(answer.headers.connection)
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(answer.headers)) {
    if (value === undefined || !isPassedOn(name, listed)) continue
    headers[name] = Array.isArray(value) ? value.join(', ') : value
  }
  const theirs = headers['x-amzn-requestid']
  if (theirs !== undefined) headers['x-twokey-upstream-request-id'] = theirs
  headers['x-amzn-requestid'] = requestId
  return headers
}

/** A query without the parameters of a presigned request. */
export const withoutSignature = (query: string): string =>
  query
    .split('&')
    .filter(
      (part) =>
        !/^X-Amz-(?:Algorithm|Credential|Date|Expires|SignedHeaders|Signature|Security-Token|Content-Sha256)(?:=|$)/i.test(
          part,
        ),
    )
    .join('&')
