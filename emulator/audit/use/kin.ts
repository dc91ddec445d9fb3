import type { UseCondition } from '../../access/generate/use.ts'
import type { Row } from './row.ts'

/**
 * What rows have in common that may be put together: what their resources' names begin with (`arn:aws:s3:::bucket/` of an object,
 * `arn:aws:kms:…:key/` of a key); or, where conditions tell them apart, the resource and the names of the conditions.
 */
export function kinOf(resource: string, conditions: readonly UseCondition[]): string {
  if (conditions.length > 0) return `${resource}\n${conditions.map(({ key }) => key).join('\n')}`
  const slash = resource.indexOf('/')
  return resource.slice(0, (slash < 0 ? resource.lastIndexOf(':') : slash) + 1)
}

/** Copies of these rows; where more than `most` are of one kin, one row for all of them. */
export function puttingTogether(rows: readonly Row[], most: number): Row[] {
  const kins = new Map<string, Row[]>()
  for (const row of rows) {
    const kin = kinOf(row.resource.text, row.conditions)
    const known = kins.get(kin)
    if (known) known.push(row.copy())
    else kins.set(kin, [row.copy()])
  }
  return [...kins.values()].flatMap((kin) => {
    const [whole, ...others] = kin
    if (!whole || kin.length <= most) return kin
    for (const other of others) whole.absorb(other)
    return [whole]
  })
}
