import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import {
  CreateAccountCommand,
  CreateOrganizationCommand,
  CreateOrganizationalUnitCommand,
  DeleteOrganizationCommand,
  DeleteOrganizationalUnitCommand,
  DescribeAccountCommand,
  DescribeCreateAccountStatusCommand,
  DescribeOrganizationCommand,
  DescribeOrganizationalUnitCommand,
  LeaveOrganizationCommand,
  ListAccountsCommand,
  ListAccountsForParentCommand,
  ListChildrenCommand,
  ListCreateAccountStatusCommand,
  ListOrganizationalUnitsForParentCommand,
  ListParentsCommand,
  ListRootsCommand,
  ListTagsForResourceCommand,
  MoveAccountCommand,
  RemoveAccountFromOrganizationCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateOrganizationalUnitCommand,
} from '@aws-sdk/client-organizations'
import { CreateAccessKeyCommand, CreateUserCommand, IAMClient, PutUserPolicyCommand } from '@aws-sdk/client-iam'
import { organizationView } from '../../../emulator/services/organizations/view.ts'
import type { OrganizationsState } from '../../../emulator/services/organizations/state.ts'
import {
  MANAGEMENT,
  MEMBER,
  NOT_IN_USE,
  NO_PERMISSION,
  OUTSIDER,
  OrganizationWorld,
  document,
  reason,
  refusal,
} from './support.ts'

let world: OrganizationWorld

beforeAll(async () => {
  world = await OrganizationWorld.start()
})
beforeEach(() => world.found())
afterAll(() => world.test.stop())

const viewOf = (account: string) =>
  organizationView(world.test.emulator.registry.require('organizations').state as OrganizationsState, account)

describe('an organization', () => {
  it('has its creator as management account, and a root', async () => {
    const { Organization } = await world.as().send(new DescribeOrganizationCommand({}))
    const id = Organization?.Id ?? ''
    expect(id).toMatch(/^o-[a-z0-9]{10}$/)
    expect(Organization).toEqual({
      Id: id,
      Arn: `arn:aws:organizations::${MANAGEMENT}:organization/${id}`,
      FeatureSet: 'ALL',
      MasterAccountArn: `arn:aws:organizations::${MANAGEMENT}:account/${id}/${MANAGEMENT}`,
      MasterAccountId: MANAGEMENT,
      MasterAccountEmail: `${MANAGEMENT}@example.com`,
      AvailablePolicyTypes: [{ Type: 'SERVICE_CONTROL_POLICY', Status: 'ENABLED' }],
    })
    const { Roots } = await world.as().send(new ListRootsCommand({}))
    expect(Roots).toEqual([
      {
        Id: world.rootId,
        Arn: `arn:aws:organizations::${MANAGEMENT}:root/${id}/${world.rootId}`,
        Name: 'Root',
        PolicyTypes: [],
      },
    ])
    expect(viewOf(MANAGEMENT)).toEqual({
      id,
      path: `${id}/${world.rootId}/`,
      managementAccount: MANAGEMENT,
      scp: undefined,
      rcp: undefined,
    })
  })

  it('is one per account', async () => {
    expect(await refusal(world.as().send(new CreateOrganizationCommand({})))).toMatch(
      /^400 AlreadyInOrganizationException: /,
    )
    await world.join(MEMBER)
    expect(await refusal(world.as(MEMBER).send(new CreateOrganizationCommand({})))).toMatch(
      /^400 AlreadyInOrganizationException: /,
    )
    expect(await refusal(world.as(OUTSIDER).send(new CreateOrganizationCommand({})))).toBe('allowed')
  })

  it('is deleted when nobody else is in it', async () => {
    await world.join(MEMBER)
    expect(await refusal(world.as().send(new DeleteOrganizationCommand({})))).toMatch(
      /^400 OrganizationNotEmptyException: /,
    )
    await world.as(MEMBER).send(new LeaveOrganizationCommand({}))
    await world.unit('left')
    await world.as().send(new DeleteOrganizationCommand({}))
    expect(await refusal(world.as().send(new DescribeOrganizationCommand({})))).toBe(NOT_IN_USE)
    const state = world.test.emulator.registry.require('organizations').state as OrganizationsState
    for (const collection of [state.organizations, state.nodes, state.policies, state.handshakes]) {
      expect(collection.in().size).toBe(0)
    }
  })
})

