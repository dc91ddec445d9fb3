import type { AuditFacts } from '../../operation/trace.ts'

/**
 * What CloudTrail writes of an EC2 call: the members of request and answer in camel case, without resources (facts: captures 4.4). Of
 * its own ways with lists (`volumesSet: {items}`) nothing is imitated.
 */
export const auditOf = (input: object, output: object | undefined): AuditFacts => ({
  requestParameters: camelled(input),
  responseElements: output === undefined ? null : camelled(output),
})

/** For calls that read: no answer is recorded. */
export const readAudit = (input: object): AuditFacts => ({ requestParameters: camelled(input), responseElements: null })

function camelled(value: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, member]: [string, unknown]) =>
      member === undefined ? [] : [[name.charAt(0).toLowerCase() + name.slice(1), plain(member)]],
    ),
  )
}

function plain(value: unknown): unknown {
  if (value instanceof Date) return value.toISOString()
  if (Array.isArray(value)) return value.map(plain)
  return typeof value === 'object' && value !== null ? camelled(value) : value
}
