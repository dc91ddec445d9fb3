/* Inputs of calls as a person writes them in JSON, and as AWS's operations take them. */

/** Members that AWS takes as a text holding JSON; here they may also be the document itself. */
const DOCUMENTS: ReadonlySet<string> = new Set(['Policy', 'PolicyDocument', 'AssumeRolePolicyDocument', 'Content'])

/** The input of an operation: documents become texts, `{ "text": … }` and `{ "base64": … }` become bytes. */
export function inputOf(written: object): object {
  return Object.fromEntries(
    Object.entries(written).map(([name, value]: [string, unknown]) => [
      name,
      DOCUMENTS.has(name) && isObject(value) ? JSON.stringify(value) : valueOf(value),
    ]),
  )
}

function valueOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(valueOf)
  if (!isObject(value)) return value
  return bytesOf(value) ?? Object.fromEntries(Object.entries(value).map(([name, member]) => [name, valueOf(member)]))
}

function bytesOf(value: Readonly<Record<string, unknown>>): Buffer | undefined {
  const [[encoding, text] = [], ...others] = Object.entries(value)
  if (others.length > 0 || typeof text !== 'string') return undefined
  if (encoding === 'text') return Buffer.from(text)
  return encoding === 'base64' ? Buffer.from(text, 'base64') : undefined
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