describe('who may', () => {
  it('outsiders are told that they belong to none', async () => {
    expect(await refusal(world.as(OUTSIDER).send(new DescribeOrganizationCommand({})))).toBe(NOT_IN_USE)
    expect(await refusal(world.as(OUTSIDER).send(new ListAccountsCommand({})))).toBe(NOT_IN_USE)
  })

  it('members may describe it, and nothing else', async () => {
    await world.join(MEMBER)
    expect(await refusal(world.as(MEMBER).send(new DescribeOrganizationCommand({})))).toBe('allowed')
    const client = world.as(MEMBER)
    const answers = [
      client.send(new ListAccountsCommand({})),
      client.send(new ListRootsCommand({})),
      client.send(new CreateOrganizationalUnitCommand({ ParentId: world.rootId, Name: 'x' })),
      client.send(new DescribeAccountCommand({ AccountId: MEMBER })),
      client.send(new DeleteOrganizationCommand({})),
      client.send(new RemoveAccountFromOrganizationCommand({ AccountId: MEMBER })),
    ]
    for (const answer of await Promise.all(answers.map(refusal))) expect(answer).toBe(NO_PERMISSION)
  })

  it('users of the management account need a permission, and are not told which', async () => {
    const iam = world.test.client(IAMClient)
    await iam.send(new CreateUserCommand({ UserName: 'anna' }))
    const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'anna' }))
    const anna = { accessKeyId: AccessKey?.AccessKeyId ?? '', secretAccessKey: AccessKey?.SecretAccessKey ?? '' }
    const unit = await world.unit('unit')
    const describe = () =>
      refusal(world.as(anna).send(new DescribeOrganizationalUnitCommand({ OrganizationalUnitId: unit })))
    expect(await describe()).toBe(NO_PERMISSION)
    expect(world.denyingLayer()).toBe('identity')
    const { Organization } = await world.as().send(new DescribeOrganizationCommand({}))
    const Resource = `arn:aws:organizations::${MANAGEMENT}:ou/${Organization?.Id ?? ''}/${unit}`
    const PolicyDocument = document({ Effect: 'Allow', Action: 'organizations:DescribeOrganizationalUnit', Resource })
    await iam.send(new PutUserPolicyCommand({ UserName: 'anna', PolicyName: 'p', PolicyDocument }))
    expect(await describe()).toBe('allowed')
  })
})

