import type { Tag } from '@aws-sdk/client-iam'
import { putRole } from '../linkedRoles.ts'
import { modifiable, roleResource } from './roles.ts'
import { existing, given, keyOf, profileNamed, roleNamed, userNamed } from '../names.ts'
import { iam } from '../service.ts'
import { refuseEmpty, requestTagKeys, requestTags, tagPage, withoutTags, withTags } from '../tags.ts'
import { profileResource } from './instanceProfiles.ts'
import { existingPolicy, ownPolicy, policyNamed, policyResource, putPolicy } from './managedPolicies.ts'
import { userResource } from './users.ts'

const tagContext = (input: { readonly Tags: Tag[] | undefined }) => requestTags(input.Tags)
const keyContext = (input: { readonly TagKeys: string[] | undefined }) => requestTagKeys(input.TagKeys)

export const tagRows = [
  iam.row('TagUser', {
    action: 'iam:TagUser',
    subject: (input, call) => userNamed(given(input.UserName), call),
    resource: (_input, call, user) => userResource(user, call),
    context: tagContext,
    run(input, call, named) {
      call.env.store.transaction(() => {
        refuseEmpty(input.Tags)
        const user = existing(named)
        const tags = withTags(user.tags, input.Tags, 'ignored')
        call.state.users.in(call.account).put(keyOf(user.name), { ...user, tags })
      })
      return {}
    },
  }),
  iam.row('UntagUser', {
    action: 'iam:UntagUser',
    subject: (input, call) => userNamed(given(input.UserName), call),
    resource: (_input, call, user) => userResource(user, call),
    context: keyContext,
    run(input, call, named) {
      call.env.store.transaction(() => {
        const user = existing(named)
        const tags = withoutTags(user.tags, given(input.TagKeys), 'ignored')
        call.state.users.in(call.account).put(keyOf(user.name), { ...user, tags })
      })
      return {}
    },
  }),
  iam.row('ListUserTags', {
    action: 'iam:ListUserTags',
    readOnly: true,
    subject: (input, call) => userNamed(given(input.UserName), call),
    resource: (_input, call, user) => userResource(user, call),
    run(input, _call, user) {
      const { items, ...more } = tagPage(existing(user).tags, input)
      return { Tags: items, ...more }
    },
  }),
  iam.row('TagRole', {
    action: 'iam:TagRole',
    subject: (input, call) => roleNamed(given(input.RoleName), call),
    resource: (_input, call, role) => roleResource(role, call),
    context: tagContext,
    run(input, call, named) {
      call.env.store.transaction(() => {
        refuseEmpty(input.Tags)
        const role = modifiable(existing(named))
        putRole({ ...role, tags: withTags(role.tags, input.Tags, 'ignored') }, call)
      })
      return {}
    },
  }),
  iam.row('UntagRole', {
    action: 'iam:UntagRole',
    subject: (input, call) => roleNamed(given(input.RoleName), call),
    resource: (_input, call, role) => roleResource(role, call),
    context: keyContext,
    run(input, call, named) {
      call.env.store.transaction(() => {
        const role = modifiable(existing(named))
        putRole({ ...role, tags: withoutTags(role.tags, given(input.TagKeys), 'ignored') }, call)
      })
      return {}
    },
  }),
  iam.row('ListRoleTags', {
    action: 'iam:ListRoleTags',
    readOnly: true,
    subject: (input, call) => roleNamed(given(input.RoleName), call),
    resource: (_input, call, role) => roleResource(role, call),
    run(input, _call, role) {
      const { items, ...more } = tagPage(existing(role).tags, input)
      return { Tags: items, ...more }
    },
  }),
  iam.row('TagPolicy', {
    action: 'iam:TagPolicy',
    subject: policyNamed,
    resource: policyResource,
    context: tagContext,
    run(input, call, named) {
      call.env.store.transaction(() => {
        refuseEmpty(input.Tags)
        const policy = ownPolicy(named)
        putPolicy({ ...policy, tags: withTags(policy.tags, input.Tags, 'kept') }, call)
      })
      return {}
    },
  }),
  iam.row('UntagPolicy', {
    action: 'iam:UntagPolicy',
    subject: policyNamed,
    resource: policyResource,
    context: keyContext,
    run(input, call, named) {
      call.env.store.transaction(() => {
        const policy = ownPolicy(named)
        putPolicy({ ...policy, tags: withoutTags(policy.tags, given(input.TagKeys), 'kept') }, call)
      })
      return {}
    },
  }),
  iam.row('ListPolicyTags', {
    action: 'iam:ListPolicyTags',
    readOnly: true,
    subject: policyNamed,
    resource: policyResource,
    run(input, _call, named) {
      const { items, ...more } = tagPage(existingPolicy(named).tags, input)
      return { Tags: items, ...more }
    },
  }),
  iam.row('TagInstanceProfile', {
    action: 'iam:TagInstanceProfile',
    subject: (input, call) => profileNamed(given(input.InstanceProfileName), call),
    resource: profileResource,
    context: tagContext,
    run(input, call, named) {
      call.env.store.transaction(() => {
        refuseEmpty(input.Tags)
        const profile = existing(named)
        const tags = withTags(profile.tags, input.Tags, 'kept')
        call.state.instanceProfiles.in(call.account).put(keyOf(profile.name), { ...profile, tags })
      })
      return {}
    },
  }),
  iam.row('UntagInstanceProfile', {
    action: 'iam:UntagInstanceProfile',
    subject: (input, call) => profileNamed(given(input.InstanceProfileName), call),
    resource: profileResource,
    context: keyContext,
    run(input, call, named) {
      call.env.store.transaction(() => {
        const profile = existing(named)
        const tags = withoutTags(profile.tags, given(input.TagKeys), 'kept')
        call.state.instanceProfiles.in(call.account).put(keyOf(profile.name), { ...profile, tags })
      })
      return {}
    },
  }),
  iam.row('ListInstanceProfileTags', {
    action: 'iam:ListInstanceProfileTags',
    readOnly: true,
    subject: (input, call) => profileNamed(given(input.InstanceProfileName), call),
    resource: profileResource,
    run(input, _call, profile) {
      const { items, ...more } = tagPage(existing(profile).tags, input)
      return { Tags: items, ...more }
    },
  }),
]
