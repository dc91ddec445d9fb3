import { policySource } from '../../access/document.ts'
import type { PolicySource } from '../../access/types.ts'
import type { OrganizationView } from '../../operation/call.ts'
import { POLICY_KINDS, kindOfAwsPolicy, policyArn, type PolicyKind } from './policyTypes.ts'
import type { Node, OrganizationRecord, OrganizationsState } from './state.ts'

interface Known {
  readonly count: number
  readonly views: Map<string, OrganizationView | undefined>
}

const known = new WeakMap<OrganizationsState, Known>()

/**
 * What an account's organization says about it; undefined when it belongs to none. Assembled anew after a change to any
 * organization, in time proportional to the account's depth; otherwise a look-up.
 */
export function organizationView(state: OrganizationsState, account: string): OrganizationView | undefined {
  let cache = known.get(state)
  if (cache?.count !== state.changes.count) {
    cache = { count: state.changes.count, views: new Map() }
    known.set(state, cache)
  }
  // Accounts without an organization are not kept: anyone may name any account.
  const view = cache.views.get(account) ?? assemble(state, account)
  if (view) cache.views.set(account, view)
  return view
}

function assemble(state: OrganizationsState, account: string): OrganizationView | undefined {
  const own = state.nodes.in().get(account)
  const organization = own && state.organizations.in().get(own.organization)
  if (own?.kind !== 'account' || !organization) return undefined
  const levels = levelsTo(state, own)
  const above = levels.filter(({ kind }) => kind !== 'account').map(({ id }) => `${id}/`)
  // Neither kind of policy bears on the management account (facts: C1 step 1, C5).
  const bound = account !== organization.managementAccount
  const policies = ({ type }: PolicyKind) =>
    bound && organization.enabledTypes.includes(type)
      ? levels.map((node) => policiesOf(state, organization, node, POLICY_KINDS[type]))
      : undefined
  return {
    id: organization.id,
    path: `${organization.id}/${above.join('')}`,
    managementAccount: organization.managementAccount,
    scp: policies(POLICY_KINDS.SERVICE_CONTROL_POLICY),
    rcp: policies(POLICY_KINDS.RESOURCE_CONTROL_POLICY),
  }
}

/** From the root down to the node itself. */
function levelsTo(state: OrganizationsState, node: Node): Node[] {
  const levels = [node]
  for (let at: Node | undefined = node; at && at.kind !== 'root';) {
    at = state.nodes.in().get(at.parent)
    if (at) levels.unshift(at)
  }
  return levels
}

function policiesOf(
  state: OrganizationsState,
  organization: OrganizationRecord,
  node: Node,
  kind: PolicyKind,
): PolicySource[] {
  return node.policies.flatMap((id) => {
    const policy = kindOfAwsPolicy(id)?.full ?? state.policies.in().get(id)
    if (policy?.type !== kind.type) return []
    const arn = policyArn(policy, organization.id, organization.managementAccount)
    return [policySource({ layer: kind.layer, name: policy.name, arn, holder: node.id, text: policy.content })]
  })
}
