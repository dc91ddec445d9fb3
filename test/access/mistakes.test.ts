import { describe, expect, it } from '@jest/globals'
import { contextOf } from '../../emulator/access/context.ts'
import { policySource } from '../../emulator/access/document.ts'
import {
  ALLOW_ALL,
  cause,
  type Context,
  delegating,
  keyRequest,
  naming,
  no,
  OWNER,
  policy,
  session,
  user,
} from './support.ts'

/** What other emulators got wrong (facts: denials 3), each once. */
describe('mistakes not made here', () => {
  const me = session()
  const resource = policy('resource', delegating())
  const identity = [policy('identity', ALLOW_ALL)]
  const NO_IDENTITY = no('identity', 'identity-based policy')
  const when = (Condition: object, keys: Context = {}) =>
    cause(keyRequest(me, { context: contextOf(keys) }), {
      resource,
      identity: [policy('identity', { ...ALLOW_ALL, Condition })],
    })

  it('a role ARN in a resource policy matches the role’s sessions', () => {
    expect(cause(keyRequest(me), { resource: policy('resource', naming(me.roleArn)) })).toBe('allow by resource')
  })
  it('the account root delegates; it does not grant', () => {
    expect(cause(keyRequest(user()), { resource })).toBe(NO_IDENTITY)
  })
  it('an AWS managed key admits through its service only, and needs no identity permission then', () => {
    const managed = policy('resource', {
      ...naming('*'),
      Condition: { StringEquals: { 'kms:CallerAccount': OWNER, 'kms:ViaService': 'ssm.us-east-1.amazonaws.com' } },
    })
    const through = contextOf({ 'kms:CallerAccount': OWNER, 'kms:ViaService': 'ssm.us-east-1.amazonaws.com' })
    expect(cause(keyRequest(me, { context: through }), { resource: managed })).toBe('allow by resource')
    expect(cause(keyRequest(me), { resource: managed, identity })).toBe(no('resource', 'resource-based policy'))
  })
  it('an alias ARN in an identity policy does not authorize use of the key', () => {
    const onAlias = [policy('identity', { ...ALLOW_ALL, Resource: `arn:aws:kms:us-east-1:${OWNER}:alias/app` })]
    expect(cause(keyRequest(me), { resource, identity: onAlias })).toBe(NO_IDENTITY)
  })
  it('a failed condition is neutral, not a deny', () => {
    const both = [policy('identity', ALLOW_ALL, { ...ALLOW_ALL, Condition: { StringEquals: { 'aws:x': 'a' } } })]
    expect(cause(keyRequest(me), { resource, identity: both })).toBe('allow by identity')
  })
  it('an unknown operator is never true', () => {
    expect(when({ StringIs: { 'aws:x': 'a' } }, { 'aws:x': 'a' })).toBe(NO_IDENTITY)
  })
  it('ForAllValues of an absent key is true', () => {
    expect(when({ 'ForAllValues:StringEquals': { 'aws:TagKeys': ['team'] } })).toBe('allow by identity')
  })
  it('a negated operator with a list wants none of them', () => {
    const condition = { StringNotEquals: { 'aws:x': ['a', 'b'] } }
    expect(when(condition, { 'aws:x': 'b' })).toBe(NO_IDENTITY)
    expect(when(condition, { 'aws:x': 'c' })).toBe('allow by identity')
  })
  it('Statement may be one object', () => {
    const text = JSON.stringify({ Version: '2012-10-17', Statement: ALLOW_ALL })
    const lone = [policySource({ layer: 'identity', name: 'lone', text })]
    expect(cause(keyRequest(me), { resource, identity: lone })).toBe('allow by identity')
  })
  it('an action that no policy knows is not allowed', () => {
    const listed = [policy('identity', { ...ALLOW_ALL, Action: ['kms:Encrypt', 's3:*'] })]
    expect(
      cause(keyRequest(me, { action: 'kms:Unheard', grantOperation: undefined }), { resource, identity: listed }),
    ).toBe(no('identity', 'identity-based policy', 'kms:Unheard'))
  })
})
