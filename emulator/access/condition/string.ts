import { globMatches } from '../match/glob.ts'
import { expandGlob, expandText } from '../match/template.ts'
import { anyOf, type Family } from './comparison.ts'
import { lowerCase } from './lowerCase.ts'

/** Exact: no wildcards, canonically equivalent spellings differ (facts: captures 10.2). */
export const stringEquals: Family = (operands, negated) =>
  anyOf(operands, negated, (operand, value, { context }) => expandText(operand, context) === value)

export const stringEqualsIgnoreCase: Family = (operands, negated) => {
  const folded = operands.map((operand) => ({
    operand,
    text: operand.text === undefined ? undefined : lowerCase(operand.text),
  }))
  return anyOf(folded, negated, ({ operand, text }, value, { context }) => {
    const wanted = text ?? expandText(operand, context)
    return wanted !== undefined && (text ?? lowerCase(wanted)) === lowerCase(value)
  })
}

/** `?` is one UTF-16 unit; brackets and backslashes are plain. */
export const stringLike: Family = (operands, negated) =>
  anyOf(operands, negated, (operand, value, { context }) => {
    const glob = expandGlob(operand, context)
    return glob !== undefined && globMatches(glob, value)
  })
