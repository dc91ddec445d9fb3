/** @import { DecisionSummary, DecisionView } from '../../../audit/decisionLog.ts' */
import { decisionElement } from './decision.js'
import { command, empty, h, shortArn } from './dom.js'
import { ask, sentence } from './door.js'
import { listen } from './live.js'
import { accountOf, MOST, passes, RequestList } from './requestList.js'

/** @type {import('./requestList.js').Filter} */
const filter = { verdict: 'all', text: '', account: '' }
/** What is known of the latest requests, newest first. @type {DecisionSummary[]} */
let known = []
/** What arrived while the list is held. @type {DecisionSummary[] | undefined} */
let held
/** @type {string | undefined} */
let selected
let loaded = false

const list = new RequestList()
const detail = h('section', { class: 'detail', 'aria-label': 'Decision', tabindex: -1 })
const nothing = h('div', { class: 'nothing' })
const count = h('p', { class: 'count', role: 'status' })
const accounts = h(
  'select',
  { 'aria-label': 'Account', onchange: refilter },
  h('option', { value: '' }, 'All accounts'),
)
const hold = h('button', { type: 'button', class: 'quiet', 'aria-pressed': 'false', onclick: toggleHold }, 'Hold')
const search = h('input', { type: 'search', 'aria-label': 'Find', placeholder: 'Find', oninput: refilter })

/** @param {typeof filter.verdict} value @param {string} label */
const verdictChoice = (value, label) =>
  h(
    'label',
    null,
    h('input', { type: 'radio', name: 'verdict', value, checked: value === 'all', onchange: refilter }),
    h('span', null, label),
  )
const verdicts = h(
  'fieldset',
  { class: 'choice' },
  h('legend', { class: 'unseen' }, 'Verdict'),
  verdictChoice('all', 'All'),
  verdictChoice('denied', 'Denied'),
  verdictChoice('failed', 'Failed'),
)

export const requestsView = h(
  'div',
  { class: 'split' },
  h(
    'section',
    { class: 'side', 'aria-label': 'Requests' },
    h('h1', { class: 'unseen' }, 'Requests'),
    h('div', { class: 'filters', role: 'search' }, verdicts, hold, search, accounts),
    count,
    nothing,
    list.element,
  ),
  detail,
)
requestsView.addEventListener('keydown', ({ key }) => {
  if (key === 'Escape' && selected !== undefined) location.hash = '#/requests'
})

/**
 * Shows the list, and beside it the decision of a request.
 * @param {string | undefined} requestId
 */
export function showRequests(requestId) {
  const before = selected
  selected = requestId
  list.select(requestId)
  requestsView.classList.toggle('open', requestId !== undefined)
  if (requestId !== undefined) void showDecision(requestId, true)
  else {
    detail.replaceChildren(hint())
    if (before !== undefined) list.focus()
  }
}

function hint() {
  const denial = known.find(({ outcome }) => outcome === 'denied')
  return h(
    'div',
    { class: 'hint' },
    denial &&
      h('p', null, h('a', { href: `#/requests/${encodeURIComponent(denial.requestId)}` }, 'Open the latest denial')),
    h('p', null, 'Choose a request: arrow keys move, Enter opens, Escape comes back here.'),
  )
}

/** @param {string} requestId @param {boolean} focus */
async function showDecision(requestId, focus) {
  const content = await ask(`decisions/${encodeURIComponent(requestId)}`).then(
    (view) => decisionElement(/** @type {DecisionView} */ (view)),
    (/** @type {unknown} */ error) => empty('This request is not remembered', h('p', null, sentence(error))),
  )
  if (selected !== requestId) return
  detail.replaceChildren(h('a', { class: 'back', href: '#/requests' }, '← All requests'), content)
  if (!focus) return
  detail.scrollTop = 0
  detail.focus({ preventScroll: true })
  if (getComputedStyle(detail).overflowY !== 'auto') window.scrollTo(0, 0)
}

/** Begins to listen, for as long as the page is open. */
export function startRequests() {
  const connection = document.getElementById('connection')
  /** @param {string} state */
  const say = (state) => {
    if (!connection) return
    connection.textContent = state
    connection.classList.toggle('live', state === 'live')
  }
  listen({
    most: MOST,
    connected() {
      say('live')
      void load()
    },
    lost() {
      say('reconnecting')
    },
    arrived,
    cleared() {
      known = []
      held &&= []
      render()
      if (selected !== undefined) location.hash = '#/requests'
    },
  })
}

