/** @import { Explanation, LayerView, PolicyView, StatementView } from '../../../access/explain.ts' */
import { h, statementName } from './dom.js'
import { actualText, policyDocument } from './document.js'
import { suggestionList } from './suggestions.js'
import { becauseText, layerText } from './words.js'

const ANSWER = { allows: 'Allow', denies: 'Deny', silent: 'no Allow' }
const SIGN = { allows: '✓', denies: '✕', silent: '–' }

/**
 * One decision: the question, the verdict in a sentence, what would help, and each layer in the order of evaluation.
 * @param {Explanation} check
 */
export function checkElement(check) {
  const help = check.allowed ? null : h('div', { class: 'aside' }, nearMiss(check), suggestionList(check.suggestions))
  return h(
    'article',
    { class: `check ${check.allowed ? 'allowed' : 'denied'}` },
    h('h3', null, h('code', null, check.action), ' on ', h('code', { class: 'arn' }, check.resource)),
    h('p', { class: 'reason' }, reason(check)),
    h('div', { class: help ? 'columns' : '' }, help, layerList(check)),
    contextTable(check),
  )
}

/** @param {Explanation} check */
function reason(check) {
  const { effect, decidedBy, action, principal, crossAccount } = check
  const { layer, policy, statement, sid, grant } = decidedBy
  const across = crossAccount ? ` The caller is of another account, ${principal.account ?? 'none'}.` : ''
  if (effect === 'implicit-deny') return `Denied: no Allow for ${action} in the ${nameOf(layer, check)}.${across}`
  if (effect === 'explicit-deny') {
    const name = nameOf(layer, check)
    const where = name === policy ? `the ${name}` : `${name}: ${policy ?? ''}`
    return `Denied: an explicit Deny in ${where}, ${statementName(statement, sid)}. No Allow outweighs it.${across}`
  }
  if (grant !== null) return `Allowed by grant ${grant}.`
  if (policy !== null)
    return `Allowed by ${nameOf(layer, check) === policy ? 'the ' : ''}${policy}, ${statementName(statement, sid)}.`
  return action.toLowerCase() === 'sts:getcalleridentity'
    ? 'Every caller may ask this.'
    : 'Allowed: the root user needs no identity policy.'
}

/** A resource's policy by its own name, `key policy`, where there is one. @param {LayerView['layer']} layer @param {Explanation} check */
function nameOf(layer, { guard, layers }) {
  if (layer !== 'resource') return layerText(layer)
  if (guard === 'key') return 'key policy'
  return layers.find((view) => view.layer === 'resource')?.policies[0]?.name ?? layerText(layer)
}

/** @param {Explanation} check */
function layerList(check) {
  const deciding = decidingView(check)
  return h(
    'ol',
    { class: 'layers', 'aria-label': 'Layers, in the order of evaluation' },
    check.layers.map((view) => layerElement(view, check, view === deciding)),
  )
}

/** Of several levels the first that denies or lacks an Allow, as AWS's order has it. @param {Explanation} check */
function decidingView({ layers, decidedBy, effect }) {
  const views = layers.filter(({ layer }) => layer === decidedBy.layer)
  if (effect === 'allow') return views[0]
  return views.find(({ answer }) => (effect === 'explicit-deny' ? answer === 'denies' : answer !== 'allows'))
}

/** @param {LayerView} view @param {Explanation} check @param {boolean} decides */
function layerElement(view, check, decides) {
  const name = `${nameOf(view.layer, check)}${view.level === null ? '' : `, level ${String(view.level + 1)}`}`
  return h(
    'li',
    { class: `layer ${view.answer} ${decides ? 'decides' : ''}` },
    h('span', { class: 'sign', 'aria-hidden': 'true' }, SIGN[view.answer]),
    h(
      'div',
      { class: 'told' },
      h('span', { class: 'name' }, name),
      h('span', { class: 'answer' }, ANSWER[view.answer]),
      decides && h('span', { class: 'label' }, 'decided here'),
      h('p', { class: 'note' }, detail(view, check)),
    ),
    view.policies.map((policy) => policyElement(policy, view, check, decides)),
    view.grants.length > 0 && grantList(view, check),
  )
}

/** What in this layer spoke. @param {LayerView} view @param {Explanation} check */
function detail(view, check) {
  if (view.layer === 'grant') {
    const hits = view.grants.filter(({ matches }) => matches)
    if (hits.length > 0) return hits.map(({ id }) => id).join(', ')
    return view.grants.length === 0 ? 'none names the caller' : `none of ${String(view.grants.length)} matches`
  }
  const effect = view.answer === 'denies' ? 'Deny' : 'Allow'
  const hits = view.policies.flatMap((policy) =>
    policy.statements
      .filter((each) => each.applies && each.effect === effect)
      .map((each) => hitName(policy, each, view, check)),
  )
  if (hits.length > 0) return hits.join('; ')
  return view.policies.length === 0 ? 'none attached' : `not in ${view.policies.map(({ name }) => name).join(', ')}`
}

