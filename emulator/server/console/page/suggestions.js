/** @import { Change, Suggestion } from '../../../access/suggest/types.ts' */
import { command, h, statementName } from './dom.js'

/**
 * What would let the request through: each suggestion is a way of its own, and all of its changes belong together.
 * @param {readonly Suggestion[]} suggestions
 */
export function suggestionList(suggestions) {
  if (suggestions.length === 0) return null
  const several = suggestions.length > 1
  return h(
    'section',
    { class: 'help' },
    h('h4', null, several ? 'What would help, one of' : 'What would help'),
    h(
      'ol',
      { class: several ? 'ways' : 'ways single' },
      suggestions.map(({ title, changes }) =>
        h('li', null, h('p', { class: 'title' }, title), changes.map(changeElement)),
      ),
    ),
  )
}

/** @param {Change} change @param {number} index */
function changeElement(change, index) {
  const text = toWrite(change)
  return h(
    'div',
    { class: 'change' },
    h('p', { class: 'where' }, `${index > 0 ? 'and also ' : ''}${whereAndHow(change)}`),
    text === undefined ? null : command(text, `what to write ${change.where}`),
    change.alsoOpens !== undefined && h('p', { class: 'caution' }, `This also opens ${change.alsoOpens}.`),
  )
}

/** @param {Change} change */
function whereAndHow({ where, add, remove, replace }) {
  if (add) return `${where}, add:`
  if (remove) return `${where}: remove ${statementName(remove.statement, remove.sid)}, the Deny.`
  return replace ? `${where}: in place of ${statementName(replace.statement, replace.sid)}, the Deny:` : `${where}:`
}

/** A statement over several lines, or a command as it is. @param {Change} change */
function toWrite({ add, remove, replace, what }) {
  if (add) return JSON.stringify(add, null, 2)
  if (remove) return undefined
  return replace ? replace.with.map((each) => JSON.stringify(each, null, 2)).join(',\n') : what
}
