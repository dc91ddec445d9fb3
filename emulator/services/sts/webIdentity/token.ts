import { compactVerify, decodeJwt, decodeProtectedHeader, errors as jose, type JWTPayload } from 'jose'
import type { OidcProviderView } from '../../../operation/call.ts'
import type { StsCall } from '../sessions.ts'
import { UNSOURCED } from '../unsourced.ts'
import {
  badSignature,
  expired,
  missingClaim,
  noKey,
  noProvider,
  notAJwt,
  rejectedClaim,
  wrongAudience,
} from './errors.ts'
import { issuerKey, keysOf } from './issuers.ts'

/** What a web identity token proved. */
export interface Identity {
  readonly provider: OidcProviderView
  /** Without `https://`: the prefix of its condition keys. */
  readonly issuer: string
  readonly subject: string
  /** The one audience that the provider admits: `azp` where the token has one (AWS: OIDC keys). */
  readonly audience: string
  readonly claims: JWTPayload
}

/** The algorithms that AWS takes (AWS: create OIDC providers). */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512']

/**
 * Verifies a token against the providers of a role's account and the issuers this emulator knows.
 * @param account the role's
 * @throws AwsError InvalidIdentityToken, ExpiredTokenException, IDPRejectedClaim
 */
export async function verifyIdentity(token: string, account: string, call: StsCall): Promise<Identity> {
  const claims = read(token)
  const { iss, sub } = claims
  if (typeof iss !== 'string') throw missingClaim('iss')
  const issuer = issuerKey(iss)
  const provider = call.env.directory.oidcProvider(`arn:aws:iam::${account}:oidc-provider/${issuer}`)
  if (!provider) throw noProvider(iss)
  await verifySignature(token, iss, call)
  checkTimes(claims, Math.floor(call.time / 1000))
  const audience = audienceOf(claims, provider)
  if (typeof sub !== 'string' || sub === '') throw missingClaim('sub')
  return { provider, issuer, subject: sub, audience, claims }
}

function read(token: string): JWTPayload {
  try {
    decodeProtectedHeader(token)
    return decodeJwt(token)
  } catch {
    throw notAJwt()
  }
}

async function verifySignature(token: string, iss: string, call: StsCall): Promise<void> {
  const keys = keysOf(call.state, iss)
  if (!keys) throw noKey()
  try {
    await compactVerify(token, keys, { algorithms: ALGORITHMS })
  } catch (error) {
    if (error instanceof jose.JWKSNoMatchingKey || error instanceof jose.JWKSMultipleMatchingKeys) throw noKey()
    if (error instanceof jose.JOSEError) throw badSignature()
    throw error
  }
}

/** @param now seconds since the epoch */
function checkTimes({ exp, nbf, iat }: JWTPayload, now: number): void {
  if (typeof exp !== 'number') throw missingClaim('exp')
  if (exp <= now) throw expired(now, exp)
  const from = Math.max(numberOr(nbf), numberOr(iat))
  if (from > now + SKEW_SECONDS) throw rejectedClaim(UNSOURCED.notYetValid(now, from))
}

/** AWS: issuers' clocks may be five minutes ahead. */
const SKEW_SECONDS = 300

const numberOr = (value: unknown): number => (typeof value === 'number' ? value : 0)

function audienceOf({ aud, azp }: JWTPayload, { clientIds }: OidcProviderView): string {
  const given = typeof azp === 'string' ? [azp] : typeof aud === 'string' ? [aud] : (aud ?? [])
  if (given.length === 0) throw missingClaim('aud')
  const known = given.find((audience) => clientIds.includes(audience))
  if (known === undefined) throw wrongAudience()
  return known
}
