import { principalEntries } from '../compile.ts'
import type { JsonNode } from '../json.ts'
import { accountOf } from '../match/principal.ts'
import { fault, type Fault } from './faults.ts'

const NAMED =
  /^arn:[^:*?]+:(?:iam::\d{12}:(?:user|role)\/[^*?]+|sts::\d{12}:(?:assumed-role\/[^/*?]+\/[^/*?]+|federated-user\/[^*?]+))$/
const UNIQUE_ID = /^A(?:IDA|ROA)[A-Z0-9]+(?::[\w+=,.@-]+)?$/
const SERVICE = /^[a-z0-9-]+(?:\.[a-z0-9-]+)*\.amazon(?:aws)?\.com(?:\.cn)?$/

/**
 * The first principal that AWS would not accept: partial wildcards, groups, malformed ARNs, and whom `exists` does not know.
 * @throws PolicyError when the element has the wrong shape
 */
export function principalFault(node: JsonNode, exists: (principal: string) => boolean): Fault | undefined {
  for (const [type, value] of principalEntries(node)) {
    // The type as IAM quotes it.
    if (!isAccepted(type, value, exists)) return fault('invalid-principal', `"${type.toUpperCase()}":"${value}"`)
  }
  return undefined
}

function isAccepted(type: string, value: string, exists: (principal: string) => boolean): boolean {
  switch (type) {
    case '*':
      return true
    case 'AWS':
      if (value === '*' || accountOf(value) !== undefined) return true
      return (NAMED.test(value) || UNIQUE_ID.test(value)) && exists(value)
    case 'Service':
      return SERVICE.test(value)
    case 'Federated':
      return value !== '' && value !== '*'
    case 'CanonicalUser':
      return /^[0-9a-f]{64}$/.test(value)
    default:
      return false
  }
}
