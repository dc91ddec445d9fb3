import { beforeEach, describe, expect, it } from '@jest/globals'
import {
  AddUserToGroupCommand,
  AttachGroupPolicyCommand,
  AttachUserPolicyCommand,
  CreateGroupCommand,
  CreatePolicyCommand,
  CreatePolicyVersionCommand,
  CreateRoleCommand,
  CreateUserCommand,
  DeleteRoleCommand,
  PutGroupPolicyCommand,
  PutRolePermissionsBoundaryCommand,
  PutRolePolicyCommand,
  PutUserPolicyCommand,
  type IAMClient,
} from '@aws-sdk/client-iam'
import type { FederatedUser } from '../../../emulator/access/types.ts'
import { ACCOUNT, allow, rootOf, testIam, trust, type TestIam } from './support.ts'

let iam: TestIam
let root: IAMClient

beforeEach(async () => {
  iam = await testIam()
  root = iam.as()
  await root.send(new CreateUserCommand({ UserName: 'anna', Path: '/team/', Tags: [{ Key: 'a', Value: 'b' }] }))
  await root.send(
    new CreateRoleCommand({
      RoleName: 'r',
      Path: '/app/',
      AssumeRolePolicyDocument: trust(`arn:aws:iam::${ACCOUNT}:root`),
    }),
  )
})

const POLICY = `arn:aws:iam::${ACCOUNT}:policy/p`
const names = (user = 'anna') => iam.directory.policiesOf(iam.user(user), undefined).identity.map(({ name }) => name)

describe('principals', () => {
  it('are found by ARN, path included, and by id', () => {
    const user = iam.user('anna')
    expect(user).toMatchObject({ kind: 'user', arn: `arn:aws:iam::${ACCOUNT}:user/team/anna`, tags: { a: 'b' } })
    const { userId } = user as { userId: string }
    expect(iam.directory.principalId(`arn:aws:iam::${ACCOUNT}:user/team/anna`)).toBe(userId)
    expect(iam.directory.principalId(`arn:aws:iam::${ACCOUNT}:user/anna`)).toBeUndefined()
    expect(iam.directory.principalId(`arn:aws:iam::222222222222:user/team/anna`)).toBeUndefined()
    expect(iam.directory.principalId('anna')).toBeUndefined()
    expect(iam.directory.principalArn(userId)).toBe(`arn:aws:iam::${ACCOUNT}:user/team/anna`)
    expect(iam.directory.principalArn('AIDAXXXXXXXXXXXXXXXXX')).toBeUndefined()
  })

  it('roles come with what STS needs', () => {
    const role = iam.directory.role(`arn:aws:iam::${ACCOUNT}:role/app/r`)
    expect(role).toMatchObject({ name: 'r', path: '/app/', account: ACCOUNT, maxSessionSeconds: 3600, tags: {} })
    expect(role?.trust).toMatchObject({ layer: 'trust', text: trust(`arn:aws:iam::${ACCOUNT}:root`) })
    expect(iam.directory.roleById(role?.id ?? '')).toEqual(role)
    expect(iam.directory.roleNamed(ACCOUNT, 'r')).toEqual(role)
    expect(iam.directory.roleNamed(ACCOUNT, 'R')).toBeUndefined()
    expect(iam.directory.roleNamed('222222222222', 'r')).toBeUndefined()
    expect(iam.directory.role(`arn:aws:iam::${ACCOUNT}:role/r`)).toBeUndefined()
    expect(iam.directory.roleById((iam.user('anna') as { userId: string }).userId)).toBeUndefined()
  })
})

describe('policiesOf a user', () => {
  it('gives its own, its groups, and managed ones once', async () => {
    await root.send(new CreateGroupCommand({ GroupName: 'g' }))
    await root.send(new CreatePolicyCommand({ PolicyName: 'p', PolicyDocument: allow('*') }))
    await root.send(new PutUserPolicyCommand({ UserName: 'anna', PolicyName: 'own', PolicyDocument: allow('*') }))
    await root.send(new PutGroupPolicyCommand({ GroupName: 'g', PolicyName: 'groups', PolicyDocument: allow('*') }))
    await root.send(new AttachUserPolicyCommand({ UserName: 'anna', PolicyArn: POLICY }))
    await root.send(new AttachGroupPolicyCommand({ GroupName: 'g', PolicyArn: POLICY }))
    expect(names()).toEqual(['own', 'p'])
    await root.send(new AddUserToGroupCommand({ UserName: 'anna', GroupName: 'g' }))
    expect(names()).toEqual(['own', 'groups', 'p'])
  })

  it('is the same object until something changes', async () => {
    await root.send(new PutUserPolicyCommand({ UserName: 'anna', PolicyName: 'own', PolicyDocument: allow('*') }))
    const read = () => iam.directory.policiesOf(iam.user('anna'), undefined)
    const before = read()
    expect(read()).toBe(before)
    await root.send(new PutUserPolicyCommand({ UserName: 'anna', PolicyName: 'own', PolicyDocument: allow('s3:*') }))
    expect(read()).not.toBe(before)
    expect(read().identity[0]?.text).toBe(allow('s3:*'))
  })

  it('follows an import of another state', async () => {
    await root.send(new PutUserPolicyCommand({ UserName: 'anna', PolicyName: 'own', PolicyDocument: allow('*') }))
    const saved = iam.store.export({ secrets: true })
    const { userId } = iam.user('anna') as { userId: string }
    await root.send(new PutUserPolicyCommand({ UserName: 'anna', PolicyName: 'own', PolicyDocument: allow('s3:*') }))
    const text = () => iam.directory.policiesOf(iam.user('anna'), undefined).identity[0]?.text
    expect(text()).toBe(allow('s3:*'))
    iam.store.import(saved)
    iam.state.versions.replaced()
    expect(text()).toBe(allow('*'))
    expect(iam.directory.principalArn(userId)).toBe(`arn:aws:iam::${ACCOUNT}:user/team/anna`)
  })
})

