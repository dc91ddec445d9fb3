import type { ErrorObject } from 'ajv'

/** What is wrong with a value, and where: `steps[2].expect`. */
export interface Misfit {
  readonly path: string
  readonly problem: string
}

/** As much of a schema as is told of. */
interface Told {
  readonly description?: string
  readonly properties?: Readonly<Record<string, Told>>
}

/**
 * What ajv found, told to people: where, and what is wanted there.
 * @param value what was checked
 * @param errors of a validator with `verbose`, which stops at the first thing that does not fit
 */
export function misfitOf(value: unknown, errors: readonly ErrorObject[]): Misfit {
  const last = errors.at(-1)
  if (!last) throw new Error('nothing is wrong')
  const tell = (error: ErrorObject): Misfit => ({ path: pathOf(value, error.instancePath), problem: problemOf(error) })
  if (last.keyword === 'propertyNames') return misnamed(value, errors, last)
  return last.keyword === 'oneOf' || last.keyword === 'anyOf' ? tell(meant(errors, last)) : tell(last)
}

/**
 * Where a value may be one of several things it is told by the one that it most likely means: what fits far down is what was meant, and
 * of an object what it lacks.
 */
function meant(errors: readonly ErrorObject[], whole: ErrorObject): ErrorObject {
  const [deepest] = [...errors].sort((a, b) => b.instancePath.length - a.instancePath.length)
  if (deepest && deepest.instancePath.length > whole.instancePath.length) return deepest
  return (isObject(whole.data) ? errors.find(({ keyword }) => MEMBERS.has(keyword)) : undefined) ?? whole
}

const MEMBERS: ReadonlySet<string> = new Set(['required', 'additionalProperties'])

function misnamed(value: unknown, errors: readonly ErrorObject[], whole: ErrorObject): Misfit {
  const { propertyName = '' } = whole.params as { propertyName?: string }
  const inner = errors.at(-2)
  const why = inner ? problemOf(inner) : 'it must be another'
  return {
    path: below(pathOf(value, whole.instancePath), propertyName),
    problem: described(`has a name that does not fit: ${why}`, whole),
  }
}

function problemOf(error: ErrorObject): string {
  const { keyword, data } = error
  const params = error.params as Readonly<Record<string, unknown>>
  const { properties = {} } = error.parentSchema as Told
  switch (keyword) {
    case 'required': {
      const name = String(params['missingProperty'])
      const description = properties[name]?.description
      return `lacks \`${name}\`${description === undefined ? '' : `: ${withoutStop(description)}`}`
    }
    case 'additionalProperties':
      return `has \`${String(params['additionalProperty'])}\`; it may have ${Object.keys(properties).join(', ')}`
    case 'minItems':
    case 'minProperties':
      return described('must not be empty', error)
    default:
      return described(`is ${shown(data)}${wantedBy(keyword, params)}`, error)
  }
}

/** What to write instead; empty where the description says it. */
function wantedBy(keyword: string, params: Readonly<Record<string, unknown>>): string {
  switch (keyword) {
    case 'type':
      return `; write ${[params['type']]
        .flat()
        .map((type) => TYPES[String(type)] ?? String(type))
        .join(' or ')}`
    case 'const':
      return `; write ${JSON.stringify(params['allowedValue'])}`
    case 'enum':
      return `; write one of ${(params['allowedValues'] as unknown[]).map((one) => JSON.stringify(one)).join(', ')}`
    case 'pattern':
      return `; it must match ${String(params['pattern'])}`
    case 'minLength':
      return '; it must not be empty'
    case 'minimum':
      return `; it must be at least ${String(params['limit'])}`
    case 'maximum':
      return `; it must be at most ${String(params['limit'])}`
    default:
      return ''
  }
}

const TYPES: Readonly<Record<string, string>> = {
  object: 'an object',
  array: 'a list',
  string: 'a text',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
  null: 'null',
}

function described(problem: string, { parentSchema }: ErrorObject): string {
  const { description } = parentSchema as Told
  return description === undefined ? problem : `${problem} (${withoutStop(description)})`
}

const withoutStop = (text: string) => text.replace(/\.$/, '')

/** A JSON pointer as people write it. */
function pathOf(value: unknown, pointer: string): string {
  let path = ''
  let at = value
  for (const part of pointer.split('/').slice(1)) {
    const name = part.replaceAll('~1', '/').replaceAll('~0', '~')
    path = Array.isArray(at) ? `${path}[${name}]` : below(path, name)
    at = (at as Readonly<Record<string, unknown>>)[name]
  }
  return path
}

const below = (path: string, name: string) => {
  if (!/^[$\w]+$/.test(name) || /^\d/.test(name)) return `${path}[${JSON.stringify(name)}]`
  return path === '' ? name : `${path}.${name}`
}

const isObject = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value)

/** A value in a few words. */
function shown(value: unknown): string {
  if (Array.isArray(value)) return 'a list'
  if (isObject(value)) return 'an object'
  const text = JSON.stringify(value)
  return text.length > 60 ? `${text.slice(0, 57)}…"` : text
}
