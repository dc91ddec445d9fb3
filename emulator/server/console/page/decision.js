/** @import { DecisionView, GateView } from '../../../audit/decisionLog.ts' */
import { copyButton, facts, h, time } from './dom.js'
import { GATE_WORD, wayPicture } from './gates.js'
import { checkElement } from './layers.js'
import { failureText } from './words.js'

const VERDICT = { allowed: 'Allowed', denied: 'Denied', failed: 'Failed' }
const NO_GATES = {
  allowed: 'No policy was asked: this operation needs no permission.',
  denied: 'No policy was asked: the request was refused before that.',
  failed: 'No policy was asked: the request was refused before that.',
}

/**
 * A request taken apart: what was asked and answered, both gates as a picture, then each gate with its layers.
 * @param {DecisionView} view
 */
export function decisionElement(view) {
  const { outcome, afterwards, service, operation, principal, requestId, region, status, error, from, gates } = view
  return h(
    'div',
    { class: 'decision' },
    h(
      'header',
      { class: outcome },
      h('p', { class: 'verdict' }, `${VERDICT[outcome]}${afterwards ? ' after its answer' : ''}`),
      h('h2', null, `${service}:${operation ?? '(unknown operation)'}`),
      h('p', { class: 'by' }, 'by ', h('code', { class: 'arn' }, principal)),
    ),
    error &&
      h(
        'blockquote',
        { class: 'said' },
        h('p', null, h('strong', null, error.code), ' ', error.message),
        copyButton(`${error.code}: ${error.message}`, "AWS's message"),
      ),
    wayPicture(view),
    afterwards && h('p', { class: 'note' }, 'The request had been answered when this came of it, as at AWS.'),
    gates.length === 0 && h('p', { class: 'reason' }, NO_GATES[outcome]),
    gates.map((gate) => gateElement(gate)),
    h(
      'section',
      { class: 'card' },
      h('h3', null, 'The request'),
      facts([
        [
          'Request id',
          h('span', { class: 'copyable' }, h('code', null, requestId), copyButton(requestId, 'the request id')),
        ],
        ['Time', time(view.time, 'date')],
        ['Answer', `HTTP ${String(status)}`],
        ['Region', region],
        ['From', `${from.sourceIp}${from.endpoint === null ? '' : ` through ${from.endpoint}`}`],
        ['Host', from.host === '' ? null : from.host],
        ['Client', from.userAgent === '' ? null : from.userAgent],
        ['In a terminal', h('code', null, `npx twokey explain ${requestId}`)],
      ]),
    ),
  )
}

/** One that is open tells its story when asked. @param {GateView} gate */
function gateElement({ gate, service, operation, outcome, error, checks }) {
  const [check] = checks
  const via = check?.context['kms:ViaService']
  const context = Object.entries(check?.encryptionContext ?? {})
  return h(
    'details',
    { class: `card gate-story ${outcome}`, open: outcome !== 'allowed' },
    h(
      'summary',
      null,
      h('span', { class: 'name' }, gate === 'key' ? 'Key gate' : 'Data gate'),
      h('span', { class: 'word' }, GATE_WORD[outcome]),
      h('code', null, `${service}:${operation}`),
    ),
    error &&
      h(
        'div',
        { class: 'failure' },
        h('p', null, h('strong', null, error.code), ' ', error.message),
        failureText(error.code) !== undefined && h('p', null, `What would help: ${failureText(error.code) ?? ''}.`),
      ),
    (typeof via === 'string' || context.length > 0) &&
      facts([
        typeof via === 'string' && ['Called by', h('code', null, via)],
        context.length > 0 && [
          'Encryption context',
          context.map(([key, value]) => h('code', { class: 'pair' }, `${key} = ${value}`)),
        ],
      ]),
    checks.map((each) => checkElement(each)),
  )
}
