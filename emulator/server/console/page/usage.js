/** @import { KeyUsage, UsageReport } from '../../../audit/usageReport.ts' */
import { empty, h, time } from './dom.js'
import { ask, sentence } from './door.js'

const KEYS = 50
const content = h('div', null)
const view = h(
  'div',
  { class: 'panel' },
  h(
    'div',
    { class: 'heading' },
    h('h1', null, 'Usage and cost'),
    h('button', { type: 'button', onclick: () => void load() }, 'Refresh'),
  ),
  content,
)

export function showUsage() {
  void load()
  return view
}

async function load() {
  try {
    const report = /** @type {UsageReport} */ (await ask(`usage?limit=${String(KEYS)}`))
    content.replaceChildren(...reportElements(report))
  } catch (error) {
    content.replaceChildren(empty('The usage cannot be shown', h('p', null, sentence(error))))
  }
}

/** @param {number} usd */
const dollars = (usd) => `$${usd.toFixed(usd >= 1 || usd === 0 ? 2 : 6)}`
const whole = new Intl.NumberFormat('en')

/** @param {UsageReport} report */
function reportElements({ since, until, keys, moreKeys, services, totals }) {
  const { requests } = totals
  return [
    h(
      'p',
      { class: 'note' },
      'What KMS was asked from ',
      time(since, 'date'),
      ' to ',
      time(until, 'date'),
      ", and what that costs at AWS's prices.",
    ),
    h(
      'dl',
      { class: 'figures' },
      figure('Requests to KMS', whole.format(requests.requests), dollars(requests.usd)),
      figure('Saved by Bucket Keys', whole.format(requests.savedByBucketKeys), dollars(requests.savedUsd)),
      figure('Keys kept', whole.format(totals.keys.count), dollars(totals.keys.usd)),
      figure(
        'Total',
        dollars(totals.usd),
        requests.throttled > 0 ? `${whole.format(requests.throttled)} throttled` : 'US dollars',
      ),
    ),
    table(
      'By calling service',
      ['Service', 'Requests', 'Saved', 'USD'],
      services.map(({ service, requests: count, savedByBucketKeys, usd }) => [
        service,
        whole.format(count),
        whole.format(savedByBucketKeys),
        dollars(usd),
      ]),
    ),
    table('By key, the dearest first', ['Key', 'Requests', 'Saved', 'Kept', 'USD'], keys.map(keyRow)),
    ...(moreKeys > 0 ? [h('p', { class: 'note' }, `and ${whole.format(moreKeys)} more keys`)] : []),
  ]
}

/** @param {KeyUsage} usage @returns {import('./dom.js').Child[]} */
const keyRow = ({ key, requests, kept, usd }) => [
  key === null ? '(no key)' : keyLink(key),
  whole.format(requests.requests),
  whole.format(requests.savedByBucketKeys),
  kept ? dollars(kept.usd) : '',
  dollars(usd),
]

/** @param {string} arn */
function keyLink(arn) {
  const [, , , region = '', account = '', id = ''] = arn.split(':')
  return [
    h('a', { href: `#/keys/${encodeURIComponent(arn)}` }, h('code', null, id.replace('key/', ''))),
    h('div', { class: 'note' }, `${account} · ${region}`),
  ]
}

/** @param {string} name @param {string} value @param {string} note */
const figure = (name, value, note) =>
  h('div', null, h('dt', null, name), h('dd', null, value), h('dd', { class: 'note' }, note))

/** @param {string} caption @param {readonly string[]} head @param {readonly (readonly import('./dom.js').Child[])[]} rows */
function table(caption, head, rows) {
  if (rows.length === 0) return h('p', { class: 'note' }, `${caption}: nothing yet.`)
  return h(
    'div',
    { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': caption },
    h(
      'table',
      null,
      h('caption', null, caption),
      h(
        'thead',
        null,
        h(
          'tr',
          null,
          head.map((name) => h('th', { scope: 'col' }, name)),
        ),
      ),
      h(
        'tbody',
        null,
        rows.map((cells) =>
          h(
            'tr',
            null,
            cells.map((cell, index) => (index === 0 ? h('th', { scope: 'row' }, cell) : h('td', null, cell))),
          ),
        ),
      ),
    ),
  )
}
