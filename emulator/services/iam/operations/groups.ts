import type { Group } from '@aws-sdk/client-iam'
import { alreadyExists, deleteConflict, noSuchEntity, overQuota } from '../errors.ts'
import {
  existing,
  given,
  groupNamed,
  iamArn,
  iamResource,
  keyOf,
  uniqueId,
  userNamed,
  wholeSecond,
  type IamCall,
} from '../names.ts'
import { listPage, tablePage } from '../pages.ts'
import { groupsOf } from '../policySources.ts'
import { iam } from '../service.ts'
import type { GroupRecord } from '../state.ts'
import { userResource, userView } from './users.ts'

export const groupView = (group: GroupRecord): Group => ({
  Path: group.path,
  GroupName: group.name,
  GroupId: group.id,
  Arn: group.arn,
  CreateDate: new Date(group.createdAt),
})

const GROUPS_PER_USER = 10

const newArn = (input: { readonly Path?: string | undefined; readonly GroupName: string | undefined }, call: IamCall) =>
  iamArn(call.account, 'group', input.Path ?? '/', given(input.GroupName))

const createGroup = iam.row('CreateGroup', {
  action: 'iam:CreateGroup',
  resource: (input, call) => iamResource(newArn(input, call), call),
  run(input, call) {
    const name = given(input.GroupName)
    const group: GroupRecord = {
      name,
      path: input.Path ?? '/',
      id: uniqueId('AGPA', call),
      arn: newArn(input, call),
      createdAt: wholeSecond(call.time),
      inline: [],
      attached: [],
    }
    call.env.store.transaction(() => {
      if (call.state.groups.in(call.account).has(keyOf(name))) {
        throw alreadyExists(`Group with name ${name} already exists.`)
      }
      putGroup(group, call)
    })
    return { Group: groupView(group) }
  },
})

function putGroup(group: GroupRecord, call: IamCall): void {
  call.state.groups.in(call.account).put(keyOf(group.name), group)
  call.state.principals.in().put(group.id, { account: call.account, kind: 'group', key: keyOf(group.name) })
}

const membersOf = (group: GroupRecord, call: IamCall) =>
  [...call.state.users.in(call.account).find('group', group.id)].map(([, user]) => user)

const getGroup = iam.row('GetGroup', {
  action: 'iam:GetGroup',
  readOnly: true,
  subject: (input, call) => groupNamed(given(input.GroupName), call),
  resource: (_input, call, { arn }) => iamResource(arn, call),
  run(input, call, named) {
    const group = existing(named)
    const { items, ...more } = listPage(membersOf(group, call), input, ({ name }) => keyOf(name))
    return { Group: groupView(group), Users: items.map(userView), ...more }
  },
})

const listGroups = iam.row('ListGroups', {
  action: 'iam:ListGroups',
  readOnly: true,
  resource: ({ PathPrefix }, call) => iamResource(iamArn(call.account, 'group', PathPrefix ?? '/', ''), call),
  run(input, call) {
    const prefix = input.PathPrefix ?? '/'
    const page = tablePage(call.state.groups.in(call.account), input, ({ path }) => path.startsWith(prefix))
    const { items, ...more } = page
    return { Groups: items.map(groupView), ...more }
  },
})

const updateGroup = iam.row('UpdateGroup', {
  action: 'iam:UpdateGroup',
  subject: (input, call) => groupNamed(given(input.GroupName), call),
  resource: (_input, call, { arn }) => iamResource(arn, call),
  also: (input, call, { record }) =>
    record && (input.NewGroupName !== undefined || input.NewPath !== undefined)
      ? [{ action: 'iam:UpdateGroup', resource: iamResource(renamed(record, input, call).arn, call) }]
      : [],
  run(input, call, named) {
    const groups = call.state.groups.in(call.account)
    call.env.store.transaction(() => {
      const old = existing(named)
      const now = renamed(old, input, call)
      if (keyOf(now.name) !== keyOf(old.name)) {
        if (groups.has(keyOf(now.name))) throw alreadyExists(`Group with name ${now.name} already exists.`)
        groups.delete(keyOf(old.name))
      }
      putGroup(now, call)
    })
    return {}
  },
})

function renamed(
  group: GroupRecord,
  input: { readonly NewPath?: string | undefined; readonly NewGroupName?: string | undefined },
  call: IamCall,
): GroupRecord {
  const path = input.NewPath ?? group.path
  const name = input.NewGroupName ?? group.name
  return { ...group, path, name, arn: iamArn(call.account, 'group', path, name) }
}

const deleteGroup = iam.row('DeleteGroup', {
  action: 'iam:DeleteGroup',
  subject: (input, call) => groupNamed(given(input.GroupName), call),
  resource: (_input, call, { arn }) => iamResource(arn, call),
  run(_input, call, named) {
    call.env.store.transaction(() => {
      const group = existing(named)
      if (call.state.users.in(call.account).count('group', group.id) > 0) {
        throw deleteConflict('Cannot delete entity, must remove users from group first.')
      }
      if (group.attached.length > 0) throw deleteConflict('Cannot delete entity, must detach all policies first.')
      if (group.inline.length > 0) throw deleteConflict('Cannot delete entity, must delete policies first.')
      call.state.groups.in(call.account).delete(keyOf(group.name))
      call.state.principals.in().delete(group.id)
    })
    return {}
  },
})

const addUserToGroup = iam.row('AddUserToGroup', {
  action: 'iam:AddUserToGroup',
  subject: (input, call) => groupNamed(given(input.GroupName), call),
  resource: (_input, call, { arn }) => iamResource(arn, call),
  run(input, call, named) {
    call.env.store.transaction(() => {
      const group = existing(named)
      const user = existing(userNamed(given(input.UserName), call))
      if (user.groups.includes(group.id)) return
      if (user.groups.length >= GROUPS_PER_USER) throw overQuota('GroupsPerUser', GROUPS_PER_USER)
      const users = call.state.users.in(call.account)
      users.put(keyOf(user.name), { ...user, groups: [...user.groups, group.id] })
    })
    return {}
  },
})

const removeUserFromGroup = iam.row('RemoveUserFromGroup', {
  action: 'iam:RemoveUserFromGroup',
  subject: (input, call) => groupNamed(given(input.GroupName), call),
  resource: (_input, call, { arn }) => iamResource(arn, call),
  run(input, call, named) {
    call.env.store.transaction(() => {
      const group = existing(named)
      const user = existing(userNamed(given(input.UserName), call))
      if (!user.groups.includes(group.id)) {
        throw noSuchEntity(`The user with name ${user.name} cannot be found in the group ${group.name}.`)
      }
      const users = call.state.users.in(call.account)
      users.put(keyOf(user.name), { ...user, groups: user.groups.filter((id) => id !== group.id) })
    })
    return {}
  },
})

const listGroupsForUser = iam.row('ListGroupsForUser', {
  action: 'iam:ListGroupsForUser',
  readOnly: true,
  subject: (input, call) => userNamed(given(input.UserName), call),
  resource: (_input, call, user) => userResource(user, call),
  run(input, call, user) {
    const groups = groupsOf(call.state, existing(user), call.account)
    const { items, ...more } = listPage(groups, input, ({ name }) => keyOf(name))
    return { Groups: items.map(groupView), ...more }
  },
})

export const groupRows = [
  createGroup,
  getGroup,
  listGroups,
  updateGroup,
  deleteGroup,
  addUserToGroup,
  removeUserFromGroup,
  listGroupsForUser,
]
