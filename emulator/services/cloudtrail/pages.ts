/** Opaque to clients: where a list goes on, and what it is a list of, so that one request's token is no other's. */
export const tokenFor = (list: string, at: readonly number[]): string =>
  Buffer.from(JSON.stringify({ l: list, at })).toString('base64')

/** Undefined for what `tokenFor` has not written for this list. */
export function readToken(token: string, list: string): readonly number[] | undefined {
  let read: unknown
  try {
    read = JSON.parse(Buffer.from(token, 'base64').toString())
  } catch {
    return undefined
  }
  const { at } = (read ?? {}) as { readonly at?: unknown }
  if (!Array.isArray(at) || !at.every((part) => Number.isSafeInteger(part) && part >= 0)) return undefined
  return tokenFor(list, at as number[]) === token ? (at as number[]) : undefined
}
