import { parseArn } from '../../lib/arn.ts'
import type { Tags } from '../../access/types.ts'
import type { Call } from '../../operation/call.ts'
import type { Resource } from '../../operation/define.ts'
import type { Collection } from '../../state/store.ts'
import { noSuchEntity } from './errors.ts'
import { awsManagedPolicy } from './managed/catalog.ts'
import type {
  GroupRecord,
  IamState,
  InstanceProfileRecord,
  ManagedPolicyRecord,
  RoleRecord,
  UserRecord,
} from './state.ts'

export type IamCall = Call<IamState>

/** Names are found without regard to case (captures 9.3). */
export const keyOf = (name: string): string => name.toLowerCase()

/** `arn:aws:iam::<account>:<type><path><name>` */
export const iamArn = (account: string, type: EntityType, path: string, name: string): string =>
  `arn:aws:iam::${account}:${type}${path}${name}`

export type EntityType = 'user' | 'group' | 'role' | 'policy' | 'instance-profile'

/** Account and name in the ARN of an IAM entity; the path is left out. Undefined for other ARNs. */
export function nameInArn(
  arn: string,
  type: EntityType,
): { readonly account: string; readonly name: string } | undefined {
  const parsed = parseArn(arn)
  if (parsed?.service !== 'iam' || parsed.region !== '' || !parsed.resource.startsWith(`${type}/`)) return undefined
  return { account: parsed.account, name: parsed.resource.slice(parsed.resource.lastIndexOf('/') + 1) }
}

/** An entity that a request names: what is stored of it, or only the name. */
export interface Named<T> {
  readonly name: string
  /** The stored ARN, path included; where nothing is stored, the one without a path (captures 9.3). */
  readonly arn: string
  readonly record: T | undefined
  /** AWS's refusal when nothing is stored. */
  readonly missing: string
}

interface Identified {
  readonly arn: string
}

function named<T extends Identified>(
  collection: Collection<T>,
  type: EntityType,
  name: string,
  call: IamCall,
  missing: string,
): Named<T> {
  const record = collection.in(call.account).get(keyOf(name))
  return { name, arn: record?.arn ?? iamArn(call.account, type, '/', name), record, missing }
}

export const userNamed = (name: string, call: IamCall): Named<UserRecord> =>
  named(call.state.users, 'user', name, call, `The user with name ${name} cannot be found.`)

export const groupNamed = (name: string, call: IamCall): Named<GroupRecord> =>
  named(call.state.groups, 'group', name, call, `The group with name ${name} cannot be found.`)

export const roleNamed = (name: string, call: IamCall): Named<RoleRecord> =>
  named(call.state.roles, 'role', name, call, `The role with name ${name} cannot be found.`)

export const profileNamed = (name: string, call: IamCall): Named<InstanceProfileRecord> =>
  named(call.state.instanceProfiles, 'instance-profile', name, call, `Instance Profile ${name} cannot be found.`)

/** The managed policy, a customer's or AWS's, that an ARN names exactly. */
export function policyRecord(arn: string, state: IamState): ManagedPolicyRecord | undefined {
  const aws = awsManagedPolicy(arn)
  if (aws) return aws
  const named = nameInArn(arn, 'policy')
  const record = named && state.policies.in(named.account).get(keyOf(named.name))
  return record?.arn === arn ? record : undefined
}

/** The stored entity, or AWS's NoSuchEntity. */
export function existing<T>(named: Named<T>): T {
  if (named.record === undefined) throw noSuchEntity(named.missing)
  return named.record
}

/** What policies see of an IAM entity: its ARN and its tags. */
export function iamResource(
  arn: string,
  call: IamCall,
  tags?: Tags,
  more?: Readonly<Record<string, string | undefined>>,
): Resource {
  return { arn, account: call.account, guard: 'none', context: tagKeys(tags, more) }
}

/** Account-level actions. */
export const ACCOUNT: Resource = { arn: '*', guard: 'none' }

function tagKeys(
  tags: Tags | undefined,
  more: Readonly<Record<string, string | undefined>> | undefined,
): Resource['context'] {
  const context: [string, string | undefined][] = more ? Object.entries(more) : []
  for (const [key, value] of Object.entries(tags ?? {})) {
    context.push([`aws:ResourceTag/${key}`, value], [`iam:ResourceTag/${key}`, value])
  }
  return context.length === 0 ? undefined : Object.fromEntries(context)
}

/** A member that AWS's model requires: `validate` has seen to it before any row runs. */
export function given<T>(member: T | undefined): T {
  if (member === undefined) throw new Error('INVARIANT: a required member is missing')
  return member
}

/** IAM's times have whole seconds. */
export const wholeSecond = (time: number): number => Math.floor(time / 1000) * 1000

/** A unique id of AWS's: four letters that tell the kind, seventeen of base 32 (facts: H1). */
export const uniqueId = (prefix: 'AIDA' | 'AGPA' | 'AROA' | 'AIPA' | 'ANPA', call: Pick<IamCall, 'env'>): string =>
  prefix + call.env.ids.base32(17)
