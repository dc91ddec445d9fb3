import type { Shape, StructShape } from './shape.ts'
import { fromBase64, fromHttpDate, fromIsoDate, setEntry } from './values.ts'
import type { XmlElement } from './xmlParse.ts'

/** Element to the handler's value. Throws `XmlMismatch` when it is not of the shape. */
export type XmlDecoder = (element: XmlElement) => unknown

/** A document that is well-formed but not what the schema says; becomes the protocol's own error. */
export class XmlMismatch extends Error {}

const structs = new WeakMap<object, XmlDecoder>()

/** Compiles, once per shape, the function that reads a value from an element. Unknown elements are ignored. */
export function xmlDecoder(shape: Shape): XmlDecoder {
  switch (shape.kind) {
    case 'struct':
      return structDecoder(shape)
    case 'list': {
      const items = shape.traits.xmlFlattened === undefined ? (shape.element.traits.xmlName ?? 'member') : undefined
      const decode = xmlDecoder(shape.element)
      // A flattened list's elements are gathered by the structure around it.
      return (element) => childrenOf(element).flatMap((child) => (child.name === items ? [decode(child)] : []))
    }
    case 'map':
      return mapDecoder(shape.key, shape.value)
    default: {
      const read = SCALARS[shape.kind]
      return (element) => {
        if (element.children.length > 0) throw new XmlMismatch(`\`${element.name}\` holds elements`)
        return read(element.text)
      }
    }
  }
}

interface MemberDecoder {
  readonly name: string
  readonly decode: XmlDecoder
  /** Elements of the list are members of the structure. */
  readonly flattened: boolean
}

interface StructDecoders {
  readonly elements: ReadonlyMap<string, MemberDecoder>
  readonly attributes: readonly { readonly name: string; readonly attribute: string }[]
  readonly required: readonly string[]
}

function structDecoder(shape: StructShape): XmlDecoder {
  const known = structs.get(shape.identity)
  if (known) return known
  let members: StructDecoders | undefined
  const decode: XmlDecoder = (element) => {
    members ??= compileMembers(shape)
    const target: Record<string, unknown> = {}
    for (const { name, attribute } of members.attributes) {
      const value = element.attributes.get(attribute)
      if (value !== undefined) target[name] = value
    }
    for (const child of childrenOf(element)) {
      const member = members.elements.get(child.name)
      if (member) readMember(target, member, child)
    }
    for (const name of members.required) {
      if (target[name] === undefined) throw new XmlMismatch(`\`${element.name}\` lacks \`${name}\``)
    }
    return target
  }
  structs.set(shape.identity, decode)
  return decode
}

function readMember(target: Record<string, unknown>, member: MemberDecoder, child: XmlElement): void {
  const { name, decode, flattened } = member
  const earlier = target[name]
  if (flattened) {
    if (Array.isArray(earlier)) earlier.push(decode(child))
    else target[name] = [decode(child)]
    return
  }
  if (earlier !== undefined) throw new XmlMismatch(`\`${child.name}\` stands twice`)
  target[name] = decode(child)
}

function compileMembers(shape: StructShape): StructDecoders {
  const all = shape.members()
  const elements = new Map<string, MemberDecoder>()
  for (const { name, shape: member } of all) {
    if (member.traits.xmlAttribute) continue
    const flattened = member.kind === 'list' && member.traits.xmlFlattened !== undefined
    const decode = xmlDecoder(flattened ? member.element : member)
    elements.set(member.traits.xmlName ?? name, { name, decode, flattened })
  }
  const attributes = all
    .filter(({ shape: member }) => member.traits.xmlAttribute)
    .map(({ name, shape: member }) => ({ name, attribute: member.traits.xmlName ?? name }))
  return { elements, attributes, required: all.filter((member) => member.required).map(({ name }) => name) }
}

function mapDecoder(key: Shape, value: Shape): XmlDecoder {
  const decode = xmlDecoder(value)
  const keyName = key.traits.xmlName ?? 'key'
  const valueName = value.traits.xmlName ?? 'value'
  return (element) => {
    const target: Record<string, unknown> = {}
    for (const entry of childrenOf(element)) {
      const name = entry.children.find((child) => child.name === keyName)
      const item = entry.children.find((child) => child.name === valueName)
      if (!name || !item) throw new XmlMismatch('an entry lacks its key or value')
      setEntry(target, name.text, decode(item))
    }
    return target
  }
}

/** The elements inside; text between them may only be white space. */
function childrenOf(element: XmlElement): readonly XmlElement[] {
  if (element.text.trim() !== '') throw new XmlMismatch(`\`${element.name}\` holds text`)
  return element.children
}

const SCALARS = {
  string: (text: string) => text,
  document: (text: string) => text,
  unit: () => undefined,
  number: (text: string) => {
    const trimmed = text.trim()
    if (!/^[+-]?\d+$/.test(trimmed) || !Number.isSafeInteger(Number(trimmed))) throw new XmlMismatch('not an integer')
    return Number(trimmed)
  },
  boolean: (text: string) => {
    const trimmed = text.trim().toLowerCase()
    if (trimmed === 'true' || trimmed === '1') return true
    if (trimmed === 'false' || trimmed === '0') return false
    throw new XmlMismatch('not a boolean')
  },
  blob: (text: string) => {
    const bytes = fromBase64(text.trim())
    if (!bytes) throw new XmlMismatch('not base64')
    return bytes
  },
  timestamp: (text: string) => {
    const date = fromIsoDate(text.trim()) ?? fromHttpDate(text.trim())
    if (!date) throw new XmlMismatch('not a time')
    return date
  },
} as const
