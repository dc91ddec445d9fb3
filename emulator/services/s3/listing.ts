import type { Table } from '../../state/store.ts'
import { fromSortable, sortable } from './names.ts'

/** Where a page begins: after a key, or after everything that begins with a common prefix. */
export interface Position {
  readonly kind: 'key' | 'prefix'
  readonly text: string
}

export interface ListingRequest<T> {
  readonly table: Pick<Table<T>, 'entries'>
  /** What stands before the keys in the table's ids: `<bucket>/`. */
  readonly base: string
  readonly prefix: string
  readonly delimiter: string
  readonly after: Position | undefined
  readonly max: number
  /** What follows the key in an id, in code units. */
  readonly suffixLength?: number
  /** How keys are written in ids, and read from them. */
  readonly spelling?: Spelling
  /** Where exactly the page begins, when `after` alone does not say it. */
  readonly begin?: Cursor | undefined
}

export interface Spelling {
  readonly write: (text: string) => string
  readonly read: (text: string) => string
}

export interface Cursor {
  readonly from?: string
  readonly after?: string
}

export interface Page<T> {
  /** Keys and common prefixes, in order. */
  readonly rows: readonly (readonly [id: string, record: T])[]
  readonly commonPrefixes: readonly string[]
  readonly truncated: boolean
  /** The last key or prefix of a truncated page. */
  readonly next: Position | undefined
}

/**
 * One page of an ordered table. What is rolled up into a common prefix is jumped over, not walked through: a page costs time in
 * proportion to its own length.
 */
export function listPage<T>(request: ListingRequest<T>): Page<T> {
  const { table, base, max, suffixLength = 0, spelling = PLAIN } = request
  const start = base + spelling.write(request.prefix)
  const delimiter = spelling.write(request.delimiter)
  const rows: (readonly [string, T])[] = []
  const commonPrefixes: string[] = []
  const marker = request.after && base + spelling.write(request.after.text)
  let last: Position | undefined
  let cursor: Cursor | undefined = beginning(request)

  while (cursor) {
    let jump: Cursor | undefined
    for (const [id, record] of table.entries({ ...cursor, prefix: start })) {
      const common = commonPrefix(id, start.length, id.length - suffixLength, delimiter)
      // A page that begins after a common prefix does not name it again.
      if (common !== undefined && common === marker) {
        jump = { from: following(common) }
        break
      }
      // One more exists: that is what truncated means.
      if (rows.length + commonPrefixes.length >= max) return { rows, commonPrefixes, truncated: max > 0, next: last }
      if (common === undefined) {
        rows.push([id, record])
        last = { kind: 'key', text: spelling.read(id.slice(base.length)) }
        continue
      }
      const text = spelling.read(common.slice(base.length))
      commonPrefixes.push(text)
      last = { kind: 'prefix', text }
      jump = { from: following(common) }
      break
    }
    cursor = jump
  }
  return { rows, commonPrefixes, truncated: false, next: undefined }
}

const PLAIN: Spelling = { write: sortable, read: fromSortable }

function beginning<T>({ base, after, begin }: ListingRequest<T>): Cursor {
  if (begin) return begin
  if (!after) return {}
  const id = base + sortable(after.text)
  return after.kind === 'prefix' ? { from: following(id) } : { after: id }
}

/** The id up to and including the first delimiter after the prefix, or undefined. */
function commonPrefix(id: string, from: number, keyEnd: number, delimiter: string): string | undefined {
  if (delimiter === '') return undefined
  const at = id.indexOf(delimiter, from)
  return at < 0 || at + delimiter.length > keyEnd ? undefined : id.slice(0, at + delimiter.length)
}

/** The first id after all that begin with `prefix`. Ids hold no code unit above 0xff, so the last one can be raised. */
const following = (prefix: string): string =>
  prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1)

/** `encoding-type=url`: percent-encoded as S3 does, which leaves slashes and writes spaces as `+`. */
export function urlEncoded(text: string): string {
  return encodeURIComponent(text)
    .replaceAll('%2F', '/')
    .replaceAll('%20', '+')
    .replace(/[!'()~]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
}
