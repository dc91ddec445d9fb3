import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import {
  AttachPolicyCommand,
  CreateOrganizationCommand,
  CreatePolicyCommand,
  DeletePolicyCommand,
  DescribePolicyCommand,
  DetachPolicyCommand,
  DisablePolicyTypeCommand,
  EnablePolicyTypeCommand,
  ListPoliciesCommand,
  ListPoliciesForTargetCommand,
  ListRootsCommand,
  ListTargetsForPolicyCommand,
  UpdatePolicyCommand,
  type PolicyType,
} from '@aws-sdk/client-organizations'
import {
  MANAGEMENT,
  MEMBER,
  OUTSIDER,
  OrganizationWorld,
  document,
  forbid,
  forbidAll,
  reason,
  refusal,
} from './support.ts'

let world: OrganizationWorld
const SCP = 'SERVICE_CONTROL_POLICY'
const RCP = 'RESOURCE_CONTROL_POLICY'
const MALFORMED =
  '400 MalformedPolicyDocumentException: The provided policy document does not meet the requirements of the specified policy type.'

beforeAll(async () => {
  world = await OrganizationWorld.start()
})
beforeEach(() => world.found())
afterAll(() => world.test.stop())

const attachedTo = async (TargetId: string, Filter: PolicyType = SCP) =>
  (await world.as().send(new ListPoliciesForTargetCommand({ TargetId, Filter }))).Policies?.map(({ Id }) => Id)
const detach = (PolicyId: string, TargetId: string) => world.as().send(new DetachPolicyCommand({ PolicyId, TargetId }))
const contentOf = async (PolicyId: string) =>
  (await world.as().send(new DescribePolicyCommand({ PolicyId }))).Policy?.Content

describe('policy types', () => {
  const enable = (type: string) =>
    world.as().send(new EnablePolicyTypeCommand({ RootId: world.rootId, PolicyType: type as PolicyType }))

  it.each([
    [SCP, 'p-FullAWSAccess'],
    [RCP, 'p-RCPFullAWSAccess'],
  ] as const)('%s: AWS’s own policy is attached to everything, also to what comes later', async (type, full) => {
    await world.join(MEMBER)
    const before = await world.unit('before')
    const { Root } = await enable(type)
    expect(Root?.PolicyTypes).toEqual([{ Type: type, Status: 'PENDING_ENABLE' }])
    const { Roots } = await world.as().send(new ListRootsCommand({}))
    expect(Roots?.[0]?.PolicyTypes).toEqual([{ Type: type, Status: 'ENABLED' }])
    const after = await world.unit('after')
    await world.join(OUTSIDER)
    for (const target of [world.rootId, before, after, MANAGEMENT, MEMBER, OUTSIDER]) {
      expect(await attachedTo(target, type)).toEqual([full])
    }
  })

  it('are enabled once, and disabled when enabled', async () => {
    await enable(SCP)
    expect(await refusal(enable(SCP))).toMatch(/^400 PolicyTypeAlreadyEnabledException: /)
    const disable = (PolicyType: PolicyType) =>
      world.as().send(new DisablePolicyTypeCommand({ RootId: world.rootId, PolicyType }))
    expect(await refusal(disable(RCP))).toMatch(/^400 PolicyTypeNotEnabledException: /)
    const id = await world.policy('p', forbid('s3:*'))
    await world.attach(id, world.rootId)
    expect((await disable(SCP)).Root?.PolicyTypes).toEqual([{ Type: SCP, Status: 'PENDING_DISABLE' }])
    // Everything was detached, and stays so.
    await enable(SCP)
    expect(await attachedTo(world.rootId)).toEqual(['p-FullAWSAccess'])
  })

  it('need all features', async () => {
    await world.as(OUTSIDER).send(new CreateOrganizationCommand({ FeatureSet: 'CONSOLIDATED_BILLING' }))
    const { Roots } = await world.as(OUTSIDER).send(new ListRootsCommand({}))
    const command = new EnablePolicyTypeCommand({ RootId: Roots?.[0]?.Id, PolicyType: SCP })
    expect(await refusal(world.as(OUTSIDER).send(command))).toMatch(
      /^400 PolicyTypeNotAvailableForOrganizationException: /,
    )
  })

  it('that are not emulated say so; others do not exist', async () => {
    expect(await refusal(enable('TAG_POLICY'))).toBe(
      '501 NotImplemented: twokey does not emulate organizations policies of type TAG_POLICY',
    )
    expect(await reason(enable('nonsense'))).toBe('INVALID_ENUM_POLICY_TYPE')
  })
})

