import type { ConditionContext, Principal } from '../types.ts'
import type { Match } from './match.ts'

/**
 * How far naming a principal reaches (facts: C3): `free` needs nothing more in the same account, `limited` still lies within
 * the permissions boundary and the session policies, `delegated` leaves it to the account's own policies.
 */
export type Reach = 'none' | 'delegated' | 'limited' | 'free'

export type PrincipalBecause =
  | 'everyone'
  | 'account'
  | 'user'
  | 'role'
  | 'session'
  | 'federated-user'
  /** The caller is a federated session of the user that is named. */
  | 'user-of-federated-user'
  | 'service'
  | 'identity-provider'
  | 'not-in-not-principal'
  | 'listed-in-not-principal'
  | 'principal-not-listed'
  | 'no-principal-element'

export interface PrincipalMatch extends Match<PrincipalBecause> {
  readonly reach: Reach
}

export interface PrincipalMatcher {
  readonly negated: boolean
  /** As written, type and value: `AWS: arn:…`. */
  readonly written: readonly string[]
  readonly everyone: boolean
  readonly accounts: ReadonlySet<string>
  /** ARNs of users, roles, sessions and federated users, and unique ids (`AIDA…`, `AROA…`, `AROA…:session`). */
  readonly names: ReadonlySet<string>
  readonly services: ReadonlySet<string>
  readonly providers: ReadonlySet<string>
}

const match = (because: PrincipalBecause, reach: Reach): PrincipalMatch => ({
  matches: reach !== 'none',
  because,
  reach,
})

const EVERYONE = match('everyone', 'free')
const ACCOUNT = match('account', 'delegated')
const USER = match('user', 'free')
const ROLE = match('role', 'limited')
const SESSION = match('session', 'free')
const FEDERATED = match('federated-user', 'free')
const FEDERATED_ISSUER = match('user-of-federated-user', 'limited')
const SERVICE = match('service', 'free')
const PROVIDER = match('identity-provider', 'free')
const NOT_LISTED = match('principal-not-listed', 'none')
const NOT_EXCLUDED = match('not-in-not-principal', 'free')
const EXCLUDED = match('listed-in-not-principal', 'none')
const ABSENT = match('no-principal-element', 'none')

const ACCOUNT_FORM = /^(?:arn:[^:]+:iam::)?(\d{12})(?::root)?$/

/** @param entries type (`AWS`, `Service`, `Federated`, `CanonicalUser`; `*` for the bare string) and value. */
export function compilePrincipals(
  entries: readonly (readonly [type: string, value: string])[],
  negated: boolean,
): PrincipalMatcher {
  const accounts = new Set<string>()
  const names = new Set<string>()
  const services = new Set<string>()
  const providers = new Set<string>()
  let everyone = false
  for (const [type, value] of entries) {
    if (type === 'Service') services.add(value)
    else if (type === 'Federated') providers.add(value)
    else if (type === '*' || type === 'AWS') {
      const account = accountOf(value)
      if (value === '*') everyone = true
      else if (account !== undefined) accounts.add(account)
      else names.add(value)
    }
  }
  const written = entries.map(([type, value]) => (type === '*' ? value : `${type}: ${value}`))
  return { negated, written, everyone, accounts, names, services, providers }
}

/** The account id of an account principal: a bare id or its root ARN. */
export function accountOf(value: string): string | undefined {
  const [, account] = ACCOUNT_FORM.exec(value) ?? []
  return account !== undefined && (value === account || value.endsWith(':root')) ? account : undefined
}

export function matchPrincipal(
  matcher: PrincipalMatcher | undefined,
  principal: Principal,
  context: ConditionContext,
  effect: 'Allow' | 'Deny',
): PrincipalMatch {
  if (!matcher) return ABSENT
  if (matcher.negated) return isExcluded(matcher, principal, context, effect) ? EXCLUDED : NOT_EXCLUDED
  if (matcher.everyone) return EVERYONE
  return strongest(matcher, principal, context)
}

function strongest(matcher: PrincipalMatcher, principal: Principal, context: ConditionContext): PrincipalMatch {
  if (principal.kind === 'anonymous') return isFederated(matcher, context) ? PROVIDER : NOT_LISTED
  if (principal.kind === 'service') return matcher.services.has(principal.service) ? SERVICE : NOT_LISTED
  if (principal.kind !== 'root') {
    if (namesSelf(matcher, principal)) return SELF[principal.kind]
    if (isProviderNamed(matcher, principal)) return PROVIDER
    if (namesParent(matcher, principal)) return PARENT[principal.kind]
  }
  return matcher.accounts.has(principal.account) ? ACCOUNT : NOT_LISTED
}

type Named = Extract<Principal, { kind: 'user' | 'role' | 'federated' }>

const SELF = { user: USER, role: SESSION, federated: FEDERATED } as const
const PARENT = { user: NOT_LISTED, role: ROLE, federated: FEDERATED_ISSUER } as const

/** A user by ARN or unique id, a session by ARN or `AROA…:name`, a federated user by ARN. */
const namesSelf = ({ names }: PrincipalMatcher, principal: Named) =>
  names.size > 0 && (names.has(principal.arn) || names.has(principal.userId))

/** The role of a session; the user that a federated user's session was made by. */
function namesParent({ names }: PrincipalMatcher, principal: Named): boolean {
  if (names.size === 0) return false
  if (principal.kind === 'role') return names.has(principal.roleId) || names.has(principal.roleArn)
  return principal.kind === 'federated' && (names.has(principal.issuerId) || names.has(principal.issuerArn))
}

const isProviderNamed = ({ providers }: PrincipalMatcher, principal: Named) =>
  principal.kind === 'role' && principal.federatedProvider !== undefined && providers.has(principal.federatedProvider)

/** An unsigned call that proves itself to an identity provider (AssumeRoleWithWebIdentity) says which one in its context. */
function isFederated({ providers }: PrincipalMatcher, context: ConditionContext): boolean {
  if (providers.size === 0) return false
  const provider = context.get('aws:federatedprovider')
  return typeof provider === 'string' && providers.has(provider)
}

/**
 * A Deny spares a caller only when every link of its chain is listed: account and user; account, role and session (facts: C2).
 * An Allow leaves out a caller as soon as one link is listed.
 */
function isExcluded(
  matcher: PrincipalMatcher,
  principal: Principal,
  context: ConditionContext,
  effect: 'Allow' | 'Deny',
): boolean {
  if (matcher.everyone) return true
  if (principal.kind === 'anonymous') return isFederated(matcher, context)
  if (principal.kind === 'service') return matcher.services.has(principal.service)
  const links = [matcher.accounts.has(principal.account)]
  if (principal.kind === 'role') links.push(namesParent(matcher, principal))
  if (principal.kind !== 'root') links.push(namesSelf(matcher, principal))
  return effect === 'Deny' ? !links.includes(false) : links.includes(true)
}
