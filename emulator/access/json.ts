/**
 * JSON as a tree that remembers where everything stood: policies are quoted back with their positions (facts: captures 11.1),
 * rewritten in place and printed in AWS's layout without touching a number's digits or an object's order.
 */

interface Span {
  /** Offsets into the text; `end` is exclusive. */
  readonly start: number
  readonly end: number
}
export interface JsonMember {
  readonly key: string
  readonly value: JsonNode
}
export type JsonNode = Span &
  (
    | { readonly kind: 'object'; readonly members: readonly JsonMember[] }
    | { readonly kind: 'array'; readonly items: readonly JsonNode[] }
    | { readonly kind: 'string'; readonly text: string }
    /** Numbers keep their digits. */
    | { readonly kind: 'number'; readonly text: string }
    | { readonly kind: 'boolean'; readonly value: boolean }
    | { readonly kind: 'null' }
  )

/** No policy nests deeper; a bound keeps hostile documents from exhausting the stack. */
const DEEPEST = 64

/** @returns the tree, or undefined when the text is not JSON (or nests more than 64 levels). */
export function readJson(text: string): JsonNode | undefined {
  try {
    JSON.parse(text)
  } catch {
    return undefined
  }
  return new Reader(text).document()
}

/** The value of a member, or undefined. Of equal keys the last counts, as in JSON.parse. */
export function member(node: JsonNode, key: string): JsonNode | undefined {
  if (node.kind !== 'object') return undefined
  return node.members.findLast((each) => each.key === key)?.value
}

const NUMBER_END = /[\s,\]}]/
/** JSON's white space is the space and three characters below it. */
const SPACE = 32
const BACKSLASH = 92

/** INVARIANT: reads only text that JSON.parse has accepted, hence no error cases besides depth. */
class Reader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  document(): JsonNode | undefined {
    return this.#value(0)
  }

  #value(depth: number): JsonNode | undefined {
    if (depth > DEEPEST) return undefined
    const first = this.#skip()
    const start = this.#at
    switch (first) {
      case '{':
        return this.#object(start, depth)
      case '[':
        return this.#array(start, depth)
      case '"': {
        const text = this.#string()
        return { kind: 'string', text, start, end: this.#at }
      }
      case 't':
      case 'f':
        this.#at += first === 't' ? 4 : 5
        return { kind: 'boolean', value: first === 't', start, end: this.#at }
      case 'n':
        this.#at += 4
        return { kind: 'null', start, end: this.#at }
      default:
        while (this.#at < this.#text.length && !NUMBER_END.test(this.#text[this.#at] ?? '')) this.#at++
        return { kind: 'number', text: this.#text.slice(start, this.#at), start, end: this.#at }
    }
  }

  #object(start: number, depth: number): JsonNode | undefined {
    const members: JsonMember[] = []
    this.#at++
    while (this.#skip() !== '}') {
      if (this.#text[this.#at] === ',') this.#at++
      this.#skip()
      const key = this.#string()
      this.#skip()
      this.#at++ // the colon
      const value = this.#value(depth + 1)
      if (!value) return undefined
      members.push({ key, value })
    }
    this.#at++
    return { kind: 'object', members, start, end: this.#at }
  }

  #array(start: number, depth: number): JsonNode | undefined {
    const items: JsonNode[] = []
    this.#at++
    while (this.#skip() !== ']') {
      if (this.#text[this.#at] === ',') this.#at++
      const item = this.#value(depth + 1)
      if (!item) return undefined
      items.push(item)
    }
    this.#at++
    return { kind: 'array', items, start, end: this.#at }
  }

  #string(): string {
    const start = this.#at + 1
    let end = this.#text.indexOf('"', start)
    while (this.#isEscaped(end, start)) end = this.#text.indexOf('"', end + 1)
    this.#at = end + 1
    const raw = this.#text.slice(start, end)
    return raw.includes('\\') ? (JSON.parse(`"${raw}"`) as string) : raw
  }

  /** Whether an odd number of backslashes stands before. */
  #isEscaped(at: number, start: number): boolean {
    let from = at
    while (from > start && this.#text.charCodeAt(from - 1) === BACKSLASH) from--
    return (at - from) % 2 === 1
  }

  /** Skips white space; @returns the unit it stands on. */
  #skip(): string {
    while (this.#text.charCodeAt(this.#at) <= SPACE) this.#at++
    return this.#text[this.#at] ?? ''
  }
}
