import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { DetachPolicyCommand, UpdatePolicyCommand } from '@aws-sdk/client-organizations'
import {
  CreateAccessKeyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  IAMClient,
  PutUserPolicyCommand,
} from '@aws-sdk/client-iam'
import { CreateKeyCommand, DescribeKeyCommand, EncryptCommand, KMSClient } from '@aws-sdk/client-kms'
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import {
  MANAGEMENT,
  MEMBER,
  OUTSIDER,
  OrganizationWorld,
  document,
  forbid,
  forbidAll,
  refusal,
  rootOf,
  type Credentials,
} from './support.ts'

let world: OrganizationWorld
const ROOT = `arn:aws:iam::${MEMBER}:root`

beforeAll(async () => {
  world = await OrganizationWorld.start()
})
beforeEach(async () => {
  await world.found()
  await world.join(MEMBER)
})
afterAll(() => world.test.stop())

const kms = (account: string | Credentials) =>
  world.test.client(KMSClient, { credentials: typeof account === 'string' ? rootOf(account) : account })
const createKey = (account: string | Credentials) => refusal(kms(account).send(new CreateKeyCommand({})))
const denied = (reason: string, caller = ROOT) =>
  `400 AccessDeniedException: User: ${caller} is not authorized to perform: kms:CreateKey on resource: * ${reason}`
const UNALLOWED = 'because no service control policy allows the kms:CreateKey action'
const FORBIDDEN = 'with an explicit deny in a service control policy'

async function user(account: string, allowed: string): Promise<Credentials> {
  const iam = world.test.client(IAMClient, { credentials: rootOf(account) })
  await iam.send(new CreateUserCommand({ UserName: 'anna' }))
  const PolicyDocument = document({ Effect: 'Allow', Action: allowed, Resource: '*' })
  await iam.send(new PutUserPolicyCommand({ UserName: 'anna', PolicyName: 'p', PolicyDocument }))
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'anna' }))
  return { accessKeyId: AccessKey?.AccessKeyId ?? '', secretAccessKey: AccessKey?.SecretAccessKey ?? '' }
}

describe('service control policies', () => {
  beforeEach(() => world.enable('SERVICE_CONTROL_POLICY'))

  it('bind the root user and the users of a member, not the management account, nor outsiders', async () => {
    await world.attach(await world.policy('p', forbid('kms:CreateKey')), world.rootId)
    const anna = await user(MEMBER, '*')
    expect(await createKey(MEMBER)).toBe(denied(FORBIDDEN))
    expect(world.denyingLayer()).toBe('scp')
    expect(await createKey(anna)).toBe(denied(FORBIDDEN, `arn:aws:iam::${MEMBER}:user/anna`))
    expect(await createKey(MANAGEMENT)).toBe('allowed')
    expect(await createKey(OUTSIDER)).toBe('allowed')
  })

  it('allow only what every level allows', async () => {
    const unit = await world.unit('apps')
    await world.move(MEMBER, unit)
    expect(await createKey(MEMBER)).toBe('allowed')
    const only = await world.policy('only-s3', document({ Effect: 'Allow', Action: 's3:*', Resource: '*' }))
    await world.attach(only, unit)
    expect(await createKey(MEMBER)).toBe('allowed')
    await world.as().send(new DetachPolicyCommand({ PolicyId: 'p-FullAWSAccess', TargetId: unit }))
    expect(await createKey(MEMBER)).toBe(denied(UNALLOWED))
    expect(world.denyingLayer()).toBe('scp')
    // Back at the root, the unit no longer bears on it.
    await world.move(MEMBER, world.rootId, unit)
    expect(await createKey(MEMBER)).toBe('allowed')
  })

  it('give no permission', async () => {
    const anna = await user(MEMBER, 's3:*')
    expect(await createKey(anna)).toBe(
      denied('because no identity-based policy allows the kms:CreateKey action', `arn:aws:iam::${MEMBER}:user/anna`),
    )
    expect(world.denyingLayer()).toBe('identity')
  })

  it('are in force as soon as they change', async () => {
    const id = await world.policy('p', forbid('s3:*'))
    await world.attach(id, MEMBER)
    expect(await createKey(MEMBER)).toBe('allowed')
    await world.as().send(new UpdatePolicyCommand({ PolicyId: id, Content: forbid('kms:*') }))
    expect(await createKey(MEMBER)).toBe(denied(FORBIDDEN))
    await world.as().send(new DetachPolicyCommand({ PolicyId: id, TargetId: MEMBER }))
    expect(await createKey(MEMBER)).toBe('allowed')
  })

  it('know conditions', async () => {
    const Condition = { StringNotEquals: { 'aws:RequestedRegion': 'eu-west-1' } }
    await world.attach(await world.policy('p', forbid('kms:*', { Condition })), MEMBER)
    expect(await createKey(MEMBER)).toBe(denied(FORBIDDEN))
    const elsewhere = world.test.client(KMSClient, { credentials: rootOf(MEMBER), region: 'eu-west-1' })
    expect(await refusal(elsewhere.send(new CreateKeyCommand({})))).toBe('allowed')
  })

  it('do not reach GetCallerIdentity', async () => {
    await world.attach(await world.policy('p', forbid('*')), MEMBER)
    const sts = world.test.client(STSClient, { credentials: rootOf(MEMBER) })
    expect(await refusal(sts.send(new GetCallerIdentityCommand({})))).toBe('allowed')
  })
})