describe('policiesOf a session', () => {
  it("gives the role's policies and boundary", async () => {
    await root.send(new CreatePolicyCommand({ PolicyName: 'p', PolicyDocument: allow('*') }))
    await root.send(new PutRolePolicyCommand({ RoleName: 'r', PolicyName: 'own', PolicyDocument: allow('*') }))
    await root.send(new PutRolePermissionsBoundaryCommand({ RoleName: 'r', PermissionsBoundary: POLICY }))
    expect(iam.directory.policiesOf(iam.session('r', 's'), undefined)).toMatchObject({
      identity: [{ layer: 'identity', name: 'own' }],
      boundary: { layer: 'boundary', name: 'p', arn: POLICY },
    })
  })

  it('reads managed session policies anew each time', async () => {
    await root.send(new CreatePolicyCommand({ PolicyName: 'p', PolicyDocument: allow('s3:*') }))
    const session = { inline: allow('kms:*'), arns: [POLICY] }
    const texts = () => iam.directory.policiesOf(iam.session('r', 's'), session).session?.map(({ text }) => text)
    expect(texts()).toEqual([allow('kms:*'), allow('s3:*')])
    await root.send(
      new CreatePolicyVersionCommand({ PolicyArn: POLICY, PolicyDocument: allow('sqs:*'), SetAsDefault: true }),
    )
    expect(texts()).toEqual([allow('kms:*'), allow('sqs:*')])
  })

  it('allows nothing when it is limited by no policy at all', () => {
    expect(iam.directory.policiesOf(iam.session('r', 's'), { inline: undefined, arns: [] }).session).toEqual([])
  })

  it('has nothing once the role is gone', async () => {
    await root.send(new PutRolePolicyCommand({ RoleName: 'r', PolicyName: 'own', PolicyDocument: allow('*') }))
    const session = iam.session('r', 's')
    expect(iam.directory.policiesOf(session, undefined).identity).toHaveLength(1)
    iam.state.roles.in(ACCOUNT).put('r', { ...iam.state.roles.in(ACCOUNT).get('r')!, inline: [] })
    await root.send(new DeleteRoleCommand({ RoleName: 'r' }))
    expect(iam.directory.policiesOf(session, undefined)).toEqual({ identity: [] })
  })
})

describe('policiesOf others', () => {
  const federated = (issuerArn: string, issuerId: string): FederatedUser => ({
    kind: 'federated',
    account: ACCOUNT,
    arn: `arn:aws:sts::${ACCOUNT}:federated-user/f`,
    name: 'f',
    userId: `${ACCOUNT}:f`,
    issuerArn,
    issuerId,
    tags: {},
    session: { issuedAt: 0, mfa: false },
  })

  it("a federated user has its issuer's", async () => {
    await root.send(new PutUserPolicyCommand({ UserName: 'anna', PolicyName: 'own', PolicyDocument: allow('*') }))
    const anna = iam.user('anna') as { arn: string; userId: string }
    const policies = iam.directory.policiesOf(federated(anna.arn, anna.userId), { inline: undefined, arns: [] })
    expect(policies.identity.map(({ name }) => name)).toEqual(['own'])
    expect(policies.session).toEqual([])
  })

  it('one issued by the root user has everything, within its session', () => {
    const policies = iam.directory.policiesOf(federated(`arn:aws:iam::${ACCOUNT}:root`, ACCOUNT), undefined)
    expect(policies.identity.map(({ text }) => text)).toEqual([allow('*').replace('["*"]', '"*"')])
  })

  it('root, services and strangers have none', () => {
    for (const principal of [rootOf(ACCOUNT), { kind: 'service', service: 'x' }, { kind: 'anonymous' }] as const) {
      expect(iam.directory.policiesOf(principal, undefined)).toEqual({ identity: [] })
    }
  })
})

describe('adoptAccessKey', () => {
  it('gives a user a known key', () => {
    iam.directory.adoptAccessKey(ACCOUNT, 'ANNA', { id: 'AKIAEXAMPLE', secret: 'known' })
    expect(iam.directory.accessKey('AKIAEXAMPLE')).toEqual({
      secret: 'known',
      account: ACCOUNT,
      userName: 'anna',
      active: true,
    })
    expect(() => {
      iam.directory.adoptAccessKey(ACCOUNT, 'nobody', { id: 'x', secret: 'y' })
    }).toThrow('account 111111111111 has no user `nobody` to give an access key to')
  })
})
