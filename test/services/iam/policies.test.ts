import { beforeEach, describe, expect, it } from '@jest/globals'
import {
  AttachRolePolicyCommand,
  AttachUserPolicyCommand,
  CreatePolicyCommand,
  CreatePolicyVersionCommand,
  CreateRoleCommand,
  CreateUserCommand,
  DeletePolicyCommand,
  DeletePolicyVersionCommand,
  DeleteUserPermissionsBoundaryCommand,
  DeleteUserPolicyCommand,
  DetachUserPolicyCommand,
  GetPolicyCommand,
  GetPolicyVersionCommand,
  GetUserCommand,
  GetUserPolicyCommand,
  ListAttachedUserPoliciesCommand,
  ListEntitiesForPolicyCommand,
  ListPoliciesCommand,
  ListPolicyVersionsCommand,
  ListUserPoliciesCommand,
  ListUsersCommand,
  PutUserPermissionsBoundaryCommand,
  PutUserPolicyCommand,
  SetDefaultPolicyVersionCommand,
  type IAMClient,
  type ListPoliciesCommandInput,
} from '@aws-sdk/client-iam'
import { ACCOUNT, allow, refusal, testIam, trust, type TestIam } from './support.ts'

let iam: TestIam
let root: IAMClient

beforeEach(async () => {
  iam = await testIam()
  root = iam.as()
  await root.send(new CreateUserCommand({ UserName: 'anna' }))
})

const POLICY = `arn:aws:iam::${ACCOUNT}:policy/team/Read`
const ADMIN = 'arn:aws:iam::aws:policy/AdministratorAccess'
const create = (PolicyDocument = allow('s3:GetObject')) =>
  root.send(new CreatePolicyCommand({ PolicyName: 'Read', Path: '/team/', PolicyDocument }))

describe('inline policies', () => {
  const put = (PolicyName: string, PolicyDocument = allow('*')) =>
    root.send(new PutUserPolicyCommand({ UserName: 'anna', PolicyName, PolicyDocument }))
  const get = (PolicyName: string) => root.send(new GetUserPolicyCommand({ UserName: 'Anna', PolicyName }))

  it('answer the spelling asked for, list the first spelling, are replaced in any', async () => {
    await put('Read', allow('s3:GetObject'))
    await put('READ', allow('s3:PutObject'))
    const { UserName, PolicyName, PolicyDocument } = await get('read')
    expect([UserName, PolicyName]).toEqual(['anna', 'read'])
    expect(decodeURIComponent(PolicyDocument ?? '')).toBe(allow('s3:PutObject'))
    expect((await root.send(new ListUserPoliciesCommand({ UserName: 'anna' }))).PolicyNames).toEqual(['Read'])
    await root.send(new DeleteUserPolicyCommand({ UserName: 'anna', PolicyName: 'rEAD' }))
    expect(await refusal(get('Read'))).toBe('404 NoSuchEntity: The user policy with name Read cannot be found.')
  })

  it('share 2048 characters, white space not counted', async () => {
    const sized = (length: number) => {
      const empty = allow('s3:GetObject', '').length
      return allow('s3:GetObject', `arn:aws:s3:::${'x'.repeat(length - empty - 'arn:aws:s3:::'.length)}`)
    }
    await put('a', `  ${sized(1048)}\n\n`)
    await put('b', sized(1000))
    expect(await refusal(put('c', sized(200)))).toBe(
      '409 LimitExceeded: Maximum policy size of 2048 bytes exceeded for user anna',
    )
    await put('b', sized(800))
    await put('c', sized(200))
  })

  it('must be policies', async () => {
    expect(await refusal(put('p', '{"Version":'))).toBe(
      '400 MalformedPolicyDocument: This policy contains invalid Json',
    )
    expect(await refusal(put('p', 'é\u2028'))).toBe(
      "400 ValidationError: 1 validation error detected: Value at 'policyDocument' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\u0009\\u000A\\u000D\\u0020-\\u007E\\u00A1-\\u00FF]+",
    )
  })
})

