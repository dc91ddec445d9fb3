/**
 * The order in which a Java HashMap walks these names. AWS reports the members of a structure in it: recorded for a tag
 * (`value` before `key`, captures 12.1), and seen for DynamoDB's `writeCapacityUnits` before `readCapacityUnits`.
 */
export function hashOrder<T>(items: readonly T[], nameOf: (item: T) => string): T[] {
  let capacity = 16
  while (items.length > capacity * 0.75) capacity *= 2
  const bucket = (item: T) => {
    const hash = javaHash(nameOf(item))
    return (hash ^ (hash >>> 16)) & (capacity - 1)
  }
  return [...items].sort((a, b) => bucket(a) - bucket(b))
}

/** `String.hashCode()` */
export function javaHash(text: string): number {
  let hash = 0
  for (let i = 0; i < text.length; i++) hash = (Math.imul(31, hash) + text.charCodeAt(i)) | 0
  return hash
}
