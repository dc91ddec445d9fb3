import type { Check } from '../../../operation/define.ts'
import { duplicateAttachment, lastPolicy, noTarget, notAttached, tooManyAttached, typeNotEnabled } from '../errors.ts'
import { checkInput } from '../inputs.ts'
import { put } from '../membership.ts'
import { managedOrganization, nodeIn, policyIn, resourceNamed, type OrganizationsCall } from '../names.ts'
import { pageOf } from '../pages.ts'
import { POLICY_KINDS } from '../policyTypes.ts'
import { organizations } from '../service.ts'
import { policySummary, targetView } from '../shapes.ts'
import { attachment, type Node, type OrganizationRecord, type PolicyType } from '../state.ts'
import { existingPolicy, listed, typeContext } from './policies.ts'

/** AWS: of each type, to each target. */
const MOST_ATTACHED = 5

interface Pair {
  readonly PolicyId: string | undefined
  readonly TargetId: string | undefined
}

/** The policy is the main check's; the target must be allowed as well (AWS: service authorization reference). */
const targetCheck = (action: string, { PolicyId, TargetId }: Pair, call: OrganizationsCall): readonly Check[] => [
  { action, resource: resourceNamed(TargetId, call), context: typeContext(PolicyId, call) },
]

function existingTarget(organization: OrganizationRecord, id: string | undefined, call: OrganizationsCall): Node {
  const target = nodeIn(organization, id, call)
  if (!target) throw noTarget()
  return target
}

/** How many policies of a type are attached. */
const countOf = (organization: OrganizationRecord, target: Node, type: PolicyType, call: OrganizationsCall): number =>
  target.policies.filter((id) => policyIn(organization, id, call)?.type === type).length

const attachPolicy = organizations.row('AttachPolicy', {
  action: 'organizations:AttachPolicy',
  subject: checkInput,
  resource: (input, call) => resourceNamed(input.PolicyId, call),
  context: (input, call) => typeContext(input.PolicyId, call),
  also: (input, call) => targetCheck('organizations:AttachPolicy', input, call),
  run(input, call) {
    call.env.store.transaction(() => {
      const organization = managedOrganization(call)
      const policy = existingPolicy(organization, input.PolicyId, call)
      const target = existingTarget(organization, input.TargetId, call)
      if (!organization.enabledTypes.includes(policy.type)) throw typeNotEnabled()
      if (target.policies.includes(policy.id)) throw duplicateAttachment()
      if (countOf(organization, target, policy.type, call) >= MOST_ATTACHED) throw tooManyAttached()
      put(call, { ...target, policies: [...target.policies, policy.id] })
    })
    return {}
  },
})

const detachPolicy = organizations.row('DetachPolicy', {
  action: 'organizations:DetachPolicy',
  subject: checkInput,
  resource: (input, call) => resourceNamed(input.PolicyId, call),
  context: (input, call) => typeContext(input.PolicyId, call),
  also: (input, call) => targetCheck('organizations:DetachPolicy', input, call),
  run(input, call) {
    call.env.store.transaction(() => {
      const organization = managedOrganization(call)
      const { id, type } = existingPolicy(organization, input.PolicyId, call)
      const target = existingTarget(organization, input.TargetId, call)
      if (!organization.enabledTypes.includes(type)) throw typeNotEnabled()
      if (!target.policies.includes(id)) throw notAttached()
      const { full, detachable } = POLICY_KINDS[type]
      // RCPFullAWSAccess stays for ever; of service control policies one must be left.
      if ((id === full.id && !detachable) || countOf(organization, target, type, call) === 1) throw lastPolicy()
      put(call, { ...target, policies: target.policies.filter((attached) => attached !== id) })
    })
    return {}
  },
})

const listForTarget = organizations.row('ListPoliciesForTarget', {
  action: 'organizations:ListPoliciesForTarget',
  readOnly: true,
  subject: checkInput,
  resource: (input, call) => resourceNamed(input.TargetId, call),
  context: (input) => ({ 'organizations:PolicyType': input.Filter }),
  run(input, call) {
    const organization = managedOrganization(call)
    const target = existingTarget(organization, input.TargetId, call)
    const attached = listed(organization, input.Filter, call).filter(({ id }) => target.policies.includes(id))
    const { items, NextToken } = pageOf(attached, input, ({ id }) => id)
    return { Policies: items.map((policy) => policySummary(organization, policy)), NextToken }
  },
})

const listTargets = organizations.row('ListTargetsForPolicy', {
  action: 'organizations:ListTargetsForPolicy',
  readOnly: true,
  subject: checkInput,
  resource: (input, call) => resourceNamed(input.PolicyId, call),
  context: (input, call) => typeContext(input.PolicyId, call),
  run(input, call) {
    const organization = managedOrganization(call)
    const { id } = existingPolicy(organization, input.PolicyId, call)
    const targets = [...call.state.nodes.in().find('policy', attachment(organization.id, id))]
    const { items, NextToken } = pageOf(targets, input, ([targetId]) => targetId)
    return { Targets: items.map(([, node]) => targetView(organization, node)), NextToken }
  },
})

export const attachmentRows = [attachPolicy, detachPolicy, listForTarget, listTargets]
