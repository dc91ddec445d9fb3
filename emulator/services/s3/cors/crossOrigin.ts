import { AwsError } from '../../../lib/awsError.ts'
import type { CrossOrigin, CrossOriginRequest } from '../../../operation/define.ts'
import { splitPath } from '../../../wire/restRouter.ts'
import type { S3State } from '../state.ts'
import { matchRule, type CorsQuestion, type CorsRule } from './rules.ts'

/** Answers depend on these headers of the request. */
const VARY = 'Origin, Access-Control-Request-Headers, Access-Control-Request-Method'

/**
 * Pages of other origins: what their browsers ask before a request (`OPTIONS`, never signed, permission of nobody asked for), and what
 * they look for in an answer (AWS: "Using cross-origin resource sharing", "Troubleshooting CORS").
 */
export const crossOrigin: CrossOrigin<S3State> = {
  preflight(request, state) {
    const { headers } = request
    const origin = headers['origin']
    const method = headers['access-control-request-method']
    if (origin === undefined) throw badRequest('Insufficient information. Origin request header needed.')
    if (method === undefined || !/^(?:GET|PUT|POST|DELETE|HEAD)$/.test(method)) {
      throw badRequest(`Invalid Access-Control-Request-Method: ${method ?? 'null'}`)
    }
    const asked = requestedHeaders(headers['access-control-request-headers'])
    const rules = rulesFor(request, state)
    if (rules === 'no bucket') throw forbidden('Bucket not found', request, method)
    if (!rules) throw forbidden('CORS is not enabled for this bucket.', request, method)
    const allowed = allowing(rules, { origin, method, headers: asked })
    if (!allowed) {
      throw forbidden(
        "This CORS request is not allowed. This is usually because the evalution of Origin, request method / Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the resource's CORS spec.",
        request,
        method,
      )
    }
    if (asked.length > 0) allowed['access-control-allow-headers'] = asked.join(', ')
    return allowed
  },

  answer(request, state) {
    const { origin } = request.headers
    const rules = origin === undefined ? undefined : rulesFor(request, state)
    if (origin === undefined || !rules || rules === 'no bucket') return undefined
    return allowing(rules, { origin, method: request.method, headers: [] })
  },
}

function rulesFor({ path }: CrossOriginRequest, state: S3State): readonly CorsRule[] | undefined | 'no bucket' {
  const bucket = state.buckets.in().get(splitPath(path).bucket)
  return bucket ? bucket.cors : 'no bucket'
}

function allowing(rules: readonly CorsRule[], question: CorsQuestion): Record<string, string> | undefined {
  const match = matchRule(rules, question)
  if (!match) return undefined
  const { rule, allowed } = match
  const headers: Record<string, string> = {
    'access-control-allow-origin': allowed === '*' ? '*' : question.origin,
    'access-control-allow-methods': rule.methods.join(', '),
    vary: VARY,
  }
  if (rule.exposed && rule.exposed.length > 0) headers['access-control-expose-headers'] = rule.exposed.join(', ')
  if (rule.maxAgeSeconds !== undefined) headers['access-control-max-age'] = String(rule.maxAgeSeconds)
  // Browsers take no credentials to an answer that is for everyone.
  if (allowed !== '*') headers['access-control-allow-credentials'] = 'true'
  return headers
}

const requestedHeaders = (list: string | undefined): readonly string[] =>
  (list ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '')

const badRequest = (text: string) => new AwsError('BadRequest', 400, text)

const forbidden = (text: string, { path }: CrossOriginRequest, method: string) =>
  new AwsError('AccessForbidden', 403, `CORSResponse: ${text}`, {
    fields: { Method: method, ResourceType: splitPath(path).level === 'object' ? 'OBJECT' : 'BUCKET' },
  })
