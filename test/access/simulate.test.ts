import { describe, expect, it } from '@jest/globals'
import { simulate, SimulationError, type SimulationInput } from '../../emulator/access/simulate.ts'
import { MEMBER, OWNER } from './support.ts'

const ALICE = `arn:aws:iam::${OWNER}:user/team/alice`
const OBJECT = 'arn:aws:s3:::bucket/item'
const statement = (more: object = {}) => ({ Effect: 'Allow', Action: 's3:GetObject', Resource: '*', ...more })
const text = (...statements: object[]) => JSON.stringify({ Version: '2012-10-17', Statement: statements })
const input = (...policies: string[]) => policies.map((each, i) => ({ id: `PolicyInputList.${i + 1}`, text: each }))
const run = (more: Partial<SimulationInput> & { readonly policies?: readonly string[] }) =>
  simulate({
    actions: ['s3:GetObject'],
    account: OWNER,
    ...more,
    identity: more.identity ?? input(...(more.policies ?? [])),
  })
const decisions = (more: Parameters<typeof run>[0]) => run(more).map(({ EvalDecision }) => EvalDecision)
const refusal = (more: Parameters<typeof run>[0]): string => {
  try {
    run(more)
  } catch (error) {
    if (error instanceof SimulationError) return `${error.code}: ${error.message}`
  }
  return 'accepted'
}
const string = (name: string, value: string) => ({ name, values: [value], type: 'string' as const })

describe('the shape of an answer (captures 11.1)', () => {
  it('one result per action, in order, duplicates and spelling kept', () => {
    const results = run({ actions: ['S3:getobject', 's3:PutObject', 'S3:getobject'], policies: [text(statement())] })
    expect(results.map((each) => [each.EvalActionName, each.EvalDecision])).toEqual([
      ['S3:getobject', 'allowed'],
      ['s3:PutObject', 'implicitDeny'],
      ['S3:getobject', 'allowed'],
    ])
  })
  it('without resources: `*`, no details', () => {
    expect(run({ policies: [] })).toEqual([
      {
        EvalActionName: 's3:GetObject',
        EvalResourceName: '*',
        EvalDecision: 'implicitDeny',
        MatchedStatements: [],
        MissingContextValues: [],
      },
    ])
  })
  it('with resources: one result each, in order, and the aggregate', () => {
    const allow = text(statement({ Resource: OBJECT }))
    const [result] = run({ policies: [allow], resources: [OBJECT, 'arn:aws:s3:::other/x', OBJECT] })
    expect(result).toMatchObject({
      EvalResourceName: 'arn:aws:s3:::${BucketName}/${KeyName}',
      EvalDecision: 'implicitDeny',
      EvalDecisionDetails: {},
      // The aggregate lists what allowed one of them.
      MatchedStatements: [{ SourcePolicyId: 'PolicyInputList.1', SourcePolicyType: 'IAM Policy' }],
    })
    expect(result?.ResourceSpecificResults?.map((each) => [each.EvalResourceName, each.EvalResourceDecision])).toEqual([
      [OBJECT, 'allowed'],
      ['arn:aws:s3:::other/x', 'implicitDeny'],
      [OBJECT, 'allowed'],
    ])
    const [, denied] = result?.ResourceSpecificResults ?? []
    expect(denied).toEqual({
      EvalResourceName: 'arn:aws:s3:::other/x',
      EvalResourceDecision: 'implicitDeny',
      EvalDecisionDetails: {},
    })
  })
  it.each([
    ['iam:GetUser', 'arn:aws:iam::${Account}:${ResourceType}/${ResourceName}'],
    ['ec2:RunInstances', 'arn:aws:ec2:${Region}:${Account}:${ResourceType}/${ResourcePath}'],
  ])('several resources of %s are named %s', (action, name) => {
    const [result] = run({ actions: [action], resources: ['arn:aws:a:::b', 'arn:aws:c:::d'] })
    expect(result?.EvalResourceName).toBe(name)
  })
  it('one resource is named itself', () => {
    expect(run({ resources: [OBJECT] })[0]?.EvalResourceName).toBe(OBJECT)
  })
  it('an explicit deny lists the denies only', () => {
    const both = text(statement(), statement({ Effect: 'Deny', Resource: OBJECT }))
    const [result] = run({ policies: [both], resources: [OBJECT, 'arn:aws:s3:::other/x'] })
    expect(result?.EvalDecision).toBe('explicitDeny')
    expect(result?.MatchedStatements).toHaveLength(1)
    expect(result?.MatchedStatements[0]?.StartPosition.Column).toBeGreaterThan(30)
  })
})

