import type { Role } from '@aws-sdk/client-iam'
import { boundaryView, checkBoundary } from '../boundaries.ts'
import { encodeDocument } from '../documents.ts'
import { AwsError } from '../../../lib/awsError.ts'
import { alreadyExists, deleteConflict, invalidInput } from '../errors.ts'
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
  type Named,
} from '../names.ts'
import { tablePage } from '../pages.ts'
import { iam } from '../service.ts'
import type { RoleRecord } from '../state.ts'
import { requestTags, someTags, withTags } from '../tags.ts'
import { putRole, SERVICE_LINKED_PATH } from '../linkedRoles.ts'
import { storedTrust, shownTrust } from '../trust.ts'
import { tagCheck } from './users.ts'

/** What every answer shows of a role, lists of instance profiles included (captures 12.4). */
export const roleBasics = (role: RoleRecord, call: IamCall): Role => ({
  Path: role.path,
  RoleName: role.name,
  RoleId: role.id,
  Arn: role.arn,
  CreateDate: new Date(role.createdAt),
  AssumeRolePolicyDocument: encodeDocument(shownTrust(role.trust, call.env.directory)),
})

export const describedRole = (role: RoleRecord, call: IamCall): Role => ({
  ...roleBasics(role, call),
  ...(role.description !== undefined && { Description: role.description }),
})

const listedRole = (role: RoleRecord, call: IamCall): Role => ({
  ...describedRole(role, call),
  MaxSessionDuration: role.maxSessionSeconds,
})

export const lastUseOfRole = (role: RoleRecord, call: IamCall) => {
  const use = call.state.lastUsed.get(role.id)
  return use ? { LastUsedDate: new Date(wholeSecond(use.at)), Region: use.region } : {}
}

export const roleResource = (role: Named<RoleRecord>, call: IamCall) => iamResource(role.arn, call, role.record?.tags)

/** Roles of AWS's own services cannot be changed by their account. */
export function modifiable(role: RoleRecord): RoleRecord {
  if (!role.path.startsWith(SERVICE_LINKED_PATH)) return role
  throw new AwsError(
    'UnmodifiableEntity',
    400,
    `Cannot perform the operation on the protected role '${role.name}' - this role is only modifiable by AWS`,
  )
}

const newArn = (input: { readonly Path?: string | undefined; readonly RoleName: string | undefined }, call: IamCall) =>
  iamArn(call.account, 'role', input.Path ?? '/', given(input.RoleName))

const createRole = iam.row('CreateRole', {
  action: 'iam:CreateRole',
  resource: (input, call) => iamResource(newArn(input, call), call),
  context: ({ PermissionsBoundary, Tags }) => ({
    'iam:PermissionsBoundary': PermissionsBoundary,
    ...requestTags(Tags),
  }),
  also: (input, call) => tagCheck('iam:TagRole', input.Tags, iamResource(newArn(input, call), call)),
  run(input, call) {
    const name = given(input.RoleName)
    if (input.Path?.startsWith(SERVICE_LINKED_PATH) === true) {
      throw invalidInput(`Path prefix '${SERVICE_LINKED_PATH}' can only be used for AWS Service linked Roles`)
    }
    const role: RoleRecord = {
      name,
      path: input.Path ?? '/',
      id: uniqueId('AROA', call),
      arn: newArn(input, call),
      createdAt: wholeSecond(call.time),
      tags: withTags({}, input.Tags, 'ignored'),
      boundary: input.PermissionsBoundary,
      inline: [],
      attached: [],
      trust: storedTrust(given(input.AssumeRolePolicyDocument), call.env.directory),
      description: input.Description,
      maxSessionSeconds: input.MaxSessionDuration ?? 3600,
    }
    call.env.store.transaction(() => {
      if (call.state.roles.in(call.account).has(keyOf(name))) {
        throw alreadyExists(`Role with name ${name} already exists.`)
      }
      checkBoundary(input.PermissionsBoundary, call)
      putRole(role, call)
    })
    // Neither description nor duration (captures 12.4).
    return { Role: { ...roleBasics(role, call), ...boundaryView(role.boundary), ...someTags(role.tags) } }
  },
})

