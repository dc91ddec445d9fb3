import { compileDocument } from './compile.ts'
import type { CompiledPolicy, Layer, PolicySource } from './types.ts'

export { PolicyError, type PolicyFault } from './compile.ts'

/** How much text may wait for its next use: enough for thousands of documents, little enough to forget about. */
const CACHE_CHARACTERS = 16 * 1024 * 1024

const cache = new Map<string, CompiledPolicy>()
let cached = 0

/**
 * Parses a policy document and makes its matchers, once per text: keys with the same policy share one.
 * The least recently used are forgotten.
 * @throws PolicyError when the text is no policy document
 */
export function compilePolicy(text: string): CompiledPolicy {
  const known = cache.get(text)
  if (known) {
    touch(text, known)
    return known
  }
  const policy = compileDocument(text)
  cache.set(text, policy)
  cached += text.length
  for (const oldest of cache.keys()) {
    if (cached <= CACHE_CHARACTERS) break
    cache.delete(oldest)
    cached -= oldest.length
  }
  return policy
}

/** Moves to the end of the queue of what may be forgotten; while nothing need be, the queue's order does not matter. */
function touch(text: string, policy: CompiledPolicy): void {
  if (cached < CACHE_CHARACTERS / 2) return
  cache.delete(text)
  cache.set(text, policy)
}

/**
 * A policy in force. Parsing waits until an evaluation needs it.
 * The `policy` member throws PolicyError when the text is no policy document.
 */
export function policySource(facts: {
  readonly layer: Layer
  readonly name: string
  readonly arn?: string | undefined
  readonly holder?: string | undefined
  readonly fixed?: true | undefined
  readonly text: string
}): PolicySource {
  return new Source(facts)
}

class Source implements PolicySource {
  readonly layer: Layer
  readonly name: string
  readonly arn: string | undefined
  readonly holder: string | undefined
  readonly fixed: true | undefined
  readonly text: string
  #policy: CompiledPolicy | undefined

  constructor({ layer, name, arn, holder, fixed, text }: Parameters<typeof policySource>[0]) {
    this.layer = layer
    this.name = name
    this.arn = arn
    this.holder = holder
    this.fixed = fixed
    this.text = text
  }

  get policy(): CompiledPolicy {
    return (this.#policy ??= compilePolicy(this.text))
  }
}
