import { compileDocument, PolicyError, statementNodes, type PolicyFault } from './compile.ts'
import { member, readJson, type JsonNode } from './json.ts'
import { fault, problemOf, type Fault, type FaultCode, type PolicyKind, type PolicyProblem } from './validate/faults.ts'
import { KINDS, policySize } from './validate/kinds.ts'
import { statementFault, type PolicyChecks } from './validate/statements.ts'

export type { FaultCode, PolicyKind, PolicyProblem } from './validate/faults.ts'
export type { PolicyChecks } from './validate/statements.ts'
export { policySize, SIZE_LIMITS } from './validate/kinds.ts'

/**
 * Whether AWS would store a document as a policy of this kind (facts: C10, C11; captures 9.5, 10.6); undefined when it would.
 * A document that passes also compiles.
 */
export function validatePolicy(text: string, kind: PolicyKind, checks: PolicyChecks = {}): PolicyProblem | undefined {
  const found = documentFault(text, kind, checks)
  return found && problemOf(found, kind)
}

function documentFault(text: string, kind: PolicyKind, checks: PolicyChecks): Fault | undefined {
  const { limit } = KINDS[kind]
  if (limit && (limit.countsSpace ? text.length : policySize(text)) > limit.characters) return fault('too-long')
  const root = readJson(text)
  if (root?.kind !== 'object') return fault('invalid-json')
  const version = member(root, 'Version')
  if (version && !(version.kind === 'string' && VERSIONS.has(version.text))) return fault('invalid-version')
  const unknown = root.members.find(({ key }) => !ELEMENTS.has(key))
  if (unknown) return fault('unknown-element', unknown.key)
  try {
    const found = statementsFault(root, kind, checks)
    // What is left unchecked above must still be a document that evaluation can read.
    if (!found) compileDocument(text)
    return found
  } catch (error) {
    if (error instanceof PolicyError) return fault(COMPILE_FAULTS[error.fault])
    throw error
  }
}

const VERSIONS: ReadonlySet<string> = new Set(['2012-10-17', '2008-10-17'])
const ELEMENTS: ReadonlySet<string> = new Set(['Version', 'Id', 'Statement'])

function statementsFault(root: JsonNode, kind: PolicyKind, checks: PolicyChecks): Fault | undefined {
  const variables = isCurrent(member(root, 'Version'))
  const statements = statementNodes(root)
  if (statements.length === 0 && kind !== 'key') return fault('missing-statement')
  for (const statement of statements) {
    const found = statementFault(statement, { kind, checks, variables })
    if (found) return found
  }
  return KINDS[kind].plainSids ? duplicateSid(statements) : undefined
}

const isCurrent = (version: JsonNode | undefined) => version?.kind === 'string' && version.text === '2012-10-17'

function duplicateSid(statements: readonly JsonNode[]): Fault | undefined {
  const seen = new Set<string>()
  for (const statement of statements) {
    const sid = member(statement, 'Sid')
    if (sid?.kind !== 'string' || sid.text === '') continue
    if (seen.has(sid.text)) return fault('duplicate-sid', sid.text)
    seen.add(sid.text)
  }
  return undefined
}

const COMPILE_FAULTS: Readonly<Record<PolicyFault, FaultCode>> = {
  'not-json': 'invalid-json',
  'not-an-object': 'invalid-json',
  'bad-version': 'invalid-version',
  'no-statement': 'missing-statement',
  'bad-statement': 'invalid-syntax',
  'bad-effect': 'invalid-effect',
  'bad-action': 'invalid-syntax',
  'bad-resource': 'invalid-syntax',
  'bad-principal': 'invalid-principal',
  'bad-condition': 'invalid-condition',
}
