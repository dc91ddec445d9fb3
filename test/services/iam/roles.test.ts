import { beforeEach, describe, expect, it } from '@jest/globals'
import {
  AttachRolePolicyCommand,
  CreateRoleCommand,
  CreateServiceLinkedRoleCommand,
  CreateUserCommand,
  DeleteRoleCommand,
  DeleteServiceLinkedRoleCommand,
  DeleteUserCommand,
  GetRoleCommand,
  GetServiceLinkedRoleDeletionStatusCommand,
  ListAttachedRolePoliciesCommand,
  ListRolesCommand,
  PutRolePolicyCommand,
  UpdateAssumeRolePolicyCommand,
  UpdateRoleCommand,
  UpdateRoleDescriptionCommand,
  type IAMClient,
} from '@aws-sdk/client-iam'
import { ACCOUNT, allow, refusal, testIam, trust, type TestIam } from './support.ts'

let iam: TestIam
let root: IAMClient

beforeEach(async () => {
  iam = await testIam()
  root = iam.as()
})

const TRUST = trust(`arn:aws:iam::${ACCOUNT}:root`)
const create = (RoleName: string, more: object = {}) =>
  root.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: TRUST, ...more }))
const get = async (RoleName: string) => (await root.send(new GetRoleCommand({ RoleName }))).Role

describe('serialisation', () => {
  it('encodes documents as RFC 3986 says', async () => {
    const { body } = await iam.raw({
      Action: 'CreateRole',
      RoleName: 'r',
      AssumeRolePolicyDocument:
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole","Condition":{"StringLike":{"a:b":"(\'!)*"}}}]}',
    })
    expect(body).toContain(
      '<AssumeRolePolicyDocument>%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Principal%22%3A%22%2A%22%2C%22Action%22%3A%22sts%3AAssumeRole%22%2C%22Condition%22%3A%7B%22StringLike%22%3A%7B%22a%3Ab%22%3A%22%28%27%21%29%2A%22%7D%7D%7D%5D%7D</AssumeRolePolicyDocument>',
    )
  })
})

describe('CreateRole', () => {
  it('answers neither description nor duration; GetRole answers both, and the last use', async () => {
    const { Role } = await create('r', { Description: 'd', MaxSessionDuration: 7200, Tags: [{ Key: 'k', Value: 'v' }] })
    expect(Object.keys(Role ?? {}).sort()).toEqual([
      'Arn',
      'AssumeRolePolicyDocument',
      'CreateDate',
      'Path',
      'RoleId',
      'RoleName',
      'Tags',
    ])
    expect(Role?.RoleId).toMatch(/^AROA[A-Z2-7]{17}$/)
    expect(await get('R')).toMatchObject({ Description: 'd', MaxSessionDuration: 7200, RoleLastUsed: {} })
  })

  it('refuses names that are taken, in any case', async () => {
    await create('Reader')
    expect(await refusal(create('reader'))).toBe('409 EntityAlreadyExists: Role with name reader already exists.')
  })

  it('refuses the path of service-linked roles', async () => {
    expect(await refusal(create('r', { Path: '/aws-service-role/x.amazonaws.com/' }))).toBe(
      "400 InvalidInput: Path prefix '/aws-service-role/' can only be used for AWS Service linked Roles",
    )
  })

  it('refuses 43201 seconds and 1001 characters', async () => {
    expect(await refusal(create('r', { MaxSessionDuration: 43201 }))).toBe(
      "400 ValidationError: 1 validation error detected: Value at 'maxSessionDuration' failed to satisfy constraint: Member must have value less than or equal to 43200",
    )
    expect(await refusal(create('r', { Description: 'é'.repeat(1001) }))).toBe(
      "400 ValidationError: 1 validation error detected: Value at 'description' failed to satisfy constraint: Member must have length less than or equal to 1000",
    )
    expect((await create('r', { Description: 'é'.repeat(1000) })).Role?.RoleName).toBe('r')
  })

  it('refuses documents that are not JSON', async () => {
    expect(await refusal(create('r', { AssumeRolePolicyDocument: '{' }))).toBe(
      '400 MalformedPolicyDocument: This policy contains invalid Json',
    )
  })

  it('refuses a trust policy that is too long', async () => {
    const AssumeRolePolicyDocument = JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Principal: { AWS: ACCOUNT },
          Action: 'sts:AssumeRole',
          Condition: { StringEquals: { 'sts:ExternalId': 'x'.repeat(2048) } },
        },
      ],
    })
    expect(await refusal(create('r', { AssumeRolePolicyDocument }))).toBe(
      '409 LimitExceeded: Cannot exceed quota for ACLSizePerRole: 2048',
    )
  })

  it('is AccessDenied before the document is looked at', async () => {
    await root.send(new CreateUserCommand({ UserName: 'bob' }))
    const bob = iam.as(iam.user('bob'))
    expect(
      await refusal(bob.send(new CreateRoleCommand({ RoleName: 'r', Path: '/p/', AssumeRolePolicyDocument: '{' }))),
    ).toBe(
      '403 AccessDenied: User: arn:aws:iam::111111111111:user/bob is not authorized to perform: iam:CreateRole on resource: arn:aws:iam::111111111111:role/p/r because no identity-based policy allows the iam:CreateRole action',
    )
  })
})

