import { createLocalJWKSet, type JSONWebKeySet } from 'jose'
import type { IssuerRecord, StsState } from '../state.ts'

export const issuerKey = (issuer: string): string => issuer.replace(/^https:\/\//, '')

/** Members that only private and symmetric keys have (RFC 7518). */
const PRIVATE = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']

/**
 * Makes this emulator believe an OIDC issuer's signatures, as AWS would after fetching the issuer's key set.
 * A second call with the same issuer replaces its keys.
 * @param issuer `https://…`, exactly as in the tokens' `iss`
 * @param jwks public keys only
 * @throws Error with a sentence when the issuer is no https URL or a key is not public
 */
export function registerIssuer(state: StsState, { issuer, jwks }: IssuerRecord): void {
  if (!URL.canParse(issuer) || !issuer.startsWith('https://')) {
    throw new Error(`issuer \`${issuer}\` is not an https URL; write it as in the tokens' iss`)
  }
  for (const key of jwks.keys) {
    const found = PRIVATE.find((member) => Object.hasOwn(key, member))
    if (found !== undefined) throw new Error(`a key of issuer \`${issuer}\` has \`${found}\`; give public keys only`)
  }
  state.issuers.in().put(issuerKey(issuer), { issuer, jwks })
}

type KeyFinder = ReturnType<typeof createLocalJWKSet>

const finders = new WeakMap<IssuerRecord, KeyFinder>()

/** Finds the key that a token names among its issuer's; undefined for issuers this emulator does not know. */
export function keysOf(state: StsState, issuer: string): KeyFinder | undefined {
  const record = state.issuers.in().get(issuerKey(issuer))
  if (record?.issuer !== issuer) return undefined
  let finder = finders.get(record)
  if (!finder) {
    // The shape is checked by jose, at once.
    finder = createLocalJWKSet(record.jwks as JSONWebKeySet)
    finders.set(record, finder)
  }
  return finder
}
