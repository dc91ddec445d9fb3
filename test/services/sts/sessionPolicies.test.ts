import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { CreatePolicyVersionCommand, GetUserCommand, IAMClient, ListUsersCommand } from '@aws-sdk/client-iam'
import { CreateKeyCommand, DescribeKeyCommand, EncryptCommand, KMSClient } from '@aws-sdk/client-kms'
import { ACCOUNT, StsWorld, allow, deny, packedSize, policy, refusal, trust, type Credentials } from './support.ts'

let world: StsWorld
let user: Credentials
let arn: string
const USER = `arn:aws:iam::${ACCOUNT}:user/anna`
const SESSION = `arn:aws:sts::${ACCOUNT}:assumed-role/r/session`

beforeAll(async () => {
  world = await StsWorld.start()
})
beforeEach(async () => {
  world.test.emulator.reset()
  user = await world.user('anna')
  arn = await world.role('r', trust(USER), { policy: allow('iam:ListUsers', 'iam:GetUser') })
})
afterAll(() => world.test.stop())

const iam = (credentials: Credentials) => world.test.client(IAMClient, { credentials })
const listUsers = (credentials: Credentials) => refusal(iam(credentials).send(new ListUsersCommand({})))
const getUser = (credentials: Credentials) => refusal(iam(credentials).send(new GetUserCommand({ UserName: 'anna' })))

describe('an inline session policy', () => {
  it('leaves what both allow', async () => {
    const session = await world.session(user, arn, { Policy: allow('iam:GetUser', 'iam:CreateUser') })
    expect(await getUser(session)).toBe('allowed')
    expect(await listUsers(session)).toBe(
      `403 AccessDenied: User: ${SESSION} is not authorized to perform: iam:ListUsers on resource: arn:aws:iam::${ACCOUNT}:user/ because no session policy allows the iam:ListUsers action`,
    )
    expect(world.denyingLayer()).toBe('session')
  })

  it('gives nothing that the role has not', async () => {
    const session = await world.session(user, await world.role('poor', trust(USER)), { Policy: allow('*') })
    expect(await listUsers(session)).toBe(
      `403 AccessDenied: User: arn:aws:sts::${ACCOUNT}:assumed-role/poor/session is not authorized to perform: iam:ListUsers on resource: arn:aws:iam::${ACCOUNT}:user/ because no identity-based policy allows the iam:ListUsers action`,
    )
    expect(world.denyingLayer()).toBe('identity')
  })

  it('can deny', async () => {
    const document = policy({ Action: '*', Resource: '*' }, { Effect: 'Deny', Action: 'iam:ListUsers', Resource: '*' })
    expect(await listUsers(await world.session(user, arn, { Policy: document }))).toBe(
      `403 AccessDenied: User: ${SESSION} is not authorized to perform: iam:ListUsers on resource: arn:aws:iam::${ACCOUNT}:user/ with an explicit deny in a session policy`,
    )
  })

  it('limits a role that a key policy names', async () => {
    const kms = world.test.client(KMSClient)
    const Policy = policy(
      { Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` }, Action: 'kms:*', Resource: '*' },
      { Principal: { AWS: arn }, Action: ['kms:Encrypt', 'kms:DescribeKey'], Resource: '*' },
    )
    const { KeyMetadata } = await kms.send(new CreateKeyCommand({ Policy }))
    const KeyId = KeyMetadata?.KeyId
    const session = await world.session(user, arn, { Policy: allow('kms:DescribeKey') })
    const client = world.test.client(KMSClient, { credentials: session })
    expect(await refusal(client.send(new DescribeKeyCommand({ KeyId })))).toBe('allowed')
    expect(await refusal(client.send(new EncryptCommand({ KeyId, Plaintext: Buffer.from('x') })))).toBe(
      `400 AccessDeniedException: User: ${SESSION} is not authorized to perform: kms:Encrypt on resource: ${KeyMetadata?.Arn ?? ''} because no session policy allows the kms:Encrypt action`,
    )
    expect(world.denyingLayer()).toBe('session')
  })

  it('must be a policy', async () => {
    expect(await refusal(world.assume(user, arn, { Policy: '{' }))).toBe(
      '400 MalformedPolicyDocumentException: This policy contains invalid Json',
    )
    expect(await refusal(world.assume(user, arn, { Policy: ' '.repeat(2049) }))).toMatch(
      /^400 ValidationError: 1 validation error detected: Value ' +' at 'policy' failed to satisfy constraint: Member must have length less than or equal to 2048$/,
    )
  })
})

describe('managed session policies', () => {
  it('are read anew at each request', async () => {
    const PolicyArn = await world.managedPolicy('limit', allow('iam:*'))
    const session = await world.session(user, arn, { PolicyArns: [{ arn: PolicyArn }] })
    expect(await listUsers(session)).toBe('allowed')
    await world
      .iam()
      .send(new CreatePolicyVersionCommand({ PolicyArn, PolicyDocument: deny('iam:*'), SetAsDefault: true }))
    expect(await listUsers(session)).toBe(
      `403 AccessDenied: User: ${SESSION} is not authorized to perform: iam:ListUsers on resource: arn:aws:iam::${ACCOUNT}:user/ with an explicit deny in a session policy`,
    )
  })

  it('add to an inline one', async () => {
    const limit = await world.managedPolicy('limit', allow('iam:ListUsers'))
    const session = await world.session(user, arn, { PolicyArns: [{ arn: limit }], Policy: allow('iam:GetUser') })
    expect(await listUsers(session)).toBe('allowed')
    expect(await getUser(session)).toBe('allowed')
  })

  it('must exist, and count ten at most', async () => {
    const missing = `arn:aws:iam::${ACCOUNT}:policy/missing`
    expect(await refusal(world.assume(user, arn, { PolicyArns: [{ arn: missing }] }))).toBe(
      `400 ValidationError: ${missing} is invalid`,
    )
    const eleven = Array.from({ length: 11 }, () => ({ arn: 'arn:aws:iam::aws:policy/ReadOnlyAccess' }))
    expect(await refusal(world.assume(user, arn, { PolicyArns: eleven }))).toMatch(
      /at 'policyArns' failed to satisfy constraint: Member must have length less than or equal to 10$/,
    )
  })
})

describe('the packed size', () => {
  it('is told in percent', async () => {
    const small = await world.assume(user, arn, { Policy: allow('iam:GetUser') })
    const large = await world.assume(user, arn, {
      Policy: policy(...Array.from({ length: 20 }, (_, i) => ({ Action: `iam:A${String(i * 7919)}`, Resource: '*' }))),
    })
    expect(packedSize(small)).toBeGreaterThan(0)
    expect(packedSize(large)).toBeGreaterThan(packedSize(small) ?? 0)
    expect(packedSize(large)).toBeLessThanOrEqual(100)
  })

  it('must not exceed a hundred', async () => {
    const open = await world.role('open', trust(USER, { Action: ['sts:AssumeRole', 'sts:TagSession'] }))
    // Values that do not compress.
    const Tags = Array.from({ length: 50 }, (_, i) => ({
      Key: `k${String(i)}`,
      Value: world.test.emulator.env.ids.hex(200),
    }))
    expect(await refusal(world.assume(user, open, { Tags }))).toMatch(
      /^400 PackedPolicyTooLargeException: Packed policy consumes \d{3}% of allotted space, please use smaller policy\.$/,
    )
  })
})
