import type { AuthorizationRequest, PolicySet, PolicySource } from '../types.ts'
import { policySize, SIZE_LIMITS } from '../validate.ts'
import { KINDS, type SizeLimit } from '../validate/kinds.ts'
import { afterChange, isMeant } from './apply.ts'
import { selfArn } from './places.ts'
import type { Change } from './types.ts'

/** The changes, with a word at those that make a document longer than AWS takes. */
export function measured(
  changes: readonly Change[],
  request: AuthorizationRequest,
  policies: PolicySet,
): readonly Change[] {
  const after = changes.reduce((state, change) => afterChange(state, change, request), policies)
  return changes.map((change) => {
    const tooLong = tooLongBy(change, after, request)
    return tooLong === undefined ? change : { ...change, tooLong }
  })
}

function tooLongBy(change: Change, after: PolicySet, request: AuthorizationRequest): string | undefined {
  const limit = limitOf(change, request)
  if (!limit) return undefined
  const length = documentsOf(change, after)
    .map(({ text }) => (limit.countsSpace ? JSON.stringify(JSON.parse(text)).length : policySize(text)))
    .reduce((sum, each) => sum + each, 0)
  if (length <= limit.characters) return undefined
  const what = isInline(change) ? 'its inline policies together' : 'it'
  return `${what} would have ${String(length)} characters, and AWS takes ${String(limit.characters)}: ${limit.advice}`
}

interface Limit extends SizeLimit {
  readonly advice: string
}

const SHORTEN = 'shorten the policy first'
const IN_MANAGED = 'write the statement into a managed policy and attach that'

function limitOf(change: Change, request: AuthorizationRequest): Limit | undefined {
  const { kind, policy, target } = change
  if (change.grant ?? change.publicAccessBlock) return undefined
  if (policy?.startsWith('arn:aws:iam:')) return counted(SIZE_LIMITS.managed, 'write another one')
  switch (kind) {
    case 'identity': {
      const holder = target ?? selfArn(request) ?? ''
      if (holder.includes(':group/')) return counted(SIZE_LIMITS.groupInline, IN_MANAGED)
      return counted(holder.includes(':role/') ? SIZE_LIMITS.roleInline : SIZE_LIMITS.userInline, IN_MANAGED)
    }
    case 'trust':
      return counted(SIZE_LIMITS.trust, SHORTEN)
    case 'session':
      return { characters: SESSION, countsSpace: true, advice: SHORTEN }
    case 'key-policy':
      return ofKind('key')
    case 'bucket-policy':
      return ofKind('bucket')
    case 'scp':
    case 'rcp':
    case 'endpoint':
      return ofKind(kind)
    default:
      return undefined
  }
}

/** The characters of a session policy, which is a parameter (STS API Reference, AssumeRole). */
const SESSION = 2048

const counted = (characters: number, advice: string): Limit => ({ characters, countsSpace: false, advice })

function ofKind(kind: 'key' | 'bucket' | 'scp' | 'rcp' | 'endpoint'): Limit | undefined {
  const { limit } = KINDS[kind]
  return limit && { ...limit, advice: SHORTEN }
}

const isInline = ({ kind, policy }: Change) => kind === 'identity' && policy?.startsWith('arn:') !== true

/** The documents that are measured together. */
function documentsOf(change: Change, after: PolicySet): readonly PolicySource[] {
  const { kind, target } = change
  const { identity, boundary, session = [], scp = [], rcp = [], resource, endpoint } = after
  if (isInline(change))
    return identity.filter(({ arn, holder }) => arn === undefined && (holder === undefined || holder === target))
  const all = [...identity, boundary, ...session, ...scp.flat(), ...rcp.flat(), endpoint, resource]
  const one = all.find((source) => {
    if (!source) return false
    if (kind === 'endpoint') return source === endpoint
    return kind === 'key-policy' || kind === 'bucket-policy' || kind === 'trust'
      ? source === resource
      : isMeant(source, change)
  })
  return one ? [one] : []
}
