import type { User } from '@aws-sdk/client-iam'
import { rootArn } from '../../../lib/arn.ts'
import type { Check } from '../../../operation/define.ts'
import { boundaryView, checkBoundary } from '../boundaries.ts'
import { alreadyExists, deleteConflict, validationError } from '../errors.ts'
import {
  existing,
  given,
  iamArn,
  iamResource,
  keyOf,
  uniqueId,
  userNamed,
  wholeSecond,
  type IamCall,
  type Named,
} from '../names.ts'
import { tablePage } from '../pages.ts'
import { iam } from '../service.ts'
import type { UserRecord } from '../state.ts'
import { requestTags, someTags, withTags } from '../tags.ts'

/** A user as lists show it. */
export const userView = (user: UserRecord): User => ({
  Path: user.path,
  UserName: user.name,
  UserId: user.id,
  Arn: user.arn,
  CreateDate: new Date(user.createdAt),
})

const wholeUser = (user: UserRecord): User => ({
  ...userView(user),
  ...boundaryView(user.boundary),
  ...someTags(user.tags),
})

/** Whose user an operation is about: the one it names, else the caller's own, else the root user. */
export function userOrCaller(name: string | undefined, call: IamCall): Named<UserRecord> | 'root' {
  if (name !== undefined) return userNamed(name, call)
  const { principal } = call.caller
  if (principal.kind === 'user') return userNamed(principal.userName, call)
  if (principal.kind === 'root') return 'root'
  throw validationError('Must specify userName when calling with non-User credentials')
}

export const userResource = (user: Named<UserRecord> | 'root', call: IamCall) =>
  user === 'root' ? iamResource(rootArn(call.account), call) : iamResource(user.arn, call, user.record?.tags)

/** Tags in a Create call need the permission to tag as well. */
export const tagCheck = (
  action: string,
  tags: Parameters<typeof requestTags>[0],
  resource: Check['resource'],
): readonly Check[] => (tags && tags.length > 0 ? [{ action, resource, context: requestTags(tags) }] : [])

const createUser = iam.row('CreateUser', {
  action: 'iam:CreateUser',
  resource: (input, call) => iamResource(newArn(input, call), call),
  context: ({ PermissionsBoundary, Tags }) => ({
    'iam:PermissionsBoundary': PermissionsBoundary,
    ...requestTags(Tags),
  }),
  also: (input, call) => tagCheck('iam:TagUser', input.Tags, iamResource(newArn(input, call), call)),
  run(input, call) {
    const name = given(input.UserName)
    const users = call.state.users.in(call.account)
    const user: UserRecord = {
      name,
      path: input.Path ?? '/',
      id: uniqueId('AIDA', call),
      arn: newArn(input, call),
      createdAt: wholeSecond(call.time),
      tags: withTags({}, input.Tags, 'ignored'),
      boundary: input.PermissionsBoundary,
      groups: [],
      inline: [],
      attached: [],
    }
    call.env.store.transaction(() => {
      if (users.has(keyOf(name))) throw alreadyExists(`User with name ${name} already exists.`)
      checkBoundary(input.PermissionsBoundary, call)
      putUser(user, call)
    })
    return { User: wholeUser(user) }
  },
})

function newArn(input: { readonly Path?: string | undefined; readonly UserName: string | undefined }, call: IamCall) {
  return iamArn(call.account, 'user', input.Path ?? '/', given(input.UserName))
}

function putUser(user: UserRecord, call: IamCall): void {
  call.state.users.in(call.account).put(keyOf(user.name), user)
  call.state.principals.in().put(user.id, { account: call.account, kind: 'user', key: keyOf(user.name) })
}

const getUser = iam.row('GetUser', {
  action: 'iam:GetUser',
  readOnly: true,
  subject: (input, call) => userOrCaller(input.UserName, call),
  resource: (_input, call, user) => userResource(user, call),
  run: (_input, call, user) => ({ User: user === 'root' ? rootView(call) : wholeUser(existing(user)) }),
})

/** The root user has no name and no path. When the account was opened is not known here. */
const rootView = (call: IamCall): User => ({
  Path: undefined,
  UserName: undefined,
  UserId: call.account,
  Arn: rootArn(call.account),
  CreateDate: undefined,
})

const listUsers = iam.row('ListUsers', {
  action: 'iam:ListUsers',
  readOnly: true,
  resource: ({ PathPrefix }, call) => iamResource(iamArn(call.account, 'user', PathPrefix ?? '/', ''), call),
  run(input, call) {
    const prefix = input.PathPrefix ?? '/'
    const { items, ...more } = tablePage(call.state.users.in(call.account), input, ({ path }) =>
      path.startsWith(prefix),
    )
    return { Users: items.map(userView), ...more }
  },
})

const updateUser = iam.row('UpdateUser', {
  action: 'iam:UpdateUser',
  subject: (input, call) => userNamed(given(input.UserName), call),
  resource: (_input, call, user) => userResource(user, call),
  // AWS asks for the permission on the user as it will be, too.
  also: (input, call, { record }) =>
    record && (input.NewUserName !== undefined || input.NewPath !== undefined)
      ? [{ action: 'iam:UpdateUser', resource: iamResource(renamed(record, input, call).arn, call, record.tags) }]
      : [],
  run(input, call, user) {
    const old = existing(user)
    const users = call.state.users.in(call.account)
    const now = renamed(old, input, call)
    call.env.store.transaction(() => {
      if (keyOf(now.name) !== keyOf(old.name)) {
        if (users.has(keyOf(now.name))) throw alreadyExists(`User with name ${now.name} already exists.`)
        users.delete(keyOf(old.name))
      }
      putUser(now, call)
    })
    return {}
  },
})

function renamed(
  user: UserRecord,
  input: { readonly NewPath?: string | undefined; readonly NewUserName?: string | undefined },
  call: IamCall,
): UserRecord {
  const path = input.NewPath ?? user.path
  const name = input.NewUserName ?? user.name
  return { ...user, path, name, arn: iamArn(call.account, 'user', path, name) }
}

const deleteUser = iam.row('DeleteUser', {
  action: 'iam:DeleteUser',
  subject: (input, call) => userNamed(given(input.UserName), call),
  resource: (_input, call, user) => userResource(user, call),
  run(_input, call, named) {
    call.env.store.transaction(() => {
      const user = existing(named)
      if (user.groups.length > 0) throw deleteConflict('Cannot delete entity, must remove users from group first.')
      if (user.attached.length > 0) throw deleteConflict('Cannot delete entity, must detach all policies first.')
      if (user.inline.length > 0) throw deleteConflict('Cannot delete entity, must delete policies first.')
      if (call.state.accessKeys.in().count('user', user.id) > 0) {
        throw deleteConflict('Cannot delete entity, must delete access keys first.')
      }
      call.state.users.in(call.account).delete(keyOf(user.name))
      call.state.principals.in().delete(user.id)
    })
    return {}
  },
})

export const userRows = [createUser, getUser, listUsers, updateUser, deleteUser]
