import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { ListBucketsCommand, S3Client } from '@aws-sdk/client-s3'
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import { sessionMay } from '../../../emulator/services/sts/limits.ts'
import { lookupSession } from '../../../emulator/services/sts/sessions.ts'
import { ACCOUNT, StsWorld, allow, refusal, trust, type Credentials } from './support.ts'

let world: StsWorld
let session: Credentials
const USER = `arn:aws:iam::${ACCOUNT}:user/anna`
const INVALID = '403 InvalidClientTokenId: The security token included in the request is invalid.'
/** A full stop makes the difference (facts: A4). */
const BAD_TOKEN = '403 InvalidClientTokenId: The security token included in the request is invalid'
const EXPIRED = '403 ExpiredToken: The security token included in the request is expired'

beforeAll(async () => {
  world = await StsWorld.start()
})
beforeEach(async () => {
  world.test.emulator.reset()
  const user = await world.user('anna')
  session = await world.session(user, await world.role('r', trust(USER), { policy: allow('*') }))
})
afterAll(() => world.test.stop())

/** A client whose clock goes with the emulator's: else its signature would be too old. */
function client<C extends { readonly config: { systemClockOffset: number } }>(
  Client: Parameters<typeof world.test.client<C>>[0],
  credentials: Credentials,
): C {
  const made = world.test.client(Client, { credentials })
  made.config.systemClockOffset = world.test.emulator.clock.offset
  return made
}
const whoAmI = (credentials: Credentials) =>
  refusal(client(STSClient, credentials).send(new GetCallerIdentityCommand({})))
const look = (token: string | undefined, now = world.test.emulator.clock.now()) =>
  lookupSession(world.state, session.accessKeyId, token, now)

describe('temporary credentials', () => {
  it('work with their token only', async () => {
    expect(await whoAmI(session)).toBe('allowed')
    expect(await whoAmI({ ...session, sessionToken: undefined })).toBe(INVALID)
    expect(await whoAmI({ ...session, accessKeyId: 'ASIAQAAAAAAAAAAAAAAA' })).toBe(INVALID)
    expect(await whoAmI({ ...session, sessionToken: `${session.sessionToken ?? ''}A` })).toBe(BAD_TOKEN)
  })

  it('are told apart for those who ask', () => {
    expect(look(session.sessionToken)).toMatchObject({ accessKeyId: session.accessKeyId })
    expect(look(undefined)).toBe('unknown-key')
    expect(look('wrong')).toBe('bad-token')
    expect(lookupSession(world.state, 'ASIAQAAAAAAAAAAAAAAA', session.sessionToken, 0)).toBe('unknown-key')
  })

  it('end on the second, and nothing is kept of them', async () => {
    const { clock } = world.test.emulator
    const record = look(session.sessionToken)
    if (typeof record === 'string') throw new Error(record)
    expect(look(session.sessionToken, record.expiresAt - 1)).toBe(record)
    expect(look(session.sessionToken, record.expiresAt)).toBe('expired-token')
    clock.setOffset(clock.offset + 3600_000)
    expect(world.state.sessions.in().has(session.accessKeyId)).toBe(false)
    expect(await whoAmI(session)).toBe(EXPIRED)
    expect(await refusal(client(S3Client, session).send(new ListBucketsCommand({})))).toBe(
      '400 ExpiredToken: The provided token has expired.',
    )
  })

  it('that expired are not believed with another token, or another key', () => {
    const { clock } = world.test.emulator
    clock.setOffset(clock.offset + 3600_000)
    expect(look(`${session.sessionToken?.slice(0, -4) ?? ''}AAAA`)).toBe('unknown-key')
    expect(look('')).toBe('unknown-key')
    expect(look('AAAA')).toBe('unknown-key')
    const now = clock.now()
    expect(lookupSession(world.state, 'ASIAQAAAAAAAAAAAAAAA', session.sessionToken, now)).toBe('unknown-key')
  })

  it('expire after a restart, too', () => {
    const { emulator } = world.test
    emulator.clock.stop()
    emulator.rearm()
    emulator.clock.setOffset(emulator.clock.offset + 3600_000)
    expect(world.state.sessions.in().size).toBe(0)
  })

  it('are left out of exports, logs and the trail', () => {
    const { emulator } = world.test
    const told = [
      JSON.stringify(emulator.store.export({ secrets: false })),
      JSON.stringify(emulator.trail.list(100)),
      world.test.lines.join('\n'),
    ].join('\n')
    expect(told).toContain(session.accessKeyId)
    for (const secret of [session.secretAccessKey, session.sessionToken ?? '?']) expect(told).not.toContain(secret)
    expect(JSON.stringify(emulator.store.export({ secrets: true }))).toContain(session.secretAccessKey)
  })
})

describe('sessionMay', () => {
  const user = { kind: 'user', account: ACCOUNT, arn: USER, userId: 'AIDA', userName: 'anna', tags: {} } as const
  const root = { kind: 'root', account: ACCOUNT, arn: `arn:aws:iam::${ACCOUNT}:root`, userId: ACCOUNT } as const
  const plain = { issuedAt: 0, mfa: false }
  const federated = {
    kind: 'federated',
    account: ACCOUNT,
    arn: 'x',
    name: 'x',
    userId: 'x',
    issuerArn: USER,
    issuerId: 'AIDA',
    tags: {},
    session: plain,
  } as const

  it.each([
    ['long-term credentials call IAM', user, 'iam', 'ListUsers', true],
    ['GetSessionToken: no IAM', { ...user, session: plain }, 'iam', 'ListUsers', false],
    ['GetSessionToken with MFA: IAM', { ...user, session: { issuedAt: 0, mfa: true } }, 'iam', 'ListUsers', true],
    ['GetSessionToken of the root user: no IAM', { ...root, session: plain }, 'iam', 'ListUsers', false],
    ['GetSessionToken: AssumeRole', { ...user, session: plain }, 'sts', 'AssumeRole', true],
    ['GetSessionToken: GetCallerIdentity', { ...user, session: plain }, 'sts', 'GetCallerIdentity', true],
    ['GetSessionToken: nothing else of STS', { ...user, session: plain }, 'sts', 'GetAccessKeyInfo', false],
    ['GetSessionToken: other services', { ...user, session: plain }, 's3', 'GetObject', true],
    ['GetFederationToken: no IAM', federated, 'iam', 'ListUsers', false],
    ['GetFederationToken: no AssumeRole', federated, 'sts', 'AssumeRole', false],
    ['GetFederationToken: GetCallerIdentity', federated, 'sts', 'GetCallerIdentity', true],
    ['GetFederationToken: other services', federated, 'kms', 'Decrypt', true],
    ['what refuses in words of its own is let through', federated, 'sts', 'GetSessionToken', true],
  ])('%s', (_what, principal, service, operation, expected) => {
    expect(sessionMay(principal, service, operation)).toBe(expected)
  })
})
