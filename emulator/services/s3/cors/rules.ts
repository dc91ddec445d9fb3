import type { CORSRule } from '@aws-sdk/client-s3'
import { invalidRequest, malformedXml } from '../errors.ts'

/** One rule of a bucket's CORS configuration, as it was put. */
export interface CorsRule {
  readonly id?: string | undefined
  readonly origins: readonly string[]
  readonly methods: readonly string[]
  readonly headers?: readonly string[] | undefined
  readonly exposed?: readonly string[] | undefined
  readonly maxAgeSeconds?: number | undefined
}

const METHODS: ReadonlySet<string> = new Set(['GET', 'PUT', 'POST', 'DELETE', 'HEAD'])
const MOST_RULES = 100
const LONGEST_ID = 255

/** Reads and checks the rules of PutBucketCors. Throws S3's refusals (texts: quoted in bug reports of S3-compatible servers). */
export function readCorsRules(given: readonly CORSRule[] | undefined): readonly CorsRule[] {
  if (!given || given.length === 0) throw malformedXml()
  // How AWS words the last two is not known; that it refuses is documented.
  if (given.length > MOST_RULES)
    throw invalidRequest('The number of CORS rules should not exceed allowed limit of 100 rules.')
  return given.map(readRule)
}

function readRule(rule: CORSRule): CorsRule {
  const { ID, AllowedMethods: methods = [], AllowedOrigins: origins = [], AllowedHeaders, ExposeHeaders } = rule
  if (methods.length === 0 || origins.length === 0) throw malformedXml()
  if (ID !== undefined && ID.length > LONGEST_ID)
    throw invalidRequest('CORS rule ID length should not exceed allowed limit of 255')
  for (const method of methods) {
    if (METHODS.has(method)) continue
    throw invalidRequest(`Found unsupported HTTP method in CORS config. Unsupported method is ${method}`)
  }
  for (const origin of origins) refuseWildcards('AllowedOrigin', origin)
  for (const header of AllowedHeaders ?? []) refuseWildcards('AllowedHeader', header)
  for (const header of ExposeHeaders ?? []) refuseUnexposable(header)
  return {
    id: ID,
    origins,
    methods,
    headers: AllowedHeaders,
    exposed: ExposeHeaders,
    maxAgeSeconds: rule.MaxAgeSeconds,
  }
}

function refuseWildcards(element: string, value: string): void {
  if (value === '') throw malformedXml()
  if (value.split('*').length > 2) throw invalidRequest(`${element} "${value}" can not have more than one wildcard.`)
}

function refuseUnexposable(header: string): void {
  if (header.includes('*')) {
    throw invalidRequest(
      `ExposeHeader "${header}" contains wildcard. We currently do not support wildcard for ExposeHeader.`,
    )
  }
  if (!/^[A-Za-z0-9-]+$/.test(header)) throw invalidRequest(`ExposeHeader "${header}" contains invalid character.`)
}

/** The rules as GetBucketCors answers them. */
export const asCorsRules = (rules: readonly CorsRule[]): CORSRule[] =>
  rules.map(({ id, origins, methods, headers, exposed, maxAgeSeconds }) => ({
    ID: id,
    AllowedOrigins: [...origins],
    AllowedMethods: [...methods],
    AllowedHeaders: headers && [...headers],
    ExposeHeaders: exposed && [...exposed],
    MaxAgeSeconds: maxAgeSeconds,
  }))

/** What a page of another origin asks for. Header names are those that a preflight request announces. */
export interface CorsQuestion {
  readonly origin: string
  readonly method: string
  readonly headers: readonly string[]
}

/** The first rule that allows it, with the origin it names. */
export function matchRule(
  rules: readonly CorsRule[],
  { origin, method, headers }: CorsQuestion,
): { readonly rule: CorsRule; readonly allowed: string } | undefined {
  for (const rule of rules) {
    const allowed = rule.origins.find((pattern) => fits(pattern, origin))
    if (allowed === undefined || !rule.methods.includes(method)) continue
    if (headers.every((name) => rule.headers?.some((pattern) => fits(pattern.toLowerCase(), name)))) {
      return { rule, allowed }
    }
  }
  return undefined
}

/** Whether `text` is `pattern`, whose one `*` stands for anything. */
function fits(pattern: string, text: string): boolean {
  const star = pattern.indexOf('*')
  if (star < 0) return pattern === text
  const tail = pattern.slice(star + 1)
  return text.length >= pattern.length - 1 && text.startsWith(pattern.slice(0, star)) && text.endsWith(tail)
}
