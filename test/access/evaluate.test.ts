import { describe, expect, it } from '@jest/globals'
import { contextOf } from '../../emulator/access/context.ts'
import { policySource } from '../../emulator/access/document.ts'
import type { AuthorizationRequest, PolicySet } from '../../emulator/access/types.ts'
import {
  ALLOW_ALL,
  cause,
  decide,
  delegating,
  DENY_KMS,
  federated,
  KEY,
  keyRequest,
  LIST_BUCKETS,
  MEMBER,
  naming,
  no,
  OBJECT,
  objectRequest,
  outcome,
  OWNER,
  policy,
  root,
  session,
  user,
} from './support.ts'

const NO_IDENTITY = no('identity', 'identity-based policy')
const NO_RESOURCE = no('resource', 'resource-based policy')
const NO_SESSION = no('session', 'session policy')
const NO_BOUNDARY = no('boundary', 'permissions boundary')
const WITHHELD =
  'resource: because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access'

const identity = [policy('identity', ALLOW_ALL)]
const boundary = policy('boundary', LIST_BUCKETS)
const limited = [policy('session', LIST_BUCKETS)]
const me = session()

type Case = readonly [
  name: string,
  principal: AuthorizationRequest['principal'],
  statement: object,
  rest: Partial<PolicySet>,
  expected: string,
]

