import { compileGlob, globMatches, type Glob } from './glob.ts'
import type { Match } from './match.ts'

export type ActionBecause =
  | 'action-listed'
  | 'action-not-listed'
  | 'not-in-not-action'
  | 'listed-in-not-action'
  /** Key policies may leave the element out; the statement then has no effect (facts: C10). */
  | 'no-action-element'

export interface ActionMatcher {
  readonly negated: boolean
  /** As written. */
  readonly written: readonly string[]
  readonly exact: ReadonlySet<string>
  readonly globs: readonly Glob[]
}

const LISTED: Match<ActionBecause> = { matches: true, because: 'action-listed' }
const NOT_LISTED: Match<ActionBecause> = { matches: false, because: 'action-not-listed' }
const NOT_EXCLUDED: Match<ActionBecause> = { matches: true, because: 'not-in-not-action' }
const EXCLUDED: Match<ActionBecause> = { matches: false, because: 'listed-in-not-action' }
const ABSENT: Match<ActionBecause> = { matches: false, because: 'no-action-element' }

export function compileActions(written: readonly string[], negated: boolean): ActionMatcher {
  const exact = new Set<string>()
  const globs: Glob[] = []
  for (const action of written) {
    const glob = compileGlob(action.toLowerCase())
    if (glob.kind === 'exact') exact.add(glob.text)
    else globs.push(glob)
  }
  return { negated, written, exact, globs }
}

/** @param action lower case: `kms:decrypt` */
export function matchAction(matcher: ActionMatcher | undefined, action: string): Match<ActionBecause> {
  if (!matcher) return ABSENT
  const listed = isListed(matcher, action)
  if (matcher.negated) return listed ? EXCLUDED : NOT_EXCLUDED
  return listed ? LISTED : NOT_LISTED
}

function isListed({ exact, globs }: ActionMatcher, action: string): boolean {
  if (exact.size > 0 && exact.has(action)) return true
  for (const glob of globs) if (globMatches(glob, action)) return true
  return false
}
