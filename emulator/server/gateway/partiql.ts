import { AwsError } from '../../lib/awsError.ts'

/** What a PartiQL statement does to which table or index (DynamoDB developer guide, "IAM security policies with PartiQL"). */
export interface Statement {
  readonly action: 'PartiQLSelect' | 'PartiQLInsert' | 'PartiQLUpdate' | 'PartiQLDelete'
  readonly table: string
  readonly index: string | undefined
}

const TOKEN = /'(?:[^']|'')*'|"(?:[^"]|"")*"|[\w-]+|\S/g

/**
 * Reads as much of a statement as tells what it is about. Throws DynamoDB's refusal of what cannot be read: a statement that is not
 * understood is not let through. DynamoDB's PartiQL has no joins and no subqueries, so there is one table.
 */
export function readStatement(statement: string): Statement {
  const tokens = statement.match(TOKEN) ?? []
  const words = tokens.map((token) => token.toUpperCase())
  if (tokens.some((token) => token.startsWith('--')) || hasPair(tokens, '/', '*')) throw malformed()
  const first = words[0] === 'EXISTS' && words[1] === '(' ? words[2] : words[0]
  switch (first) {
    case 'SELECT':
      return named('PartiQLSelect', tokens, onlyOne(words, 'FROM') + 1)
    case 'INSERT':
      return named('PartiQLInsert', tokens, words[1] === 'INTO' ? 2 : -1)
    case 'UPDATE':
      return named('PartiQLUpdate', tokens, 1)
    case 'DELETE':
      return named('PartiQLDelete', tokens, words[1] === 'FROM' ? 2 : -1)
    default:
      throw malformed()
  }
}

const hasPair = (tokens: readonly string[], a: string, b: string) =>
  tokens.some((token, at) => token === a && tokens[at + 1] === b)

/** Where a keyword stands; a second one would be something that this reader does not know. */
function onlyOne(words: readonly string[], word: string): number {
  const at = words.indexOf(word)
  if (at < 0 || words.includes(word, at + 1)) throw malformed()
  return at
}

function named(action: Statement['action'], tokens: readonly string[], at: number): Statement {
  const table = nameOf(tokens[at])
  if (at < 1 || table === undefined) throw malformed()
  const index = tokens[at + 1] === '.' ? nameOf(tokens[at + 2]) : undefined
  if (tokens[at + 1] === '.' && index === undefined) throw malformed()
  return { action, table, index }
}

function nameOf(token: string | undefined): string | undefined {
  if (token === undefined) return undefined
  if (token.startsWith('"') && token.length > 2) return token.slice(1, -1).replaceAll('""', '"')
  return /^[\w-]+$/.test(token) ? token : undefined
}

const malformed = () =>
  new AwsError('ValidationException', 400, "Statement wasn't well formed, can't be processed: Unexpected token")
