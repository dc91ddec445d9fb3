import { describe, expect, it } from '@jest/globals'
import { contextOf } from '../../emulator/access/context.ts'
import type { Grant, PolicySet, RoleSession } from '../../emulator/access/types.ts'
import {
  ALLOW_ALL,
  cause,
  delegating,
  DENY_KMS,
  federated,
  grant,
  keyRequest,
  LIST_BUCKETS,
  MEMBER,
  no,
  outcome,
  OWNER,
  policy,
  session,
  user,
} from './support.ts'

const keyPolicy = policy('resource', delegating())
const LIMITED = [policy('session', LIST_BUCKETS)]
const DENIED = [policy('session', ALLOW_ALL, DENY_KMS)]
const BOUNDARY = policy('boundary', LIST_BUCKETS)

const toSession = (of: RoleSession, more: Partial<Grant> = {}) => grant({ kind: 'session', id: of.userId }, more)
const toRole = (of: RoleSession, more: Partial<Grant> = {}) => grant({ kind: 'role', id: of.roleId }, more)

const NO_IDENTITY = no('identity', 'identity-based policy')
const NO_SESSION = no('session', 'session policy')
const NO_BOUNDARY = no('boundary', 'permissions boundary')
const DENIED_BY_SESSION = 'session: with an explicit deny in a session policy'

describe('grants in the same account (captures 4.1)', () => {
  const me = session()
  const cases: readonly [name: string, grants: readonly Grant[], limits: Partial<PolicySet>, expected: string][] = [
    ['session_no_identity_allow', [toSession(me)], {}, 'allow by grant'],
    ['role_no_identity_allow', [toRole(me)], {}, 'allow by grant'],
    ['session_implicit_session_deny', [toSession(me)], { session: LIMITED }, 'allow by grant'],
    ['role_implicit_session_deny', [toRole(me)], { session: LIMITED }, NO_SESSION],
    ['session_implicit_boundary_deny', [toSession(me)], { boundary: BOUNDARY }, 'allow by grant'],
    ['role_implicit_boundary_deny', [toRole(me)], { boundary: BOUNDARY }, NO_BOUNDARY],
    ['session_explicit_session_deny', [toSession(me)], { session: DENIED }, DENIED_BY_SESSION],
    ['role_explicit_session_deny', [toRole(me)], { session: DENIED }, DENIED_BY_SESSION],
    ['session_sibling', [toSession(session(OWNER, 'other'))], {}, NO_IDENTITY],
    ['role_sibling', [toRole(session(OWNER, 'other'))], {}, 'allow by grant'],
    ['session_repeated_name', [toSession(session(OWNER, 'target'))], {}, 'allow by grant'],
  ]
  it.each(cases)('%s', (_name, grants, limits, expected) => {
    expect(cause(keyRequest(me), { resource: keyPolicy, grants, ...limits })).toBe(expected)
  })

  it('federated_implicit_session_deny: a federated user needs no session allow', () => {
    const bob = federated()
    const grants = [grant({ kind: 'federated', arn: bob.arn })]
    expect(cause(keyRequest(bob), { resource: keyPolicy, grants, session: LIMITED })).toBe('allow by grant')
  })

  it("a grant to the user reaches its federated sessions within the session's policies", () => {
    const grants = [grant({ kind: 'user', id: 'AIDAALICE' })]
    expect(cause(keyRequest(federated()), { resource: keyPolicy, grants, session: LIMITED })).toBe(NO_SESSION)
    expect(cause(keyRequest(federated()), { resource: keyPolicy, grants })).toBe('allow by grant')
    expect(cause(keyRequest(user()), { resource: keyPolicy, grants })).toBe('allow by grant')
  })

  it('names the whole key of a same-account denial', () => {
    expect(outcome(keyRequest(me), { resource: keyPolicy, grants: [] })).toBe(
      `identity: User: ${me.arn} is not authorized to perform: kms:Encrypt on resource: ${keyRequest(me).resource} because no identity-based policy allows the kms:Encrypt action`,
    )
  })

  it('does not survive the role: a recreated role has another id', () => {
    const recreated = { ...me, roleId: 'AROANEW', userId: 'AROANEW:target' }
    const grants = [toSession(me), toRole(me)]
    expect(cause(keyRequest(recreated), { resource: keyPolicy, grants })).toBe(NO_IDENTITY)
  })

  it('an account grantee leaves it to that account', () => {
    const grants = [grant({ kind: 'account', account: OWNER })]
    const shut = policy('resource', { ...delegating(), Principal: { AWS: user('nobody').arn } })
    expect(cause(keyRequest(me), { resource: shut, grants })).toBe(NO_IDENTITY)
    const identity = [policy('identity', ALLOW_ALL)]
    expect(cause(keyRequest(me), { resource: shut, grants, identity })).toBe('allow by identity')
  })

  it('needs no key policy statement', () => {
    expect(cause(keyRequest(me), { grants: [toSession(me)] })).toBe('allow by grant')
  })

  it('an explicit deny in the key policy beats it', () => {
    const resource = policy('resource', delegating(), { ...DENY_KMS, Principal: '*' })
    expect(cause(keyRequest(me), { resource, grants: [toSession(me)] })).toBe(
      'resource: with an explicit deny in a resource-based policy',
    )
  })

  it('does not allow an action that grants cannot carry', () => {
    const request = keyRequest(me, { action: 'kms:PutKeyPolicy', grantOperation: undefined })
    expect(cause(request, { resource: keyPolicy, grants: [toSession(me)] })).toBe(
      no('identity', 'identity-based policy', 'kms:PutKeyPolicy'),
    )
  })

  it('a service grant holds for that service and its source', () => {
    const grants = [
      grant({ kind: 'service', service: 'dynamodb.us-west-2.amazonaws.com', sourceArn: 'arn:aws:dynamodb:::t' }),
    ]
    const request = keyRequest({ kind: 'service', service: 'dynamodb.us-west-2.amazonaws.com' })
    const from = (arn: string) => contextOf({ 'aws:SourceArn': arn })
    expect(cause({ ...request, context: from('arn:aws:dynamodb:::t') }, { grants })).toBe('allow by grant')
    expect(cause({ ...request, context: from('arn:aws:dynamodb:::u') }, { grants })).toBe(
      no('resource', 'resource-based policy'),
    )
  })
})

