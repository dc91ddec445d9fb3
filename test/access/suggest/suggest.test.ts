import { describe, expect, it } from '@jest/globals'
import { contextOf, principalContext } from '../../../emulator/access/context.ts'
import { suggest } from '../../../emulator/access/suggest/suggest.ts'
import type { AuthorizationRequest, ConditionContext, PolicySet, Principal } from '../../../emulator/access/types.ts'
import {
  ALLOW_ALL,
  decide,
  delegating,
  KEY,
  keyRequest,
  LIST_BUCKETS,
  MEMBER,
  naming,
  OBJECT,
  objectRequest,
  policy,
  root,
  session,
  user,
  type Context,
} from '../support.ts'

/** What a principal brings along, and more. */
const known = (principal: Principal, more: Context = {}): ConditionContext => {
  const own = principalContext(principal)
  const rest = contextOf(more)
  return { get: (name) => rest.get(name) ?? own.get(name), names: () => [...rest.names(), ...own.names()] }
}
const useKey = (principal: Principal, more: Context = {}, rest: Partial<AuthorizationRequest> = {}) =>
  keyRequest(principal, { context: known(principal, more), ...rest })
const readObject = (principal: Principal, rest: Partial<AuthorizationRequest> = {}) =>
  objectRequest(principal, { context: known(principal), ...rest })

/** Each suggestion as lines: where, and what. */
const suggested = (request: AuthorizationRequest, policies: Partial<PolicySet>) =>
  suggest(decide(request, policies)).map(({ changes }) =>
    changes.map(({ where, add, replace, what }) => {
      const text = add ?? replace?.with
      return `${where}: ${text ? JSON.stringify(text) : what}`
    }),
  )

const alice = user()
const bob = user('bob', MEMBER)
const resource = policy('resource', delegating())
const allow = (more: object) => JSON.stringify({ Effect: 'Allow', ...more })
const OWN = allow({ Action: 'kms:Encrypt', Resource: KEY })
const inKeyPolicy = (arn: string) =>
  `in the key policy: ${allow({ Principal: { AWS: arn }, Action: 'kms:Encrypt', Resource: '*' })}`
const asGrant = (arn: string) =>
  `as a grant: aws kms create-grant --key-id ${KEY} --grantee-principal ${arn} --operations Encrypt`
const only = (arn: string) => ({ Condition: { ArnEquals: { 'aws:PrincipalArn': arn } } })

describe('where an Allow lacks', () => {
  it('names each way to a key within the account', () => {
    expect(suggested(useKey(alice), { resource })).toEqual([
      [`in a policy of user alice: ${OWN}`],
      [inKeyPolicy(alice.arn)],
      [asGrant(alice.arn)],
    ])
  })
  it('offers no grant for what grants cannot allow, and none to root', () => {
    expect(suggested(useKey(alice, {}, { grantOperation: undefined }), { resource })).toHaveLength(2)
    expect(suggested(useKey(root()), { resource: policy('resource', naming(alice.arn)) })).toEqual([
      [
        `in the key policy: ${allow({ Principal: { AWS: root().arn }, Action: 'kms:Encrypt', Resource: '*', ...only(root().arn) })}`,
      ],
    ])
  })
  it('says all that is needed together', () => {
    const boundary = policy('boundary', LIST_BUCKETS)
    const inBoundary = `in the permissions boundary boundary policy: ${allow({ Action: 'kms:Encrypt', Resource: KEY, ...only(alice.arn) })}`
    expect(suggested(useKey(alice), { resource, boundary })).toEqual([
      [`in a policy of user alice: ${OWN}`, inBoundary],
      // Whoever is named by the key policy as a user is not held by the boundary.
      [inKeyPolicy(alice.arn)],
      [asGrant(alice.arn)],
    ])
    expect(suggested(useKey(alice), { resource, boundary, identity: [policy('identity', ALLOW_ALL)] })).toEqual([
      [inBoundary],
    ])
  })
  it('across accounts both sides must agree', () => {
    const own = `in a policy of user bob: ${OWN}`
    expect(suggested(useKey(bob), { resource })).toEqual([
      [inKeyPolicy(bob.arn), own],
      [asGrant(bob.arn), own],
    ])
    expect(suggested(useKey(bob), { resource: policy('resource', naming(bob.arn)) })).toEqual([[own]])
  })
  it('a session is named by its role', () => {
    const me = session()
    expect(suggested(useKey(me), { resource }).at(-1)).toEqual([asGrant(me.roleArn)])
  })
  it('an object has a bucket policy', () => {
    expect(suggested(readObject(alice), {})).toEqual([
      [`in a policy of user alice: ${allow({ Action: 's3:GetObject', Resource: OBJECT })}`],
      [
        `in the policy of bucket bucket: ${allow({ Principal: { AWS: alice.arn }, Action: 's3:GetObject', Resource: OBJECT })}`,
      ],
    ])
  })
  it('what is allowed needs nothing', () => {
    expect(suggested(useKey(alice), { resource: policy('resource', naming(alice.arn)) })).toEqual([])
  })
})
