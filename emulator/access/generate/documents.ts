import { policySize } from '../validate.ts'
import type { Statement } from './statements.ts'

export interface PolicyDocument {
  readonly Version: '2012-10-17'
  readonly Statement: readonly Statement[]
}

export const documentOf = (statements: readonly Statement[]): PolicyDocument => ({
  Version: '2012-10-17',
  Statement: statements,
})

/** The characters of a document as IAM counts them. */
export const sizeOf = (document: PolicyDocument): number => policySize(JSON.stringify(document))

/**
 * As few documents of at most so many characters as filling one after the other gives. A statement that is too long alone is taken
 * apart by its resources, or by the values of a condition.
 */
export function documentsFor(statements: readonly Statement[], limit: number): PolicyDocument[] {
  const documents: Statement[][] = []
  let room = 0
  for (const statement of statements.flatMap((whole) => parts(whole, limit - EMPTY))) {
    // With the comma that stands between it and the one before.
    const size = policySize(JSON.stringify(statement)) + 1
    const last = documents.at(-1)
    if (last && size <= room) {
      last.push(statement)
      room -= size
    } else {
      documents.push([statement])
      room = limit - EMPTY - (size - 1)
    }
  }
  return documents.map(documentOf)
}

const EMPTY = sizeOf(documentOf([]))

function parts(statement: Statement, limit: number): Statement[] {
  const size = policySize(JSON.stringify(statement))
  if (size <= limit) return [statement]
  const pieces = takenApart(statement, Math.ceil(size / limit))
  return pieces ? pieces.flatMap((piece) => parts(piece, limit)) : [statement]
}

/** So many statements that allow together what the one does; undefined when nothing of it is a list. */
function takenApart(statement: Statement, count: number): Statement[] | undefined {
  const { Resource, Condition } = statement
  if (Resource !== undefined && typeof Resource !== 'string') {
    return pieces(Resource, count).map((some) => ({ ...statement, Resource: some }))
  }
  for (const [operator, operands] of Object.entries(Condition ?? {})) {
    // Of ForAllValues each value must be listed at once.
    if (operator.startsWith('ForAllValues:')) continue
    for (const [key, values] of Object.entries(operands)) {
      if (typeof values === 'string') continue
      return pieces(values, count).map((some) => ({
        ...statement,
        Condition: { ...Condition, [operator]: { ...operands, [key]: some } },
      }))
    }
  }
  return undefined
}

/** Of about the same length, with at least one entry each. */
function pieces(list: readonly string[], count: number): (string | readonly string[])[] {
  const length = Math.ceil(list.length / count)
  const all: (string | readonly string[])[] = []
  for (let from = 0; from < list.length; from += length) {
    const piece = list.slice(from, from + length)
    all.push(piece.length === 1 ? (piece[0] ?? '') : piece)
  }
  return all
}