describe('a key in the caller’s account (facts C1, C3)', () => {
  const cases: readonly Case[] = [
    ['user named: no limit', user(), naming(user().arn), {}, 'allow by resource'],
    ['user named: boundary does not limit', user(), naming(user().arn), { boundary }, 'allow by resource'],
    ['role named: identity does not limit', me, naming(me.roleArn), {}, 'allow by resource'],
    ['role named: boundary limits', me, naming(me.roleArn), { boundary }, NO_BOUNDARY],
    ['role named: session policy limits', me, naming(me.roleArn), { session: limited }, NO_SESSION],
    [
      'role named: the boundary is named first',
      me,
      naming(me.roleArn),
      { boundary, session: limited, identity },
      NO_BOUNDARY,
    ],
    ['session named: nothing limits', me, naming(me.arn), { boundary, session: limited }, 'allow by resource'],
    ['other session named', me, naming(session(OWNER, 'other').arn), { identity }, NO_RESOURCE],
    ['federated user named', federated(), naming(federated().arn), { session: [] }, 'allow by resource'],
    ['its user named: session policies limit', federated(), naming(user().arn), { session: limited }, NO_SESSION],
    ['its user named: boundary limits', federated(), naming(user().arn), { boundary }, NO_BOUNDARY],
    ['* : nothing limits', me, naming('*'), { boundary, session: limited }, 'allow by resource'],
    ['account delegates: identity must allow', me, delegating(), {}, NO_IDENTITY],
    ['account delegates: identity allows', me, delegating(), { identity }, 'allow by identity'],
    ['account delegates: boundary must allow', me, delegating(), { identity, boundary }, NO_BOUNDARY],
    ['account delegates: session must allow', me, delegating(), { identity, session: limited }, NO_SESSION],
    ['account delegates: identity is named before session', me, delegating(), { session: limited }, NO_IDENTITY],
    [
      'account delegates: an empty session list allows nothing',
      me,
      delegating(),
      { identity, session: [] },
      NO_SESSION,
    ],
    ['account by its bare id', me, naming(OWNER), { identity }, 'allow by identity'],
    ['no path for the caller, however powerful', me, naming(user('other').arn), { identity }, NO_RESOURCE],
    ['another account delegates', me, delegating(MEMBER), { identity }, NO_RESOURCE],
    ['root user: delegation suffices', root(), delegating(), {}, 'allow by identity'],
    ['root user: not without the key policy', root(), naming(user().arn), {}, NO_RESOURCE],
    ['unique id of the user', user(), naming('AIDAALICE'), {}, 'allow by resource'],
    ['unique id of the role', me, naming('AROAREADER'), {}, 'allow by resource'],
    ['unique id of a deleted namesake', me, naming('AROADELETED'), { identity }, NO_RESOURCE],
    ['partial wildcards name nobody', user(), naming(`arn:aws:iam::${OWNER}:user/*`), { identity }, NO_RESOURCE],
    [
      'another key’s ARN as Resource never matches',
      me,
      { ...naming(me.arn), Resource: KEY.replace('1234abcd', 'ffffffff') },
      {},
      NO_RESOURCE,
    ],
    ['this key’s ARN as Resource', me, { ...naming(me.arn), Resource: KEY }, {}, 'allow by resource'],
    ['no Action: no effect', me, { ...naming(me.arn), Action: undefined }, {}, NO_RESOURCE],
    ['no Resource: no effect', me, { ...naming(me.arn), Resource: undefined }, {}, NO_RESOURCE],
    ['no Principal: no effect', me, { ...ALLOW_ALL }, { identity }, NO_RESOURCE],
  ]
  it.each(cases)('%s', (_name, principal, statement, rest, expected) => {
    expect(cause(keyRequest(principal), { resource: policy('resource', statement), ...rest })).toBe(expected)
  })

  it('without any key policy nobody enters', () => {
    expect(cause(keyRequest(root()), {})).toBe(NO_RESOURCE)
  })

  it('anonymous callers never do', () => {
    expect(outcome(keyRequest({ kind: 'anonymous' }), { resource: policy('resource', naming('*')) })).toBe(
      `resource: User: anonymous is not authorized to perform: kms:Encrypt on resource: ${KEY} because no resource-based policy allows the kms:Encrypt action`,
    )
  })

  it('`*` narrowed by a condition is nothing to others', () => {
    const resource = policy('resource', {
      ...naming('*'),
      Condition: { StringEquals: { 'aws:PrincipalArn': me.roleArn } },
    })
    const as = (arn: string) => keyRequest(me, { context: contextOf({ 'aws:PrincipalArn': arn }) })
    expect(cause(as(me.roleArn), { resource, session: limited })).toBe('allow by resource')
    expect(cause(as('arn:aws:iam::111111111111:role/other'), { resource, identity })).toBe(NO_RESOURCE)
  })

  it('several statements: the strongest naming counts', () => {
    const resource = policy('resource', delegating(), naming(me.roleArn), naming(me.arn))
    const decision = decide(keyRequest(me), { resource, session: limited })
    expect(decision).toMatchObject({ allowed: true, layer: 'resource', resourceSide: 'direct' })
    expect(decision.statement?.index).toBe(2)
  })

  it('an AWS managed key opens through its service, and delegates nothing (facts D3)', () => {
    const resource = policy('resource', {
      Effect: 'Allow',
      Principal: { AWS: '*' },
      Action: ['kms:Encrypt', 'kms:Decrypt'],
      Resource: '*',
      Condition: {
        StringEquals: { 'kms:CallerAccount': OWNER, 'kms:ViaService': 'ssm.us-east-1.amazonaws.com' },
      },
    })
    const through = contextOf({ 'kms:CallerAccount': OWNER, 'kms:ViaService': 'ssm.us-east-1.amazonaws.com' })
    expect(cause(keyRequest(me, { context: through }), { resource })).toBe('allow by resource')
    expect(cause(keyRequest(me), { resource, identity })).toBe(NO_RESOURCE)
  })
})

