/** @import { PolicyView, StatementView } from '../../../access/explain.ts' */
import { copyButton, h } from './dom.js'
import { becauseText } from './words.js'

/** @typedef {{ kind: 'decided' | 'nearly', statement: number }} Mark */

/** @param {unknown} value @param {string} indent */
const pretty = (value, indent) => JSON.stringify(value, null, 2).replaceAll('\n', `\n${indent}`)

/**
 * A policy document, statement by statement, with those marked that decided or nearly did, and why each applies or does not.
 * @param {PolicyView} policy
 * @param {Mark | undefined} mark
 */
export function policyDocument({ name, document: text, statements }, mark) {
  const read = parsed(text)
  if (!read) return h('pre', { class: 'document', tabindex: 0 }, text)
  const { Statement: given, ...head } = read
  const list = Array.isArray(given) ? /** @type {unknown[]} */ (given) : [given]
  const opening = Object.entries(head).map(([key, value]) => `  ${JSON.stringify(key)}: ${pretty(value, '  ')},\n`)
  return h(
    'div',
    { class: 'document' },
    copyButton(JSON.stringify(read, null, 2), `the document ${name}`),
    // No white space between its parts: it would be shown.
    h(
      'pre',
      { tabindex: 0, 'aria-label': name },
      `{\n${opening.join('')}  "Statement": [`,
      list.map((statement, index) =>
        statementBlock(
          `    ${pretty(statement, '    ')}${index < list.length - 1 ? ',' : ''}`,
          statements[index],
          mark?.statement === index ? mark.kind : undefined,
        ),
      ),
      '  ]\n}',
    ),
  )
}

/** @param {string} text @param {StatementView | undefined} view @param {Mark['kind'] | undefined} mark */
function statementBlock(text, view, mark) {
  const label = mark === 'decided' ? 'this decided' : mark === 'nearly' ? 'nearly' : undefined
  return h(
    mark ? 'mark' : 'span',
    { class: `statement ${mark ?? ''} ${view?.effect.toLowerCase() ?? ''}` },
    label !== undefined && h('span', { class: 'label' }, label),
    h('span', { class: 'json' }, text),
    view && h('span', { class: 'why' }, whyNot(view)),
  )
}

/** @param {StatementView} view */
function whyNot({ applies, effect, action, principal, resource, conditions }) {
  if (applies) return `✓ applies: ${effect}`
  const parts = /** @type {const} */ ([
    ['action', action],
    ['principal', principal],
    ['resource', resource],
  ])
  const failing = parts.flatMap(([, part]) => (part && !part.matches ? [becauseText(part.because)] : []))
  const unmet = conditions.filter(({ matches }) => !matches)
  return ['does not apply: ', [...failing, ...unmet.map((condition) => conditionText(condition))].join('; ')].join('')
}

/** @param {Pick<StatementView['conditions'][number], 'operator' | 'key' | 'expected' | 'actual'>} condition */
const conditionText = ({ operator, key, expected, actual }) =>
  `${operator} ${key} wants ${expected.join(' or ')}, the request has ${actualText(actual)}`

/** @param {StatementView['conditions'][number]['actual']} actual */
export const actualText = (actual) =>
  actual === null ? 'no such key' : typeof actual === 'string' ? actual : actual.join(', ')

/**
 * @param {string} text
 * @returns {Record<string, unknown> | undefined}
 */
function parsed(text) {
  try {
    const value = /** @type {unknown} */ (JSON.parse(text))
    return typeof value === 'object' && value !== null ? /** @type {Record<string, unknown>} */ (value) : undefined
  } catch {
    return undefined
  }
}
