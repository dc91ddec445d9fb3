import type { AuthorizationRequest, PolicySet, Principal } from '../types.ts'
import { adding } from './add.ts'
import { bucketOf, calledBy, resourcePlace, selfArn } from './places.ts'
import { contextPairs, keyConditions, merge, onlyFor, principalElement, type Conditions } from './statement.ts'
import type { Change } from './types.ts'

/** An Allow in the caller's own IAM policies: in an inline policy that is there, or a new one. */
export function inIdentity(request: AuthorizationRequest, { identity }: PolicySet): Change | undefined {
  const { principal } = request
  const target = selfArn(request)
  // A service's own role is changed by nobody; the root user has no policies.
  if (target === undefined || target.endsWith(':root') || (principal.kind === 'role' && principal.serviceLinked))
    return undefined
  const inline = identity.find(
    ({ arn, fixed, holder, policy }) =>
      arn === undefined && !fixed && (holder ?? target) === target && policy.version === '2012-10-17',
  )
  // What a user has, its federated sessions have; a statement for one of them must say so.
  const own = principal.kind === 'federated' ? onlyFor(request) : {}
  const where = `in ${inline ? `the policy ${inline.name}` : 'a policy'} of ${calledBy(target)}`
  return adding({ kind: 'identity', target, where, ...(inline && { policy: inline.name }) }, inline, request, {
    conditions: merge(own, keyConditions(request)),
  })
}

/** An Allow in the policy of the resource, for this caller. */
export function inResource(request: AuthorizationRequest, { resource }: PolicySet): Change | undefined {
  const { guard } = request
  if (!mayHavePolicy(request) || resource?.fixed) return undefined
  // A key's policy is always there; without one, the key is not, or is for its own account only.
  if (guard !== 'ordinary' && !resource) return undefined
  const { principal, conditions } = principalElement(request)
  return adding(resourcePlace(request), resource, request, {
    principal,
    resource: guard === 'key' ? '*' : guard === 'trust' ? null : undefined,
    conditions: merge(conditions, keyConditions(request), trustConditions(request)),
  })
}

/** Whether a policy on the resource can let this caller in at all. */
function mayHavePolicy({ guard, principal, resource, context, resourceAccount }: AuthorizationRequest): boolean {
  if (guard === 'trust') return true
  if (guard === 'key') return principal.kind !== 'anonymous'
  // The bucket's policy cannot let anybody in to an object that another account owns.
  const bucketOwner = context.get('s3:resourceaccount')
  const anothers = typeof bucketOwner === 'string' && bucketOwner !== resourceAccount
  return guard === 'ordinary' && bucketOf(resource) !== undefined && !anothers
}

/** What the caller agreed on with the role's owner. */
function trustConditions({ action, context }: AuthorizationRequest): Conditions {
  const id = action === 'sts:AssumeRole' ? context.get('sts:externalid') : undefined
  return typeof id === 'string' ? { StringEquals: { 'sts:ExternalId': id } } : {}
}

/** A grant for the operation, bound to the encryption context where that will be the same. */
export function asGrant(request: AuthorizationRequest, { resource }: PolicySet): Change | undefined {
  const { guard, grantOperation, principal, childGrant } = request
  const named = granteeOf(principal)
  // Who makes grants by a grant must have all that they give: that would be more than what was asked.
  if (guard !== 'key' || grantOperation === undefined || childGrant || named === undefined) return undefined
  if (!resource || resource.fixed) return undefined
  const pairs = contextPairs(request)
  const whole = pairs.length > 0 && pairs.length === Object.keys(request.encryptionContext ?? {}).length
  const Constraints = { EncryptionContextEquals: Object.fromEntries(pairs) }
  const command = [
    `aws kms create-grant --region ${regionOf(request.resource)} --key-id ${request.resource} --grantee-principal ${named} --operations ${grantOperation}`,
    ...(whole ? [`--constraints ${shellWord(JSON.stringify(Constraints))}`] : []),
  ].join(' ')
  const grant = {
    KeyId: request.resource,
    GranteePrincipal: named,
    Operations: [grantOperation],
    ...(whole && { Constraints }),
  }
  return { kind: 'grant', target: request.resource, where: 'as a grant', what: command, command, grant }
}

/** Grants name neither services nor the root user here. */
function granteeOf(principal: Principal): string | undefined {
  if (principal.kind === 'role') return principal.roleArn
  return principal.kind === 'user' || principal.kind === 'federated' ? principal.arn : undefined
}

const regionOf = (arn: string) => arn.split(':')[3] ?? ''

/** Quoted for a POSIX shell. */
const shellWord = (text: string) => `'${text.replaceAll("'", String.raw`'\''`)}'`