describe('explicit denies', () => {
  const resource = policy('resource', delegating())
  const cases: readonly [where: string, rest: Partial<PolicySet>, expected: string][] = [
    [
      'identity',
      { identity: [policy('identity', ALLOW_ALL, DENY_KMS)] },
      'identity: with an explicit deny in an identity-based policy',
    ],
    [
      'boundary',
      { boundary: policy('boundary', ALLOW_ALL, DENY_KMS) },
      'boundary: with an explicit deny in a permissions boundary',
    ],
    [
      'session',
      { session: [policy('session', ALLOW_ALL, DENY_KMS)] },
      'session: with an explicit deny in a session policy',
    ],
    [
      'scp',
      { scp: [[policy('scp', ALLOW_ALL)], [policy('scp', ALLOW_ALL, DENY_KMS)]] },
      'scp: with an explicit deny in a service control policy',
    ],
    [
      'rcp',
      { rcp: [[policy('rcp', { ...ALLOW_ALL, Principal: '*' }), policy('rcp', { ...DENY_KMS, Principal: '*' })]] },
      'rcp: with an explicit deny in a resource control policy',
    ],
    [
      'endpoint',
      { endpoint: policy('endpoint', { ...ALLOW_ALL, Principal: '*' }, { ...DENY_KMS, Principal: '*' }) },
      'endpoint: with an explicit deny in a VPC endpoint policy',
    ],
    [
      'key policy',
      { resource: policy('resource', delegating(), { ...DENY_KMS, Principal: { AWS: me.roleArn } }) },
      'resource: with an explicit deny in a resource-based policy',
    ],
    [
      'key policy, by the account: everybody in it',
      { resource: policy('resource', delegating(), { ...DENY_KMS, Principal: { AWS: OWNER } }) },
      'resource: with an explicit deny in a resource-based policy',
    ],
  ]
  it.each(cases)('%s', (_where, rest, expected) => {
    expect(cause(keyRequest(me), { identity, resource, ...rest })).toBe(expected)
  })

  it('a deny whose condition fails is no deny', () => {
    const denying = policy('identity', ALLOW_ALL, {
      ...DENY_KMS,
      Condition: { StringEquals: { 'aws:RequestedRegion': 'eu-west-1' } },
    })
    expect(cause(keyRequest(me), { identity: [denying], resource })).toBe('allow by identity')
  })

  it('nothing can deny sts:GetCallerIdentity', () => {
    const request = keyRequest(me, { action: 'sts:GetCallerIdentity', guard: 'none', resource: '*' })
    expect(decide(request, { identity: [policy('identity', { ...DENY_KMS, Action: '*' })] }).allowed).toBe(true)
  })
})

describe('a key of another account (facts C4)', () => {
  const outsider = session(MEMBER)
  const cases: readonly [name: string, statement: object, rest: Partial<PolicySet>, expected: string][] = [
    ['both sides allow', delegating(MEMBER), { identity }, 'allow by identity'],
    ['named directly, and allowed at home', naming(outsider.arn), { identity }, 'allow by resource'],
    ['named directly, not allowed at home', naming(outsider.arn), {}, NO_IDENTITY],
    ['everybody, not allowed at home', naming('*'), {}, NO_IDENTITY],
    ['account trusted, not allowed at home', delegating(MEMBER), {}, NO_IDENTITY],
    ['session policy at home', delegating(MEMBER), { identity, session: limited }, NO_SESSION],
    ['boundary at home', delegating(MEMBER), { identity, boundary }, NO_BOUNDARY],
    ['key side missing', delegating(OWNER), { identity }, WITHHELD],
    ['both sides missing: the key side is named', delegating(OWNER), {}, WITHHELD],
  ]
  it.each(cases)('%s', (_name, statement, rest, expected) => {
    expect(cause(keyRequest(outsider), { resource: policy('resource', statement), ...rest })).toBe(expected)
  })

  it('an explicit deny in the key policy is not told either', () => {
    const resource = policy('resource', delegating(MEMBER), { ...DENY_KMS, Principal: '*' })
    expect(cause(keyRequest(outsider), { resource, identity })).toBe(WITHHELD)
  })

  it('an explicit deny at home is told, without the key', () => {
    const resource = policy('resource', delegating(MEMBER))
    const denied = [policy('session', ALLOW_ALL, DENY_KMS)]
    expect(outcome(keyRequest(outsider), { resource, identity, session: denied })).toBe(
      `session: User: ${outsider.arn} is not authorized to perform: kms:Encrypt on this resource with an explicit deny in a session policy`,
    )
  })

  it('the root user of the other account needs the key policy only', () => {
    expect(cause(keyRequest(root(MEMBER)), { resource: policy('resource', delegating(MEMBER)) })).toBe(
      'allow by identity',
    )
  })
})

