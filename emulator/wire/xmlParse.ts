import { SaxesParser } from 'saxes'

/** An element of a parsed document, without its namespace prefix. */
export interface XmlElement {
  readonly name: string
  /** By the name as written: `xsi:type`. */
  readonly attributes: ReadonlyMap<string, string>
  readonly children: XmlElement[]
  /** All text directly inside, CDATA included. */
  text: string
}

/** No AWS document nests deeper; the limit keeps what follows from recursing on demand of a stranger. */
const DEEPEST = 64

/**
 * Parses a document strictly. Document types are refused, so there are no entities to expand.
 * @returns the root element, or undefined when the text is not well-formed.
 */
export function parseXml(text: string): XmlElement | undefined {
  const parser = new SaxesParser({ xmlns: true })
  const open: XmlElement[] = []
  let root: XmlElement | undefined
  let depth = 0
  parser.on('error', (error) => {
    throw error
  })
  parser.on('doctype', () => parser.fail('document types are not accepted'))
  parser.on('opentag', (tag) => {
    if (++depth > DEEPEST) parser.fail('nested too deeply')
    const attributes = new Map(Object.values(tag.attributes).map(({ name, value }) => [name, value]))
    const element: XmlElement = { name: tag.local, attributes, children: [], text: '' }
    open.at(-1)?.children.push(element)
    root ??= element
    open.push(element)
  })
  parser.on('closetag', () => {
    depth--
    open.pop()
  })
  const append = (more: string) => {
    const element = open.at(-1)
    if (element) element.text += more
  }
  parser.on('text', append)
  parser.on('cdata', append)
  try {
    parser.write(text).close()
    return root
  } catch {
    return undefined
  }
}
