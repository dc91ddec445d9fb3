import { invalidMarker } from './errors.ts'

/** What every list operation takes. */
export interface PageInput {
  readonly Limit?: number | undefined
  readonly Marker?: string | undefined
}

export interface Page<T> {
  readonly items: T[]
  readonly Truncated: boolean
  readonly NextMarker: string | undefined
}

/** Default and greatest number of entries (facts: B16). More may be asked for; a page may always be shorter than that. */
export interface PageSize {
  readonly usual: number
  readonly most: number
}

type Entries<T> = Iterable<readonly [id: string, item: T]>

/**
 * One page of what `entriesAfter` gives in id order. Throws InvalidMarkerException.
 * @param list names what is listed, so that one list's marker is no other's
 * @param entriesAfter the entries behind an id, or all
 */
export function page<T>(
  input: PageInput,
  size: PageSize,
  list: string,
  entriesAfter: (id: string | undefined) => Entries<T>,
): Page<T> {
  const limit = Math.min(input.Limit ?? size.usual, size.most)
  const after = input.Marker === undefined ? undefined : readMarker(input.Marker, list)
  const items: T[] = []
  let last = ''
  for (const [id, item] of entriesAfter(after)) {
    if (items.length === limit) return { items, Truncated: true, NextMarker: markerFor(list, last) }
    items.push(item)
    last = id
  }
  return { items, Truncated: false, NextMarker: undefined }
}

/** For `page`: entries that are at hand in no order. */
export const sortedAfter =
  <T>(entries: Entries<T>) =>
  (after: string | undefined): Entries<T> =>
    [...entries].filter(([id]) => after === undefined || id > after).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))

/** Opaque to clients: the list, and the last id of the page before. */
const markerFor = (list: string, id: string): string =>
  Buffer.from(JSON.stringify({ l: list, a: id })).toString('base64')

function readMarker(marker: string, list: string): string {
  let read: unknown
  try {
    read = JSON.parse(Buffer.from(marker, 'base64').toString())
  } catch {
    throw invalidMarker()
  }
  const { l, a } = (read ?? {}) as { readonly l?: unknown; readonly a?: unknown }
  if (l !== list || typeof a !== 'string' || markerFor(list, a) !== marker) throw invalidMarker()
  return a
}
