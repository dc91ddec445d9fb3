import { verdict, type Family } from './comparison.ts'
import { contains, readAddress, readNetwork } from './ipAddress.ts'

/**
 * An unreadable request value matches neither polarity; an unreadable operand simply does not match, so the negated form is
 * true (facts: captures 10.5). In the simulator an unreadable operand matches neither polarity either (captures 11.3).
 */
export const ipAddress: Family = (operands, negated) => {
  const networks = operands.map(({ raw }) => readNetwork(raw))
  const allReadable = !networks.includes(undefined)
  return (value, { simulated }) => {
    const address = readAddress(value)
    if (!address || (simulated && !allReadable)) return 'no'
    for (const network of networks) if (network && contains(network, address)) return verdict(!negated)
    return verdict(negated)
  }
}
