import { checkBoundary } from '../boundaries.ts'
import { noSuchEntity } from '../errors.ts'
import { existing, given, keyOf, roleNamed, userNamed } from '../names.ts'
import { iam } from '../service.ts'
import { putRole } from '../linkedRoles.ts'
import { modifiable, roleResource } from './roles.ts'
import { userResource } from './users.ts'

export const boundaryRows = [
  iam.row('PutUserPermissionsBoundary', {
    action: 'iam:PutUserPermissionsBoundary',
    subject: (input, call) => userNamed(given(input.UserName), call),
    resource: (_input, call, user) => userResource(user, call),
    context: (input) => ({ 'iam:PermissionsBoundary': input.PermissionsBoundary }),
    run(input, call, named) {
      call.env.store.transaction(() => {
        const user = existing(named)
        checkBoundary(input.PermissionsBoundary, call)
        call.state.users.in(call.account).put(keyOf(user.name), { ...user, boundary: input.PermissionsBoundary })
      })
      return {}
    },
  }),
  iam.row('DeleteUserPermissionsBoundary', {
    action: 'iam:DeleteUserPermissionsBoundary',
    subject: (input, call) => userNamed(given(input.UserName), call),
    resource: (_input, call, user) => userResource(user, call),
    context: (_input, _call, { record }) => ({ 'iam:PermissionsBoundary': record?.boundary }),
    run(_input, call, named) {
      call.env.store.transaction(() => {
        const { boundary, ...user } = existing(named)
        if (boundary === undefined) throw noSuchEntity(absent('user', user.name))
        call.state.users.in(call.account).put(keyOf(user.name), user)
      })
      return {}
    },
  }),
  iam.row('PutRolePermissionsBoundary', {
    action: 'iam:PutRolePermissionsBoundary',
    subject: (input, call) => roleNamed(given(input.RoleName), call),
    resource: (_input, call, role) => roleResource(role, call),
    context: (input) => ({ 'iam:PermissionsBoundary': input.PermissionsBoundary }),
    run(input, call, named) {
      call.env.store.transaction(() => {
        const role = modifiable(existing(named))
        checkBoundary(input.PermissionsBoundary, call)
        putRole({ ...role, boundary: input.PermissionsBoundary }, call)
      })
      return {}
    },
  }),
  iam.row('DeleteRolePermissionsBoundary', {
    action: 'iam:DeleteRolePermissionsBoundary',
    subject: (input, call) => roleNamed(given(input.RoleName), call),
    resource: (_input, call, role) => roleResource(role, call),
    context: (_input, _call, { record }) => ({ 'iam:PermissionsBoundary': record?.boundary }),
    run(_input, call, named) {
      call.env.store.transaction(() => {
        const { boundary, ...role } = modifiable(existing(named))
        if (boundary === undefined) throw noSuchEntity(absent('role', role.name))
        putRole(role, call)
      })
      return {}
    },
  }),
]

// The code is recorded (captures 12.4), the sentence is not.
const absent = (kind: string, name: string) => `The ${kind} with name ${name} does not have a permissions boundary.`