describe('grants across accounts (captures 4.1, facts E6)', () => {
  const me = session(MEMBER)
  const trusted = { issuingAccount: MEMBER }
  // The key policy gives the member's root only kms:CreateGrant.
  const resource = policy('resource', { ...delegating(MEMBER), Action: 'kms:CreateGrant' })
  const ALLOWED = [policy('identity', ALLOW_ALL)]
  const cases: readonly [name: string, grants: readonly Grant[], rest: Partial<PolicySet>, expected: string][] = [
    ['cross_owner_session_no_identity_allow', [toSession(me)], {}, NO_IDENTITY],
    ['cross_owner_session_implicit_session_deny', [toSession(me)], { session: LIMITED }, NO_IDENTITY],
    ['cross_owner_identity_allowed', [toSession(me)], { identity: ALLOWED }, 'allow by grant'],
    ['cross_owner_identity_allowed_limited', [toSession(me)], { identity: ALLOWED, session: LIMITED }, NO_SESSION],
    ['cross_owner_role_no_identity_allow', [toRole(me)], {}, NO_IDENTITY],
    ['cross_owner_role_implicit_session_deny', [toRole(me)], { session: LIMITED }, NO_SESSION],
    ['cross_trusted_session_no_identity_allow', [toSession(me, trusted)], {}, 'allow by grant'],
    ['cross_trusted_session_implicit_session_deny', [toSession(me, trusted)], { session: LIMITED }, 'allow by grant'],
    [
      'cross_trusted_identity_allowed_limited',
      [toSession(me, trusted)],
      { identity: ALLOWED, session: LIMITED },
      'allow by grant',
    ],
    ['cross_trusted_role_no_identity_allow', [toRole(me, trusted)], {}, 'allow by grant'],
    ['cross_trusted_role_implicit_session_deny', [toRole(me, trusted)], { session: LIMITED }, NO_SESSION],
    ['either grant may open: the own one asks for less', [toRole(me), toSession(me, trusted)], {}, 'allow by grant'],
  ]
  it.each(cases)('%s', (_name, grants, rest, expected) => {
    expect(cause(keyRequest(me), { resource, grants, ...rest })).toBe(expected)
  })

  it('withholds the key: `on this resource`', () => {
    expect(outcome(keyRequest(me), { resource, grants: [toSession(me)] })).toBe(
      `identity: User: ${me.arn} is not authorized to perform: kms:Encrypt on this resource because no identity-based policy allows the kms:Encrypt action`,
    )
  })

  it.each([
    ['session, unlimited', toSession(me, { operations: ['RetireGrant'] }), undefined, 'identity-based policy'],
    ['session, limited', toSession(me, { operations: ['RetireGrant'] }), LIMITED, 'identity-based policy'],
    ['role, unlimited', toRole(me, { operations: ['RetireGrant'] }), undefined, 'identity-based policy'],
    ['role, limited', toRole(me, { operations: ['RetireGrant'] }), LIMITED, 'session policy'],
  ])('cross_retire: %s', (_name, retirable, limits, what) => {
    const request = keyRequest(me, {
      action: 'kms:RetireGrant',
      grantOperation: 'RetireGrant',
      encryptionContext: undefined,
    })
    expect(cause(request, { grants: [retirable], session: limits })).toBe(
      no(what === 'session policy' ? 'session' : 'identity', what, 'kms:RetireGrant'),
    )
  })

  it('session_retire_limited: in the same account the limit does not matter', () => {
    const own = session()
    const request = keyRequest(own, { action: 'kms:RetireGrant', grantOperation: 'RetireGrant' })
    const grants = [toSession(own, { operations: ['RetireGrant'] })]
    expect(cause(request, { grants, session: LIMITED })).toBe('allow by grant')
  })
})

