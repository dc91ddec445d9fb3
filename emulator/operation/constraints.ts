import { AwsError } from '../lib/awsError.ts'
import type { Protocol } from '../wire/protocol.ts'
import type { OperationModel } from '../wire/schema.ts'
import { shapeOf, type Shape, type StructShape } from '../wire/shape.ts'

/** What AWS's model demands of one member, beyond its type. The SDK's schemas do not carry it. */
export interface Constraint {
  /** Must be present. Members that the SDK's schema requires are required already; `false` lifts that. */
  readonly required?: boolean
  /** Strings in UTF-16 units, blobs in bytes, lists and maps in entries. */
  readonly minLength?: number
  readonly maxLength?: number
  readonly min?: number
  readonly max?: number
  /** The whole value must match; printed as written here, so use AWS's own spelling. */
  readonly pattern?: string
  /** What is really matched, where `pattern` is a Java expression that JavaScript reads otherwise. */
  readonly matches?: RegExp
  /** In the order in which AWS prints it. */
  readonly enum?: readonly string[]
  /** The sentence ends at `enum value set`, without the set (recorded for iam:UpdateAccessKey, facts: H3). */
  readonly unlisted?: true
}

/**
 * Constraints by member path, in AWS's spelling: `Tags`, `Tags.member.TagKey` (in a list), `Context.key` and `Context.value`
 * (of a map), `Constraints.EncryptionContextSubset.value`.
 */
export type OperationConstraints = Readonly<Record<string, Constraint>>

/** A service's constraints. Operations that are not listed are still checked for required members. */
export interface ConstraintTable {
  /** `withheld`: the sentences never quote values (IAM's newer form, facts: H3 and captures 12.1). Default: quoted. */
  readonly values?: 'quoted' | 'withheld'
  readonly operations: Readonly<Record<string, OperationConstraints>>
}

/** AWS's refusal of an input, or undefined when it satisfies the model. */
export type Validator = (input: object) => AwsError | undefined

/** AWS reports no more than this (captures 12.1). */
const MOST_PROBLEMS = 10

const CODES: Readonly<Record<Protocol['name'], string | undefined>> = {
  awsJson: 'ValidationException',
  awsQuery: 'ValidationError',
  restJson: 'ValidationException',
  // S3 and EC2 word each of their refusals themselves.
  restXml: undefined,
  ec2Query: undefined,
}

/**
 * Compiles an operation's constraints, once, into a function that prints AWS's sentence (facts: A5).
 * @throws Error when the table names a member that the operation does not have.
 */
export function compileConstraints(
  operation: OperationModel,
  table: ConstraintTable | undefined,
  protocol: Protocol['name'],
): Validator {
  const code = CODES[protocol]
  const shape = shapeOf(operation.input)
  if (code === undefined || shape.kind !== 'struct') return () => undefined
  const constraints = table?.operations[operation.name] ?? {}
  const scope = new Scope(operation, constraints, table?.values === 'withheld')
  const check = compileStruct(shape, '', scope)
  scope.assertAllUsed()
  if (!check) return () => undefined
  return (input) => {
    const problems: string[] = []
    check(input, '', problems)
    return problems.length === 0 ? undefined : new AwsError(code, 400, sentence(problems))
  }
}

function sentence(problems: readonly string[]): string {
  const told = problems.slice(0, MOST_PROBLEMS)
  return `${told.length} validation error${told.length === 1 ? '' : 's'} detected: ${told.join('; ')}`
}

/** Appends the problems of `value`, which stands at `path` (as AWS prints it). */
type Check = (value: unknown, path: string, problems: string[]) => void

/** What the compilation of one operation shares. */
class Scope {
  readonly withheld: boolean
  /** Java's name of a structure begins with this: `com.amazonaws.kms.v20141101.` */
  readonly javaPackage: string
  readonly #operation: OperationModel
  readonly #constraints: OperationConstraints
  readonly #used = new Set<string>()
  readonly #open = new Set<object>()

  constructor(operation: OperationModel, constraints: OperationConstraints, withheld: boolean) {
    const { namespace, version } = operation.service.wire
    this.#operation = operation
    this.#constraints = constraints
    this.withheld = withheld
    this.javaPackage = `${namespace}.v${version.replaceAll('-', '')}.`
  }

