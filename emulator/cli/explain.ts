import { explainText } from '../access/explainText.ts'
import type { DecisionSummary, DecisionView, GateView } from '../audit/decisionLog.ts'
import { CliError } from './cliError.ts'
import { ask, emulatorUrl } from './door.ts'

const USAGE = `usage: twokey explain <request-id>    why a request was allowed or denied
       twokey explain --last-denied    the latest denial
       twokey explain --list           the latest requests
Options: --json
`

/** `twokey explain`: both gates of a request, data and key, layer by layer. */
export async function run(args: readonly string[]): Promise<number> {
  const json = args.includes('--json')
  const [id] = args.filter((arg) => !arg.startsWith('--'))
  if (args.includes('--help')) {
    process.stdout.write(USAGE)
    return 0
  }
  if (args.includes('--list')) {
    const list = await latest('')
    process.stdout.write(json ? `${JSON.stringify(list, null, 2)}\n` : list.map(summaryLine).join(''))
    return 0
  }
  const requestId = id ?? (args.includes('--last-denied') ? await lastDenied() : undefined)
  if (requestId === undefined) throw new CliError(USAGE, 2)
  const view = (await ask(`/decisions/${encodeURIComponent(requestId)}`)) as DecisionView
  process.stdout.write(
    json ? `${JSON.stringify(view, null, 2)}\n` : decisionText(view, { color: process.stdout.isTTY }),
  )
  return 0
}

const latest = async (query: string) =>
  ((await ask(`/decisions${query}`)) as { decisions: DecisionSummary[] }).decisions

async function lastDenied(): Promise<string> {
  const [denied] = await latest('?limit=1&outcome=denied')
  if (!denied) throw new CliError(`nothing has been denied yet at ${emulatorUrl()}`)
  return denied.requestId
}

const summaryLine = (summary: DecisionSummary) =>
  `${summary.time}  ${summary.outcome.padEnd(8)} ${summary.requestId.padEnd(36)} ${summary.service}:${summary.operation ?? '?'}  ${summary.principal}${
    summary.error ? `  ${summary.error.code}` : ''
  }\n`

/** A decision for a terminal. */
export function decisionText(view: DecisionView, style: { readonly color: boolean }): string {
  const lines = [
    `${view.service}:${view.operation ?? '?'} by ${view.principal}`,
    `${view.time}  request ${view.requestId}  HTTP ${String(view.status)}  ${view.outcome.toUpperCase()}`,
  ]
  if (view.error) lines.push(`${view.error.code}: ${view.error.message}`)
  if (view.gates.length === 0) lines.push('', 'No policy was asked: the request was refused before that.')
  for (const gate of view.gates) lines.push('', ...gateLines(gate, style))
  return `${lines.join('\n')}\n`
}

function gateLines(gate: GateView, style: { readonly color: boolean }): string[] {
  const mark = gate.outcome === 'allowed' ? 'open' : gate.outcome === 'denied' ? 'SHUT' : 'FAILED'
  const lines = [`${gate.gate === 'key' ? 'Key gate' : 'Data gate'} (${gate.service}:${gate.operation}): ${mark}`]
  if (gate.error) lines.push(`  ${gate.error.code}: ${gate.error.message}`)
  for (const check of gate.checks) lines.push(explainText(check, style).replace(/^/gm, '  ').trimEnd())
  return lines
}
