import { beforeEach, describe, expect, it } from '@jest/globals'
import {
  AddUserToGroupCommand,
  AttachGroupPolicyCommand,
  CreateGroupCommand,
  CreateUserCommand,
  DeleteGroupCommand,
  GetGroupCommand,
  ListGroupsCommand,
  ListGroupsForUserCommand,
  PutGroupPolicyCommand,
  RemoveUserFromGroupCommand,
  UpdateGroupCommand,
  type IAMClient,
} from '@aws-sdk/client-iam'
import { allow, refusal, testIam, type TestIam } from './support.ts'

let iam: TestIam
let root: IAMClient

beforeEach(async () => {
  iam = await testIam()
  root = iam.as()
  await root.send(new CreateUserCommand({ UserName: 'anna' }))
  await root.send(new CreateGroupCommand({ GroupName: 'Readers', Path: '/team/' }))
})

const add = (UserName = 'anna', GroupName = 'Readers') => root.send(new AddUserToGroupCommand({ UserName, GroupName }))

describe('groups', () => {
  it('are made, found in any case, listed by path', async () => {
    const { Group, Users, IsTruncated } = await root.send(new GetGroupCommand({ GroupName: 'readers' }))
    expect(Group).toMatchObject({ GroupName: 'Readers', Arn: 'arn:aws:iam::111111111111:group/team/Readers' })
    expect(Group?.GroupId).toMatch(/^AGPA[A-Z2-7]{17}$/)
    expect([Users, IsTruncated]).toEqual([[], false])
    expect((await root.send(new ListGroupsCommand({ PathPrefix: '/team/' }))).Groups).toEqual([Group])
    expect((await root.send(new ListGroupsCommand({ PathPrefix: '/other/' }))).Groups).toEqual([])
  })

  it('refuse a name that is taken', async () => {
    expect(await refusal(root.send(new CreateGroupCommand({ GroupName: 'READERS' })))).toBe(
      '409 EntityAlreadyExists: Group with name READERS already exists.',
    )
  })

  it('keep their members when they are renamed', async () => {
    await add()
    await root.send(new UpdateGroupCommand({ GroupName: 'Readers', NewGroupName: 'Writers', NewPath: '/' }))
    const { Groups } = await root.send(new ListGroupsForUserCommand({ UserName: 'anna' }))
    expect(Groups?.map(({ Arn }) => Arn)).toEqual(['arn:aws:iam::111111111111:group/Writers'])
  })

  it('cannot be deleted with members or policies', async () => {
    const remove = () => refusal(root.send(new DeleteGroupCommand({ GroupName: 'Readers' })))
    await add()
    expect(await remove()).toBe('409 DeleteConflict: Cannot delete entity, must remove users from group first.')
    await root.send(new RemoveUserFromGroupCommand({ UserName: 'anna', GroupName: 'Readers' }))
    await root.send(
      new AttachGroupPolicyCommand({ GroupName: 'Readers', PolicyArn: 'arn:aws:iam::aws:policy/AWSDenyAll' }),
    )
    expect(await remove()).toBe('409 DeleteConflict: Cannot delete entity, must detach all policies first.')
  })
})

describe('membership', () => {
  it('is not doubled', async () => {
    await add()
    await add('ANNA', 'READERS')
    const { Users } = await root.send(new GetGroupCommand({ GroupName: 'Readers' }))
    expect(Users?.map(({ UserName }) => UserName)).toEqual(['anna'])
  })

  it('ends at ten groups', async () => {
    for (let i = 1; i <= 10; i++) {
      await root.send(new CreateGroupCommand({ GroupName: `g${String(i)}` }))
      await add('anna', `g${String(i)}`)
    }
    expect(await refusal(add())).toBe('409 LimitExceeded: Cannot exceed quota for GroupsPerUser: 10')
  })

  it('needs both to exist, the group first', async () => {
    expect(await refusal(add('nobody', 'nothing'))).toBe(
      '404 NoSuchEntity: The group with name nothing cannot be found.',
    )
    expect(await refusal(add('nobody'))).toBe('404 NoSuchEntity: The user with name nobody cannot be found.')
  })

  it('is denied on the group', async () => {
    const anna = iam.as(iam.user('anna'))
    expect(await refusal(anna.send(new AddUserToGroupCommand({ UserName: 'anna', GroupName: 'readers' })))).toBe(
      '403 AccessDenied: User: arn:aws:iam::111111111111:user/anna is not authorized to perform: iam:AddUserToGroup on resource: group Readers because no identity-based policy allows the iam:AddUserToGroup action',
    )
  })

  it("gives the group's permissions, from the next request on", async () => {
    await root.send(
      new PutGroupPolicyCommand({
        GroupName: 'Readers',
        PolicyName: 'p',
        PolicyDocument: allow('iam:ListGroups'),
      }),
    )
    const anna = iam.as(iam.user('anna'))
    const list = () => refusal(anna.send(new ListGroupsCommand({})))
    expect(await list()).toMatch(/no identity-based policy allows the iam:ListGroups action$/)
    await add()
    expect(await list()).toBe('no refusal')
    await root.send(new RemoveUserFromGroupCommand({ UserName: 'anna', GroupName: 'Readers' }))
    expect(await list()).toMatch(/no identity-based policy allows the iam:ListGroups action$/)
  })
})
