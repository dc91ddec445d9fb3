import type { OperationModel } from './schema.ts'
import { shapeOf, type Member } from './shape.ts'

/** Headers that an input stands in, as a client would send them: conditions of policies may ask for them. Names lower case. */
export function headersSaid(operation: OperationModel, input: object): Record<string, string> {
  const shape = shapeOf(operation.input)
  const headers: Record<string, string> = {}
  for (const member of shape.kind === 'struct' ? shape.members() : []) {
    const { httpHeader } = member.shape.traits
    const value = (input as Readonly<Record<string, unknown>>)[member.name]
    if (httpHeader === undefined || value === undefined || value === null) continue
    headers[httpHeader.toLowerCase()] = headerText(value, member)
  }
  return headers
}

function headerText(value: unknown, { shape }: Member): string {
  if (value instanceof Date)
    return shape.kind === 'timestamp' && shape.format === 'date-time' ? value.toISOString() : value.toUTCString()
  return Array.isArray(value) ? value.join(',') : (value as string | number | boolean).toString()
}
