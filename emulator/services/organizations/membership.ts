import { newId, type OrganizationsCall } from './names.ts'
import { emailOf } from './shapes.ts'
import type { AccountNode, Node, OrganizationRecord } from './state.ts'
import { POLICY_KINDS } from './policyTypes.ts'

/** The policies that everything new in an organization gets: AWS's own of each enabled type. */
export const initialPolicies = ({ enabledTypes }: OrganizationRecord): string[] =>
  enabledTypes.map((type) => POLICY_KINDS[type].full.id)

/** Puts an account under the organization's root. */
export function addAccount(
  organization: OrganizationRecord,
  account: Pick<AccountNode, 'id' | 'joined'> & Partial<Pick<AccountNode, 'name' | 'email' | 'tags'>>,
  call: OrganizationsCall,
): void {
  put(call, {
    kind: 'account',
    id: account.id,
    organization: organization.id,
    parent: organization.root,
    name: account.name ?? account.id,
    email: account.email ?? emailOf(account.id),
    joined: account.joined,
    joinedAt: call.time,
    policies: initialPolicies(organization),
    tags: account.tags ?? {},
  })
}

export function put(call: OrganizationsCall, node: Node): void {
  call.state.nodes.in().put(node.id, node)
}

/** A unit's id begins with its root's: `ou-<root>-…`. */
export const newUnitId = ({ root }: OrganizationRecord, call: OrganizationsCall): string =>
  newId(`ou-${root.slice('r-'.length)}-`, 8, call)

/** A twelve-digit id that no organization knows. */
export function newAccountId(call: OrganizationsCall): string {
  for (;;) {
    // Never a leading zero, so that nobody takes it for a number of eleven digits.
    const id = String(100_000_000_000n + (BigInt(`0x${call.env.ids.hex(16)}`) % 900_000_000_000n))
    if (!call.state.nodes.in().has(id)) return id
  }
}
