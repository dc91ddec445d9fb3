import type { AttachedPolicy } from '@aws-sdk/client-iam'
import { parseArn } from '../../../lib/arn.ts'
import { AwsError } from '../../../lib/awsError.ts'
import { attachable } from '../boundaries.ts'
import { invalidInput, noSuchEntity, overQuota } from '../errors.ts'
import { boundaryKey, groupHolder, roleHolder, userHolder, type Holder } from '../holders.ts'
import { given, iamResource, keyOf, policyRecord, type IamCall } from '../names.ts'
import { listPage, type PageInput } from '../pages.ts'
import { iam } from '../service.ts'
import { SERVICE_LINKED_PATH } from '../linkedRoles.ts'

const QUOTAS: Readonly<Record<Holder['kind'], string>> = {
  user: 'PoliciesPerUser',
  group: 'PoliciesPerGroup',
  role: 'PoliciesPerRole',
}
const MOST_ATTACHED = 10

interface AttachInput {
  readonly PolicyArn: string | undefined
}

const resource = (_input: unknown, call: IamCall, holder: Holder) => iamResource(holder.named.arn, call, holder.tags)
const context = (input: AttachInput, _call: IamCall, holder: Holder) => ({
  'iam:PolicyARN': input.PolicyArn,
  ...boundaryKey(holder),
})

function attach(input: AttachInput, call: IamCall, holder: Holder): object {
  call.env.store.transaction(() => {
    const record = holder.record()
    const arn = policyArn(input)
    if (!attachable(arn, call)) throw noSuchEntity(`Policy ${arn} does not exist or is not attachable.`)
    if (policyRecord(arn, call.state)?.path === SERVICE_LINKED_PATH) {
      throw new AwsError('PolicyNotAttachable', 400, 'Cannot attach a Service Role Policy to a Customer Role.')
    }
    if (record.attached.includes(arn)) return
    if (record.attached.length >= MOST_ATTACHED) throw overQuota(QUOTAS[holder.kind], MOST_ATTACHED)
    holder.change({ attached: [...record.attached, arn] })
  })
  return {}
}

function detach(input: AttachInput, call: IamCall, holder: Holder): object {
  call.env.store.transaction(() => {
    const record = holder.record()
    const arn = policyArn(input)
    if (!record.attached.includes(arn)) throw noSuchEntity(`Policy ${arn} was not found.`)
    holder.change({ attached: record.attached.filter((one) => one !== arn) })
  })
  return {}
}

function policyArn(input: AttachInput): string {
  const arn = given(input.PolicyArn)
  if (parseArn(arn) === undefined) throw invalidInput(`ARN ${arn} is not valid.`)
  return arn
}

function list(input: PageInput & { readonly PathPrefix?: string | undefined }, call: IamCall, holder: Holder) {
  const prefix = input.PathPrefix ?? '/'
  const policies = holder.record().attached.flatMap((arn) => {
    const policy = policyRecord(arn, call.state)
    return policy?.path.startsWith(prefix) ? [policy] : []
  })
  const { items, ...more } = listPage(policies, input, ({ name }) => keyOf(name))
  return {
    AttachedPolicies: items.map(({ name, arn }): AttachedPolicy => ({ PolicyName: name, PolicyArn: arn })),
    ...more,
  }
}

export const attachmentRows = [
  iam.row('AttachUserPolicy', {
    action: 'iam:AttachUserPolicy',
    subject: userHolder,
    resource,
    context,
    run: attach,
  }),
  iam.row('DetachUserPolicy', {
    action: 'iam:DetachUserPolicy',
    subject: userHolder,
    resource,
    context,
    run: detach,
  }),
  iam.row('ListAttachedUserPolicies', {
    action: 'iam:ListAttachedUserPolicies',
    readOnly: true,
    subject: userHolder,
    resource,
    run: list,
  }),
  iam.row('AttachGroupPolicy', {
    action: 'iam:AttachGroupPolicy',
    subject: groupHolder,
    resource,
    context,
    run: attach,
  }),
  iam.row('DetachGroupPolicy', {
    action: 'iam:DetachGroupPolicy',
    subject: groupHolder,
    resource,
    context,
    run: detach,
  }),
  iam.row('ListAttachedGroupPolicies', {
    action: 'iam:ListAttachedGroupPolicies',
    readOnly: true,
    subject: groupHolder,
    resource,
    run: list,
  }),
  iam.row('AttachRolePolicy', {
    action: 'iam:AttachRolePolicy',
    subject: roleHolder,
    resource,
    context,
    run: attach,
  }),
  iam.row('DetachRolePolicy', {
    action: 'iam:DetachRolePolicy',
    subject: roleHolder,
    resource,
    context,
    run: detach,
  }),
  iam.row('ListAttachedRolePolicies', {
    action: 'iam:ListAttachedRolePolicies',
    readOnly: true,
    subject: roleHolder,
    resource,
    run: list,
  }),
]