describe('policies', () => {
  it('are made, found, changed and deleted', async () => {
    const content = forbid('s3:*')
    const { Policy } = await world
      .as()
      .send(new CreatePolicyCommand({ Name: 'no-s3', Description: 'none', Type: SCP, Content: content }))
    const { PolicySummary } = Policy ?? {}
    const id = PolicySummary?.Id ?? ''
    expect(Policy).toEqual({
      Content: content,
      PolicySummary: {
        Id: expect.stringMatching(/^p-[a-z0-9]{8}$/),
        Arn: expect.stringMatching(
          new RegExp(`^arn:aws:organizations::${MANAGEMENT}:policy/o-[a-z0-9]+/service_control_policy/${id}$`),
        ),
        Name: 'no-s3',
        Description: 'none',
        Type: SCP,
        AwsManaged: false,
      },
    })
    await world.as().send(new UpdatePolicyCommand({ PolicyId: id, Content: forbid('kms:*') }))
    const after = await world.as().send(new DescribePolicyCommand({ PolicyId: id }))
    expect(after.Policy).toEqual({ PolicySummary, Content: forbid('kms:*') })
    await world.as().send(new DeletePolicyCommand({ PolicyId: id }))
    expect(await refusal(contentOf(id))).toMatch(/^400 PolicyNotFoundException: /)
  })

  it('have names of their own within a type', async () => {
    await world.policy('same', forbid('s3:*'))
    expect(await refusal(world.policy('same', forbid('s3:*')))).toMatch(/^400 DuplicatePolicyException: /)
    expect(await refusal(world.policy('same', forbidAll('s3:*'), RCP))).toBe('allowed')
    expect(await refusal(world.policy('FullAWSAccess', forbid('s3:*')))).toMatch(/^400 DuplicatePolicyException: /)
  })

  it('of AWS are listed, and not to be changed', async () => {
    const { Policies } = await world.as().send(new ListPoliciesCommand({ Filter: SCP }))
    expect(Policies).toEqual([
      {
        Id: 'p-FullAWSAccess',
        Arn: 'arn:aws:organizations::aws:policy/service_control_policy/p-FullAWSAccess',
        Name: 'FullAWSAccess',
        Description: 'Allows access to every operation',
        Type: SCP,
        AwsManaged: true,
      },
    ])
    const PolicyId = 'p-FullAWSAccess'
    expect(await reason(world.as().send(new UpdatePolicyCommand({ PolicyId, Name: 'x' })))).toBe('IMMUTABLE_POLICY')
    expect(await reason(world.as().send(new DeletePolicyCommand({ PolicyId })))).toBe('IMMUTABLE_POLICY')
    expect((await world.as().send(new ListPoliciesCommand({ Filter: 'TAG_POLICY' }))).Policies).toEqual([])
  })

  it('in use are not deleted', async () => {
    await world.enable(SCP)
    const id = await world.policy('p', forbid('s3:*'))
    await world.attach(id, MANAGEMENT)
    expect(await refusal(world.as().send(new DeletePolicyCommand({ PolicyId: id })))).toMatch(
      /^400 PolicyInUseException: /,
    )
    await detach(id, MANAGEMENT)
    expect(await refusal(world.as().send(new DeletePolicyCommand({ PolicyId: id })))).toBe('allowed')
  })

  it.each([
    ['no JSON', '{'],
    ['a principal', document({ Effect: 'Deny', Principal: '*', Action: 's3:*', Resource: '*' })],
    ['no effect', document({ Action: 's3:*', Resource: '*' })],
  ])('service control: %s', async (_what, content) => {
    expect(await refusal(world.policy('p', content))).toBe(MALFORMED)
  })

  it.each([
    ['Effect Allow', document({ Effect: 'Allow', Principal: '*', Action: 's3:*', Resource: '*' })],
    ['Action *', forbidAll('*')],
    ['a service without resource control', forbidAll('iam:*')],
    ['an account as principal', forbidAll('s3:*', { Principal: { AWS: MEMBER } })],
    ['NotPrincipal', forbidAll('s3:*', { Principal: undefined, NotPrincipal: '*' })],
    ['NotAction', document({ Effect: 'Deny', Principal: '*', NotAction: 's3:*', Resource: '*' })],
  ])('resource control: %s', async (_what, content) => {
    expect(await refusal(world.policy('p', content, RCP))).toBe(MALFORMED)
  })

  it('of resource control are kept in compact form', async () => {
    const statement = {
      Effect: 'Deny',
      Principal: { AWS: '*' },
      Action: 'S3:GetObject',
      NotResource: 'arn:aws:s3:::a/*',
    }
    const id = await world.policy('p', JSON.stringify({ Statement: statement }, null, 2), RCP)
    expect(await contentOf(id)).toBe(JSON.stringify({ Version: '2008-10-17', Statement: [statement] }))
  })

  it('have a largest size', async () => {
    const content = forbid(Array.from({ length: 600 }, (_, i) => `s3:Action${String(i)}`))
    expect(await reason(world.policy('p', content))).toBe('POLICY_CONTENT_LIMIT_EXCEEDED')
  })
})

