import type { Tags } from '../../access/types.ts'
import type { RoleUsage } from '../../operation/call.ts'
import type { Collection, CollectionSpec, Store, Table } from '../../state/store.ts'

/** A policy as it was put. Records are never changed in place, so what is compiled from one can be kept beside it. */
export interface InlinePolicy {
  readonly name: string
  readonly text: string
}

/** What users, groups and roles have in common: a name, a path and policies. */
interface Entity {
  /** In the spelling it was created with; unique per account ignoring case (captures 9.3). */
  readonly name: string
  /** `/` or `/…/` */
  readonly path: string
  /** `AIDA…`, `AGPA…`, `AROA…`, `AIPA…`, `ANPA…` (facts: H1). */
  readonly id: string
  readonly arn: string
  /** Milliseconds since the epoch, whole seconds. */
  readonly createdAt: number
}

export interface PolicyHolder extends Entity {
  readonly inline: readonly InlinePolicy[]
  /** ARNs of managed policies, in the order of attachment. */
  readonly attached: readonly string[]
}

export interface UserRecord extends PolicyHolder {
  readonly tags: Tags
  /** The ARN of the managed policy that bounds the user's permissions. */
  readonly boundary?: string | undefined
  /** Unique ids of the groups it belongs to. */
  readonly groups: readonly string[]
}

export type GroupRecord = PolicyHolder

export interface RoleRecord extends PolicyHolder {
  readonly tags: Tags
  readonly boundary?: string | undefined
  /** Principals stand in it by unique id, so that a recreated user is another one (captures 4.4). */
  readonly trust: TrustPolicy
  readonly description?: string | undefined
  readonly maxSessionSeconds: number
}

export interface TrustPolicy {
  readonly text: string
}

export interface PolicyVersion {
  /** `v1` */
  readonly id: string
  readonly text: string
  readonly createdAt: number
}

export interface ManagedPolicyRecord extends Entity {
  readonly description?: string | undefined
  readonly updatedAt: number
  readonly defaultVersion: string
  /** Oldest first; at most five. */
  readonly versions: readonly PolicyVersion[]
  /** The number of the next version: numbers are not used again. */
  readonly nextVersion: number
  readonly tags: Tags
}

export interface InstanceProfileRecord extends Entity {
  /** The unique id of its role. */
  readonly role?: string | undefined
  readonly tags: Tags
}

export interface OidcProviderRecord {
  readonly arn: string
  /** Without `https://`. */
  readonly url: string
  readonly clientIds: readonly string[]
  readonly thumbprints: readonly string[]
  readonly createdAt: number
  readonly tags: Tags
}

export interface AccessKeyRecord {
  readonly account: string
  /** The unique id of its user, or the account id for the root user's keys. */
  readonly userId: string
  readonly secret: string
  readonly active: boolean
  readonly createdAt: number
}

/** Where a unique id leads. */
export interface PrincipalRecord {
  readonly account: string
  readonly kind: 'user' | 'group' | 'role'
  /** Its key in the account's collection. */
  readonly key: string
}

/** The last use of an access key or role: in memory only, a request must not cost a journal line. */
export interface LastUse {
  readonly at: number
  readonly service: string
  readonly region: string
}

const attached = (holder: PolicyHolder) => holder.attached

export const collections = {
  users: {
    name: 'iam.users',
    scope: 'account',
    ordered: true,
    indexes: { attached, boundary: (user: UserRecord) => user.boundary, group: (user: UserRecord) => user.groups },
  } satisfies CollectionSpec<UserRecord>,
  groups: {
    name: 'iam.groups',
    scope: 'account',
    ordered: true,
    indexes: { attached },
  } satisfies CollectionSpec<GroupRecord>,
  roles: {
    name: 'iam.roles',
    scope: 'account',
    ordered: true,
    indexes: { attached, boundary: (role: RoleRecord) => role.boundary },
  } satisfies CollectionSpec<RoleRecord>,
  policies: { name: 'iam.policies', scope: 'account', ordered: true } satisfies CollectionSpec<ManagedPolicyRecord>,
  instanceProfiles: {
    name: 'iam.instanceProfiles',
    scope: 'account',
    ordered: true,
    indexes: { role: (profile: InstanceProfileRecord) => profile.role },
  } satisfies CollectionSpec<InstanceProfileRecord>,
  /** By URL without scheme. */
  oidcProviders: {
    name: 'iam.oidcProviders',
    scope: 'account',
    ordered: true,
  } satisfies CollectionSpec<OidcProviderRecord>,
  /** By access key id. */
  accessKeys: {
    name: 'iam.accessKeys',
    scope: 'global',
    secret: true,
    indexes: { user: (key: AccessKeyRecord) => key.userId },
  } satisfies CollectionSpec<AccessKeyRecord>,
  /** By unique id. */
  principals: { name: 'iam.principals', scope: 'global' } satisfies CollectionSpec<PrincipalRecord>,
  /** By task: deletions of service-linked roles that failed, and why. */
  failedDeletions: { name: 'iam.failedDeletions', scope: 'account' } satisfies CollectionSpec<RoleUsage>,
  /** By alias: one namespace for all accounts. */
  aliases: {
    name: 'iam.aliases',
    scope: 'global',
    indexes: { account: (alias: { readonly account: string }) => alias.account },
  } satisfies CollectionSpec<{ readonly account: string }>,
}

