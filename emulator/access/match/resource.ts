import type { ConditionContext } from '../types.ts'
import { globMatches, type Glob } from './glob.ts'
import type { Match } from './match.ts'
import { compileTemplate, expandGlob, type Template } from './template.ts'

export type ResourceBecause =
  | 'resource-listed'
  | 'resource-not-listed'
  | 'not-in-not-resource'
  | 'listed-in-not-resource'
  /** A variable has no value, so the statement does not apply (facts: C9). */
  | 'variable-without-value'
  /** A role trust policy speaks of its own role. */
  | 'resource-implied'
  | 'no-resource-element'

export interface ResourceMatcher {
  readonly negated: boolean
  /** As written. */
  readonly written: readonly string[]
  readonly globs: readonly Glob[]
  readonly templates: readonly Template[]
}

const LISTED: Match<ResourceBecause> = { matches: true, because: 'resource-listed' }
const NOT_LISTED: Match<ResourceBecause> = { matches: false, because: 'resource-not-listed' }
const NOT_EXCLUDED: Match<ResourceBecause> = { matches: true, because: 'not-in-not-resource' }
const EXCLUDED: Match<ResourceBecause> = { matches: false, because: 'listed-in-not-resource' }
const NO_VALUE: Match<ResourceBecause> = { matches: false, because: 'variable-without-value' }
const IMPLIED: Match<ResourceBecause> = { matches: true, because: 'resource-implied' }
const ABSENT: Match<ResourceBecause> = { matches: false, because: 'no-resource-element' }

export function compileResources(written: readonly string[], negated: boolean, variables: boolean): ResourceMatcher {
  const globs: Glob[] = []
  const templates: Template[] = []
  for (const text of written) {
    const template = compileTemplate(text, variables)
    if (template.glob) globs.push(template.glob)
    else templates.push(template)
  }
  return { negated, written, globs, templates }
}

/** @param implied the kind of policy has no Resource element: role trust policies. */
export function matchResource(
  matcher: ResourceMatcher | undefined,
  resource: string,
  context: ConditionContext,
  implied: boolean,
): Match<ResourceBecause> {
  if (!matcher) return implied ? IMPLIED : ABSENT
  for (const glob of matcher.globs) if (globMatches(glob, resource)) return matcher.negated ? EXCLUDED : LISTED
  let valueless = false
  for (const template of matcher.templates) {
    const glob = expandGlob(template, context)
    if (!glob) valueless = true
    else if (globMatches(glob, resource)) return matcher.negated ? EXCLUDED : LISTED
  }
  if (valueless) return NO_VALUE
  return matcher.negated ? NOT_EXCLUDED : NOT_LISTED
}