describe('CreatePolicy', () => {
  it('makes version v1', async () => {
    const { Policy } = await create()
    expect(Policy).toMatchObject({
      PolicyName: 'Read',
      Arn: POLICY,
      Path: '/team/',
      DefaultVersionId: 'v1',
      AttachmentCount: 0,
      PermissionsBoundaryUsageCount: 0,
      IsAttachable: true,
    })
    expect(Policy?.PolicyId).toMatch(/^ANPA[A-Z2-7]{17}$/)
    const { PolicyVersion } = await root.send(new GetPolicyVersionCommand({ PolicyArn: POLICY, VersionId: 'v1' }))
    expect(PolicyVersion).toMatchObject({ VersionId: 'v1', IsDefaultVersion: true })
    expect(decodeURIComponent(PolicyVersion?.Document ?? '')).toBe(allow('s3:GetObject'))
  })

  it('refuses a name that is taken on whatever path', async () => {
    await create()
    expect(await refusal(root.send(new CreatePolicyCommand({ PolicyName: 'read', PolicyDocument: allow('*') })))).toBe(
      '409 EntityAlreadyExists: A policy called read already exists. Duplicate names are not allowed.',
    )
  })

  it('refuses more than 6144 characters', async () => {
    expect(await refusal(create(allow('s3:GetObject', `arn:aws:s3:::${'x'.repeat(6144)}`)))).toBe(
      '409 LimitExceeded: Cannot exceed quota for PolicySize: 6144',
    )
  })

  it('is denied on the name of the policy', async () => {
    const anna = iam.as(iam.user('anna'))
    expect(await refusal(anna.send(new CreatePolicyCommand({ PolicyName: 'ch5', PolicyDocument: allow('*') })))).toBe(
      '403 AccessDenied: User: arn:aws:iam::111111111111:user/anna is not authorized to perform: iam:CreatePolicy on resource: policy ch5 because no identity-based policy allows the iam:CreatePolicy action',
    )
  })
})

describe('versions', () => {
  const add = (SetAsDefault?: boolean, PolicyDocument = allow('s3:PutObject')) =>
    root.send(new CreatePolicyVersionCommand({ PolicyArn: POLICY, PolicyDocument, SetAsDefault }))
  const versions = async () =>
    (await root.send(new ListPolicyVersionsCommand({ PolicyArn: POLICY }))).Versions?.map(
      ({ VersionId, IsDefaultVersion }) => `${String(VersionId)}${IsDefaultVersion === true ? '*' : ''}`,
    )

  beforeEach(async () => {
    await create()
  })

  it('are at most five, and their numbers are not used again', async () => {
    for (let i = 2; i <= 5; i++) await add()
    expect(await refusal(add())).toBe(
      '409 LimitExceeded: A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing version.',
    )
    await root.send(new DeletePolicyVersionCommand({ PolicyArn: POLICY, VersionId: 'v5' }))
    await add(true)
    expect(await versions()).toEqual(['v6*', 'v4', 'v3', 'v2', 'v1'])
  })

  it('the default one decides, at once, for those who carry the policy', async () => {
    await root.send(new AttachUserPolicyCommand({ UserName: 'anna', PolicyArn: POLICY }))
    const list = () => refusal(iam.as(iam.user('anna')).send(new ListUsersCommand({})))
    expect(await list()).toMatch(/^403/)
    await add(false, allow('iam:ListUsers'))
    expect(await list()).toMatch(/^403/)
    await root.send(new SetDefaultPolicyVersionCommand({ PolicyArn: POLICY, VersionId: 'v2' }))
    expect(await list()).toBe('no refusal')
    expect(iam.latest().decisions).toMatchObject([{ allowed: true, source: { name: 'Read', arn: POLICY } }])
  })

  it('the default one stays', async () => {
    expect(await refusal(root.send(new DeletePolicyVersionCommand({ PolicyArn: POLICY, VersionId: 'v1' })))).toBe(
      '409 DeleteConflict: Cannot delete the default version of a policy.',
    )
  })

  it('keep a policy from being deleted', async () => {
    await add()
    const remove = () => refusal(root.send(new DeletePolicyCommand({ PolicyArn: POLICY })))
    expect(await remove()).toBe(
      "409 DeleteConflict: This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.",
    )
    await root.send(new DeletePolicyVersionCommand({ PolicyArn: POLICY, VersionId: 'v2' }))
    expect(await remove()).toBe('no refusal')
    expect(await remove()).toBe(`404 NoSuchEntity: Policy ${POLICY} was not found.`)
  })
})

