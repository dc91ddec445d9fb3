/** @import { DecisionSummary } from '../../../audit/decisionLog.ts' */
import { h, shortArn, time } from './dom.js'
import { gateIcon } from './gates.js'

/** What the list keeps and shows at most. */
export const MOST = 500

/** @typedef {{ verdict: 'all' | 'denied' | 'failed', text: string, account: string }} Filter */

export const VERDICT = { allowed: 'allowed', denied: 'denied', failed: 'failed' }

/**
 * The account of a caller, or undefined when it has none.
 * @param {DecisionSummary} summary
 */
export const accountOf = ({ principal }) => /^arn:[^:]*:[^:]*:[^:]*:(\d{12}):/.exec(principal)?.[1]

/**
 * @param {DecisionSummary} summary
 * @param {Filter} filter
 */
export function passes(summary, { verdict, text, account }) {
  if (verdict !== 'all' && summary.outcome !== verdict) return false
  if (account !== '' && accountOf(summary) !== account) return false
  const { service, operation, principal, resource, requestId, error } = summary
  const told = `${service}:${operation ?? ''} ${principal} ${resource ?? ''} ${requestId} ${error?.code ?? ''} ${error?.message ?? ''}`
  return told.toLowerCase().includes(text.toLowerCase())
}

/**
 * The rows of the list, newest first. One of them is in the tab order; arrows move between them.
 */
export class RequestList {
  element = h('ol', { class: 'requests', 'aria-label': 'Requests, the latest first' })
  /** Of the request whose decision is shown. @type {string | undefined} */
  #selected
  /** @type {Map<string, HTMLLIElement>} */
  #rows = new Map()

  constructor() {
    this.element.addEventListener('keydown', (event) => {
      this.#move(event)
    })
    this.element.addEventListener('focusin', ({ target }) => {
      if (target instanceof HTMLAnchorElement) this.#reachable(target)
    })
  }

  get size() {
    return this.#rows.size
  }

  /** @param {readonly DecisionSummary[]} summaries newest first */
  show(summaries) {
    this.#rows.clear()
    for (const summary of summaries) this.#rows.set(summary.requestId, this.#row(summary))
    this.element.replaceChildren(...this.#rows.values())
    this.#oneReachable()
  }

  /** @param {DecisionSummary} summary takes the place of an earlier one of the same request */
  add(summary) {
    const row = this.#row(summary)
    const known = this.#rows.get(summary.requestId)
    if (known) {
      const focused = known.contains(document.activeElement)
      known.replaceWith(row)
      if (focused) row.querySelector('a')?.focus()
    } else {
      row.classList.add('new')
      this.element.prepend(row)
    }
    this.#rows.set(summary.requestId, row)
  }

  trim() {
    while (this.element.childElementCount > MOST) this.element.lastElementChild?.remove()
    for (const [id, row] of this.#rows) if (!row.isConnected) this.#rows.delete(id)
    this.#oneReachable()
  }

  /** @param {string | undefined} requestId */
  select(requestId) {
    this.#link(this.#selected)?.removeAttribute('aria-current')
    this.#selected = requestId
    this.#link(requestId)?.setAttribute('aria-current', 'true')
    const link = this.#link(requestId)
    if (link) this.#reachable(link)
  }

  /** Puts the keyboard on the selected row, or on the first. */
  focus() {
    const link = this.#link(this.#selected) ?? this.element.querySelector('a')
    link?.focus()
  }

  /** @param {string | undefined} requestId */
  #link(requestId) {
    return (requestId === undefined ? undefined : this.#rows.get(requestId))?.querySelector('a')
  }

  /** @param {DecisionSummary} summary */
  #row(summary) {
    const { requestId, service, operation, principal, resource, outcome, afterwards, error } = summary
    const verdict = `${VERDICT[outcome]}${afterwards ? ' afterwards' : ''}`
    return h(
      'li',
      null,
      h(
        'a',
        {
          href: `#/requests/${encodeURIComponent(requestId)}`,
          class: `request ${outcome}`,
          tabindex: -1,
          'aria-current': requestId === this.#selected && 'true',
        },
        gateIcon(outcome),
        h('span', { class: 'what' }, `${service}:${operation ?? '(unknown)'}`),
        h('span', { class: 'when' }, time(summary.time)),
        h('span', { class: 'who' }, shortArn(principal), resource !== null && ` → ${shortArn(resource)}`),
        h('span', { class: 'verdict' }, outcome === 'failed' ? (error?.code ?? verdict) : verdict),
      ),
    )
  }

  /** @param {HTMLAnchorElement} link */
  #reachable(link) {
    for (const other of this.element.querySelectorAll('a[tabindex="0"]')) other.setAttribute('tabindex', '-1')
    link.setAttribute('tabindex', '0')
  }

  #oneReachable() {
    const link = this.element.querySelector('a[tabindex="0"]') ? undefined : this.element.querySelector('a')
    if (link) this.#reachable(link)
  }

  /** @param {KeyboardEvent} event */
  #move(event) {
    const row = document.activeElement?.closest('li')
    const { firstElementChild: first, lastElementChild: last } = this.element
    const to = { ArrowDown: row?.nextElementSibling, ArrowUp: row?.previousElementSibling, Home: first, End: last }[
      event.key
    ]
    if (!to) return
    event.preventDefault()
    to.querySelector('a')?.focus()
  }
}
