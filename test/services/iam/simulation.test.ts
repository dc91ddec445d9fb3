import { beforeEach, describe, expect, it } from '@jest/globals'
import {
  AddUserToGroupCommand,
  AttachGroupPolicyCommand,
  AttachUserPolicyCommand,
  CreateGroupCommand,
  CreatePolicyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  GetContextKeysForCustomPolicyCommand,
  GetContextKeysForPrincipalPolicyCommand,
  PutGroupPolicyCommand,
  PutRolePolicyCommand,
  PutUserPermissionsBoundaryCommand,
  PutUserPolicyCommand,
  SimulateCustomPolicyCommand,
  SimulatePrincipalPolicyCommand,
  type EvaluationResult,
  type IAMClient,
  type SimulateCustomPolicyCommandInput,
  type SimulatePrincipalPolicyCommandInput,
} from '@aws-sdk/client-iam'
import { ACCOUNT, allow, refusal, testIam, trust, type TestIam } from './support.ts'

let iam: TestIam
let root: IAMClient

beforeEach(async () => {
  iam = await testIam()
  root = iam.as()
})

const deny = (action: string) => allow(action).replace('"Allow"', '"Deny"')
const custom = (input: Partial<SimulateCustomPolicyCommandInput>) =>
  root.send(new SimulateCustomPolicyCommand({ PolicyInputList: [], ActionNames: ['s3:GetObject'], ...input }))
const first = async (input: Partial<SimulateCustomPolicyCommandInput>): Promise<EvaluationResult | undefined> =>
  (await custom(input)).EvaluationResults?.[0]
const decision = async (input: Partial<SimulateCustomPolicyCommandInput>) => (await first(input))?.EvalDecision
const OBJECT = 'arn:aws:s3:::bucket/key'

