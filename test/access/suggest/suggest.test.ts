import { describe, expect, it } from '@jest/globals'
import { contextOf, principalContext } from '../../../emulator/access/context.ts'
import { policySource } from '../../../emulator/access/document.ts'
import { suggest } from '../../../emulator/access/suggest/suggest.ts'
import type {
  AuthorizationRequest,
  ConditionContext,
  PolicySet,
  PolicySource,
  Principal,
} from '../../../emulator/access/types.ts'
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

const documentOf = (...statements: readonly object[]) =>
  JSON.stringify({ Version: '2012-10-17', Statement: statements })

const alice = user()
const bob = user('bob', MEMBER)
const resource = policy('resource', delegating())
const allow = (more: object) => JSON.stringify({ Effect: 'Allow', ...more })
const OWN = allow({ Action: 'kms:Encrypt', Resource: KEY })
const inKeyPolicy = (arn: string) =>
  `in the key policy: ${allow({ Principal: { AWS: arn }, Action: 'kms:Encrypt', Resource: '*' })}`
const asGrant = (arn: string) =>
  `as a grant: aws kms create-grant --region us-east-1 --key-id ${KEY} --grantee-principal ${arn} --operations Encrypt`
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

describe('where a Deny strikes', () => {
  const all = policy('identity', ALLOW_ALL)
  const inline = (...statements: object[]) =>
    policySource({ layer: 'identity', name: 'Own', holder: alice.arn, text: documentOf(...statements) })
  const narrowed = (...deny: object[]) =>
    suggested(useKey(alice), { resource, identity: [all, inline(...deny)] }).map((changes) => changes.join('\n'))

  it('takes out what was asked, and leaves the rest', () => {
    const deny = { Sid: 'No', Effect: 'Deny', Action: ['kms:Encrypt', 'kms:Decrypt'], Resource: KEY }
    expect(narrowed(deny)).toEqual([
      `in the policy Own of user alice: ${JSON.stringify([{ ...deny, Action: ['kms:Decrypt'] }])}`,
    ])
  })
  it('removes it where nothing is left', () => {
    expect(narrowed({ Effect: 'Deny', Action: 'kms:encrypt', Resource: [KEY] })).toEqual([
      'in the policy Own of user alice: remove statement 1, the Deny',
    ])
  })
  it('a Deny of everything becomes one of everything else', () => {
    expect(narrowed({ Sid: 'No', Effect: 'Deny', Action: '*', Resource: '*' })).toEqual([
      `in the policy Own of user alice: ${JSON.stringify([
        { Sid: 'No', Effect: 'Deny', Action: '*', NotResource: KEY },
        { Effect: 'Deny', NotAction: 'kms:Encrypt', Resource: KEY },
      ])}`,
    ])
  })
  it('where others fall under it, too, it spares the caller only', () => {
    const identity = [all]
    const deny = { Sid: 'No', Effect: 'Deny', Principal: '*', Action: 'kms:*', Resource: '*' }
    expect(suggested(useKey(alice), { resource: policy('resource', delegating(), deny), identity })).toEqual([
      [
        `in the key policy: ${JSON.stringify([
          { ...deny, Condition: { ArnNotEquals: { 'aws:PrincipalArn': alice.arn } } },
          { Effect: 'Deny', Principal: '*', NotAction: 'kms:Encrypt', Resource: '*' },
        ])}`,
      ],
    ])
    const spared = { ...deny, Condition: { ArnNotEquals: { 'aws:principalarn': [bob.arn] } } }
    expect(
      suggested(useKey(alice), { resource: policy('resource', delegating(), spared), identity }).flat()[0],
    ).toContain(`"Condition":{"ArnNotEquals":{"aws:principalarn":["${bob.arn}","${alice.arn}"]}}`)
  })
  it('a Deny that names the caller is not kept for others', () => {
    const deny = { Effect: 'Deny', Principal: { AWS: alice.userId }, Action: 'kms:*', Resource: '*' }
    expect(suggested(useKey(alice), { resource: policy('resource', delegating(), deny), identity: [all] })).toEqual([
      [
        `in the key policy: ${JSON.stringify([{ Effect: 'Deny', Principal: { AWS: alice.arn }, NotAction: 'kms:Encrypt', Resource: '*' }])}`,
      ],
    ])
  })
  it('several, and what lacks besides, are needed together', () => {
    const deny = (Action: string) => ({ Effect: 'Deny', Action, Resource: KEY })
    const [first] = suggest(
      decide(useKey(alice), {
        resource,
        identity: [inline(deny('kms:Encrypt'), LIST_BUCKETS, deny('kms:*'))],
        boundary: policy('boundary', ALLOW_ALL, deny('kms:Encrypt')),
      }),
    )
    // The last statement of a policy first: what stands before it keeps its place.
    expect(
      first?.changes.map(({ kind, remove, replace, add }) => [kind, remove?.statement ?? replace?.statement, add]),
    ).toEqual([
      ['identity', 2, undefined],
      ['identity', 0, undefined],
      ['boundary', 1, undefined],
      ['identity', undefined, JSON.parse(OWN)],
    ])
    expect(first?.title).toBe(
      'narrow the Deny in the policy Own of user alice, and remove the Deny in the policy Own of user alice, and narrow the Deny in the permissions boundary boundary policy, and allow kms:Encrypt in the policy Own of user alice',
    )
  })
  it('says what else it opens where patterns cannot say less', () => {
    const deny = { Effect: 'Deny', Action: 'kms:En*', Resource: 'arn:aws:kms:*:*:key/*' }
    const [only] = suggest(decide(useKey(alice), { resource, identity: [all, inline(deny)] }))
    expect(only?.changes).toMatchObject([
      {
        target: alice.arn,
        policy: 'Own',
        remove: { policy: 'Own', statement: 0, sid: null },
        alsoOpens: 'everything that the statement denies, for user alice, as far as it is allowed',
      },
    ])
    const onOne = { ...deny, Resource: KEY }
    const [other] = suggest(decide(useKey(alice), { resource, identity: [all, inline(onOne)] }))
    expect(other?.changes[0]?.alsoOpens).toBe(
      `the other actions of that statement on ${KEY}, for user alice, as far as it is allowed`,
    )
  })
  it("AWS's own policies are changed in a copy", () => {
    const arn = 'arn:aws:iam::aws:policy/AWSDenyAll'
    const text = documentOf({ Effect: 'Deny', Action: '*', Resource: '*' })
    const managed = policySource({ layer: 'identity', name: 'AWSDenyAll', arn, text })
    const [only] = suggest(decide(useKey(alice), { resource, identity: [all, managed] }))
    expect(only?.changes[0]).toMatchObject({
      target: arn,
      policy: arn,
      where: "in the managed policy AWSDenyAll, which is AWS's and cannot be edited, so in a copy put in its place",
    })
  })
})

