import { AwsError } from '../../lib/awsError.ts'
import type { Call } from '../../operation/call.ts'
import { given, iamArn, keyOf, uniqueId, wholeSecond } from './names.ts'
import type { IamState, RoleRecord } from './state.ts'

/** For whom a role is made: a call of IAM's own, or of a service that makes its role on the way. */
export type Maker = Pick<Call, 'account' | 'time' | 'env'>

/** Below it are the roles of AWS's own services. */
export const SERVICE_LINKED_PATH = '/aws-service-role/'

interface LinkedService {
  readonly role: string
  readonly description?: string
  /** Attached where its document is known here. The role's service acts outside this emulator, so nothing rests on it. */
  readonly policy?: string
  /** Several roles may exist, told apart by a suffix. */
  readonly suffixes?: true
}

/** Roles that AWS's services keep in an account, of services whose roles appear in key policies and grants. */
const SERVICES: Readonly<Record<string, LinkedService>> = {
  'autoscaling.amazonaws.com': {
    role: 'AWSServiceRoleForAutoScaling',
    description:
      'Default Service-Linked Role enables access to AWS Services and Resources used or managed by Auto Scaling',
    suffixes: true,
  },
  'ecs.amazonaws.com': { role: 'AWSServiceRoleForECS' },
  'elasticloadbalancing.amazonaws.com': { role: 'AWSServiceRoleForElasticLoadBalancing' },
  /** Recorded (captures 7). */
  'mrk.kms.amazonaws.com': {
    role: 'AWSServiceRoleForKeyManagementServiceMultiRegionKeys',
    description: 'Enables access to AWS services and resources required for AWS KMS Multi-Region Keys',
    policy: 'arn:aws:iam::aws:policy/aws-service-role/AWSKeyManagementServiceMultiRegionKeysServiceRolePolicy',
  },
  'rds.amazonaws.com': { role: 'AWSServiceRoleForRDS' },
  'spot.amazonaws.com': { role: 'AWSServiceRoleForEC2Spot' },
}

export interface LinkedRole {
  readonly service: string
  readonly facts: LinkedService
  readonly name: string
  readonly path: string
}

/** The role of a service. Throws 501 for a service whose role is not known here. */
export function linkedRole(input: {
  readonly AWSServiceName: string | undefined
  readonly CustomSuffix?: string | undefined
}): LinkedRole {
  const service = given(input.AWSServiceName)
  const facts = Object.hasOwn(SERVICES, service) ? SERVICES[service] : undefined
  if (!facts) throw new AwsError('NotImplemented', 501, `twokey does not know the service-linked role of ${service}`)
  const suffix = input.CustomSuffix === undefined ? '' : `_${input.CustomSuffix}`
  return { service, facts, name: facts.role + suffix, path: `${SERVICE_LINKED_PATH}${service}/` }
}

export function newLinkedRole(
  { service, facts, name, path }: LinkedRole,
  description: string | undefined,
  call: Maker,
): RoleRecord {
  const trust = {
    Version: '2012-10-17',
    Statement: [{ Action: ['sts:AssumeRole'], Effect: 'Allow', Principal: { Service: [service] } }],
  }
  return {
    name,
    path,
    id: uniqueId('AROA', call),
    arn: iamArn(call.account, 'role', path, name),
    createdAt: wholeSecond(call.time),
    tags: {},
    inline: [],
    attached: facts.policy === undefined ? [] : [facts.policy],
    trust: { text: JSON.stringify(trust) },
    description,
    maxSessionSeconds: 3600,
  }
}

/** Stores a role. Within a transaction. */
export function putRole(
  role: RoleRecord,
  { account, state }: { readonly account: string; readonly state: IamState },
): void {
  state.roles.in(account).put(keyOf(role.name), role)
  state.principals.in().put(role.id, { account, kind: 'role', key: keyOf(role.name) })
}

/** Makes a service's role unless the account has it. Within a transaction. */
export function ensureLinkedRole(service: string, state: IamState, maker: Maker): void {
  const linked = linkedRole({ AWSServiceName: service })
  const { account } = maker
  if (state.roles.in(account).has(keyOf(linked.name))) return
  putRole(newLinkedRole(linked, linked.facts.description, maker), { account, state })
}
