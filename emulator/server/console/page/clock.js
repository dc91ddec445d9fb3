import { confirmed } from './confirm.js'
import { empty, h, time } from './dom.js'
import { ask, sentence } from './door.js'
import { policyDocument } from './document.js'

/** @typedef {{ now: string, offsetMilliseconds: number }} ClockView */
/** @typedef {{ id: string, vpc: string, account: string, region: string, services?: string[], policy?: object }} EndpointView */

const EVERY = 15_000
/** By how much the emulator's time is ahead of this machine's, in milliseconds. */
let ahead = 0
let offset = 0

const big = h('p', { class: 'big' })
const moved = h('p', { class: 'note' })
const said = h('p', { class: 'said-short', role: 'status' })
const endpoints = h('div', null)
const duration = h('input', { 'aria-label': 'Duration', value: 'P8D', size: 8, pattern: '-?P.+', required: true })

/** @param {string} by @param {string} label */
const step = (by, label) => h('button', { type: 'button', onclick: () => void advance(by) }, label)

const view = h(
  'div',
  { class: 'panel' },
  h('h1', null, 'Clock'),
  big,
  moved,
  h(
    'p',
    null,
    'Time is an input here: move it, and what is due happens. Keys scheduled for deletion are deleted, sessions and imported material expire, keys rotate.',
  ),
  h(
    'div',
    { class: 'actions' },
    step('PT1H', '+ 1 hour'),
    step('P1D', '+ 1 day'),
    step('P8D', '+ 8 days'),
    step('P31D', '+ 31 days'),
  ),
  h(
    'form',
    { class: 'actions', onsubmit: submitted },
    duration,
    h('button', null, 'Advance'),
    h('button', { type: 'button', onclick: () => void back() }, 'Back to the machine’s time'),
  ),
  said,
  h('h2', null, 'VPC endpoints'),
  endpoints,
  h('h2', null, 'Begin anew'),
  h('p', null, 'Empties everything: accounts, keys, objects, decisions. What was encrypted can never be read again.'),
  h('button', { type: 'button', class: 'danger', onclick: () => void reset() }, 'Empty everything …'),
)

export function showClock() {
  void readClock()
  void readEndpoints()
  return view
}

/** Shows the emulator's time at the top of the page. */
export function startClock() {
  void readClock()
  setInterval(() => void readClock(), EVERY)
  setInterval(tell, 1000)
}

async function readClock() {
  try {
    took(/** @type {ClockView} */ (await ask('clock')))
  } catch {
    // The connection's own sign says that the emulator is away.
  }
}

/** @param {ClockView} clock */
function took(clock) {
  ahead = Date.parse(clock.now) - Date.now()
  offset = clock.offsetMilliseconds
  tell()
}

function tell() {
  const now = new Date(Date.now() + ahead).toISOString()
  const text = Math.abs(offset) < 1000 ? "the machine's time" : `moved by ${spell(offset)}`
  big.replaceChildren(time(now, 'date'))
  moved.textContent = text
  document
    .getElementById('now')
    ?.replaceChildren(
      h('span', null, `${now.slice(0, 16).replace('T', ' ')} UTC`),
      Math.abs(offset) < 1000 ? '' : h('span', { class: 'moved' }, spell(offset)),
    )
}

/** `+8 d 2 h`. @param {number} milliseconds */
function spell(milliseconds) {
  const minutes = Math.round(Math.abs(milliseconds) / 60_000)
  const parts = [
    `${String(Math.floor(minutes / 1440))} d`,
    `${String(Math.floor(minutes / 60) % 24)} h`,
    `${String(minutes % 60)} min`,
  ]
  const told = parts.filter((part) => !part.startsWith('0 ')).slice(0, 2)
  return `${milliseconds < 0 ? '−' : '+'}${told.length > 0 ? told.join(' ') : '0 min'}`
}

/** @param {Event} event */
function submitted(event) {
  event.preventDefault()
  void advance(duration.value)
}

/** @param {string} by */
async function advance(by) {
  const question = {
    title: `Move the clock by ${by}?`,
    text: 'Everything that falls due in between happens at once, and does not come back when the clock is moved back.',
    action: `Move by ${by}`,
  }
  if (await confirmed(question)) await change({ advance: by }, `The clock was moved by ${by}.`)
}

async function back() {
  const question = {
    title: 'Back to the machine’s time?',
    text: 'What happened meanwhile stays as it is: a key that was deleted is gone.',
    action: 'Move back',
  }
  if (await confirmed(question)) await change({ reset: true }, 'The clock shows the machine’s time.')
}

/** @param {object} body @param {string} done */
async function change(body, done) {
  try {
    took(/** @type {ClockView} */ (await ask('clock', body)))
    said.textContent = done
  } catch (error) {
    said.textContent = sentence(error)
  }
}

async function reset() {
  const question = {
    title: 'Empty everything?',
    text: 'All accounts, keys, objects and decisions are deleted, and the clock goes back. This cannot be undone.',
    action: 'Empty everything',
  }
  if (!(await confirmed(question))) return
  try {
    await ask('reset', {})
    said.textContent = 'Everything is empty.'
    await Promise.all([readClock(), readEndpoints()])
  } catch (error) {
    said.textContent = sentence(error)
  }
}

async function readEndpoints() {
  try {
    const answer = /** @type {{ endpoints: EndpointView[] }} */ (await ask('vpc-endpoints'))
    endpoints.replaceChildren(
      ...(answer.endpoints.length === 0
        ? [h('p', { class: 'note' }, 'None is declared; docs/worlds.md says how.')]
        : answer.endpoints.map(endpointElement)),
    )
  } catch (error) {
    endpoints.replaceChildren(empty('The endpoints cannot be shown', h('p', null, sentence(error))))
  }
}

/** @param {EndpointView} endpoint */
const endpointElement = ({ id, vpc, account, region, services, policy }) =>
  h(
    'details',
    { class: 'card' },
    h(
      'summary',
      null,
      h('code', null, id),
      ` ${vpc} · ${account} · ${region}${services ? ` · ${services.join(', ')}` : ''}`,
    ),
    policy
      ? policyDocument(
          { name: `policy of ${id}`, arn: null, document: JSON.stringify(policy), statements: [] },
          undefined,
        )
      : h('p', { class: 'note' }, "AWS's default policy: everything is allowed."),
  )
