import { beforeEach, describe, expect, it } from '@jest/globals'
import {
  CreateAccessKeyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  DeleteAccessKeyCommand,
  GetAccessKeyLastUsedCommand,
  ListAccessKeysCommand,
  PutUserPolicyCommand,
  UpdateAccessKeyCommand,
  UpdateUserCommand,
  type IAMClient,
} from '@aws-sdk/client-iam'
import { ACCOUNT, allow, refusal, rootOf, testIam, trust, type TestIam } from './support.ts'

let iam: TestIam
let root: IAMClient

beforeEach(async () => {
  iam = await testIam()
  root = iam.as()
  await root.send(new CreateUserCommand({ UserName: 'anna', Path: '/team/' }))
})

const create = async (UserName?: string) => (await root.send(new CreateAccessKeyCommand({ UserName }))).AccessKey

describe('CreateAccessKey', () => {
  it('gives an id, a secret of 40 characters, and keeps the secret apart', async () => {
    const key = await create('anna')
    expect(key?.AccessKeyId).toMatch(/^AKIA[A-Z2-7]{16}$/)
    expect(key?.SecretAccessKey).toMatch(/^[A-Za-z0-9+/]{40}$/)
    expect(key).toMatchObject({ UserName: 'anna', Status: 'Active' })
    expect(iam.directory.accessKey(key?.AccessKeyId ?? '')).toEqual({
      secret: key?.SecretAccessKey,
      account: ACCOUNT,
      userName: 'anna',
      active: true,
    })
    expect(JSON.stringify(iam.store.export({ secrets: false }))).not.toContain(key?.SecretAccessKey)
    expect(JSON.stringify(iam.latest())).not.toContain(key?.SecretAccessKey)
  })

  it('gives a user two, and no third', async () => {
    await create('anna')
    await create('anna')
    expect(await refusal(create('anna'))).toBe('409 LimitExceeded: Cannot exceed quota for AccessKeysPerUser: 2')
  })

  it('without a user name makes one for the caller: a user, or the root user', async () => {
    await root.send(
      new PutUserPolicyCommand({ UserName: 'anna', PolicyName: 'p', PolicyDocument: allow('iam:CreateAccessKey') }),
    )
    const own = await iam.as(iam.user('anna')).send(new CreateAccessKeyCommand({}))
    expect(own.AccessKey?.UserName).toBe('anna')
    const key = await create()
    expect(key).not.toHaveProperty('UserName')
    const found = iam.directory.accessKey(key?.AccessKeyId ?? '')
    expect(found?.userName).toBeUndefined()
    expect(iam.directory.userPrincipal(ACCOUNT, found?.userName)).toEqual(rootOf(ACCOUNT))
  })

  it('needs a user name from sessions', async () => {
    await root.send(
      new CreateRoleCommand({ RoleName: 'r', AssumeRolePolicyDocument: trust(`arn:aws:iam::${ACCOUNT}:root`) }),
    )
    expect(await refusal(iam.as(iam.session('r', 's')).send(new CreateAccessKeyCommand({})))).toBe(
      '400 ValidationError: Must specify userName when calling with non-User credentials',
    )
  })

  it('is denied on the user', async () => {
    expect(await refusal(iam.as(iam.user('anna')).send(new CreateAccessKeyCommand({ UserName: 'ANNA' })))).toBe(
      '403 AccessDenied: User: arn:aws:iam::111111111111:user/team/anna is not authorized to perform: iam:CreateAccessKey on resource: user anna because no identity-based policy allows the iam:CreateAccessKey action',
    )
  })
})

describe('ListAccessKeys', () => {
  it('never shows secrets', async () => {
    const ids = [(await create('anna'))?.AccessKeyId, (await create('anna'))?.AccessKeyId].sort()
    const { AccessKeyMetadata, IsTruncated } = await root.send(new ListAccessKeysCommand({ UserName: 'anna' }))
    expect(AccessKeyMetadata?.map(({ AccessKeyId }) => AccessKeyId)).toEqual(ids)
    expect(IsTruncated).toBe(false)
    expect(Object.keys(AccessKeyMetadata?.[0] ?? {}).sort()).toEqual([
      'AccessKeyId',
      'CreateDate',
      'Status',
      'UserName',
    ])
  })
})

