/**
 * As much of JSON Schema as the schemas in fixtures/ use, with problems told to people: where, and what is wanted there.
 * Those schemas are for editors as well, so that both say the same.
 */
export interface JsonSchema {
  readonly $ref?: string
  readonly $defs?: Readonly<Record<string, JsonSchema>>
  readonly description?: string
  readonly type?: string | readonly string[]
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly pattern?: string
  readonly minLength?: number
  readonly minimum?: number
  readonly maximum?: number
  readonly required?: readonly string[]
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly additionalProperties?: boolean | JsonSchema
  readonly propertyNames?: JsonSchema
  readonly minProperties?: number
  readonly items?: JsonSchema
  readonly minItems?: number
  readonly oneOf?: readonly JsonSchema[]
  readonly anyOf?: readonly JsonSchema[]
}

/** What is wrong with a value, and where: `steps[2].expect`. */
export interface Misfit {
  readonly path: string
  readonly problem: string
}

/**
 * The first thing in which a value does not fit a schema; undefined when it fits.
 * @param schemas all that may be referred to, by file name
 * @param name which of them the value should fit
 */
export function misfit(
  value: unknown,
  schemas: Readonly<Record<string, JsonSchema>>,
  name: string,
): Misfit | undefined {
  return misfitOf({ schemas, file: name, path: '' }, schemas[name] ?? {}, value)
}

interface Place {
  readonly schemas: Readonly<Record<string, JsonSchema>>
  /** In which of them references without a file name look. */
  readonly file: string
  readonly path: string
}

function misfitOf(place: Place, schema: JsonSchema, value: unknown): Misfit | undefined {
  const referred = schema.$ref === undefined ? undefined : referredTo(place, schema.$ref)
  return (
    (referred && misfitOf({ ...place, file: referred.file }, referred.schema, value)) ??
    plainMisfit(place, schema, value) ??
    (isObject(value) ? misfitInside(place, schema, value) : undefined) ??
    (Array.isArray(value) ? misfitAmong(place, schema, value) : undefined) ??
    noAlternative(place, schema, value)
  )
}

function referredTo({ schemas, file }: Place, reference: string): { file: string; schema: JsonSchema } {
  const [named = '', path] = reference.split('#/$defs/')
  const target = named === '' ? file : named
  const schema = path === undefined ? schemas[target] : schemas[target]?.$defs?.[path]
  // INVARIANT: the schemas are ours, and a test has compiled them.
  if (!schema) throw new Error(`\`${reference}\` leads nowhere`)
  return { file: target, schema }
}

function plainMisfit(place: Place, schema: JsonSchema, value: unknown): Misfit | undefined {
  const wrong = (what: string) => misfitAt(place, schema, `is ${shown(value)}; ${what}`)
  const types = schema.type === undefined ? [] : [schema.type].flat()
  if (types.length > 0 && !types.some((type) => isOfType(type, value)))
    return wrong(`write ${types.map(typeText).join(' or ')}`)
  if ('const' in schema && value !== schema.const) return wrong(`write ${JSON.stringify(schema.const)}`)
  if (schema.enum && !schema.enum.includes(value))
    return wrong(`write one of ${schema.enum.map((one) => JSON.stringify(one)).join(', ')}`)
  if (typeof value === 'string') {
    if (schema.pattern !== undefined && !new RegExp(schema.pattern, 'u').test(value))
      return wrong(`it must match ${schema.pattern}`)
    if (value.length < (schema.minLength ?? 0)) return wrong('it must not be empty')
  }
  if (typeof value === 'number') {
    if (value < (schema.minimum ?? value)) return wrong(`it must be at least ${String(schema.minimum)}`)
    if (value > (schema.maximum ?? value)) return wrong(`it must be at most ${String(schema.maximum)}`)
  }
  return undefined
}

type Members = Readonly<Record<string, unknown>>

function misfitInside(place: Place, schema: JsonSchema, value: Members): Misfit | undefined {
  const names = Object.keys(value)
  const missing = schema.required?.find((name) => !Object.hasOwn(value, name))
  if (missing !== undefined) {
    const description = schema.properties?.[missing]?.description
    return misfitAt(
      place,
      {},
      `lacks \`${missing}\`${description === undefined ? '' : `: ${description.replace(/\.$/, '')}`}`,
    )
  }
  if (names.length < (schema.minProperties ?? 0)) return misfitAt(place, schema, 'must not be empty')
  for (const name of names) {
    const inside = { ...place, path: below(place.path, name) }
    const misnamed = schema.propertyNames && misfitOf(place, schema.propertyNames, name)
    if (misnamed) return misfitAt(inside, schema, `has a name that does not fit: ${misnamed.problem}`)
    const known = schema.properties && Object.hasOwn(schema.properties, name) ? schema.properties[name] : undefined
    if (!known && schema.additionalProperties === false) {
      const may = Object.keys(schema.properties ?? {}).join(', ')
      return misfitAt(place, {}, `has \`${name}\`; it may have ${may}`)
    }
    const member = known ?? (typeof schema.additionalProperties === 'object' ? schema.additionalProperties : {})
    const found = misfitOf(inside, member, value[name])
    if (found) return found
  }
  return undefined
}

function misfitAmong(place: Place, schema: JsonSchema, values: readonly unknown[]): Misfit | undefined {
  if (values.length < (schema.minItems ?? 0)) return misfitAt(place, schema, 'must not be empty')
  for (const [index, item] of schema.items ? values.entries() : []) {
    const found = misfitOf({ ...place, path: `${place.path}[${String(index)}]` }, schema.items ?? {}, item)
    if (found) return found
  }
  return undefined
}

/** Where a value may be one of several things it is told by the one that it most likely means: the one of the same type. */
function noAlternative(place: Place, schema: JsonSchema, value: unknown): Misfit | undefined {
  const alternatives = schema.oneOf ?? schema.anyOf
  if (!alternatives) return undefined
  const misfits = alternatives.map((alternative) => misfitOf(place, alternative, value))
  if (misfits.includes(undefined)) return undefined
  // Deepest first: what fits far down is what was meant.
  const [deepest] = (misfits as Misfit[]).sort((a, b) => b.path.length - a.path.length)
  if (deepest && deepest.path !== place.path) return deepest
  const lacking = isObject(value)
    ? (misfits as Misfit[]).find(({ problem }) => /^(lacks|has) /.test(problem))
    : undefined
  return lacking ?? misfitAt(place, schema, `is ${shown(value)}`)
}

const misfitAt = ({ path }: Place, { description }: JsonSchema, problem: string): Misfit => ({
  path,
  problem: description === undefined ? problem : `${problem} (${description.replace(/\.$/, '')})`,
})

const below = (path: string, name: string) =>
  /^[$\w]+$/.test(name) && !/^\d/.test(name)
    ? path === ''
      ? name
      : `${path}.${name}`
    : `${path}[${JSON.stringify(name)}]`

const isObject = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function isOfType(type: string, value: unknown): boolean {
  if (type === 'object') return isObject(value)
  if (type === 'array') return Array.isArray(value)
  if (type === 'null') return value === null
  return type === 'integer' ? Number.isInteger(value) : typeof value === type
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
const typeText = (type: string) => TYPES[type] ?? type

/** A value in a few words. */
function shown(value: unknown): string {
  if (Array.isArray(value)) return 'a list'
  if (isObject(value)) return 'an object'
  const text = JSON.stringify(value)
  return text.length > 60 ? `${text.slice(0, 57)}…"` : text
}
