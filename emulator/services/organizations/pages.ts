import { invalidInput } from './errors.ts'

const DEFAULT_RESULTS = 20

export interface PageInput {
  readonly NextToken?: string | undefined
  readonly MaxResults?: number | undefined
}

export interface Page<T> {
  readonly items: T[]
  readonly NextToken: string | undefined
}

/**
 * One page of a list, in the order of the items' ids. A token names the last id of the page before.
 * @throws AwsError InvalidInputException for a token that is not ours
 */
export function pageOf<T>(all: Iterable<T>, { NextToken, MaxResults }: PageInput, idOf: (item: T) => string): Page<T> {
  const size = MaxResults ?? DEFAULT_RESULTS
  const after = NextToken === undefined ? undefined : readToken(NextToken)
  const sorted = [...all]
    .filter((item) => after === undefined || idOf(item) > after)
    .sort((a, b) => (idOf(a) < idOf(b) ? -1 : 1))
  const items = sorted.slice(0, size)
  const last = items.at(-1)
  return { items, NextToken: last !== undefined && sorted.length > size ? writeToken(idOf(last)) : undefined }
}

const MARK = 'after:'

const writeToken = (id: string) => Buffer.from(MARK + id).toString('base64')

function readToken(token: string): string {
  const text = Buffer.from(token, 'base64').toString()
  if (!text.startsWith(MARK)) throw invalidInput('INVALID_NEXT_TOKEN')
  return text.slice(MARK.length)
}
