import { invalidInput, unknownType } from './errors.ts'
import type { PolicyRecord, PolicyType } from './state.ts'

/** What distinguishes the kinds of policy that are emulated. */
export interface PolicyKind {
  readonly type: PolicyType
  readonly layer: 'scp' | 'rcp'
  /** As in ARNs. */
  readonly path: string
  /** AWS's own policy, attached to everything when the type is enabled. */
  readonly full: Omit<PolicyRecord, 'organization'>
  /** Whether `full` may be detached: resource control policies only ever take away. */
  readonly detachable: boolean
}

const scp: PolicyKind = {
  type: 'SERVICE_CONTROL_POLICY',
  layer: 'scp',
  path: 'service_control_policy',
  detachable: true,
  full: {
    id: 'p-FullAWSAccess',
    type: 'SERVICE_CONTROL_POLICY',
    name: 'FullAWSAccess',
    description: 'Allows access to every operation',
    content: JSON.stringify(
      { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] },
      null,
      2,
    ),
    tags: {},
  },
}

const rcp: PolicyKind = {
  type: 'RESOURCE_CONTROL_POLICY',
  layer: 'rcp',
  path: 'resource_control_policy',
  detachable: false,
  full: {
    id: 'p-RCPFullAWSAccess',
    type: 'RESOURCE_CONTROL_POLICY',
    name: 'RCPFullAWSAccess',
    description: 'Allows all actions for all resources',
    content: JSON.stringify(
      { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: '*', Action: '*', Resource: '*' }] },
      null,
      2,
    ),
    tags: {},
  },
}

export const POLICY_KINDS: Readonly<Record<PolicyType, PolicyKind>> = {
  SERVICE_CONTROL_POLICY: scp,
  RESOURCE_CONTROL_POLICY: rcp,
}

const OWN = new Map(Object.values(POLICY_KINDS).map((kind) => [kind.full.id, kind]))

/** The kind whose AWS-managed policy has this id. */
export const kindOfAwsPolicy = (id: string): PolicyKind | undefined => OWN.get(id)

/** `arn:aws:organizations::<management account>:policy/o-…/service_control_policy/p-…`; AWS's own belong to `aws`. */
export function policyArn(
  policy: Omit<PolicyRecord, 'organization'>,
  organization: string,
  managementAccount: string,
): string {
  const { path } = POLICY_KINDS[policy.type]
  return OWN.has(policy.id)
    ? `arn:aws:organizations::aws:policy/${path}/${policy.id}`
    : `arn:aws:organizations::${managementAccount}:policy/${organization}/${path}/${policy.id}`
}

const isEmulated = (type: string): type is PolicyType => Object.hasOwn(POLICY_KINDS, type)

/** @throws AwsError InvalidInputException for what is no type of AWS's, NotImplemented for those not emulated */
export function policyTypeOf(type: string | undefined): PolicyType {
  if (type !== undefined && isEmulated(type)) return type
  throw type !== undefined && isAwsType(type) ? unknownType(type) : invalidInput('INVALID_ENUM_POLICY_TYPE')
}

/** Whether AWS knows such a type: `TAG_POLICY`, `DECLARATIVE_POLICY_EC2`, … */
export const isAwsType = (type: string): boolean =>
  /^[A-Z0-9_]+_POLICY$/.test(type) || type === 'DECLARATIVE_POLICY_EC2'
