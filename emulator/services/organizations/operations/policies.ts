import type { ContextValue } from '../../../access/types.ts'
import { storedDocument } from '../documents.ts'
import { duplicatePolicy, invalidInput, noPolicy, policyInUse } from '../errors.ts'
import { checkInput } from '../inputs.ts'
import {
  managedOrganization,
  newId,
  organizationOf,
  policyIn,
  resourceNamed,
  type OrganizationsCall,
} from '../names.ts'
import { pageOf } from '../pages.ts'
import { isAwsType, kindOfAwsPolicy, POLICY_KINDS, policyTypeOf } from '../policyTypes.ts'
import { organizations } from '../service.ts'
import { policySummary } from '../shapes.ts'
import { attachment, type OrganizationRecord, type PolicyRecord, type PolicyType } from '../state.ts'
import { tagContext, withTags } from '../tags.ts'

/** `organizations:PolicyType` of the policy that a request names. */
export function typeContext(id: string | undefined, call: OrganizationsCall): Record<string, ContextValue | undefined> {
  const organization = organizationOf(call.state, call.account)
  return { 'organizations:PolicyType': organization && policyIn(organization, id, call)?.type }
}

/** @throws AwsError PolicyNotFoundException */
export function existingPolicy(
  organization: OrganizationRecord,
  id: string | undefined,
  call: OrganizationsCall,
): PolicyRecord {
  const policy = policyIn(organization, id, call)
  if (!policy) throw noPolicy()
  return policy
}

/** A policy that its owner may change. @throws AwsError PolicyNotFoundException, InvalidInputException */
function ownPolicy(organization: OrganizationRecord, id: string | undefined, call: OrganizationsCall): PolicyRecord {
  const policy = existingPolicy(organization, id, call)
  if (kindOfAwsPolicy(policy.id)) throw invalidInput('IMMUTABLE_POLICY')
  return policy
}

function policiesOfType({ id }: OrganizationRecord, type: PolicyType, call: OrganizationsCall): PolicyRecord[] {
  const own = [...call.state.policies.in().find('organization', id)].map(([, policy]) => policy)
  return [{ ...POLICY_KINDS[type].full, organization: id }, ...own.filter((policy) => policy.type === type)]
}

/** @throws AwsError DuplicatePolicyException */
function requireFreeName(
  organization: OrganizationRecord,
  { id, name, type }: Pick<PolicyRecord, 'id' | 'name' | 'type'>,
  call: OrganizationsCall,
): void {
  const taken = policiesOfType(organization, type, call).some((policy) => policy.name === name && policy.id !== id)
  if (taken) throw duplicatePolicy()
}

const wholeView = (organization: OrganizationRecord, policy: PolicyRecord) => ({
  PolicySummary: policySummary(organization, policy),
  Content: policy.content,
})

const createPolicy = organizations.row('CreatePolicy', {
  action: 'organizations:CreatePolicy',
  subject: checkInput,
  context: (input) => ({ 'organizations:PolicyType': input.Type, ...tagContext(input.Tags) }),
  run(input, call) {
    const organization = managedOrganization(call)
    const type = policyTypeOf(input.Type)
    const policy: PolicyRecord = {
      id: newId('p-', 8, call),
      organization: organization.id,
      type,
      name: input.Name ?? '',
      description: input.Description ?? '',
      content: storedDocument(input.Content ?? '', type),
      tags: withTags({}, input.Tags),
    }
    call.env.store.transaction(() => {
      requireFreeName(organization, policy, call)
      call.state.policies.in().put(policy.id, policy)
    })
    return { Policy: wholeView(organization, policy) }
  },
})

const updatePolicy = organizations.row('UpdatePolicy', {
  action: 'organizations:UpdatePolicy',
  subject: checkInput,
  resource: (input, call) => resourceNamed(input.PolicyId, call),
  context: (input, call) => typeContext(input.PolicyId, call),
  run: (input, call) =>
    call.env.store.transaction(() => {
      const organization = managedOrganization(call)
      const before = ownPolicy(organization, input.PolicyId, call)
      const policy: PolicyRecord = {
        ...before,
        name: input.Name ?? before.name,
        description: input.Description ?? before.description,
        content: input.Content === undefined ? before.content : storedDocument(input.Content, before.type),
      }
      requireFreeName(organization, policy, call)
      call.state.policies.in().put(policy.id, policy)
      return { Policy: wholeView(organization, policy) }
    }),
})

const describePolicy = organizations.row('DescribePolicy', {
  action: 'organizations:DescribePolicy',
  readOnly: true,
  subject: checkInput,
  resource: (input, call) => resourceNamed(input.PolicyId, call),
  context: (input, call) => typeContext(input.PolicyId, call),
  run(input, call) {
    const organization = managedOrganization(call)
    return { Policy: wholeView(organization, existingPolicy(organization, input.PolicyId, call)) }
  },
})

const deletePolicy = organizations.row('DeletePolicy', {
  action: 'organizations:DeletePolicy',
  subject: checkInput,
  resource: (input, call) => resourceNamed(input.PolicyId, call),
  context: (input, call) => typeContext(input.PolicyId, call),
  run(input, call) {
    call.env.store.transaction(() => {
      const organization = managedOrganization(call)
      const { id } = ownPolicy(organization, input.PolicyId, call)
      if (call.state.nodes.in().count('policy', attachment(organization.id, id)) > 0) throw policyInUse()
      call.state.policies.in().delete(id)
    })
    return {}
  },
})

const listPolicies = organizations.row('ListPolicies', {
  action: 'organizations:ListPolicies',
  readOnly: true,
  subject: checkInput,
  context: (input) => ({ 'organizations:PolicyType': input.Filter }),
  run(input, call) {
    const organization = managedOrganization(call)
    const { items, NextToken } = pageOf(listed(organization, input.Filter, call), input, ({ id }) => id)
    return { Policies: items.map((policy) => policySummary(organization, policy)), NextToken }
  },
})

/** Of types that are not emulated there are none. */
export function listed(
  organization: OrganizationRecord,
  filter: string | undefined,
  call: OrganizationsCall,
): PolicyRecord[] {
  if (filter === undefined || !isAwsType(filter)) throw invalidInput('INVALID_ENUM_POLICY_TYPE')
  return Object.hasOwn(POLICY_KINDS, filter) ? policiesOfType(organization, policyTypeOf(filter), call) : []
}

export const policyRows = [createPolicy, updatePolicy, describePolicy, deletePolicy, listPolicies]
