import { readJson, type JsonNode } from './json.ts'

/**
 * A document in the layout AWS gives key policies (facts: B15): two-space indent, spaces around the colon, arrays of objects
 * as `[ {` … `} ]`. A text that is no JSON comes back as it is.
 */
export function prettyPolicy(text: string): string {
  const node = readJson(text)
  return node ? print(node, '') : text
}

/** The document without white space between its tokens. */
export function minifyPolicy(text: string): string {
  const node = readJson(text)
  return node ? compact(node) : text
}

function print(node: JsonNode, indent: string): string {
  if (node.kind === 'object') {
    if (node.members.length === 0) return '{ }'
    const inner = `${indent}  `
    const members = node.members.map(({ key, value }) => `${inner}${JSON.stringify(key)} : ${print(value, inner)}`)
    return `{\n${members.join(',\n')}\n${indent}}`
  }
  if (node.kind === 'array') {
    if (node.items.length === 0) return '[ ]'
    return `[ ${node.items.map((item) => print(item, indent)).join(', ')} ]`
  }
  return scalar(node)
}

export function compact(node: JsonNode): string {
  if (node.kind === 'object')
    return `{${node.members.map(({ key, value }) => `${JSON.stringify(key)}:${compact(value)}`).join(',')}}`
  return node.kind === 'array' ? `[${node.items.map(compact).join(',')}]` : scalar(node)
}

function scalar(node: Exclude<JsonNode, { kind: 'object' | 'array' }>): string {
  switch (node.kind) {
    case 'string':
      return JSON.stringify(node.text)
    case 'number':
      return node.text
    case 'boolean':
      return String(node.value)
    case 'null':
      return 'null'
  }
}
