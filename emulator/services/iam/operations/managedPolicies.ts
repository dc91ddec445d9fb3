import type { Policy, PolicyVersion as PolicyVersionView } from '@aws-sdk/client-iam'
import type { Resource } from '../../../operation/define.ts'
import { parseArn } from '../../../lib/arn.ts'
import { checkIdentityPolicy, encodeDocument, sizeOf } from '../documents.ts'
import { AwsError } from '../../../lib/awsError.ts'
import { alreadyExists, deleteConflict, invalidInput, limitExceeded, noSuchEntity, overQuota } from '../errors.ts'
import { awsManagedPolicies, isAwsManaged } from '../managed/catalog.ts'
import { given, iamArn, iamResource, keyOf, policyRecord, uniqueId, wholeSecond, type IamCall } from '../names.ts'
import { listPage, type Page, type PageInput } from '../pages.ts'
import { iam } from '../service.ts'
import type { ManagedPolicyRecord, PolicyVersion } from '../state.ts'
import { requestTags, someTags, withTags } from '../tags.ts'
import { tagCheck } from './users.ts'

/** Characters of one version, white space not counted (AWS: IAM quotas). */
const MOST_CHARACTERS = 6144
const MOST_VERSIONS = 5

/** A managed policy that a request names by ARN. */
export interface NamedPolicy {
  readonly arn: string
  readonly record: ManagedPolicyRecord | undefined
}

export function policyNamed(input: { readonly PolicyArn: string | undefined }, call: IamCall): NamedPolicy {
  const arn = given(input.PolicyArn)
  const record = policyRecord(arn, call.state)
  const owner = parseArn(arn)?.account
  return { arn, record: owner === call.account || owner === 'aws' ? record : undefined }
}

export const policyResource = (_input: unknown, call: IamCall, { arn, record }: NamedPolicy): Resource => ({
  ...iamResource(arn, call, record?.tags),
  account: parseArn(arn)?.account === 'aws' ? call.account : parseArn(arn)?.account,
})

export function existingPolicy({ arn, record }: NamedPolicy): ManagedPolicyRecord {
  if (parseArn(arn) === undefined) throw invalidInput(`ARN ${arn} is not valid.`)
  if (!record) throw noSuchEntity(`Policy ${arn} was not found.`)
  return record
}

/** A policy of the caller's own account: AWS's cannot be changed. */
export function ownPolicy(named: NamedPolicy): ManagedPolicyRecord {
  const record = existingPolicy(named)
  if (isAwsManaged(record.arn)) {
    throw new AwsError('AccessDenied', 403, 'Policies that are created and managed by AWS cannot be changed.')
  }
  return record
}

export const putPolicy = (policy: ManagedPolicyRecord, call: IamCall): void => {
  call.state.policies.in(call.account).put(keyOf(policy.name), policy)
}

const newArn = (
  input: { readonly Path?: string | undefined; readonly PolicyName: string | undefined },
  call: IamCall,
) => iamArn(call.account, 'policy', input.Path ?? '/', given(input.PolicyName))

/** How many users, groups and roles carry the policy, and how many it bounds: two separate counts (captures 12.4). */
export function usage(arn: string, call: IamCall) {
  const { users, groups, roles } = call.state
  const [u, g, r] = [users.in(call.account), groups.in(call.account), roles.in(call.account)]
  return {
    AttachmentCount: u.count('attached', arn) + g.count('attached', arn) + r.count('attached', arn),
    PermissionsBoundaryUsageCount: u.count('boundary', arn) + r.count('boundary', arn),
  }
}

export const policyView = (policy: ManagedPolicyRecord, call: IamCall): Policy => ({
  PolicyName: policy.name,
  PolicyId: policy.id,
  Arn: policy.arn,
  Path: policy.path,
  DefaultVersionId: policy.defaultVersion,
  ...usage(policy.arn, call),
  IsAttachable: true,
  CreateDate: new Date(policy.createdAt),
  UpdateDate: new Date(policy.updatedAt),
})

/** Descriptions are shown by GetPolicy only (AWS: Policy). */
const wholePolicy = (policy: ManagedPolicyRecord, call: IamCall): Policy => ({
  ...policyView(policy, call),
  ...(policy.description !== undefined && { Description: policy.description }),
  Tags: someTags(policy.tags)?.Tags ?? [],
})

