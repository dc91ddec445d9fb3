import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import {
  CreateAccessKeyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  DeleteUserPolicyCommand,
  GetAccessKeyLastUsedCommand,
  GetRoleCommand,
  GetUserCommand,
  IAMClient,
  ListUsersCommand,
  PutRolePolicyCommand,
  PutUserPolicyCommand,
  UpdateAccessKeyCommand,
} from '@aws-sdk/client-iam'
import { AssumeRoleCommand, GetSessionTokenCommand, STSClient } from '@aws-sdk/client-sts'
import { ACCOUNT, startEmulator, type Credentials, type TestEmulator } from '../../support/emulator.ts'
import { allow, refusal, trust } from './support.ts'

let emulator: TestEmulator
let root: IAMClient
let credentials: Credentials

beforeAll(async () => {
  emulator = await startEmulator()
  root = emulator.client(IAMClient)
  await root.send(new CreateUserCommand({ UserName: 'anna' }))
  const { AccessKey } = await root.send(new CreateAccessKeyCommand({ UserName: 'anna' }))
  credentials = { accessKeyId: AccessKey?.AccessKeyId ?? '', secretAccessKey: AccessKey?.SecretAccessKey ?? '' }
})

afterAll(async () => {
  await emulator.stop()
})

const as = (given: Credentials, region?: string) => emulator.client(IAMClient, { credentials: given, region })

describe('an access key of IAM', () => {
  it('signs requests as its user, who may do nothing yet', async () => {
    expect(await refusal(as(credentials).send(new GetUserCommand({})))).toBe(
      '403 AccessDenied: User: arn:aws:iam::111111111111:user/anna is not authorized to perform: iam:GetUser on resource: user anna because no identity-based policy allows the iam:GetUser action',
    )
  })

  it('gains and loses permissions from one request to the next', async () => {
    const policy = { UserName: 'anna', PolicyName: 'p' }
    await root.send(new PutUserPolicyCommand({ ...policy, PolicyDocument: allow('iam:*') }))
    expect((await as(credentials).send(new GetUserCommand({}))).User?.Arn).toBe(`arn:aws:iam::${ACCOUNT}:user/anna`)
    await root.send(new DeleteUserPolicyCommand(policy))
    expect(await refusal(as(credentials).send(new ListUsersCommand({})))).toBe(
      '403 AccessDenied: User: arn:aws:iam::111111111111:user/anna is not authorized to perform: iam:ListUsers on resource: arn:aws:iam::111111111111:user/ because no identity-based policy allows the iam:ListUsers action',
    )
  })

  it('may be signed for any region', async () => {
    const { Users } = await emulator.client(IAMClient, { region: 'eu-west-1' }).send(new ListUsersCommand({}))
    expect(Users?.map(({ UserName }) => UserName)).toEqual(['anna'])
  })

  it('is noted when it is used', async () => {
    await refusal(as(credentials).send(new GetUserCommand({})))
    const { AccessKeyId } = { AccessKeyId: credentials.accessKeyId }
    const { AccessKeyLastUsed } = await root.send(new GetAccessKeyLastUsedCommand({ AccessKeyId }))
    expect(AccessKeyLastUsed).toMatchObject({ ServiceName: 'iam', Region: 'us-east-1' })
  })

  it('is refused with another secret, and when it is switched off', async () => {
    const wrong = { ...credentials, secretAccessKey: 'x'.repeat(40) }
    expect(await refusal(as(wrong).send(new GetUserCommand({})))).toMatch(/^403 SignatureDoesNotMatch: /)
    const key = { UserName: 'anna', AccessKeyId: credentials.accessKeyId }
    await root.send(new UpdateAccessKeyCommand({ ...key, Status: 'Inactive' }))
    expect(await refusal(as(credentials).send(new GetUserCommand({})))).toBe(
      '403 InvalidClientTokenId: The security token included in the request is invalid.',
    )
    await root.send(new UpdateAccessKeyCommand({ ...key, Status: 'Active' }))
  })

  it('gives session tokens that IAM does not know', async () => {
    const sts = emulator.client(STSClient, { credentials })
    const { Credentials: made } = await sts.send(new GetSessionTokenCommand({}))
    const session = {
      accessKeyId: made?.AccessKeyId ?? '',
      secretAccessKey: made?.SecretAccessKey ?? '',
      sessionToken: made?.SessionToken,
    }
    expect(await refusal(as(session).send(new GetUserCommand({})))).toBe(
      '403 InvalidClientTokenId: The security token included in the request is invalid',
    )
  })

  it('never appears in the log with its secret', () => {
    expect(emulator.lines.join('\n')).not.toContain(credentials.secretAccessKey)
  })
})

describe('a role of IAM', () => {
  it('is assumed, acts by its own policies, and remembers its last use', async () => {
    const RoleName = 'reader'
    const { Role } = await root.send(
      new CreateRoleCommand({
        RoleName,
        Path: '/app/',
        AssumeRolePolicyDocument: trust(`arn:aws:iam::${ACCOUNT}:user/anna`),
      }),
    )
    const sts = emulator.client(STSClient, { credentials })
    const { Credentials: made } = await sts.send(new AssumeRoleCommand({ RoleArn: Role?.Arn, RoleSessionName: 'one' }))
    const session = as({
      accessKeyId: made?.AccessKeyId ?? '',
      secretAccessKey: made?.SecretAccessKey ?? '',
      sessionToken: made?.SessionToken,
    })
    expect(await refusal(session.send(new GetRoleCommand({ RoleName })))).toBe(
      '403 AccessDenied: User: arn:aws:sts::111111111111:assumed-role/reader/one is not authorized to perform: iam:GetRole on resource: role reader because no identity-based policy allows the iam:GetRole action',
    )
    await root.send(
      new PutRolePolicyCommand({ RoleName, PolicyName: 'p', PolicyDocument: allow('iam:GetRole', Role?.Arn) }),
    )
    await session.send(new GetRoleCommand({ RoleName }))
    const { Role: used } = await root.send(new GetRoleCommand({ RoleName }))
    expect(used?.RoleLastUsed).toMatchObject({ Region: 'us-east-1' })
  })
})