describe('attachments', () => {
  const attach = (PolicyArn: string) => root.send(new AttachUserPolicyCommand({ UserName: 'anna', PolicyArn }))
  const attached = async () =>
    (await root.send(new ListAttachedUserPoliciesCommand({ UserName: 'anna' }))).AttachedPolicies

  it('are listed by name', async () => {
    await create()
    await attach(POLICY)
    await attach(ADMIN)
    await attach(ADMIN)
    expect(await attached()).toEqual([
      { PolicyName: 'AdministratorAccess', PolicyArn: ADMIN },
      { PolicyName: 'Read', PolicyArn: POLICY },
    ])
    expect((await root.send(new GetPolicyCommand({ PolicyArn: POLICY }))).Policy?.AttachmentCount).toBe(1)
  })

  it('need a policy that exists, under exactly this ARN', async () => {
    await create()
    const elsewhere = `arn:aws:iam::${ACCOUNT}:policy/Read`
    expect(await refusal(attach(elsewhere))).toBe(
      `404 NoSuchEntity: Policy ${elsewhere} does not exist or is not attachable.`,
    )
    expect(await refusal(attach('arn:aws:iam::222222222222:policy/x'))).toBe(
      '404 NoSuchEntity: Policy arn:aws:iam::222222222222:policy/x does not exist or is not attachable.',
    )
  })

  it('end at ten', async () => {
    for (let i = 0; i < 10; i++) {
      const name = `p${String(i)}`
      await root.send(new CreatePolicyCommand({ PolicyName: name, PolicyDocument: allow('*') }))
      await attach(`arn:aws:iam::${ACCOUNT}:policy/${name}`)
    }
    expect(await refusal(attach(ADMIN))).toBe('409 LimitExceeded: Cannot exceed quota for PoliciesPerUser: 10')
  })

  it('are undone once', async () => {
    await attach(ADMIN)
    const detach = () => refusal(root.send(new DetachUserPolicyCommand({ UserName: 'anna', PolicyArn: ADMIN })))
    expect(await detach()).toBe('no refusal')
    expect(await detach()).toBe(`404 NoSuchEntity: Policy ${ADMIN} was not found.`)
  })

  it('keep a policy from being deleted, as use for a boundary does', async () => {
    await create()
    await root.send(new PutUserPermissionsBoundaryCommand({ UserName: 'anna', PermissionsBoundary: POLICY }))
    expect(await refusal(root.send(new DeletePolicyCommand({ PolicyArn: POLICY })))).toBe(
      '409 DeleteConflict: Cannot delete a policy attached to entities.',
    )
  })

  it('can be limited by iam:PolicyARN', async () => {
    await root.send(
      new PutUserPolicyCommand({
        UserName: 'anna',
        PolicyName: 'p',
        PolicyDocument: allow('iam:AttachUserPolicy', '*', {
          Condition: { ArnLike: { 'iam:PolicyARN': 'arn:aws:iam::aws:policy/AmazonS3*' } },
        }),
      }),
    )
    const anna = iam.as(iam.user('anna'))
    const S3 = 'arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess'
    await anna.send(new AttachUserPolicyCommand({ UserName: 'anna', PolicyArn: S3 }))
    expect(await refusal(anna.send(new AttachUserPolicyCommand({ UserName: 'anna', PolicyArn: ADMIN })))).toBe(
      '403 AccessDenied: User: arn:aws:iam::111111111111:user/anna is not authorized to perform: iam:AttachUserPolicy on resource: user anna because no identity-based policy allows the iam:AttachUserPolicy action',
    )
  })
})

describe('AWS managed policies', () => {
  it('are shown, and are not to be changed', async () => {
    const { Policy } = await root.send(new GetPolicyCommand({ PolicyArn: ADMIN }))
    expect(Policy).toMatchObject({ PolicyId: 'ANPAIWMBCKSKIEE64ZLYK', DefaultVersionId: 'v1', Path: '/' })
    const { PolicyVersion } = await root.send(new GetPolicyVersionCommand({ PolicyArn: ADMIN, VersionId: 'v1' }))
    expect(JSON.parse(decodeURIComponent(PolicyVersion?.Document ?? ''))).toEqual({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }],
    })
    expect(await refusal(root.send(new DeletePolicyCommand({ PolicyArn: ADMIN })))).toMatch(/^403 AccessDenied: /)
  })

  it('of service-linked roles are for those alone', async () => {
    const PolicyArn = 'arn:aws:iam::aws:policy/aws-service-role/AWSKeyManagementServiceMultiRegionKeysServiceRolePolicy'
    expect(await refusal(root.send(new AttachUserPolicyCommand({ UserName: 'anna', PolicyArn })))).toBe(
      '400 PolicyNotAttachable: Cannot attach a Service Role Policy to a Customer Role.',
    )
  })

  it('work', async () => {
    await root.send(new AttachUserPolicyCommand({ UserName: 'anna', PolicyArn: ADMIN }))
    expect((await iam.as(iam.user('anna')).send(new GetUserCommand({}))).User?.UserName).toBe('anna')
  })
})

