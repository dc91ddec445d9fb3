/** Patterns with `*` (any run, also none, also across `:` and `/`) and `?` (one UTF-16 unit), without regular expressions. */

const ONE = -1
const RUN = -2

/** Most patterns of policies are a plain text, a beginning, or everything; only the rest need tokens. */
export type Glob =
  | { readonly kind: 'all' }
  | { readonly kind: 'exact' | 'prefix'; readonly text: string }
  /** UTF-16 units, `ONE` and `RUN`. */
  | { readonly kind: 'tokens'; readonly tokens: readonly number[] }

const ALL: Glob = { kind: 'all' }
const WILDCARD = /[*?]/

export function compileGlob(pattern: string): Glob {
  const wild = pattern.search(WILDCARD)
  if (wild < 0) return { kind: 'exact', text: pattern }
  if (wild === pattern.length - 1 && pattern[wild] === '*')
    return wild === 0 ? ALL : { kind: 'prefix', text: pattern.slice(0, -1) }
  const tokens: number[] = []
  addPattern(tokens, pattern)
  return globOf(tokens)
}

/** A pattern as a list of tokens, to be cut up. */
export function tokensOf(glob: Glob): readonly number[] {
  if (glob.kind === 'tokens') return glob.tokens
  const tokens: number[] = []
  if (glob.kind !== 'all') addLiteral(tokens, glob.text)
  if (glob.kind !== 'exact') tokens.push(RUN)
  return tokens
}

/** Appends a text whose `*` and `?` are wildcards. */
export function addPattern(tokens: number[], pattern: string): void {
  for (let i = 0; i < pattern.length; i++) {
    const unit = pattern.charCodeAt(i)
    if (unit === 42) {
      if (tokens.at(-1) !== RUN) tokens.push(RUN)
    } else tokens.push(unit === 63 ? ONE : unit)
  }
}

/** Appends a text that stands for itself. */
export function addLiteral(tokens: number[], text: string): void {
  for (let i = 0; i < text.length; i++) tokens.push(text.charCodeAt(i))
}

export function globOf(tokens: readonly number[]): Glob {
  if (tokens.length === 1 && tokens[0] === RUN) return ALL
  const wild = tokens.findIndex((token) => token < 0)
  if (wild < 0) return { kind: 'exact', text: textOf(tokens) }
  if (wild === tokens.length - 1 && tokens[wild] === RUN) return { kind: 'prefix', text: textOf(tokens.slice(0, -1)) }
  return { kind: 'tokens', tokens }
}

export function globMatches(glob: Glob, text: string): boolean {
  switch (glob.kind) {
    case 'all':
      return true
    case 'exact':
      return text === glob.text
    case 'prefix':
      return text.startsWith(glob.text)
    case 'tokens':
      return tokensMatch(glob.tokens, text)
  }
}

/** Greedy with one point to return to: time at most pattern × text, never exponential. */
export function tokensMatch(tokens: readonly number[], text: string): boolean {
  let at = 0
  let token = 0
  let runToken = -1
  let runAt = 0
  while (at < text.length) {
    const wanted = tokens[token]
    if (wanted === RUN) {
      runToken = token++
      runAt = at
    } else if (wanted !== undefined && (wanted === ONE || wanted === text.charCodeAt(at))) {
      token++
      at++
    } else if (runToken >= 0) {
      token = runToken + 1
      at = ++runAt
    } else return false
  }
  while (tokens[token] === RUN) token++
  return token === tokens.length
}

function textOf(tokens: readonly number[]): string {
  let text = ''
  for (const token of tokens) text += String.fromCharCode(token)
  return text
}
