import { listElements, malformedInput, type QueryNode } from './queryTree.ts'
import type { Member, Shape, StructShape } from './shape.ts'
import { fromBase64, fromIsoDate, setEntry } from './values.ts'

/** Query node to the handler's value; undefined where nothing was given. Throws AwsError MalformedInput. */
export type QueryDecoder = (node: QueryNode) => unknown

/** What the two query protocols do differently. */
export interface QueryStyle {
  /** The parameter (or the part of its name) that holds a member. */
  nameOf(member: Member): string
  /** Lists are written `Name.1`, whatever their traits say, and what is not there leaves no gap. */
  readonly flat: boolean
}

/** IAM and STS (Smithy: awsQuery). */
export const QUERY: QueryStyle = { nameOf: ({ name, shape }) => shape.traits.xmlName ?? name, flat: false }

/** Compiled structures: a shape belongs to one service, and so to one style. */
const structs = new WeakMap<object, QueryDecoder>()

/** Compiles, once per shape, the function that reads a value from query parameters (captures 12.1). */
export function queryDecoder(shape: Shape, style = QUERY): QueryDecoder {
  switch (shape.kind) {
    case 'struct':
      return structDecoder(shape, style)
    case 'list':
      return style.flat
        ? flatListDecoder(shape.element, style)
        : listDecoder(shape.element, shape.traits.xmlFlattened !== undefined)
    case 'map':
      return mapDecoder(shape.key, shape.value, shape.traits.xmlFlattened !== undefined)
    default:
      return scalarDecoder(SCALARS[shape.kind])
  }
}

function structDecoder(shape: StructShape, style: QueryStyle): QueryDecoder {
  const known = structs.get(shape.identity)
  if (known) return known
  let members: readonly { name: string; wireName: string; decode: QueryDecoder }[] | undefined
  const decode: QueryDecoder = (node) => {
    if (node.value !== undefined && node.children.size === 0)
      throw malformedInput('Unexpected complex element termination')
    members ??= shape.members().map((member) => ({
      name: member.name,
      wireName: style.nameOf(member),
      decode: queryDecoder(member.shape, style),
    }))
    const target: Record<string, unknown> = {}
    for (const member of members) {
      const child = node.children.get(member.wireName)
      if (child) target[member.name] = member.decode(child)
    }
    return target
  }
  structs.set(shape.identity, decode)
  return decode
}

function listDecoder(element: Shape, flattened: boolean): QueryDecoder {
  const decode = queryDecoder(element)
  const wireName = element.traits.xmlName ?? 'member'
  // A gap leaves a structure without members, or a null among plain values: the validator says so.
  const gap = element.kind === 'struct' ? () => ({}) : () => null
  return (node) => {
    if (node.children.size === 0) return emptyList(node)
    const members = flattened ? node : node.children.get(wireName)
    if (!members) return []
    return listElements(members).map((item) => (item ? decode(item) : gap()))
  }
}

/** Without any index there is no element: `SnapshotId=` and `SnapshotId.=` name none. */
function flatListDecoder(element: Shape, style: QueryStyle): QueryDecoder {
  const decode = queryDecoder(element, style)
  return (node) => (node.children.size === 0 ? [] : listElements(node).flatMap((item) => (item ? [decode(item)] : [])))
}

/** `Tags=` is how SDKs write an empty list. */
function emptyList(node: QueryNode): unknown[] {
  if (node.value === undefined || node.value === '') return []
  throw malformedInput('Unexpected list element termination')
}

function mapDecoder(key: Shape, value: Shape, flattened: boolean): QueryDecoder {
  const decode = queryDecoder(value)
  const keyName = key.traits.xmlName ?? 'key'
  const valueName = value.traits.xmlName ?? 'value'
  return (node) => {
    const target: Record<string, unknown> = {}
    const entries = flattened ? node : node.children.get('entry')
    if (!entries || node.children.size === 0) return target
    for (const entry of listElements(entries)) {
      const name = entry?.children.get(keyName)?.value
      const item = entry?.children.get(valueName)
      if (name === undefined || !item) throw malformedInput('Unexpected complex element termination')
      setEntry(target, name, decode(item))
    }
    return target
  }
}

const scalarDecoder =
  (read: (text: string) => unknown): QueryDecoder =>
  (node) => {
    if (node.value === undefined) throw malformedInput('Start of list found where not expected')
    return read(node.value)
  }

const SCALARS = {
  string: (text: string) => text,
  document: (text: string) => text,
  unit: () => undefined,
  /** Optional sign and digits, 32 bits: `+900` and `0900` are good, ` 900 `, `900.0` and `9e2` are not. */
  number: (text: string) => {
    const value = /^[+-]?\d+$/.test(text) ? Number(text) : NaN
    if (!(value >= -(2 ** 31) && value < 2 ** 31)) throw malformedInput(`'${text}' can not be converted to an Integer`)
    return value
  },
  boolean: (text: string) => {
    if (text === 'true' || text === '1') return true
    if (text === 'false' || text === '0') return false
    throw malformedInput(`'${text}' can not be converted to an Boolean`)
  },
  blob: (text: string) => {
    const bytes = fromBase64(text)
    if (!bytes) throw malformedInput('')
    return bytes
  },
  timestamp: (text: string) => {
    const date = fromIsoDate(text)
    if (!date) throw malformedInput(`'${text}' can not be converted to milliseconds since epoch`)
    return date
  },
} as const
