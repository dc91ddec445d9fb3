import type { Principal } from '../access/types.ts'
import { rootArn } from '../lib/arn.ts'
import { BoundedMap } from '../lib/boundedMap.ts'
import { infrastructureArn, infrastructureId, INFRASTRUCTURE_ROLE } from '../lib/infrastructure.ts'
import type { Caller, CallerLookup, CallerPolicies, Directory, SessionPolicies } from '../operation/call.ts'
import { authorizationDetails, encodeAuthorizationMessage } from '../operation/authorizationMessage.ts'
import type { Registry } from '../operation/registry.ts'
import { multiRegionRoleUsage, SYNCHRONIZER } from '../services/kms/keys/synchronizer.ts'
import type { KmsState } from '../services/kms/state.ts'
import { createIamDirectory } from '../services/iam/directory.ts'
import type { IamState } from '../services/iam/state.ts'
import { organizationView } from '../services/organizations/view.ts'
import type { OrganizationsState } from '../services/organizations/state.ts'
import { lookupSession } from '../services/sts/sessions.ts'
import { secretFor } from '../services/sts/secrets.ts'
import { overlay } from '../services/sts/sessionTags.ts'
import type { StsSession, StsState } from '../services/sts/state.ts'
import { BOOTSTRAP_SECRET, bootstrapAccount, type Settings } from './settings.ts'