export interface IamState {
  readonly users: Collection<UserRecord>
  readonly groups: Collection<GroupRecord>
  readonly roles: Collection<RoleRecord>
  readonly policies: Collection<ManagedPolicyRecord>
  readonly instanceProfiles: Collection<InstanceProfileRecord>
  readonly oidcProviders: Collection<OidcProviderRecord>
  readonly accessKeys: Collection<AccessKeyRecord>
  readonly principals: Collection<PrincipalRecord>
  readonly aliases: Collection<{ readonly account: string }>
  readonly failedDeletions: Collection<RoleUsage>
  readonly versions: Versions
  /** By access key id or role id. Not stored. */
  readonly lastUsed: Map<string, LastUse>
}

/** Counts the changes of each account's identities, so that what was assembled from them is known to be current. */
export interface Versions {
  of(account: string): number
  changed(account: string): void
  /** Everything was replaced: reset or import. */
  replaced(): void
}

export function iamState(store: Store): IamState {
  const versions = createVersions()
  return {
    users: watched(store.collection<UserRecord>(collections.users), versions),
    groups: watched(store.collection<GroupRecord>(collections.groups), versions),
    roles: watched(store.collection<RoleRecord>(collections.roles), versions),
    policies: watched(store.collection<ManagedPolicyRecord>(collections.policies), versions),
    instanceProfiles: store.collection<InstanceProfileRecord>(collections.instanceProfiles),
    oidcProviders: store.collection<OidcProviderRecord>(collections.oidcProviders),
    accessKeys: store.collection<AccessKeyRecord>(collections.accessKeys),
    principals: store.collection<PrincipalRecord>(collections.principals),
    aliases: store.collection<{ readonly account: string }>(collections.aliases),
    failedDeletions: store.collection<RoleUsage>(collections.failedDeletions),
    versions,
    lastUsed: new Map(),
  }
}

function createVersions(): Versions {
  const counts = new Map<string, number>()
  let first = 0
  return {
    of: (account) => counts.get(account) ?? first,
    changed(account) {
      counts.set(account, (counts.get(account) ?? first) + 1)
    },
    replaced() {
      for (const count of counts.values()) first = Math.max(first, count)
      first++
      counts.clear()
    },
  }
}

/**
 * A collection whose every write counts as a change of its account.
 * INVARIANT: nothing assembles policies within a transaction that may yet be undone.
 */
function watched<T>(collection: Collection<T>, versions: Versions): Collection<T> {
  // Tables hold no data of their own, so one per account can be kept.
  const tables = new Map<string, Table<T>>()
  return {
    in(account = '') {
      let table = tables.get(account)
      if (!table) {
        table = watchedTable(collection.in(account), () => {
          versions.changed(account)
        })
        tables.set(account, table)
      }
      return table
    },
    scopes: () => collection.scopes(),
    all: () => collection.all(),
  }
}

function watchedTable<T>(table: Table<T>, changed: () => void): Table<T> {
  return {
    get size() {
      return table.size
    },
    get: (id) => table.get(id),
    has: (id) => table.has(id),
    put(id, record) {
      table.put(id, record)
      changed()
    },
    delete(id) {
      table.delete(id)
      changed()
    },
    find: (index, key) => table.find(index, key),
    count: (index, key) => table.count(index, key),
    entries: (range) => table.entries(range),
  }
}
