import { explainText } from '../access/explainText.ts'
import type { DecisionView, GateView } from './decisionLog.ts'

/** A decision for a terminal: what was asked and answered, then each gate with its layers. */
export function decisionText(view: DecisionView, style: { readonly color: boolean }): string {
  const bold = (text: string) => (style.color ? `\u001b[1m${text}\u001b[0m` : text)
  const lines = [
    bold(
      `${view.outcome.toUpperCase()}${view.afterwards ? ' AFTERWARDS' : ''}: ${view.service}:${view.operation ?? '?'} by ${view.principal}`,
    ),
    `${view.time}, request ${view.requestId}, HTTP ${String(view.status)}${view.afterwards ? '; what follows came after that answer' : ''}`,
  ]
  if (view.error) lines.push('', `${view.error.code}: ${view.error.message}`)
  if (view.gates.length === 0) lines.push('', NO_GATES[view.outcome])
  else if (view.service === 's3' && view.gates.every(({ gate }) => gate === 'key'))
    lines.push('', bold('Data gate: not reached'))
  for (const gate of view.gates) lines.push('', ...gateLines(gate, bold, style))
  return `${lines.join('\n')}\n`
}

const NO_GATES = {
  allowed: 'No policy was asked: this operation needs no permission.',
  denied: 'No policy was asked: the request was refused before that.',
  failed: 'No policy was asked: the request was refused before that.',
} as const

const GATE = { allowed: 'open', denied: 'SHUT', failed: 'open to the caller, but it FAILED' } as const

function gateLines(gate: GateView, bold: (text: string) => string, style: { readonly color: boolean }): string[] {
  const name = gate.gate === 'key' ? 'Key gate' : 'Data gate'
  const lines = [`${bold(`${name}: ${GATE[gate.outcome]}`)} (${gate.service}:${gate.operation})`]
  if (gate.error) lines.push(`  ${gate.error.code}: ${gate.error.message}`, ...failureAdvice(gate.error.code))
  for (const check of gate.checks) lines.push(explainText(check, style).replace(/^/gm, '  ').trimEnd())
  return lines
}

/** What to do about a key that would not work although it may be used. */
export const FAILURES: Readonly<Record<string, string>> = {
  DisabledException: 'the key is disabled; kms:EnableKey enables it',
  KMSInvalidStateException:
    "the key's state forbids this; kms:DescribeKey shows it (kms:CancelKeyDeletion, kms:EnableKey)",
  NotFoundException: 'no such key in this account and Region; look at the ARN, and at the Region of the call',
  InvalidCiphertextException: 'the ciphertext or the encryption context is not the one that was encrypted',
  IncorrectKeyException: 'the data was encrypted under another key than the one named',
  ThrottlingException: 'the account asked more of KMS in a second than TWOKEY_QUOTAS allows; wait, and try again',
  InvalidKeyUsageException: "the key's usage (kms:DescribeKey, KeyUsage) does not fit the operation",
}

const failureAdvice = (code: string) => (FAILURES[code] === undefined ? [] : [`  what would help: ${FAILURES[code]}`])
