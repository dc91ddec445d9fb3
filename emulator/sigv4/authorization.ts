import { BoundedMap } from '../lib/boundedMap.ts'
import { detached } from '../lib/detached.ts'
import { decodeQueryPart } from './encode.ts'
import type { SignedRequest } from './types.ts'
import { SignatureProblem } from './types.ts'

/** What a client says before its signature: the same in all of its requests to one service on one day. */
export interface Front {
  readonly algorithm: string | undefined
  readonly credential: string | undefined
  /** The credential's parts: access key, date, Region, service, `aws4_request`, in a sound one. */
  readonly fields: readonly string[]
  readonly signedHeaders: string | undefined
  /** Their names, in lower case and sorted as the canonical form wants them. */
  readonly names: readonly string[]
}

/** The parts of a signature as the client wrote them; what is absent is undefined. */
export interface Parts {
  readonly front: Front
  readonly signature: string | undefined
  readonly date: string | undefined
}

export interface QueryParts extends Parts {
  readonly expires: string | undefined
  readonly token: string | undefined
}

const frontOf = (
  algorithm: string | undefined,
  credential: string | undefined,
  signedHeaders: string | undefined,
): Front => ({
  algorithm,
  credential,
  fields: credential?.split('/') ?? [],
  signedHeaders,
  names: signedHeaders === undefined ? [] : namesOf(signedHeaders),
})

/** Nearly all clients send them in lower case and sorted. */
function namesOf(signedHeaders: string): string[] {
  const names = signedHeaders.toLowerCase().split(';')
  for (let i = 1; i < names.length; i++) if ((names[i - 1] ?? '') > (names[i] ?? '')) return names.sort()
  return names
}

/**
 * Takes an `Authorization` header apart: `<algorithm> <name>=<value>, …`, with any spacing around the commas and also
 * none.
 *
 * @throws SignatureProblem `not-key-value`
 */
export function headerParts(header: string, headers: SignedRequest['headers']): Parts {
  const date = headers['x-amz-date'] ?? headers['date']
  const known = fronts.of(header)
  if (known) return { front: known, signature: header.slice(-SIGNATURE_LENGTH), date }
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
  const front = frontOf(algorithm, credential, signedHeaders)
  fronts.keep(header, front)
  return { front, signature, date }
}

const SIGNATURE_LENGTH = 64
const LOWER_HEX = /^[0-9a-f]*$/

/** Fronts by their text: to take one apart costs as much as the rest of a claim. */
class Fronts {
  readonly #fronts = new BoundedMap<Front>(MOST_KEPT)
  /** Asked for twice by each request. */
  #header = ''
  #front: Front | undefined

  of(header: string): Front | undefined {
    if (header !== this.#header) {
      this.#header = header
      this.#front = isUsual(header) ? this.#fronts.get(header.slice(0, -SIGNATURE_LENGTH)) : undefined
    }
    return this.#front
  }

  keep(header: string, front: Front): void {
    if (!isUsual(header) || header.length > LONGEST_KEPT) return
    this.#fronts.put(detached(header.slice(0, -SIGNATURE_LENGTH)), front)
  }
}

/** The signature stands last, as all SDKs write it. */
function isUsual(header: string): boolean {
  const at = header.length - SIGNATURE_LENGTH
  return (
    (header.startsWith(' Signature=', at - 11) || header.startsWith(',Signature=', at - 11)) &&
    LOWER_HEX.test(header.slice(at))
  )
}

const MOST_KEPT = 1000
const LONGEST_KEPT = 1024
const fronts = new Fronts()

/** Reads the parameters of a presigned query. The first of several of one name counts. */
export function queryParts(query: string): QueryParts {
  return {
    front: frontOf(
      queryValue(query, 'X-Amz-Algorithm'),
      queryValue(query, 'X-Amz-Credential'),
      queryValue(query, 'X-Amz-SignedHeaders'),
    ),
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
  const fields = header === undefined ? queryValue(request.query, 'X-Amz-Credential')?.split('/') : headerFields(header)
  if (fields?.length !== 5) return undefined
  const [accessKeyId = '', date = '', region = '', service = ''] = fields
  return { accessKeyId, date, region, service }
}

const headerFields = (header: string): readonly string[] | undefined =>
  fronts.of(header)?.fields ?? /Credential=([^,\s]*)/.exec(header)?.[1]?.split('/')
