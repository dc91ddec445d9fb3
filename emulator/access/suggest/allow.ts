import type { AuthorizationRequest, Layer, PolicySet, PolicySource } from '../types.ts'
import { bucketOf, calledBy, placeOf, resourcePlace, selfArn, sessionPlace, type Place } from './places.ts'
import { allowStatement, contextPairs, keyConditions, merge, onlyFor, principalElement } from './statement.ts'
import type { Change, PolicyStatement } from './types.ts'

const reads2012 = ({ policy }: PolicySource) => policy.version === '2012-10-17'

function adding(
  { kind, target, policy }: Pick<Place, 'kind' | 'target' | 'policy'>,
  where: string,
  add: PolicyStatement,
): Change {
  return { kind, target, ...(policy !== undefined && { policy }), where, what: JSON.stringify(add), add }
}

/** An Allow in the caller's own IAM policies: an inline policy that is there, or a new one. */
export function inIdentity(request: AuthorizationRequest, { identity }: PolicySet): Change | undefined {
  const { principal } = request
  const target = selfArn(request)
  // A service's own role is changed by nobody; the root user has no policies.
  if (target === undefined || target.endsWith(':root') || (principal.kind === 'role' && principal.serviceLinked))
    return undefined
  const inline = identity.find(
    (source) => source.arn === undefined && !source.fixed && (source.holder ?? target) === target && reads2012(source),
  )
  // What a user has, its federated sessions have; a statement for one of them must say so.
  const own = principal.kind === 'federated' ? onlyFor(request) : {}
  const add = allowStatement(request, { conditions: merge(own, keyConditions(request)) })
  return adding(
    { kind: 'identity', target, ...(inline && { policy: inline.name }) },
    `in ${inline ? `the policy ${inline.name}` : 'a policy'} of ${calledBy(target)}`,
    add,
  )
}

/** An Allow in the policy of the resource, for this caller. */
export function inResource(request: AuthorizationRequest, { resource }: PolicySet): Change | undefined {
  const { guard } = request
  if (guard === 'none' || resource?.fixed) return undefined
  if (guard === 'ordinary' && (bucketOf(request.resource) === undefined || isAnothersObject(request))) return undefined
  // A key's policy is always there; without one, the key is not, or is for its own account only.
  if (guard !== 'ordinary' && !resource) return undefined
  if (guard === 'key' && request.principal.kind === 'anonymous') return undefined
  const { principal, conditions } = principalElement(request)
  const name = guard === 'key' ? '*' : guard === 'trust' ? null : undefined
  const add = allowStatement(
    request,
    {
      principal,
      conditions: merge(conditions, keyConditions(request), trustConditions(request)),
      ...(name !== undefined && { resource: name }),
    },
    !resource || reads2012(resource),
  )
  const place = resourcePlace(request)
  return adding(place, place.where, add)
}

/** The bucket's policy cannot let anybody in to an object that another account owns. */
const isAnothersObject = ({ context, resourceAccount }: AuthorizationRequest) => {
  const bucketOwner = context.get('s3:resourceaccount')
  return typeof bucketOwner === 'string' && bucketOwner !== resourceAccount
}

/** What the caller agreed on with the role's owner. */
function trustConditions({ action, context }: AuthorizationRequest): Record<string, Record<string, string>> {
  const id = action === 'sts:AssumeRole' ? context.get('sts:externalid') : undefined
  return typeof id === 'string' ? { StringEquals: { 'sts:ExternalId': id } } : {}
}

/** A grant for the operation, bound to the encryption context where that will be the same. Grants name no services and no root. */
export function asGrant(request: AuthorizationRequest, { resource }: PolicySet): Change | undefined {
  const { guard, grantOperation, principal, childGrant } = request
  const named =
    principal.kind === 'role'
      ? principal.roleArn
      : principal.kind === 'user' || principal.kind === 'federated'
        ? principal.arn
        : undefined
  if (guard !== 'key' || grantOperation === undefined || childGrant || named === undefined) return undefined
  if (!resource || resource.fixed) return undefined
  const pairs = contextPairs(request)
  const whole = pairs.length > 0 && pairs.length === Object.keys(request.encryptionContext ?? {}).length
  const context = Object.fromEntries(pairs)
  const command = [
    `aws kms create-grant --key-id ${request.resource} --grantee-principal ${named} --operations ${grantOperation}`,
    ...(whole ? [`--constraints ${shellWord(JSON.stringify({ EncryptionContextEquals: context }))}`] : []),
  ].join(' ')
  return {
    kind: 'grant',
    target: request.resource,
    where: 'as a grant',
    what: command,
    command,
    grant: {
      KeyId: request.resource,
      GranteePrincipal: named,
      Operations: [grantOperation],
      ...(whole && { Constraints: { EncryptionContextEquals: context } }),
    },
  }
}

/** Quoted for a POSIX shell. */
const shellWord = (text: string) => `'${text.replaceAll("'", String.raw`'\''`)}'`

/** What a layer that only limits must allow besides. */
export function inLimit(layer: Layer, request: AuthorizationRequest, policies: PolicySet): Change | undefined {
  switch (layer) {
    case 'boundary':
      return policies.boundary && inBoundary(policies.boundary, request)
    case 'session': {
      const inline = policies.session?.find(({ arn }) => arn === undefined)
      const place = inline ? placeOf(inline, 'session', request) : sessionPlace(request)
      return adding(place, place.where, allowStatement(request, {}))
    }
    case 'endpoint':
      return policies.endpoint && inEndpoint(policies.endpoint, request)
    default:
      return undefined
  }
}

/** Others may have the same boundary. */
function inBoundary(source: PolicySource, request: AuthorizationRequest): Change {
  const place = placeOf(source, 'boundary', request)
  const add = allowStatement(request, { conditions: onlyFor(request) }, reads2012(source))
  const where = place.editable
    ? place.where
    : `${place.where}: it is AWS's and cannot be edited, so put a copy of it in its place, with`
  return adding(place, where, add)
}

/** AWS reads a user's or role's ARN as Principal of an endpoint policy as the account's root, so a condition names it (AWS PrivateLink guide). */
function inEndpoint(source: PolicySource, request: AuthorizationRequest): Change {
  const place = placeOf(source, 'endpoint', request)
  const add = allowStatement(request, { principal: '*', conditions: callerConditions(request) }, reads2012(source))
  return adding(place, place.where, add)
}

/** Whoever asks, told by conditions alone. */
const callerConditions = (request: AuthorizationRequest) => {
  const { principal, conditions } = principalElement(request)
  return principal === '*' ? conditions : onlyFor(request)
}

/** Each level of the organization must allow; policies there are shared, so the statement says for whom. */
export function inLevel(
  layer: 'scp' | 'rcp',
  level: number,
  sources: readonly PolicySource[],
  request: AuthorizationRequest,
): Change {
  const editable = sources
    .map((source) => ({ source, place: placeOf(source, layer, request) }))
    .find(({ place }) => place.editable)
  const principal = layer === 'rcp' ? '*' : undefined
  const add = allowStatement(
    request,
    { ...(principal !== undefined && { principal }), conditions: callerConditions(request) },
    !editable || reads2012(editable.source),
  )
  if (editable) return { ...adding(editable.place, `${editable.place.where}, too`, add), level }
  const node = sources[0]?.holder
  const where = `in a ${layer === 'scp' ? 'service' : 'resource'} control policy more, attached to ${node ?? `level ${String(level + 1)} of the organization`}`
  return { kind: layer, target: node ?? null, level, where, what: JSON.stringify(add), add }
}
