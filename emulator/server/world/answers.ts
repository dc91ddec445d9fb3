import type { Denial, LaterDenial, Members } from './scenario.ts'

/* Answers as one line of text, so that expected and actual can be compared and shown. */

export const denialText = ({ code, status, message, layer }: Denial) =>
  `${String(status)} ${code}: ${message}${layerText(layer)}`

export const laterText = ({ do: operation, code, message, layer }: LaterDenial) =>
  `${operation}: ${code}: ${message}${layerText(layer)}`

const layerText = (layer: string | undefined) => (layer === undefined ? '' : ` [decided by: ${layer}]`)

export const answerText = (members: Members) =>
  `allowed: ${Object.entries(members)
    .map(([path, value]) => `${path} = ${JSON.stringify(value)}`)
    .join(', ')}`

/** A message without what differs each time. */
export const withoutChance = (message: string) =>
  message
    .replace(/(Encoded authorization failure message: )[\w-]+/, '$1{{encoded}}')
    .replace(/(Request ID: )[0-9a-f-]{36}/, '$1{{id}}')

/** A member of an answer by its path: `Snapshots.0.State`. */
export const memberOf = (output: object, path: string): unknown =>
  path
    .split('.')
    .reduce<unknown>((value, name) => (value as Record<string, unknown> | null | undefined)?.[name], output)

export const hasMembers = (output: object, members: Members) =>
  Object.entries(members).every(([path, value]) => (memberOf(output, path) ?? null) === value)

/** The named members of an answer; those that are bytes as text. */
export async function readMembers(output: object, paths: readonly string[]): Promise<Members> {
  const found: Record<string, Members[string]> = {}
  for (const path of paths) found[path] = await plain(memberOf(output, path))
  return found
}

async function plain(value: unknown): Promise<Members[string]> {
  if (value === undefined || value === null) return null
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value
  if (value instanceof Uint8Array) return textOf(Buffer.from(value))
  if (isStream(value)) {
    const chunks: Uint8Array[] = []
    for await (const chunk of value) chunks.push(chunk)
    return textOf(Buffer.concat(chunks))
  }
  return JSON.stringify(value)
}

const isStream = (value: unknown): value is AsyncIterable<Uint8Array> =>
  typeof value === 'object' && value !== null && Symbol.asyncIterator in value

const textOf = (bytes: Buffer) => bytes.toString('utf8').replace(/\0+$/, '')
