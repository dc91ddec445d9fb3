import type { AnyRow } from '../../operation/define.ts'

/**
 * A row whose calls CloudTrail records as it records IAM's: parameters as sent, and answers of calls that change something,
 * both with lower-case first letters. Rows that say it themselves are left alone.
 */
export function recorded({ operation, row }: AnyRow): AnyRow {
  if (row.audit) return { operation, row }
  return {
    operation,
    row: {
      ...row,
      audit: (input, output) => ({
        requestParameters: Object.keys(input).length === 0 ? null : camel(input),
        responseElements: row.readOnly === true || !output || Object.keys(output).length === 0 ? null : camel(output),
      }),
    },
  }
}

/** `{ UserName, AccessKey: { Status } }` as CloudTrail writes it: `{ userName, accessKey: { status } }`. */
export function camel(members: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(members).flatMap(([name, value]: [string, unknown]) =>
      value === undefined ? [] : [[name.charAt(0).toLowerCase() + name.slice(1), camelValue(value)]],
    ),
  )
}

function camelValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(camelValue)
  if (value instanceof Date || typeof value !== 'object' || value === null) return value
  return camel(value)
}
