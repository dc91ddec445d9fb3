/** @import { DecisionView, GateView } from '../../../audit/decisionLog.ts' */
import { h, s, shortArn } from './dom.js'

/** @typedef {'allowed' | 'denied' | 'failed' | 'unasked'} GateState */

/** What stands beside each picture, so that nothing depends on colours. @type {Readonly<Record<GateState, string>>} */
export const GATE_WORD = { allowed: 'open', denied: 'shut', failed: 'open, but it failed', unasked: 'not asked' }

/** A small gate for lists. @param {Exclude<GateState, 'unasked'>} state */
export const gateIcon = (state) =>
  s(
    'svg',
    { class: `icon ${state}`, viewBox: '0 0 24 24', 'aria-hidden': 'true' },
    s('path', { class: 'arch', d: 'M4 21V11a8 8 0 0 1 16 0v10' }),
    state === 'allowed' && s('path', { class: 'line', d: 'M8.5 12.5l2.6 2.6 4.6-5' }),
    state === 'denied' && s('path', { class: 'leaf', d: 'M7 21V11a5 5 0 0 1 10 0v10z' }),
    state === 'denied' &&
      s('path', { class: 'hole', d: 'M12 10.5a1.6 1.6 0 0 0-.8 3L10.6 17h2.8l-.6-3.5a1.6 1.6 0 0 0-.8-3z' }),
    state === 'failed' && s('path', { class: 'line', d: 'M12 10v5M12 18.2v.2' }),
  )

const LEAF = {
  left: { shut: 'M22 88V40A26 26 0 0 1 48 14V88Z', open: 'M22 88V40Q23 33 26 28L35 42V80Z' },
  right: { shut: 'M74 88V40A26 26 0 0 0 48 14V88Z', open: 'M74 88V40Q73 33 70 28L61 42V80Z' },
}

/** A gate with its emblem: a sheet for data, a key for the key. @param {'data' | 'key'} kind @param {GateState} state */
function gatePicture(kind, state) {
  const leaf = state === 'allowed' ? 'open' : 'shut'
  return s(
    'svg',
    { class: `gate ${state}`, viewBox: '0 0 96 96', 'aria-hidden': 'true' },
    state === 'allowed' && s('path', { class: 'light', d: 'M35 88L44 52h8l9 36Z' }),
    s('path', { class: 'leaf', d: LEAF.left[leaf] }),
    s('path', { class: 'leaf', d: LEAF.right[leaf] }),
    state === 'denied' && s('path', { class: 'planks', d: 'M31 88V22M39.5 88V16M56.5 88V16M65 88V22' }),
    state === 'denied' && s('circle', { class: 'plate', cx: 48, cy: 60, r: 9 }),
    state === 'denied' &&
      s('path', { class: 'hole', d: 'M48 54.5a3 3 0 0 0-1.5 5.6L45.300 66h5.4l-1.200-5.900a3 3 0 0 0-1.500-5.600z' }),
    state === 'failed' && s('path', { class: 'crack', d: 'M50 16L44 34l7 8-6 15 6 9-4 22' }),
    s('path', { class: 'arch', d: 'M16 88V40a32 32 0 0 1 64 0V88' }),
    s('path', { class: 'ground', d: 'M6 88H90' }),
    s('circle', { class: 'keystone', cx: 48, cy: 10, r: 9 }),
    kind === 'data'
      ? s('path', { class: 'emblem', d: 'M45 5.500h4.200l2.300 2.300v6.700h-6.500zM47 10h2.500M47 12.300h2.500' })
      : s('path', { class: 'emblem', d: 'M46.200 10a2 2 0 1 1-4 0 2 2 0 0 1 4 0zh7.300v2M51 10v1.600' }),
  )
}

/** @param {string} className @param {string} d */
const figure = (className, d) =>
  s(
    'svg',
    { class: `figure ${className}`, viewBox: '0 0 96 96', 'aria-hidden': 'true' },
    s('path', { d }),
    s('path', { class: 'ground', d: 'M6 88H90' }),
  )

/** @param {SVGElement} picture @param {string} title @param {string} word @param {string} note @param {string} className */
const stop = (picture, title, word, note, className) =>
  h(
    'li',
    { class: className },
    picture,
    h(
      'div',
      { class: 'caption' },
      h('span', { class: 'title' }, title),
      h('span', { class: 'word' }, word),
      h('span', { class: 'note' }, note),
    ),
  )

/** Services that keep data under keys of KMS: their requests have both gates, asked or not. */
const TWO_GATES = new Set(['s3', 'ec2', 'ebs'])

/**
 * The gates of a request in the order in which they are passed; one that was not reached is there, too.
 * @param {DecisionView} view
 * @returns {(GateView | { gate: 'data' | 'key', outcome: 'unasked', service: string, operation: string })[]}
 */
function gatesOf(view) {
  const { gates, service, operation } = view
  if (gates.length === 0 || !TWO_GATES.has(service)) return [...gates]
  const has = (/** @type {string} */ kind) => gates.some(({ gate }) => gate === kind)
  /** @type {(kind: 'data' | 'key') => { gate: 'data' | 'key', outcome: 'unasked', service: string, operation: string }} */
  const unasked = (gate) => ({
    gate,
    outcome: 'unasked',
    service: gate === 'key' ? 'kms' : service,
    operation: operation ?? '',
  })
  if (!has('data')) return [...gates, unasked('data')]
  return has('key') ? [...gates] : [...gates, unasked('key')]
}

/** The way of a request, drawn: the caller, each gate, and what lies behind. @param {DecisionView} view */
export function wayPicture(view) {
  const gates = gatesOf(view)
  if (gates.length === 0) return null
  const through = view.outcome === 'allowed'
  let blocked = false
  const stops = gates.map(({ gate, outcome, service, operation }) => {
    const after = blocked ? ' beyond' : ''
    blocked ||= outcome === 'denied' || outcome === 'failed'
    const note =
      outcome === 'unasked' ? (gate === 'key' ? 'no key was asked for' : 'not reached') : `${service}:${operation}`
    const name = gate === 'key' ? 'Key gate' : 'Data gate'
    return stop(gatePicture(gate, outcome), name, GATE_WORD[outcome], note, `${outcome}${after}`)
  })
  return h(
    'ol',
    { class: gates.length > 3 ? 'way long' : 'way', 'aria-label': 'The way of the request' },
    stop(
      figure('caller', 'M48 30a13 13 0 1 1 0 26 13 13 0 0 1 0-26zM22 88c0-16 11-26 26-26s26 10 26 26'),
      'Caller',
      '',
      shortArn(view.principal),
      'end',
    ),
    stops,
    stop(
      figure('answer', 'M28 24h28l14 14v50H28zM56 24v14h14M38 52h22M38 63h22M38 74h14'),
      through ? 'Answered' : view.afterwards ? 'Failed afterwards' : 'Refused',
      '',
      `HTTP ${String(view.status)}`,
      through ? 'end' : 'end beyond',
    ),
  )
}
