import { randomBytes, timingSafeEqual } from 'node:crypto'
import { newAccessKeyId } from '../../lib/accessKeyId.ts'
import type { Principal, Tags } from '../../access/types.ts'
import type { Call, Environment, SessionPolicies } from '../../operation/call.ts'
import { existingSecret, secretFor } from './secrets.ts'
import { expiryOf, newToken } from './token.ts'
import type { StsSession, StsState } from './state.ts'

export type StsCall = Call<StsState>

/**
 * The session behind a temporary access key, or why there is none.
 * @param token the `X-Amz-Security-Token` of the request
 * @param now milliseconds since the epoch
 */
export function lookupSession(
  state: StsState,
  accessKeyId: string,
  token: string | undefined,
  now: number,
): StsSession | 'unknown-key' | 'bad-token' | 'expired-token' {
  // A temporary key without its token is no credential at all (facts: H4).
  if (token === undefined) return 'unknown-key'
  const session = state.sessions.in().get(accessKeyId)
  if (!session) return hasExpired(state, accessKeyId, token, now) ? 'expired-token' : 'unknown-key'
  if (!equal(token, session.token)) return 'bad-token'
  return session.expiresAt <= now ? 'expired-token' : session
}

/** Expired sessions are not kept; their tokens say it themselves. */
function hasExpired(state: StsState, accessKeyId: string, token: string, now: number): boolean {
  const secret = existingSecret(state, 'session-token')
  const expiry = secret && expiryOf(secret, accessKeyId, token)
  return expiry !== undefined && expiry <= now
}

function equal(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)]
  return a.length === b.length && timingSafeEqual(a, b)
}

/** What a session is to be. */
export interface NewSession {
  readonly account: string
  readonly principal: Principal
  readonly seconds: number
  readonly policies?: SessionPolicies | undefined
  readonly sessionTags?: Tags
  readonly transitiveTagKeys?: readonly string[]
  readonly minimumTokenSize?: number | undefined
}

/** What a client gets. */
export interface TemporaryCredentials {
  readonly AccessKeyId: string
  readonly SecretAccessKey: string
  readonly SessionToken: string
  readonly Expiration: Date
}

/** Makes temporary credentials that work from now on. Writes the session; call it within the transaction that decides. */
export function beginSession(call: StsCall, session: NewSession): TemporaryCredentials {
  const { account, principal, seconds, policies, sessionTags = {}, transitiveTagKeys = [] } = session
  const expiresAt = Math.floor(call.time / 1000) * 1000 + seconds * 1000
  const accessKeyId = newAccessKeyId('ASIA', account, call.env.ids)
  // Not from `ids`: those can be seeded, a secret must not be guessed.
  const secret = randomBytes(30).toString('base64')
  const token = newToken(secretFor(call.state, 'session-token'), accessKeyId, expiresAt, session.minimumTokenSize)
  call.state.sessions.in().put(accessKeyId, {
    accessKeyId,
    secret,
    token,
    expiresAt,
    principal,
    policies,
    sessionTags,
    transitiveTagKeys,
  })
  scheduleExpiry(call.state, call.env, accessKeyId, expiresAt)
  return { AccessKeyId: accessKeyId, SecretAccessKey: secret, SessionToken: token, Expiration: new Date(expiresAt) }
}

/** Takes up the expiry of every session, when the emulator starts or its state is replaced. */
export function watchSessions(state: StsState, env: Environment): void {
  for (const { id, record } of state.sessions.all()) scheduleExpiry(state, env, id, record.expiresAt)
}

function scheduleExpiry(state: StsState, env: Environment, accessKeyId: string, expiresAt: number): void {
  env.clock.schedule(`sts.session:${accessKeyId}`, expiresAt, () => {
    state.sessions.in().delete(accessKeyId)
  })
}

/** The session whose credentials signed this call. */
export function callingSession(call: StsCall): StsSession | undefined {
  const { accessKeyId } = call.caller
  return accessKeyId === undefined ? undefined : call.state.sessions.in().get(accessKeyId)
}

/** Temporary credentials of any kind: what may not call GetSessionToken or GetFederationToken. */
export const isSession = ({ caller: { principal } }: StsCall): boolean =>
  'session' in principal && principal.session !== undefined
