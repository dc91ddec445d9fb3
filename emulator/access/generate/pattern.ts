/** A name, or with `open` what a name begins with: anything may follow. */
export interface Pattern {
  readonly text: string
  readonly open: boolean
}

export const exactly = (text: string): Pattern => ({ text, open: false })
export const beginningWith = (text: string): Pattern => ({ text, open: true })

/** The narrowest pattern for both: the name itself, or what both begin with, up to the last `/` or `:`. Its text is the first one's. */
export function widened(a: Pattern, b: Pattern): Pattern {
  if (a.text === b.text) return a.open || !b.open ? a : beginningWith(a.text)
  if (a.open && b.text.startsWith(a.text)) return a
  if (b.open && a.text.startsWith(b.text)) return beginningWith(a.text.slice(0, b.text.length))
  const common = a.text.slice(0, commonLength(a.text, b.text))
  return beginningWith(common.slice(0, Math.max(common.lastIndexOf('/'), common.lastIndexOf(':')) + 1))
}

function commonLength(a: string, b: string): number {
  const most = Math.min(a.length, b.length)
  let length = 0
  while (length < most && a.charCodeAt(length) === b.charCodeAt(length)) length++
  return length
}

/** Whether everything that `b` stands for is also what `a` stands for. */
export const covers = (a: Pattern, b: Pattern): boolean =>
  a.open ? b.text.startsWith(a.text) : !b.open && a.text === b.text

/** In the name of an ARN that a service keeps open (`volume/*`), a star means what it says. */
const STARS_OF_SERVICES = /^arn:[^:]*:(?!s3:)/

/** As a policy's Resource writes it: what would be a wildcard or a variable is written so that it is none. */
export function resourceText({ text, open }: Pattern): string {
  const written = text === '*' || STARS_OF_SERVICES.test(text) ? escaped(text, false) : escaped(text, true)
  return open ? `${written}*` : written
}

/** As an operand of StringLike (`like`) or StringEquals writes it. */
export function operandText({ text, open }: Pattern, like: boolean): string {
  return `${escaped(text, like)}${open ? '*' : ''}`
}

const escaped = (text: string, wildcards: boolean) =>
  text.replace(wildcards ? /[*?]|\$(?=\{)/g : /\$(?=\{)/g, (character) => `\${${character}}`)
