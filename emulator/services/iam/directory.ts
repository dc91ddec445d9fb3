import { policySource } from '../../access/document.ts'
import type { PolicySource, Principal, Root, User } from '../../access/types.ts'
import type { CallerPolicies, OidcProviderView, RoleView, SessionPolicies } from '../../operation/call.ts'
import { parseArn, rootArn } from '../../lib/arn.ts'
import { ensureLinkedRole, type Maker } from './linkedRoles.ts'
import { awsManagedPolicy } from './managed/catalog.ts'
import { keyOf, nameInArn, policyRecord } from './names.ts'
import { defaultVersion, identityPolicies, sessionPolicies } from './policySources.ts'
import type { IamState, LastUse, RoleRecord, UserRecord } from './state.ts'

/** What IAM knows of identities, for the request path and for STS. Reads current records each time it is asked. */
export interface IamDirectory {
  /** The long-term key with this id. `userName` is absent for keys of the root user. */
  accessKey(accessKeyId: string): AccessKeyView | undefined
  /** The existing user with this name, in any case; the root user when no name is given (`AccessKeyView.userName`). */
  userPrincipal(account: string, userName: string | undefined): User | Root | undefined
  /** The existing role that an ARN names, path included. */
  role(arn: string): RoleView | undefined
  /** By name, whatever its path; the spelling must be the stored one. */
  roleNamed(account: string, name: string): RoleView | undefined
  /** By unique id, `AROA…`. */
  roleById(id: string): RoleView | undefined
  /** The unique id of the existing user or role that an ARN names, path included. */
  principalId(arn: string): string | undefined
  principalArn(id: string): string | undefined
  /** The existing OpenID Connect provider that an ARN names, for AssumeRoleWithWebIdentity. */
  oidcProvider(arn: string): OidcProviderView | undefined
  /** The current default version of a managed policy, the customer's or AWS's. */
  managedPolicy(arn: string): { readonly text: string; readonly name: string } | undefined
  /** The policies that travel with an identity, but for the organization's. */
  policiesOf(principal: Principal, session: SessionPolicies | undefined): CallerPolicies
  /** Bookkeeping for GetAccessKeyLastUsed; in memory only. */
  usedAccessKey(accessKeyId: string, use: LastUse): void
  /** Bookkeeping for RoleLastUsed, by unique id. */
  usedRole(roleId: string, use: LastUse): void
  /** Makes a service's role unless the account has it. Within a transaction. */
  ensureServiceLinkedRole(service: string, maker: Maker): void
  /** Gives a user an access key with a known secret: for worlds and scenarios. Throws when there is no such user. */
  adoptAccessKey(account: string, userName: string, key: { readonly id: string; readonly secret: string }): void
}

export interface AccessKeyView {
  readonly secret: string
  readonly account: string
  readonly userName: string | undefined
  readonly active: boolean
}

export function createIamDirectory(state: IamState): IamDirectory {
  const findPolicies = policyCache(state)

  /** A federated user has what its issuer has, within the session's policies; the root user has everything. */
  function identityOf(principal: Principal): CallerPolicies {
    if (principal.kind === 'user') return findPolicies(principal.userId)
    if (principal.kind === 'role') return findPolicies(principal.roleId)
    if (principal.kind !== 'federated') return NONE
    return principal.issuerId === principal.account ? EVERYTHING : findPolicies(principal.issuerId)
  }

  return {
    accessKey(accessKeyId) {
      const key = state.accessKeys.in().get(accessKeyId)
      if (!key) return undefined
      const { secret, account, active } = key
      if (key.userId === account) return { secret, account, userName: undefined, active }
      const user = identityById(state, key.userId)
      return user && { secret, account, userName: user.record.name, active }
    },
    userPrincipal(account, userName) {
      if (userName === undefined) return { kind: 'root', account, arn: rootArn(account), userId: account }
      const user = state.users.in(account).get(keyOf(userName))
      return user && principalOf(user, account)
    },
    role(arn) {
      const named = nameInArn(arn, 'role')
      const record = named && state.roles.in(named.account).get(keyOf(named.name))
      return named && record?.arn === arn ? roleView(record, named.account) : undefined
    },
    roleNamed(account, name) {
      const record = state.roles.in(account).get(keyOf(name))
      return record?.name === name ? roleView(record, account) : undefined
    },
    roleById(id) {
      const found = identityById(state, id)
      return found && 'trust' in found.record ? roleView(found.record, found.account) : undefined
    },
    principalId: (arn) => identityByArn(state, arn)?.id,
    principalArn: (id) => identityById(state, id)?.record.arn,
    oidcProvider(arn) {
      const { account = '', resource = '' } = parseArn(arn) ?? {}
      const provider = state.oidcProviders.in(account).get(resource.slice('oidc-provider/'.length))
      return provider?.arn === arn ? { arn, clientIds: provider.clientIds } : undefined
    },
    managedPolicy(arn) {
      const policy = policyRecord(arn, state)
      return policy && { name: policy.name, text: defaultVersion(policy).text }
    },
    policiesOf(principal, session) {
      const policies = identityOf(principal)
      return session ? { ...policies, session: sessionPolicies(state, session) } : policies
    },
    usedAccessKey(accessKeyId, use) {
      state.lastUsed.set(accessKeyId, use)
    },
    usedRole(roleId, use) {
      state.lastUsed.set(roleId, use)
    },
    ensureServiceLinkedRole(service, maker) {
      ensureLinkedRole(service, state, maker)
    },
    adoptAccessKey(account, userName, { id, secret }) {
      const user = state.users.in(account).get(keyOf(userName))
      if (!user) throw new Error(`account ${account} has no user \`${userName}\` to give an access key to`)
      const { id: userId, createdAt } = user
      state.accessKeys.in().put(id, { account, userId, secret, active: true, createdAt })
    },
  }
}

