import { showClock, startClock } from './clock.js'
import { showKeys } from './keys.js'
import { requestsView, showRequests, startRequests } from './requests.js'
import { showUsage } from './usage.js'

/** @typedef {(argument: string | undefined) => HTMLElement} View Shows itself for what follows its name in the address. */
/** @type {Readonly<Record<string, { title: string, show: View }>>} */
const VIEWS = {
  requests: {
    title: 'Requests',
    show(requestId) {
      showRequests(requestId)
      return requestsView
    },
  },
  keys: { title: 'Keys', show: showKeys },
  usage: { title: 'Usage', show: showUsage },
  clock: { title: 'Clock', show: showClock },
}

const main = document.getElementById('main') ?? document.body
let first = true

function route() {
  const [, name = '', argument = ''] = /^#\/(\w+)(?:\/(.*))?$/.exec(location.hash) ?? []
  const view = Object.hasOwn(VIEWS, name) ? VIEWS[name] : VIEWS['requests']
  if (!view) return
  document.title = `${view.title} · Twokey`
  for (const link of document.querySelectorAll('nav a')) {
    const here = link.textContent === view.title
    if (here) link.setAttribute('aria-current', 'page')
    else link.removeAttribute('aria-current')
  }
  const shown = main.firstElementChild
  const element = view.show(argument === '' ? undefined : decoded(argument))
  if (element === shown) return
  main.replaceChildren(element)
  // Whoever uses the keyboard or a screen reader begins where the new view does.
  if (!first) main.focus({ preventScroll: true })
  first = false
}

/** @param {string} text */
function decoded(text) {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

document.getElementById('theme')?.addEventListener('click', () => {
  const root = document.documentElement
  const dark = root.dataset['theme']
    ? root.dataset['theme'] === 'dark'
    : matchMedia('(prefers-color-scheme: dark)').matches
  root.dataset['theme'] = dark ? 'light' : 'dark'
  try {
    localStorage.setItem('twokey-theme', root.dataset['theme'])
  } catch {
    // It holds for this visit.
  }
})

window.addEventListener('hashchange', route)
route()
startRequests()
startClock()
