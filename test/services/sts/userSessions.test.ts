import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { CreateKeyCommand, DescribeKeyCommand, KMSClient } from '@aws-sdk/client-kms'
import { GetCallerIdentityCommand, GetFederationTokenCommand, GetSessionTokenCommand } from '@aws-sdk/client-sts'
import {
  ACCOUNT,
  StsWorld,
  allow,
  deny,
  policy,
  packedSize,
  refusal,
  rootOf,
  signedBy,
  trust,
  type Credentials,
} from './support.ts'

let world: StsWorld
const USER = `arn:aws:iam::${ACCOUNT}:user/anna`
const FEDERATED = `arn:aws:sts::${ACCOUNT}:federated-user/guest`

beforeAll(async () => {
  world = await StsWorld.start()
})
beforeEach(() => {
  world.test.emulator.reset()
})
afterAll(() => world.test.stop())

const whoAmI = (credentials: Credentials) => world.sts(credentials).send(new GetCallerIdentityCommand({}))

describe('GetSessionToken', () => {
  const get = (credentials: Credentials, DurationSeconds?: number) =>
    world.sts(credentials).send(new GetSessionTokenCommand({ DurationSeconds }))

  it('needs no permission, and gives the user a session of twelve hours', async () => {
    const user = await world.user('anna', { policy: deny('sts:*') })
    const { Credentials } = await get(user)
    expect(Credentials?.AccessKeyId).toMatch(/^ASIA/)
    expect(await world.lasts(() => get(user))).toBe(43_200)
    const identity = await whoAmI(signedBy(Credentials))
    expect(identity.Arn).toBe(USER)
    expect(identity.UserId).toBe((await whoAmI(user)).UserId)
  })

  it('cuts the root user’s to an hour', async () => {
    expect(await world.lasts(() => get(rootOf(ACCOUNT)))).toBe(3600)
    expect(await world.lasts(() => get(rootOf(ACCOUNT), 129_600))).toBe(3600)
    expect(await world.lasts(() => get(rootOf(ACCOUNT), 900))).toBe(900)
  })

  it('keeps the permissions of the user', async () => {
    const user = await world.user('anna', { policy: allow('kms:CreateKey') })
    const session = signedBy((await get(user)).Credentials)
    const kms = world.test.client(KMSClient, { credentials: session })
    expect(await refusal(kms.send(new CreateKeyCommand({})))).toBe('allowed')
    expect(
      await refusal(
        world.test.client(KMSClient, { credentials: session }).send(new DescribeKeyCommand({ KeyId: 'x' })),
      ),
    ).toMatch(/^400 NotFoundException/)
  })

  it('refuses session credentials', async () => {
    const user = await world.user('anna')
    const refused = '403 AccessDenied: Cannot call GetSessionToken with session credentials'
    expect(await refusal(get(signedBy((await get(user)).Credentials)))).toBe(refused)
    const role = await world.session(user, await world.role('r', trust(USER), { policy: allow('*') }))
    expect(await refusal(get(role))).toBe(refused)
  })

  it.each([
    [
      899,
      "Value '899' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900",
    ],
    [
      129_601,
      "Value '129601' at 'durationSeconds' failed to satisfy constraint: Member must have value less than or equal to 129600",
    ],
  ])('refuses %d seconds', async (seconds, text) => {
    expect(await refusal(get(rootOf(ACCOUNT), seconds))).toBe(
      `400 ValidationError: 1 validation error detected: ${text}`,
    )
  })
})