const getRole = iam.row('GetRole', {
  action: 'iam:GetRole',
  readOnly: true,
  subject: (input, call) => roleNamed(given(input.RoleName), call),
  resource: (_input, call, role) => roleResource(role, call),
  run(_input, call, named) {
    const role = existing(named)
    return {
      Role: {
        ...listedRole(role, call),
        ...boundaryView(role.boundary),
        ...someTags(role.tags),
        RoleLastUsed: lastUseOfRole(role, call),
      },
    }
  },
})

const listRoles = iam.row('ListRoles', {
  action: 'iam:ListRoles',
  readOnly: true,
  resource: ({ PathPrefix }, call) => iamResource(iamArn(call.account, 'role', PathPrefix ?? '/', ''), call),
  run(input, call) {
    const prefix = input.PathPrefix ?? '/'
    const { items, ...more } = tablePage(call.state.roles.in(call.account), input, ({ path }) =>
      path.startsWith(prefix),
    )
    return { Roles: items.map((role) => listedRole(role, call)), ...more }
  },
})

const updateRole = iam.row('UpdateRole', {
  action: 'iam:UpdateRole',
  subject: (input, call) => roleNamed(given(input.RoleName), call),
  resource: (_input, call, role) => roleResource(role, call),
  run(input, call, named) {
    call.env.store.transaction(() => {
      const role = modifiable(existing(named))
      // What is left out stays as it is, contrary to the API guide (captures 12.4).
      putRole(
        {
          ...role,
          description: input.Description ?? role.description,
          maxSessionSeconds: input.MaxSessionDuration ?? role.maxSessionSeconds,
        },
        call,
      )
    })
    return {}
  },
})

const updateRoleDescription = iam.row('UpdateRoleDescription', {
  action: 'iam:UpdateRoleDescription',
  subject: (input, call) => roleNamed(given(input.RoleName), call),
  resource: (_input, call, role) => roleResource(role, call),
  run: (input, call, named) =>
    call.env.store.transaction(() => {
      const role = { ...modifiable(existing(named)), description: given(input.Description) }
      putRole(role, call)
      return { Role: describedRole(role, call) }
    }),
})

const updateAssumeRolePolicy = iam.row('UpdateAssumeRolePolicy', {
  action: 'iam:UpdateAssumeRolePolicy',
  subject: (input, call) => roleNamed(given(input.RoleName), call),
  resource: (_input, call, role) => roleResource(role, call),
  run(input, call, named) {
    call.env.store.transaction(() => {
      const role = modifiable(existing(named))
      putRole({ ...role, trust: storedTrust(given(input.PolicyDocument), call.env.directory) }, call)
    })
    return {}
  },
})

const deleteRole = iam.row('DeleteRole', {
  action: 'iam:DeleteRole',
  subject: (input, call) => roleNamed(given(input.RoleName), call),
  resource: (_input, call, role) => roleResource(role, call),
  run(_input, call, named) {
    call.env.store.transaction(() => {
      const role = modifiable(existing(named))
      if (call.state.instanceProfiles.in(call.account).count('role', role.id) > 0) {
        throw deleteConflict('Cannot delete entity, must remove roles from instance profile first.')
      }
      if (role.attached.length > 0) throw deleteConflict('Cannot delete entity, must detach all policies first.')
      if (role.inline.length > 0) throw deleteConflict('Cannot delete entity, must delete policies first.')
      removeRole(role, call)
    })
    return {}
  },
})

export function removeRole(role: RoleRecord, call: IamCall): void {
  call.state.roles.in(call.account).delete(keyOf(role.name))
  call.state.principals.in().delete(role.id)
  call.state.lastUsed.delete(role.id)
}

export const roleRows = [
  createRole,
  getRole,
  listRoles,
  updateRole,
  updateRoleDescription,
  updateAssumeRolePolicy,
  deleteRole,
]