describe('where only a condition differs', () => {
  const through = (service: string) => ({ 'kms:ViaService': `${service}.us-east-1.amazonaws.com` })
  const mine = (more: object) => ({
    Sid: 'Mine',
    Effect: 'Allow',
    Action: 'kms:Encrypt',
    Resource: KEY,
    Condition: { StringEquals: { 'kms:ViaService': 's3.us-east-1.amazonaws.com' } },
    ...more,
  })
  const own = (...statements: object[]) => [
    policySource({ layer: 'identity', name: 'Own', holder: alice.arn, text: documentOf(...statements) }),
  ]
  const wheres = (identity: PolicySource[]) =>
    suggest(decide(useKey(alice, through('ec2')), { resource, identity })).map(({ changes: [change] }) =>
      change?.replace ? 'amended' : change?.kind,
    )

  it('adds the value to a statement that is about nothing else', () => {
    expect(suggested(useKey(alice, through('ec2')), { resource, identity: own(mine({})) })[0]).toEqual([
      `in the policy Own of user alice: ${JSON.stringify([
        mine({
          Condition: {
            StringEquals: { 'kms:ViaService': ['s3.us-east-1.amazonaws.com', 'ec2.us-east-1.amazonaws.com'] },
          },
        }),
      ])}`,
    ])
    expect(wheres(own(mine({})))).toEqual(['amended', 'identity', 'key-policy', 'grant'])
  })
  it('leaves broader statements, and conditions that no value would satisfy, as they are', () => {
    expect(wheres(own(mine({ Action: 'kms:*' })))).toEqual(['identity', 'key-policy', 'grant'])
    expect(wheres(own(mine({ Resource: '*' })))).toEqual(['identity', 'key-policy', 'grant'])
    expect(wheres(own(mine({ Condition: { Bool: { 'aws:MultiFactorAuthPresent': 'true' } } })))).toEqual([
      'identity',
      'key-policy',
      'grant',
    ])
  })
  it('adds what is known of the use to new statements', () => {
    const pairs = { 'aws:s3:arn': 'arn:aws:s3:::bucket/${a}' }
    const context = { ...through('s3'), 'kms:EncryptionContext:aws:s3:arn': pairs['aws:s3:arn'] }
    const request = useKey(alice, context, { encryptionContext: pairs })
    const [inOwn, , grant] = suggest(decide(request, { resource }))
    expect(inOwn?.changes[0]?.add).toEqual({
      Effect: 'Allow',
      Action: 'kms:Encrypt',
      Resource: KEY,
      Condition: {
        StringEquals: {
          'kms:ViaService': 's3.us-east-1.amazonaws.com',
          'kms:EncryptionContext:aws:s3:arn': 'arn:aws:s3:::bucket/${$}{a}',
        },
      },
    })
    expect(grant?.changes[0]?.grant).toEqual({
      KeyId: KEY,
      GranteePrincipal: alice.arn,
      Operations: ['Encrypt'],
      Constraints: { EncryptionContextEquals: pairs },
    })
    expect(grant?.changes[0]?.command).toBe(
      `aws kms create-grant --region us-east-1 --key-id ${KEY} --grantee-principal ${alice.arn} --operations Encrypt --constraints '{"EncryptionContextEquals":{"aws:s3:arn":"arn:aws:s3:::bucket/\${a}"}}'`,
    )
    // A volume's name is new each time.
    const volume = { 'aws:ebs:id': 'vol-1' }
    const made = useKey(
      alice,
      { ...through('ec2'), 'kms:EncryptionContext:aws:ebs:id': 'vol-1' },
      { encryptionContext: volume },
    )
    expect(JSON.stringify(suggest(decide(made, { resource })))).not.toContain('vol-1')
  })
})

