import type { Call } from '../../operation/call.ts'
import type { Resource } from '../../operation/define.ts'
import { accessDenied, notInUse } from './errors.ts'
import { kindOfAwsPolicy, policyArn } from './policyTypes.ts'
import type { AccountNode, Node, OrganizationRecord, OrganizationsState, PolicyRecord, UnitNode } from './state.ts'

export type OrganizationsCall = Call<OrganizationsState>

/** The organization an account belongs to. */
export function organizationOf(state: OrganizationsState, account: string): OrganizationRecord | undefined {
  const node = state.nodes.in().get(account)
  return node && state.organizations.in().get(node.organization)
}

/** The caller's organization. @throws AwsError AWSOrganizationsNotInUseException */
export function ownOrganization(call: OrganizationsCall): OrganizationRecord {
  const organization = organizationOf(call.state, call.account)
  if (!organization) throw notInUse()
  return organization
}

/** The organization that the caller manages. @throws AwsError AWSOrganizationsNotInUseException, AccessDeniedException */
export function managedOrganization(call: OrganizationsCall): OrganizationRecord {
  const organization = ownOrganization(call)
  if (organization.managementAccount !== call.account) throw accessDenied()
  return organization
}

// ---- What belongs to an organization -------------------------------------------------------------------------------------

/** Root, unit or account of this organization. */
export function nodeIn(
  { id }: OrganizationRecord,
  nodeId: string | undefined,
  call: OrganizationsCall,
): Node | undefined {
  const node = nodeId === undefined ? undefined : call.state.nodes.in().get(nodeId)
  return node?.organization === id ? node : undefined
}

export function accountIn(
  organization: OrganizationRecord,
  id: string | undefined,
  call: OrganizationsCall,
): AccountNode | undefined {
  const node = nodeIn(organization, id, call)
  return node?.kind === 'account' ? node : undefined
}

export function unitIn(
  organization: OrganizationRecord,
  id: string | undefined,
  call: OrganizationsCall,
): UnitNode | undefined {
  const node = nodeIn(organization, id, call)
  return node?.kind === 'unit' ? node : undefined
}

/** Roots and units have children. */
export function parentIn(
  organization: OrganizationRecord,
  id: string | undefined,
  call: OrganizationsCall,
): Node | undefined {
  const node = nodeIn(organization, id, call)
  return node?.kind === 'account' ? undefined : node
}

/** A customer's policy of this organization, or one of AWS's own. */
export function policyIn(
  organization: OrganizationRecord,
  id: string | undefined,
  call: OrganizationsCall,
): PolicyRecord | undefined {
  if (id === undefined) return undefined
  const own = kindOfAwsPolicy(id)
  if (own) return { ...own.full, organization: organization.id }
  const policy = call.state.policies.in().get(id)
  return policy?.organization === organization.id ? policy : undefined
}

export const childrenOf = (parent: string, call: OrganizationsCall): Node[] =>
  [...call.state.nodes.in().find('parent', parent)].map(([, node]) => node)

export const nodesOf = (organization: string, call: OrganizationsCall): Node[] =>
  [...call.state.nodes.in().find('organization', organization)].map(([, node]) => node)

export const isUnit = (node: Node): node is UnitNode => node.kind === 'unit'
export const isAccount = (node: Node): node is AccountNode => node.kind === 'account'

// ---- Ids and ARNs ----------------------------------------------------------------------------------------------------------

/** A new id: the prefix and so many of a–z and 2–7. */
export const newId = (prefix: string, length: number, call: OrganizationsCall): string =>
  `${prefix}${call.env.ids.base32(length).toLowerCase()}`

export const organizationArn = ({ id, managementAccount }: OrganizationRecord): string =>
  arn(managementAccount, `organization/${id}`)

const arn = (account: string, resource: string) => `arn:aws:organizations::${account}:${resource}`

const WORDS: Readonly<Record<Node['kind'], string>> = { root: 'root', unit: 'ou', account: 'account' }

export const nodeArn = ({ id, managementAccount }: OrganizationRecord, node: Pick<Node, 'id' | 'kind'>): string =>
  arn(managementAccount, `${WORDS[node.kind]}/${id}/${node.id}`)

export const handshakeArn = (organization: string, managementAccount: string, id: string): string =>
  arn(managementAccount, `handshake/${organization}/invite/${id}`)

/** From the organization down: `o-…/r-…/ou-…/`. */
export function pathOf(organization: OrganizationRecord, node: Node, call: OrganizationsCall): string {
  let path = `${node.id}/`
  for (let at: Node | undefined = node; at && at.kind !== 'root';) {
    at = nodeIn(organization, at.parent, call)
    if (at) path = `${at.id}/${path}`
  }
  return `${organization.id}/${path}`
}

// ---- What policies are asked ---------------------------------------------------------------------------------------------

const EVERYTHING: Resource = { arn: '*', guard: 'none' }

/** What an id of a request names, as identity policies see it; `*` where there is nothing to name. */
export function resourceNamed(id: string | undefined, call: OrganizationsCall): Resource {
  const organization = organizationOf(call.state, call.account)
  if (!organization || id === undefined) return EVERYTHING
  const policy = policyIn(organization, id, call)
  if (policy) return resource(organization, policyArn(policy, organization.id, organization.managementAccount), policy)
  const node = nodeIn(organization, id, call)
  return node ? resource(organization, nodeArn(organization, node), node) : EVERYTHING
}

function resource(organization: OrganizationRecord, arn: string, { tags }: Pick<Node, 'tags'>): Resource {
  return {
    arn,
    account: organization.managementAccount,
    guard: 'none',
    context: Object.fromEntries(Object.entries(tags).map(([key, value]) => [`aws:ResourceTag/${key}`, value])),
  }
}
