import type { PolicyType as AnyPolicyType } from '@aws-sdk/client-organizations'
import {
  alreadyInOrganization,
  noRoot,
  organizationNotEmpty,
  typeAlreadyEnabled,
  typeNotAvailable,
  typeNotEnabled,
} from '../errors.ts'
import { checkInput } from '../inputs.ts'
import { addAccount, put } from '../membership.ts'
import {
  isAccount,
  managedOrganization,
  newId,
  nodesOf,
  organizationOf,
  ownOrganization,
  resourceNamed,
  type OrganizationsCall,
} from '../names.ts'
import { POLICY_KINDS, policyTypeOf } from '../policyTypes.ts'
import { organizations } from '../service.ts'
import { organizationView, rootView } from '../shapes.ts'
import type { OrganizationRecord, PolicyType } from '../state.ts'

const createOrganization = organizations.row('CreateOrganization', {
  action: 'organizations:CreateOrganization',
  run(input, call) {
    const organization: OrganizationRecord = {
      id: newId('o-', 10, call),
      managementAccount: call.account,
      featureSet: input.FeatureSet ?? 'ALL',
      root: newId('r-', 4, call),
      enabledTypes: [],
    }
    call.env.store.transaction(() => {
      if (organizationOf(call.state, call.account)) throw alreadyInOrganization()
      call.state.organizations.in().put(organization.id, organization)
      put(call, {
        kind: 'root',
        id: organization.root,
        organization: organization.id,
        name: 'Root',
        policies: [],
        tags: {},
      })
      addAccount(organization, { id: call.account, joined: 'INVITED' }, call)
    })
    return { Organization: organizationView(organization) }
  },
})

const describeOrganization = organizations.row('DescribeOrganization', {
  action: 'organizations:DescribeOrganization',
  readOnly: true,
  // Any member may ask.
  run: (_input, call) => ({ Organization: organizationView(ownOrganization(call)) }),
})

const deleteOrganization = organizations.row('DeleteOrganization', {
  action: 'organizations:DeleteOrganization',
  run(_input, call) {
    call.env.store.transaction(() => {
      const { id, managementAccount } = managedOrganization(call)
      const nodes = nodesOf(id, call)
      if (nodes.some((node) => isAccount(node) && node.id !== managementAccount)) throw organizationNotEmpty()
      for (const node of nodes) call.state.nodes.in().delete(node.id)
      for (const collection of [call.state.policies, call.state.handshakes, call.state.creations]) {
        for (const [recordId] of [...collection.in().find('organization', id)]) collection.in().delete(recordId)
      }
      call.state.organizations.in().delete(id)
    })
    return {}
  },
})

const listRoots = organizations.row('ListRoots', {
  action: 'organizations:ListRoots',
  readOnly: true,
  subject: checkInput,
  run: (_input, call) => ({ Roots: [rootView(managedOrganization(call))] }),
})

interface TypeInput {
  readonly RootId: string | undefined
  readonly PolicyType: AnyPolicyType | undefined
}

/** Changes which types are enabled, and what is attached to everything because of it. */
function changeType(
  { RootId, PolicyType: named }: TypeInput,
  call: OrganizationsCall,
  change: (organization: OrganizationRecord, type: PolicyType) => OrganizationRecord,
  attached: (policies: readonly string[], type: PolicyType) => readonly string[],
): OrganizationRecord {
  const type = policyTypeOf(named)
  return call.env.store.transaction(() => {
    const organization = managedOrganization(call)
    if (organization.root !== RootId) throw noRoot()
    if (organization.featureSet !== 'ALL') throw typeNotAvailable()
    const changed = change(organization, type)
    call.state.organizations.in().put(changed.id, changed)
    for (const node of nodesOf(changed.id, call)) put(call, { ...node, policies: attached(node.policies, type) })
    return changed
  })
}

const enablePolicyType = organizations.row('EnablePolicyType', {
  action: 'organizations:EnablePolicyType',
  subject: checkInput,
  resource: (input, call) => resourceNamed(input.RootId, call),
  context: (input) => ({ 'organizations:PolicyType': input.PolicyType }),
  run(input, call) {
    const organization = changeType(
      input,
      call,
      (before, type) => {
        if (before.enabledTypes.includes(type)) throw typeAlreadyEnabled()
        return { ...before, enabledTypes: [...before.enabledTypes, type] }
      },
      (policies, type) => [...policies, POLICY_KINDS[type].full.id],
    )
    // In force at once; AWS answers that it is on the way (captures 9.5).
    return { Root: rootView(organization, [{ Type: input.PolicyType, Status: 'PENDING_ENABLE' }]) }
  },
})

const disablePolicyType = organizations.row('DisablePolicyType', {
  action: 'organizations:DisablePolicyType',
  subject: checkInput,
  resource: (input, call) => resourceNamed(input.RootId, call),
  context: (input) => ({ 'organizations:PolicyType': input.PolicyType }),
  run(input, call) {
    const typeOf = (id: string) => call.state.policies.in().get(id)?.type
    const organization = changeType(
      input,
      call,
      (before, type) => {
        if (!before.enabledTypes.includes(type)) throw typeNotEnabled()
        return { ...before, enabledTypes: before.enabledTypes.filter((enabled) => enabled !== type) }
      },
      // Everything of the type is detached, and stays so when it is enabled again (AWS: DisablePolicyType).
      (policies, type) => policies.filter((id) => id !== POLICY_KINDS[type].full.id && typeOf(id) !== type),
    )
    return { Root: rootView(organization, [{ Type: input.PolicyType, Status: 'PENDING_DISABLE' }]) }
  },
})

export const organizationRows = [
  createOrganization,
  describeOrganization,
  deleteOrganization,
  listRoots,
  enablePolicyType,
  disablePolicyType,
]
