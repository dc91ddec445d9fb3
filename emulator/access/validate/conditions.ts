import { isArnPattern } from '../condition/arn.ts'
import { readDate } from '../condition/date.ts'
import { readDecimal } from '../condition/decimal.ts'
import { hasHostBits, readNetwork } from '../condition/ipAddress.ts'
import { parseOperator, type OperandType } from '../condition/operators.ts'
import { operandTexts } from '../compile.ts'
import type { JsonNode } from '../json.ts'
import { compileTemplate } from '../match/template.ts'
import { fault, type Fault, type PolicyKind } from './faults.ts'
import { KINDS } from './kinds.ts'

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

/** What an operand must be readable as (facts: captures 10.6). Bool and Null take any text. */
const READABLE: Readonly<Record<OperandType, (operand: string) => boolean>> = {
  string: () => true,
  boolean: () => true,
  numeric: (operand) => readDecimal(operand) !== undefined,
  date: (operand) => readDate(operand) !== undefined,
  arn: (operand) => isArnPattern(compileTemplate(operand, true)),
  ip: isStorableNetwork,
  binary: (operand) => BASE64.test(operand),
}

function isStorableNetwork(operand: string): boolean {
  const network = readNetwork(operand)
  return network !== undefined && !(network.address.version === 6 && hasHostBits(network.address.bits, network.prefix))
}

/** Keys of which a request has one value each: KMS refuses ForAllValues on them (facts: C8). */
const SINGLE_VALUED = /^(?:kms:encryptioncontext:|aws:requesttag\/)/

/** @throws PolicyError when the block is not made of operators, keys and operands */
export function conditionFault(block: JsonNode | undefined, kind: PolicyKind, variables: boolean): Fault | undefined {
  if (block?.kind !== 'object') return undefined
  for (const { key: operator, value: keys } of block.members) {
    const use = parseOperator(operator)
    if (!use) return kind === 'session' ? undefined : fault('invalid-condition', operator)
    if (keys.kind !== 'object') return fault('invalid-syntax')
    for (const { key, value } of keys.members) {
      if (kind === 'key' && use.quantifier === 'all' && SINGLE_VALUED.test(key.toLowerCase()))
        return fault('for-all-values-of-single-value')
      if (use.test === 'null') continue
      const { type } = use.test
      if (KINDS[kind].operands === 'binary' && type !== 'binary') continue
      const unreadable = operandTexts(value).find((text) => !isVariable(text, variables) && !READABLE[type](text))
      if (unreadable !== undefined) return fault('invalid-condition', unreadable)
    }
  }
  return undefined
}

/** What a variable brings is known only at the request. */
const isVariable = (text: string, variables: boolean) => variables && text.includes('${')
