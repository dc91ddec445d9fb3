import { globMatches, globOf, tokensOf, type Glob } from '../match/glob.ts'
import { expandGlob } from '../match/template.ts'
import { splitArn } from '../../lib/arn.ts'
import type { Template } from '../match/template.ts'
import { verdict, type Family } from './comparison.ts'

const COLON = 58

/**
 * ArnEquals and ArnLike are the same: six parts, each a pattern. A request value that is no ARN matches neither polarity; an
 * operand that is none is `malformed`, and the order of the list decides which comes first (facts: captures 10.4).
 */
export const arn: Family = (templates, negated) => {
  const fixed = templates.map((template) => (template.glob ? partsOf(template.glob) : undefined))
  return (value, { context, simulated }) => {
    const parts = splitArn(value)
    if (parts?.[0] !== 'arn') return 'no'
    for (const [i, template] of templates.entries()) {
      const pattern = template.glob ? fixed[i] : resolve(template, context)
      if (pattern === 'valueless') continue
      if (!pattern) return simulated ? 'no' : 'malformed'
      if (pattern.every((part, at) => globMatches(part, parts[at] ?? ''))) return verdict(!negated)
    }
    return verdict(negated)
  }
}

function resolve(template: Template, context: Parameters<typeof expandGlob>[1]): Glob[] | undefined | 'valueless' {
  const glob = expandGlob(template, context)
  return glob ? partsOf(glob) : 'valueless'
}

/** The six parts of an ARN pattern; undefined when it has fewer than five colons or does not begin with `arn`. */
function partsOf(glob: Glob): Glob[] | undefined {
  const tokens = tokensOf(glob)
  const parts: Glob[] = []
  let from = 0
  for (let at = 0; at < tokens.length && parts.length < 5; at++) {
    if (tokens[at] !== COLON) continue
    parts.push(globOf(tokens.slice(from, at)))
    from = at + 1
  }
  if (parts.length < 5) return undefined
  parts.push(globOf(tokens.slice(from)))
  return parts[0] && globMatches(parts[0], 'arn') ? parts : undefined
}

/** Whether a policy may hold it as an operand of an Arn operator. */
export const isArnPattern = (template: Template) => template.glob === undefined || partsOf(template.glob) !== undefined
