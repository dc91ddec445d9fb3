import { documentOf, documentsFor, sizeOf, type PolicyDocument } from '../../access/generate/documents.ts'
import { statementsFor, type Statement } from '../../access/generate/statements.ts'
import { exactly } from '../../access/generate/pattern.ts'
import { SIZE_LIMITS } from '../../access/validate.ts'
import type { Emulator } from '../app.ts'
import { guardOf, type GuardKind, type ResourceGuard } from './guards.ts'
import { letsIn, nobodyOf, principalFor, type Grantee } from './grantee.ts'
import { notesOn } from './notes.ts'
import { usesOf, type RecordedUse } from './uses.ts'

export interface PolicyQuestion {
  /** As recorded: a user, a role, the root user, a federated user. */
  readonly principal: string
  /** Whom the policies are for: the principal itself, unless somebody else is to do the same. */
  readonly grantee: Grantee
  /** Only what happened since; milliseconds since the epoch. */
  readonly since: number
  /** Also what was refused. */
  readonly refused: boolean
  /** How many names of a kind are listed before they are put together. */
  readonly collapse: number
}

/** What `GET /_twokey/policy?principal=` answers. */
export interface GeneratedPolicies {
  readonly principal: string
  /** Whom the policies are for. */
  readonly grantee: string
  /** ISO 8601, by the emulator's clock. */
  readonly since: string
  readonly until: string
  /** Whether what was refused is covered, too. */
  readonly refused: boolean
  /** Policies of the grantee's own. More than one when they are too large for one. */
  readonly identity: readonly { readonly name: string; readonly size: number; readonly document: PolicyDocument }[]
  /** What policies of keys, buckets and roles must say besides. */
  readonly resources: readonly ResourceStatements[]
  /** Sentences: what was put together, left out, or cannot be known. */
  readonly notes: readonly string[]
}

export interface ResourceStatements {
  readonly kind: GuardKind
  /** The ARN of the key, the bucket, the role. */
  readonly target: string
  /** The present policy lets the grantee do all of it already. */
  readonly inForce: boolean
  /** The statements to have in that policy, as a document. */
  readonly document: PolicyDocument
  /** Characters that the policy would have with them. */
  readonly size: number
}

/** The least policies under which a grantee may do what a principal did, by what was recorded of it. */
export function generatePolicies(emulator: Emulator, question: PolicyQuestion): GeneratedPolicies {
  const { principal, grantee, since, refused } = question
  const found = usesOf(emulator, question)
  const guarded = found.uses.map((use) => ({ use, guard: guardOf(use, emulator) }))
  const own = guarded.filter(({ use, guard }) => !isOpenToAll(use, guard, grantee)).map(({ use }) => use)
  const identity = documentsFor(statementsFor(own), SIZE_LIMITS.managed)
  const resources = resourceStatements(guarded, question, emulator)
  return {
    principal,
    grantee: grantee.arn,
    since: new Date(Math.max(since, emulator.use.since)).toISOString(),
    until: new Date(emulator.clock.now()).toISOString(),
    refused,
    identity: identity.map((document, index) => ({
      name: `${nameFor(grantee)}-${String(index + 1)}`,
      size: sizeOf(document),
      document,
    })),
    resources,
    notes: notesOn(question, found, identity, resources, emulator),
  }
}

/** `twokey-reader`: a name that IAM accepts. */
const nameFor = ({ arn, kind }: Grantee) => `twokey-${kind === 'root' ? 'root' : arn.slice(arn.lastIndexOf('/') + 1)}`

interface GuardedUse {
  readonly use: RecordedUse
  readonly guard: ResourceGuard | undefined
}

/** AWS's own keys let everybody of the account in who comes by the right service, whatever other policies say. */
const isOpenToAll = (use: RecordedUse, guard: ResourceGuard | undefined, { account }: Grantee) =>
  guard?.fixed === true && letsIn(guard.policy, use, nobodyOf(account), false)

function resourceStatements(
  guarded: readonly GuardedUse[],
  question: PolicyQuestion,
  emulator: Emulator,
): ResourceStatements[] {
  const targets = new Map<string, { readonly guard: ResourceGuard; readonly uses: RecordedUse[] }>()
  for (const { use, guard } of guarded) {
    if (!guard || guard.fixed || !isNeeded(use, guard, question)) continue
    const known = targets.get(guard.target)
    if (known) known.uses.push(use)
    else targets.set(guard.target, { guard, uses: [use] })
  }
  const principal = principalFor(question.grantee, emulator.env.directory)
  return [...targets.values()]
    .map(({ guard, uses }): ResourceStatements => {
      const document = documentOf(
        statementsFor(uses.map((use) => asGuarded(use, guard))).map(withPrincipal(question, guard)),
      )
      return {
        kind: guard.kind,
        target: guard.target,
        inForce: uses.every((use) => isInForce(use, question) || letsIn(guard.policy, use, principal, true)),
        document,
        size: (guard.policy?.text.length ?? 0) + JSON.stringify(document.Statement).length,
      }
    })
    .sort((a, b) => (a.target < b.target ? -1 : 1))
}

/** Another account's resources must name the grantee; keys and roles of the own account where they do not leave it to the account. */
function isNeeded(use: RecordedUse, { policy }: ResourceGuard, { principal, grantee }: PolicyQuestion): boolean {
  if (use.account !== grantee.account) return true
  if (use.guard === 'ordinary') return false
  if (use.delegated && grantee.arn === principal) return false
  return !letsIn(policy, use, nobodyOf(grantee.account), true)
}

/** It was let in, so the policy that is there does. */
const isInForce = (use: RecordedUse, { principal, grantee }: PolicyQuestion) =>
  use.wasAllowed && grantee.arn === principal

/** A key policy speaks of its own key. */
const asGuarded = (use: RecordedUse, { kind }: ResourceGuard): RecordedUse =>
  kind === 'bucket-policy' ? use : { ...use, resource: exactly('*') }

const withPrincipal =
  ({ grantee }: PolicyQuestion, { kind }: ResourceGuard) =>
  ({ Effect, Action, Resource, Condition }: Statement): Statement => ({
    Effect,
    Principal: { AWS: grantee.arn },
    Action,
    ...(kind !== 'trust-policy' && Resource !== undefined && { Resource }),
    ...(Condition && { Condition }),
  })
