import type { Decision } from '../access/types.ts'
import type { Outcome } from './recorder.ts'

/**
 * How much memory things take, roughly and quickly: what is remembered is bounded by it. The figures were measured on V8 as `npm
 * start` runs it.
 */

/** What is remembered of a request that sent next to nothing. */
const OUTCOME = 1024
const DECISION = 768
/** A call that a service made for the caller, without its decisions. */
const FORWARDED = 768
/** An error with the frames of its stack. */
const ERROR = 512
const GRANT = 16

/**
 * What an outcome holds on to but for policy documents, which it shares with others. Each request pays for this: what costs more than
 * a few reads is left to refusals.
 */
export function outcomeWeight({ trace, error, size = 0, http }: Outcome): number {
  let weight = OUTCOME + size + http.userAgent.length + http.host.length
  if (error) weight += ERROR + error.text.length
  if (!trace) return weight
  weight += decisionsWeight(trace.decisions, error !== undefined)
  for (const call of trace.forwarded) {
    weight += FORWARDED + decisionsWeight(call.trace.decisions, error !== undefined)
    if (call.error) weight += ERROR + call.error.text.length
  }
  return weight
}

function decisionsWeight(decisions: readonly Decision[], thorough: boolean): number {
  let weight = decisions.length * DECISION
  for (const { policies, request } of decisions) {
    if (policies.grants) weight += GRANT * policies.grants.length
    if (thorough) weight += roughSize(request.encryptionContext)
  }
  return weight
}

/** An object or a list with its place in another; a member comes on top. */
const OBJECT = 56
const MEMBER = 24

/** Of values as protocols read them: plain objects, lists, texts, numbers, bytes. Anything else counts as an empty object. */
export function roughSize(value: unknown): number {
  let size = 0
  const open = [value]
  // With a list instead of recursion: how deep it goes is up to the client.
  while (open.length > 0) {
    const part = open.pop()
    if (typeof part === 'string') size += OBJECT / 2 + part.length
    else if (part instanceof Uint8Array) size += 2 * OBJECT + part.byteLength
    else if (Array.isArray(part)) {
      size += OBJECT
      for (const item of part) {
        size += MEMBER / 3
        open.push(item)
      }
    } else if (typeof part === 'object' && part !== null) {
      size += OBJECT
      if (!isPlain(part)) continue
      for (const name in part) {
        size += MEMBER
        open.push((part as Readonly<Record<string, unknown>>)[name])
      }
    }
  }
  return size
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** Below this, what a body takes is estimated by its length. */
const SHORT = 1024
/** Many small members take more than their text. */
const PARSED = 4

/** What is known of a request when it has been answered. */
export interface Sent {
  /** What was read of its body; what was streamed is not there. */
  readonly body: Buffer
  readonly path: string
  readonly query: string
  readonly input: object
  readonly headers: object
}

/**
 * What the client sent, as the trace keeps it: decoded, with texts that may be parts of the body's.
 * @param thorough also where it is not worth the time for every request
 */
export function sentSize({ body, path, query, input, headers }: Sent, thorough: boolean): number {
  const { length } = body
  const line = path.length + query.length
  if (!thorough && length < SHORT) return line + PARSED * length
  return line + Math.max(length, roughSize(input)) + (thorough ? roughSize(headers) : 0)
}
