import { parseOperator } from './condition/operators.ts'
import { member, readJson, type JsonNode } from './json.ts'
import { referencesOf } from './match/template.ts'

/**
 * The condition keys that a document mentions, as GetContextKeysFor* lists them (facts: captures 11.6): from Condition and from the
 * variables in Resource, NotResource and operands, spelling kept, each once. Very lax about everything else.
 * @returns undefined where AWS answers InvalidInput: no JSON, an unknown operator, a statement without Effect, an unknown element
 */
export function contextKeysOf(text: string): string[] | undefined {
  const root = readJson(text)
  if (root?.kind !== 'object' || root.members.some(({ key }) => !TOP.has(key))) return undefined
  const version = member(root, 'Version')
  const variables = version?.kind === 'string' && version.text === '2012-10-17'
  const statement = member(root, 'Statement')
  const keys = new Set<string>()
  for (const each of statement?.kind === 'array' ? statement.items : statement ? [statement] : []) {
    if (!member(each, 'Effect')) return undefined
    if (!collectConditions(member(each, 'Condition'), keys, variables)) return undefined
    if (!variables) continue
    for (const name of ['Resource', 'NotResource']) collectVariables(member(each, name), keys)
  }
  return [...keys]
}

const TOP: ReadonlySet<string> = new Set(['Version', 'Id', 'Statement'])

/** @returns false when an operator is unknown */
function collectConditions(block: JsonNode | undefined, keys: Set<string>, variables: boolean): boolean {
  if (block?.kind !== 'object') return true
  for (const { key: operator, value: tests } of block.members) {
    if (!parseOperator(operator)) return false
    if (tests.kind !== 'object') continue
    for (const { key, value } of tests.members) {
      keys.add(key)
      if (variables) collectVariables(value, keys)
    }
  }
  return true
}

function collectVariables(node: JsonNode | undefined, keys: Set<string>): void {
  if (!node) return
  for (const item of node.kind === 'array' ? node.items : [node])
    if (item.kind === 'string') for (const name of referencesOf(item.text)) keys.add(name)
}
