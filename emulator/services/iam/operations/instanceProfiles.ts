import type { InstanceProfile } from '@aws-sdk/client-iam'
import { identityById } from '../directory.ts'
import { alreadyExists, deleteConflict, noSuchEntity, overQuota } from '../errors.ts'
import {
  existing,
  given,
  iamArn,
  iamResource,
  keyOf,
  profileNamed,
  roleNamed,
  uniqueId,
  wholeSecond,
  type IamCall,
  type Named,
} from '../names.ts'
import { listPage, tablePage } from '../pages.ts'
import { iam } from '../service.ts'
import type { InstanceProfileRecord, RoleRecord } from '../state.ts'
import { requestTags, someTags, withTags } from '../tags.ts'
import { roleBasics, roleResource } from './roles.ts'
import { tagCheck } from './users.ts'

export const profileResource = (_input: unknown, call: IamCall, profile: Named<InstanceProfileRecord>) =>
  iamResource(profile.arn, call, profile.record?.tags)

const newArn = (
  input: { readonly Path?: string | undefined; readonly InstanceProfileName: string | undefined },
  call: IamCall,
) => iamArn(call.account, 'instance-profile', input.Path ?? '/', given(input.InstanceProfileName))

/** As lists show it: the role with its basics only, no tags (captures 12.4). */
export function profileView(profile: InstanceProfileRecord, call: IamCall): InstanceProfile {
  const role = roleIn(profile, call)
  return {
    Path: profile.path,
    InstanceProfileName: profile.name,
    InstanceProfileId: profile.id,
    Arn: profile.arn,
    CreateDate: new Date(profile.createdAt),
    Roles: role ? [roleBasics(role, call)] : [],
  }
}

function roleIn(profile: InstanceProfileRecord, call: IamCall): RoleRecord | undefined {
  const found = profile.role === undefined ? undefined : identityById(call.state, profile.role)?.record
  return found && 'trust' in found ? found : undefined
}

const putProfile = (profile: InstanceProfileRecord, call: IamCall): void => {
  call.state.instanceProfiles.in(call.account).put(keyOf(profile.name), profile)
}

const createInstanceProfile = iam.row('CreateInstanceProfile', {
  action: 'iam:CreateInstanceProfile',
  resource: (input, call) => iamResource(newArn(input, call), call),
  context: ({ Tags }) => requestTags(Tags),
  also: (input, call) => tagCheck('iam:TagInstanceProfile', input.Tags, iamResource(newArn(input, call), call)),
  run: (input, call) =>
    call.env.store.transaction(() => {
      const name = given(input.InstanceProfileName)
      const profile: InstanceProfileRecord = {
        name,
        path: input.Path ?? '/',
        id: uniqueId('AIPA', call),
        arn: newArn(input, call),
        createdAt: wholeSecond(call.time),
        tags: withTags({}, input.Tags, 'kept'),
      }
      if (call.state.instanceProfiles.in(call.account).has(keyOf(name))) {
        throw alreadyExists(`Instance Profile ${name} already exists.`)
      }
      putProfile(profile, call)
      return { InstanceProfile: { ...profileView(profile, call), ...someTags(profile.tags) } }
    }),
})

const getInstanceProfile = iam.row('GetInstanceProfile', {
  action: 'iam:GetInstanceProfile',
  readOnly: true,
  subject: (input, call) => profileNamed(given(input.InstanceProfileName), call),
  resource: profileResource,
  run(_input, call, named) {
    const profile = existing(named)
    return { InstanceProfile: { ...profileView(profile, call), ...someTags(profile.tags) } }
  },
})

const listInstanceProfiles = iam.row('ListInstanceProfiles', {
  action: 'iam:ListInstanceProfiles',
  readOnly: true,
  resource: ({ PathPrefix }, call) =>
    iamResource(iamArn(call.account, 'instance-profile', PathPrefix ?? '/', ''), call),
  run(input, call) {
    const prefix = input.PathPrefix ?? '/'
    const table = call.state.instanceProfiles.in(call.account)
    const { items, ...more } = tablePage(table, input, ({ path }) => path.startsWith(prefix))
    return { InstanceProfiles: items.map((profile) => profileView(profile, call)), ...more }
  },
})

const listInstanceProfilesForRole = iam.row('ListInstanceProfilesForRole', {
  action: 'iam:ListInstanceProfilesForRole',
  readOnly: true,
  subject: (input, call) => roleNamed(given(input.RoleName), call),
  resource: (_input, call, role) => roleResource(role, call),
  run(input, call, role) {
    const found = call.state.instanceProfiles.in(call.account).find('role', existing(role).id)
    const profiles = [...found].map(([, profile]) => profile)
    const { items, ...more } = listPage(profiles, input, ({ name }) => keyOf(name))
    return { InstanceProfiles: items.map((profile) => profileView(profile, call)), ...more }
  },
})

const deleteInstanceProfile = iam.row('DeleteInstanceProfile', {
  action: 'iam:DeleteInstanceProfile',
  subject: (input, call) => profileNamed(given(input.InstanceProfileName), call),
  resource: profileResource,
  run(_input, call, named) {
    call.env.store.transaction(() => {
      const profile = existing(named)
      if (profile.role !== undefined) {
        throw deleteConflict('Cannot delete entity, must remove roles from instance profile first.')
      }
      call.state.instanceProfiles.in(call.account).delete(keyOf(profile.name))
    })
    return {}
  },
})

const addRoleToInstanceProfile = iam.row('AddRoleToInstanceProfile', {
  action: 'iam:AddRoleToInstanceProfile',
  subject: (input, call) => profileNamed(given(input.InstanceProfileName), call),
  resource: profileResource,
  also: (input, call) => [
    {
      action: 'iam:PassRole',
      resource: roleResource(roleNamed(given(input.RoleName), call), call),
      context: { 'iam:PassedToService': 'ec2.amazonaws.com' },
    },
  ],
  run(input, call, named) {
    call.env.store.transaction(() => {
      const profile = existing(named)
      const role = existing(roleNamed(given(input.RoleName), call))
      if (profile.role !== undefined) throw overQuota('InstanceSessionsPerInstanceProfile', 1)
      putProfile({ ...profile, role: role.id }, call)
    })
    return {}
  },
})

const removeRoleFromInstanceProfile = iam.row('RemoveRoleFromInstanceProfile', {
  action: 'iam:RemoveRoleFromInstanceProfile',
  subject: (input, call) => profileNamed(given(input.InstanceProfileName), call),
  resource: profileResource,
  run(input, call, named) {
    call.env.store.transaction(() => {
      const { role: held, ...profile } = existing(named)
      const role = existing(roleNamed(given(input.RoleName), call))
      // The code is recorded (captures 12.4), the sentence is not.
      if (held !== role.id) {
        throw noSuchEntity(`The role with name ${role.name} cannot be found in Instance Profile ${profile.name}.`)
      }
      putProfile(profile, call)
    })
    return {}
  },
})

export const instanceProfileRows = [
  createInstanceProfile,
  getInstanceProfile,
  listInstanceProfiles,
  listInstanceProfilesForRole,
  deleteInstanceProfile,
  addRoleToInstanceProfile,
  removeRoleFromInstanceProfile,
]
