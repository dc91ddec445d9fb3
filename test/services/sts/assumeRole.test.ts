import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import {
  CreateRoleCommand,
  DeleteAccessKeyCommand,
  DeleteRoleCommand,
  DeleteRolePolicyCommand,
  DeleteUserCommand,
  IAMClient,
  ListAccessKeysCommand,
  ListUsersCommand,
} from '@aws-sdk/client-iam'
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts'
import {
  ACCOUNT,
  OTHER_ACCOUNT,
  StsWorld,
  allow,
  deny,
  policy,
  packedSize,
  refusal,
  roleArn,
  rootOf,
  trust,
  type Credentials,
} from './support.ts'

let world: StsWorld
const ROOT = `arn:aws:iam::${ACCOUNT}:root`
const USER = `arn:aws:iam::${ACCOUNT}:user/team/anna`
const denied = (action: string, arn: string, reason = '', caller = USER) =>
  `403 AccessDenied: User: ${caller} is not authorized to perform: ${action} on resource: ${arn}${reason}`
const because = (kind: string, action = 'sts:AssumeRole') => ` because no ${kind} allows the ${action} action`

beforeAll(async () => {
  world = await StsWorld.start()
})
beforeEach(() => {
  world.test.emulator.reset()
})
afterAll(() => world.test.stop())

const anna = (document?: string) =>
  world.user('anna', { path: '/team/', ...(document !== undefined && { policy: document }) })

describe('AssumeRole', () => {
  it('answers credentials that work, and says who they are', async () => {
    const user = await anna()
    const arn = await world.role('deploy', trust(USER), { path: '/ci/' })
    const answer = await world.assume(user, arn)
    expect(answer.Credentials?.AccessKeyId).toMatch(/^ASIA[A-Z2-7]{16}$/)
    expect(answer.Credentials?.SecretAccessKey).toMatch(/^[A-Za-z0-9+/]{40}$/)
    expect(await world.lasts(() => world.assume(user, arn, { DurationSeconds: 900 }))).toBe(900)
    expect(await world.lasts(() => world.assume(user, arn))).toBe(3600)
    expect(answer.AssumedRoleUser).toEqual({
      Arn: `arn:aws:sts::${ACCOUNT}:assumed-role/deploy/session`,
      AssumedRoleId: expect.stringMatching(/^AROA[A-Z2-7]{17}:session$/),
    })
    expect(packedSize(answer)).toBeUndefined()

    const session = await world.session(user, arn)
    const identity = await world.sts(session).send(new GetCallerIdentityCommand({}))
    expect(identity).toMatchObject({
      Account: ACCOUNT,
      Arn: `arn:aws:sts::${ACCOUNT}:assumed-role/deploy/session`,
      UserId: answer.AssumedRoleUser?.AssumedRoleId,
    })
  })

  it('gives the session the permissions of the role', async () => {
    const user = await anna()
    const session = await world.session(
      user,
      await world.role('reader', trust(USER), { policy: allow('iam:ListUsers') }),
    )
    const { Users } = await world.test.client(IAMClient, { credentials: session }).send(new ListUsersCommand({}))
    expect(Users?.map(({ UserName }) => UserName)).toEqual(['anna'])
  })
})

