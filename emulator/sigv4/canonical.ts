import { encodeAgain, recodePath, recodeQueryPart } from './encode.ts'
import type { SignedRequest } from './types.ts'

/**
 * The path as it is signed. S3's is encoded once and never normalised, because `//` and `..` are part of a key; every
 * other service's loses empty and dot segments and is encoded on top of how it was sent (s3-ebs.md A1).
 */
export function canonicalUri(path: string, service: string): string {
  if (path === '/' || path === '') return '/'
  return service === 's3' ? recodePath(path) : encodeAgain(normalise(path))
}

function normalise(path: string): string {
  if (!path.includes('//') && !path.includes('/.')) return path
  const kept: string[] = []
  for (const segment of path.split('/')) {
    if (segment === '..') kept.pop()
    else if (segment !== '' && segment !== '.') kept.push(segment)
  }
  return kept.length === 0 ? '/' : `/${kept.join('/')}${path.endsWith('/') ? '/' : ''}`
}

/** The query as it is signed: encoded, sorted by name and then by value in code units, without the signature itself. */
export function canonicalQuery(query: string): string {
  if (query === '') return ''
  const pairs: { readonly name: string; readonly value: string }[] = []
  for (const part of query.split('&')) {
    if (part === '') continue
    const equals = part.indexOf('=')
    const name = recodeQueryPart(equals === -1 ? part : part.slice(0, equals))
    if (name === 'X-Amz-Signature') continue
    pairs.push({ name, value: equals === -1 ? '' : recodeQueryPart(part.slice(equals + 1)) })
  }
  // Names before values: sorting `name=value` as one string would put `a-b` before `a`.
  pairs.sort((a, b) => compare(a.name, b.name) || compare(a.value, b.value))
  let text = ''
  for (const { name, value } of pairs) text += `${text === '' ? '' : '&'}${name}=${value}`
  return text
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

const FOLDABLE = /^\s|\s$|\s{2}|[\t\r\n]/

/** A header's value as it is signed: trimmed, runs of white space folded to one space, also within quotes. */
export function canonicalValue(value: string): string {
  return FOLDABLE.test(value) ? value.trim().replace(/\s+/g, ' ') : value
}

/** The signed headers, one `name:value` a line, each line ended. A header that is named but not sent counts as empty. */
export function canonicalHeaders(headers: SignedRequest['headers'], signedHeaders: readonly string[]): string {
  let text = ''
  for (const name of signedHeaders) {
    // Own names only: a client may well list `constructor`.
    const value = Object.hasOwn(headers, name) ? headers[name] : undefined
    text += `${name}:${value === undefined ? '' : canonicalValue(value)}\n`
  }
  return text
}

/**
 * @param signedHeaders lower case and sorted
 * @param payloadHash the last line: a hash in hexadecimal or one of the words of `x-amz-content-sha256`
 */
export function canonicalRequest(
  request: SignedRequest,
  service: string,
  signedHeaders: readonly string[],
  payloadHash: string,
): string {
  return `${request.method}\n${canonicalUri(request.path, service)}\n${canonicalQuery(request.query)}\n${canonicalHeaders(request.headers, signedHeaders)}\n${signedHeaders.join(';')}\n${payloadHash}`
}