describe('trust policies', () => {
  const shown = async () => decodeURIComponent((await get('r'))?.AssumeRolePolicyDocument ?? '')

  it('refuse users and roles that do not exist', async () => {
    const document = trust(`arn:aws:iam::${ACCOUNT}:user/nobody`)
    expect(await refusal(create('r', { AssumeRolePolicyDocument: document }))).toBe(
      '400 MalformedPolicyDocument: Invalid principal in policy: "AWS":"arn:aws:iam::111111111111:user/nobody"',
    )
  })

  it('are bound to the principal: a deleted user shows as its id, and its namesake gets nothing', async () => {
    const { User } = await root.send(new CreateUserCommand({ UserName: 'anna' }))
    const document = trust(User?.Arn ?? '')
    await create('r', { AssumeRolePolicyDocument: document })
    expect(await shown()).toBe(document)
    await root.send(new DeleteUserCommand({ UserName: 'anna' }))
    expect(await shown()).toBe(trust(User?.UserId ?? ''))
    await root.send(new CreateUserCommand({ UserName: 'anna' }))
    expect(await shown()).toBe(trust(User?.UserId ?? ''))
  })

  it('are replaced by UpdateAssumeRolePolicy', async () => {
    await create('r')
    const document = trust(`arn:aws:iam::${ACCOUNT}:role/r`)
    await root.send(new UpdateAssumeRolePolicyCommand({ RoleName: 'R', PolicyDocument: document }))
    expect(await shown()).toBe(document)
    expect(iam.directory.role(`arn:aws:iam::${ACCOUNT}:role/r`)?.trust.text).toBe(trust((await get('r'))?.RoleId ?? ''))
  })
})

describe('ListRoles', () => {
  it('shows description and duration, but neither tags nor last use', async () => {
    await create('r', { Description: '', Tags: [{ Key: 'k', Value: 'v' }] })
    const { Roles, IsTruncated } = await root.send(new ListRolesCommand({}))
    expect(IsTruncated).toBe(false)
    expect(Roles).toHaveLength(1)
    expect(Roles?.[0]).toMatchObject({ Description: '', MaxSessionDuration: 3600 })
    expect(Roles?.[0]).not.toHaveProperty('Tags')
    expect(Roles?.[0]).not.toHaveProperty('RoleLastUsed')
  })
})

describe('UpdateRole', () => {
  beforeEach(async () => {
    await create('r', { Description: 'd', MaxSessionDuration: 7200 })
  })

  it('keeps what is left out', async () => {
    await root.send(new UpdateRoleCommand({ RoleName: 'r', Description: 'e' }))
    expect(await get('r')).toMatchObject({ Description: 'e', MaxSessionDuration: 7200 })
    await root.send(new UpdateRoleCommand({ RoleName: 'r' }))
    expect(await get('r')).toMatchObject({ Description: 'e', MaxSessionDuration: 7200 })
  })

  it('has an older sibling that answers basics and description', async () => {
    const { Role } = await root.send(new UpdateRoleDescriptionCommand({ RoleName: 'r', Description: 'f' }))
    expect(Role).toMatchObject({ RoleName: 'r', Description: 'f' })
    expect(Role).not.toHaveProperty('MaxSessionDuration')
  })
})