/** Identity as the services may see it: IAM, STS and Organizations behind one interface, and the bootstrap door before them. */
export function createDirectory(registry: Registry, settings: Pick<Settings, 'bootstrap'>): Directory {
  const iam = createIamDirectory(registry.require('iam').state as IamState)
  const sts = registry.require('sts').state as StsState
  const organizations = registry.require('organizations').state as OrganizationsState
  const kms = registry.require('kms').state as KmsState

  const organization = (account: string) => organizationView(organizations, account)

  /** Somebody who asks. A class, and not a closure: one is made for every request, and the latest ten thousand are remembered. */
  class Asking implements Caller {
    readonly principal: Principal
    readonly accessKeyId: string | undefined
    readonly #session: SessionPolicies | undefined

    constructor(principal: Principal, accessKeyId: string | undefined, session: SessionPolicies | undefined) {
      this.principal = principal
      this.accessKeyId = accessKeyId
      this.#session = session
    }

    /** Read anew at each request. Service control policies bear on all but service-linked roles. */
    policies(): CallerPolicies {
      const { principal } = this
      const own = iam.policiesOf(principal, this.#session)
      if (principal.kind === 'anonymous' || principal.kind === 'service') return own
      if (principal.kind === 'role' && principal.serviceLinked) return own
      const scp = organization(principal.account)?.scp
      return scp ? { ...own, scp } : own
    }
  }

  const callerOf = (principal: Principal, accessKeyId: string | undefined, session?: SessionPolicies): Caller =>
    new Asking(principal, accessKeyId, session)

  const root = (account: string, accessKeyId?: string): Caller => callerOf(rootUser(account), accessKeyId)

  const longTerm = (accessKeyId: string, token: string | undefined): CallerLookup | undefined => {
    const key = iam.accessKey(accessKeyId)
    if (!key) return undefined
    const principal = key.active ? iam.userPrincipal(key.account, key.userName) : undefined
    if (!principal) return UNKNOWN
    // A token that belongs to no such key is a wrong token (facts: A3 row 16).
    if (token !== undefined) return { found: false, problem: 'bad-token' }
    return { found: true, secret: key.secret, caller: callerOf(principal, accessKeyId) }
  }

  const temporary = (accessKeyId: string, token: string | undefined, now: number): CallerLookup => {
    const session = lookupSession(sts, accessKeyId, token, now)
    if (typeof session === 'string') return { found: false, problem: session }
    const principal = current(session)
    if (!principal) return UNKNOWN
    return { found: true, secret: session.secret, caller: callerOf(principal, accessKeyId, session.policies) }
  }

  /** The session's principal as it stands now; undefined when its role or user is gone. */
  const current = ({ principal, sessionTags }: StsSession): Principal | undefined => {
    switch (principal.kind) {
      case 'role': {
        const role = iam.roleById(principal.roleId)
        return role && { ...principal, tags: overlay(role.tags, sessionTags) }
      }
      case 'user':
        return iam.principalArn(principal.userId) === undefined ? undefined : principal
      default:
        return principal
    }
  }

  /** As `lookup`, for a request that has been authenticated before. */
  const again = (principal: Principal, accessKeyId: string | undefined): Caller | undefined => {
    if (principal.kind === 'anonymous' || principal.kind === 'service' || accessKeyId === undefined) {
      return callerOf(principal, accessKeyId)
    }
    if (principal.session === undefined) {
      const isRoot = principal.kind === 'root' && iam.accessKey(accessKeyId) === undefined
      const found = isRoot ? undefined : longTerm(accessKeyId, undefined)
      if (isRoot) return root(principal.account, accessKeyId)
      return found?.found ? found.caller : undefined
    }
    const session = sts.sessions.in().get(accessKeyId)
    const now = session && current(session)
    return now && callerOf(now, accessKeyId, session.policies)
  }

  return {
    lookup(accessKeyId, token, now) {
      const account = settings.bootstrap ? bootstrapAccount(accessKeyId) : undefined
      if (account !== undefined) return { found: true, secret: BOOTSTRAP_SECRET, caller: root(account, accessKeyId) }
      return longTerm(accessKeyId, token) ?? temporary(accessKeyId, token, now)
    },
    root: (account) => root(account),
    again: (principal, accessKeyId) => again(principal, accessKeyId) ?? callerOf(principal, accessKeyId, NO_POLICIES),
    encodedDenial: (decision) =>
      encodeAuthorizationMessage(authorizationDetails(decision), secretFor(sts, 'authorization-message')),
    servicePrincipal: (service) => callerOf({ kind: 'service', service }, undefined),
    infrastructure: (account, instanceId, issuedAt) => callerOf(host(account, instanceId, issuedAt), undefined),
    principalId: (arn) => iam.principalId(arn),
    principalArn: (id) => iam.principalArn(id),
    role: (arn) => iam.role(arn),
    roleNamed: (account, name) => iam.roleNamed(account, name),
    oidcProvider: (arn) => iam.oidcProvider(arn),
    managedPolicy: (arn) => iam.managedPolicy(arn),
    organization,
    used({ principal, accessKeyId }, use) {
      if (accessKeyId !== undefined) iam.usedAccessKey(accessKeyId, use)
      if (principal.kind === 'role') iam.usedRole(principal.roleId, use)
    },
    ensureServiceLinkedRole(service, call) {
      iam.ensureServiceLinkedRole(service, call)
    },
    linkedRoleUsage: (service, account) => (service === SYNCHRONIZER ? multiRegionRoleUsage(account, kms) : undefined),
    adoptAccessKey(account, userName, key) {
      iam.adoptAccessKey(account, userName, key)
    },
  }
}

const rootUsers = new BoundedMap<Principal>(1000)

/** The same object each time, since requests are remembered with it. */
function rootUser(account: string): Principal {
  const known = rootUsers.get(account)
  if (known) return known
  const user: Principal = { kind: 'root', account, arn: rootArn(account), userId: account }
  rootUsers.put(account, user)
  return user
}

/** The host of an instance: it has no policies of its own, so what it may do is what grants and key policies let it. */
const host = (account: string, instanceId: string, issuedAt: number): Principal => ({
  kind: 'role',
  account,
  arn: infrastructureArn({ account, instanceId }),
  roleArn: `arn:aws:iam::${account}:role/${INFRASTRUCTURE_ROLE}`,
  roleId: `${account}:${INFRASTRUCTURE_ROLE}`,
  roleName: INFRASTRUCTURE_ROLE,
  sessionName: instanceId,
  userId: infrastructureId({ account, instanceId }),
  tags: {},
  session: { issuedAt, mfa: false },
  serviceLinked: false,
})

/** Of a session that these limit: nothing is allowed. */
const NO_POLICIES: SessionPolicies = { inline: undefined, arns: [] }

const UNKNOWN: CallerLookup = { found: false, problem: 'unknown-key' }
