import { invalidValue, refused } from './errors.ts'

/** A filter as requests have it. */
export interface FilterInput {
  readonly Name?: string | undefined
  readonly Values?: readonly string[] | undefined
}

/** What one name of a filter looks at. */
export interface FilterSpec<T> {
  /** The values that a record has for it; one that matches is enough. */
  readonly of: (record: T) => string | readonly string[] | undefined
  /** The ids of the records that have this very value, from an index, unless it has none for it: spares looking at all others. */
  readonly ids?: (value: string) => Iterable<string> | undefined
}

/** By name. `tag:` stands for `tag:<key>`, which is looked up under its prefix with the key. */
export type FilterTable<T> = Readonly<Record<string, FilterSpec<T>>> & {
  readonly [tagged]?: (key: string) => FilterSpec<T>
}
/** Makes the filters `tag:<key>`. */
export const tagged: unique symbol = Symbol('tag:')

export interface Filter<T> {
  readonly matches: (record: T) => boolean
  /** Ids that hold all records that match, and others perhaps; undefined when only a look at each record tells. */
  readonly candidates: (() => ReadonlySet<string> | undefined) | undefined
}

const MOST_VALUES = 200

/**
 * The filters of a request: all must match, each by one of its values. `*` and `?` are wildcards, `\` takes their meaning. A filter
 * without values matches nothing (facts: captures 2.2).
 * Throws InvalidParameterValue for an unknown name, FilterLimitExceeded for more than 200 values.
 */
export function readFilters<T>(input: readonly FilterInput[] | undefined, table: FilterTable<T>): readonly Filter<T>[] {
  const filters = input ?? []
  const values = filters.reduce((sum, { Values }) => sum + (Values?.length ?? 0), 0)
  if (values > MOST_VALUES) {
    throw refused(
      'FilterLimitExceeded',
      `The maximum number of filter values specified on a single call is ${MOST_VALUES}`,
    )
  }
  return filters.map(({ Name = '', Values = [] }) => filterOf(specOf(Name, table), Values))
}

function specOf<T>(name: string, table: FilterTable<T>): FilterSpec<T> {
  if (name.startsWith('tag:')) {
    const spec = table[tagged]?.(name.slice(4))
    if (spec) return spec
  }
  const spec = Object.hasOwn(table, name) ? table[name] : undefined
  if (!spec) throw invalidValue(`The filter '${name}' is invalid`)
  return spec
}

function filterOf<T>(spec: FilterSpec<T>, values: readonly string[]): Filter<T> {
  const tests = values.map(testOf)
  const { ids } = spec
  return {
    matches(record) {
      const found = spec.of(record)
      if (found === undefined) return false
      return typeof found === 'string'
        ? tests.some((test) => test(found))
        : found.some((one) => tests.some((test) => test(one)))
    },
    candidates: ids && !values.some(hasWildcard) ? () => union(values.map(ids)) : undefined,
  }
}

function union(sets: readonly (Iterable<string> | undefined)[]): ReadonlySet<string> | undefined {
  const all = new Set<string>()
  for (const set of sets) {
    if (!set) return undefined
    for (const id of set) all.add(id)
  }
  return all
}

const hasWildcard = (value: string) => /[*?\\]/.test(value)

/** A value with wildcards as a test. Works through the text once for each `*`, whatever the pattern. */
export function testOf(pattern: string): (text: string) => boolean {
  if (!hasWildcard(pattern)) return (text) => text === pattern
  const parts = partsOf(pattern)
  return (text) => matchesParts(parts, text)
}

/** What stands between the `*`s; undefined for a `?`. */
type Part = readonly (string | undefined)[]

function partsOf(pattern: string): Part[] {
  const parts: (string | undefined)[][] = [[]]
  for (let at = 0; at < pattern.length; at++) {
    const char = pattern[at] ?? ''
    if (char === '*') parts.push([])
    else parts.at(-1)?.push(char === '?' ? undefined : char === '\\' ? (pattern[++at] ?? '\\') : char)
  }
  return parts
}

function matchesParts(parts: readonly Part[], text: string): boolean {
  const [first = [], ...rest] = parts
  if (!fits(first, text, 0)) return false
  const last = rest.pop()
  if (!last) return text.length === first.length
  let at = first.length
  for (const part of rest) {
    while (at + part.length <= text.length && !fits(part, text, at)) at++
    if (at + part.length > text.length) return false
    at += part.length
  }
  const end = text.length - last.length
  return end >= at && fits(last, text, end)
}

const fits = (part: Part, text: string, at: number) =>
  at + part.length <= text.length && part.every((char, index) => char === undefined || text[at + index] === char)
