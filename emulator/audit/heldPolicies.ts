import type { Decision, PolicySet, PolicySource } from '../access/types.ts'
import type { Trace } from '../operation/trace.ts'

/** What one character of a policy document takes, compiled: 10 to 22 bytes, by what it says. */
const COMPILED = 16

/**
 * The policy documents that remembered decisions hold on to. However many decisions share a document, it weighs once: most of them
 * share all they have.
 */
export class HeldPolicies {
  readonly #counts = new Map<string, number>()
  readonly #texts = new Map<object, readonly string[]>()
  readonly #least: number
  #weight = 0

  /** @param least texts that are shorter are not counted at all: it costs more than they weigh */
  constructor(least: number) {
    this.#least = least
  }

  /** Of all that are held, in bytes. */
  get weight(): number {
    return this.#weight
  }

  /** @param holder what is remembered; not held already */
  hold(holder: object, trace: Trace): void {
    let texts = textsOf(trace.decisions, this.#least, NOTHING)
    for (const call of trace.forwarded) texts = textsOf(call.trace.decisions, this.#least, texts)
    if (texts.length === 0) return
    this.#texts.set(holder, texts)
    for (const text of texts) {
      const count = this.#counts.get(text) ?? 0
      if (count === 0) this.#weight += COMPILED * text.length
      this.#counts.set(text, count + 1)
    }
  }

  release(holder: object): void {
    const texts = this.#texts.size > 0 ? this.#texts.get(holder) : undefined
    if (!texts) return
    this.#texts.delete(holder)
    for (const text of texts) {
      const count = this.#counts.get(text) ?? 0
      if (count > 1) this.#counts.set(text, count - 1)
      else if (this.#counts.delete(text)) this.#weight -= COMPILED * text.length
    }
  }

  clear(): void {
    this.#counts.clear()
    this.#texts.clear()
    this.#weight = 0
  }
}

const NOTHING: string[] = []

/** The texts that are long enough, added to others. */
function textsOf(decisions: readonly Decision[], least: number, others: string[]): string[] {
  let texts = others
  let last: PolicySet | undefined
  for (const { policies } of decisions) {
    // A thousand decisions of one DeleteObjects are about the same caller and the same bucket.
    if (last && isSame(policies, last)) continue
    last = policies
    for (const source of policies.identity) texts = withLong(source, least, texts)
    if (policies.session) for (const source of policies.session) texts = withLong(source, least, texts)
    if (policies.scp) for (const source of policies.scp.flat()) texts = withLong(source, least, texts)
    if (policies.rcp) for (const source of policies.rcp.flat()) texts = withLong(source, least, texts)
    texts = withLong(policies.boundary, least, texts)
    texts = withLong(policies.endpoint, least, texts)
    texts = withLong(policies.resource, least, texts)
    texts = withLong(policies.acl, least, texts)
  }
  return texts
}

const isSame = (one: PolicySet, other: PolicySet) =>
  one.identity === other.identity &&
  one.session === other.session &&
  one.scp === other.scp &&
  one.rcp === other.rcp &&
  one.boundary === other.boundary &&
  one.endpoint === other.endpoint &&
  one.resource === other.resource &&
  one.acl === other.acl

function withLong(source: PolicySource | undefined, least: number, texts: string[]): string[] {
  if (!source || source.text.length < least) return texts
  // Most requests have none: they share one empty list.
  if (texts === NOTHING) return [source.text]
  texts.push(source.text)
  return texts
}
