/**
 * Whether a JSON text gives a member twice. Programs differ in which of the two counts, so what was authorized might not be what is done.
 * @param value the text, parsed
 */
export function hasDuplicates(json: string, value: unknown): boolean {
  let written = 0
  // In valid JSON a string before a colon is a member's name, and a colon outside of strings has one before it.
  for (let at = json.indexOf('"'); at >= 0;) {
    const end = endOfString(json, at)
    if (isColonAfter(json, end + 1)) written++
    at = json.indexOf('"', end + 1)
  }
  return written !== membersIn(value)
}

/** The quote that ends the string: one that an even number of backslashes stands before. */
function endOfString(json: string, begin: number): number {
  for (let end = json.indexOf('"', begin + 1); ; end = json.indexOf('"', end + 1)) {
    if (end < 0) return json.length
    let back = end - 1
    while (json[back] === '\\') back--
    if ((end - back) % 2 === 1) return end
  }
}

function isColonAfter(json: string, from: number): boolean {
  let at = from
  while (json[at] === ' ' || json[at] === '\t' || json[at] === '\n' || json[at] === '\r') at++
  return json[at] === ':'
}

function membersIn(value: unknown): number {
  let count = 0
  const open: unknown[] = [value]
  while (open.length > 0) {
    const next = open.pop()
    if (typeof next !== 'object' || next === null) continue
    const inner: unknown[] = Array.isArray(next) ? next : Object.values(next)
    if (!Array.isArray(next)) count += inner.length
    for (const item of inner) open.push(item)
  }
  return count
}
