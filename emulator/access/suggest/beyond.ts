import type { AuthorizationRequest, PolicySet } from '../types.ts'
import type { Suggestion } from './types.ts'

/** What to do where no change to a policy, and no grant, lets the request through. */
export function beyondPolicies(request: AuthorizationRequest, policies: PolicySet): Suggestion {
  const { title, where, what } = advice(request, policies)
  return { title, changes: [{ kind: 'acl-or-other', target: targetOf(request), where, what }] }
}

const targetOf = ({ resource }: AuthorizationRequest) => (resource === '*' ? null : resource)

function advice(request: AuthorizationRequest, { resource: policy }: PolicySet) {
  const { principal, guard, action, context, resourceAccount, grantOperation } = request
  if (principal.kind === 'anonymous')
    return {
      title: 'sign the request',
      where: 'in the request',
      what: `sign it: ${action} admits no anonymous callers here, whatever policies say`,
    }
  if (principal.kind === 'service')
    return {
      title: 'call as a user or role',
      where: 'in the request',
      what: `${action} has no resource policy that could let a service in; it is for users and roles`,
    }
  if (guard === 'key' && policy?.fixed)
    return {
      title: 'use a customer managed key',
      where: 'at the key',
      what: 'nobody can change the policy of an AWS managed key, which is for its own account through its service; a customer managed key has one to change',
    }
  if (guard === 'key' && !policy)
    return {
      title: 'look at the key',
      where: 'at the key',
      what: grantOperation
        ? 'there is no such key in this Region, or no longer: look at its ARN, and at the Region of the call'
        : `either there is no such key in this Region, or it is another account's and ${action} is for the key's own account only`,
    }
  if (typeof context.get('s3:resourceaccount') === 'string')
    return {
      title: "change the object's ACL, or who owns it",
      where: 'at the object',
      what: `account ${resourceAccount ?? ''} owns it and no bucket policy lets anybody in to it: its owner may grant by ACL (aws s3api put-object-acl), or the bucket's owner take it over (aws s3api put-bucket-ownership-controls, BucketOwnerEnforced)`,
    }
  if (principal.kind === 'role' && principal.serviceLinked)
    return {
      title: 'use another role',
      where: `at role ${principal.roleName}`,
      what: "the policies of a service-linked role are its service's and cannot be changed",
    }
  return {
    title: 'call from the account that owns the resource',
    where: 'in the request',
    what: `no policy lets this caller perform ${action} on it`,
  }
}