describe('organizational units', () => {
  it('are made, found, renamed and deleted', async () => {
    const id = await world.unit('apps')
    expect(id).toMatch(new RegExp(`^ou-${world.rootId.slice(2)}-[a-z0-9]{8}$`))
    const command = { OrganizationalUnitId: id }
    await world.as().send(new UpdateOrganizationalUnitCommand({ ...command, Name: 'services' }))
    const { OrganizationalUnit } = await world.as().send(new DescribeOrganizationalUnitCommand(command))
    expect(OrganizationalUnit).toMatchObject({
      Id: id,
      Name: 'services',
      Path: `${viewOf(MANAGEMENT)?.path ?? ''}${id}/`,
    })
    await world.as().send(new DeleteOrganizationalUnitCommand(command))
    expect(await refusal(world.as().send(new DescribeOrganizationalUnitCommand(command)))).toMatch(
      /^400 OrganizationalUnitNotFoundException: /,
    )
  })

  it('have names of their own under a parent, and parents that exist', async () => {
    const apps = await world.unit('apps')
    expect(await refusal(world.unit('apps'))).toMatch(/^400 DuplicateOrganizationalUnitException: /)
    expect(await refusal(world.unit('apps', apps))).toBe('allowed')
    expect(await refusal(world.unit('x', `ou-${world.rootId.slice(2)}-00000000`))).toMatch(
      /^400 ParentNotFoundException: /,
    )
    expect(await reason(world.unit('x', 'nowhere'))).toBe('INVALID_PATTERN')
  })

  it('are nested five deep', async () => {
    let parent = world.rootId
    for (let depth = 1; depth <= 5; depth++) parent = await world.unit(`level ${String(depth)}`, parent)
    expect(await reason(world.unit('level 6', parent))).toBe('OU_DEPTH_LIMIT_EXCEEDED')
  })

  it('are deleted only when empty', async () => {
    const apps = await world.unit('apps')
    await world.unit('inner', apps)
    expect(await refusal(world.as().send(new DeleteOrganizationalUnitCommand({ OrganizationalUnitId: apps })))).toMatch(
      /^400 OrganizationalUnitNotEmptyException: /,
    )
  })

  it('are listed in pages', async () => {
    const made = new Set<string>()
    for (let i = 0; i < 5; i++) made.add(await world.unit(`unit ${String(i)}`))
    const listed: string[] = []
    let NextToken: string | undefined
    do {
      const page = await world
        .as()
        .send(new ListOrganizationalUnitsForParentCommand({ ParentId: world.rootId, MaxResults: 2, NextToken }))
      expect(page.OrganizationalUnits?.length).toBeLessThanOrEqual(2)
      listed.push(...(page.OrganizationalUnits ?? []).map(({ Id }) => Id ?? ''))
      NextToken = page.NextToken
    } while (NextToken !== undefined)
    expect(listed).toHaveLength(5)
    expect(new Set(listed)).toEqual(made)
    const wrong = { ParentId: world.rootId, NextToken: 'x' }
    expect(await reason(world.as().send(new ListOrganizationalUnitsForParentCommand(wrong)))).toBe('INVALID_NEXT_TOKEN')
    const many = { ParentId: world.rootId, MaxResults: 21 }
    expect(await reason(world.as().send(new ListOrganizationalUnitsForParentCommand(many)))).toBe('MAX_VALUE_EXCEEDED')
  })
})

