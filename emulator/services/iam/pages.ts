import type { Table } from '../../state/store.ts'
import { validationError } from './errors.ts'

/** What every list operation takes. */
export interface PageInput {
  readonly Marker?: string | undefined
  readonly MaxItems?: number | undefined
}

export interface Page<T> {
  readonly items: T[]
  readonly IsTruncated: boolean
  readonly Marker: string | undefined
}

const DEFAULT_ITEMS = 100

/** One page of an ordered table, of the records that `accept` lets through. */
export function tablePage<T>(table: Table<T>, input: PageInput, accept: (record: T) => boolean = () => true): Page<T> {
  const after = markedKey(input)
  return collect(table.entries(after === undefined ? {} : { after }), input, accept)
}

/** One page of what `keyOf` puts in order. */
export function listPage<T>(items: readonly T[], input: PageInput, keyOf: (item: T) => string): Page<T> {
  const after = markedKey(input)
  const sorted = items
    .map((item) => [keyOf(item), item] as const)
    .filter(([key]) => after === undefined || key > after)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  return collect(sorted, input, () => true)
}

function collect<T>(
  entries: Iterable<readonly [string, T]>,
  input: PageInput,
  accept: (record: T) => boolean,
): Page<T> {
  const limit = input.MaxItems ?? DEFAULT_ITEMS
  const items: T[] = []
  let last = ''
  for (const [key, record] of entries) {
    if (!accept(record)) continue
    if (items.length === limit) return { items, IsTruncated: true, Marker: markerOf(last) }
    items.push(record)
    last = key
  }
  return { items, IsTruncated: false, Marker: undefined }
}

/** Markers are opaque to clients: the last key of the page before. */
const markerOf = (key: string): string => Buffer.from(key, 'utf8').toString('base64url')

function markedKey({ Marker }: PageInput): string | undefined {
  if (Marker === undefined) return undefined
  const key = Buffer.from(Marker, 'base64url').toString('utf8')
  if (markerOf(key) !== Marker) throw validationError('Invalid Marker.')
  return key
}
