import { invalidCombination, invalidValue } from './errors.ts'
import { readFilters, type Filter, type FilterInput, type FilterTable } from './filters.ts'

/** What the requests of the Describe operations have in common. */
export interface ListInput {
  readonly Filters?: readonly FilterInput[] | undefined
  readonly MaxResults?: number | undefined
  readonly NextToken?: string | undefined
}

/** Where the records of a list come from. */
export interface Source<T> {
  /** What is listed: a token is good for nothing else. */
  readonly name: string
  /** One of the list's records by its id; undefined for what is not in the list. */
  readonly get: (id: string) => T | undefined
  /** In the order of ids, `after` exclusive. */
  readonly entries: (after: string | undefined) => Iterable<readonly [id: string, record: T]>
}

export interface Sizes {
  readonly least: number
  readonly most: number
}

const SIZES: Sizes = { least: 5, most: 1000 }
/** How many records one page looks at: a page may be empty and still have a token (facts: captures 2.2). */
const MOST_LOOKED_AT = 10_000

/**
 * One page of a list, or all of it when the request names no size. Costs what the page is, and where filters have an index what these
 * match; never what other accounts hold.
 * Throws InvalidParameterValue for a size, token or filter that AWS would refuse.
 */
export function describePage<T>(
  input: ListInput,
  source: Source<T>,
  table: FilterTable<T>,
  sizes: Sizes = SIZES,
): { readonly items: readonly T[]; readonly NextToken?: string } {
  const size = pageSize(input.MaxResults, sizes)
  const after = readToken(input.NextToken, source.name)
  const filters = readFilters(input.Filters, table)
  const items: T[] = []
  let looked = 0
  let last: string | undefined
  for (const [id, record] of candidatesOf(source, filters, after)) {
    if (size !== undefined && (items.length >= size || looked >= MOST_LOOKED_AT)) {
      return { items, NextToken: newToken(source.name, last ?? '') }
    }
    looked++
    last = id
    if (filters.every(({ matches }) => matches(record))) items.push(record)
  }
  return { items }
}

/**
 * Ids and pages exclude each other (AWS answers DescribeInstances so). Throws InvalidParameterCombination.
 * @param parameter the list of ids as EC2 calls it: `volumeSet`
 */
export function refusePagesOfIds(ids: readonly string[] | undefined, parameter: string, input: ListInput): void {
  if (ids === undefined || ids.length === 0) return
  const given = input.MaxResults !== undefined ? 'maxResults' : input.NextToken !== undefined ? 'nextToken' : undefined
  if (given === undefined) return
  throw invalidCombination(`The parameter ${parameter} cannot be used with the parameter ${given}`)
}

function pageSize(asked: number | undefined, { least, most }: Sizes): number | undefined {
  if (asked === undefined) return undefined
  // The sentence is not recorded for EBS; EC2 is known to answer other lists so.
  if (asked < least) {
    throw invalidValue(
      `Value ( ${asked} ) for parameter maxResults is invalid. Expecting a value greater than or equal to ${least}.`,
    )
  }
  return Math.min(asked, most)
}

/** By the filter that an index answers with the fewest records, else all. */
function* candidatesOf<T>(
  source: Source<T>,
  filters: readonly Filter<T>[],
  after: string | undefined,
): Iterable<readonly [id: string, record: T]> {
  const sets = filters.flatMap(({ candidates }) => candidates?.() ?? [])
  const [fewest] = sets.sort((a, b) => a.size - b.size)
  if (!fewest) {
    yield* source.entries(after)
    return
  }
  for (const id of [...fewest].sort()) {
    if (after !== undefined && id <= after) continue
    const record = source.get(id)
    if (record !== undefined) yield [id, record]
  }
}

const newToken = (name: string, last: string) => Buffer.from(JSON.stringify([name, last])).toString('base64url')

/** Where the page before ended. The text is AWS's (boto3 issue 2673). */
function readToken(token: string | undefined, name: string): string | undefined {
  if (token === undefined) return undefined
  try {
    const read: unknown = JSON.parse(Buffer.from(token, 'base64url').toString())
    if (Array.isArray(read) && read.length === 2 && read[0] === name && typeof read[1] === 'string') return read[1]
  } catch {
    // Not one of ours.
  }
  throw invalidValue(`Value ( ${token} ) for parameter NextToken is invalid. The token is invalid.`)
}

/** Several walks in the order of ids as one, each id once. */
export function* merged(walks: readonly Iterator<string, void, void>[]): Generator<string, void, void> {
  const heads = walks.map((walk) => walk.next())
  for (;;) {
    const [least] = heads.flatMap(({ done, value }) => (done === true ? [] : [value])).sort()
    if (least === undefined) return
    yield least
    for (const [at, head] of heads.entries()) {
      const walk = walks[at]
      if (walk && head.value === least) heads[at] = walk.next()
    }
  }
}
