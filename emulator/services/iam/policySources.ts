import { policySource } from '../../access/document.ts'
import type { PolicySource } from '../../access/types.ts'
import type { CallerPolicies, SessionPolicies } from '../../operation/call.ts'
import { policyRecord } from './names.ts'
import type {
  GroupRecord,
  IamState,
  InlinePolicy,
  ManagedPolicyRecord,
  PolicyHolder,
  PolicyVersion,
  RoleRecord,
  UserRecord,
} from './state.ts'

/** The policies that bear on a user or role: its own, its groups', and its boundary. */
export function identityPolicies(state: IamState, record: UserRecord | RoleRecord, account: string): CallerPolicies {
  const identity: PolicySource[] = []
  const managed = new Set<string>()
  const holders: PolicyHolder[] = [record, ...('groups' in record ? groupsOf(state, record, account) : [])]
  for (const holder of holders) {
    for (const policy of holder.inline) identity.push(inlineSource(policy, holder.arn))
    for (const arn of holder.attached) managed.add(arn)
  }
  // A managed policy that comes by several ways counts once (captures 11.5).
  for (const arn of managed) {
    const source = managedSource(state, arn, 'identity')
    if (source) identity.push(source)
  }
  if (record.boundary === undefined) return { identity }
  const boundary = managedSource(state, record.boundary, 'boundary')
  // INVARIANT: a policy in use as a boundary cannot be deleted, so it is there.
  if (!boundary) throw new Error(`permissions boundary \`${record.boundary}\` is missing`)
  return { identity, boundary }
}

/** The groups a user belongs to, in the order it joined them. */
export function groupsOf(state: IamState, user: UserRecord, account: string): GroupRecord[] {
  return user.groups.flatMap((id) => {
    const place = state.principals.in().get(id)
    const group = place?.kind === 'group' ? state.groups.in(account).get(place.key) : undefined
    return group ? [group] : []
  })
}

/** Session policies in force; managed ones as they stand now (captures 9.4). */
export function sessionPolicies(state: IamState, session: SessionPolicies): PolicySource[] {
  const sources = session.arns.flatMap((arn) => managedSource(state, arn, 'session') ?? [])
  const { inline } = session
  if (inline === undefined) return sources
  return [policySource({ layer: 'session', name: 'session policy', text: inline }), ...sources]
}

/** The version in force. */
export function defaultVersion(policy: ManagedPolicyRecord): PolicyVersion {
  const version = policy.versions.find(({ id }) => id === policy.defaultVersion)
  // INVARIANT: the default version cannot be deleted.
  if (!version) throw new Error(`policy \`${policy.arn}\` has no version \`${policy.defaultVersion}\``)
  return version
}

const inlineSource = ({ name, text }: InlinePolicy, holder: string): PolicySource =>
  policySource({ layer: 'identity', name, holder, text })

function managedSource(
  state: IamState,
  arn: string,
  layer: 'identity' | 'boundary' | 'session',
): PolicySource | undefined {
  const record = policyRecord(arn, state)
  if (!record) return undefined
  return policySource({ layer, name: record.name, arn, text: defaultVersion(record).text })
}