describe('GetFederationToken', () => {
  const get = (credentials: Credentials, more: object = {}) =>
    world.sts(credentials).send(new GetFederationTokenCommand({ Name: 'guest', ...more }))
  const createKey = (credentials: Credentials) =>
    refusal(world.test.client(KMSClient, { credentials }).send(new CreateKeyCommand({})))
  const refusedKey = (reason: string) =>
    `400 AccessDeniedException: User: ${FEDERATED} is not authorized to perform: kms:CreateKey on resource: * ${reason}`

  it('answers a federated user', async () => {
    const user = await world.user('anna', { policy: allow('*') })
    const answer = await get(user, { Policy: allow('kms:*') })
    expect(answer.FederatedUser).toEqual({ Arn: FEDERATED, FederatedUserId: `${ACCOUNT}:guest` })
    expect(await world.lasts(() => get(user))).toBe(43_200)
    expect(packedSize(answer)).toBeGreaterThan(0)
    expect(await whoAmI(signedBy(answer.Credentials))).toMatchObject({
      Account: ACCOUNT,
      Arn: FEDERATED,
      UserId: `${ACCOUNT}:guest`,
    })
  })

  it('needs the permission', async () => {
    const user = await world.user('anna')
    expect(await refusal(get(user))).toBe(
      `403 AccessDenied: User: ${USER} is not authorized to perform: sts:GetFederationToken on resource: ${FEDERATED} because no identity-based policy allows the sts:GetFederationToken action`,
    )
    expect(world.denyingLayer()).toBe('identity')
  })

  it('allows what the user and the session policy both allow', async () => {
    const user = await world.user('anna', { policy: allow('sts:*', 'kms:CreateKey') })
    expect(await createKey(signedBy((await get(user, { Policy: allow('kms:*') })).Credentials))).toBe('allowed')
    expect(await createKey(signedBy((await get(user, { Policy: allow('s3:*') })).Credentials))).toBe(
      refusedKey('because no session policy allows the kms:CreateKey action'),
    )
    const poor = await world.user('berta', { policy: allow('sts:*') })
    expect(await createKey(signedBy((await get(poor, { Policy: allow('kms:*') })).Credentials))).toBe(
      refusedKey('because no identity-based policy allows the kms:CreateKey action'),
    )
  })

  it('allows nothing without a policy, but for what a key policy gives the federated user', async () => {
    const user = await world.user('anna', { policy: allow('*') })
    const session = signedBy((await get(user)).Credentials)
    expect(await createKey(session)).toBe(refusedKey('because no session policy allows the kms:CreateKey action'))
    expect(world.denyingLayer()).toBe('session')

    const Policy = policy(
      { Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` }, Action: 'kms:*', Resource: '*' },
      { Principal: { AWS: FEDERATED }, Action: 'kms:DescribeKey', Resource: '*' },
    )
    const { KeyMetadata } = await world.test.client(KMSClient).send(new CreateKeyCommand({ Policy }))
    const kms = world.test.client(KMSClient, { credentials: session })
    expect(await refusal(kms.send(new DescribeKeyCommand({ KeyId: KeyMetadata?.KeyId })))).toBe('allowed')
  })

  it('tags the session, with sts:TagSession', async () => {
    const Tags = [{ Key: 'team', Value: 'red' }]
    const plain = await world.user('berta', { policy: allow('sts:GetFederationToken') })
    expect(await refusal(get(plain, { Tags }))).toBe(
      `403 AccessDenied: User: arn:aws:iam::${ACCOUNT}:user/berta is not authorized to perform: sts:TagSession on resource: ${FEDERATED} because no identity-based policy allows the sts:TagSession action`,
    )
    const when = policy(
      { Action: 'sts:*', Resource: '*' },
      { Action: 'kms:*', Resource: '*', Condition: { StringEquals: { 'aws:PrincipalTag/team': 'red' } } },
    )
    const user = await world.user('anna', { policy: when, tags: { Team: 'blue' } })
    const Policy = allow('kms:*')
    expect(await createKey(signedBy((await get(user, { Policy, Tags })).Credentials))).toBe('allowed')
    expect(await createKey(signedBy((await get(user, { Policy })).Credentials))).toBe(
      refusedKey('because no identity-based policy allows the kms:CreateKey action'),
    )
  })

  it('of the root user lasts an hour, and may do what its policy says', async () => {
    const answer = await get(rootOf(ACCOUNT), { Policy: allow('kms:*'), DurationSeconds: 129_600 })
    expect(await world.lasts(() => get(rootOf(ACCOUNT), { DurationSeconds: 129_600 }))).toBe(3600)
    expect(await createKey(signedBy(answer.Credentials))).toBe('allowed')
  })

  it('refuses session credentials', async () => {
    const user = await world.user('anna', { policy: allow('*') })
    const role = await world.session(user, await world.role('r', trust(USER), { policy: allow('*') }))
    expect(await refusal(get(role))).toBe('403 AccessDenied: Cannot call GetFederationToken with session credentials')
  })
})