describe('accounts', () => {
  it('are created at once', async () => {
    const { CreateAccountStatus } = await world
      .as()
      .send(new CreateAccountCommand({ AccountName: 'data', Email: 'data@example.com' }))
    expect(CreateAccountStatus).toMatchObject({ AccountName: 'data', State: 'SUCCEEDED' })
    const { Id: CreateAccountRequestId, AccountId = '' } = CreateAccountStatus ?? {}
    expect(AccountId).toMatch(/^\d{12}$/)
    const asked = await world.as().send(new DescribeCreateAccountStatusCommand({ CreateAccountRequestId }))
    expect(asked.CreateAccountStatus).toEqual(CreateAccountStatus)
    const done = await world.as().send(new ListCreateAccountStatusCommand({ States: ['SUCCEEDED'] }))
    expect(done.CreateAccountStatuses).toEqual([CreateAccountStatus])
    const failed = await world.as().send(new ListCreateAccountStatusCommand({ States: ['FAILED'] }))
    expect(failed.CreateAccountStatuses).toEqual([])
    const { Account } = await world.as().send(new DescribeAccountCommand({ AccountId }))
    expect(Account).toMatchObject({
      Id: AccountId,
      Name: 'data',
      Email: 'data@example.com',
      Status: 'ACTIVE',
      JoinedMethod: 'CREATED',
    })
    // A real account: its root may sign.
    expect(await refusal(world.as(AccountId).send(new DescribeOrganizationCommand({})))).toBe('allowed')
  })

  it('are moved, and the hierarchy tells where they are', async () => {
    await world.join(MEMBER)
    const apps = await world.unit('apps')
    const inner = await world.unit('inner', apps)
    await world.move(MEMBER, inner)
    const id = viewOf(MEMBER)?.id ?? ''
    expect(viewOf(MEMBER)?.path).toBe(`${id}/${world.rootId}/${apps}/${inner}/`)
    const parents = await world.as().send(new ListParentsCommand({ ChildId: MEMBER }))
    expect(parents.Parents).toEqual([{ Id: inner, Type: 'ORGANIZATIONAL_UNIT' }])
    const above = await world.as().send(new ListParentsCommand({ ChildId: apps }))
    expect(above.Parents).toEqual([{ Id: world.rootId, Type: 'ROOT' }])
    const accounts = await world.as().send(new ListAccountsForParentCommand({ ParentId: inner }))
    expect(accounts.Accounts?.map(({ Id }) => Id)).toEqual([MEMBER])
    const children = { ParentId: world.rootId, ChildType: 'ACCOUNT' } as const
    expect((await world.as().send(new ListChildrenCommand(children))).Children).toEqual([
      { Id: MANAGEMENT, Type: 'ACCOUNT' },
    ])
    const units = await world.as().send(new ListChildrenCommand({ ...children, ChildType: 'ORGANIZATIONAL_UNIT' }))
    expect(units.Children).toEqual([{ Id: apps, Type: 'ORGANIZATIONAL_UNIT' }])
  })

  it('are moved only from where they are to what exists', async () => {
    await world.join(MEMBER)
    const apps = await world.unit('apps')
    const nowhere = `ou-${world.rootId.slice(2)}-00000000`
    const move = (AccountId: string, SourceParentId: string, DestinationParentId: string) =>
      refusal(world.as().send(new MoveAccountCommand({ AccountId, SourceParentId, DestinationParentId })))
    expect(await move(MEMBER, apps, world.rootId)).toMatch(/^400 SourceParentNotFoundException: /)
    expect(await move(MEMBER, world.rootId, nowhere)).toMatch(/^400 DestinationParentNotFoundException: /)
    expect(await move(MEMBER, world.rootId, world.rootId)).toMatch(/^400 DuplicateAccountException: /)
    expect(await move(OUTSIDER, world.rootId, apps)).toMatch(/^400 AccountNotFoundException: /)
  })

  it('are removed, or leave; the management account stays', async () => {
    await world.join(MEMBER)
    const stay = /^400 MasterCannotLeaveOrganizationException: /
    expect(await refusal(world.as().send(new LeaveOrganizationCommand({})))).toMatch(stay)
    const remove = (AccountId: string) => world.as().send(new RemoveAccountFromOrganizationCommand({ AccountId }))
    expect(await refusal(remove(MANAGEMENT))).toMatch(stay)
    await remove(MEMBER)
    expect(await refusal(world.as(MEMBER).send(new DescribeOrganizationCommand({})))).toBe(NOT_IN_USE)
    expect(viewOf(MEMBER)).toBeUndefined()
    const { Accounts } = await world.as().send(new ListAccountsCommand({}))
    expect(Accounts?.map(({ Id }) => Id)).toEqual([MANAGEMENT])
  })
})

describe('tags', () => {
  it('are put on anything, and taken off', async () => {
    const unit = await world.unit('apps')
    const policy = await world.policy('p', document({ Effect: 'Deny', Action: 's3:*', Resource: '*' }))
    for (const ResourceId of [world.rootId, unit, MANAGEMENT, policy]) {
      const Tags = [
        { Key: 'team', Value: 'red' },
        { Key: 'stage', Value: '' },
      ]
      await world.as().send(new TagResourceCommand({ ResourceId, Tags }))
      await world.as().send(new UntagResourceCommand({ ResourceId, TagKeys: ['stage'] }))
      const listed = await world.as().send(new ListTagsForResourceCommand({ ResourceId }))
      expect(listed.Tags).toEqual([{ Key: 'team', Value: 'red' }])
    }
  })

  it('have limits', async () => {
    const tag = (Tags: { Key: string; Value: string }[], ResourceId = world.rootId) =>
      world.as().send(new TagResourceCommand({ ResourceId, Tags }))
    const one = { Key: 'a', Value: '' }
    expect(await reason(tag([one, one]))).toBe('DUPLICATE_TAG_KEY')
    expect(await reason(tag([{ Key: 'aws:x', Value: '' }]))).toBe('INVALID_SYSTEM_TAGS_PARAMETER')
    const many = Array.from({ length: 51 }, (_, i) => ({ Key: String(i), Value: '' }))
    expect(await reason(tag(many))).toBe('MAX_TAG_LIMIT_EXCEEDED')
    expect(await refusal(tag([one], OUTSIDER))).toMatch(/^400 TargetNotFoundException: /)
    expect(await reason(tag([one], 'p-FullAWSAccess'))).toBe('IMMUTABLE_POLICY')
  })
})