describe('who may assume a role of the own account', () => {
  it.each([
    ['names the user: nothing more is needed', trust(USER), undefined],
    ['names the account, and the user may', trust(ROOT), allow('sts:AssumeRole')],
    ['names the account by its id', trust(ACCOUNT), allow('sts:AssumeRole')],
    ['names everybody: nothing more is needed', trust('*'), undefined],
  ])('the trust policy %s', async (_what, document, identity) => {
    const user = await anna(identity)
    expect(await refusal(world.assume(user, await world.role('r', document)))).toBe('allowed')
  })

  it('the trust policy names the account, but the user may not', async () => {
    const user = await anna()
    const arn = await world.role('r', trust(ROOT))
    expect(await refusal(world.assume(user, arn))).toBe(denied('sts:AssumeRole', arn, because('identity-based policy')))
    expect(world.denyingLayer()).toBe('identity')
  })

  it('the trust policy does not name the user, who may do everything else', async () => {
    const user = await anna(allow('*'))
    await world.user('berta')
    const arn = await world.role('r', trust(`arn:aws:iam::${ACCOUNT}:user/berta`))
    expect(await refusal(world.assume(user, arn))).toBe(denied('sts:AssumeRole', arn, because('role trust policy')))
    expect(world.denyingLayer()).toBe('trust')
  })

  it('an explicit deny wins, on either side', async () => {
    const user = await anna(deny('sts:AssumeRole'))
    const arn = await world.role('r', trust(USER))
    expect(await refusal(world.assume(user, arn))).toBe(
      denied('sts:AssumeRole', arn, ' with an explicit deny in an identity-based policy'),
    )
    await world.user('berta')
    const shut = policy(
      { Principal: '*', Action: 'sts:AssumeRole' },
      { Effect: 'Deny', Principal: { AWS: ACCOUNT }, Action: 'sts:AssumeRole' },
    )
    const other = await world.role('shut', shut)
    const berta = await world.user('carla')
    expect(await refusal(world.assume(berta, other))).toBe(
      denied(
        'sts:AssumeRole',
        other,
        ' with an explicit deny in the role trust policy',
        `arn:aws:iam::${ACCOUNT}:user/carla`,
      ),
    )
    expect(world.denyingLayer()).toBe('trust')
  })

  it('a role that does not exist is refused like one that trusts nobody', async () => {
    const user = await anna(allow('*'))
    const arn = roleArn('missing')
    expect(await refusal(world.assume(user, arn))).toBe(denied('sts:AssumeRole', arn, because('role trust policy')))
    expect(world.denyingLayer()).toBe('trust')
  })

  it('the path belongs to the ARN', async () => {
    const user = await anna(allow('*'))
    await world.role('deploy', trust(ROOT), { path: '/ci/' })
    const arn = roleArn('deploy')
    expect(await refusal(world.assume(user, arn))).toBe(denied('sts:AssumeRole', arn, because('role trust policy')))
  })

  it('a user recreated under the same name is another one', async () => {
    await anna()
    const arn = await world.role('r', trust(USER))
    const iam = world.iam()
    const keys = await iam.send(new ListAccessKeysCommand({ UserName: 'anna' }))
    for (const { AccessKeyId } of keys.AccessKeyMetadata ?? [])
      await iam.send(new DeleteAccessKeyCommand({ UserName: 'anna', AccessKeyId }))
    await iam.send(new DeleteUserCommand({ UserName: 'anna' }))
    const again = await anna()
    expect(await refusal(world.assume(again, arn))).toBe(denied('sts:AssumeRole', arn, because('role trust policy')))
  })

  it('never the root user', async () => {
    const arn = await world.role('r', trust(ROOT))
    expect(await refusal(world.assume(rootOf(ACCOUNT), arn))).toBe(
      '403 AccessDenied: Roles may not be assumed by root accounts.',
    )
  })
})

describe('who may assume a role of another account', () => {
  const otherRole = (document: string) => world.role('far', document, { account: OTHER_ACCOUNT })

  it.each([
    ['names the user', trust(USER)],
    ['names the account', trust(ROOT)],
    ['names everybody', trust('*')],
  ])('the trust policy %s, and the user may', async (_what, document) => {
    const user = await anna(allow('sts:AssumeRole'))
    const session = await world.session(user, await otherRole(document))
    const { Account } = await world.sts(session).send(new GetCallerIdentityCommand({}))
    expect(Account).toBe(OTHER_ACCOUNT)
  })

  it('the trust policy names the user, but its own account does not let it', async () => {
    const user = await anna()
    const arn = await otherRole(trust(USER))
    expect(await refusal(world.assume(user, arn))).toBe(denied('sts:AssumeRole', arn, because('identity-based policy')))
    expect(world.denyingLayer()).toBe('identity')
  })

  it('tells no reason when the other side refuses, and the same when there is no such role', async () => {
    const user = await anna(allow('*'))
    const arn = await otherRole(trust(OTHER_ACCOUNT))
    expect(await refusal(world.assume(user, arn))).toBe(denied('sts:AssumeRole', arn))
    expect(world.denyingLayer()).toBe('trust')
    const missing = roleArn('missing', OTHER_ACCOUNT)
    expect(await refusal(world.assume(user, missing))).toBe(denied('sts:AssumeRole', missing))
  })
})

