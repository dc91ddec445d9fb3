import type { Template } from '../match/template.ts'
import { verdict, type Comparison, type Family } from './comparison.ts'
import { readDate } from './date.ts'
import { compareDecimals, readDecimal } from './decimal.ts'

type Order = 'equals' | 'less' | 'lessOrEqual' | 'greater' | 'greaterOrEqual'

const HOLDS: Readonly<Record<Order, (difference: number) => boolean>> = {
  equals: (difference) => difference === 0,
  less: (difference) => difference < 0,
  lessOrEqual: (difference) => difference <= 0,
  greater: (difference) => difference > 0,
  greaterOrEqual: (difference) => difference >= 0,
}

/** Numbers: exact decimals of any size. */
export const numeric = (order: Order): Family =>
  ordered(readDecimal, compareDecimals, order, (value, asking) => asking.simulated && value === undefined)

/** Dates, to the millisecond. */
export const date = (order: Order): Family =>
  ordered(
    readDate,
    (a, b) => a - b,
    order,
    () => false,
  )

/**
 * What cannot be read on either side equals nothing, so the negated form is true (facts: captures 10.3); the simulator lets
 * unreadable numbers of the request match neither form (captures 11.3).
 */
function ordered<T>(
  read: (text: string) => T | undefined,
  compare: (a: T, b: T) => number,
  order: Order,
  matchesNeither: (value: T | undefined, asking: Parameters<Comparison>[1]) => boolean,
): Family {
  const holds = HOLDS[order]
  return (templates: readonly Template[], negated) => {
    const operands = templates.flatMap((template) => read(template.raw) ?? [])
    return (text, asking) => {
      const value = read(text)
      if (matchesNeither(value, asking)) return 'no'
      if (value === undefined) return verdict(negated)
      for (const operand of operands) if (holds(compare(value, operand))) return verdict(!negated)
      return verdict(negated)
    }
  }
}