export const versionView = (policy: ManagedPolicyRecord, version: PolicyVersion): PolicyVersionView => ({
  VersionId: version.id,
  IsDefaultVersion: version.id === policy.defaultVersion,
  CreateDate: new Date(version.createdAt),
})

function checkedDocument(text: string): string {
  checkIdentityPolicy(text)
  if (sizeOf(text) > MOST_CHARACTERS) throw overQuota('PolicySize', MOST_CHARACTERS)
  return text
}

const createPolicy = iam.row('CreatePolicy', {
  action: 'iam:CreatePolicy',
  resource: (input, call) => iamResource(newArn(input, call), call),
  context: ({ Tags }) => requestTags(Tags),
  also: (input, call) => tagCheck('iam:TagPolicy', input.Tags, iamResource(newArn(input, call), call)),
  run: (input, call) =>
    call.env.store.transaction(() => {
      const name = given(input.PolicyName)
      const tags = withTags({}, input.Tags, 'kept')
      const text = checkedDocument(given(input.PolicyDocument))
      if (call.state.policies.in(call.account).has(keyOf(name))) {
        throw alreadyExists(`A policy called ${name} already exists. Duplicate names are not allowed.`)
      }
      const now = wholeSecond(call.time)
      const policy: ManagedPolicyRecord = {
        name,
        path: input.Path ?? '/',
        id: uniqueId('ANPA', call),
        arn: newArn(input, call),
        createdAt: now,
        updatedAt: now,
        description: input.Description,
        defaultVersion: 'v1',
        versions: [{ id: 'v1', text, createdAt: now }],
        nextVersion: 2,
        tags,
      }
      putPolicy(policy, call)
      return { Policy: { ...policyView(policy, call), ...someTags(tags) } }
    }),
})

const getPolicy = iam.row('GetPolicy', {
  action: 'iam:GetPolicy',
  readOnly: true,
  subject: policyNamed,
  resource: policyResource,
  run: (_input, call, named) => ({ Policy: wholePolicy(existingPolicy(named), call) }),
})

interface ListPoliciesInput extends PageInput {
  readonly Scope?: string | undefined
  readonly OnlyAttached?: boolean | undefined
  readonly PathPrefix?: string | undefined
  readonly PolicyUsageFilter?: string | undefined
}

const listPolicies = iam.row('ListPolicies', {
  action: 'iam:ListPolicies',
  readOnly: true,
  resource: ({ PathPrefix }, call) => iamResource(iamArn(call.account, 'policy', PathPrefix ?? '/', ''), call),
  run(input, call) {
    const { items, ...more } = policyPage(input, call)
    return { Policies: items.map((policy) => policyView(policy, call)), ...more }
  },
})

function policyPage(input: ListPoliciesInput, call: IamCall): Page<ManagedPolicyRecord> {
  const scope = input.Scope ?? 'All'
  const prefix = input.PathPrefix ?? '/'
  const policies: ManagedPolicyRecord[] = []
  if (scope !== 'Local') policies.push(...awsManagedPolicies())
  if (scope !== 'AWS') for (const [, policy] of call.state.policies.in(call.account).entries()) policies.push(policy)
  const wanted = policies.filter(
    (policy) => policy.path.startsWith(prefix) && (input.OnlyAttached !== true || inUse(policy, input, call)),
  )
  // Names are unique within an account, and AWS's come beside the customer's.
  return listPage(wanted, input, (policy) => `${keyOf(policy.name)}/${isAwsManaged(policy.arn) ? 'aws' : 'own'}`)
}

/** The filter counts only together with OnlyAttached (captures 12.4). */
function inUse(policy: ManagedPolicyRecord, input: ListPoliciesInput, call: IamCall): boolean {
  const { AttachmentCount, PermissionsBoundaryUsageCount } = usage(policy.arn, call)
  if (input.PolicyUsageFilter === 'PermissionsPolicy') return AttachmentCount > 0
  if (input.PolicyUsageFilter === 'PermissionsBoundary') return PermissionsBoundaryUsageCount > 0
  return AttachmentCount + PermissionsBoundaryUsageCount > 0
}

