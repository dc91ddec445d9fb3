import { AwsError } from '../lib/awsError.ts'
import type { Principal } from '../access/types.ts'
import type { Call } from './call.ts'
import type { AnyRow, Check, KeyUses, Keys } from './define.ts'
import { decide } from './authorize.ts'
import { keysOf } from './keyUse.ts'
import type { BoundService, Registry } from './registry.ts'
import { newTrace } from './trace.ts'

/** What the request path knows before a row takes over. */
export type CallFacts = Omit<Call, 'service' | 'operation' | 'state' | 'keys' | 'trace' | 'responseHeaders' | 'may'>

/** The account of a caller; empty for anonymous and service callers. */
export const accountOf = (principal: Principal): string =>
  principal.kind === 'anonymous' || principal.kind === 'service' ? '' : principal.account

/** Gives a row its call: state, key uses, a fresh trace. */
export function callFor(
  service: BoundService,
  operation: string,
  row: AnyRow['row'],
  facts: CallFacts,
  registry: Registry,
): Call {
  const call = new RowCall(service, operation, row, facts)
  if (row.keyUse) call.keys = keysOf(row.keyUse, call, service.definition, registry)
  return call
}

/** A class, not a spread: one is made for every request, and a fixed shape is what makes that cheap. */
class RowCall implements Call<unknown, Keys<KeyUses>> {
  readonly requestId: string
  readonly service: string
  readonly operation: string
  readonly region: string
  readonly account: string
  readonly caller: Call['caller']
  readonly time: number
  readonly http: Call['http']
  readonly via: Call['via']
  readonly source: Call['source']
  readonly endpoint: Call['endpoint']
  readonly state: unknown
  readonly env: Call['env']
  keys: Keys<KeyUses> = NO_KEYS
  body: Call['body']
  readonly trailers: Call['trailers']
  client: Call['client']
  readonly responseHeaders: Record<string, string> = {}
  readonly trace: Call['trace']

  constructor(service: BoundService, operation: string, row: AnyRow['row'], facts: CallFacts) {
    this.requestId = facts.requestId
    this.service = service.definition.name
    this.operation = operation
    this.region = facts.region
    this.account = facts.account
    this.caller = facts.caller
    this.time = facts.time
    this.http = facts.http
    this.via = facts.via
    this.source = facts.source
    this.endpoint = facts.endpoint
    this.state = service.state
    this.env = facts.env
    this.body = facts.body
    this.trailers = facts.trailers
    this.client = facts.client
    this.trace = newTrace(row.readOnly ?? false)
  }

  may(check: Check): boolean {
    return decide(check, this).allowed
  }
}

const NO_KEYS: Keys<KeyUses> = {}

/**
 * The part of the request path that direct and forwarded calls share: subject, authorize, invoke, and the facts for the audit
 * trail. Throws, or rejects with, AWS's refusal. A promise only where somebody has to be waited for: each costs as much as a decision.
 */
export function perform(
  service: BoundService,
  row: AnyRow['row'],
  input: object,
  call: Call,
): object | Promise<object> {
  let subject: unknown
  let output: object | Promise<object>
  try {
    subject = subjectOf(service, row, input, call)
    const admission = admit(service, row, input, call, subject)
    output = admission
      ? admission.then(() => row.run(input, call as Call<unknown, Keys<KeyUses>>, subject))
      : row.run(input, call as Call<unknown, Keys<KeyUses>>, subject)
  } catch (error) {
    finish(row, input, undefined, subject, call)
    throw error
  }
  if (output instanceof Promise) return finishLater(row, input, output as Promise<object>, subject, call)
  finish(row, input, output, subject, call)
  return output
}

function admit(
  service: BoundService,
  row: AnyRow['row'],
  input: object,
  call: Call,
  subject: unknown,
): Promise<void> | undefined {
  const main = mainCheck(row, input, call, subject)
  if (!row.admit) {
    if (main) require(main, service, call)
    if (row.also) for (const check of row.also(input, call, subject)) require(check, service, call)
    return undefined
  }
  if (!main) throw new Error(`\`${call.operation}\` replaces the order of checks but names no action`)
  const checks = row.admit(input, call as Call<unknown, Keys<KeyUses>>, subject, main)
  if (!(Symbol.iterator in checks)) return admitLater(checks, service, call)
  for (const check of checks) require(check, service, call)
  return undefined
}

async function admitLater(checks: AsyncIterable<Check>, service: BoundService, call: Call): Promise<void> {
  for await (const check of checks) require(check, service, call)
}

function finish(row: AnyRow['row'], input: object, output: object | undefined, subject: unknown, call: Call): void {
  call.trace.audit = row.audit?.(input, output, subject, call)
  // The decision log keeps the call for a while; the connection must not be kept with it, nor what only the handler needs.
  if (call instanceof RowCall) {
    call.body = call.client = undefined
    call.keys = NO_KEYS
  }
}

async function finishLater(
  row: AnyRow['row'],
  input: object,
  pending: Promise<object>,
  subject: unknown,
  call: Call,
): Promise<object> {
  let output: object | undefined
  try {
    output = await pending
    return output
  } finally {
    finish(row, input, output, subject, call)
  }
}

/** What the call is about, once it is within its account's quotas: what is not found counts, too. */
function subjectOf(service: BoundService, row: AnyRow['row'], input: object, call: Call): unknown {
  if (!call.env.quotas || call.via?.spared === true) return row.subject?.(input, call)
  let subject: unknown
  try {
    subject = row.subject?.(input, call)
    return subject
  } finally {
    service.definition.admitRate?.(input, call, subject)
  }
}

function mainCheck(row: AnyRow['row'], input: object, call: Call, subject: unknown): Check | undefined {
  if (row.action === null) return undefined
  return {
    action: row.action,
    resource: row.resource?.(input, call, subject) ?? ACCOUNT_LEVEL,
    context: row.context?.(input, call, subject),
    ...row.grant?.(input, call, subject),
  }
}

const ACCOUNT_LEVEL: Check['resource'] = { arn: '*', guard: 'none' }

/** Takes one decision, keeps it in the trace, and refuses in the service's words unless enforcement is soft. */
function require(check: Check, service: BoundService, call: Call): void {
  const decision = decide(check, call)
  call.trace.decisions = [...call.trace.decisions, decision]
  if (decision.allowed || call.env.enforcement === 'soft') return
  const refusal = service.definition.denied(decision, check, call)
  if (!check.refused) throw refusal
  check.refused(refusal)
}

/** AWS's answer to an operation that is not emulated: honest, and by name. */
export function notImplemented(service: string, operation: string): AwsError {
  return new AwsError('NotImplemented', 501, `twokey does not emulate ${service}:${operation}`)
}
