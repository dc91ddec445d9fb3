import type { Tags } from '../../access/types.ts'
import type { Collection, CollectionSpec, Store } from '../../state/store.ts'
import { watched, type Changes } from './changes.ts'

export type PolicyType = 'SERVICE_CONTROL_POLICY' | 'RESOURCE_CONTROL_POLICY'

export interface OrganizationRecord {
  /** `o-…` */
  readonly id: string
  readonly managementAccount: string
  readonly featureSet: 'ALL' | 'CONSOLIDATED_BILLING'
  /** `r-…` */
  readonly root: string
  readonly enabledTypes: readonly PolicyType[]
}

/** What policies and tags can be attached to. */
interface Target {
  readonly id: string
  /** The organization it belongs to. */
  readonly organization: string
  readonly name: string
  /** Ids of attached policies, in the order of attachment. */
  readonly policies: readonly string[]
  readonly tags: Tags
}

export interface RootNode extends Target {
  readonly kind: 'root'
}

export interface UnitNode extends Target {
  readonly kind: 'unit'
  readonly parent: string
}

export interface AccountNode extends Target {
  readonly kind: 'account'
  readonly parent: string
  readonly email: string
  readonly joined: 'CREATED' | 'INVITED'
  /** Milliseconds since the epoch. */
  readonly joinedAt: number
}

export type Node = RootNode | UnitNode | AccountNode

export interface PolicyRecord {
  /** `p-…` */
  readonly id: string
  readonly organization: string
  readonly type: PolicyType
  readonly name: string
  readonly description: string
  readonly content: string
  readonly tags: Tags
}

export interface HandshakeRecord {
  /** `h-…` */
  readonly id: string
  readonly organization: string
  readonly managementAccount: string
  /** The invited account. */
  readonly account: string
  readonly state: 'OPEN' | 'CANCELED' | 'ACCEPTED' | 'DECLINED' | 'EXPIRED'
  /** Milliseconds since the epoch. */
  readonly requestedAt: number
  readonly expiresAt: number
  readonly notes?: string | undefined
}

export interface CreationRecord {
  /** `car-…` */
  readonly id: string
  readonly organization: string
  readonly account: string
  readonly name: string
  /** Milliseconds since the epoch. */
  readonly requestedAt: number
}

const organization = (record: { readonly organization: string }) => record.organization

export const collections = {
  /** By organization id. */
  organizations: {
    name: 'organizations.organizations',
    scope: 'global',
    indexes: { managementAccount: (record: OrganizationRecord) => record.managementAccount },
  } satisfies CollectionSpec<OrganizationRecord>,
  /** Root, organizational units and accounts, by id: an account belongs to one organization at most. */
  nodes: {
    name: 'organizations.nodes',
    scope: 'global',
    indexes: {
      organization,
      parent: (node: Node) => (node.kind === 'root' ? undefined : node.parent),
      policy: (node: Node) => node.policies.map((id) => attachment(node.organization, id)),
    },
  } satisfies CollectionSpec<Node>,
  /** Customers' policies; AWS's own are not stored. */
  policies: {
    name: 'organizations.policies',
    scope: 'global',
    indexes: { organization },
  } satisfies CollectionSpec<PolicyRecord>,
  handshakes: {
    name: 'organizations.handshakes',
    scope: 'global',
    indexes: { organization, account: (handshake: HandshakeRecord) => handshake.account },
  } satisfies CollectionSpec<HandshakeRecord>,
  creations: {
    name: 'organizations.creations',
    scope: 'global',
    indexes: { organization },
  } satisfies CollectionSpec<CreationRecord>,
}

/** AWS's own policies have the same id in every organization. */
export const attachment = (organizationId: string, policyId: string): string => `${organizationId}/${policyId}`

export interface OrganizationsState {
  readonly organizations: Collection<OrganizationRecord>
  readonly nodes: Collection<Node>
  readonly policies: Collection<PolicyRecord>
  readonly handshakes: Collection<HandshakeRecord>
  readonly creations: Collection<CreationRecord>
  readonly changes: Changes
}

export function organizationsState(store: Store): OrganizationsState {
  const changes: Changes = { count: 0 }
  return {
    organizations: watched(store.collection<OrganizationRecord>(collections.organizations), changes),
    nodes: watched(store.collection<Node>(collections.nodes), changes),
    policies: watched(store.collection<PolicyRecord>(collections.policies), changes),
    handshakes: store.collection<HandshakeRecord>(collections.handshakes),
    creations: store.collection<CreationRecord>(collections.creations),
    changes,
  }
}