const deletePolicy = iam.row('DeletePolicy', {
  action: 'iam:DeletePolicy',
  subject: policyNamed,
  resource: policyResource,
  run(_input, call, named) {
    call.env.store.transaction(() => {
      const policy = ownPolicy(named)
      const { AttachmentCount, PermissionsBoundaryUsageCount } = usage(policy.arn, call)
      if (AttachmentCount + PermissionsBoundaryUsageCount > 0) {
        throw deleteConflict('Cannot delete a policy attached to entities.')
      }
      if (policy.versions.length > 1) {
        throw deleteConflict(
          "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. " +
            'The default version is deleted with the policy.',
        )
      }
      call.state.policies.in(call.account).delete(keyOf(policy.name))
    })
    return {}
  },
})

const createPolicyVersion = iam.row('CreatePolicyVersion', {
  action: 'iam:CreatePolicyVersion',
  subject: policyNamed,
  resource: policyResource,
  run: (input, call, named) =>
    call.env.store.transaction(() => {
      const policy = ownPolicy(named)
      const text = checkedDocument(given(input.PolicyDocument))
      if (policy.versions.length >= MOST_VERSIONS) {
        throw limitExceeded(
          'A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing version.',
        )
      }
      const version: PolicyVersion = {
        id: `v${String(policy.nextVersion)}`,
        text,
        createdAt: wholeSecond(call.time),
      }
      const now: ManagedPolicyRecord = {
        ...policy,
        versions: [...policy.versions, version],
        nextVersion: policy.nextVersion + 1,
        updatedAt: version.createdAt,
        defaultVersion: input.SetAsDefault === true ? version.id : policy.defaultVersion,
      }
      putPolicy(now, call)
      return { PolicyVersion: versionView(now, version) }
    }),
})

function versionOf(policy: ManagedPolicyRecord, id: string | undefined): PolicyVersion {
  const version = policy.versions.find((one) => one.id === id)
  if (!version) throw noSuchEntity(`Policy ${policy.arn} version ${given(id)} does not exist or is not attachable.`)
  return version
}

const getPolicyVersion = iam.row('GetPolicyVersion', {
  action: 'iam:GetPolicyVersion',
  readOnly: true,
  subject: policyNamed,
  resource: policyResource,
  run(input, _call, named) {
    const policy = existingPolicy(named)
    const version = versionOf(policy, input.VersionId)
    return { PolicyVersion: { Document: encodeDocument(version.text), ...versionView(policy, version) } }
  },
})

const listPolicyVersions = iam.row('ListPolicyVersions', {
  action: 'iam:ListPolicyVersions',
  readOnly: true,
  subject: policyNamed,
  resource: policyResource,
  run(input, _call, named) {
    const policy = existingPolicy(named)
    // The latest first (AWS: ListPolicyVersions, example).
    const byAge = (version: PolicyVersion) => String(1_000_000_000 - Number(version.id.slice(1)))
    const { items, ...more } = listPage(policy.versions, input, byAge)
    return { Versions: items.map((version) => versionView(policy, version)), ...more }
  },
})

const setDefaultPolicyVersion = iam.row('SetDefaultPolicyVersion', {
  action: 'iam:SetDefaultPolicyVersion',
  subject: policyNamed,
  resource: policyResource,
  run(input, call, named) {
    call.env.store.transaction(() => {
      const policy = ownPolicy(named)
      const { id } = versionOf(policy, input.VersionId)
      putPolicy({ ...policy, defaultVersion: id, updatedAt: wholeSecond(call.time) }, call)
    })
    return {}
  },
})

const deletePolicyVersion = iam.row('DeletePolicyVersion', {
  action: 'iam:DeletePolicyVersion',
  subject: policyNamed,
  resource: policyResource,
  run(input, call, named) {
    call.env.store.transaction(() => {
      const policy = ownPolicy(named)
      const version = versionOf(policy, input.VersionId)
      if (version.id === policy.defaultVersion) {
        throw deleteConflict('Cannot delete the default version of a policy.')
      }
      putPolicy({ ...policy, versions: policy.versions.filter((one) => one !== version) }, call)
    })
    return {}
  },
})

export const managedPolicyRows = [
  createPolicy,
  getPolicy,
  listPolicies,
  deletePolicy,
  createPolicyVersion,
  getPolicyVersion,
  listPolicyVersions,
  setDefaultPolicyVersion,
  deletePolicyVersion,
]