describe('who is named', () => {
  const bucketPolicy = (principal: Principal, more: Context = {}) =>
    suggest(decide(objectRequest(principal, { context: known(principal, more) }), {})).map(
      ({ changes }) => changes[0]?.add,
    )
  it('an anonymous caller, by a condition: everyone would be more', () => {
    expect(bucketPolicy({ kind: 'anonymous' })).toEqual([
      {
        Effect: 'Allow',
        Principal: '*',
        Action: 's3:GetObject',
        Resource: OBJECT,
        Condition: { StringEquals: { 'aws:PrincipalType': 'Anonymous' } },
      },
    ])
  })
  it('a service, with whom it acts for', () => {
    const service: Principal = { kind: 'service', service: 'cloudtrail.amazonaws.com' }
    expect(bucketPolicy(service, { 'aws:SourceAccount': MEMBER, 'aws:SourceArn': 'arn:aws:cloudtrail:x' })).toEqual([
      {
        Effect: 'Allow',
        Principal: { Service: 'cloudtrail.amazonaws.com' },
        Action: 's3:GetObject',
        Resource: OBJECT,
        Condition: { StringEquals: { 'aws:SourceAccount': MEMBER, 'aws:SourceArn': 'arn:aws:cloudtrail:x' } },
      },
    ])
  })
  it("in a role's trust policy the role of a session, and what was agreed on", () => {
    const me = session()
    const trusted = policy('trust', naming(alice.arn))
    const assume = (more: Context) =>
      suggest(
        decide(
          {
            principal: me,
            action: 'sts:AssumeRole',
            resource: 'arn:aws:iam::111111111111:role/app',
            resourceAccount: '111111111111',
            guard: 'trust',
            context: known(me, more),
          },
          { resource: trusted, identity: [policy('identity', ALLOW_ALL)] },
        ),
      ).map(({ changes: [change] }) => [change?.where, change?.add])
    const statement = { Effect: 'Allow', Principal: { AWS: me.roleArn }, Action: 'sts:AssumeRole' }
    expect(assume({})).toEqual([['in the trust policy of role app', statement]])
    expect(assume({ 'sts:ExternalId': 'x-1' })).toEqual([
      ['in the trust policy of role app', { ...statement, Condition: { StringEquals: { 'sts:ExternalId': 'x-1' } } }],
    ])
  })
  it('names with wildcards in them are quoted', () => {
    const [own] = suggest(decide(readObject(alice, { resource: 'arn:aws:s3:::bucket/a*b?${c}' }), {}))
    expect(own?.changes[0]?.add?.['Resource']).toBe('arn:aws:s3:::bucket/a${*}b${?}${$}{c}')
  })
})

describe('where no policy helps', () => {
  const advice = (request: AuthorizationRequest, policies: Partial<PolicySet>) =>
    suggest(decide(request, policies)).map(({ title, changes }) => [
      title,
      changes.map(({ kind, what }) => [kind, what]),
    ])
  it('says what would', () => {
    expect(advice(useKey({ kind: 'anonymous' }), { resource })).toEqual([
      [
        'sign the request',
        [['acl-or-other', 'sign it: kms:Encrypt admits no anonymous callers here, whatever policies say']],
      ],
    ])
    const fixed = policySource({
      layer: 'resource',
      name: 'key policy',
      fixed: true,
      text: documentOf(naming(bob.arn)),
    })
    expect(advice(useKey(alice), { resource: fixed })).toEqual([
      ['use a customer managed key', [['acl-or-other', expect.stringContaining('AWS managed key')]]],
    ])
    expect(advice(useKey(bob), {})).toEqual([
      [
        'look at the key',
        [['acl-or-other', expect.stringMatching(/^there is no such key in this Region, or no longer:/)]],
      ],
    ])
    expect(advice(useKey(bob, {}, { grantOperation: undefined }), {})).toEqual([
      ['look at the key', [['acl-or-other', expect.stringContaining("for the key's own account only")]]],
    ])
  })
})