  at(path: string): Constraint {
    if (!Object.hasOwn(this.#constraints, path)) return {}
    this.#used.add(path)
    return this.#constraints[path] ?? {}
  }

  /** Walks into a structure once: shapes that contain themselves are checked to their first level. */
  enter<T>(struct: StructShape, walk: () => T): T | undefined {
    if (this.#open.has(struct.identity)) return undefined
    this.#open.add(struct.identity)
    const result = walk()
    this.#open.delete(struct.identity)
    return result
  }

  /** INVARIANT: every path of a table is a member of AWS's model. */
  assertAllUsed(): void {
    for (const path of Object.keys(this.#constraints)) {
      if (!this.#used.has(path)) throw new Error(`constraint on \`${this.#operation.name}\`: no member \`${path}\``)
    }
  }
}

function compileStruct(shape: StructShape, tablePath: string, scope: Scope): Check | undefined {
  return scope.enter(shape, () => {
    const prefix = tablePath === '' ? '' : `${tablePath}.`
    const members = hashOrder(shape.members(), (member) => lowerFirst(member.name)).flatMap((member) => {
      const constraint = scope.at(prefix + member.name)
      const required = constraint.required ?? member.required
      const check = compileValue(member.shape, constraint, prefix + member.name, scope)
      const missing = `${subjectless(member.shape, scope) ? 'Value' : 'Value null'} at '`
      return required || check
        ? [{ name: member.name, printed: lowerFirst(member.name), required, missing, check }]
        : []
    })
    if (members.length === 0) return undefined
    return (value, path, problems) => {
      const struct = value as Readonly<Record<string, unknown>>
      const base = path === '' ? '' : `${path}.`
      for (const { name, printed, required, missing, check } of members) {
        const member = struct[name]
        if (member === undefined || member === null) {
          if (required)
            problems.push(`${missing}${base}${printed}' failed to satisfy constraint: Member must not be null`)
        } else check?.(member, base + printed, problems)
      }
    }
  })
}

function compileValue(shape: Shape, constraint: Constraint, tablePath: string, scope: Scope): Check | undefined {
  const own = compileOwn(shape, constraint, scope)
  const inner = compileInner(shape, tablePath, scope)
  if (!own || !inner) return own ?? inner
  return (value, path, problems) => {
    own(value, path, problems)
    inner(value, path, problems)
  }
}

/** What is demanded of the value itself. */
function compileOwn(shape: Shape, constraint: Constraint, scope: Scope): Check | undefined {
  const demands = demandsOf(constraint)
  if (demands.length === 0) return undefined
  return (value, path, problems) => {
    for (const demand of demands) {
      if (!demand.holds(value)) problems.push(problem(shape, value, path, demand.text, scope))
    }
  }
}

function compileInner(shape: Shape, tablePath: string, scope: Scope): Check | undefined {
  if (shape.kind === 'struct') return compileStruct(shape, tablePath, scope)
  if (shape.kind === 'list') return compileList(shape, shape.element, tablePath, scope)
  if (shape.kind === 'map') return compileMap(shape, shape.value, tablePath, scope)
  return undefined
}

/** Structures in a list have problems of their own; plain values are the list's problem (captures 12.1). */
function compileList(shape: Shape, element: Shape, tablePath: string, scope: Scope): Check {
  if (element.kind === 'struct') {
    const check = compileStruct(element, `${tablePath}.member`, scope)
    return (value, path, problems) => {
      const list = value as readonly unknown[]
      for (let i = 0; i < list.length && problems.length < MOST_PROBLEMS; i++) {
        check?.(list[i] ?? {}, `${path}.${i + 1}.member`, problems)
      }
    }
  }
  const constraint = scope.at(`${tablePath}.member`)
  const demands = demandsOf(constraint)
  const text = demands.length === 0 ? 'Member must not be null' : memberMust('Member', constraint)
  return (value, path, problems) => {
    const list = value as readonly unknown[]
    const fails = list.some((item) => item === null || demands.some((demand) => !demand.holds(item)))
    if (fails) problems.push(problem(shape, value, path, text, scope))
  }
}

function compileMap(shape: Shape, valueShape: Shape, tablePath: string, scope: Scope): Check | undefined {
  const keys = scope.at(`${tablePath}.key`)
  const values = scope.at(`${tablePath}.value`)
  const [keyDemands, valueDemands] = [demandsOf(keys), demandsOf(values)]
  const inner = compileInner(valueShape, `${tablePath}.value`, scope)
  if (!inner && keyDemands.length === 0 && valueDemands.length === 0) return undefined
  return (value, path, problems) => {
    const entries = Object.entries(value as object)
    if (entries.some(([key]) => keyDemands.some((demand) => !demand.holds(key)))) {
      problems.push(problem(shape, value, path, memberMust('Map keys', keys), scope))
    }
    if (entries.some(([, item]) => valueDemands.some((demand) => !demand.holds(item)))) {
      problems.push(problem(shape, value, path, memberMust('Map value', values), scope))
    }
    if (inner) for (const [key, item] of entries) inner(item, `${path}.${key}.member`, problems)
  }
}

// ---- Demands ---------------------------------------------------------------------------------------------------------

interface Demand {
  readonly text: string
  holds(value: unknown): boolean
}

/** In the order in which AWS reports them: a value that breaks both shows its pattern before its length. */
function demandsOf(constraint: Constraint): Demand[] {
  const { minLength, maxLength, min, max, pattern, matches, enum: set, unlisted } = constraint
  const demands: Demand[] = []
  if (pattern !== undefined) {
    const expression = matches ?? wholly(pattern)
    demands.push({ text: patternText(pattern), holds: (value) => expression.test(String(value)) })
  }
  if (minLength !== undefined) demands.push({ text: minLengthText(minLength), holds: (v) => lengthOf(v) >= minLength })
  if (maxLength !== undefined) demands.push({ text: maxLengthText(maxLength), holds: (v) => lengthOf(v) <= maxLength })
  if (min !== undefined) demands.push({ text: minText(min), holds: (value) => Number(value) >= min })
  if (max !== undefined) demands.push({ text: maxText(max), holds: (value) => Number(value) <= max })
  if (set) {
    const values = new Set(set)
    demands.push({ text: enumText(set, unlisted), holds: (value) => values.has(String(value)) })
  }
  return demands
}

/** What stands in brackets when the elements of a collection break a constraint: all of it, not only what was broken. */
function memberMust(subject: string, constraint: Constraint): string {
  const { minLength, maxLength, min, max, pattern, enum: set, unlisted } = constraint
  const parts: string[] = []
  if (maxLength !== undefined) parts.push(maxLengthText(maxLength))
  if (minLength !== undefined) parts.push(minLengthText(minLength))
  if (max !== undefined) parts.push(maxText(max))
  if (min !== undefined) parts.push(minText(min))
  if (pattern !== undefined) parts.push(patternText(pattern))
  if (set) parts.push(enumText(set, unlisted))
  return `${subject} must satisfy constraint: [${parts.join(', ')}]`
}

const minLengthText = (length: number) => `Member must have length greater than or equal to ${length}`
const maxLengthText = (length: number) => `Member must have length less than or equal to ${length}`
const minText = (value: number) => `Member must have value greater than or equal to ${value}`
const maxText = (value: number) => `Member must have value less than or equal to ${value}`
const patternText = (pattern: string) => `Member must satisfy regular expression pattern: ${pattern}`
const enumText = (set: readonly string[], unlisted?: true) =>
  `Member must satisfy enum value set${unlisted ? '' : `: [${set.join(', ')}]`}`

/** Java's `matches()`: the whole value, `\p{…}` understood. */
function wholly(pattern: string): RegExp {
  try {
    return new RegExp(`^(?:${pattern})$`, 'u')
  } catch {
    // Java allows escapes (`\_`) that JavaScript's Unicode mode refuses.
    return new RegExp(`^(?:${pattern})$`)
  }
}

function lengthOf(value: unknown): number {
  if (typeof value === 'string' || Array.isArray(value)) return value.length
  if (value instanceof Uint8Array) return value.byteLength
  return typeof value === 'object' && value !== null ? Object.keys(value).length : 0
}

// ---- Sentences -------------------------------------------------------------------------------------------------------

function problem(shape: Shape, value: unknown, path: string, text: string, scope: Scope): string {
  const quoted = subjectless(shape, scope) ? '' : ` '${printed(shape, value, path, scope)}'`
  return `Value${quoted} at '${path}' failed to satisfy constraint: ${text}`
}

/** Blobs and sensitive members are never quoted (facts: A5). */
function subjectless(shape: Shape, scope: Scope): boolean {
  if (scope.withheld || shape.kind === 'blob' || shape.traits.sensitive !== undefined) return true
  if (shape.kind === 'list') return subjectless(shape.element, scope)
  return shape.kind === 'map' && (subjectless(shape.key, scope) || subjectless(shape.value, scope))
}

/** A value as Java prints it: `[a, b]`, `{a=b}`, `com.amazonaws.kms.v20141101.Tag@1f` (seen: Kinesis PutRecords). */
function printed(shape: Shape, value: unknown, path: string, scope: Scope): string {
  if (value === null || value === undefined) return 'null'
  if (shape.kind === 'list') {
    return `[${(value as readonly unknown[]).map((v, i) => printed(shape.element, v, `${path}.${i}`, scope)).join(', ')}]`
  }
  if (shape.kind === 'map') {
    const entries = Object.entries(value).map(([k, v]) => `${k}=${printed(shape.value, v, `${path}.${k}`, scope)}`)
    return `{${entries.join(', ')}}`
  }
  if (shape.kind === 'struct') return `${scope.javaPackage}${shape.name}@${(javaHash(path) >>> 0).toString(16)}`
  return String(value as string | number | boolean)
}

const lowerFirst = (name: string) => name.charAt(0).toLowerCase() + name.slice(1)

// ---- Order -----------------------------------------------------------------------------------------------------------

/**
 * The order in which a Java HashMap walks these names. AWS reports the members of a structure in it: recorded for a tag
 * (`value` before `key`, captures 12.1), and seen for DynamoDB's `writeCapacityUnits` before `readCapacityUnits`.
 */
function hashOrder<T>(items: readonly T[], nameOf: (item: T) => string): T[] {
  let capacity = 16
  while (items.length > capacity * 0.75) capacity *= 2
  const bucket = (item: T) => {
    const hash = javaHash(nameOf(item))
    return (hash ^ (hash >>> 16)) & (capacity - 1)
  }
  return [...items].sort((a, b) => bucket(a) - bucket(b))
}

/** `String.hashCode()` */
function javaHash(text: string): number {
  let hash = 0
  for (let i = 0; i < text.length; i++) hash = (Math.imul(31, hash) + text.charCodeAt(i)) | 0
  return hash
}
