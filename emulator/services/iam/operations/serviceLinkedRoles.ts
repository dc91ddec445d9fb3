import { invalidInput, noSuchEntity } from '../errors.ts'
import { linkedRole, newLinkedRole, putRole, SERVICE_LINKED_PATH } from '../linkedRoles.ts'
import { existing, given, iamArn, iamResource, keyOf, roleNamed } from '../names.ts'
import { iam } from '../service.ts'
import type { RoleRecord } from '../state.ts'
import { describedRole, removeRole, roleResource } from './roles.ts'

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
      const role = newLinkedRole(linked, input.Description ?? facts.description, call)
      putRole(role, call)
      return { Role: describedRole(role, call) }
    }),
})

const deleteServiceLinkedRole = iam.row('DeleteServiceLinkedRole', {
  action: 'iam:DeleteServiceLinkedRole',
  subject: (input, call) => roleNamed(given(input.RoleName), call),
  resource: (_input, call, role) => roleResource(role, call),
  run: (_input, call, named) =>
    call.env.store.transaction(() => {
      const role = existing(named)
      if (!role.path.startsWith(SERVICE_LINKED_PATH)) throw noSuchEntity(named.missing)
      const task = `task${role.path}${role.name}/${call.env.ids.uuid()}`
      const usage = call.env.directory.linkedRoleUsage(serviceOf(role), call.account)
      if (usage) call.state.failedDeletions.in(call.account).put(task, usage)
      else removeRole(role, call)
      return { DeletionTaskId: task }
    }),
})

/** `mrk.kms.amazonaws.com` */
const serviceOf = ({ path }: RoleRecord) => path.slice(SERVICE_LINKED_PATH.length, -1)

/** Deletion is over when DeleteServiceLinkedRole answers: a task has succeeded, unless the role was needed (captures 7). */
const getServiceLinkedRoleDeletionStatus = iam.row('GetServiceLinkedRoleDeletionStatus', {
  action: 'iam:GetServiceLinkedRoleDeletionStatus',
  readOnly: true,
  resource(input, call) {
    const [, path = '/', name = ''] = TASK.exec(given(input.DeletionTaskId)) ?? []
    return iamResource(iamArn(call.account, 'role', path, name), call)
  },
  run(input, call) {
    const task = given(input.DeletionTaskId)
    if (!TASK.test(task)) throw noSuchEntity(`Deletion task ${task} cannot be found.`)
    const usage = call.state.failedDeletions.in(call.account).get(task)
    if (!usage) return { Status: 'SUCCEEDED' as const }
    const RoleUsageList = usage.places.map(({ region, resources }) => ({ Region: region, Resources: [...resources] }))
    return { Status: 'FAILED' as const, Reason: { Reason: usage.reason, RoleUsageList } }
  },
})

const TASK = /^task(\/aws-service-role\/[^/]+\/)([^/]+)\/[0-9a-f-]{36}$/

export const serviceLinkedRoleRows = [
  createServiceLinkedRole,
  deleteServiceLinkedRole,
  getServiceLinkedRoleDeletionStatus,
]
