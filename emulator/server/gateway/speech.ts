import { gunzipSync } from 'node:zlib'
import { decode as decodeCbor } from 'cborg'
import { AwsError } from '../../lib/awsError.ts'
import { parseParams } from '../../wire/params.ts'
import type { ServiceModel } from '../../wire/schema.ts'
import { hasDuplicates } from './duplicates.ts'
import { boundElsewhere, hasMembersInBody, routeRest } from './restRoutes.ts'
import { record } from './said.ts'

/** How a request to a service that is elsewhere says what it wants. */
export type Manner = 'json' | 'query' | 'cbor' | 'rest'

interface Request {
  readonly method: string
  readonly path: string
  readonly query: string
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: Buffer
}

/** What a request said. */
export interface Speech {
  readonly operation: string
  readonly input: Readonly<Record<string, unknown>>
}

const NAME = /^[A-Za-z]\w{0,127}$/
const RPC_CBOR = /^\/service\/[\w.]+\/operation\/(\w+)\/?$/

/** From the head alone. */
export function mannerOf({ headers, method, query }: Omit<Request, 'body'>): Manner {
  if (headers['smithy-protocol'] === 'rpc-v2-cbor') return 'cbor'
  if (headers['x-amz-target'] !== undefined) return 'json'
  const form = method === 'POST' && (headers['content-type'] ?? '').startsWith('application/x-www-form-urlencoded')
  return form || /(?:^|&)Action=/.test(query) ? 'query' : 'rest'
}

/** The operation of a request that names it. Throws AWS's refusal where it names none, or two. */
export function hear(manner: Exclude<Manner, 'rest'>, request: Request): Speech {
  if (manner === 'query') return hearQuery(request)
  // An upstream might look at what was not authorized.
  if (/(?:^|&)Action=/.test(request.query)) throw ambiguous()
  const target = request.headers['x-amz-target'] ?? ''
  const operation = manner === 'json' ? target.slice(target.lastIndexOf('.') + 1) : RPC_CBOR.exec(request.path)?.[1]
  if (operation === undefined || !NAME.test(operation)) throw new AwsError('UnknownOperationException', 400, '')
  return { operation, input: manner === 'json' ? jsonObject(plain(request)) : cborObject(plain(request)) }
}

function hearQuery({ query, body, headers }: Request): Speech {
  const sent = plain({ body, headers }).toString('utf8')
  const pairs = [...namesOf(query).filter((name) => !name.startsWith('X-Amz-')), ...namesOf(sent)]
  // Of two parameters of one name programs differ in which counts.
  if (new Set(pairs).size !== pairs.length) throw ambiguous()
  const input = { ...parseParams(query), ...parseParams(sent) }
  const action = input['Action'] ?? ''
  if (action === '')
    throw new AwsError('MissingAction', 400, 'The request is missing an action or a required parameter.')
  if (!NAME.test(action))
    throw new AwsError('InvalidAction', 400, `Could not find operation ${action} for version ${input['Version'] ?? ''}`)
  return { operation: action, input }
}

const namesOf = (text: string): string[] => (text === '' ? [] : [...new URLSearchParams(text).keys()])

/** The operation of a REST request, by its service's models; undefined when none of them has such a path. */
export function hearRest(models: readonly ServiceModel[], request: Request): Speech | undefined {
  // `functions/mine/../yours` must not be authorized as the one and done to the other.
  if (
    decoded(request.path)
      .split('/')
      .some((part) => part === '.' || part === '..')
  )
    throw ambiguous()
  for (const model of models) {
    const routed = routeRest(model, request)
    if (!routed) continue
    const { operation, input } = routed
    const body = isJson(request) && hasMembersInBody(operation) ? jsonObject(plain(request)) : {}
    const elsewhere = boundElsewhere(operation)
    const own = Object.entries(body).filter(([name]) => !elsewhere.has(name))
    return { operation: operation.name, input: { ...Object.fromEntries(own), ...input } }
  }
  return undefined
}

const isJson = ({ headers, body }: Request) => body.length > 0 && !(headers['content-type'] ?? '').includes('xml')

function decoded(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    throw ambiguous()
  }
}

/** Of a compressed body (request compression) no more is looked at than this. */
const LARGEST_PLAIN = 64 * 1024 * 1024

function plain({ headers, body }: Pick<Request, 'headers' | 'body'>): Buffer {
  if (headers['content-encoding'] !== 'gzip') return body
  try {
    return gunzipSync(body, { maxOutputLength: LARGEST_PLAIN })
  } catch {
    throw unreadable()
  }
}

function jsonObject(body: Buffer): Readonly<Record<string, unknown>> {
  const text = body.toString('utf8')
  let value: unknown
  try {
    value = JSON.parse(text === '' ? '{}' : text)
  } catch {
    throw unreadable()
  }
  const object = record(value)
  if (!object || hasDuplicates(text, object)) throw unreadable()
  return object
}

function cborObject(body: Buffer): Readonly<Record<string, unknown>> {
  if (body.length === 0) return {}
  try {
    const object = record(decodeCbor(body, { rejectDuplicateMapKeys: true, tags: [] }))
    if (object) return object
  } catch {
    // Not CBOR, or some that AWS's clients do not write.
  }
  throw unreadable()
}

const unreadable = () => new AwsError('SerializationException', 400, '')

const ambiguous = () =>
  new AwsError(
    'InvalidParameterCombination',
    400,
    'The request says in two ways what it asks for; twokey forwards only what is plain.',
  )
