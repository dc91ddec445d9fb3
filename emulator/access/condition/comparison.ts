import type { ConditionContext } from '../types.ts'
import type { Template } from '../match/template.ts'

/**
 * How one request value compares with the operands of one condition. `malformed`: an operand is no ARN; AWS then lets no Allow
 * apply and every Deny (facts: captures 10.4).
 */
export type Verdict = 'yes' | 'no' | 'malformed'

export interface Asking {
  readonly context: ConditionContext
  /** The policy simulator differs from enforcement in some places (facts: captures 11.3). */
  readonly simulated: boolean
}

/** Made once per condition of a document; called per request value. */
export type Comparison = (value: string, asking: Asking) => Verdict

/** One family's way of making comparisons. The operands are a list of at least one. */
export type Family = (operands: readonly Template[], negated: boolean) => Comparison

export const verdict = (is: boolean): Verdict => (is ? 'yes' : 'no')

/** Most families: any operand may match, and the negated form is true when none does. */
export function anyOf<T>(
  operands: readonly T[],
  negated: boolean,
  matches: (operand: T, value: string, asking: Asking) => boolean,
): Comparison {
  return (value, asking) => {
    for (const operand of operands) if (matches(operand, value, asking)) return verdict(!negated)
    return verdict(negated)
  }
}