describe('positions (captures 11.1)', () => {
  const PRETTY = `{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": "s3:GetObject",
      "Resource": "*"
    }
  ]
}`
  const positions = (policy: string) =>
    run({ policies: [policy] }).flatMap(({ MatchedStatements }) =>
      MatchedStatements.map(({ StartPosition: s, EndPosition: e }) => `${s.Line}:${s.Column}-${e.Line}:${e.Column}`),
    )
  it('pretty-printed: from after the bracket, from after the brace before', () => {
    expect(positions(PRETTY)).toEqual(['3:17-8:6'])
    const two = PRETTY.replace('    }\n  ]', '    },\n    {"Effect":"Allow","Action":"*","Resource":"*"}\n  ]')
    expect(positions(two)).toEqual(['3:17-8:6', '8:6-9:51'])
  })
  it.each(['\r\n', '\r'])('%j is one line break', (lineBreak) => {
    expect(positions(PRETTY.replaceAll('\n', lineBreak))).toEqual(['3:17-8:6'])
  })
  it('a lone statement begins after its brace; columns count characters', () => {
    expect(positions('{"Id":"\u{1f511}","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}')).toEqual([
      '1:24-1:69',
    ])
  })
})

describe('context (captures 11.1, 11.3)', () => {
  const needs = (Condition: object, more: object = {}) => text(statement({ Condition, ...more }))
  it('lists every key that any policy mentions and the request lacks, on an implicit deny only', () => {
    const other = text(
      statement({ Effect: 'Deny', Action: 'iam:*', Condition: { Null: { 'aws:A': 'true' } } }),
      statement({ Action: 'ec2:*', Resource: "arn:aws:s3:::${aws:B, 'x'}" }),
    )
    const policies = [needs({ StringEqualsIfExists: { 'AWS:a': 'x' }, StringEquals: { given: 'no' } }), other]
    const [denied] = run({ policies, context: [string('given', 'yes')] })
    expect(denied?.EvalDecision).toBe('implicitDeny')
    expect([...(denied?.MissingContextValues ?? [])].sort()).toEqual(['AWS:a', 'aws:A', 'aws:B'])
    const [allowed] = run({ policies, context: [string('given', 'no')] })
    expect(allowed).toMatchObject({ EvalDecision: 'allowed', MissingContextValues: [] })
    const [, one] = [null, run({ policies, resources: [OBJECT] })[0]?.ResourceSpecificResults?.[0]]
    expect(one?.MissingContextValues).toHaveLength(4)
  })
  it('a caller brings its ARN, account and, for users, name', () => {
    const asks = (key: string, value: string, more: Parameters<typeof run>[0]) =>
      decisions({ policies: [needs({ StringEquals: { [key]: value } })], ...more })[0]
    const asAlice = { callerArn: ALICE }
    expect(asks('aws:PrincipalArn', ALICE, asAlice)).toBe('allowed')
    expect(asks('aws:PrincipalAccount', OWNER, asAlice)).toBe('allowed')
    expect(asks('aws:username', 'alice', asAlice)).toBe('allowed')
    expect(asks('aws:username', 'bob', { ...asAlice, context: [string('aws:username', 'bob')] })).toBe('allowed')
    expect(asks('aws:userid', 'AIDAALICE', asAlice)).toBe('implicitDeny')
    const asRole = { callerArn: `arn:aws:iam::${OWNER}:role/app` }
    expect(asks('aws:username', 'app', asRole)).toBe('implicitDeny')
  })
  it('nobody has a user id that equals nothing tried, matches `*`, and is listed as missing', () => {
    const user = (operator: string, value: string) =>
      run({ policies: [needs({ [operator]: { 'aws:userid': value } })] })
    expect(user('StringLike', '*')[0]?.EvalDecision).toBe('allowed')
    expect(user('StringEquals', '${aws:userid}')[0]?.EvalDecision).toBe('allowed')
    expect(user('StringEquals', 'anonymous')[0]).toMatchObject({
      EvalDecision: 'implicitDeny',
      MissingContextValues: ['aws:userid'],
    })
    const [noArn] = run({ policies: [needs({ StringLike: { 'aws:PrincipalArn': '*' } })] })
    expect(noArn).toMatchObject({ EvalDecision: 'implicitDeny', MissingContextValues: ['aws:PrincipalArn'] })
  })
  it.each([
    ['NumericNotEquals', '1', 'text', 'implicitDeny'],
    ['NumericNotEquals', '1', '2', 'allowed'],
    ['NotIpAddress', 'not-an-ip', '192.0.2.1', 'implicitDeny'],
    ['NotIpAddress', '10.0.0.0/8', 'not-an-ip', 'implicitDeny'],
    ['NotIpAddress', '10.0.0.0/8', '192.0.2.1', 'allowed'],
    ['ArnLike', 'not-an-arn', ALICE, 'implicitDeny'],
    ['ArnNotLike', 'not-an-arn', ALICE, 'implicitDeny'],
    ['DateNotEquals', '2026-01-01', 'text', 'allowed'],
    ['Bool', 'false', 'yes', 'allowed'],
  ])('differs from enforcement: %s %s against %s is %s', (operator, operand, value, expected) => {
    const policies = [needs({ [operator]: { 'stack:key': operand } })]
    expect(decisions({ policies, context: [string('stack:key', value)] })).toEqual([expected])
  })
  it('lists are multi-valued keys', () => {
    const context = [{ name: 'aws:TagKeys', values: ['team'], type: 'stringList' as const }]
    expect(decisions({ policies: [needs({ StringEquals: { 'aws:TagKeys': 'team' } })], context })).toEqual([
      'implicitDeny',
    ])
    expect(
      decisions({ policies: [needs({ 'ForAnyValue:StringEquals': { 'aws:TagKeys': 'team' } })], context }),
    ).toEqual(['allowed'])
  })
})

