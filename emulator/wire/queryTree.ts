import { AwsError } from '../lib/awsError.ts'
import type { Params } from './params.ts'

/** Query parameters as a tree: `Tags.member.1.Key=a` is four nodes deep. */
export interface QueryNode {
  value: string | undefined
  readonly children: Map<string, QueryNode>
}

/** How AWS's query front end refuses what it cannot read (captures 12.1). */
export const malformedInput = (text: string) => new AwsError('MalformedInput', 400, text)

/** Names are split on dots. Iterative, and as large as the request, whatever the names look like. */
export function queryTree(params: Params): QueryNode {
  const root: QueryNode = { value: undefined, children: new Map() }
  for (const name in params) {
    let node = root
    for (const part of name.split('.')) {
      let child = node.children.get(part)
      if (!child) {
        child = { value: undefined, children: new Map() }
        node.children.set(part, child)
      }
      node = child
    }
    node.value ??= params[name]
  }
  return root
}

/** A list whose gap is larger than this is refused (captures 12.1). */
const LARGEST_SKIP = 10

/**
 * The elements below a `member` (or flattened) node, in order; undefined for the gaps between them (captures 12.1).
 * Without any numeric index the node itself is the one element, as AWS reads it.
 * @throws AwsError MalformedInput for indexes that are no indexes, and for lists with gaps too large.
 */
export function listElements(node: QueryNode): (QueryNode | undefined)[] {
  const byIndex = new Map<number, QueryNode>()
  for (const [key, child] of node.children) {
    if (/^-\d+$/.test(key)) throw malformedInput(`Key ${key} may not have a leading '-'`)
    if (!isIndex(key)) continue
    if (Number(key) === 0) throw malformedInput(`${key} is not a valid index`)
    for (const below of child.children.keys()) {
      if (isIndex(below)) throw malformedInput('Two index elements may not occur back to back')
    }
    // `01` and `1` are the same index.
    const index = Number(key)
    const same = byIndex.get(index)
    byIndex.set(index, same ? merge(same, child) : child)
  }
  if (byIndex.size === 0) return [node]
  return dense(byIndex)
}

function dense(byIndex: ReadonlyMap<number, QueryNode>): (QueryNode | undefined)[] {
  const elements: (QueryNode | undefined)[] = []
  for (const index of [...byIndex.keys()].sort((a, b) => a - b)) {
    const skip = index - Math.max(elements.length, 1)
    if (skip > LARGEST_SKIP) {
      throw malformedInput(`Excessively sparse input would skip ${skip} list elements`)
    }
    while (elements.length < index - 1) elements.push(undefined)
    elements.push(byIndex.get(index))
  }
  return elements
}

const isIndex = (key: string) => /^\d+$/.test(key)

function merge(a: QueryNode, b: QueryNode): QueryNode {
  return { value: a.value ?? b.value, children: new Map([...b.children, ...a.children]) }
}
