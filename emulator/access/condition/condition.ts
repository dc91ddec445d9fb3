import type { ContextValue } from '../types.ts'
import type { Match } from '../match/match.ts'
import type { Template } from '../match/template.ts'
import type { Asking, Comparison, Verdict } from './comparison.ts'
import { parseOperator, type OperatorUse } from './operators.ts'
import { isTrue } from './plain.ts'

export type ConditionBecause =
  | 'value-matches'
  | 'value-does-not-match'
  /** Null tests presence only. */
  | 'key-absent'
  | 'key-present'
  /** A negated operator, IfExists and ForAllValues are met by an absent key. */
  | 'absent-key-suffices'
  | 'absent-key-fails'
  /** An operator without ForAnyValue or ForAllValues never matches a multi-valued key (facts: captures 10.1). */
  | 'multi-valued-key'
  | 'unknown-operator'
  /** An operand of an Arn operator is no ARN: no Allow applies, every Deny does (facts: captures 10.4). */
  | 'malformed-operand'

/** One operator with one key and its operands. */
export interface Condition {
  /** As written. */
  readonly operator: string
  readonly key: string
  readonly expected: readonly string[]
  /** Lower case. */
  readonly name: string
  /** Undefined when AWS knows no such operator. */
  readonly use: OperatorUse | undefined
  readonly compare: Comparison
}

const answer = (matches: boolean, because: ConditionBecause): Match<ConditionBecause> => ({ matches, because })
const MATCHES = answer(true, 'value-matches')
const DIFFERS = answer(false, 'value-does-not-match')
const MALFORMED = answer(false, 'malformed-operand')
const UNKNOWN = answer(false, 'unknown-operator')
const MULTI_VALUED = answer(false, 'multi-valued-key')
const ABSENT_SUFFICES = answer(true, 'absent-key-suffices')
const ABSENT_FAILS = answer(false, 'absent-key-fails')
const IS_ABSENT = answer(true, 'key-absent')
const NOT_ABSENT = answer(false, 'key-present')
const IS_PRESENT = answer(true, 'key-present')
const NOT_PRESENT = answer(false, 'key-absent')

export function compileCondition(operator: string, key: string, operands: readonly Template[]): Condition {
  const use = parseOperator(operator)
  const compare =
    use && use.test !== 'null' && operands.length > 0 ? use.test.family(operands, use.test.negated) : never
  return { operator, key, expected: operands.map(({ raw }) => raw), name: key.toLowerCase(), use, compare }
}

/** An empty list of operands matches no value, in either polarity (facts: C8). */
const never: Comparison = () => 'no'

export function matchCondition(condition: Condition, asking: Asking): Match<ConditionBecause> {
  const { use } = condition
  if (!use) return UNKNOWN
  const value = asking.context.get(condition.name)
  // A multi-valued key without values is an absent one.
  const present = value !== undefined && (typeof value === 'string' || value.length > 0)
  if (use.test === 'null') return matchNull(condition.expected, present)
  if (!present) return absentSuffices(use) ? ABSENT_SUFFICES : ABSENT_FAILS
  if (use.quantifier === 'one')
    return typeof value === 'string' ? MEANING[condition.compare(value, asking)] : MULTI_VALUED
  return matchEach(condition.compare, value, use.quantifier, asking)
}

const MEANING: Readonly<Record<Verdict, Match<ConditionBecause>>> = { yes: MATCHES, no: DIFFERS, malformed: MALFORMED }

function absentSuffices({ quantifier, ifExists, test }: OperatorUse): boolean {
  if (ifExists || quantifier === 'all') return true
  return quantifier === 'one' && test !== 'null' && test.negated
}

function matchEach(
  compare: Comparison,
  value: ContextValue,
  quantifier: 'any' | 'all',
  asking: Asking,
): Match<ConditionBecause> {
  for (const each of typeof value === 'string' ? [value] : value) {
    const verdict = compare(each, asking)
    if (verdict === 'malformed') return MALFORMED
    if (quantifier === 'any' && verdict === 'yes') return MATCHES
    if (quantifier === 'all' && verdict === 'no') return DIFFERS
  }
  return quantifier === 'all' ? MATCHES : DIFFERS
}

/** The operand is true when it says `true` in any case, and false otherwise (facts: captures 10.1). */
function matchNull(expected: readonly string[], present: boolean): Match<ConditionBecause> {
  for (const operand of expected) if (isTrue(operand) !== present) return present ? IS_PRESENT : IS_ABSENT
  return present ? NOT_ABSENT : NOT_PRESENT
}
