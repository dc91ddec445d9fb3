import { sizeOf, type PolicyDocument } from '../../access/generate/documents.ts'
import { resourceText } from '../../access/generate/pattern.ts'
import { SIZE_LIMITS } from '../../access/validate.ts'
import type { Emulator } from '../app.ts'
import type { Grantee } from './grantee.ts'
import type { PolicyQuestion, ResourceStatements } from './report.ts'
import type { Found, RecordedUse } from './uses.ts'

/** What whoever uses the policies has to know: what they leave out, what they allow beyond what was done, and whether they fit. */
export function notesOn(
  question: PolicyQuestion,
  found: Found,
  identity: readonly PolicyDocument[],
  resources: readonly ResourceStatements[],
  { use }: Emulator,
): string[] {
  return [
    ...aboutGrantee(question.grantee),
    ...aboutPatterns([...found.uses, ...found.byGrant]),
    ...aboutRefusals(found),
    ...aboutGrants(found.byGrant),
    ...aboutSize(question.grantee, identity),
    ...resources.flatMap(tooLarge),
    ...(use.unrecorded === 0
      ? []
      : [
          `${counted(use.unrecorded, 'decision')} found no room in the record, of this or other principals: the policies may be incomplete; \`twokey state reset\` begins anew`,
        ]),
  ]
}

function aboutGrantee({ kind }: Grantee): string[] {
  if (kind === 'root')
    return ['the root user needs no identity policy: this is what another principal would need in its place']
  if (kind === 'federated')
    return ["the policy is for the user that calls GetFederationToken; the session's policies must allow the same"]
  return []
}

/** Names that were put together. */
function aboutPatterns(uses: readonly RecordedUse[]): string[] {
  return uses
    .filter(({ names }) => names > 1)
    .map(({ action, resource, conditions, names }) => {
      if (resource.open) return `${action}: at least ${String(names)} names became ${resourceText(resource)}`
      const open = conditions.filter(({ values }) => values.some((value) => value.open)).map(({ key }) => key)
      return `${action} on ${resourceText(resource)}: at least ${String(names)} sets of conditions became ${open.length > 0 ? `a pattern of ${open.join(', ')}` : 'what all of them have'}`
    })
}

function aboutRefusals({ refused, barred }: Found): string[] {
  if (refused > 0)
    return [
      `${counted(refused, 'use')} that ${refused === 1 ? 'was' : 'were'} refused ${refused === 1 ? 'is' : 'are'} not covered; --include-denied covers what was refused, too`,
    ]
  return barred.map(
    ({ action, resource }) =>
      `${action} on ${resourceText(resource)} was refused by an explicit Deny or a limit (boundary, session, SCP, RCP, endpoint), which these policies do not lift`,
  )
}

const aboutGrants = (uses: readonly RecordedUse[]): string[] =>
  [...new Set(uses.map(({ action, resource }) => `${action} on ${resourceText(resource)}`))].map(
    (what) => `${what} is allowed by a grant: the policies do not repeat it`,
  )

/** Managed policies that can be attached to one principal, unless AWS raises the quota (IAM User Guide, "IAM and AWS STS quotas"). */
const MOST_ATTACHED = 10

function aboutSize({ kind }: Grantee, identity: readonly PolicyDocument[]): string[] {
  const notes: string[] = []
  const size = identity.reduce((sum, document) => sum + sizeOf(document), 0)
  const inline = kind === 'role' ? SIZE_LIMITS.roleInline : SIZE_LIMITS.userInline
  if (identity.length > 1) {
    notes.push(
      `${String(size)} characters are too many for one managed policy (${String(SIZE_LIMITS.managed)}), so there are ${String(identity.length)}`,
    )
  }
  if (identity.length > 0 && size > inline && kind !== 'root') {
    notes.push(
      `inline policies of a ${kind === 'role' ? 'role' : 'user'} may have ${String(inline)} characters together: attach managed ones`,
    )
  }
  if (identity.length > MOST_ATTACHED) {
    notes.push(
      `at most ${String(MOST_ATTACHED)} managed policies can be attached to one principal: put names together with --collapse <n>`,
    )
  }
  if (identity.some((document) => sizeOf(document) > SIZE_LIMITS.managed)) {
    notes.push('a single statement is larger than a managed policy may be')
  }
  return notes
}

const LARGEST = {
  'key-policy': ['key', 32_768],
  'bucket-policy': ['bucket', 20_480],
  'trust-policy': ['trust', SIZE_LIMITS.trust],
} as const

function tooLarge({ kind, target, size, inForce }: ResourceStatements): string[] {
  const [name, most] = LARGEST[kind]
  if (inForce || size <= most) return []
  return [
    `the ${name} policy of ${target} would have about ${String(size)} characters with these statements, and may have ${String(most)}: put names together with --collapse <n>`,
  ]
}

const counted = (number: number, what: string) => `${String(number)} ${what}${number === 1 ? '' : 's'}`