describe('constraints (facts E2)', () => {
  const me = session()
  const allowed = (constraints: Grant['constraints'], encryptionContext: Record<string, string> | undefined) =>
    cause(keyRequest(me, { encryptionContext }), { resource: keyPolicy, grants: [toSession(me, { constraints })] }) ===
    'allow by grant'

  it.each([
    ['equal', { equals: { a: '1' } }, { a: '1' }, true],
    ['equals, more sent', { equals: { a: '1' } }, { a: '1', b: '2' }, false],
    ['equals, less sent', { equals: { a: '1', b: '2' } }, { a: '1' }, false],
    ['subset, more sent', { subset: { a: '1' } }, { a: '1', b: '2' }, true],
    ['subset, other value', { subset: { a: '1' } }, { a: '2' }, false],
    ['case of the key', { subset: { a: '1' } }, { A: '1' }, false],
    ['case of the value', { equals: { a: 'x' } }, { a: 'X' }, false],
    ['an inherited name is not a pair', { subset: { toString: 'x' } }, {}, false],
    ['nothing sent', { subset: { a: '1' } }, {}, false],
    ['does not apply (DescribeKey)', { equals: { a: '1' } }, undefined, true],
  ])('%s', (_name, constraints, encryptionContext, expected) => {
    expect(allowed(constraints as Grant['constraints'], encryptionContext)).toBe(expected)
  })
})

describe('delegated CreateGrant (captures 4.5, facts E3)', () => {
  const me = session()
  const parentA = toSession(me, {
    id: 'a',
    operations: ['CreateGrant', 'Decrypt'],
    constraints: { subset: { department: 'IT' } },
  })
  const parentB = toSession(me, {
    id: 'b',
    operations: ['Encrypt'],
    constraints: { subset: { project: 'stackd' } },
  })
  const DENIED_CHILD = no('identity', 'identity-based policy', 'kms:CreateGrant')
  const create = (childGrant: NonNullable<ReturnType<typeof keyRequest>['childGrant']>, grants = [parentA, parentB]) =>
    cause(
      keyRequest(me, {
        action: 'kms:CreateGrant',
        grantOperation: 'CreateGrant',
        encryptionContext: undefined,
        childGrant,
      }),
      { resource: keyPolicy, grants },
    )
  const IT = { department: 'IT' }

  it.each([
    ['delegate_combined_operations', ['Decrypt', 'Encrypt'], { subset: IT }, DENIED_CHILD],
    ['delegate_second_only', ['Encrypt'], { subset: { project: 'stackd' } }, DENIED_CHILD],
    ['delegate_broaden_constraint', ['Decrypt'], undefined, DENIED_CHILD],
    ['delegate_narrow_constraint', ['Decrypt'], { equals: { ...IT, project: 'stackd' } }, 'allow by grant'],
    ['the same subset', ['Decrypt'], { subset: IT }, 'allow by grant'],
    ['a larger subset', ['Decrypt'], { subset: { ...IT, x: 'y' } }, 'allow by grant'],
    ['an equals without the pair', ['Decrypt'], { equals: { x: 'y' } }, DENIED_CHILD],
  ])('%s', (_name, operations, constraints, expected) => {
    expect(create({ operations, constraints })).toBe(expected)
  })

  it('a parent that demands equality asks its child for the same', () => {
    const exact = [toSession(me, { operations: ['CreateGrant', 'Decrypt'], constraints: { equals: IT } })]
    expect(create({ operations: ['Decrypt'], constraints: { equals: IT } }, exact)).toBe('allow by grant')
    expect(create({ operations: ['Decrypt'], constraints: { subset: IT } }, exact)).toBe(DENIED_CHILD)
    expect(create({ operations: ['Decrypt'], constraints: { equals: { ...IT, x: 'y' } } }, exact)).toBe(DENIED_CHILD)
  })

  it('an unconstrained parent allows anything within its operations', () => {
    const open = [toSession(me, { operations: ['CreateGrant', 'Decrypt'] })]
    expect(create({ operations: ['Decrypt'] }, open)).toBe('allow by grant')
    expect(create({ operations: ['CreateGrant'], constraints: { subset: IT } }, open)).toBe('allow by grant')
  })
})