describe('SimulateCustomPolicy answers', () => {
  it('per action, in order, with what matched and where it stands', async () => {
    const PolicyInputList = [
      '{\n  "Version": "2012-10-17",\n  "Statement": [{\n    "Effect": "Allow",\n    "Action": "s3:*",\n    "Resource": "*"\n  }]\n}',
    ]
    const { EvaluationResults, IsTruncated } = await custom({
      PolicyInputList,
      ActionNames: ['s3:GetObject', 'kms:Decrypt', 's3:GetObject'],
    })
    expect(IsTruncated).toBe(false)
    expect(EvaluationResults?.map(({ EvalActionName, EvalDecision }) => [EvalActionName, EvalDecision])).toEqual([
      ['s3:GetObject', 'allowed'],
      ['kms:Decrypt', 'implicitDeny'],
      ['s3:GetObject', 'allowed'],
    ])
    expect(EvaluationResults?.[0]).toEqual({
      EvalActionName: 's3:GetObject',
      EvalResourceName: '*',
      EvalDecision: 'allowed',
      MatchedStatements: [
        {
          SourcePolicyId: 'PolicyInputList.1',
          SourcePolicyType: 'IAM Policy',
          StartPosition: { Line: 3, Column: 17 },
          EndPosition: { Line: 7, Column: 4 },
        },
      ],
      MissingContextValues: [],
    })
    expect(EvaluationResults?.[1]).toMatchObject({ MatchedStatements: [], MissingContextValues: [] })
  })

  it('per resource when there are some', async () => {
    const result = await first({
      PolicyInputList: [allow('s3:GetObject', OBJECT)],
      ResourceArns: [OBJECT, 'arn:aws:s3:::bucket/other'],
    })
    expect(result).toMatchObject({
      EvalResourceName: 'arn:aws:s3:::${BucketName}/${KeyName}',
      EvalDecision: 'implicitDeny',
      EvalDecisionDetails: {},
      ResourceSpecificResults: [
        { EvalResourceName: OBJECT, EvalResourceDecision: 'allowed' },
        { EvalResourceName: 'arn:aws:s3:::bucket/other', EvalResourceDecision: 'implicitDeny' },
      ],
    })
    expect(result?.MatchedStatements).toHaveLength(1)
  })

  it('in pages whose markers are offsets', async () => {
    const ActionNames = ['s3:A', 's3:B', 's3:C']
    const page = async (more: object) => {
      const { EvaluationResults, Marker, IsTruncated } = await custom({ ActionNames, MaxItems: 2, ...more })
      return [EvaluationResults?.map(({ EvalActionName }) => EvalActionName), Marker, IsTruncated]
    }
    const [names, marker] = await page({})
    expect(names).toEqual(['s3:A', 's3:B'])
    expect(await page({ Marker: marker })).toEqual([['s3:C'], undefined, false])
    expect(await page({ Marker: '99' })).toEqual([[], undefined, false])
    expect(await refusal(page({ Marker: 'x' }))).toBe('400 InvalidInput: Invalid marker for pagination.')
  })

  it('for boundaries', async () => {
    const PermissionsBoundaryPolicyInputList = [allow('kms:*')]
    expect(await first({ PolicyInputList: [allow('*')], PermissionsBoundaryPolicyInputList })).toMatchObject({
      EvalDecision: 'implicitDeny',
      MatchedStatements: [],
      PermissionsBoundaryDecisionDetail: { AllowedByPermissionsBoundary: false },
    })
    expect(await refusal(custom({ PermissionsBoundaryPolicyInputList: [allow('*'), allow('*')] }))).toBe(
      '400 InvalidInput: The list of Permissions Boundary policies cannot exceed 1 items.',
    )
  })

  it('for organizations', async () => {
    const levels = (...texts: string[][]) =>
      texts.map((ServiceControlPolicyInputList) => ({ ServiceControlPolicyInputList }))
    const PolicyInputList = [allow('*')]
    expect(
      await first({ PolicyInputList, OrderedOrganizationPolicyInputList: levels([allow('*')], [allow('kms:*')]) }),
    ).toMatchObject({ EvalDecision: 'implicitDeny', OrganizationsDecisionDetail: { AllowedByOrganizations: false } })
    expect(
      await first({ PolicyInputList, OrderedOrganizationPolicyInputList: levels([allow('*'), deny('s3:*')]) }),
    ).toMatchObject({ EvalDecision: 'explicitDeny', MatchedStatements: [] })
    expect(await refusal(custom({ PolicyInputList, OrderedOrganizationPolicyInputList: levels([]) }))).toBe(
      '400 InvalidInput: Organization policy at index 1 must contain at least one service control policy',
    )
  })

  it('for resource policies', async () => {
    const ResourcePolicy = JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        { Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${ACCOUNT}:user/anna` }, Action: 's3:*', Resource: OBJECT },
      ],
    })
    const request = { ResourcePolicy, ResourceArns: [OBJECT], CallerArn: `arn:aws:iam::${ACCOUNT}:user/anna` }
    expect(await decision(request)).toBe('allowed')
    const foreign = await first({ ...request, ResourceOwner: 'arn:aws:iam::999999999999:root' })
    expect(foreign).toMatchObject({
      EvalDecision: 'implicitDeny',
      EvalDecisionDetails: { 'IAM Policy': 'implicitDeny', 'Resource Policy': 'allowed' },
    })
  })

  it('what is missing, in the spelling of the policies', async () => {
    const PolicyInputList = [
      allow('s3:GetObject', '*', { Condition: { StringEquals: { 'aws:UserName': 'x', 'my:key': 'y' } } }),
    ]
    expect((await first({ PolicyInputList }))?.MissingContextValues).toEqual(['aws:UserName', 'my:key'])
    const ContextEntries = [
      { ContextKeyName: 'aws:username', ContextKeyValues: ['x'], ContextKeyType: 'string' as const },
      { ContextKeyName: 'MY:KEY', ContextKeyValues: ['y'], ContextKeyType: 'string' as const },
    ]
    expect(await decision({ PolicyInputList, ContextEntries })).toBe('allowed')
  })
})

describe('SimulateCustomPolicy refuses', () => {
  const entry = (ContextKeyName: string, ContextKeyValues: string[], ContextKeyType?: string) =>
    custom({ ContextEntries: [{ ContextKeyName, ContextKeyValues, ContextKeyType: ContextKeyType as 'string' }] })

  it.each<[string, () => Promise<unknown>, string]>([
    [
      'an action without a service',
      () => custom({ ActionNames: ['GetObject'] }),
      'The action is invalid since it is missing names',
    ],
    [
      'a resource that is no ARN',
      () => custom({ ResourceArns: ['not-an-arn'] }),
      'ResourceNames are not in a valid ARN format: not-an-arn.',
    ],
    [
      'a document that is none',
      () => custom({ PolicyInputList: ['{'] }),
      'Policy input list item 1 has invalid content',
    ],
    ['a type that is missing', () => entry('stack:key', ['x']), 'Context key stack:key has invalid type null.'],
    [
      'no values',
      () => entry('stack:key', [], 'stringList'),
      'Context values for context key stack:key cannot be null or empty.',
    ],
    [
      'two values of a scalar',
      () => entry('stack:key', ['a', 'b'], 'string'),
      'Context key string expected a single value, but received 2.',
    ],
    [
      'a number that is none',
      () => entry('stack:test', ['0x10'], 'numeric'),
      'Invalid context value for key stack:test: expected numeric format.',
    ],
    [
      'a caller that is root',
      () => custom({ CallerArn: `arn:aws:iam::${ACCOUNT}:root` }),
      'Invalid caller - Caller must be an IAM user, role or group in this context.',
    ],
    [
      'an owner that is an account id',
      () => custom({ ResourceOwner: '123456789012' }),
      "'123456789012' is not a valid as a Resource Owner.",
    ],
  ])('%s', async (_what, call, text) => {
    expect(await refusal(call())).toBe(`400 InvalidInput: ${text}`)
  })

  it('types and sizes that the model does not know', async () => {
    expect(await refusal(entry('stack:test', ['x'], 'text'))).toBe(
      "400 ValidationError: 1 validation error detected: Value at 'contextEntries.1.member.contextKeyType' failed to satisfy constraint: Member must satisfy enum value set: [binary, ipList, booleanList, ip, boolean, numericList, dateList, numeric, date, stringList, string, binaryList]",
    )
    expect(await refusal(custom({ MaxItems: 1001 }))).toBe(
      "400 ValidationError: 1 validation error detected: Value at 'maxItems' failed to satisfy constraint: Member must have value less than or equal to 1000",
    )
  })

  it('holes in lists of plain values', async () => {
    const { body } = await iam.raw({
      Action: 'GetContextKeysForCustomPolicy',
      'PolicyInputList.member.2': allow('*'),
    })
    expect(body).toContain(
      'Member must satisfy constraint: [Member must have length less than or equal to 131072, Member must have length greater than or equal to 1, Member must satisfy regular expression pattern: [\\u0009\\u000A\\u000D\\u0020-\\u007E\\u00A1-\\u00FF]+]',
    )
  })
})

describe('SimulatePrincipalPolicy', () => {
  const ANNA = `arn:aws:iam::${ACCOUNT}:user/team/anna`
  const POLICY = `arn:aws:iam::${ACCOUNT}:policy/Managed`
  const principal = (input: Partial<SimulatePrincipalPolicyCommandInput>, client = root) =>
    client.send(new SimulatePrincipalPolicyCommand({ PolicySourceArn: ANNA, ActionNames: ['s3:GetObject'], ...input }))
  const sources = async (input: Partial<SimulatePrincipalPolicyCommandInput>) =>
    (await principal(input)).EvaluationResults?.[0]?.MatchedStatements?.map(
      ({ SourcePolicyId }) => SourcePolicyId,
    ).sort()

  beforeEach(async () => {
    await root.send(new CreateUserCommand({ UserName: 'anna', Path: '/team/' }))
    await root.send(new CreateGroupCommand({ GroupName: 'g' }))
    await root.send(new AddUserToGroupCommand({ UserName: 'anna', GroupName: 'g' }))
    await root.send(new CreatePolicyCommand({ PolicyName: 'Managed', PolicyDocument: allow('s3:*') }))
    await root.send(new AttachUserPolicyCommand({ UserName: 'anna', PolicyArn: POLICY }))
    await root.send(new AttachGroupPolicyCommand({ GroupName: 'g', PolicyArn: POLICY }))
    await root.send(new PutUserPolicyCommand({ UserName: 'anna', PolicyName: 'own', PolicyDocument: allow('s3:*') }))
    await root.send(new PutGroupPolicyCommand({ GroupName: 'g', PolicyName: 'shared', PolicyDocument: allow('s3:*') }))
  })

  it('takes own and groups’ policies, managed ones once, whatever the path', async () => {
    const all = ['Managed', 'group_g_shared', 'user_anna_own']
    expect(await sources({})).toEqual(all)
    expect(await sources({ PolicySourceArn: `arn:aws:iam::${ACCOUNT}:user/wrong/ANNA` })).toEqual(all)
    expect(await sources({ PolicyInputList: [allow('*')] })).toEqual(['Managed', 'PolicyInputList.1', ...all.slice(1)])
    expect(await sources({ PolicySourceArn: `arn:aws:iam::${ACCOUNT}:group/g` })).toEqual(['Managed', 'group_g_shared'])
  })

  it('takes those of roles', async () => {
    await root.send(
      new CreateRoleCommand({ RoleName: 'r', AssumeRolePolicyDocument: trust(`arn:aws:iam::${ACCOUNT}:root`) }),
    )
    await root.send(new PutRolePolicyCommand({ RoleName: 'r', PolicyName: 'p', PolicyDocument: allow('s3:*') }))
    expect(await sources({ PolicySourceArn: `arn:aws:iam::${ACCOUNT}:role/r` })).toEqual(['role_r_p'])
  })

  it('knows the user', async () => {
    const PolicyInputList = [
      allow('kms:Decrypt', '*', {
        Condition: { StringEquals: { 'aws:username': 'anna' }, ArnEquals: { 'aws:PrincipalArn': ANNA } },
      }),
    ]
    const { EvaluationResults } = await principal({ PolicyInputList, ActionNames: ['kms:Decrypt'] })
    expect(EvaluationResults?.[0]?.EvalDecision).toBe('allowed')
  })

  it('minds the boundary, and the one given instead of it', async () => {
    await root.send(new PutUserPermissionsBoundaryCommand({ UserName: 'anna', PermissionsBoundary: POLICY }))
    const detail = async (input: Partial<SimulatePrincipalPolicyCommandInput>) =>
      (await principal(input)).EvaluationResults?.[0]?.PermissionsBoundaryDecisionDetail?.AllowedByPermissionsBoundary
    expect(await detail({})).toBe(true)
    expect(await detail({ PermissionsBoundaryPolicyInputList: [allow('kms:*')] })).toBe(false)
    expect(await detail({ PolicyExclusionList: [{ PolicyArn: POLICY }] })).toBe(true)
    expect(await detail({ PolicyExclusionList: [{ PolicyType: 'permission-boundary' }] })).toBeUndefined()
  })

  it('leaves out what it is told to', async () => {
    const without = (PolicyExclusionList: SimulatePrincipalPolicyCommandInput['PolicyExclusionList']) =>
      sources({ PolicyExclusionList })
    const identifier = (PolicyName: string, AttachmentType: 'user' | 'group', AttachmentName: string) => ({
      InlinePolicyIdentifier: { PolicyName, AttachmentType, AttachmentName },
    })
    expect(await without([{ PolicyType: 'inline' }])).toEqual(['Managed'])
    expect(await without([{ PolicyType: 'user-managed' }])).toEqual(['group_g_shared', 'user_anna_own'])
    expect(await without([{ PolicyType: 'aws-managed' }])).toHaveLength(3)
    expect(await without([{ PolicyArn: POLICY }])).toEqual(['group_g_shared', 'user_anna_own'])
    expect(await without([identifier('own', 'user', 'anna')])).toEqual(['Managed', 'group_g_shared'])
    expect(await without([identifier('own', 'group', 'g')])).toHaveLength(3)
    expect(await refusal(without([identifier('*', 'user', 'anna')]))).toBe(
      "400 ValidationError: 1 validation error detected: Value '*' at 'policyExclusionList.1.member.inlinePolicyIdentifier.policyName' failed to satisfy constraint: Member must satisfy regular expression pattern: .*[\\w+=,.@-]+.*",
    )
  })

  it('refuses sources it has no policies of', async () => {
    const of = (PolicySourceArn: string) => refusal(principal({ PolicySourceArn }))
    expect(await of(`arn:aws:iam::${ACCOUNT}:user/nobody`)).toBe(
      '404 NoSuchEntity: Unable to retrieve specified IAM entity.',
    )
    expect(await of('arn:aws:iam::222222222222:user/anna')).toBe(
      "400 InvalidInput: Invalid Policy Source Arn: caller's account 111111111111 does not have access to policies in account 222222222222.",
    )
    expect(await of(`arn:aws:iam::${ACCOUNT}:root`)).toBe(
      '400 InvalidInput: Invalid ARN provided in the request: arn:aws:iam::111111111111:root',
    )
    expect(await of(`arn:aws:sts::${ACCOUNT}:assumed-role/r/s`)).toBe(
      '400 InvalidInput: Invalid ARN provided in the request: arn:aws:sts::111111111111:assumed-role/r/s',
    )
  })

  it('is denied on the ARN as stored', async () => {
    await root.send(new CreateUserCommand({ UserName: 'bob' }))
    const bob = iam.as(iam.user('bob'))
    expect(await refusal(principal({ PolicySourceArn: `arn:aws:iam::${ACCOUNT}:user/anna` }, bob))).toBe(
      '403 AccessDenied: User: arn:aws:iam::111111111111:user/bob is not authorized to perform: iam:SimulatePrincipalPolicy on resource: arn:aws:iam::111111111111:user/team/anna because no identity-based policy allows the iam:SimulatePrincipalPolicy action',
    )
  })
})

describe('GetContextKeysFor…', () => {
  const condition = (...keys: string[]) =>
    allow('s3:GetObject', '*', { Condition: { StringEquals: Object.fromEntries(keys.map((key) => [key, 'x'])) } })

  it('CustomPolicy lists keys and variables, each once per document', async () => {
    const of = async (...PolicyInputList: string[]) =>
      (await root.send(new GetContextKeysForCustomPolicyCommand({ PolicyInputList }))).ContextKeyNames
    expect(await of(allow('s3:*', 'arn:aws:s3:::b/${aws:username}/${*}'), condition('my:key'))).toEqual([
      'aws:username',
      '*',
      'my:key',
    ])
    expect(await of(condition('my:key'), condition('my:key'))).toEqual(['my:key', 'my:key'])
  })

  it('CustomPolicy refuses unknown operators', async () => {
    const PolicyInputList = [allow('*', '*', { Condition: { StringMatches: { a: 'b' } } })]
    expect(await refusal(root.send(new GetContextKeysForCustomPolicyCommand({ PolicyInputList })))).toMatch(
      /^400 InvalidInput: /,
    )
  })

  it('PrincipalPolicy takes the stored ones, boundary included', async () => {
    await root.send(new CreateUserCommand({ UserName: 'anna' }))
    await root.send(
      new PutUserPolicyCommand({ UserName: 'anna', PolicyName: 'p', PolicyDocument: condition('my:own') }),
    )
    await root.send(new CreatePolicyCommand({ PolicyName: 'b', PolicyDocument: condition('my:bound') }))
    const PermissionsBoundary = `arn:aws:iam::${ACCOUNT}:policy/b`
    await root.send(new PutUserPermissionsBoundaryCommand({ UserName: 'anna', PermissionsBoundary }))
    const { ContextKeyNames } = await root.send(
      new GetContextKeysForPrincipalPolicyCommand({
        PolicySourceArn: `arn:aws:iam::${ACCOUNT}:user/wrong/anna`,
        PolicyInputList: [condition('my:own')],
      }),
    )
    expect(ContextKeyNames).toEqual(['my:own', 'my:bound', 'my:own'])
  })
})
