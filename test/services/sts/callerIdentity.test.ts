import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { GetAccessKeyInfoCommand, GetCallerIdentityCommand } from '@aws-sdk/client-sts'
import { newAccessKeyId } from '../../../emulator/lib/accessKeyId.ts'
import { ACCOUNT, OTHER_ACCOUNT, StsWorld, allow, deny, refusal, rootOf, trust } from './support.ts'

let world: StsWorld

beforeAll(async () => {
  world = await StsWorld.start()
})
beforeEach(() => {
  world.test.emulator.reset()
})
afterAll(() => world.test.stop())

describe('GetCallerIdentity', () => {
  it('of the root user', async () => {
    const identity = await world.sts(rootOf(ACCOUNT)).send(new GetCallerIdentityCommand({}))
    expect(identity).toMatchObject({ Account: ACCOUNT, Arn: `arn:aws:iam::${ACCOUNT}:root`, UserId: ACCOUNT })
  })

  it('of a user, even against an explicit deny', async () => {
    const user = await world.user('anna', { path: '/team/', policy: deny('*') })
    const identity = await world.sts(user).send(new GetCallerIdentityCommand({}))
    expect(identity).toMatchObject({
      Account: ACCOUNT,
      Arn: `arn:aws:iam::${ACCOUNT}:user/team/anna`,
      UserId: expect.stringMatching(/^AIDA[A-Z2-7]{17}$/),
    })
  })
})

describe('GetAccessKeyInfo', () => {
  const accountOf = async (AccessKeyId: string) =>
    (await world.sts().send(new GetAccessKeyInfoCommand({ AccessKeyId }))).Account

  it('tells the account of keys that exist, of any account', async () => {
    const user = await world.user('anna', { account: OTHER_ACCOUNT, policy: allow('sts:*') })
    expect(await accountOf(user.accessKeyId)).toBe(OTHER_ACCOUNT)
    const arn = await world.role('r', trust(`arn:aws:iam::${OTHER_ACCOUNT}:user/anna`))
    expect(await accountOf((await world.session(user, arn)).accessKeyId)).toBe(ACCOUNT)
  })

  it('tells the account that an id carries, whether or not there is such a key', async () => {
    expect(await accountOf(newAccessKeyId('AKIA', '987654321098', world.test.emulator.env.ids))).toBe('987654321098')
  })

  it('needs the permission', async () => {
    const user = await world.user('anna')
    const asked = world.sts(user).send(new GetAccessKeyInfoCommand({ AccessKeyId: user.accessKeyId }))
    expect(await refusal(asked)).toBe(
      `403 AccessDenied: User: arn:aws:iam::${ACCOUNT}:user/anna is not authorized to perform: sts:GetAccessKeyInfo on resource: * because no identity-based policy allows the sts:GetAccessKeyInfo action`,
    )
  })

  it('refuses what is no id', async () => {
    expect(await refusal(accountOf('x'.repeat(20)))).toMatch(/^400 ValidationError: /)
    expect(await refusal(accountOf('short'))).toBe(
      "400 ValidationError: 1 validation error detected: Value 'short' at 'accessKeyId' failed to satisfy constraint: Member must have length greater than or equal to 16",
    )
  })
})
