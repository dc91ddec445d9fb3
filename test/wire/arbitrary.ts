import fc from 'fast-check'
import { shapeOf, type Member, type Shape } from '../../emulator/wire/shape.ts'
import type { OperationModel } from '../../emulator/wire/schema.ts'

/** What a protocol cannot tell apart, so that generated values avoid it. */
export interface Limits {
  /** Empty lists, maps and nested structures look like absent ones. */
  readonly nonEmpty: boolean
  /** Characters of texts. */
  readonly text: fc.Arbitrary<string>
  /** Texts that travel in headers, query or path. */
  readonly binding: fc.Arbitrary<string>
}

const name = fc.string({
  unit: fc.constantFrom('a', 'b', 'c', 'x', 'y', 'z', '0', '1', '9'),
  minLength: 1,
  maxLength: 8,
})
export const plainText = name
/** Anything well-formed, with markup, quotes and other alphabets in it. */
export const anyText = fc.string({ unit: 'grapheme', maxLength: 12 }).map((text) => `${text}<&>"'é`)

export const inputOf = (operation: OperationModel, limits: Limits) => valueOf(shapeOf(operation.input), limits)
export const outputOf = (operation: OperationModel, limits: Limits) => valueOf(shapeOf(operation.output), limits)

function valueOf(shape: Shape, limits: Limits, depth = 0): fc.Arbitrary<unknown> {
  const least = limits.nonEmpty ? 1 : 0
  switch (shape.kind) {
    case 'struct':
      return shape.union ? unionOf(shape.members(), limits, depth) : structOf(shape.members(), limits, depth)
    case 'list':
      return fc.array(valueOf(shape.element, limits, depth + 1), { minLength: least, maxLength: 2 })
    case 'map':
      return fc.dictionary(name, valueOf(shape.value, limits, depth + 1), { minKeys: least, maxKeys: 2 })
    case 'string':
      return limits.text
    case 'blob':
      return fc.uint8Array({ maxLength: 40 })
    case 'boolean':
      return fc.boolean()
    case 'number':
      return fc.nat()
    case 'timestamp':
      return fc.integer({ min: 0, max: 4_000_000_000 }).map((seconds) => new Date(seconds * 1000))
    default:
      return fc.constant({})
  }
}

/** Recursive shapes end at this depth. */
const DEEPEST = 5

function structOf(members: readonly Member[], limits: Limits, depth: number): fc.Arbitrary<unknown> {
  const wanted = members.filter((member) => member.required || depth < DEEPEST)
  const model = Object.fromEntries(wanted.map((member) => [member.name, memberOf(member, limits, depth)]))
  const required = wanted.filter((member) => member.required).map((member) => member.name)
  // As programs write inputs: a client's middleware turns some of them into text.
  const record = fc.record(model, { requiredKeys: required, noNullPrototype: true })
  const mustSay = limits.nonEmpty && depth > 0 && wanted.length > 0
  return mustSay ? record.filter((value) => Object.keys(value).length > 0) : record
}

function unionOf(members: readonly Member[], limits: Limits, depth: number): fc.Arbitrary<unknown> {
  return fc.oneof(
    ...members.map((member) => memberOf(member, limits, depth).map((value) => ({ [member.name]: value }))),
  )
}

function memberOf({ shape }: Member, limits: Limits, depth: number): fc.Arbitrary<unknown> {
  const { httpHeader, httpQuery, httpPrefixHeaders, httpLabel } = shape.traits
  const bound = httpHeader ?? httpQuery ?? httpPrefixHeaders ?? httpLabel
  return valueOf(shape, bound === undefined ? limits : { ...limits, text: limits.binding, nonEmpty: true }, depth + 1)
}
