import { beforeEach, describe, expect, it } from '@jest/globals'
import {
  CreateAccessKeyCommand,
  CreateGroupCommand,
  AddUserToGroupCommand,
  CreateUserCommand,
  DeleteUserCommand,
  GetUserCommand,
  ListUsersCommand,
  PutUserPolicyCommand,
  UpdateUserCommand,
  type IAMClient,
} from '@aws-sdk/client-iam'
import { ACCOUNT, allow, refusal, testIam, type TestIam } from './support.ts'

let iam: TestIam
let root: IAMClient

beforeEach(async () => {
  iam = await testIam()
  root = iam.as()
})

const create = (UserName: string, Path?: string) => root.send(new CreateUserCommand({ UserName, Path }))

describe('serialisation', () => {
  it('answers as AWS does, on the wire', async () => {
    const { status, body } = await iam.raw({ Action: 'CreateUser', UserName: 'Anna', Path: '/team/' })
    expect(status).toBe(200)
    expect(body.replace(/A[A-Z2-7]{20}(?=<)/, 'ID').replace(/[0-9a-f-]{36}/, 'REQUEST')).toBe(
      '<CreateUserResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><CreateUserResult><User><Path>/team/</Path>' +
        '<UserName>Anna</UserName><UserId>ID</UserId><Arn>arn:aws:iam::111111111111:user/team/Anna</Arn>' +
        '<CreateDate>2026-09-12T06:21:24Z</CreateDate></User></CreateUserResult>' +
        '<ResponseMetadata><RequestId>REQUEST</RequestId></ResponseMetadata></CreateUserResponse>',
    )
  })

  it('reads lists of structures', async () => {
    await iam.raw({ Action: 'CreateUser', UserName: 'a', 'Tags.member.1.Key': 'team', 'Tags.member.1.Value': 'red' })
    const { User } = await root.send(new GetUserCommand({ UserName: 'a' }))
    expect(User?.Tags).toEqual([{ Key: 'team', Value: 'red' }])
  })
})

describe('validation', () => {
  it.each(['/team', 'team/', '/ space/', '//', '/é/', '/a/\n'])('refuses the path %j', async (Path) => {
    expect(await refusal(create('anna', Path))).toMatch(
      /^400 ValidationError: 1 validation error detected: Value at 'path' failed to satisfy constraint: Member must satisfy regular expression pattern: \(\\u002F\)\|\(\\u002F\[\\u0021-\\u007E\]\+\\u002F\)$/,
    )
  })

  it.each(['/', '/team/', '/a//b/'])('takes the path %j', async (Path) => {
    expect((await create('anna', Path)).User?.Path).toBe(Path)
  })

  it('takes names of 64 characters and refuses 65', async () => {
    expect((await create('x'.repeat(64))).User?.UserName).toHaveLength(64)
    expect(await refusal(create('x'.repeat(65)))).toBe(
      "400 ValidationError: 1 validation error detected: Value at 'userName' failed to satisfy constraint: Member must have length less than or equal to 64",
    )
  })

  it('refuses a name that ends in a newline, on get as well', async () => {
    const sentence =
      "400 ValidationError: 1 validation error detected: Value at 'userName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]+"
    expect(await refusal(create('anna\n'))).toBe(sentence)
    expect(await refusal(root.send(new GetUserCommand({ UserName: 'anna\n' })))).toBe(sentence)
  })
})