describe('input (captures 11.2)', () => {
  it.each([
    ['s3:*', 'allowed'],
    ['madeup:Action', 'allowed'],
    ['s3:MadeUp', 'allowed'],
    ['s3:', 'allowed'],
    ['s3:Get Object', 'allowed'],
  ])('%s is taken literally', (action, expected) => {
    expect(decisions({ actions: [action], policies: [text(statement({ Action: '*' }))] })).toEqual([expected])
    expect(decisions({ actions: [action], policies: [text(statement())] })).toEqual(['implicitDeny'])
  })
  it.each([
    ['iam:GetUser', OBJECT],
    ['s3:GetObject', ALICE],
  ])('%s cannot be done to %s', (action, resource) => {
    const policies = [text(statement({ Action: '*' }))]
    expect(decisions({ actions: [action], resources: [resource], policies })).toEqual(['implicitDeny'])
  })
  it.each([
    [{ actions: ['GetObject'] }, 'The action is invalid since it is missing names'],
    [{ resources: ['not-an-arn'] }, 'ResourceNames are not in a valid ARN format: not-an-arn.'],
    [{ policies: ['nope'] }, 'Policy input list item 1 has invalid content'],
    [
      { policies: [text(statement()), '{"Version":"x","Statement":[]}'] },
      'Policy input list item 2 has invalid content',
    ],
    [{ boundary: input(text(), text()) }, 'The list of Permissions Boundary policies cannot exceed 1 items.'],
    [{ organization: [[]] }, 'Organization policy at index 1 must contain at least one service control policy'],
    [
      { callerArn: `arn:aws:iam::${OWNER}:root` },
      'Invalid caller - Caller must be an IAM user, role or group in this context.',
    ],
    [
      { callerArn: `arn:aws:sts::${OWNER}:assumed-role/r/s` },
      'Invalid caller - Caller must be an IAM user, role or group in this context.',
    ],
    [{ resourceOwner: '123456789012' }, "'123456789012' is not a valid as a Resource Owner."],
    [{ resourcePolicy: text() }, 'Invalid Entity Arn: * does not clearly define entity type and name.'],
    [
      { resourcePolicy: text(), resources: ['*'] },
      'Invalid Entity Arn: * does not clearly define entity type and name.',
    ],
    [
      { resourcePolicy: text(statement({ Principal: '*' })), resources: [OBJECT] },
      'ResourceNames are not in a valid ARN format: *.',
    ],
    [{ context: [{ name: 'stack:key', values: ['x'] }] }, 'Context key stack:key has invalid type null.'],
    [
      { context: [{ name: 'stack:key', type: 'string', values: [] }] },
      'Context values for context key stack:key cannot be null or empty.',
    ],
    [
      { context: [{ name: 'stack:key', type: 'stringList' }] },
      'Context values for context key stack:key cannot be null or empty.',
    ],
    [{ context: [{ values: ['x'], type: 'string' }] }, 'ContextKeyName cannot be null or empty.'],
    [
      { context: [{ name: 'stack:key', type: 'string', values: ['a', 'b'] }] },
      'Context key string expected a single value, but received 2.',
    ],
    [{ context: [string('stack:test', 'a'), string('STACK:TEST', 'b')] }, 'Duplicate context key: STACK:TEST.'],
    ...(
      [
        ['numeric', '0x10', 'numeric format.'],
        ['numeric', ' 1 ', 'numeric format.'],
        ['numericList', 'NaN', 'numeric format.'],
        ['date', 'text', 'DateTime format.'],
        ['ip', 'text', 'IP address.'],
        ['binary', '!', 'base-64 encoded binary format.'],
      ] as const
    ).map(
      ([type, value, format]) =>
        [
          { context: [{ name: 'stack:test', type, values: [value] }] },
          `Invalid context value for key stack:test: expected ${format}`,
        ] as const,
    ),
  ] as readonly (readonly [Parameters<typeof run>[0], string])[])('%j: %s', (more, expected) => {
    expect(refusal(more)).toBe(`InvalidInput: ${expected}`)
  })
  it.each([
    [{ context: [{}] }],
    [{ policies: [] }],
    [{ context: [{ name: 'n', type: 'numericList', values: ['01.00', '+1', '1e2', '1e9999'] }] }],
    [{ context: [{ name: 'b', type: 'boolean', values: ['maybe'] }] }],
    [{ context: [{ name: 'd', type: 'date', values: ['2035'] }] }],
  ] as readonly (readonly [Parameters<typeof run>[0]])[])('accepts %j', (more) => {
    expect(refusal(more)).toBe('accepted')
  })
})

