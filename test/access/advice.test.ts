import { describe, expect, it } from '@jest/globals'
import { advise } from '../../emulator/access/advice.ts'
import { explain } from '../../emulator/access/explain.ts'
import type { AuthorizationRequest, PolicySet } from '../../emulator/access/types.ts'
import {
  ALLOW_ALL,
  decide,
  delegating,
  DENY_KMS,
  grant,
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
} from './support.ts'

const advice = (request: AuthorizationRequest, policies: Partial<PolicySet>) =>
  advise(explain(decide(request, policies))).map(({ where, what }) => `${where}: ${what}`)

const alice = user()
const resource = policy('resource', delegating())
const allow = (more: object) => JSON.stringify({ Effect: 'Allow', ...more })
const OWN = allow({ Action: 'kms:Encrypt', Resource: KEY })
const GRANT = (arn: string) => `aws kms create-grant --key-id ${KEY} --grantee-principal ${arn} --operations Encrypt`

describe('advise', () => {
  it('names each way to a key within the account', () => {
    expect(advice(keyRequest(alice), { resource })).toEqual([
      `in a policy of user alice: ${OWN}`,
      `in the key policy: ${allow({ Principal: { AWS: alice.arn }, Action: 'kms:Encrypt', Resource: '*' })}`,
      `as a grant: ${GRANT(alice.arn)}`,
    ])
  })
  it('every statement it gives opens the gate', () => {
    const [own = '', inKeyPolicy = ''] = advise(explain(decide(keyRequest(alice), { resource }))).map(
      ({ what }) => what,
    )
    expect(
      decide(keyRequest(alice), { resource, identity: [policy('identity', JSON.parse(own) as object)] }).allowed,
    ).toBe(true)
    const keyPolicy = policy('resource', JSON.parse(inKeyPolicy) as object)
    expect(decide(keyRequest(alice), { resource: keyPolicy }).allowed).toBe(true)
    expect(decide(keyRequest(alice), { resource, grants: [grant({ kind: 'user', id: alice.userId })] }).allowed).toBe(
      true,
    )
  })
  it('offers no grant for what grants cannot allow, and none to root', () => {
    expect(advice(keyRequest(alice, { grantOperation: undefined }), { resource })).toHaveLength(2)
    expect(advice(keyRequest(root()), { resource: policy('resource', naming(alice.arn)) })).toEqual([
      `in the key policy: ${allow({ Principal: { AWS: root().arn }, Action: 'kms:Encrypt', Resource: '*' })}`,
    ])
  })
  it('says which limit must allow besides', () => {
    const boundary = policy('boundary', LIST_BUCKETS)
    expect(advice(keyRequest(alice), { resource, boundary }).at(-1)).toBe(
      `and also in the permissions boundary: ${OWN}`,
    )
    expect(advice(keyRequest(alice), { resource, boundary, identity: [policy('identity', ALLOW_ALL)] })).toEqual([
      `in the permissions boundary, too: ${OWN}`,
    ])
    const scp = [[policy('scp', LIST_BUCKETS)]]
    expect(advice(keyRequest(alice), { resource, scp })).toEqual([
      `in the service control policies of that level, too: ${OWN}`,
    ])
    const rcp = [[policy('rcp', { ...LIST_BUCKETS, Principal: '*' })]]
    expect(advice(keyRequest(alice), { resource, rcp })).toEqual([
      `in the resource control policies of that level, too: ${allow({ Principal: '*', Action: 'kms:Encrypt', Resource: KEY })}`,
    ])
  })
  it('across accounts both sides must agree', () => {
    const stranger = user('bob', MEMBER)
    const own = `in a policy of user bob: ${OWN}`
    expect(advice(keyRequest(stranger), { resource })).toEqual([
      `in the key policy: ${allow({ Principal: { AWS: stranger.arn }, Action: 'kms:Encrypt', Resource: '*' })}`,
      `as a grant: ${GRANT(stranger.arn)}`,
      `and also ${own}`,
    ])
    expect(advice(keyRequest(stranger), { resource: policy('resource', naming(stranger.arn)) })).toEqual([own])
  })
  it('a session is named by its role', () => {
    const me = session()
    expect(advice(keyRequest(me), { resource }).at(-1)).toBe(`as a grant: ${GRANT(me.roleArn)}`)
    expect(
      advice(
        { ...keyRequest(me), guard: 'trust', action: 'sts:AssumeRole', grantOperation: undefined },
        { resource: policy('trust', naming(alice.arn)) },
      ),
    ).toEqual([`in the role's trust policy: ${allow({ Principal: { AWS: me.roleArn }, Action: 'sts:AssumeRole' })}`])
  })
  it('an object has a bucket policy', () => {
    expect(advice(objectRequest(alice), {})).toEqual([
      `in a policy of user alice: ${allow({ Action: 's3:GetObject', Resource: OBJECT })}`,
      `in the bucket policy: ${allow({ Principal: { AWS: alice.arn }, Action: 's3:GetObject', Resource: OBJECT })}`,
    ])
    expect(advice(objectRequest({ kind: 'anonymous' }), {})).toEqual([
      `in the bucket policy: ${allow({ Principal: '*', Action: 's3:GetObject', Resource: OBJECT })}`,
    ])
  })
  it('nothing outweighs a Deny, and what is allowed needs nothing', () => {
    expect(advice(keyRequest(alice), { resource, identity: [policy('identity', DENY_KMS)] })).toEqual([
      'the Deny: remove or narrow that statement; no Allow outweighs it',
    ])
    expect(advice(keyRequest(alice), { resource: policy('resource', naming(alice.arn)) })).toEqual([])
  })
})
