import { decodeQueryPart } from './encode.ts'
import type { SignedRequest } from './types.ts'
import { SignatureProblem } from './types.ts'

/** The parts of a signature as the client wrote them; what is absent is undefined. */
export interface Parts {
  readonly algorithm: string | undefined
  readonly credential: string | undefined
  readonly signedHeaders: string | undefined
  readonly signature: string | undefined
  readonly date: string | undefined
}

export interface QueryParts extends Parts {
  readonly expires: string | undefined
  readonly token: string | undefined
}

/**
 * Takes an `Authorization` header apart: `<algorithm> <name>=<value>, …`, with any spacing around the commas and also
 * none.
 *
 * @throws SignatureProblem `not-key-value`
 */
export function headerParts(header: string, headers: SignedRequest['headers']): Parts {
  const text = header.trim()
  const space = text.indexOf(' ')
  const algorithm = space === -1 ? text : text.slice(0, space)
  let credential: string | undefined
  let signedHeaders: string | undefined
  let signature: string | undefined
  for (const piece of space === -1 ? [] : text.slice(space + 1).split(',')) {
    const part = piece.trim()
    if (part === '') continue
    const equals = part.indexOf('=')
    if (equals === -1) throw new SignatureProblem({ code: 'not-key-value', header, part })
    const name = part.slice(0, equals)
    const value = part.slice(equals + 1)
    if (name === 'Credential') credential = value
    else if (name === 'SignedHeaders') signedHeaders = value
    else if (name === 'Signature') signature = value
  }
  return { algorithm, credential, signedHeaders, signature, date: headers['x-amz-date'] ?? headers['date'] }
}

/** Reads the parameters of a presigned query. The first of several of one name counts. */
export function queryParts(query: string): QueryParts {
  return {
    algorithm: queryValue(query, 'X-Amz-Algorithm'),
    credential: queryValue(query, 'X-Amz-Credential'),
    signedHeaders: queryValue(query, 'X-Amz-SignedHeaders'),
    signature: queryValue(query, 'X-Amz-Signature'),
    date: queryValue(query, 'X-Amz-Date'),
    expires: queryValue(query, 'X-Amz-Expires'),
    token: queryValue(query, 'X-Amz-Security-Token'),
  }
}

/** Whether a query carries a signature, or at least a part of one. */
export function isPresigned(query: string): boolean {
  if (!query.includes('X-Amz-')) return false
  return ['X-Amz-Algorithm', 'X-Amz-Credential', 'X-Amz-Signature'].some(
    (name) => queryValue(query, name) !== undefined,
  )
}

/** The decoded value of the first parameter of that name; empty when it stands without `=`. */
export function queryValue(query: string, name: string): string | undefined {
  for (let at = query.indexOf(name); at !== -1; at = query.indexOf(name, at + 1)) {
    if (at !== 0 && query[at - 1] !== '&') continue
    const end = query.indexOf('&', at)
    const part = end === -1 ? query.slice(at) : query.slice(at, end)
    if (part.length === name.length) return ''
    if (part[name.length] === '=') return decodeQueryPart(part.slice(name.length + 1))
  }
  return undefined
}

/** The access key and scope a request claims, for routing alone: nothing about them is checked here. Never throws. */
export function peekCredential(
  request: SignedRequest,
):
  | { readonly accessKeyId: string; readonly date: string; readonly region: string; readonly service: string }
  | undefined {
  const header = request.headers['authorization']
  const credential =
    header === undefined ? queryValue(request.query, 'X-Amz-Credential') : /Credential=([^,\s]*)/.exec(header)?.[1]
  const parts = credential?.split('/')
  if (parts?.length !== 5) return undefined
  const [accessKeyId = '', date = '', region = '', service = ''] = parts
  return { accessKeyId, date, region, service }
}