describe('conditions of the trust policy', () => {
  it.each([
    ['sts:ExternalId', { ExternalId: 'customer-7' }, 'customer-7'],
    ['sts:RoleSessionName', { RoleSessionName: 'anna' }, 'anna'],
  ])('%s', async (key, given, wanted) => {
    const user = await anna()
    const arn = await world.role('r', trust(USER, { Condition: { StringEquals: { [key]: wanted } } }))
    expect(await refusal(world.assume(user, arn, given))).toBe('allowed')
    expect(await refusal(world.assume(user, arn))).toBe(denied('sts:AssumeRole', arn, because('role trust policy')))
  })

  it("the caller's and the role's tags", async () => {
    const user = await world.user('anna', { path: '/team/', tags: { team: 'red' }, policy: allow('iam:TagUser') })
    const document = trust(USER, {
      Condition: {
        StringEquals: { 'aws:PrincipalTag/team': 'red', 'aws:ResourceTag/stage': '${aws:PrincipalTag/team}' },
      },
    })
    const same = await world.role('same', document, { tags: { stage: 'red' } })
    const other = await world.role('other', document, { tags: { stage: 'blue' } })
    expect(await refusal(world.assume(user, same))).toBe('allowed')
    expect(await refusal(world.assume(user, other))).toBe(denied('sts:AssumeRole', other, because('role trust policy')))
  })

  it('MFA is never present', async () => {
    const user = await anna()
    const arn = await world.role('r', trust(USER, { Condition: { Bool: { 'aws:MultiFactorAuthPresent': 'true' } } }))
    expect(await refusal(world.assume(user, arn))).toBe(denied('sts:AssumeRole', arn, because('role trust policy')))
    expect(
      await refusal(world.assume(user, arn, { SerialNumber: `arn:aws:iam::${ACCOUNT}:mfa/anna`, TokenCode: '123456' })),
    ).toBe(
      '403 AccessDenied: MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user.',
    )
  })
})

describe('duration', () => {
  const LONG = '400 ValidationError: The requested DurationSeconds exceeds the MaxSessionDuration set for this role.'
  const CHAINED =
    '400 ValidationError: The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.'

  it('is limited by the role', async () => {
    const user = await anna()
    const arn = await world.role('r', trust(USER))
    expect(await refusal(world.assume(user, arn, { DurationSeconds: 3600 }))).toBe('allowed')
    expect(await refusal(world.assume(user, arn, { DurationSeconds: 3601 }))).toBe(LONG)
    const long = await world.role('long', trust(USER), { maxSeconds: 43_200 })
    expect(await refusal(world.assume(user, long, { DurationSeconds: 43_200 }))).toBe('allowed')
  })

  it('is an hour at most for a role assumed by a role', async () => {
    const user = await anna()
    const first = await world.role('first', trust(USER), { policy: allow('sts:AssumeRole') })
    const second = await world.role('second', trust(first), { maxSeconds: 43_200 })
    const session = await world.session(user, first)
    expect(await refusal(world.assume(session, second, { DurationSeconds: 3601 }))).toBe(CHAINED)
    expect(await refusal(world.assume(session, second, { DurationSeconds: 3600 }))).toBe('allowed')
  })

  it('is not told to whom the role does not trust', async () => {
    const user = await anna(allow('*'))
    const arn = await world.role('r', trust(OTHER_ACCOUNT))
    expect(await refusal(world.assume(user, arn, { DurationSeconds: 43_200 }))).toBe(
      denied('sts:AssumeRole', arn, because('role trust policy')),
    )
  })
})

describe('validation', () => {
  let user: Credentials
  beforeEach(async () => {
    user = await anna()
  })

  it.each(['nothing-valid-in-here', 'arn:a:a::aaaaaaaaaa:', 'arn:aws:iam::1234:role/short'])(
    '`%s` is no ARN',
    async (arn) => {
      expect(await refusal(world.assume(user, arn))).toBe(`400 ValidationError: ${arn} is invalid`)
    },
  )

  it('comes before authorization', async () => {
    expect(await refusal(world.assume(user, roleArn('missing'), { RoleSessionName: 'Session1:2' }))).toBe(
      "400 ValidationError: 1 validation error detected: Value 'Session1:2' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*",
    )
    expect(await refusal(world.assume(user, roleArn('missing'), { DurationSeconds: 899 }))).toBe(
      "400 ValidationError: 1 validation error detected: Value '899' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900",
    )
  })
})

describe('a role that is deleted', () => {
  it('ends its sessions, and a namesake does not revive them', async () => {
    const user = await anna()
    const arn = await world.role('r', trust(USER), { policy: allow('*') })
    const session = await world.session(user, arn)
    await world.iam().send(new DeleteRolePolicyCommand({ RoleName: 'r', PolicyName: 'inline' }))
    await world.iam().send(new DeleteRoleCommand({ RoleName: 'r' }))
    const gone = '403 InvalidClientTokenId: The security token included in the request is invalid.'
    expect(await refusal(world.sts(session).send(new GetCallerIdentityCommand({})))).toBe(gone)
    await world.iam().send(new CreateRoleCommand({ RoleName: 'r', AssumeRolePolicyDocument: trust(USER) }))
    expect(await refusal(world.sts(session).send(new GetCallerIdentityCommand({})))).toBe(gone)
  })
})
