import { AwsError } from '../../../lib/awsError.ts'
import { invalidInput, noSuchEntity } from '../errors.ts'
import {
  existing,
  given,
  iamArn,
  iamResource,
  keyOf,
  roleNamed,
  uniqueId,
  wholeSecond,
  type IamCall,
} from '../names.ts'
import { iam } from '../service.ts'
import type { RoleRecord } from '../state.ts'
import { describedRole, putRole, removeRole, roleResource, SERVICE_LINKED_PATH } from './roles.ts'

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

interface LinkedRole {
  readonly service: string
  readonly facts: LinkedService
  readonly name: string
  readonly path: string
}

function linkedRole(input: {
  readonly AWSServiceName: string | undefined
  readonly CustomSuffix?: string | undefined
}): LinkedRole {
  const service = given(input.AWSServiceName)
  const facts = Object.hasOwn(SERVICES, service) ? SERVICES[service] : undefined
  if (!facts) throw new AwsError('NotImplemented', 501, `twokey does not know the service-linked role of ${service}`)
  const suffix = input.CustomSuffix === undefined ? '' : `_${input.CustomSuffix}`
  return { service, facts, name: facts.role + suffix, path: `${SERVICE_LINKED_PATH}${service}/` }
}

const createServiceLinkedRole = iam.row('CreateServiceLinkedRole', {
  action: 'iam:CreateServiceLinkedRole',
  subject: linkedRole,
  resource: (_input, call, { path, name }) => iamResource(iamArn(call.account, 'role', path, name), call),
  context: (input) => ({ 'iam:AWSServiceName': input.AWSServiceName }),
  run: (input, call, linked) =>
    call.env.store.transaction(() => {
      const { facts, name } = linked
      if (input.CustomSuffix !== undefined && facts.suffixes !== true) {
        throw invalidInput(`Custom suffix is not allowed for ${linked.service}`)
      }
      if (call.state.roles.in(call.account).has(keyOf(name))) {
        throw invalidInput(`Service role name ${name} has been taken in this account, please try a different suffix.`)
      }
      const role = newRole(linked, input.Description ?? facts.description, call)
      putRole(role, call)
      return { Role: describedRole(role, call) }
    }),
})

function newRole(
  { service, facts, name, path }: LinkedRole,
  description: string | undefined,
  call: IamCall,
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

const deleteServiceLinkedRole = iam.row('DeleteServiceLinkedRole', {
  action: 'iam:DeleteServiceLinkedRole',
  subject: (input, call) => roleNamed(given(input.RoleName), call),
  resource: (_input, call, role) => roleResource(role, call),
  run: (_input, call, named) =>
    call.env.store.transaction(() => {
      const role = existing(named)
      if (!role.path.startsWith(SERVICE_LINKED_PATH)) throw noSuchEntity(named.missing)
      removeRole(role, call)
      return { DeletionTaskId: `task${role.path}${role.name}/${call.env.ids.uuid()}` }
    }),
})

/** Deletion is over when DeleteServiceLinkedRole answers, so every task has succeeded. */
const getServiceLinkedRoleDeletionStatus = iam.row('GetServiceLinkedRoleDeletionStatus', {
  action: 'iam:GetServiceLinkedRoleDeletionStatus',
  readOnly: true,
  resource(input, call) {
    const [, path = '/', name = ''] = TASK.exec(given(input.DeletionTaskId)) ?? []
    return iamResource(iamArn(call.account, 'role', path, name), call)
  },
  run(input) {
    const task = given(input.DeletionTaskId)
    if (!TASK.test(task)) throw noSuchEntity(`Deletion task ${task} cannot be found.`)
    return { Status: 'SUCCEEDED' as const }
  },
})

const TASK = /^task(\/aws-service-role\/[^/]+\/)([^/]+)\/[0-9a-f-]{36}$/

export const serviceLinkedRoleRows = [
  createServiceLinkedRole,
  deleteServiceLinkedRole,
  getServiceLinkedRoleDeletionStatus,
]
