import type { Shape, StructShape, TimestampFormat } from './shape.ts'
import { toBase64 } from './values.ts'

/** How a protocol writes times that have no format of their own. */
export interface XmlStyle {
  /**
   * `seconds`: `2026-01-01T00:00:00Z` (IAM, STS); `milliseconds`: `2026-01-01T00:00:00.000Z`, always zeros (S3); `exact`:
   * milliseconds as they are (EC2).
   */
  readonly times: 'seconds' | 'milliseconds' | 'exact'
}

/** A value as elements (and text) inside its parent's tags. */
type Content = (value: unknown) => string
/** A value with its own tags: one element, several (flattened lists), or none. */
type Element = (value: unknown) => string

/** What a structure adds to its own start tag, and what stands between its tags. */
export interface StructWriter {
  attributes(value: unknown): string
  content: Content
}

/** Compiled structures by style; a process sees three styles and a fixed number of shapes. */
const structs = new WeakMap<XmlStyle, WeakMap<object, StructWriter>>()

/**
 * Compiles, once per shape, the writer of a structure's members. Several times faster than building nodes and printing
 * them, which counts for listings of a thousand objects.
 * @param skip members that stand elsewhere (headers, payloads)
 */
export function xmlStruct(shape: StructShape, style: XmlStyle): StructWriter {
  let byShape = structs.get(style)
  if (!byShape) structs.set(style, (byShape = new WeakMap()))
  const known = byShape.get(shape.identity)
  if (known) return known
  let compiled: StructWriter | undefined
  const writer: StructWriter = {
    attributes: (value) => (compiled ??= compile(shape, style)).attributes(value),
    content: (value) => (compiled ??= compile(shape, style)).content(value),
  }
  byShape.set(shape.identity, writer)
  return writer
}

function compile(shape: StructShape, style: XmlStyle): StructWriter {
  // Bindings to headers and the like concern a REST protocol's top-level structures only: nested shapes have none.
  const all = shape.members().filter(({ shape: { traits } }) => isInBody(traits))
  const inside = all.filter(({ shape: member }) => !member.traits.xmlAttribute)
  const elements = inside.map(({ name, shape: member }) => ({
    name,
    write: xmlElement(member.traits.xmlName ?? name, member, style),
  }))
  const attributes = all
    .filter(({ shape: member }) => member.traits.xmlAttribute)
    .map(({ name, shape: member }) => ({ name, attribute: member.traits.xmlName ?? name }))
  return {
    attributes: (value) => attributesOf(value as Readonly<Record<string, unknown>>, attributes),
    content(value) {
      const struct = value as Readonly<Record<string, unknown>>
      let text = ''
      for (const { name, write } of elements) {
        const member = struct[name]
        if (member !== undefined && member !== null) text += write(member)
      }
      return text
    },
  }
}

const isInBody = (traits: Shape['traits']) =>
  traits.httpHeader === undefined && traits.httpPrefixHeaders === undefined && traits.httpPayload === undefined

function attributesOf(
  struct: Readonly<Record<string, unknown>>,
  attributes: readonly { readonly name: string; readonly attribute: string }[],
): string {
  let text = ''
  for (const { name, attribute } of attributes) {
    const value = struct[name]
    if (value !== undefined && value !== null) text += ` ${attribute}="${escapeXml(value as string)}"`
  }
  return text
}

/** The writer of one member, tags included. */
export function xmlElement(tag: string, shape: Shape, style: XmlStyle): Element {
  if (shape.kind === 'list') return listElement(tag, shape, shape.element, style)
  if (shape.kind === 'map') return mapElement(tag, shape, style)
  if (shape.kind === 'struct') {
    const writer = xmlStruct(shape, style)
    const xmlns = xmlnsOf(shape.traits)
    return (value) => wrap(tag, xmlns + writer.attributes(value), writer.content(value))
  }
  const content = xmlScalar(shape, style)
  return (value) => wrap(tag, '', content(value))
}

function listElement(tag: string, shape: Shape, element: Shape, style: XmlStyle): Element {
  const flattened = shape.traits.xmlFlattened !== undefined
  const item = xmlElement(flattened ? tag : (element.traits.xmlName ?? 'member'), element, style)
  return (value) => {
    let text = ''
    for (const one of value as readonly unknown[]) text += item(one)
    return flattened ? text : wrap(tag, '', text)
  }
}

function mapElement(tag: string, shape: Shape & { kind: 'map' }, style: XmlStyle): Element {
  const flattened = shape.traits.xmlFlattened !== undefined
  const key = xmlElement(shape.key.traits.xmlName ?? 'key', shape.key, style)
  const item = xmlElement(shape.value.traits.xmlName ?? 'value', shape.value, style)
  return (value) => {
    let text = ''
    for (const [name, one] of Object.entries(value as object)) {
      if (one !== undefined && one !== null) text += wrap(flattened ? tag : 'entry', '', key(name) + item(one))
    }
    return flattened ? text : wrap(tag, '', text)
  }
}

/** The text of a plain value, escaped. */
export function xmlScalar(shape: Shape, style: XmlStyle): Content {
  if (shape.kind === 'timestamp') return (value) => xmlTime(value as Date, shape.format, style)
  if (shape.kind === 'blob') return toBase64
  if (shape.kind === 'number' || shape.kind === 'boolean') return String
  return (value) => escapeXml(String(value))
}

function xmlTime(date: Date, format: TimestampFormat, style: XmlStyle): string {
  if (format === 'epoch-seconds') return String(date.getTime() / 1000)
  if (format === 'http-date') return date.toUTCString()
  if (format === 'date-time' || style.times === 'exact') return date.toISOString()
  // AWS keeps whole seconds: S3 prints milliseconds that are always zero.
  return date.toISOString().replace(/\.\d{3}Z$/, style.times === 'seconds' ? 'Z' : '.000Z')
}

const xmlnsOf = ({ xmlNamespace }: Shape['traits']) =>
  xmlNamespace ? ` xmlns${xmlNamespace[0] === '' ? '' : `:${xmlNamespace[0]}`}="${escapeXml(xmlNamespace[1])}"` : ''

/** An element with attributes already written; empty ones close themselves, as AWS's do. */
export const wrap = (tag: string, attributes: string, content: string) =>
  content === '' ? `<${tag}${attributes}/>` : `<${tag}${attributes}>${content}</${tag}>`

// Control characters and line ends become references too: S3 keys may hold them, and parsers would drop or normalise them.
// eslint-disable-next-line no-control-regex -- they are what is being looked for
const SPECIAL = /[&<>"\u0000-\u0008\u000a-\u001f\u0085\u2028\ufffe\uffff]/g
const NAMED: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

/** Text for an element or a double-quoted attribute. */
export const escapeXml = (text: string): string =>
  text.replace(SPECIAL, (c) => NAMED[c] ?? `&#x${c.charCodeAt(0).toString(16).toUpperCase()};`)
