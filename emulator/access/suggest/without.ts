import { compileActions, matchAction } from '../match/action.ts'
import { compileResources, matchResource } from '../match/resource.ts'
import { compileTemplate } from '../match/template.ts'
import type { AuthorizationRequest } from '../types.ts'
import { literal } from './statement.ts'
import type { PolicyStatement } from './types.ts'

/**
 * What is left of an element when one action or resource is taken out of it: the element to write instead, `empty` when nothing
 * is, and undefined where AWS's patterns cannot say it.
 */
export type Rest = PolicyStatement | 'empty' | undefined

/** Which resources a policy can speak of at all: those of its bucket, its one key or role, or any. */
export type Universe = { readonly bucket: string } | 'one' | 'any'

export const listOf = (value: unknown): readonly string[] =>
  (Array.isArray(value) ? (value as unknown[]) : [value]).filter((each) => typeof each === 'string')

const isPlain = (text: string) => !/[*?]|\$\{/.test(text)

/** The statement's resources but this one. */
export function withoutResource(
  statement: PolicyStatement,
  request: AuthorizationRequest,
  universe: Universe,
  variables: boolean,
): Rest {
  const { resource, context } = request
  if (universe === 'one') return 'empty'
  if (resource === '*') return withoutNone(statement, request)
  // Older documents have no way to write a wildcard as a plain character.
  if (!isPlain(resource) && !variables) return undefined
  const name = literal(resource)
  if (statement['NotResource'] !== undefined) return { NotResource: [...listOf(statement['NotResource']), name] }
  const written = listOf(statement['Resource'])
  const covers = (pattern: string, text: string) =>
    matchResource(compileResources([pattern], false, variables), text, context, false).matches
  const hits = written.filter((pattern) => covers(pattern, resource))
  const rest = written.filter((pattern) => !hits.includes(pattern))
  if (hits.includes('*')) return { NotResource: name }
  if (hits.every((pattern) => isExactly(pattern, resource, variables)))
    return rest.length > 0 ? { Resource: rest } : 'empty'
  if (universe === 'any') return undefined
  const { bucket } = universe
  const allObjects = written.some((pattern) => pattern === `${bucket}/*` || pattern === `${bucket}*`)
  if (!allObjects) return undefined
  const others = [bucket].filter((arn) => arn !== resource && !written.some((pattern) => covers(pattern, arn)))
  return { NotResource: [name, ...others] }
}

/**
 * What is left where the action has no resource: nothing, when its other actions can be told; else all that has an ARN, which must name
 * its service.
 */
function withoutNone(statement: PolicyStatement, { action }: AuthorizationRequest): Rest {
  const hits = hitsOf(statement, action)
  if (statement['NotAction'] !== undefined || hits.includes('*') || hits.every(isPlain)) return 'empty'
  if (statement['NotResource'] !== undefined) return undefined
  const services = new Set(listOf(statement['Action']).map((pattern) => pattern.toLowerCase().split(':')[0] ?? ''))
  const all = [...services].map((service) => `arn:aws:${service}:*:*:*`)
  return all.every((arn) => serviceOf(arn)) ? { Resource: all } : undefined
}

/** The patterns of a statement that mean the action. */
const hitsOf = (statement: PolicyStatement, action: string) =>
  listOf(statement['Action']).filter(
    (pattern) => matchAction(compileActions([pattern], false), action.toLowerCase()).matches,
  )

/** Whether a pattern of a policy means this one text. */
export const isExactly = (pattern: string, text: string, variables: boolean) => {
  const { glob } = compileTemplate(pattern, variables)
  return glob?.kind === 'exact' && glob.text === text
}

/**
 * The statement's actions but this one, on the resources given.
 * @param service the service that those resources belong to, when all belong to one: then NotAction means the rest of its actions
 * @param negatable whether NotAction may be written: resource control policies know none
 */
export function withoutAction(
  statement: PolicyStatement,
  { action }: AuthorizationRequest,
  service: string | undefined,
  negatable: boolean,
): Rest {
  if (statement['NotAction'] !== undefined) return { NotAction: [...listOf(statement['NotAction']), action] }
  const written = listOf(statement['Action'])
  const hits = hitsOf(statement, action)
  const rest = written.filter((pattern) => !hits.includes(pattern))
  if (hits.every(isPlain)) return rest.length > 0 ? { Action: rest } : 'empty'
  if (!negatable) return undefined
  if (hits.includes('*')) return { NotAction: action }
  const [vendor = ''] = action.toLowerCase().split(':')
  const all = hits.some((pattern) => pattern.toLowerCase() === `${vendor}:*`)
  return all && vendor === service ? { NotAction: action } : undefined
}

/** The service of an ARN pattern whose beginning is spelled out. */
export function serviceOf(pattern: string): string | undefined {
  const [, service] = /^arn:[a-z-]+:([a-z0-9-]+):/.exec(pattern) ?? []
  return service
}
