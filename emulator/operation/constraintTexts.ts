/** What AWS's model demands of one member, beyond its type. The SDK's schemas do not carry it. */
export interface Constraint {
  /** Must be present. Members that the SDK's schema requires are required already; `false` lifts that. */
  readonly required?: boolean
  /** Strings in UTF-16 units, blobs in bytes, lists and maps in entries. */
  readonly minLength?: number
  readonly maxLength?: number
  readonly min?: number
  readonly max?: number
  /** The whole value must match; printed as written here, so use AWS's own spelling. */
  readonly pattern?: string
  /** What is really matched, where `pattern` is a Java expression that JavaScript reads otherwise. */
  readonly matches?: RegExp
  /** In the order in which AWS prints it. */
  readonly enum?: readonly string[]
  /** The sentence ends at `enum value set`, without the set (recorded for iam:UpdateAccessKey, facts: H3). */
  readonly unlisted?: true
}

/** One demand of a constraint, and AWS's words for it. */
export interface Demand {
  readonly text: string
  holds(value: unknown): boolean
}

/** In the order in which AWS reports them: a value that breaks both shows its pattern before its length. */
export function demandsOf(constraint: Constraint): Demand[] {
  const { minLength, maxLength, min, max, pattern, matches, enum: set, unlisted } = constraint
  const demands: Demand[] = []
  if (pattern !== undefined) {
    const expression = matches ?? wholly(pattern)
    demands.push({ text: patternText(pattern), holds: (value) => expression.test(String(value)) })
  }
  if (minLength !== undefined) demands.push({ text: minLengthText(minLength), holds: (v) => lengthOf(v) >= minLength })
  if (maxLength !== undefined) demands.push({ text: maxLengthText(maxLength), holds: (v) => lengthOf(v) <= maxLength })
  if (min !== undefined) demands.push({ text: minText(min), holds: (value) => Number(value) >= min })
  if (max !== undefined) demands.push({ text: maxText(max), holds: (value) => Number(value) <= max })
  if (set) {
    const values = new Set(set)
    demands.push({ text: enumText(set, unlisted), holds: (value) => values.has(String(value)) })
  }
  return demands
}

/** What stands in brackets when the elements of a collection break a constraint: all of it, not only what was broken. */
export function memberMust(subject: string, constraint: Constraint): string {
  const { minLength, maxLength, min, max, pattern, enum: set, unlisted } = constraint
  const parts: string[] = []
  if (maxLength !== undefined) parts.push(maxLengthText(maxLength))
  if (minLength !== undefined) parts.push(minLengthText(minLength))
  if (max !== undefined) parts.push(maxText(max))
  if (min !== undefined) parts.push(minText(min))
  if (pattern !== undefined) parts.push(patternText(pattern))
  if (set) parts.push(enumText(set, unlisted))
  return `${subject} must satisfy constraint: [${parts.join(', ')}]`
}

const minLengthText = (length: number) => `Member must have length greater than or equal to ${length}`
const maxLengthText = (length: number) => `Member must have length less than or equal to ${length}`
const minText = (value: number) => `Member must have value greater than or equal to ${value}`
const maxText = (value: number) => `Member must have value less than or equal to ${value}`
const patternText = (pattern: string) => `Member must satisfy regular expression pattern: ${pattern}`
const enumText = (set: readonly string[], unlisted?: true) =>
  `Member must satisfy enum value set${unlisted ? '' : `: [${set.join(', ')}]`}`

/** Java's `matches()`: the whole value, `\p{…}` understood. */
function wholly(pattern: string): RegExp {
  try {
    return new RegExp(`^(?:${pattern})$`, 'u')
  } catch {
    // Java allows escapes (`\_`) that JavaScript's Unicode mode refuses.
    return new RegExp(`^(?:${pattern})$`)
  }
}

function lengthOf(value: unknown): number {
  if (typeof value === 'string' || Array.isArray(value)) return value.length
  if (value instanceof Uint8Array) return value.byteLength
  return typeof value === 'object' && value !== null ? Object.keys(value).length : 0
}