async function load() {
  const denied = filter.verdict === 'denied' ? '&outcome=denied' : ''
  const answer = await ask(`decisions?limit=${String(MOST)}${denied}`).catch(() => undefined)
  if (!answer) return
  const { decisions } = /** @type {{ decisions: DecisionSummary[] }} */ (answer)
  // What came of a request later is told besides the request itself, and before it.
  const seen = new Set()
  known = decisions.filter(({ requestId }) => seen.size < seen.add(requestId).size)
  loaded = true
  render()
}

/** @param {readonly DecisionSummary[]} batch oldest first */
function arrived(batch) {
  announce(batch.filter(({ outcome }) => outcome === 'denied'))
  // What came of the request that is shown, after its answer.
  if (batch.some(({ requestId }) => requestId === selected) && selected !== undefined)
    void showDecision(selected, false)
  if (held) {
    held = [...held, ...batch].slice(-MOST)
    hold.textContent = `Go on (${String(held.length)})`
    return
  }
  const wanted = filter.verdict === 'denied' ? batch.filter(({ outcome }) => outcome === 'denied') : batch
  if (wanted.length > 0) nothing.replaceChildren()
  const fresh = new Map(wanted.map((summary) => [summary.requestId, summary]))
  known = [...[...fresh.values()].reverse(), ...known.filter(({ requestId }) => !fresh.has(requestId))].slice(0, MOST)
  for (const summary of fresh.values()) {
    offerAccount(summary)
    if (passes(summary, filter)) list.add(summary)
  }
  list.trim()
  tellCount()
}

/** @param {readonly DecisionSummary[]} denials */
function announce(denials) {
  const last = denials.at(-1)
  const announcer = document.getElementById('announcer')
  if (!last || !announcer) return
  const more = denials.length > 1 ? `${String(denials.length)} requests denied, the latest: ` : 'Denied: '
  announcer.textContent = `${more}${last.service}:${last.operation ?? ''} by ${shortArn(last.principal)}`
}

function toggleHold() {
  const waiting = held
  held = held ? undefined : []
  hold.setAttribute('aria-pressed', String(held !== undefined))
  hold.textContent = held ? 'Go on (0)' : 'Hold'
  if (waiting) arrived(waiting)
}

function refilter() {
  const before = filter.verdict
  const chosen = verdicts.querySelector('input:checked')
  filter.verdict = /** @type {typeof before} */ (chosen instanceof HTMLInputElement ? chosen.value : 'all')
  filter.text = search.value
  filter.account = accounts.value
  // Denials are remembered for longer than other requests: there may be more of them than the list had.
  if (before !== filter.verdict && [before, filter.verdict].includes('denied')) void load()
  else render()
}

function render() {
  for (const summary of known) offerAccount(summary)
  list.show(known.filter((summary) => passes(summary, filter)))
  list.select(selected)
  nothing.replaceChildren(...(known.length === 0 && loaded ? [firstSteps()] : []))
  tellCount()
}

/** After the list has changed. */
function tellCount() {
  if (selected === undefined) detail.replaceChildren(hint())
  count.textContent =
    list.size === known.length
      ? ''
      : `${String(list.size)} of the latest ${String(known.length)} requests fit; the others are hidden.`
}

const offered = new Set()

/** @param {DecisionSummary} summary */
function offerAccount(summary) {
  const account = accountOf(summary)
  if (account === undefined || offered.has(account) || offered.size > 100) return
  offered.add(account)
  accounts.append(h('option', { value: account }, account))
}

function firstSteps() {
  const { origin } = location
  return empty(
    'Nothing has been asked yet',
    h('p', null, 'Requests appear here as they come. To see one denied, load the world of the two-minute story:'),
    command(
      `curl -d @fixtures/worlds/two-minutes.json ${origin}/_twokey/worlds`,
      'the command that loads the world of the story',
    ),
    h('p', null, 'Then be its reader, who may read the object but not use its key:'),
    command(
      [
        `export AWS_ENDPOINT_URL=${origin} AWS_DEFAULT_REGION=us-east-1`,
        'export AWS_ACCESS_KEY_ID=AKIAREADER0000000001 AWS_SECRET_ACCESS_KEY=reader-secret',
        'aws s3 cp s3://secrets/report.txt -',
      ].join('\n'),
      'the commands that read the object',
    ),
  )
}
