import { compileCondition, type Condition } from './condition/condition.ts'
import { member, readJson, type JsonNode } from './json.ts'
import { compileActions } from './match/action.ts'
import { compilePrincipals, type PrincipalMatcher } from './match/principal.ts'
import { compileResources } from './match/resource.ts'
import type { CompiledStatement } from './match/statement.ts'
import { compileTemplate } from './match/template.ts'
import type { CompiledPolicy } from './types.ts'

/** Why a text is no policy document. */
export type PolicyFault =
  | 'not-json'
  | 'not-an-object'
  | 'bad-version'
  | 'no-statement'
  | 'bad-statement'
  | 'bad-effect'
  | 'bad-action'
  | 'bad-resource'
  | 'bad-principal'
  | 'bad-condition'

/** A text that is no policy document. What a stored policy must satisfy besides is `validatePolicy`'s concern. */
export class PolicyError extends Error {
  readonly fault: PolicyFault

  constructor(fault: PolicyFault) {
    super(`not a policy document: ${fault}`)
    this.name = 'PolicyError'
    this.fault = fault
  }
}

/**
 * Parses a document and makes its matchers. Lenient where AWS is when it evaluates: a statement without Action or Resource has no
 * effect, an unknown operator is never true, an operand that cannot be read matches nothing.
 * @throws PolicyError
 */
export function compileDocument(text: string): CompiledPolicy {
  const root = readJson(text)
  if (!root) throw new PolicyError('not-json')
  if (root.kind !== 'object') throw new PolicyError('not-an-object')
  const version = versionOf(root)
  const statements = statementNodes(root).map((node, index) => compileStatement(node, index, version === '2012-10-17'))
  return {
    version,
    statements,
    allows: statements.filter(({ effect }) => effect === 'Allow'),
    denies: statements.filter(({ effect }) => effect === 'Deny'),
  }
}

function versionOf(root: JsonNode): CompiledPolicy['version'] {
  const node = member(root, 'Version')
  if (!node) return '2008-10-17'
  if (node.kind !== 'string' || (node.text !== '2012-10-17' && node.text !== '2008-10-17'))
    throw new PolicyError('bad-version')
  return node.text
}

/** The statements of a document: Statement may be one object or a list. */
export function statementNodes(root: JsonNode): readonly JsonNode[] {
  const node = member(root, 'Statement')
  if (!node) throw new PolicyError('no-statement')
  return node.kind === 'array' ? node.items : [node]
}

function compileStatement(node: JsonNode, index: number, variables: boolean): CompiledStatement {
  if (node.kind !== 'object') throw new PolicyError('bad-statement')
  const sid = member(node, 'Sid')
  const effect = member(node, 'Effect')
  if (effect?.kind !== 'string' || (effect.text !== 'Allow' && effect.text !== 'Deny'))
    throw new PolicyError('bad-effect')
  const actions = oneOrOther(node, 'Action', 'bad-action')
  const resources = oneOrOther(node, 'Resource', 'bad-resource')
  return {
    index,
    sid: sid?.kind === 'string' ? sid.text : undefined,
    effect: effect.text,
    actions: actions && compileActions(actions.texts, actions.negated),
    resources: resources && compileResources(resources.texts, resources.negated, variables),
    principals: principalsOf(node),
    conditions: conditionsOf(node, variables),
  }
}

/** `Action` or `NotAction`; both at once are no policy. */
function oneOrOther(
  node: JsonNode,
  name: 'Action' | 'Resource',
  fault: PolicyFault,
): { texts: readonly string[]; negated: boolean } | undefined {
  const plain = member(node, name)
  const negated = member(node, `Not${name}`)
  if (plain && negated) throw new PolicyError(fault)
  const chosen = plain ?? negated
  return chosen && { texts: textsOf(chosen, fault), negated: chosen === negated }
}

function textsOf(node: JsonNode, fault: PolicyFault): string[] {
  const items = node.kind === 'array' ? node.items : [node]
  return items.map((item) => {
    if (item.kind !== 'string') throw new PolicyError(fault)
    return item.text
  })
}

function principalsOf(node: JsonNode): PrincipalMatcher | undefined {
  const plain = member(node, 'Principal')
  const negated = member(node, 'NotPrincipal')
  if (plain && negated) throw new PolicyError('bad-principal')
  const chosen = plain ?? negated
  return chosen && compilePrincipals(principalEntries(chosen), chosen === negated)
}

/** Type and value of each principal; the type of the bare `"*"` is `*`. @throws PolicyError */
export function principalEntries(node: JsonNode): (readonly [type: string, value: string])[] {
  if (node.kind === 'string' && node.text === '*') return [['*', '*']]
  if (node.kind !== 'object') throw new PolicyError('bad-principal')
  return node.members.flatMap(({ key, value }) => textsOf(value, 'bad-principal').map((text) => [key, text] as const))
}

function conditionsOf(node: JsonNode, variables: boolean): readonly Condition[] {
  const block = member(node, 'Condition')
  if (!block) return []
  if (block.kind !== 'object') throw new PolicyError('bad-condition')
  return block.members.flatMap(({ key: operator, value: keys }) => {
    if (keys.kind !== 'object') throw new PolicyError('bad-condition')
    return keys.members.map(({ key, value }) => {
      const operands = operandTexts(value).map((text) => compileTemplate(text, variables))
      return compileCondition(operator, key, operands)
    })
  })
}

/** Operands may be written as strings, numbers or booleans, one or a list. @throws PolicyError */
export function operandTexts(node: JsonNode): string[] {
  const items = node.kind === 'array' ? node.items : [node]
  return items.map((item) => {
    if (item.kind === 'string' || item.kind === 'number') return item.text
    if (item.kind === 'boolean') return String(item.value)
    throw new PolicyError('bad-condition')
  })
}