describe('an ordinary resource: either side suffices in the same account', () => {
  const READ = { Effect: 'Allow', Action: 's3:GetObject', Resource: 'arn:aws:s3:::bucket/*' }
  const bucket = (principal: unknown) => policy('resource', { ...READ, Principal: principal })
  const NO_S3 = no('identity', 'identity-based policy', 's3:GetObject')
  const cases: readonly [string, AuthorizationRequest['principal'], Partial<PolicySet>, string][] = [
    ['identity only', me, { identity }, 'allow by identity'],
    ['nothing', me, {}, NO_S3],
    ['bucket policy names the user', user(), { resource: bucket({ AWS: user().arn }) }, 'allow by resource'],
    ['bucket policy names the role', me, { resource: bucket({ AWS: me.roleArn }) }, 'allow by resource'],
    [
      'bucket policy names the role, session limits',
      me,
      { resource: bucket({ AWS: me.roleArn }), session: limited },
      no('session', 'session policy', 's3:GetObject'),
    ],
    [
      'bucket policy names the session, nothing limits',
      me,
      { resource: bucket({ AWS: me.arn }), session: limited, boundary },
      'allow by resource',
    ],
    ['bucket policy names the account: identity decides', me, { resource: bucket({ AWS: OWNER }) }, NO_S3],
    ['root user', root(), {}, 'allow by identity'],
    ['anonymous, public bucket', { kind: 'anonymous' }, { resource: bucket('*') }, 'allow by resource'],
    ['anonymous, otherwise', { kind: 'anonymous' }, {}, no('resource', 'resource-based policy', 's3:GetObject')],
    [
      'service principal named',
      { kind: 'service', service: 'cloudtrail.amazonaws.com' },
      { resource: bucket({ Service: 'cloudtrail.amazonaws.com' }) },
      'allow by resource',
    ],
    [
      'service principal not named: identity policies mean nothing to it',
      { kind: 'service', service: 'cloudtrail.amazonaws.com' },
      { identity },
      no('resource', 'resource-based policy', 's3:GetObject'),
    ],
    [
      'other account, bucket side only',
      session(MEMBER),
      { resource: bucket({ AWS: MEMBER }) },
      no('identity', 'identity-based policy', 's3:GetObject'),
    ],
    ['other account, both', session(MEMBER), { resource: bucket({ AWS: MEMBER }), identity }, 'allow by identity'],
    [
      'other account, its own side only',
      session(MEMBER),
      { identity },
      no('resource', 'resource-based policy', 's3:GetObject'),
    ],
  ]
  it.each(cases)('%s', (_name, principal, rest, expected) => {
    expect(cause(objectRequest(principal), rest)).toBe(expected)
  })
})

describe('actions without a resource policy', () => {
  const request = (principal: AuthorizationRequest['principal']): AuthorizationRequest => ({
    principal,
    action: 'kms:CreateKey',
    resource: '*',
    resourceAccount: undefined,
    guard: 'none',
    context: contextOf({}),
  })
  const NO_CREATE = no('identity', 'identity-based policy', 'kms:CreateKey')

  it.each([
    ['identity allows', me, { identity }, 'allow by identity'],
    ['identity does not', me, {}, NO_CREATE],
    ['root user', root(), {}, 'allow by identity'],
    ['session limits', me, { identity, session: limited }, no('session', 'session policy', 'kms:CreateKey')],
    ['a service has none', { kind: 'service', service: 'x.amazonaws.com' } as const, { identity }, NO_CREATE],
    ['anonymous', { kind: 'anonymous' } as const, { identity }, NO_CREATE],
  ])('%s', (_name, principal, rest, expected) => {
    expect(cause(request(principal), rest)).toBe(expected)
  })

  it('a Resource of its own does not cover `*` (captures 9.3)', () => {
    const narrow = policy('identity', { ...ALLOW_ALL, Resource: `arn:aws:iam::${OWNER}:root` })
    expect(cause(request(me), { identity: [narrow] })).toBe(NO_CREATE)
  })

  it('names `*` as the resource', () => {
    expect(outcome(request(me), {})).toBe(
      `identity: User: ${me.arn} is not authorized to perform: kms:CreateKey on resource: * because no identity-based policy allows the kms:CreateKey action`,
    )
  })
})

