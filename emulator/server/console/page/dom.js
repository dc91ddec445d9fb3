/** @typedef {Node | string | number | null | false | undefined} Leaf */
/** @typedef {Leaf | readonly (Leaf | readonly Leaf[])[]} Child What an element may hold. */
/** @typedef {Readonly<Record<string, string | number | boolean | ((event: Event) => void) | undefined>>} Attributes */

/**
 * Makes an element. Text goes in as text, whatever it says: what the console shows was written by others.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Attributes | null} [attributes] `onclick` and the like take functions; false and undefined leave an attribute out
 * @param {readonly Child[]} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export const h = (tag, attributes, ...children) => filled(document.createElement(tag), attributes, children)

/**
 * The same for drawings.
 * @param {keyof SVGElementTagNameMap} tag
 * @param {Attributes | null} [attributes]
 * @param {readonly Child[]} children
 * @returns {SVGElement}
 */
export const s = (tag, attributes, ...children) =>
  filled(document.createElementNS('http://www.w3.org/2000/svg', tag), attributes, children)

/**
 * @template {Element} E
 * @param {E} element
 * @param {Attributes | null | undefined} attributes
 * @param {readonly Child[]} children
 */
function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (typeof value === 'function') element.addEventListener(name.slice(2), value)
    else if (value !== undefined && value !== false) element.setAttribute(name, value === true ? '' : String(value))
  }
  element.append(...nodes(children))
  return element
}

/**
 * @param {readonly Child[]} children
 * @returns {(Node | string)[]}
 */
function nodes(children) {
  return children.flatMap((child) => {
    if (child === null || child === undefined || child === false) return []
    if (typeof child === 'string' || child instanceof Node) return [child]
    return typeof child === 'number' ? [String(child)] : nodes(child)
  })
}

/**
 * A name and its value, for a list of facts (`facts`).
 * @typedef {readonly [name: string, value: Child]} Fact
 */

/**
 * Facts as a description list; those without a value are left out.
 * @param {readonly (Fact | false | null)[]} list
 */
export const facts = (list) =>
  h(
    'dl',
    { class: 'facts' },
    list.map((fact) => fact && fact[1] !== null && h('div', null, h('dt', null, fact[0]), h('dd', null, fact[1]))),
  )

/**
 * A button that copies a text and says so.
 * @param {string} text
 * @param {string} what for people who do not see what stands beside it
 */
export function copyButton(text, what) {
  const label = h('span', { 'aria-live': 'polite' }, 'Copy')
  const button = h('button', { type: 'button', class: 'copy', 'aria-label': `Copy ${what}` }, label)
  button.addEventListener('click', () => {
    void copy(text).then((done) => {
      label.textContent = done ? 'Copied' : 'Press Ctrl+C'
      button.setAttribute('aria-label', label.textContent)
      setTimeout(() => {
        label.textContent = 'Copy'
        button.setAttribute('aria-label', `Copy ${what}`)
      }, 2000)
    })
  })
  return button
}

/** @param {string} text */
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    // Browsers keep the clipboard for secure origins: by a container's name over HTTP the old way is left.
    const area = h('textarea', { class: 'unseen', readonly: true })
    area.value = text
    document.body.append(area)
    area.select()
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- nothing has taken its place there
    const done = document.execCommand('copy')
    area.remove()
    return done
  }
}

/**
 * Where nothing is to be seen yet: what that means, and what to do next.
 * @param {string} title
 * @param {readonly Leaf[]} rest
 */
export const empty = (title, ...rest) => h('div', { class: 'empty' }, h('h2', null, title), rest)

/**
 * A command, ready to be copied.
 * @param {string} text
 * @param {string} what
 */
export const command = (text, what) =>
  h('div', { class: 'command' }, h('pre', { tabindex: 0 }, h('code', null, text)), copyButton(text, what))

/**
 * A moment in UTC, as `twokey explain` and CloudTrail tell it.
 * @param {string} iso
 * @param {'time' | 'date'} [how]
 */
export const time = (iso, how = 'time') =>
  h(
    'time',
    { datetime: iso, title: iso },
    how === 'time' ? iso.slice(11, 19) : `${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC`,
  )

/**
 * The part of an ARN that tells: `user/reader` of a user, `secrets/report.txt` of an object.
 * @param {string} arn
 */
export const shortArn = (arn) => /^arn:[^:]*:[^:]*:[^:]*:[^:]*:(.+)$/s.exec(arn)?.[1] ?? arn

/**
 * `statement 2 (DenyKeys)`, as people count.
 * @param {number | null} index
 * @param {string | null} sid
 */
export const statementName = (index, sid) => `statement ${String((index ?? 0) + 1)}${sid ? ` (${sid})` : ''}`
