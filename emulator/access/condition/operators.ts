import { arn } from './arn.ts'
import type { Family } from './comparison.ts'
import { ipAddress } from './ip.ts'
import { date, numeric } from './ordered.ts'
import { binaryEquals, bool } from './plain.ts'
import { stringEquals, stringEqualsIgnoreCase, stringLike } from './string.ts'

/** What a policy's operands must be able to be read as when it is stored. */
export type OperandType = 'string' | 'numeric' | 'date' | 'boolean' | 'binary' | 'ip' | 'arn'

export interface Operator {
  /** AWS's spelling. */
  readonly name: string
  readonly type: OperandType
  readonly negated: boolean
  readonly family: Family
}

const op = (name: string, type: OperandType, family: Family, negated = false): Operator => ({
  name,
  type,
  family,
  negated,
})

/** Every operator but Null (facts: C8). A new one is a new row. */
export const OPERATORS: readonly Operator[] = [
  op('StringEquals', 'string', stringEquals),
  op('StringNotEquals', 'string', stringEquals, true),
  op('StringEqualsIgnoreCase', 'string', stringEqualsIgnoreCase),
  op('StringNotEqualsIgnoreCase', 'string', stringEqualsIgnoreCase, true),
  op('StringLike', 'string', stringLike),
  op('StringNotLike', 'string', stringLike, true),
  op('NumericEquals', 'numeric', numeric('equals')),
  op('NumericNotEquals', 'numeric', numeric('equals'), true),
  op('NumericLessThan', 'numeric', numeric('less')),
  op('NumericLessThanEquals', 'numeric', numeric('lessOrEqual')),
  op('NumericGreaterThan', 'numeric', numeric('greater')),
  op('NumericGreaterThanEquals', 'numeric', numeric('greaterOrEqual')),
  op('DateEquals', 'date', date('equals')),
  op('DateNotEquals', 'date', date('equals'), true),
  op('DateLessThan', 'date', date('less')),
  op('DateLessThanEquals', 'date', date('lessOrEqual')),
  op('DateGreaterThan', 'date', date('greater')),
  op('DateGreaterThanEquals', 'date', date('greaterOrEqual')),
  op('Bool', 'boolean', bool),
  op('BinaryEquals', 'binary', binaryEquals),
  op('IpAddress', 'ip', ipAddress),
  op('NotIpAddress', 'ip', ipAddress, true),
  op('ArnEquals', 'arn', arn),
  op('ArnNotEquals', 'arn', arn, true),
  op('ArnLike', 'arn', arn),
  op('ArnNotLike', 'arn', arn, true),
]

const BY_NAME: ReadonlyMap<string, Operator> = new Map(OPERATORS.map((each) => [each.name.toLowerCase(), each]))

/** `ForAllValues:StringLikeIfExists` taken apart. */
export interface OperatorUse {
  readonly quantifier: 'one' | 'any' | 'all'
  readonly ifExists: boolean
  readonly test: Operator | 'null'
}

const QUANTIFIERS = { 'foranyvalue:': 'any', 'forallvalues:': 'all' } as const
const IF_EXISTS = 'ifexists'

/** @returns undefined for an operator AWS does not know; what uses it is never true. */
export function parseOperator(written: string): OperatorUse | undefined {
  let name = written.toLowerCase()
  let quantifier: OperatorUse['quantifier'] = 'one'
  for (const [prefix, meaning] of Object.entries(QUANTIFIERS)) {
    if (!name.startsWith(prefix)) continue
    quantifier = meaning
    name = name.slice(prefix.length)
  }
  if (name === 'null') return quantifier === 'one' ? { quantifier, ifExists: false, test: 'null' } : undefined
  const ifExists = name.endsWith(IF_EXISTS)
  const test = BY_NAME.get(ifExists ? name.slice(0, -IF_EXISTS.length) : name)
  return test && { quantifier, ifExists, test }
}
