import type { Shape, StructShape } from './shape.ts'
import type { ServiceWire } from './schema.ts'
import { setEntry, toBase64 } from './values.ts'

/** Handler's value to what JSON.stringify takes. */
export type JsonEncoder = (value: unknown) => unknown

type Leading = ServiceWire['leading']

const structs = new WeakMap<object, JsonEncoder>()

/** Compiles, once per shape, the function that prepares a value for JSON. */
export function jsonEncoder(shape: Shape, leading?: Leading): JsonEncoder {
  switch (shape.kind) {
    case 'struct':
      return structEncoder(shape, leading)
    case 'list': {
      const element = jsonEncoder(shape.element, leading)
      return (value) => (value as readonly unknown[]).map(element)
    }
    case 'map':
      return mapEncoder(jsonEncoder(shape.value, leading))
    case 'blob':
      return toBase64
    case 'timestamp':
      // Seconds with a fraction (facts: A1).
      return (value) => (value as Date).getTime() / 1000
    default:
      return (value) => value
  }
}

function structEncoder(shape: StructShape, leading: Leading): JsonEncoder {
  const known = structs.get(shape.identity)
  if (known) return known
  let members: readonly { readonly name: string; readonly encode: JsonEncoder }[] | undefined
  const encode: JsonEncoder = (value) => {
    members ??= membersOf(shape, leading)
    const source = value as Readonly<Record<string, unknown>>
    const target: Record<string, unknown> = {}
    for (const member of members) {
      const item = source[member.name]
      if (item !== undefined && item !== null) target[member.name] = member.encode(item)
    }
    return target
  }
  structs.set(shape.identity, encode)
  return encode
}

function membersOf(shape: StructShape, leading: Leading) {
  const first = leading?.[shape.name] ?? []
  const members = shape.members().map(({ name, shape }) => ({ name, encode: jsonEncoder(shape, leading) }))
  const leads = ({ name }: { readonly name: string }) => first.includes(name)
  return [...members.filter(leads), ...members.filter((member) => !leads(member))]
}

const mapEncoder =
  (element: JsonEncoder): JsonEncoder =>
  (value) => {
    const target: Record<string, unknown> = {}
    for (const [key, item] of Object.entries(value as object)) {
      if (item !== undefined && item !== null) setEntry(target, key, element(item))
    }
    return target
  }