describe('composition (captures 11.4)', () => {
  const allow = text(statement())
  const none = text(statement({ Action: 'ec2:*' }))
  const deny = text(statement({ Effect: 'Deny' }))
  const boundary = (policy: string) => [{ id: 'PermissionsBoundaryPolicyInputList.1', text: policy }]
  const bucket = (principal: string) => text(statement({ Principal: { AWS: principal }, Resource: OBJECT }))
  const onObject = { resources: [OBJECT], callerArn: ALICE }

  it('boundary_implicit: nothing is listed', () => {
    expect(run({ policies: [allow], boundary: boundary(none) })).toMatchObject([
      {
        EvalDecision: 'implicitDeny',
        MatchedStatements: [],
        PermissionsBoundaryDecisionDetail: { AllowedByPermissionsBoundary: false },
      },
    ])
  })
  it('a boundary that allows is listed with the policy', () => {
    const [result] = run({ policies: [allow], boundary: boundary(allow) })
    expect(result?.MatchedStatements.map((each) => each.SourcePolicyType)).toEqual([
      'IAM Policy',
      'Permissions Boundary Policy',
    ])
    expect(result?.PermissionsBoundaryDecisionDetail).toEqual({ AllowedByPermissionsBoundary: true })
  })
  it.each([ALICE, `arn:aws:iam::${OWNER}:root`])(
    'composition_same: the resource policy suffices for %s, even past a boundary',
    (principal) => {
      const [result] = run({ ...onObject, resourcePolicy: bucket(principal), boundary: boundary(none) })
      expect(result).toMatchObject({
        EvalDecision: 'allowed',
        PermissionsBoundaryDecisionDetail: { AllowedByPermissionsBoundary: false },
        MatchedStatements: [{ SourcePolicyId: 'ResourcePolicy', SourcePolicyType: 'Resource Policy' }],
        EvalDecisionDetails: {},
      })
    },
  )
  it('an explicit boundary deny wins', () => {
    const more = { ...onObject, resourcePolicy: bucket(ALICE), boundary: boundary(deny) }
    expect(decisions(more)).toEqual(['explicitDeny'])
  })
  it('a resource policy for somebody else is nothing', () => {
    expect(decisions({ ...onObject, resourcePolicy: bucket(`${ALICE}x`) })).toEqual(['implicitDeny'])
  })
  it('an owner of the same account changes nothing', () => {
    const resourceOwner = `arn:aws:iam::${OWNER}:root`
    expect(decisions({ ...onObject, policies: [allow], resourceOwner })).toEqual(['allowed'])
  })
  it('across accounts identity, resource policy and boundary must allow, and each is told', () => {
    const cross = { ...onObject, resourceOwner: `arn:aws:iam::${MEMBER}:root`, resourcePolicy: bucket(ALICE) }
    const [result] = run({ ...cross, policies: [allow], boundary: boundary(none) })
    const details = {
      'IAM Policy': 'allowed',
      'Resource Policy': 'allowed',
      'Permissions Boundary Policy': 'implicitDeny',
    }
    expect(result).toMatchObject({ EvalDecision: 'implicitDeny', EvalDecisionDetails: details })
    expect(result?.ResourceSpecificResults?.[0]?.EvalDecisionDetails).toEqual(details)
    expect(decisions({ ...cross, policies: [allow] })).toEqual(['allowed'])
    expect(decisions(cross)).toEqual(['implicitDeny'])
  })
  it('service control policies: never listed, a deny beats everything', () => {
    const scp = (policy: string) => [[{ id: 'scp', text: policy }]]
    expect(run({ policies: [allow], organization: scp(allow) })).toMatchObject([
      { EvalDecision: 'allowed', OrganizationsDecisionDetail: { AllowedByOrganizations: true } },
    ])
    expect(run({ policies: [allow], organization: scp(none) })).toMatchObject([
      {
        EvalDecision: 'implicitDeny',
        MatchedStatements: [],
        OrganizationsDecisionDetail: { AllowedByOrganizations: false },
      },
    ])
    expect(run({ policies: [allow], organization: scp(deny) })).toMatchObject([
      { EvalDecision: 'explicitDeny', MatchedStatements: [] },
    ])
  })
})
