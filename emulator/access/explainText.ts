import { suggestionLines } from './suggest/text.ts'
import type { Explanation, LayerView, PolicyView, StatementView } from './explain.ts'
import { becauseText } from './becauseText.ts'
import type { NearMiss } from './nearMiss.ts'
import type { ContextValue, GrantConstraints, Layer } from './types.ts'

/** What people call the layers. */
export const LAYER: Readonly<Record<Layer, string>> = {
  identity: 'identity policies',
  boundary: 'permissions boundary',
  session: 'session policies',
  scp: 'service control policies',
  rcp: 'resource control policies',
  endpoint: 'VPC endpoint policy',
  resource: 'resource policy',
  acl: 'access control list',
  trust: 'role trust policy',
  grant: 'grants',
}
const ANSWER = { allows: 'allow', denies: 'DENY', silent: 'no allow' } as const

type Paint = (text: string, colour: 'red' | 'green' | 'yellow' | 'dim') => string
const CODES = { red: 31, green: 32, yellow: 33, dim: 2 } as const
const painter =
  (color: boolean): Paint =>
  (text, colour) =>
    color ? `\u001b[${String(CODES[colour])}m${text}\u001b[0m` : text

/**
 * An explanation for a terminal: the verdict, each layer with what it said (`>` marks the one that decided), what came closest,
 * and what would help. Lines end in `\n`.
 */
export function explainText(explanation: Explanation, style: { readonly color: boolean }): string {
  const paint = painter(style.color)
  const lines = [
    `${verdict(explanation, paint)} ${explanation.action} on ${explanation.resource}`,
    ...reason(explanation).map((line) => `  ${line}`),
    ...explanation.layers.map((layer) => `  ${layerLine(layer, explanation, paint)}`),
    ...missLines(explanation).map((line) => `  ${paint(line, 'yellow')}`),
    ...suggestionLines(explanation.suggestions).map((line) => `  ${line}`),
  ]
  return lines.map((line) => `${line}\n`).join('')
}

/** Why a request was denied, in a sentence. */
export const reasonText = (explanation: Explanation) => reason(explanation).join('; ')

const verdict = ({ allowed }: Explanation, paint: Paint) =>
  allowed ? paint('allowed', 'green') : paint('DENIED', 'red')

/** The cause in a sentence; nothing where the marked layer already tells all. */
function reason(explanation: Explanation): string[] {
  const { effect, decidedBy, action, principal, crossAccount } = explanation
  const { layer, policy, statement, sid, grant } = decidedBy
  if (effect === 'allow') {
    if (policy !== null || grant !== null) return []
    const free = action.toLowerCase() === 'sts:getcalleridentity'
    return [free ? 'every caller may ask this' : 'the root user needs no identity policy']
  }
  const across = crossAccount ? `; the caller is of another account, ${principal.account ?? 'none'}` : ''
  if (effect === 'implicit-deny') return [`no Allow for ${action} in the ${layerName(layer, explanation)}${across}`]
  return [`explicit Deny in ${LAYER[layer]}: ${policy ?? ''}, ${statementName(statement, sid)}${across}`]
}

const statementName = (index: number | null, sid: string | null) =>
  `statement ${String((index ?? 0) + 1)}${sid === null || sid === '' ? '' : ` (${sid})`}`

/** A resource's policy by its own name, `key policy`, where there is one. */
function layerName(layer: Layer, { layers, guard }: Explanation): string {
  if (layer !== 'resource') return LAYER[layer]
  if (guard === 'key') return 'key policy'
  return layers.find((view) => view.layer === 'resource')?.policies[0]?.name ?? LAYER.resource
}

function layerLine(view: LayerView, explanation: Explanation, paint: Paint): string {
  const decides = decidingView(explanation) === view ? '>' : ' '
  const level = view.level === null ? '' : `, level ${String(view.level + 1)}`
  const colour = view.answer === 'denies' ? 'red' : view.answer === 'allows' ? 'green' : 'dim'
  const name = `${layerName(view.layer, explanation)}${level}`.padEnd(28)
  return `${decides} ${name} ${paint(ANSWER[view.answer].padEnd(8), colour)} ${detail(view, explanation)}`.trimEnd()
}

/** Of several levels the first that denies or lacks an Allow, as AWS's order has it. */
function decidingView({ layers, decidedBy, effect }: Explanation): LayerView | undefined {
  const views = layers.filter(({ layer }) => layer === decidedBy.layer)
  if (effect === 'allow') return views[0]
  return views.find(({ answer }) => (effect === 'explicit-deny' ? answer === 'denies' : answer !== 'allows'))
}

function detail(view: LayerView, explanation: Explanation): string {
  if (view.layer === 'grant') return grantDetail(view)
  const effect = view.answer === 'denies' ? 'Deny' : 'Allow'
  const hits = view.policies.flatMap((policy) =>
    policy.statements
      .filter((each) => each.applies && each.effect === effect)
      .map((each) => hitName(policy, each, view, explanation)),
  )
  if (hits.length > 0) return hits.join('; ')
  if (view.policies.length === 0) return 'none attached'
  return `not in ${view.policies.map(({ name }) => name).join(', ')}`
}

function grantDetail({ grants }: LayerView): string {
  const hits = grants.filter(({ matches }) => matches)
  if (hits.length > 0) return hits.map(({ id }) => id).join(', ')
  return grants.length === 0 ? 'none names the caller' : `none of ${String(grants.length)} matches`
}

function hitName({ name }: PolicyView, hit: StatementView, view: LayerView, explanation: Explanation): string {
  const policy = name === layerName(view.layer, explanation) ? '' : `${name}, `
  // `:root` in a key policy grants nothing by itself.
  const delegates = explanation.guard === 'key' && hit.effect === 'Allow' && hit.principal?.because === 'account'
  return `${policy}${statementName(hit.index, hit.sid)}${delegates ? ": leaves it to the account's IAM policies" : ''}`
}

function missLines(explanation: Explanation): string[] {
  const { nearMiss: miss } = explanation
  if (!miss) return []
  const where =
    miss.grant === null ? `${miss.policy ?? ''}, ${statementName(miss.statement, miss.sid)}` : `grant ${miss.grant}`
  const lines = [
    `nearly: ${where}: ${miss.grant === null ? `all but its ${miss.failed} fits; ` : ''}${becauseText(miss.because)}`,
  ]
  if (miss.condition) {
    const { operator, key, expected, actual } = miss.condition
    lines.push(`        ${operator} ${key}: wants ${expected.join(' or ')}, has ${actualText(actual)}`)
  }
  const constraints = constraintsOf(miss, explanation)
  if (constraints) lines.push(`        its constraints: ${JSON.stringify(constraints)}`)
  return lines
}

function constraintsOf({ grant }: NearMiss, { layers }: Explanation): GrantConstraints | null {
  if (grant === null) return null
  return layers.flatMap(({ grants }) => grants).find(({ id }) => id === grant)?.constraints ?? null
}

const actualText = (actual: ContextValue | null) =>
  actual === null ? 'nothing' : typeof actual === 'string' ? `"${actual}"` : `[${actual.join(', ')}]`