/** @param {PolicyView} policy @param {StatementView} hit @param {LayerView} view @param {Explanation} check */
function hitName({ name }, hit, view, check) {
  // `:root` in a key policy grants nothing by itself.
  const delegates = check.guard === 'key' && hit.effect === 'Allow' && hit.principal?.because === 'account'
  const policy = name === nameOf(view.layer, check) ? '' : `${name}, `
  return `${policy}${statementName(hit.index, hit.sid)}${delegates ? ": leaves it to the account's IAM policies" : ''}`
}

/** @param {PolicyView} policy @param {LayerView} view @param {Explanation} check @param {boolean} decides */
function policyElement(policy, view, check, decides) {
  const mark = markIn(policy, view, check, decides)
  const count = policy.statements.length
  return h(
    'details',
    { class: 'policy', open: mark !== undefined || (decides && view.policies.length === 1) },
    h(
      'summary',
      null,
      policy.name,
      h('span', { class: 'note' }, ` ${count === 1 ? '1 statement' : `${String(count)} statements`}`),
    ),
    policyDocument(policy, mark),
  )
}

/**
 * @param {PolicyView} policy @param {LayerView} view @param {Explanation} check @param {boolean} decides
 * @returns {import('./document.js').Mark | undefined}
 */
function markIn({ name, arn }, view, { decidedBy, nearMiss: miss }, decides) {
  if (decides && decidedBy.statement !== null && decidedBy.policy === name && decidedBy.arn === arn)
    return { kind: 'decided', statement: decidedBy.statement }
  if (decides && miss?.layer === view.layer && miss.policy === name && miss.statement !== null)
    return { kind: 'nearly', statement: miss.statement }
  return undefined
}

/** @param {LayerView} view @param {Explanation} check */
function grantList({ grants }, { decidedBy, nearMiss: miss }) {
  return h(
    'details',
    { class: 'policy', open: decidedBy.grant !== null || (miss?.grant ?? null) !== null },
    h('summary', null, grants.length === 1 ? '1 grant' : `${String(grants.length)} grants`),
    grants.map(({ id, operations, constraints, matches, because }) => {
      const kind = decidedBy.grant === id ? 'decided' : miss?.grant === id ? 'nearly' : ''
      return h(
        kind === '' ? 'div' : 'mark',
        { class: `grant ${kind}` },
        kind !== '' && h('span', { class: 'label' }, kind === 'decided' ? 'this decided' : 'nearly'),
        h('code', null, id),
        h('p', null, operations.join(', ')),
        constraints && h('pre', { tabindex: 0 }, JSON.stringify(constraints, null, 2)),
        h('p', { class: 'why' }, matches ? '✓ applies' : `does not apply: ${becauseText(because)}`),
      )
    }),
  )
}

/** What came closest, with what it wanted and what it got. @param {Explanation} check */
function nearMiss({ nearMiss: miss }) {
  if (!miss) return null
  const { grant, policy, statement, sid, failed, because, condition } = miss
  const where = grant === null ? `${policy ?? ''}, ${statementName(statement, sid)}` : `Grant ${grant}`
  return h(
    'section',
    { class: 'miss' },
    h('h4', null, 'It came close'),
    h(
      'p',
      null,
      grant === null
        ? `${where}: all but its ${failed} fits; ${becauseText(because)}.`
        : `${where}: ${becauseText(because)}.`,
    ),
    condition &&
      h(
        'dl',
        { class: 'compare' },
        h('div', null, h('dt', null, h('code', null, `${condition.operator} ${condition.key}`)), h('dd', null)),
        h(
          'div',
          { class: 'wants' },
          h('dt', null, 'wants'),
          h('dd', null, h('code', null, condition.expected.join('\n'))),
        ),
        h('div', { class: 'has' }, h('dt', null, 'has'), h('dd', null, h('code', null, actualText(condition.actual)))),
      ),
  )
}

/** @param {Explanation} check */
function contextTable({ context }) {
  const rows = Object.entries(context).sort(([a], [b]) => (a < b ? -1 : 1))
  return h(
    'details',
    { class: 'context' },
    h('summary', null, `What the request brought along: ${String(rows.length)} condition keys`),
    h(
      'dl',
      { class: 'facts wide' },
      rows.map(([key, value]) =>
        h(
          'div',
          null,
          h('dt', null, key),
          h('dd', null, h('code', null, typeof value === 'string' ? value : value.join(', '))),
        ),
      ),
    ),
  )
}
