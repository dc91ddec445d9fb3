import type {
  AttachedPolicy,
  GroupDetail,
  ManagedPolicyDetail,
  PolicyDetail,
  RoleDetail,
  UserDetail,
} from '@aws-sdk/client-iam'
import { boundaryView } from '../boundaries.ts'
import { encodeDocument } from '../documents.ts'
import { awsManagedPolicies } from '../managed/catalog.ts'
import { ACCOUNT, keyOf, policyRecord, type IamCall } from '../names.ts'
import { listPage } from '../pages.ts'
import { groupsOf } from '../policySources.ts'
import { iam } from '../service.ts'
import type { GroupRecord, ManagedPolicyRecord, PolicyHolder, RoleRecord, UserRecord } from '../state.ts'
import { tagList } from '../tags.ts'
import { groupView } from './groups.ts'
import { profileView } from './instanceProfiles.ts'
import { policyView, usage, versionView } from './managedPolicies.ts'
import { lastUseOfRole, roleBasics } from './roles.ts'
import { userView } from './users.ts'

const inlineDetails = (holder: PolicyHolder): PolicyDetail[] =>
  holder.inline.map(({ name, text }) => ({ PolicyName: name, PolicyDocument: encodeDocument(text) }))

const attachedDetails = (holder: PolicyHolder, call: IamCall): AttachedPolicy[] =>
  holder.attached.map((arn) => ({ PolicyName: policyRecord(arn, call.state)?.name, PolicyArn: arn }))

const userDetail = (user: UserRecord, call: IamCall): UserDetail => ({
  ...userView(user),
  UserPolicyList: inlineDetails(user),
  GroupList: groupsOf(call.state, user, call.account).map(({ name }) => name),
  AttachedManagedPolicies: attachedDetails(user, call),
  ...boundaryView(user.boundary),
  Tags: tagList(user.tags),
})

const groupDetail = (group: GroupRecord, call: IamCall): GroupDetail => ({
  ...groupView(group),
  GroupPolicyList: inlineDetails(group),
  AttachedManagedPolicies: attachedDetails(group, call),
})

function roleDetail(role: RoleRecord, call: IamCall): RoleDetail {
  const profiles = [...call.state.instanceProfiles.in(call.account).find('role', role.id)]
  return {
    ...roleBasics(role, call),
    InstanceProfileList: profiles.map(([, profile]) => profileView(profile, call)),
    RolePolicyList: inlineDetails(role),
    AttachedManagedPolicies: attachedDetails(role, call),
    ...boundaryView(role.boundary),
    Tags: tagList(role.tags),
    RoleLastUsed: lastUseOfRole(role, call),
  }
}

const policyDetail = (policy: ManagedPolicyRecord, call: IamCall): ManagedPolicyDetail => ({
  ...policyView(policy, call),
  ...(policy.description !== undefined && { Description: policy.description }),
  PolicyVersionList: policy.versions.map((version) => ({
    Document: encodeDocument(version.text),
    ...versionView(policy, version),
  })),
})

type Detail =
  | { readonly kind: 'User'; readonly record: UserRecord }
  | { readonly kind: 'Role'; readonly record: RoleRecord }
  | { readonly kind: 'Group'; readonly record: GroupRecord }
  | { readonly kind: 'LocalManagedPolicy' | 'AWSManagedPolicy'; readonly record: ManagedPolicyRecord }

/** Everything of the kinds asked for; of AWS's policies those in use. */
function detailsOf(filter: readonly string[] | undefined, call: IamCall): Detail[] {
  const { users, roles, groups, policies } = call.state
  const details: Detail[] = []
  const wants = (kind: Detail['kind']) => !filter || filter.length === 0 || filter.includes(kind)
  if (wants('User')) for (const [, record] of users.in(call.account).entries()) details.push({ kind: 'User', record })
  if (wants('Role')) for (const [, record] of roles.in(call.account).entries()) details.push({ kind: 'Role', record })
  if (wants('Group'))
    for (const [, record] of groups.in(call.account).entries()) details.push({ kind: 'Group', record })
  if (wants('LocalManagedPolicy'))
    for (const [, record] of policies.in(call.account).entries()) details.push({ kind: 'LocalManagedPolicy', record })
  if (wants('AWSManagedPolicy')) {
    for (const record of awsManagedPolicies()) {
      const { AttachmentCount, PermissionsBoundaryUsageCount } = usage(record.arn, call)
      if (AttachmentCount + PermissionsBoundaryUsageCount > 0) details.push({ kind: 'AWSManagedPolicy', record })
    }
  }
  return details
}

const getAccountAuthorizationDetails = iam.row('GetAccountAuthorizationDetails', {
  action: 'iam:GetAccountAuthorizationDetails',
  readOnly: true,
  resource: () => ACCOUNT,
  run(input, call) {
    const details = detailsOf(input.Filter, call)
    const { items, ...more } = listPage(details, input, ({ kind, record }) => `${kind}/${keyOf(record.name)}`)
    const pick = <K extends Detail['kind']>(kind: K) =>
      items.filter((item): item is Extract<Detail, { readonly kind: K }> => item.kind === kind)
    const policies = items.flatMap((item) =>
      item.kind === 'LocalManagedPolicy' || item.kind === 'AWSManagedPolicy' ? [item.record] : [],
    )
    return {
      UserDetailList: pick('User').map(({ record }) => userDetail(record, call)),
      GroupDetailList: pick('Group').map(({ record }) => groupDetail(record, call)),
      RoleDetailList: pick('Role').map(({ record }) => roleDetail(record, call)),
      Policies: policies.map((record) => policyDetail(record, call)),
      ...more,
    }
  },
})

export const authorizationDetailRows = [getAccountAuthorizationDetails]