describe('UpdateAccessKey', () => {
  it('switches a key off and on', async () => {
    const AccessKeyId = (await create('anna'))?.AccessKeyId
    await root.send(new UpdateAccessKeyCommand({ UserName: 'anna', AccessKeyId, Status: 'Inactive' }))
    expect(iam.directory.accessKey(AccessKeyId ?? '')?.active).toBe(false)
    await root.send(new UpdateAccessKeyCommand({ UserName: 'anna', AccessKeyId, Status: 'Active' }))
    expect(iam.directory.accessKey(AccessKeyId ?? '')?.active).toBe(true)
  })

  it('refuses a status that is none, in the newer form of the sentence', async () => {
    const AccessKeyId = (await create('anna'))?.AccessKeyId
    expect(
      await refusal(
        root.send(new UpdateAccessKeyCommand({ UserName: 'anna', AccessKeyId, Status: 'active' as 'Active' })),
      ),
    ).toBe(
      "400 ValidationError: 1 validation error detected: Value at 'status' failed to satisfy constraint: Member must satisfy enum value set",
    )
  })

  it('refuses Expired', async () => {
    const AccessKeyId = (await create('anna'))?.AccessKeyId
    expect(
      await refusal(root.send(new UpdateAccessKeyCommand({ UserName: 'anna', AccessKeyId, Status: 'Expired' }))),
    ).toMatch(/^400 InvalidInput: /)
  })
})

describe('DeleteAccessKey', () => {
  it('deletes a key of that user only', async () => {
    await root.send(new CreateUserCommand({ UserName: 'bob' }))
    const AccessKeyId = (await create('anna'))?.AccessKeyId
    expect(await refusal(root.send(new DeleteAccessKeyCommand({ UserName: 'bob', AccessKeyId })))).toBe(
      `404 NoSuchEntity: The Access Key with id ${String(AccessKeyId)} cannot be found.`,
    )
    await root.send(new DeleteAccessKeyCommand({ UserName: 'anna', AccessKeyId }))
    expect(iam.directory.accessKey(AccessKeyId ?? '')).toBeUndefined()
  })
})

describe('GetAccessKeyLastUsed', () => {
  const lastUsed = async (AccessKeyId: string | undefined) =>
    root.send(new GetAccessKeyLastUsedCommand({ AccessKeyId }))

  it('tells what the request path noted, and N/A before', async () => {
    const AccessKeyId = (await create('anna'))?.AccessKeyId
    expect(await lastUsed(AccessKeyId)).toMatchObject({
      UserName: 'anna',
      AccessKeyLastUsed: { ServiceName: 'N/A', Region: 'N/A' },
    })
    iam.directory.usedAccessKey(AccessKeyId ?? '', { at: Date.UTC(2026, 8, 12), service: 'kms', region: 'eu-west-1' })
    expect((await lastUsed(AccessKeyId)).AccessKeyLastUsed).toEqual({
      LastUsedDate: new Date('2026-09-12T00:00:00Z'),
      ServiceName: 'kms',
      Region: 'eu-west-1',
    })
  })

  it('is checked against the ARN of the user who owns the key, as it is now', async () => {
    const AccessKeyId = (await create('anna'))?.AccessKeyId
    await root.send(
      new PutUserPolicyCommand({
        UserName: 'anna',
        PolicyName: 'p',
        PolicyDocument: allow('iam:GetAccessKeyLastUsed', `arn:aws:iam::${ACCOUNT}:user/team/*`),
      }),
    )
    const ask = () => refusal(iam.as(iam.user('anna')).send(new GetAccessKeyLastUsedCommand({ AccessKeyId })))
    expect(await ask()).toBe('no refusal')
    await root.send(new UpdateUserCommand({ UserName: 'anna', NewPath: '/elsewhere/' }))
    expect(await ask()).toMatch(/^403 AccessDenied: /)
    expect(iam.latest().decisions).toMatchObject([
      { layer: 'identity', request: { resource: 'arn:aws:iam::111111111111:user/elsewhere/anna' } },
    ])
  })
})