describe('CreateUser', () => {
  it('gives an id of its kind', async () => {
    const { User } = await create('anna')
    expect(User?.UserId).toMatch(/^AIDA[A-Z2-7]{17}$/)
    expect(User?.Arn).toBe('arn:aws:iam::111111111111:user/anna')
  })

  it('refuses a name that differs only by case', async () => {
    await create('Anna')
    expect(await refusal(create('anna'))).toBe('409 EntityAlreadyExists: User with name anna already exists.')
  })

  it('needs the permission to tag when tags are given', async () => {
    await create('boss')
    await root.send(
      new PutUserPolicyCommand({ UserName: 'boss', PolicyName: 'p', PolicyDocument: allow('iam:CreateUser') }),
    )
    const boss = iam.as(iam.user('boss'))
    await boss.send(new CreateUserCommand({ UserName: 'one' }))
    expect(await refusal(boss.send(new CreateUserCommand({ UserName: 'two', Tags: [{ Key: 'a', Value: 'b' }] })))).toBe(
      '403 AccessDenied: User: arn:aws:iam::111111111111:user/boss is not authorized to perform: iam:TagUser on resource: arn:aws:iam::111111111111:user/two because no identity-based policy allows the iam:TagUser action',
    )
    expect(await refusal(root.send(new GetUserCommand({ UserName: 'two' })))).toBe(
      '404 NoSuchEntity: The user with name two cannot be found.',
    )
  })

  it('is checked against the ARN with the requested path', async () => {
    await create('boss')
    await root.send(
      new PutUserPolicyCommand({
        UserName: 'boss',
        PolicyName: 'p',
        PolicyDocument: allow('iam:CreateUser', 'arn:aws:iam::111111111111:user/allowed/*'),
      }),
    )
    const boss = iam.as(iam.user('boss'))
    expect((await boss.send(new CreateUserCommand({ UserName: 'x', Path: '/allowed/' }))).User?.Path).toBe('/allowed/')
    expect(await refusal(boss.send(new CreateUserCommand({ UserName: 'y', Path: '/denied/' })))).toBe(
      '403 AccessDenied: User: arn:aws:iam::111111111111:user/boss is not authorized to perform: iam:CreateUser on resource: arn:aws:iam::111111111111:user/denied/y because no identity-based policy allows the iam:CreateUser action',
    )
  })
})

describe('GetUser', () => {
  it('finds names in any case and answers the stored one', async () => {
    await create('Anna')
    expect((await root.send(new GetUserCommand({ UserName: 'aNNA' }))).User?.UserName).toBe('Anna')
  })

  it('is about the caller when no user is named', async () => {
    await create('anna')
    await root.send(
      new PutUserPolicyCommand({
        UserName: 'anna',
        PolicyName: 'self',
        PolicyDocument: allow('iam:GetUser', 'arn:aws:iam::*:user/${aws:username}'),
      }),
    )
    expect((await iam.as(iam.user('anna')).send(new GetUserCommand({}))).User?.UserName).toBe('anna')
  })

  it('answers the root user about itself', async () => {
    const { User } = await root.send(new GetUserCommand({}))
    expect(User).toEqual({ UserId: ACCOUNT, Arn: `arn:aws:iam::${ACCOUNT}:root` })
  })

  it('is checked against the stored ARN; the denial names the user, and the layer is the identity policies', async () => {
    await create('Anna', '/secret/')
    await create('bob')
    await root.send(
      new PutUserPolicyCommand({
        UserName: 'bob',
        PolicyName: 'p',
        PolicyDocument: allow('iam:GetUser', `arn:aws:iam::${ACCOUNT}:user/Anna`),
      }),
    )
    expect(await refusal(iam.as(iam.user('bob')).send(new GetUserCommand({ UserName: 'ANNA' })))).toBe(
      '403 AccessDenied: User: arn:aws:iam::111111111111:user/bob is not authorized to perform: iam:GetUser on resource: user Anna because no identity-based policy allows the iam:GetUser action',
    )
    expect(iam.latest().decisions).toMatchObject([
      {
        layer: 'identity',
        effect: 'implicit-deny',
        request: { resource: 'arn:aws:iam::111111111111:user/secret/Anna' },
      },
    ])
  })
})

