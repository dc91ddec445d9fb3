import type { Explanation } from '../../emulator/access/explain.ts'
import type { DecisionView, GateView } from '../../emulator/audit/decisionLog.ts'
import { decisionText } from '../../emulator/audit/decisionText.ts'
import { decisionOf } from '../access.ts'
import { createDoor } from '../door.ts'
import { live } from '../live.ts'
import { answered } from '../requestId.ts'
import { readDenial, readKeyUse, type DenialOptions, type KeyUseOptions } from './expectations.ts'
import { currentRun } from './run.ts'

interface Verdict {
  readonly pass: boolean
  readonly message: () => string
}

/** For `expect.extend`. Each takes what `Access.decision` takes, looks the decision up, and prints it when it fails. */
export const matchers = {
  /** No gate was shut. A call that failed for another reason is neither allowed nor denied: it fails with and without `not`. */
  async toBeAllowed(received: unknown): Promise<Verdict> {
    const view = await lookUp(received)
    if (view.outcome === 'failed') throw new Error(`the call was not denied, but it failed\n\n${text(view)}`)
    const pass = view.outcome === 'allowed'
    return verdict(pass, `expected the call ${pass ? 'not ' : ''}to be allowed`, view)
  },

  /** Refused for want of one permission: `kms:Decrypt`. */
  async toBeDeniedBy(received: unknown, action: string, options: DenialOptions = {}): Promise<Verdict> {
    const { fits, says } = readDenial(action, options)
    const view = await lookUp(received)
    const denials = view.gates.flatMap(({ checks }) => checks.filter(({ allowed }) => !allowed))
    const pass = denials.some(fits)
    const what = pass ? '' : `; it was ${denials.map(denialText).join(' and ') || OTHERWISE[view.outcome]}`
    return verdict(pass, `expected the call ${pass ? 'not ' : ''}to be denied by ${says}${what}`, view)
  },

  /** KMS was asked for this key, by the call or by its service for the caller, and granted it. */
  async toHaveUsedKey(received: unknown, key: string, options: KeyUseOptions = {}): Promise<Verdict> {
    const { fits, says } = readKeyUse(key, options)
    const view = await lookUp(received)
    const uses = keyUses(view)
    const pass = uses.some(fits)
    const what = pass ? '' : `; it used ${uses.map(useText).join(' and ') || 'no key'}`
    return verdict(pass, `expected the call ${pass ? 'not ' : ''}to have used ${says}${what}`, view)
  },
}

const OTHERWISE = { allowed: 'allowed', denied: 'denied', failed: 'not denied by a policy, but failed' } as const

const verdict = (pass: boolean, sentence: string, view: DecisionView): Verdict => ({
  pass,
  message: () => `${sentence}\n\n${text(view)}`,
})

const text = (view: DecisionView) => decisionText(view, { color: false })

const denialText = ({ action, decidedBy, effect }: Explanation) =>
  `denied by ${action} (layer ${decidedBy.layer}, ${effect === 'explicit-deny' ? 'explicit' : 'no Allow'})`

/** One use of a key, granted and done. */
export interface KeyUse {
  readonly key: string
  readonly operation: string
  /** The service that asked; undefined where the caller did. */
  readonly via: string | undefined
}

function keyUses(view: DecisionView): KeyUse[] {
  const direct = view.service === 'kms' && view.outcome === 'allowed'
  return view.gates.flatMap((gate, i) => {
    const own = view.service === 'kms' && i === 0
    if (gate.service !== 'kms' || gate.outcome !== 'allowed' || (own && !direct)) return []
    return keysOf(gate).map((key) => ({ key, operation: gate.operation, via: own ? undefined : view.service }))
  })
}

const keysOf = ({ checks }: GateView) => [...new Set(checks.map(({ resource }) => resource))]

const useText = ({ key, operation, via }: KeyUse) => `${key} for ${operation}${via === undefined ? '' : ` via ${via}`}`

/** What the emulators of this process, and that of the run, know of a call. Throws when there is no such call, or none knows it. */
async function lookUp(received: unknown): Promise<DecisionView> {
  const { requestId, thrown } = await answered(received)
  if (requestId === undefined) throw new Error(unanswered(received, thrown))
  for (const emulator of live) {
    const view = await emulator.decision(requestId)
    if (view) return view
  }
  const url = currentRun()?.url
  const view = url === undefined ? undefined : await decisionOf(createDoor(url), requestId)
  if (view) return view
  throw new Error(
    `twokey knows no request ${requestId}; was the call made with one of its clients, and since its last reset?${thrown === undefined ? '' : `\n\n${describe(thrown)}`}`,
  )
}

function unanswered(received: unknown, thrown: unknown): string {
  if (thrown !== undefined) return `the call got no answer of twokey: ${describe(thrown)}`
  return `expect(…) must be given a call of AWS's SDK (its promise, output or error), not ${received === null ? 'null' : typeof received}`
}

/** Errors of a test's sandbox are no instances of this realm's. */
const describe = (thrown: unknown) =>
  typeof thrown === 'object' && thrown !== null && 'message' in thrown ? String(thrown.message) : JSON.stringify(thrown)
