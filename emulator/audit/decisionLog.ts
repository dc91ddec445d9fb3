import { explain, type Explanation } from '../access/explain.ts'
import type { Suggestion } from '../access/suggest/types.ts'
import type { Decision } from '../access/types.ts'
import { HeldPolicies } from './heldPolicies.ts'
import type { Listener, Outcome } from './recorder.ts'
import { createRing, type Ring } from './ring.ts'
import { outcomeWeight } from './weight.ts'

/** One of the two locks of a request. */
export interface GateView {
  /** `data`: the operation's own permissions. `key`: the permissions and the state of the KMS key. */
  readonly gate: 'data' | 'key'
  readonly service: string
  readonly operation: string
  readonly outcome: 'allowed' | 'denied' | 'failed'
  /** The refusal that is not about permission: a disabled key, a bad ciphertext. */
  readonly error?: { readonly code: string; readonly message: string }
  readonly checks: readonly Explanation[]
}

/** What `GET /_twokey/decisions/<id>` answers: JSON values only. */
export interface DecisionView extends DecisionSummary {
  /** Where the request came from. */
  readonly from: {
    readonly sourceIp: string
    readonly userAgent: string
    readonly host: string
    readonly secure: boolean
    /** `vpce-…`; null when it came through none. */
    readonly endpoint: string | null
  }
  readonly gates: readonly GateView[]
  /** What would open the first gate that was shut by a policy: any one of them. */
  readonly suggestions: readonly Suggestion[]
}

export interface DecisionSummary {
  readonly requestId: string
  /** ISO 8601. */
  readonly time: string
  readonly service: string
  readonly operation: string | null
  readonly region: string
  /** The caller's ARN; `anonymous`, or a service's name. */
  readonly principal: string
  /** What the first permission asked for is about; null when none was asked for. */
  readonly resource: string | null
  /** What was answered. */
  readonly status: number
  /** The outcome is what came of it after the answer. */
  readonly afterwards?: true
  readonly outcome: 'allowed' | 'denied' | 'failed'
  readonly error?: { readonly code: string; readonly message: string }
}

export interface DecisionLog {
  readonly listener: Listener
  /** The latest first. */
  list(options: { readonly limit: number; readonly deniedOnly?: boolean }): DecisionSummary[]
  get(requestId: string): DecisionView | undefined
  /** The decision that refused a request, its own or that of a call forwarded for it. */
  refusal(requestId: string): Decision | undefined
  /** @param cleared told when everything is forgotten */
  subscribe(subscriber: (summary: DecisionSummary) => void, cleared?: () => void): () => void
  clear(): void
  /** How much is remembered, and what that takes in bytes by estimate: of all requests, and of those that were refused. */
  memory(): Readonly<Record<'recent' | 'refused', { readonly count: number; readonly bytes: number }>>
}

/** Of all requests: few, because each lives long enough to burden the garbage collector. */
const RECENT = 1000
/** Of those that were refused: these are the ones that people ask about, also later. */
const REFUSED = 10_000
const EARLY = 1000
/** Bytes, by estimate. Ordinary requests come nowhere near: these are for large ones. */
export const RECENT_BUDGET = 32 * 1024 * 1024
export const REFUSED_BUDGET = 96 * 1024 * 1024
/** Characters of a policy document below which it is not worth counting for every request; for a refusal it is. */
const SHORT_POLICY = 512

/** The latest decisions, in bounded memory. Only references are kept; the explanation is computed when somebody asks. */
export function createDecisionLog(): DecisionLog {
  const recent = new Shelf(RECENT, RECENT_BUDGET, SHORT_POLICY)
  const refusals = new Shelf(REFUSED, REFUSED_BUDGET, 0)
  /** What came of requests that have not been heard of themselves yet. */
  const early = new Map<string, Outcome>()
  const subscribers = new Map<(summary: DecisionSummary) => void, (() => void) | undefined>()
  /** Walks what is kept: an index would cost every request something, and few are ever asked about. */
  const find = (requestId: string): Outcome | undefined => {
    for (const ring of [recent, refusals])
      for (const outcome of ring.newest()) if (outcome.requestId === requestId) return outcome
    return undefined
  }
  /** A request together with what came of it after its answer, which may be heard of first: both gates under one id. */
  const together = (finished: Outcome): Outcome => {
    const { requestId } = finished
    if (finished.later) {
      const request = find(requestId)
      if (request) return joined(request, finished)
      early.set(requestId, finished)
      // Of a request that has been forgotten nothing will be heard.
      if (early.size > EARLY) for (const oldest of [...early.keys()].slice(0, 1)) early.delete(oldest)
      return finished
    }
    const later = early.size > 0 ? early.get(requestId) : undefined
    if (!later) return finished
    early.delete(requestId)
    return joined(finished, later)
  }
  return {
    listener(finished) {
      const outcome = together(finished)
      const weight = outcomeWeight(outcome)
      recent.add(outcome, weight)
      // A refusal stays known for as long as it is among the refusals.
      if (outcome.error) refusals.add(outcome, weight)
      if (subscribers.size > 0) for (const subscriber of subscribers.keys()) subscriber(summarise(outcome))
    },
    list({ limit, deniedOnly = false }) {
      const found: DecisionSummary[] = []
      for (const outcome of (deniedOnly ? refusals : recent).newest()) {
        if (found.length >= limit) break
        const summary = summarise(outcome)
        if (!deniedOnly || summary.outcome === 'denied') found.push(summary)
      }
      return found
    },
    get(requestId) {
      const outcome = find(requestId)
      return outcome && viewOf(outcome)
    },
    refusal(requestId) {
      const trace = find(requestId)?.trace
      return trace && [...trace.decisions, ...trace.forwarded.flatMap((call) => call.trace.decisions)].find(refused)
    },
    subscribe(subscriber, cleared) {
      subscribers.set(subscriber, cleared)
      return () => subscribers.delete(subscriber)
    },
    clear() {
      recent.clear()
      refusals.clear()
      early.clear()
      for (const cleared of subscribers.values()) cleared?.()
    },
    memory: () => ({ recent: recent.memory(), refused: refusals.memory() }),
  }
}

