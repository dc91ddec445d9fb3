import type { Explanation, LayerView, PolicyView, StatementView } from './explain.ts'
import type { NearMiss } from './nearMiss.ts'
import type { ContextValue, Layer } from './types.ts'

const LAYER: Readonly<Record<Layer, string>> = {
  identity: 'identity policies',
  boundary: 'permissions boundary',
  session: 'session policies',
  scp: 'service control policies',
  rcp: 'resource control policies',
  endpoint: 'VPC endpoint policy',
  resource: 'resource policy',
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

/** An explanation for a terminal: the verdict, each layer with what it said, and what came closest. Lines end in `\n`. */
export function explainText(explanation: Explanation, style: { readonly color: boolean }): string {
  const paint = painter(style.color)
  const lines = [
    `${verdict(explanation, paint)} ${explanation.action} on ${explanation.resource}`,
    `  by ${explanation.principal.name}${explanation.crossAccount ? ', of another account' : ''}`,
    `  ${reason(explanation)}`,
    ...explanation.layers.map((layer) => `  ${layerLine(layer, explanation, paint)}`),
  ]
  if (explanation.nearMiss) lines.push(...missLines(explanation.nearMiss).map((line) => `  ${paint(line, 'yellow')}`))
  return lines.map((line) => `${line}\n`).join('')
}

const verdict = ({ allowed }: Explanation, paint: Paint) =>
  allowed ? paint('allowed', 'green') : paint('DENIED', 'red')

function reason({ effect, decidedBy, action, principal }: Explanation): string {
  const { layer, policy, statement, sid, grant } = decidedBy
  if (effect === 'implicit-deny') return `no Allow for ${action} in the ${LAYER[layer]}`
  if (grant !== null) return `grant ${grant}`
  if (policy === null) return principal.kind === 'root' ? 'the root user needs no identity policy' : LAYER[layer]
  return `${effect === 'allow' ? 'Allow' : 'explicit Deny'} in ${LAYER[layer]}: ${policy}, ${statementName(statement, sid)}`
}

const statementName = (index: number | null, sid: string | null) =>
  `statement ${String((index ?? 0) + 1)}${sid === null || sid === '' ? '' : ` (${sid})`}`

function layerLine(view: LayerView, { decidedBy }: Explanation, paint: Paint): string {
  const decides = decidedBy.layer === view.layer ? '>' : ' '
  const level = view.level === null ? '' : ` level ${String(view.level + 1)}`
  const colour = view.answer === 'denies' ? 'red' : view.answer === 'allows' ? 'green' : 'dim'
  return `${decides} ${`${LAYER[view.layer]}${level}`.padEnd(28)} ${paint(ANSWER[view.answer].padEnd(8), colour)} ${detail(view)}`.trimEnd()
}

function detail(view: LayerView): string {
  if (view.layer === 'grant') {
    const hits = view.grants.filter(({ matches }) => matches)
    return hits.length > 0 ? hits.map(({ id }) => id).join(', ') : `none of ${String(view.grants.length)} matches`
  }
  const effect = view.answer === 'denies' ? 'Deny' : 'Allow'
  const hits = view.policies.flatMap((policy) =>
    policy.statements.filter((each) => each.applies && each.effect === effect).map((each) => hitName(policy, each)),
  )
  if (hits.length > 0) return hits.join('; ')
  return view.policies.length === 0 ? 'none attached' : view.policies.map(({ name }) => name).join(', ')
}

const hitName = (policy: PolicyView, { index, sid }: StatementView) => `${policy.name}, ${statementName(index, sid)}`

function missLines(miss: NearMiss): string[] {
  const where =
    miss.grant === null ? `${miss.policy ?? ''}, ${statementName(miss.statement, miss.sid)}` : `grant ${miss.grant}`
  const lines = [`nearly: ${where}: only the ${miss.failed} failed (${miss.because.replaceAll('-', ' ')})`]
  if (miss.condition) {
    const { operator, key, expected, actual } = miss.condition
    lines.push(`        ${operator} ${key}: wants ${expected.join(' or ')}, has ${actualText(actual)}`)
  }
  return lines
}

const actualText = (actual: ContextValue | null) =>
  actual === null ? 'nothing' : typeof actual === 'string' ? `"${actual}"` : `[${actual.join(', ')}]`
