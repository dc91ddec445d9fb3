import type { Change, Suggestion } from './types.ts'

/** Suggestions for a terminal: each with its changes, and what they need besides. */
export function suggestionLines(suggestions: readonly Suggestion[]): string[] {
  if (suggestions.length === 0) return []
  const [only] = suggestions
  if (suggestions.length === 1 && only) return ['what would help:', ...changesLines(only, '  ')]
  return [
    'what would help, one of:',
    ...suggestions.flatMap((suggestion, i) => {
      const mark = `${String(i + 1)}. `
      const [first = '', ...rest] = changesLines(suggestion, ' '.repeat(mark.length + 2))
      return [`  ${mark}${first.trimStart()}`, ...rest]
    }),
  ]
}

function changesLines({ changes }: Suggestion, indent: string): string[] {
  return changes.flatMap((change, i) => [
    `${indent}${i > 0 ? 'and also ' : ''}${headOf(change)}`,
    ...bodyOf(change).map((line) => `${indent}  ${line}`),
    ...(change.alsoOpens === undefined ? [] : [`${indent}  this also opens ${change.alsoOpens}`]),
    ...(change.tooLong === undefined ? [] : [`${indent}  ${change.tooLong}`]),
  ])
}

/** `in place of statement 2 (DenyKeys), the Deny: {…} {…}` */
export const inPlaceOf = (replace: NonNullable<Change['replace']>): string =>
  `${beginningOf(replace)} ${replace.with.map((each) => JSON.stringify(each)).join(' ')}`

function beginningOf(replace: NonNullable<Change['replace']>): string {
  const deny = replace.with.some(({ Effect }) => Effect === 'Deny')
  return `in place of ${statementName(replace)}${deny ? ', the Deny' : ''}:`
}

function headOf({ where, add, replace, remove }: Change): string {
  if (add) return `${where}, add:`
  if (remove) return `${where}: remove ${statementName(remove)}, the Deny`
  return replace ? `${where}: ${beginningOf(replace)}` : `${where}:`
}

function bodyOf({ add, replace, remove, what }: Change): string[] {
  if (remove) return []
  return replace ? replace.with.map((each) => JSON.stringify(each)) : [add ? JSON.stringify(add) : what]
}

/** `statement 2 (DenyKeys)` */
export const statementName = ({ statement, sid }: { readonly statement: number; readonly sid: string | null }) =>
  `statement ${String(statement + 1)}${sid === null || sid === '' ? '' : ` (${sid})`}`