/** The latest outcomes, bounded in number and in what they hold on to: the oldest go first, and the latest stays in any case. */
class Shelf {
  readonly #outcomes: Ring<Outcome>
  readonly #policies: HeldPolicies
  readonly #budget: number

  constructor(most: number, budget: number, shortPolicy: number) {
    this.#outcomes = createRing(most)
    this.#policies = new HeldPolicies(shortPolicy)
    this.#budget = budget
  }

  add(outcome: Outcome, weight: number): void {
    const outcomes = this.#outcomes
    const policies = this.#policies
    if (outcome.trace) policies.hold(outcome, outcome.trace)
    const gone = outcomes.add(outcome, weight)
    if (gone) policies.release(gone)
    while (outcomes.weight + policies.weight > this.#budget && outcomes.size > 1) {
      const oldest = outcomes.drop()
      if (oldest) policies.release(oldest)
    }
  }

  newest(): Generator<Outcome> {
    return this.#outcomes.newest()
  }

  clear(): void {
    this.#outcomes.clear()
    this.#policies.clear()
  }

  memory() {
    return { count: this.#outcomes.size, bytes: this.#outcomes.weight + this.#policies.weight }
  }
}

function joined(earlier: Outcome, later: Outcome): Outcome {
  if (!earlier.trace || !later.trace) return later
  const { decisions, forwarded, readOnly } = earlier.trace
  const size = (earlier.size ?? 0) + (later.size ?? 0)
  return { ...later, size, trace: { decisions, forwarded: [...forwarded, ...later.trace.forwarded], readOnly } }
}

function summarise(outcome: Outcome): DecisionSummary {
  const { caller, error } = outcome
  const { principal } = caller
  return {
    requestId: outcome.requestId,
    time: new Date(outcome.time).toISOString(),
    service: outcome.service,
    operation: outcome.operation ?? null,
    region: outcome.region,
    principal:
      principal.kind === 'anonymous' ? 'anonymous' : principal.kind === 'service' ? principal.service : principal.arn,
    resource: firstAsked(outcome)?.request.resource ?? null,
    status: outcome.status,
    outcome: !error ? 'allowed' : isDenial(outcome) ? 'denied' : 'failed',
    ...(error && outcome.later && { afterwards: true as const }),
    ...(error && { error: { code: error.code, message: error.text } }),
  }
}

const originOf = ({ http: { sourceIp, userAgent, host, secure, endpoint } }: Outcome): DecisionView['from'] => ({
  sourceIp,
  userAgent,
  host,
  secure,
  endpoint: endpoint?.id ?? null,
})

const firstAsked = ({ trace }: Outcome) => trace?.decisions[0] ?? trace?.forwarded[0]?.trace.decisions[0]

/** Refused by a policy decision of this request or of a call forwarded for it. */
function isDenial({ trace }: Outcome): boolean {
  if (!trace) return false
  return trace.decisions.some(refused) || trace.forwarded.some((call) => call.trace.decisions.some(refused))
}

const refused = (decision: Decision) => !decision.allowed

function viewOf(outcome: Outcome): DecisionView {
  const gates = gatesOf(outcome)
  const shut = gates.flatMap(({ checks }) => checks).find(({ allowed }) => !allowed)
  return { ...summarise(outcome), from: originOf(outcome), gates, suggestions: shut?.suggestions ?? [] }
}

function gatesOf(outcome: Outcome): GateView[] {
  const { trace } = outcome
  if (!trace) return []
  const gates: GateView[] = []
  if (trace.decisions.length > 0) {
    gates.push({
      gate: outcome.service === 'kms' ? 'key' : 'data',
      service: outcome.service,
      operation: outcome.operation ?? '',
      outcome: trace.decisions.some(refused) ? 'denied' : 'allowed',
      checks: trace.decisions.map(explain),
    })
  }
  for (const { service, operation, trace: inner, error } of trace.forwarded) {
    const denied = inner.decisions.some(refused)
    gates.push({
      gate: 'key',
      service,
      operation,
      outcome: denied ? 'denied' : error ? 'failed' : 'allowed',
      ...(error && !denied && { error: { code: error.code, message: error.text } }),
      checks: inner.decisions.map(explain),
    })
  }
  return gates
}