describe('attachments', () => {
  beforeEach(() => world.enable(SCP))

  it('are listed from both ends', async () => {
    const id = await world.policy('p', forbid('s3:*'))
    const unit = await world.unit('apps')
    for (const target of [world.rootId, unit, MANAGEMENT]) await world.attach(id, target)
    const { Targets } = await world.as().send(new ListTargetsForPolicyCommand({ PolicyId: id }))
    expect(Targets?.map(({ TargetId, Name, Type }) => [TargetId, Name, Type])).toEqual([
      [MANAGEMENT, MANAGEMENT, 'ACCOUNT'],
      [unit, 'apps', 'ORGANIZATIONAL_UNIT'],
      [world.rootId, 'Root', 'ROOT'],
    ])
    expect(await attachedTo(unit)).toEqual(['p-FullAWSAccess', id].sort())
  })

  it('are made once, of enabled types, to what exists', async () => {
    const id = await world.policy('p', forbid('s3:*'))
    const attach = (PolicyId: string, TargetId: string) =>
      refusal(world.as().send(new AttachPolicyCommand({ PolicyId, TargetId })))
    expect(await attach(id, world.rootId)).toBe('allowed')
    expect(await attach(id, world.rootId)).toMatch(/^400 DuplicatePolicyAttachmentException: /)
    expect(await attach(id, OUTSIDER)).toMatch(/^400 TargetNotFoundException: /)
    expect(await attach('p-00000000', world.rootId)).toMatch(/^400 PolicyNotFoundException: /)
    const other = await world.policy('r', forbidAll('s3:*'), RCP)
    expect(await attach(other, world.rootId)).toMatch(/^400 PolicyTypeNotEnabledException: /)
    const nonsense = world.as().send(new AttachPolicyCommand({ PolicyId: id, TargetId: 'nonsense' }))
    expect(await reason(nonsense)).toBe('INVALID_PATTERN_TARGET_ID')
  })

  it('count one at least and five at most', async () => {
    expect(await reason(detach('p-FullAWSAccess', world.rootId))).toBe('MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED')
    for (let i = 0; i < 4; i++) await world.attach(await world.policy(`p${String(i)}`, forbid('s3:*')), world.rootId)
    const sixth = world.attach(await world.policy('sixth', forbid('s3:*')), world.rootId)
    expect(await reason(sixth)).toBe('MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED')
    expect(await refusal(detach('p-FullAWSAccess', world.rootId))).toBe('allowed')
    expect(await refusal(detach('p-FullAWSAccess', world.rootId))).toMatch(/^400 PolicyNotAttachedException: /)
  })

  it('RCPFullAWSAccess stays', async () => {
    await world.enable(RCP)
    await world.attach(await world.policy('r', forbidAll('s3:*'), RCP), world.rootId)
    expect(await refusal(detach('p-RCPFullAWSAccess', world.rootId))).toMatch(/^400 ConstraintViolationException: /)
  })
})
