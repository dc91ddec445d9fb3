import { member, readJson } from '../json.ts'

/** 1-based; columns count characters. */
export interface Position {
  readonly Line: number
  readonly Column: number
}
export interface StatementPosition {
  readonly StartPosition: Position
  readonly EndPosition: Position
}

/**
 * Where each statement of a document stands, as a streaming reader sees it (facts: captures 11.1): a statement of a list begins
 * where the token before it ended, a lone statement after its `{`; both end after their `}`.
 */
export function statementPositions(text: string): StatementPosition[] {
  const root = readJson(text)
  const node = root && member(root, 'Statement')
  if (!node) return []
  if (node.kind !== 'array') return [span(text, node.start + 1, node.end)]
  let before = node.start + 1
  return node.items.map((item) => {
    const position = span(text, before, item.end)
    before = item.end
    return position
  })
}

const span = (text: string, start: number, end: number): StatementPosition => ({
  StartPosition: positionAt(text, start),
  EndPosition: positionAt(text, end),
})

const BREAK = /\r\n|\r|\n/
/** One character, two units. */
const ASTRAL = /[\ud800-\udbff][\udc00-\udfff]/g

/** CR, LF and CRLF each are one line break. */
function positionAt(text: string, offset: number): Position {
  const lines = text.slice(0, offset).split(BREAK)
  return { Line: lines.length, Column: (lines.at(-1) ?? '').replace(ASTRAL, '_').length + 1 }
}
