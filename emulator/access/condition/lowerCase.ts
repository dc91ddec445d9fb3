const ASTRAL = /[\ud800-\udbff][\udc00-\udfff]/

/**
 * Lower case as StringEqualsIgnoreCase takes it (facts: captures 10.2): contextual for final sigma, while letters beyond the
 * basic plane stay as they are though they count as letters for that context.
 */
export function lowerCase(text: string): string {
  const lower = text.toLowerCase()
  if (!ASTRAL.test(text)) return lower
  let result = ''
  let at = 0
  for (const letter of text) {
    // Only U+0130 changes its length (i and a combining dot).
    const length = letter === '\u0130' ? 2 : letter.length
    result += letter.length === 2 ? letter : lower.slice(at, at + length)
    at += length
  }
  return result
}
