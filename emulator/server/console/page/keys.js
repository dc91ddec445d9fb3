/** @import { KeyPage, KeySummary, KeyView } from '../../admin/keys.ts' */
import { copyButton, command, empty, facts, h } from './dom.js'
import { ask, sentence } from './door.js'
import { policyDocument } from './document.js'

let account = ''
/** @type {string | undefined} */
let selected

const rows = h('ol', { class: 'requests', 'aria-label': 'Keys' })
const more = h('div', { class: 'more' })
const note = h('p', { class: 'count', role: 'status' })
const accounts = h('select', { 'aria-label': 'Account', onchange: chosen })
const detail = h('section', { class: 'detail', 'aria-label': 'Key', tabindex: -1 })
const view = h(
  'div',
  { class: 'split' },
  h(
    'section',
    { class: 'side', 'aria-label': 'Keys' },
    h('h1', { class: 'unseen' }, 'Keys'),
    h('div', { class: 'filters' }, accounts),
    note,
    rows,
    more,
  ),
  detail,
)
view.addEventListener('keydown', ({ key }) => {
  if (key === 'Escape' && selected !== undefined) location.hash = '#/keys'
})

/** @param {string | undefined} arn */
export function showKeys(arn) {
  const shown = view.isConnected
  selected = arn
  view.classList.toggle('open', arn !== undefined)
  if (!shown) void load()
  mark()
  if (arn === undefined)
    detail.replaceChildren(h('p', { class: 'hint' }, 'Choose a key to see its policy and its grants.'))
  else void showKey(arn)
  return view
}

function chosen() {
  account = accounts.value
  void load()
}

/** A page of the list: the first, or the one after a key. @param {string} [after] */
async function load(after) {
  const query = new URLSearchParams({ ...(account !== '' && { account }), ...(after !== undefined && { after }) })
  try {
    const page = /** @type {KeyPage} */ (await ask(`keys?${query}`))
    const items = page.keys.map(row)
    if (after === undefined) rows.replaceChildren(...items)
    else rows.append(...items)
    accounts.replaceChildren(
      h('option', { value: '' }, 'All accounts'),
      ...page.accounts.map((id) => h('option', { value: id, selected: id === account }, id)),
    )
    const { total, next } = page
    note.textContent =
      total === 0 ? '' : `${String(rows.childElementCount)} of ${String(total)} ${total === 1 ? 'key' : 'keys'}`
    more.replaceChildren(
      ...(next === null ? [] : [h('button', { type: 'button', onclick: () => void load(next) }, 'Show more')]),
    )
    if (total === 0) more.replaceChildren(noKeys())
    mark()
  } catch (error) {
    note.textContent = sentence(error)
  }
}

const noKeys = () =>
  empty(
    'There is no key yet',
    h('p', null, 'Make one with the AWS CLI, or load a world with keys and policies:'),
    command(
      `AWS_ENDPOINT_URL=${location.origin} AWS_DEFAULT_REGION=us-east-1 AWS_ACCESS_KEY_ID=111111111111 AWS_SECRET_ACCESS_KEY=test aws kms create-key`,
      'the command that creates a key',
    ),
  )

/** @param {KeySummary} key */
const row = ({ arn, id, aliases, account: owner, region, spec, state, manager }) =>
  h(
    'li',
    null,
    h(
      'a',
      { href: `#/keys/${encodeURIComponent(arn)}`, class: `request key ${state === 'Enabled' ? 'allowed' : 'failed'}` },
      h('span', { class: 'what' }, aliases[0] ?? id),
      h('span', { class: 'when' }, region),
      h('span', { class: 'who' }, `${owner} · ${spec}${manager === 'AWS' ? ' · AWS managed' : ''}`),
      h('span', { class: 'verdict' }, state),
    ),
  )

function mark() {
  for (const link of rows.querySelectorAll('a')) {
    if (link.getAttribute('href') === `#/keys/${encodeURIComponent(selected ?? '')}`)
      link.setAttribute('aria-current', 'true')
    else link.removeAttribute('aria-current')
  }
}

/** @param {string} arn */
async function showKey(arn) {
  const content = await ask(`keys/${encodeURIComponent(arn)}`).then(
    (key) => keyElement(/** @type {KeyView} */ (key)),
    (/** @type {unknown} */ error) => empty('This key is not there', h('p', null, sentence(error))),
  )
  if (selected !== arn) return
  detail.replaceChildren(h('a', { class: 'back', href: '#/keys' }, '← All keys'), content)
  detail.focus({ preventScroll: true })
}

/** @param {KeyView} key */
function keyElement(key) {
  const { metadata, rotation } = key
  const tags = Object.entries(key.tags)
  return h(
    'div',
    { class: 'decision' },
    h(
      'header',
      { class: key.state === 'Enabled' ? 'allowed' : 'failed' },
      h('p', { class: 'verdict' }, key.state),
      h('h2', null, key.aliases[0] ?? key.id),
      key.description !== '' && h('p', { class: 'by' }, key.description),
    ),
    h(
      'section',
      { class: 'card' },
      facts([
        ['ARN', h('span', { class: 'copyable' }, h('code', { class: 'arn' }, key.arn), copyButton(key.arn, 'the ARN'))],
        key.aliases.length > 1 && ['Aliases', key.aliases.join(', ')],
        ['Spec', `${key.spec}, ${key.usage}`],
        ['Origin', String(metadata.Origin)],
        key.manager === 'AWS' && ['Managed by', 'AWS'],
        ['Created', String(metadata.CreationDate)],
        metadata.DeletionDate !== undefined && ['Will be deleted', String(metadata.DeletionDate)],
        metadata.ValidTo !== undefined && ['Material expires', String(metadata.ValidTo)],
        metadata.MultiRegion === true && [
          'Multi-Region',
          String(metadata.MultiRegionConfiguration?.MultiRegionKeyType),
        ],
        rotation && ['Rotation', `every ${String(rotation.periodInDays)} days, next ${rotation.nextAt}`],
        tags.length > 0 && ['Tags', tags.map(([name, value]) => h('code', { class: 'pair' }, `${name} = ${value}`))],
      ]),
    ),
    h(
      'section',
      { class: 'card' },
      h('h3', null, 'Key policy'),
      policyDocument({ name: 'key policy', arn: null, document: key.policy, statements: [] }, undefined),
    ),
    h(
      'section',
      { class: 'card' },
      h('h3', null, key.grants === 1 ? '1 grant' : `${String(key.grants)} grants`),
      key.grants === 0 && h('p', { class: 'note' }, 'Nobody uses this key by a grant.'),
      key.grants > key.grantEntries.length &&
        h('p', { class: 'note' }, `The first ${String(key.grantEntries.length)}.`),
      key.grantEntries.map((grant) =>
        h(
          'div',
          { class: 'grant' },
          facts([
            ['To', h('code', { class: 'arn' }, grant.GranteePrincipal ?? grant.GranteeServicePrincipal ?? '')],
            ['Operations', (grant.Operations ?? []).join(', ')],
            grant.Name !== undefined && grant.Name !== '' && ['Name', grant.Name],
            grant.Constraints !== undefined && ['Constraints', h('code', null, JSON.stringify(grant.Constraints))],
            ['Grant id', h('code', { class: 'arn' }, grant.GrantId ?? '')],
          ]),
        ),
      ),
    ),
  )
}
