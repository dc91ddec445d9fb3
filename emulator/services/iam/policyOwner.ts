import { parseArn } from '../../lib/arn.ts'
import type { Resource } from '../../operation/define.ts'
import { invalidInput, noSuchEntity } from './errors.ts'
import { groupNamed, iamResource, policyRecord, roleNamed, userNamed, type IamCall, type Named } from './names.ts'
import { defaultVersion, groupsOf } from './policySources.ts'
import type { PolicyHolder, RoleRecord, UserRecord } from './state.ts'

type Kind = 'user' | 'group' | 'role'

/** The user, group or role whose stored policies a request is about, found by name whatever the path (captures 9.3). */
export interface PolicyOwner {
  /** As the request has it. */
  readonly arn: string
  readonly kind: Kind | undefined
  readonly account: string
  readonly named: Named<PolicyHolder> | undefined
}

const FIND: Readonly<Record<Kind, (name: string, call: IamCall) => Named<PolicyHolder>>> = {
  user: userNamed,
  group: groupNamed,
  role: roleNamed,
}

const IDENTITY = /^(user|group|role)\/(?:.*\/)?([^/]+)$/

export function policyOwner(arn: string, call: IamCall): PolicyOwner {
  const parsed = parseArn(arn)
  const [, kind, name = ''] = (parsed?.service === 'iam' ? IDENTITY.exec(parsed.resource) : null) ?? []
  const account = parsed?.account ?? ''
  if (kind === undefined) return { arn, kind: undefined, account, named: undefined }
  const named = account === call.account ? FIND[kind as Kind](name, call) : undefined
  return { arn, kind: kind as Kind, account, named }
}

/** Checked against the stored ARN (captures 9.3). */
export const policyOwnerResource = (_input: unknown, call: IamCall, { arn, named }: PolicyOwner): Resource =>
  iamResource(named?.arn ?? arn, call)

/** The stored entity. Throws AWS's refusals (captures 11.5). */
export function existingOwner({ arn, kind, account, named }: PolicyOwner, call: IamCall): PolicyHolder {
  if (kind === undefined) throw invalidInput(`Invalid ARN provided in the request: ${arn}`)
  if (account !== call.account) {
    throw invalidInput(
      `Invalid Policy Source Arn: caller's account ${call.account} does not have access to policies in account ${account}.`,
    )
  }
  if (!named?.record) throw noSuchEntity('Unable to retrieve specified IAM entity.')
  return named.record
}

/** One stored policy, with what it is called by those who ask about it. */
export type StoredPolicy =
  | {
      readonly kind: 'inline'
      readonly owner: Kind
      readonly ownerName: string
      readonly name: string
      readonly text: string
    }
  | { readonly kind: 'managed'; readonly arn: string; readonly name: string; readonly text: string }

/** Own and groups' policies, each managed one once (captures 11.5). */
export function storedPolicies(owner: PolicyHolder, kind: Kind, call: IamCall): StoredPolicy[] {
  const groups = isUser(owner) ? groupsOf(call.state, owner, call.account) : []
  const holders: (readonly [Kind, PolicyHolder])[] = [
    [kind, owner],
    ...groups.map((group) => ['group', group] as const),
  ]
  const inline = holders.flatMap(([ownerKind, holder]) =>
    holder.inline.map(({ name, text }): StoredPolicy => ({
      kind: 'inline',
      owner: ownerKind,
      ownerName: holder.name,
      name,
      text,
    })),
  )
  const managed = new Set(holders.flatMap(([, holder]) => holder.attached))
  return [...inline, ...[...managed].flatMap((arn) => storedManaged(arn, call) ?? [])]
}

export function storedManaged(arn: string, call: IamCall): Extract<StoredPolicy, { kind: 'managed' }> | undefined {
  const record = policyRecord(arn, call.state)
  return record && { kind: 'managed', arn, name: record.name, text: defaultVersion(record).text }
}

/** Groups have none. */
export const boundaryOf = (owner: PolicyHolder): string | undefined =>
  isUser(owner) || isRole(owner) ? owner.boundary : undefined

const isUser = (holder: PolicyHolder): holder is UserRecord => 'groups' in holder
const isRole = (holder: PolicyHolder): holder is RoleRecord => 'trust' in holder