describe('ListPolicies', () => {
  const names = async (input: ListPoliciesCommandInput) =>
    (await root.send(new ListPoliciesCommand(input))).Policies?.map(({ PolicyName }) => PolicyName)

  beforeEach(async () => {
    await create()
    await root.send(new CreatePolicyCommand({ PolicyName: 'Bound', PolicyDocument: allow('*') }))
    await root.send(new AttachUserPolicyCommand({ UserName: 'anna', PolicyArn: POLICY }))
    const PermissionsBoundary = `arn:aws:iam::${ACCOUNT}:policy/Bound`
    await root.send(new PutUserPermissionsBoundaryCommand({ UserName: 'anna', PermissionsBoundary }))
  })

  it('tells the scopes apart', async () => {
    expect(await names({ Scope: 'Local' })).toEqual(['Bound', 'Read'])
    expect(await names({ Scope: 'AWS', OnlyAttached: true })).toEqual([])
    expect(await names({ Scope: 'AWS' })).toContain('AdministratorAccess')
    expect(await names({ Scope: 'Local', PathPrefix: '/team/' })).toEqual(['Read'])
  })

  it('minds the usage filter only together with OnlyAttached', async () => {
    const filter = { Scope: 'Local', PolicyUsageFilter: 'PermissionsBoundary' } as const
    expect(await names(filter)).toEqual(['Bound', 'Read'])
    expect(await names({ ...filter, OnlyAttached: true })).toEqual(['Bound'])
    expect(await names({ Scope: 'Local', PolicyUsageFilter: 'PermissionsPolicy', OnlyAttached: true })).toEqual([
      'Read',
    ])
  })

  it('goes by pages', async () => {
    const seen: (string | undefined)[] = []
    let Marker: string | undefined
    do {
      const page = await root.send(new ListPoliciesCommand({ MaxItems: 4, Marker }))
      seen.push(...(page.Policies ?? []).map(({ Arn }) => Arn))
      Marker = page.Marker
    } while (Marker !== undefined)
    const all = (await root.send(new ListPoliciesCommand({}))).Policies?.map(({ Arn }) => Arn)
    expect(seen).toEqual(all)
    expect(new Set(seen).size).toBe(seen.length)
  })

  it('is denied on the path, in its own words', async () => {
    expect(await refusal(iam.as(iam.user('anna')).send(new ListPoliciesCommand({})))).toBe(
      '403 AccessDenied: User: arn:aws:iam::111111111111:user/anna is not authorized to perform: iam:ListPolicies on resource: policy path / because no identity-based policy allows the iam:ListPolicies action',
    )
  })
})

describe('ListEntitiesForPolicy', () => {
  it('lists carriers and the bounded, by kind and use', async () => {
    await create()
    await root.send(
      new CreateRoleCommand({ RoleName: 'r', AssumeRolePolicyDocument: trust(`arn:aws:iam::${ACCOUNT}:root`) }),
    )
    await root.send(new AttachRolePolicyCommand({ RoleName: 'r', PolicyArn: POLICY }))
    await root.send(new PutUserPermissionsBoundaryCommand({ UserName: 'anna', PermissionsBoundary: POLICY }))
    const entities = async (more: object) => {
      const page = await root.send(new ListEntitiesForPolicyCommand({ PolicyArn: POLICY, ...more }))
      return [
        page.PolicyUsers?.map(({ UserName }) => UserName),
        page.PolicyRoles?.map(({ RoleName }) => RoleName),
        page.PolicyGroups,
      ]
    }
    expect(await entities({})).toEqual([['anna'], ['r'], []])
    expect(await entities({ EntityFilter: 'User' })).toEqual([['anna'], [], []])
    expect(await entities({ EntityFilter: 'LocalManagedPolicy' })).toEqual([[], [], []])
    expect(await entities({ PolicyUsageFilter: 'PermissionsPolicy' })).toEqual([[], ['r'], []])
  })
})

describe('permissions boundaries', () => {
  it('bound, are shown as AWS spells them, and are taken away once', async () => {
    await create(allow('iam:GetUser'))
    await root.send(new AttachUserPolicyCommand({ UserName: 'anna', PolicyArn: ADMIN }))
    const anna = iam.as(iam.user('anna'))
    await anna.send(new ListUsersCommand({}))
    await root.send(new PutUserPermissionsBoundaryCommand({ UserName: 'anna', PermissionsBoundary: POLICY }))
    expect(await refusal(anna.send(new ListUsersCommand({})))).toBe(
      '403 AccessDenied: User: arn:aws:iam::111111111111:user/anna is not authorized to perform: iam:ListUsers on resource: arn:aws:iam::111111111111:user/ because no permissions boundary allows the iam:ListUsers action',
    )
    expect((await anna.send(new GetUserCommand({}))).User?.PermissionsBoundary).toEqual({
      PermissionsBoundaryType: 'Policy',
      PermissionsBoundaryArn: POLICY,
    })
    const remove = () => refusal(root.send(new DeleteUserPermissionsBoundaryCommand({ UserName: 'anna' })))
    expect(await remove()).toBe('no refusal')
    expect(await remove()).toMatch(/^404 NoSuchEntity: /)
    await anna.send(new ListUsersCommand({}))
  })

  it('must exist', async () => {
    expect(
      await refusal(
        root.send(new PutUserPermissionsBoundaryCommand({ UserName: 'anna', PermissionsBoundary: POLICY })),
      ),
    ).toBe(`404 NoSuchEntity: Scope ARN: ${POLICY} does not exist or is not attachable.`)
  })
})
