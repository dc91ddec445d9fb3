import type { PolicyGroup, PolicyRole, PolicyUser } from '@aws-sdk/client-iam'
import { keyOf, type IamCall } from '../names.ts'
import { listPage, type PageInput } from '../pages.ts'
import { iam } from '../service.ts'
import { existingPolicy, policyNamed, policyResource } from './managedPolicies.ts'

interface EntitiesInput extends PageInput {
  readonly EntityFilter?: string | undefined
  readonly PathPrefix?: string | undefined
  readonly PolicyUsageFilter?: string | undefined
}

type Entity =
  | { readonly kind: 'User'; readonly name: string; readonly id: string }
  | { readonly kind: 'Group'; readonly name: string; readonly id: string }
  | { readonly kind: 'Role'; readonly name: string; readonly id: string }

/** Users, groups and roles that a policy is attached to or bounds. */
function entitiesOf(arn: string, input: EntitiesInput, call: IamCall): Entity[] {
  const indexes =
    input.PolicyUsageFilter === 'PermissionsPolicy'
      ? (['attached'] as const)
      : input.PolicyUsageFilter === 'PermissionsBoundary'
        ? (['boundary'] as const)
        : (['attached', 'boundary'] as const)
  const found = new Map<string, Entity>()
  for (const [kind, collection] of [
    ['User', call.state.users],
    ['Group', call.state.groups],
    ['Role', call.state.roles],
  ] as const) {
    // Other filters (LocalManagedPolicy, AWSManagedPolicy) give empty lists (captures 12.4).
    if (input.EntityFilter !== undefined && input.EntityFilter !== kind) continue
    for (const index of indexes) {
      if (kind === 'Group' && index === 'boundary') continue
      for (const [, { name, id, path }] of collection.in(call.account).find(index, arn)) {
        if (path.startsWith(input.PathPrefix ?? '/')) found.set(id, { kind, name, id })
      }
    }
  }
  return [...found.values()]
}

const listEntitiesForPolicy = iam.row('ListEntitiesForPolicy', {
  action: 'iam:ListEntitiesForPolicy',
  readOnly: true,
  subject: policyNamed,
  resource: policyResource,
  run(input, call, named) {
    const entities = entitiesOf(existingPolicy(named).arn, input, call)
    const { items, ...more } = listPage(entities, input, ({ kind, name }) => `${kind}/${keyOf(name)}`)
    const of = (kind: Entity['kind']) => items.filter((entity) => entity.kind === kind)
    return {
      PolicyGroups: of('Group').map(({ name, id }): PolicyGroup => ({ GroupName: name, GroupId: id })),
      PolicyUsers: of('User').map(({ name, id }): PolicyUser => ({ UserName: name, UserId: id })),
      PolicyRoles: of('Role').map(({ name, id }): PolicyRole => ({ RoleName: name, RoleId: id })),
      ...more,
    }
  },
})

export const policyEntityRows = [listEntitiesForPolicy]
