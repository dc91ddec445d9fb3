import { expandText } from '../match/template.ts'
import { anyOf, type Family } from './comparison.ts'

/** Only `true`, in any case, is true; every other text is false, on both sides (facts: captures 10.3). */
export const isTrue = (text: string) => text.length === 4 && text.toLowerCase() === 'true'

export const bool: Family = (operands, negated) =>
  anyOf(operands, negated, (operand, value, { context }) => {
    const wanted = expandText(operand, context)
    return wanted !== undefined && isTrue(wanted) === isTrue(value)
  })

/** The base64 text is compared as it stands: `YQ` is not `YQ==`. */
export const binaryEquals: Family = (operands, negated) =>
  anyOf(operands, negated, (operand, value) => operand.raw === value)