describe('resource control policies', () => {
  let key: string
  const encrypt = (account: string | Credentials, KeyId = key) =>
    refusal(kms(account).send(new EncryptCommand({ KeyId, Plaintext: Buffer.from('x') })))
  const openKey = async (account: string) => {
    const Policy = document(
      { Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${account}:root` }, Action: 'kms:*', Resource: '*' },
      { Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${OUTSIDER}:root` }, Action: 'kms:Encrypt', Resource: '*' },
    )
    return (await kms(account).send(new CreateKeyCommand({ Policy }))).KeyMetadata?.Arn ?? ''
  }
  const refused = (caller: string, where: string) =>
    `400 AccessDeniedException: User: ${caller} is not authorized to perform: kms:Encrypt ${where} with an explicit deny in a resource control policy`

  beforeEach(async () => {
    await world.enable('RESOURCE_CONTROL_POLICY')
    key = await openKey(MEMBER)
  })

  it('bind whoever uses a member’s resource, outsiders and the root user alike', async () => {
    expect(await encrypt(MEMBER)).toBe('allowed')
    expect(await encrypt(OUTSIDER)).toBe('allowed')
    await world.attach(await world.policy('r', forbidAll('kms:Encrypt'), 'RESOURCE_CONTROL_POLICY'), world.rootId)
    expect(await encrypt(MEMBER)).toBe(refused(ROOT, `on resource: ${key}`))
    expect(world.denyingLayer()).toBe('rcp')
    expect(await encrypt(OUTSIDER)).toBe(refused(`arn:aws:iam::${OUTSIDER}:root`, 'on this resource'))
    expect(await refusal(kms(MEMBER).send(new DescribeKeyCommand({ KeyId: key })))).toBe('allowed')
  })

  it('do not bind the management account’s resources, nor others’', async () => {
    await world.attach(await world.policy('r', forbidAll('kms:Encrypt'), 'RESOURCE_CONTROL_POLICY'), world.rootId)
    expect(await encrypt(MANAGEMENT, await openKey(MANAGEMENT))).toBe('allowed')
    expect(await encrypt(OUTSIDER, await openKey(OUTSIDER))).toBe('allowed')
  })

  it('keep an organization’s resources to its own', async () => {
    const Condition = { StringNotEqualsIfExists: { 'aws:PrincipalOrgID': '${aws:ResourceOrgID}' } }
    await world.attach(
      await world.policy('r', forbidAll('kms:Encrypt', { Condition }), 'RESOURCE_CONTROL_POLICY'),
      world.rootId,
    )
    expect(await encrypt(MEMBER)).toBe('allowed')
    expect(await encrypt(OUTSIDER)).toBe(refused(`arn:aws:iam::${OUTSIDER}:root`, 'on this resource'))
  })

  it('bind the assuming of roles', async () => {
    const anna = await user(OUTSIDER, 'sts:*')
    const caller = `arn:aws:iam::${OUTSIDER}:user/anna`
    const AssumeRolePolicyDocument = document({ Effect: 'Allow', Principal: { AWS: caller }, Action: 'sts:AssumeRole' })
    await world.test
      .client(IAMClient, { credentials: rootOf(MEMBER) })
      .send(new CreateRoleCommand({ RoleName: 'r', AssumeRolePolicyDocument }))
    const RoleArn = `arn:aws:iam::${MEMBER}:role/r`
    const assume = () =>
      refusal(
        world.test
          .client(STSClient, { credentials: anna })
          .send(new AssumeRoleCommand({ RoleArn, RoleSessionName: 'session' })),
      )
    expect(await assume()).toBe('allowed')
    await world.attach(await world.policy('r', forbidAll('sts:AssumeRole'), 'RESOURCE_CONTROL_POLICY'), MEMBER)
    expect(await assume()).toBe(
      `403 AccessDenied: User: ${caller} is not authorized to perform: sts:AssumeRole on resource: ${RoleArn} with an explicit deny in a resource control policy`,
    )
    expect(world.denyingLayer()).toBe('rcp')
  })
})
