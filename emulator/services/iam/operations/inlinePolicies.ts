import { checkIdentityPolicy, encodeDocument, sizeOf } from '../documents.ts'
import { limitExceeded, noSuchEntity } from '../errors.ts'
import { boundaryKey, groupHolder, roleHolder, userHolder, type Holder } from '../holders.ts'
import { given, iamResource, keyOf, type IamCall } from '../names.ts'
import { listPage, type PageInput } from '../pages.ts'
import { iam } from '../service.ts'
import type { InlinePolicy, PolicyHolder } from '../state.ts'

/** Characters of all inline policies together, white space not counted (AWS: IAM quotas). */
const MOST_INLINE: Readonly<Record<Holder['kind'], number>> = { user: 2048, group: 5120, role: 10240 }

const resource = (_input: unknown, call: IamCall, holder: Holder) => iamResource(holder.named.arn, call, holder.tags)
const context = (_input: unknown, _call: IamCall, holder: Holder) => boundaryKey(holder)

interface PolicyInput {
  readonly PolicyName: string | undefined
  readonly PolicyDocument: string | undefined
}

/** Inline policy names are found without regard to case; the first spelling is the one listed (captures 12.4). */
const findInline = (holder: PolicyHolder, name: string): InlinePolicy | undefined =>
  holder.inline.find((policy) => keyOf(policy.name) === keyOf(name))

function put(input: PolicyInput, call: IamCall, holder: Holder): object {
  call.env.store.transaction(() => {
    const record = holder.record()
    const text = given(input.PolicyDocument)
    checkIdentityPolicy(text)
    const old = findInline(record, given(input.PolicyName))
    const policy: InlinePolicy = { name: old?.name ?? given(input.PolicyName), text }
    const inline = old ? record.inline.map((one) => (one === old ? policy : one)) : [...record.inline, policy]
    const most = MOST_INLINE[holder.kind]
    if (inline.reduce((sum, one) => sum + sizeOf(one.text), 0) > most) {
      throw limitExceeded(`Maximum policy size of ${String(most)} bytes exceeded for ${holder.kind} ${record.name}`)
    }
    holder.change({ inline })
  })
  return {}
}

function get(input: { readonly PolicyName: string | undefined }, holder: Holder) {
  const record = holder.record()
  const name = given(input.PolicyName)
  const policy = findInline(record, name)
  if (!policy) throw missing(holder, name)
  // The name as asked for, not as stored (captures 12.4).
  return { holderName: record.name, PolicyName: name, PolicyDocument: encodeDocument(policy.text) }
}

function remove(input: { readonly PolicyName: string | undefined }, call: IamCall, holder: Holder): object {
  call.env.store.transaction(() => {
    const record = holder.record()
    const policy = findInline(record, given(input.PolicyName))
    if (!policy) throw missing(holder, given(input.PolicyName))
    holder.change({ inline: record.inline.filter((one) => one !== policy) })
  })
  return {}
}

function list(input: PageInput, holder: Holder) {
  const names = holder.record().inline.map(({ name }) => name)
  const { items, ...more } = listPage(names, input, keyOf)
  return { PolicyNames: items, ...more }
}

const missing = (holder: Holder, name: string) =>
  noSuchEntity(`The ${holder.kind} policy with name ${name} cannot be found.`)

export const inlinePolicyRows = [
  iam.row('PutUserPolicy', {
    action: 'iam:PutUserPolicy',
    subject: userHolder,
    resource,
    context,
    run: put,
  }),
  iam.row('GetUserPolicy', {
    action: 'iam:GetUserPolicy',
    readOnly: true,
    subject: userHolder,
    resource,
    run(input, _call, holder) {
      const { holderName, ...policy } = get(input, holder)
      return { UserName: holderName, ...policy }
    },
  }),
  iam.row('DeleteUserPolicy', {
    action: 'iam:DeleteUserPolicy',
    subject: userHolder,
    resource,
    context,
    run: remove,
  }),
  iam.row('ListUserPolicies', {
    action: 'iam:ListUserPolicies',
    readOnly: true,
    subject: userHolder,
    resource,
    run: (input, _call, holder) => list(input, holder),
  }),
  iam.row('PutGroupPolicy', { action: 'iam:PutGroupPolicy', subject: groupHolder, resource, run: put }),
  iam.row('GetGroupPolicy', {
    action: 'iam:GetGroupPolicy',
    readOnly: true,
    subject: groupHolder,
    resource,
    run(input, _call, holder) {
      const { holderName, ...policy } = get(input, holder)
      return { GroupName: holderName, ...policy }
    },
  }),
  iam.row('DeleteGroupPolicy', { action: 'iam:DeleteGroupPolicy', subject: groupHolder, resource, run: remove }),
  iam.row('ListGroupPolicies', {
    action: 'iam:ListGroupPolicies',
    readOnly: true,
    subject: groupHolder,
    resource,
    run: (input, _call, holder) => list(input, holder),
  }),
  iam.row('PutRolePolicy', {
    action: 'iam:PutRolePolicy',
    subject: roleHolder,
    resource,
    context,
    run: put,
  }),
  iam.row('GetRolePolicy', {
    action: 'iam:GetRolePolicy',
    readOnly: true,
    subject: roleHolder,
    resource,
    run(input, _call, holder) {
      const { holderName, ...policy } = get(input, holder)
      return { RoleName: holderName, ...policy }
    },
  }),
  iam.row('DeleteRolePolicy', {
    action: 'iam:DeleteRolePolicy',
    subject: roleHolder,
    resource,
    context,
    run: remove,
  }),
  iam.row('ListRolePolicies', {
    action: 'iam:ListRolePolicies',
    readOnly: true,
    subject: roleHolder,
    resource,
    run: (input, _call, holder) => list(input, holder),
  }),
]