describe('DeleteRole', () => {
  beforeEach(async () => {
    await create('r')
  })
  const remove = () => refusal(root.send(new DeleteRoleCommand({ RoleName: 'r' })))

  it('deletes', async () => {
    expect(await remove()).toBe('no refusal')
    expect(await remove()).toBe('404 NoSuchEntity: The role with name r cannot be found.')
  })

  it('refuses while policies are attached', async () => {
    await root.send(
      new AttachRolePolicyCommand({ RoleName: 'r', PolicyArn: 'arn:aws:iam::aws:policy/AdministratorAccess' }),
    )
    expect(await remove()).toBe('409 DeleteConflict: Cannot delete entity, must detach all policies first.')
  })

  it('refuses while there are inline policies', async () => {
    await root.send(new PutRolePolicyCommand({ RoleName: 'r', PolicyName: 'p', PolicyDocument: allow('*') }))
    expect(await remove()).toBe('409 DeleteConflict: Cannot delete entity, must delete policies first.')
  })
})

describe('service-linked roles', () => {
  const AWSServiceName = 'mrk.kms.amazonaws.com'
  const RoleName = 'AWSServiceRoleForKeyManagementServiceMultiRegionKeys'
  const make = () => root.send(new CreateServiceLinkedRoleCommand({ AWSServiceName }))

  it('are made once', async () => {
    const { Role } = await make()
    expect(Role).toMatchObject({
      RoleName,
      Path: '/aws-service-role/mrk.kms.amazonaws.com/',
      Description: 'Enables access to AWS services and resources required for AWS KMS Multi-Region Keys',
    })
    expect(await refusal(make())).toBe(
      `400 InvalidInput: Service role name ${RoleName} has been taken in this account, please try a different suffix.`,
    )
    const { AttachedPolicies } = await root.send(new ListAttachedRolePoliciesCommand({ RoleName }))
    expect(AttachedPolicies).toEqual([
      {
        PolicyName: 'AWSKeyManagementServiceMultiRegionKeysServiceRolePolicy',
        PolicyArn: 'arn:aws:iam::aws:policy/aws-service-role/AWSKeyManagementServiceMultiRegionKeysServiceRolePolicy',
      },
    ])
  })

  it('are changed by AWS only', async () => {
    await make()
    expect(await refusal(root.send(new DeleteRoleCommand({ RoleName })))).toBe(
      `400 UnmodifiableEntity: Cannot perform the operation on the protected role '${RoleName}' - this role is only modifiable by AWS`,
    )
    expect(
      await refusal(root.send(new PutRolePolicyCommand({ RoleName, PolicyName: 'p', PolicyDocument: allow('*') }))),
    ).toMatch(/^400 UnmodifiableEntity/)
  })

  it('are deleted by a task', async () => {
    await make()
    const { DeletionTaskId } = await root.send(new DeleteServiceLinkedRoleCommand({ RoleName }))
    expect(DeletionTaskId).toMatch(
      /^task\/aws-service-role\/mrk\.kms\.amazonaws\.com\/AWSServiceRoleForKeyManagementServiceMultiRegionKeys\/[0-9a-f-]{36}$/,
    )
    const status = await root.send(new GetServiceLinkedRoleDeletionStatusCommand({ DeletionTaskId }))
    expect(status.Status).toBe('SUCCEEDED')
    expect(await refusal(root.send(new GetRoleCommand({ RoleName })))).toBe(
      `404 NoSuchEntity: The role with name ${RoleName} cannot be found.`,
    )
  })

  it('of services that are not known here are not pretended', async () => {
    expect(await refusal(root.send(new CreateServiceLinkedRoleCommand({ AWSServiceName: 'lex.amazonaws.com' })))).toBe(
      '501 NotImplemented: twokey does not know the service-linked role of lex.amazonaws.com',
    )
  })
})