const principals = new WeakMap<UserRecord, User>()

/** The same object for the same record, since requests are remembered with it. */
function principalOf(user: UserRecord, account: string): User {
  let principal = principals.get(user)
  if (!principal) {
    principal = { kind: 'user', account, arn: user.arn, userId: user.id, userName: user.name, tags: user.tags }
    principals.set(user, principal)
  }
  return principal
}

const NONE: CallerPolicies = { identity: [] }
/** What the root user may grant to a federated user: everything. */
const EVERYTHING: CallerPolicies = { identity: administratorAccess() }

function administratorAccess(): PolicySource[] {
  const arn = 'arn:aws:iam::aws:policy/AdministratorAccess'
  const policy = awsManagedPolicy(arn)
  const version = policy && defaultVersion(policy)
  return version ? [policySource({ layer: 'identity', name: 'root user', fixed: true, text: version.text })] : []
}

/** Policies by unique id, assembled anew after a change in the account: a request that follows none costs a look-up. */
function policyCache(state: IamState): (id: string) => CallerPolicies {
  const assembled = new Map<
    string,
    { readonly account: string; readonly version: number; readonly policies: CallerPolicies }
  >()
  const isCurrent = ({ account, version }: { readonly account: string; readonly version: number }) =>
    version === state.versions.of(account)
  return (id) => {
    const known = assembled.get(id)
    if (known && isCurrent(known)) return known.policies
    const found = identityById(state, id)
    if (!found) {
      assembled.delete(id)
      return NONE
    }
    const policies = identityPolicies(state, found.record, found.account)
    assembled.set(id, { account: found.account, version: state.versions.of(found.account), policies })
    return policies
  }
}

/** The existing user or role with this unique id. */
export function identityById(
  state: IamState,
  id: string,
): { readonly account: string; readonly record: UserRecord | RoleRecord } | undefined {
  const place = state.principals.in().get(id)
  if (!place || place.kind === 'group') return undefined
  const record = (place.kind === 'user' ? state.users : state.roles).in(place.account).get(place.key)
  return record && { account: place.account, record }
}

/** The existing user or role that an ARN names exactly. */
export function identityByArn(state: IamState, arn: string): UserRecord | RoleRecord | undefined {
  const role = nameInArn(arn, 'role')
  const user = role ? undefined : nameInArn(arn, 'user')
  const record = role
    ? state.roles.in(role.account).get(keyOf(role.name))
    : user && state.users.in(user.account).get(keyOf(user.name))
  return record?.arn === arn ? record : undefined
}

function roleView(role: RoleRecord, account: string): RoleView {
  return {
    arn: role.arn,
    id: role.id,
    name: role.name,
    path: role.path,
    account,
    tags: role.tags,
    trust: policySource({ layer: 'trust', name: 'trust policy', text: role.trust.text }),
    maxSessionSeconds: role.maxSessionSeconds,
  }
}
