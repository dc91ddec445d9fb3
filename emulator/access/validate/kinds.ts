import type { PolicyKind } from './faults.ts'

/** How many characters a document may have, and whether white space between tokens counts (facts: C10). */
export interface SizeLimit {
  readonly characters: number
  readonly countsSpace: boolean
}

/** What each kind of policy demands of its statements. */
export interface KindRules {
  readonly principal: 'required' | 'prohibited'
  readonly resource: 'required' | 'optional' | 'prohibited'
  readonly action: 'required' | 'optional'
  /** What Sid may be made of, or anything. */
  readonly plainSids: boolean
  /** Whether operands of conditions must be readable, each type or binary only (facts: captures 10.6). */
  readonly operands: 'all' | 'binary'
  /** Resources must be ARNs or `*`. */
  readonly arnResources: boolean
  readonly limit: SizeLimit | undefined
}

const IDENTITY: KindRules = {
  principal: 'prohibited',
  resource: 'required',
  action: 'required',
  plainSids: true,
  operands: 'all',
  arnResources: true,
  // Differs with what the policy is attached to: see SIZE_LIMITS.
  limit: undefined,
}

export const KINDS: Readonly<Record<PolicyKind, KindRules>> = {
  identity: IDENTITY,
  // STS reads little of a session policy (facts: captures 13).
  session: { ...IDENTITY, operands: 'binary' },
  trust: { ...IDENTITY, principal: 'required', resource: 'prohibited', arnResources: false },
  // A key policy's statement without Action or Resource is accepted and has no effect (facts: C10).
  key: {
    principal: 'required',
    resource: 'optional',
    action: 'optional',
    plainSids: false,
    operands: 'all',
    arnResources: false,
    limit: { characters: 32_768, countsSpace: true },
  },
  bucket: {
    principal: 'required',
    resource: 'required',
    action: 'required',
    plainSids: false,
    operands: 'all',
    arnResources: true,
    limit: { characters: 20_480, countsSpace: true },
  },
  scp: { ...IDENTITY, plainSids: false, limit: { characters: 5120, countsSpace: false } },
  rcp: { ...IDENTITY, principal: 'required', plainSids: false, limit: { characters: 5120, countsSpace: false } },
  endpoint: { ...IDENTITY, principal: 'required', plainSids: false, limit: { characters: 20_480, countsSpace: true } },
}

/** IAM's quotas, without white space; inline policies count together (facts: C10). */
export const SIZE_LIMITS = {
  managed: 6144,
  userInline: 2048,
  groupInline: 5120,
  roleInline: 10_240,
  trust: 2048,
} as const

const SPACE = /[\t\n\r ]/g

/** The length of a document as IAM counts it: without white space. */
export const policySize = (text: string): number => text.replace(SPACE, '').length