describe('role trust', () => {
  const role = `arn:aws:iam::${OWNER}:role/probe/target`
  const trust = (principal: unknown, more: object = {}) =>
    policySource({
      layer: 'trust',
      name: 'trust policy',
      text: JSON.stringify({
        Version: '2012-10-17',
        Statement: { Effect: 'Allow', Principal: principal, Action: 'sts:AssumeRole', ...more },
      }),
    })
  const assume = (principal: AuthorizationRequest['principal']): AuthorizationRequest => ({
    principal,
    action: 'sts:AssumeRole',
    resource: role,
    resourceAccount: OWNER,
    guard: 'trust',
    context: contextOf({}),
  })
  const head = (who: { arn: string }) =>
    `User: ${who.arn} is not authorized to perform: sts:AssumeRole on resource: ${role}`

  it('naming the caller suffices in the same account', () => {
    expect(outcome(assume(user()), { resource: trust({ AWS: user().arn }) })).toBe('allow by trust')
  })
  it('naming the account needs the caller’s identity policy', () => {
    expect(outcome(assume(user()), { resource: trust({ AWS: OWNER }) })).toBe(
      `identity: ${head(user())} because no identity-based policy allows the sts:AssumeRole action`,
    )
    expect(outcome(assume(user()), { resource: trust({ AWS: OWNER }), identity })).toBe('allow by identity')
  })
  it('nobody trusted', () => {
    expect(outcome(assume(user()), { resource: trust({ AWS: user('other').arn }), identity })).toBe(
      `trust: ${head(user())} because no role trust policy allows the sts:AssumeRole action`,
    )
  })
  it('across accounts both sides', () => {
    const outsider = user('eve', MEMBER)
    expect(outcome(assume(outsider), { resource: trust({ AWS: outsider.arn }), identity })).toBe('allow by trust')
    expect(outcome(assume(outsider), { resource: trust({ AWS: outsider.arn }) })).toBe(
      `identity: ${head(outsider)} because no identity-based policy allows the sts:AssumeRole action`,
    )
  })
  it('an explicit deny', () => {
    expect(outcome(assume(user()), { resource: trust({ AWS: '*' }, { Effect: 'Deny' }), identity })).toBe(
      `trust: ${head(user())} with an explicit deny in the role trust policy`,
    )
  })
  it('a trust policy handed over as a plain resource policy is read as one', () => {
    const plain = { ...trust({ AWS: user().arn }), layer: 'resource' as const }
    const { text, name } = trust({ AWS: user().arn })
    expect(outcome(assume(user()), { resource: policySource({ layer: plain.layer, name, text }) })).toBe(
      'allow by trust',
    )
  })
  it('a web identity is trusted by its provider', () => {
    const provider = `arn:aws:iam::${OWNER}:oidc-provider/token.example.com`
    const resource = trust({ Federated: provider }, { Action: 'sts:AssumeRoleWithWebIdentity' })
    const request = (from: string) => ({
      ...assume({ kind: 'anonymous' }),
      action: 'sts:AssumeRoleWithWebIdentity',
      context: contextOf({ 'aws:FederatedProvider': from }),
    })
    expect(outcome(request(provider), { resource })).toBe('allow by trust')
    expect(outcome(request('other'), { resource })).toMatch(/^trust: /)
  })
})

