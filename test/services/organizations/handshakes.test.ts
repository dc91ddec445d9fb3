import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import {
  AcceptHandshakeCommand,
  CancelHandshakeCommand,
  CreateOrganizationCommand,
  DeclineHandshakeCommand,
  DescribeHandshakeCommand,
  InviteAccountToOrganizationCommand,
  ListHandshakesForAccountCommand,
  ListHandshakesForOrganizationCommand,
  type HandshakeParty,
} from '@aws-sdk/client-organizations'
import { MANAGEMENT, MEMBER, NO_PERMISSION, OUTSIDER, OrganizationWorld, reason, refusal } from './support.ts'

let world: OrganizationWorld

beforeAll(async () => {
  world = await OrganizationWorld.start()
})
beforeEach(() => world.found())
afterAll(() => world.test.stop())

const invite = (Target: HandshakeParty = { Id: MEMBER, Type: 'ACCOUNT' }) =>
  world.as().send(new InviteAccountToOrganizationCommand({ Target, Notes: 'come in' }))
const idOf = async () => (await invite()).Handshake?.Id ?? ''
const accept = (HandshakeId: string, account = MEMBER) =>
  refusal(world.as(account).send(new AcceptHandshakeCommand({ HandshakeId })))

describe('an invitation', () => {
  it('is seen by both sides, and accepted by the invited', async () => {
    const { Handshake } = await invite()
    const id = Handshake?.Id ?? ''
    expect(id).toMatch(/^h-[a-z0-9]{32}$/)
    expect(Handshake).toMatchObject({
      State: 'OPEN',
      Action: 'INVITE',
      Parties: [
        { Id: expect.stringMatching(/^o-/), Type: 'ORGANIZATION' },
        { Id: MEMBER, Type: 'ACCOUNT' },
      ],
    })
    expect(Handshake?.Resources).toContainEqual({ Type: 'NOTES', Value: 'come in' })
    const mine = await world.as(MEMBER).send(new ListHandshakesForAccountCommand({}))
    const ours = await world.as().send(new ListHandshakesForOrganizationCommand({}))
    expect(mine.Handshakes).toEqual([Handshake])
    expect(ours.Handshakes).toEqual([Handshake])
    const accepted = await world.as(MEMBER).send(new AcceptHandshakeCommand({ HandshakeId: id }))
    expect(accepted.Handshake?.State).toBe('ACCEPTED')
  })

  it('is accepted by nobody else', async () => {
    const id = await idOf()
    expect(await accept(id, OUTSIDER)).toBe(NO_PERMISSION)
    expect(await accept(id, MANAGEMENT)).toBe(NO_PERMISSION)
    expect(await refusal(world.as(MEMBER).send(new CancelHandshakeCommand({ HandshakeId: id })))).toBe(NO_PERMISSION)
    expect(await refusal(world.as(OUTSIDER).send(new DescribeHandshakeCommand({ HandshakeId: id })))).toBe(
      NO_PERMISSION,
    )
    expect(await refusal(world.as(MEMBER).send(new DescribeHandshakeCommand({ HandshakeId: id })))).toBe('allowed')
  })

  it('ends once', async () => {
    const declined = await idOf()
    await world.as(MEMBER).send(new DeclineHandshakeCommand({ HandshakeId: declined }))
    expect(await accept(declined)).toMatch(/^400 InvalidHandshakeTransitionException: /)
    const canceled = await idOf()
    await world.as().send(new CancelHandshakeCommand({ HandshakeId: canceled }))
    expect(await accept(canceled)).toMatch(/^400 InvalidHandshakeTransitionException: /)
    const accepted = await idOf()
    expect(await accept(accepted)).toBe('allowed')
    expect(await accept(accepted)).toMatch(/^400 HandshakeAlreadyInStateException: /)
  })

  it('stands for fifteen days', async () => {
    const id = await idOf()
    const { clock } = world.test.emulator
    clock.setOffset(clock.offset + 15 * 24 * 3600_000)
    /** Signs by the emulator's clock; each is used once, since clients correct themselves by the machine's. */
    const later = () => {
      const client = world.as(MEMBER)
      client.config.systemClockOffset = clock.offset
      return client
    }
    expect(await refusal(later().send(new AcceptHandshakeCommand({ HandshakeId: id })))).toMatch(
      /^400 InvalidHandshakeTransitionException: /,
    )
    const { Handshake } = await later().send(new DescribeHandshakeCommand({ HandshakeId: id }))
    expect(Handshake?.State).toBe('EXPIRED')
  })

  it('is not given twice, nor to members', async () => {
    const id = await idOf()
    expect(await refusal(invite())).toMatch(/^400 DuplicateHandshakeException: /)
    await accept(id)
    expect(await reason(invite())).toBe('ALREADY_IN_AN_ORGANIZATION')
  })

  it('is not accepted by one who meanwhile belongs to another', async () => {
    const id = await idOf()
    await world.as(MEMBER).send(new CreateOrganizationCommand({}))
    expect(await accept(id)).toMatch(/^400 HandshakeConstraintViolationException: /)
    const { Handshake } = await world.as().send(new DescribeHandshakeCommand({ HandshakeId: id }))
    expect(Handshake?.State).toBe('OPEN')
  })

  it('is given to an account id', async () => {
    expect(await reason(invite({ Id: 'a@example.com', Type: 'EMAIL' }))).toBe('INVALID_PARTY_EMAIL_TARGET')
    expect(await reason(invite({ Id: '12', Type: 'ACCOUNT' }))).toBe('INVALID_PATTERN')
  })
})
