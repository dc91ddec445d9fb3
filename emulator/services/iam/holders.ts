import type { ContextValue, Tags } from '../../access/types.ts'
import { modifiable } from './operations/roles.ts'
import { existing, given, groupNamed, keyOf, roleNamed, userNamed, type IamCall, type Named } from './names.ts'
import type { GroupRecord, PolicyHolder, RoleRecord, UserRecord } from './state.ts'

/** What carries policies: a user, group or role, and how to change it. Inline policies and attachments work alike on all three. */
export interface Holder {
  readonly kind: 'user' | 'group' | 'role'
  readonly named: Named<PolicyHolder>
  readonly tags: Tags | undefined
  /** Its permissions boundary, as `iam:PermissionsBoundary` shows it. */
  readonly boundary: string | undefined
  /** The stored record; throws NoSuchEntity. */
  record(): PolicyHolder
  /** Replaces policies. Throws UnmodifiableEntity for roles of AWS's own services. */
  change(to: Partial<Pick<PolicyHolder, 'inline' | 'attached'>>): void
}

export function userHolder(input: { readonly UserName: string | undefined }, call: IamCall): Holder {
  const named: Named<UserRecord> = userNamed(given(input.UserName), call)
  return {
    kind: 'user',
    named,
    tags: named.record?.tags,
    boundary: named.record?.boundary,
    record: () => existing(named),
    change(to) {
      const user = existing(named)
      call.state.users.in(call.account).put(keyOf(user.name), { ...user, ...to })
    },
  }
}

export function groupHolder(input: { readonly GroupName: string | undefined }, call: IamCall): Holder {
  const named: Named<GroupRecord> = groupNamed(given(input.GroupName), call)
  return {
    kind: 'group',
    named,
    tags: undefined,
    boundary: undefined,
    record: () => existing(named),
    change(to) {
      const group = existing(named)
      call.state.groups.in(call.account).put(keyOf(group.name), { ...group, ...to })
    },
  }
}

export function roleHolder(input: { readonly RoleName: string | undefined }, call: IamCall): Holder {
  const named: Named<RoleRecord> = roleNamed(given(input.RoleName), call)
  return {
    kind: 'role',
    named,
    tags: named.record?.tags,
    boundary: named.record?.boundary,
    record: () => existing(named),
    change(to) {
      const role = modifiable(existing(named))
      call.state.roles.in(call.account).put(keyOf(role.name), { ...role, ...to })
    },
  }
}

export const boundaryKey = (holder: Holder): Readonly<Record<string, ContextValue | undefined>> => ({
  'iam:PermissionsBoundary': holder.boundary,
})
