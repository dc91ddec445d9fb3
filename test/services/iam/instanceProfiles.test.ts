import { beforeEach, describe, expect, it } from '@jest/globals'
import {
  AddRoleToInstanceProfileCommand,
  CreateInstanceProfileCommand,
  CreateRoleCommand,
  CreateUserCommand,
  DeleteInstanceProfileCommand,
  DeleteRoleCommand,
  GetInstanceProfileCommand,
  ListInstanceProfilesCommand,
  ListInstanceProfilesForRoleCommand,
  PutUserPolicyCommand,
  RemoveRoleFromInstanceProfileCommand,
  type IAMClient,
} from '@aws-sdk/client-iam'
import { ACCOUNT, allow, refusal, testIam, trust, type TestIam } from './support.ts'

let iam: TestIam
let root: IAMClient

beforeEach(async () => {
  iam = await testIam()
  root = iam.as()
  const AssumeRolePolicyDocument = trust(`arn:aws:iam::${ACCOUNT}:root`)
  await root.send(new CreateRoleCommand({ RoleName: 'r', AssumeRolePolicyDocument, Description: 'd' }))
  await root.send(new CreateInstanceProfileCommand({ InstanceProfileName: 'Web', Tags: [{ Key: 'k', Value: 'v' }] }))
})

const add = (client = root) =>
  client.send(new AddRoleToInstanceProfileCommand({ InstanceProfileName: 'web', RoleName: 'r' }))

describe('instance profiles', () => {
  it('hold one role, shown with its basics', async () => {
    await add()
    const { InstanceProfile } = await root.send(new GetInstanceProfileCommand({ InstanceProfileName: 'WEB' }))
    expect(InstanceProfile).toMatchObject({
      InstanceProfileName: 'Web',
      Arn: 'arn:aws:iam::111111111111:instance-profile/Web',
      Tags: [{ Key: 'k', Value: 'v' }],
    })
    expect(InstanceProfile?.InstanceProfileId).toMatch(/^AIPA[A-Z2-7]{17}$/)
    expect(Object.keys(InstanceProfile?.Roles?.[0] ?? {}).sort()).toEqual([
      'Arn',
      'AssumeRolePolicyDocument',
      'CreateDate',
      'Path',
      'RoleId',
      'RoleName',
    ])
    expect(await refusal(add())).toBe(
      '409 LimitExceeded: Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1',
    )
  })

  it('are listed without tags, all or those of a role', async () => {
    const all = await root.send(new ListInstanceProfilesCommand({}))
    expect(all.InstanceProfiles?.[0]).not.toHaveProperty('Tags')
    expect((await root.send(new ListInstanceProfilesForRoleCommand({ RoleName: 'r' }))).InstanceProfiles).toEqual([])
    await add()
    const own = await root.send(new ListInstanceProfilesForRoleCommand({ RoleName: 'r' }))
    expect(own.InstanceProfiles?.map(({ InstanceProfileName }) => InstanceProfileName)).toEqual(['Web'])
  })

  it('keep themselves and their role from being deleted', async () => {
    await add()
    const CONFLICT = '409 DeleteConflict: Cannot delete entity, must remove roles from instance profile first.'
    expect(await refusal(root.send(new DeleteRoleCommand({ RoleName: 'r' })))).toBe(CONFLICT)
    const remove = () => refusal(root.send(new DeleteInstanceProfileCommand({ InstanceProfileName: 'Web' })))
    expect(await remove()).toBe(CONFLICT)
    const empty = () =>
      refusal(root.send(new RemoveRoleFromInstanceProfileCommand({ InstanceProfileName: 'Web', RoleName: 'r' })))
    expect(await empty()).toBe('no refusal')
    expect(await empty()).toMatch(/^404 NoSuchEntity: /)
    expect(await remove()).toBe('no refusal')
    expect(await remove()).toBe('404 NoSuchEntity: Instance Profile Web cannot be found.')
  })

  it('refuse a name that is taken', async () => {
    expect(await refusal(root.send(new CreateInstanceProfileCommand({ InstanceProfileName: 'WEB' })))).toBe(
      '409 EntityAlreadyExists: Instance Profile WEB already exists.',
    )
  })

  it('take a role only from those who may pass it', async () => {
    await root.send(new CreateUserCommand({ UserName: 'anna' }))
    const put = (PolicyDocument: string) =>
      root.send(new PutUserPolicyCommand({ UserName: 'anna', PolicyName: 'p', PolicyDocument }))
    const anna = iam.as(iam.user('anna'))
    expect(await refusal(add(anna))).toBe(
      '403 AccessDenied: User: arn:aws:iam::111111111111:user/anna is not authorized to perform: iam:AddRoleToInstanceProfile on resource: instance profile Web because no identity-based policy allows the iam:AddRoleToInstanceProfile action',
    )
    await put(allow('iam:AddRoleToInstanceProfile'))
    expect(await refusal(add(anna))).toBe(
      '403 AccessDenied: User: arn:aws:iam::111111111111:user/anna is not authorized to perform: iam:PassRole on resource: arn:aws:iam::111111111111:role/r because no identity-based policy allows the iam:PassRole action',
    )
    await put(
      allow(['iam:AddRoleToInstanceProfile', 'iam:PassRole'], '*', {
        Condition: { StringEqualsIfExists: { 'iam:PassedToService': 'ec2.amazonaws.com' } },
      }),
    )
    expect(await refusal(add(anna))).toBe('no refusal')
  })
})