describe('ListUsers', () => {
  it('lists by path, in pages', async () => {
    for (const name of ['carl', 'Anna', 'bob']) await create(name, '/team/')
    await create('dora', '/other/')
    const first = await root.send(new ListUsersCommand({ PathPrefix: '/team', MaxItems: 2 }))
    expect(first.Users?.map(({ UserName }) => UserName)).toEqual(['Anna', 'bob'])
    expect(first.IsTruncated).toBe(true)
    const second = await root.send(new ListUsersCommand({ PathPrefix: '/team', MaxItems: 2, Marker: first.Marker }))
    expect(second.Users?.map(({ UserName }) => UserName)).toEqual(['carl'])
    expect(second.IsTruncated).toBe(false)
    expect(second.Marker).toBeUndefined()
  })

  it('refuses a marker it did not make', async () => {
    expect(await refusal(root.send(new ListUsersCommand({ Marker: 'not a marker' })))).toBe(
      '400 ValidationError: Invalid Marker.',
    )
  })

  it('is denied on the path, as AWS words it', async () => {
    await create('bob')
    expect(await refusal(iam.as(iam.user('bob')).send(new ListUsersCommand({})))).toBe(
      '403 AccessDenied: User: arn:aws:iam::111111111111:user/bob is not authorized to perform: iam:ListUsers on resource: arn:aws:iam::111111111111:user/ because no identity-based policy allows the iam:ListUsers action',
    )
  })
})

describe('UpdateUser', () => {
  it('renames: the id stays, the old name is free, keys and groups come along', async () => {
    const before = await create('anna')
    const { AccessKey } = await root.send(new CreateAccessKeyCommand({ UserName: 'anna' }))
    await root.send(new UpdateUserCommand({ UserName: 'anna', NewUserName: 'Hanna', NewPath: '/x/' }))
    const { User } = await root.send(new GetUserCommand({ UserName: 'hanna' }))
    expect(User).toMatchObject({ UserId: before.User?.UserId, Arn: 'arn:aws:iam::111111111111:user/x/Hanna' })
    expect(await refusal(root.send(new GetUserCommand({ UserName: 'anna' })))).toBe(
      '404 NoSuchEntity: The user with name anna cannot be found.',
    )
    expect(iam.directory.accessKey(AccessKey?.AccessKeyId ?? '')).toMatchObject({ userName: 'Hanna', active: true })
    expect(iam.directory.principalArn(User?.UserId ?? '')).toBe('arn:aws:iam::111111111111:user/x/Hanna')
  })

  it('changes the case of a name', async () => {
    await create('anna')
    await root.send(new UpdateUserCommand({ UserName: 'anna', NewUserName: 'ANNA' }))
    expect((await root.send(new ListUsersCommand({}))).Users?.map(({ UserName }) => UserName)).toEqual(['ANNA'])
  })

  it('refuses a name that is taken', async () => {
    await create('anna')
    await create('bob')
    expect(await refusal(root.send(new UpdateUserCommand({ UserName: 'anna', NewUserName: 'BOB' })))).toBe(
      '409 EntityAlreadyExists: User with name BOB already exists.',
    )
  })
})

describe('DeleteUser', () => {
  beforeEach(async () => {
    await create('anna')
  })
  const remove = () => refusal(root.send(new DeleteUserCommand({ UserName: 'anna' })))

  it('deletes', async () => {
    expect(await remove()).toBe('no refusal')
    expect(await remove()).toBe('404 NoSuchEntity: The user with name anna cannot be found.')
  })

  it('refuses while there are access keys', async () => {
    await root.send(new CreateAccessKeyCommand({ UserName: 'anna' }))
    expect(await remove()).toBe('409 DeleteConflict: Cannot delete entity, must delete access keys first.')
  })

  it('refuses while there are inline policies', async () => {
    await root.send(new PutUserPolicyCommand({ UserName: 'anna', PolicyName: 'p', PolicyDocument: allow('*') }))
    expect(await remove()).toBe('409 DeleteConflict: Cannot delete entity, must delete policies first.')
  })

  it('refuses while it is in a group', async () => {
    await root.send(new CreateGroupCommand({ GroupName: 'g' }))
    await root.send(new AddUserToGroupCommand({ GroupName: 'g', UserName: 'anna' }))
    expect(await remove()).toBe('409 DeleteConflict: Cannot delete entity, must remove users from group first.')
  })

  it('makes a recreated user another one', async () => {
    const before = iam.user('anna')
    await remove()
    await create('anna')
    expect(iam.user('anna')).not.toEqual(before)
    expect(iam.directory.policiesOf(before, undefined)).toEqual({ identity: [] })
  })
})
