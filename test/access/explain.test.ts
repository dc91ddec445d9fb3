import { describe, expect, it } from '@jest/globals'
import { contextOf } from '../../emulator/access/context.ts'
import { explain } from '../../emulator/access/explain.ts'
import { explainText } from '../../emulator/access/explainText.ts'
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
  policy,
  root,
  session,
  user,
} from './support.ts'

const explained = (request: AuthorizationRequest, policies: Partial<PolicySet>) => explain(decide(request, policies))
const me = session()
const resource = policy('resource', delegating())
const viaS3 = {
  Sid: 'ThroughS3',
  Effect: 'Allow',
  Action: 'kms:Encrypt',
  Resource: KEY,
  Condition: { StringEquals: { 'kms:ViaService': ['s3.us-east-1.amazonaws.com'] } },
}

describe('explain', () => {
  it('shows every layer, policy and statement, and why each part matched', () => {
    const identity = [policy('identity', LIST_BUCKETS), policy('identity', viaS3)]
    const context = contextOf({ 'kms:ViaService': 's3.us-east-1.amazonaws.com' })
    const view = explained(keyRequest(me, { context }), { resource, identity })
    expect(view).toMatchObject({
      action: 'kms:Encrypt',
      resource: KEY,
      principal: { kind: 'role', name: me.arn, account: me.account, named: me.roleArn },
      context: { 'kms:viaservice': 's3.us-east-1.amazonaws.com' },
      encryptionContext: {},
      grantOperation: 'Encrypt',
      allowed: true,
      effect: 'allow',
      crossAccount: false,
      resourceSide: 'delegated',
      decidedBy: { layer: 'identity', policy: 'identity policy', statement: 0, sid: 'ThroughS3', grant: null },
      nearMiss: null,
    })
    expect(view.layers.map(({ layer, answer }) => `${layer} ${answer}`)).toEqual(['resource allows', 'identity allows'])
    expect(view.layers[0]?.policies[0]?.document).toBe(resource.text)
    expect(view.layers[1]?.policies.map(({ statements }) => statements)).toEqual([
      [
        {
          index: 0,
          sid: null,
          effect: 'Allow',
          applies: false,
          action: { matches: false, because: 'action-not-listed' },
          principal: null,
          resource: { matches: true, because: 'resource-listed' },
          conditions: [],
        },
      ],
      [
        {
          index: 0,
          sid: 'ThroughS3',
          effect: 'Allow',
          applies: true,
          action: { matches: true, because: 'action-listed' },
          principal: null,
          resource: { matches: true, because: 'resource-listed' },
          conditions: [
            {
              operator: 'StringEquals',
              key: 'kms:ViaService',
              expected: ['s3.us-east-1.amazonaws.com'],
              actual: 's3.us-east-1.amazonaws.com',
              matches: true,
              because: 'value-matches',
            },
          ],
        },
      ],
    ])
    expect(view.layers[0]?.policies[0]?.statements[0]?.principal).toEqual({ matches: true, because: 'account' })
  })

  it('is plain data', () => {
    const view = explained(keyRequest(me), {
      resource,
      identity: [policy('identity', viaS3)],
      boundary: policy('boundary', ALLOW_ALL),
      session: [policy('session', ALLOW_ALL, DENY_KMS)],
      scp: [[policy('scp', ALLOW_ALL)], [policy('scp', ALLOW_ALL)]],
      rcp: [[policy('rcp', { ...ALLOW_ALL, Principal: '*' })]],
      endpoint: policy('endpoint', { ...ALLOW_ALL, Principal: '*' }),
      grants: [grant({ kind: 'session', id: me.userId }, { constraints: { subset: { a: '1' } } })],
    })
    expect(JSON.parse(JSON.stringify(view))).toEqual(view)
    expect(view.layers.map(({ layer, level, answer }) => [layer, level, answer])).toEqual([
      ['scp', 0, 'allows'],
      ['scp', 1, 'allows'],
      ['rcp', 0, 'allows'],
      ['endpoint', null, 'allows'],
      ['resource', null, 'allows'],
      ['grant', null, 'silent'],
      ['identity', null, 'silent'],
      ['boundary', null, 'allows'],
      ['session', null, 'denies'],
    ])
    expect(view.layers[5]?.grants).toEqual([
      {
        id: 'f'.repeat(64),
        operations: ['Encrypt', 'Decrypt'],
        constraints: { subset: { a: '1' } },
        matches: false,
        because: 'encryption-context-differs',
      },
    ])
    expect(view.decidedBy).toEqual({
      layer: 'session',
      policy: 'session policy',
      arn: 'arn:aws:iam::111111111111:policy/session',
      statement: 1,
      sid: null,
      grant: null,
    })
  })
})

