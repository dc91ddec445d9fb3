import type { AuditFacts } from '../../operation/trace.ts'

/**
 * CloudTrail's own calls in its trail: the members of request and answer in camel case (CloudTrail User Guide, "CloudTrail log file
 * examples": `trailARN`, `s3BucketName`); of calls that read, the request alone.
 */
export const auditOf = (input: object, output: object | undefined): AuditFacts => ({
  requestParameters: camelled(input),
  responseElements: output === undefined || Object.keys(output).length === 0 ? null : camelled(output),
})

export const readAudit = (input: object): AuditFacts => ({ requestParameters: camelled(input), responseElements: null })

function camelled(members: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(members).flatMap(([name, value]: [string, unknown]) =>
      value === undefined ? [] : [[name.charAt(0).toLowerCase() + name.slice(1), plain(value)]],
    ),
  )
}

function plain(value: unknown): unknown {
  if (value instanceof Date) return value.toISOString().replace(/\.\d+Z$/, 'Z')
  if (Array.isArray(value)) return value.map(plain)
  return typeof value === 'object' && value !== null ? camelled(value) : value
}
