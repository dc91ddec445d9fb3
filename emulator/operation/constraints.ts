import { AwsError } from '../lib/awsError.ts'
import type { Protocol } from '../wire/protocol.ts'
import type { OperationModel } from '../wire/schema.ts'
import { shapeOf, type Shape, type StructShape } from '../wire/shape.ts'
import { demandsOf, memberMust, type Constraint } from './constraintTexts.ts'
import { hashOrder, javaHash } from './javaHash.ts'

export type { Constraint } from './constraintTexts.ts'

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
    // EBS direct's front end tells them in its own form (facts: captures-ebs-s3 5.2).
    const unmodelled = protocol === 'restJson'
    return problems.length === 0 ? undefined : new AwsError(code, 400, sentence(problems), { unmodelled })
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
  return `${value as string | number | boolean}`
}

const lowerFirst = (name: string) => name.charAt(0).toLowerCase() + name.slice(1)