describe('the near miss', () => {
  const nearMiss = (policies: Partial<PolicySet>, more: Partial<AuthorizationRequest> = {}) =>
    explained(keyRequest(me, more), policies).nearMiss

  it('a condition alone failed: operator, key, expected, actual', () => {
    const context = contextOf({ 'kms:ViaService': 'ebs.us-east-1.amazonaws.com' })
    expect(nearMiss({ resource, identity: [policy('identity', LIST_BUCKETS, viaS3)] }, { context })).toEqual({
      layer: 'identity',
      policy: 'identity policy',
      statement: 1,
      sid: 'ThroughS3',
      grant: null,
      failed: 'condition',
      because: 'value-does-not-match',
      condition: {
        operator: 'StringEquals',
        key: 'kms:ViaService',
        expected: ['s3.us-east-1.amazonaws.com'],
        actual: 'ebs.us-east-1.amazonaws.com',
      },
    })
  })
  it('an absent key', () => {
    expect(nearMiss({ resource, identity: [policy('identity', viaS3)] })).toMatchObject({
      because: 'absent-key-fails',
      condition: { actual: null },
    })
  })
  it('a wrong resource', () => {
    const identity = [policy('identity', { ...ALLOW_ALL, Resource: 'arn:aws:kms:us-east-1:111111111111:alias/x' })]
    expect(nearMiss({ resource, identity })).toMatchObject({ failed: 'resource', because: 'resource-not-listed' })
  })
  it('a wrong action', () => {
    const identity = [policy('identity', { ...ALLOW_ALL, Action: 'kms:Decrypt' })]
    expect(nearMiss({ resource, identity })).toMatchObject({ failed: 'action', because: 'action-not-listed' })
  })
  it('a wrong principal in the key policy', () => {
    const other = policy('resource', { ...delegating(), Principal: { AWS: user('other').arn } })
    expect(nearMiss({ resource: other })).toMatchObject({
      layer: 'resource',
      failed: 'principal',
      because: 'principal-not-listed',
    })
  })
  it('a grant whose encryption context differs', () => {
    const grants = [grant({ kind: 'session', id: me.userId }, { constraints: { equals: { a: '1' } } })]
    expect(nearMiss({ resource, grants })).toMatchObject({
      layer: 'grant',
      grant: 'f'.repeat(64),
      failed: 'grant',
      because: 'encryption-context-differs',
    })
  })
  it('nothing when two parts failed, or on an explicit deny', () => {
    const identity = [policy('identity', { ...viaS3, Action: 's3:GetObject' })]
    expect(nearMiss({ resource, identity })).toBeNull()
    expect(nearMiss({ resource, identity: [policy('identity', viaS3, DENY_KMS)] })).toBeNull()
  })
})

describe('explainText', () => {
  const text = (request: AuthorizationRequest, policies: Partial<PolicySet>, color = false) =>
    explainText(explained(request, policies), { color })

  it('reads as a page', () => {
    expect(text(keyRequest(me), { resource, identity: [policy('identity', viaS3)] })).toBe(
      [
        `DENIED kms:Encrypt on ${KEY}`,
        '  no Allow for kms:Encrypt in the identity policies',
        "    key policy                   allow    resource policy, statement 1: leaves it to the account's IAM policies",
        '  > identity policies            no allow not in identity policy',
        '  nearly: identity policy, statement 1 (ThroughS3): all but its condition fits; the request has no such condition key',
        '          StringEquals kms:ViaService: wants s3.us-east-1.amazonaws.com, has nothing',
        '  what would help, one of:',
        '    1. in a policy of role reader, add:',
        `         {"Effect":"Allow","Action":"kms:Encrypt","Resource":"${KEY}"}`,
        '    2. in the key policy, add:',
        `         {"Effect":"Allow","Principal":{"AWS":"${me.roleArn}"},"Action":"kms:Encrypt","Resource":"*"}`,
        '    3. as a grant:',
        `         aws kms create-grant --region us-east-1 --key-id ${KEY} --grantee-principal ${me.roleArn} --operations Encrypt`,
        '',
      ].join('\n'),
    )
  })
  it('names what denied, what allowed, and a grant', () => {
    expect(text(keyRequest(me), { resource, identity: [policy('identity', ALLOW_ALL, DENY_KMS)] })).toContain(
      '\n  explicit Deny in identity policies: identity policy, statement 2\n',
    )
    expect(text(keyRequest(me), { resource, identity: [policy('identity', ALLOW_ALL)] })).toContain(
      '\n  > identity policies            allow    identity policy, statement 1\n',
    )
    const grants = [grant({ kind: 'session', id: me.userId })]
    expect(text(keyRequest(me), { resource, grants })).toContain(
      `\n  > grants                       allow    ${'f'.repeat(64)}\n`,
    )
    expect(text(keyRequest(root()), { resource })).toContain('\n  the root user needs no identity policy\n')
  })
  it('marks the one level of several that lacks an Allow', () => {
    const scp = [[policy('scp', ALLOW_ALL)], [policy('scp', LIST_BUCKETS)], [policy('scp', ALLOW_ALL)]]
    expect(text(keyRequest(me), { resource, identity: [policy('identity', ALLOW_ALL)], scp })).toContain(
      [
        '',
        '    service control policies, level 1 allow    scp policy, statement 1',
        '  > service control policies, level 2 no allow not in scp policy',
        '    service control policies, level 3 allow    scp policy, statement 1',
        '',
      ].join('\n'),
    )
  })
  it('shows the constraints of a grant that nearly matched', () => {
    const grants = [grant({ kind: 'session', id: me.userId }, { constraints: { equals: { a: '1' } } })]
    expect(text(keyRequest(me), { resource, grants })).toContain(
      [
        `\n  nearly: grant ${'f'.repeat(64)}: the encryption context differs`,
        '          its constraints: {"equals":{"a":"1"}}\n',
      ].join('\n'),
    )
  })
  it('colours only when asked', () => {
    const policies = { resource, identity: [policy('identity', ALLOW_ALL)] }
    expect(text(keyRequest(me), policies)).not.toContain('\u001b')
    expect(text(keyRequest(me), policies, true)).toContain('\u001b[32mallowed\u001b[0m')
  })
})