describe('organization and endpoint', () => {
  const resource = policy('resource', delegating())
  const full = [policy('scp', ALLOW_ALL)]
  const s3Only = [policy('scp', { ...ALLOW_ALL, Action: 's3:*' })]
  const NO_SCP = no('scp', 'service control policy')

  it('every SCP level must allow', () => {
    expect(cause(keyRequest(me), { resource, identity, scp: [full, full] })).toBe('allow by identity')
    expect(cause(keyRequest(me), { resource, identity, scp: [full, s3Only] })).toBe(NO_SCP)
    expect(cause(keyRequest(me), { resource, identity, scp: [s3Only, full] })).toBe(NO_SCP)
    expect(cause(keyRequest(me), { resource, identity, scp: [full, []] })).toBe(NO_SCP)
  })
  it('an SCP never grants', () => {
    expect(cause(keyRequest(me), { resource, scp: [full] })).toBe(NO_IDENTITY)
  })
  it('binds the root user and beats a direct allow', () => {
    expect(cause(keyRequest(root()), { resource, scp: [s3Only] })).toBe(NO_SCP)
    expect(cause(keyRequest(me), { resource: policy('resource', naming(me.arn)), scp: [s3Only] })).toBe(NO_SCP)
  })
  it('spares service-linked roles and services', () => {
    const linked = { ...me, serviceLinked: true }
    const deny = [policy('rcp', { ...DENY_KMS, Principal: '*' })]
    expect(cause(keyRequest(linked), { resource, identity, scp: [s3Only], rcp: [deny] })).toBe('allow by identity')
    const service = { kind: 'service', service: 'x.amazonaws.com' } as const
    const admits = policy('resource', { ...delegating(), Principal: { Service: 'x.amazonaws.com' } })
    expect(cause(keyRequest(service), { resource: admits, scp: [s3Only] })).toBe('allow by resource')
    expect(cause(keyRequest(service), { resource: admits, rcp: [deny] })).toBe(
      'rcp: with an explicit deny in a resource control policy',
    )
  })
  it('an RCP denies outsiders and root alike, but not kms:RetireGrant (captures 9.5)', () => {
    const rcp = [[policy('rcp', { ...ALLOW_ALL, Principal: '*' }), policy('rcp', { ...DENY_KMS, Principal: '*' })]]
    const denied = 'rcp: with an explicit deny in a resource control policy'
    expect(cause(keyRequest(root()), { resource, rcp })).toBe(denied)
    expect(
      cause(keyRequest(session(MEMBER)), { resource: policy('resource', delegating(MEMBER)), identity, rcp }),
    ).toBe(denied)
    const retire = keyRequest(me, { action: 'kms:RetireGrant', grantOperation: 'RetireGrant' })
    expect(cause(retire, { resource, identity, rcp })).toBe('allow by identity')
  })
  it('a VPC endpoint policy must allow', () => {
    const endpoint = policy('endpoint', { ...ALLOW_ALL, Action: 's3:*', Principal: '*' })
    expect(cause(keyRequest(me), { resource, identity, endpoint })).toBe(no('endpoint', 'VPC endpoint policy'))
    expect(cause(objectRequest(me), { identity, endpoint })).toBe('allow by identity')
  })
})

describe('what the decision says', () => {
  it('names the statement that carried', () => {
    const resource = policy('resource', delegating())
    const decision = decide(keyRequest(me), { resource, identity: [policy('identity', LIST_BUCKETS), ...identity] })
    expect(decision).toMatchObject({ layer: 'identity', resourceSide: 'delegated', crossAccount: false })
    expect(decision.source).toBe(identity[0])
    expect(decision.statement?.index).toBe(0)
  })
  it('an object without an account belongs to the caller (EC2 snapshots)', () => {
    const snapshot = 'arn:aws:ec2:us-east-1::snapshot/snap-1'
    const request = objectRequest(me, { resource: snapshot, resourceAccount: '', action: 'ec2:CreateVolume' })
    const on = (Resource: string) => [policy('identity', { Effect: 'Allow', Action: 'ec2:*', Resource })]
    expect(cause(request, { identity: on(snapshot) })).toBe('allow by identity')
    expect(cause(request, { identity: on(snapshot.replace('::', `:${OWNER}:`)) })).toBe(
      no('identity', 'identity-based policy', 'ec2:CreateVolume'),
    )
  })
  it('a federated session that the root user made has what its session policies allow', () => {
    const bob = { ...federated(), issuerArn: `arn:aws:iam::${OWNER}:root`, issuerId: OWNER }
    expect(cause(objectRequest(bob, { resource: OBJECT }), { session: [policy('session', ALLOW_ALL)] })).toBe(
      'allow by identity',
    )
    expect(cause(objectRequest(bob), { session: [] })).toBe(no('session', 'session policy', 's3:GetObject'))
  })
})
