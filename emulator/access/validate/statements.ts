import { member, type JsonNode } from '../json.ts'
import { bucketActionFault, listingConditionFault } from './bucketActions.ts'
import { conditionFault } from './conditions.ts'
import { fault, type Fault, type PolicyKind } from './faults.ts'
import { KINDS } from './kinds.ts'
import { principalFault } from './principals.ts'

/** What a document is checked against besides its own text. */
export interface PolicyChecks {
  /**
   * Whether a principal that a resource policy names exists: the ARN of a user, role, session or federated user, or a unique id.
   * Left out, all do.
   */
  readonly principalExists?: ((principal: string) => boolean) | undefined
  /** For bucket policies: `arn:aws:s3:::bucket`, which every Resource must be or lie in. */
  readonly bucketArn?: string | undefined
}

interface Asked {
  readonly kind: PolicyKind
  readonly checks: PolicyChecks
  readonly variables: boolean
}
type Check = (statement: JsonNode, asked: Asked) => Fault | undefined

/** @throws PolicyError when an element has the wrong shape */
export function statementFault(statement: JsonNode, asked: Asked): Fault | undefined {
  for (const check of CHECKS) {
    const found = check(statement, asked)
    if (found) return found
  }
  return undefined
}

const ELEMENTS: ReadonlySet<string> = new Set([
  'Sid',
  'Effect',
  'Principal',
  'NotPrincipal',
  'Action',
  'NotAction',
  'Resource',
  'NotResource',
  'Condition',
])

const elements: Check = (statement) => {
  if (statement.kind !== 'object') return fault('invalid-syntax')
  const unknown = statement.members.find(({ key }) => !ELEMENTS.has(key))
  return unknown && fault('unknown-element', unknown.key)
}

const effect: Check = (statement, { kind }) => {
  const node = member(statement, 'Effect')
  if (!node) return fault('missing-effect')
  const text = node.kind === 'string' ? node.text : ''
  if (text !== 'Allow' && text !== 'Deny') return fault('invalid-effect', text)
  // Customers' resource control policies only deny (facts: captures 9.5).
  return kind === 'rcp' && text === 'Allow' ? fault('invalid-effect', text) : undefined
}

const principal: Check = (statement, { kind, checks }) => {
  const plain = member(statement, 'Principal')
  const negated = member(statement, 'NotPrincipal')
  const node = plain ?? negated
  if (KINDS[kind].principal === 'prohibited') return node && fault('prohibited-principal')
  if (!node) return fault('missing-principal')
  if (plain && negated) return fault('invalid-syntax')
  if (kind === 'rcp') return negated || !isEveryone(node) ? fault('invalid-principal') : undefined
  if (node.kind === 'string' && node.text !== '*') return fault('invalid-principal', `"AWS":"${node.text}"`)
  return principalFault(node, checks.principalExists ?? (() => true))
}

/** `"*"` or `{"AWS":"*"}`; a list is not taken (facts: captures 9.5). */
function isEveryone(node: JsonNode): boolean {
  const value = node.kind === 'object' && node.members.length === 1 ? member(node, 'AWS') : node
  return value?.kind === 'string' && value.text === '*'
}

const action: Check = (statement, { kind }) => {
  const negated = member(statement, 'NotAction')
  const node = member(statement, 'Action') ?? negated
  const texts = textsOf(node)
  if (texts.length === 0) return KINDS[kind].action === 'required' ? fault('missing-action') : undefined
  if (kind === 'rcp' && negated) return fault('action-not-allowed')
  for (const text of texts) {
    const found = actionFault(text, kind)
    if (found) return found
  }
  return undefined
}

/** Services that resource control policies can protect, of those known here (AWS lists 62 in September 2026). */
const RCP_SERVICES: ReadonlySet<string> = new Set([
  's3',
  'sts',
  'kms',
  'sqs',
  'secretsmanager',
  'dynamodb',
  'ecr',
  'logs',
  'aoss',
  'cognito-identity',
  'cognito-idp',
])

function actionFault(text: string, kind: PolicyKind): Fault | undefined {
  if (text === '*') return kind === 'trust' || kind === 'rcp' ? fault('action-not-allowed', text) : undefined
  const [vendor = '', ...rest] = text.toLowerCase().split(':')
  if (rest.length === 0 || vendor === '') return fault('action-without-vendor', text)
  if (rest.length > 1) return fault('action-with-two-colons', text)
  if (kind === 'trust' && vendor !== 'sts') return fault('action-not-allowed', text)
  if (kind === 'bucket' && vendor !== 's3') return fault('action-not-allowed', text)
  return kind === 'rcp' && !RCP_SERVICES.has(vendor) ? fault('action-not-allowed', text) : undefined
}

const resource: Check = (statement, { kind, checks }) => {
  const rules = KINDS[kind]
  for (const name of ['Resource', 'NotResource'])
    if (rules.resource === 'prohibited' && member(statement, name)) return fault('prohibited-resource', name)
  const texts = textsOf(member(statement, 'Resource') ?? member(statement, 'NotResource'))
  if (texts.length === 0) return rules.resource === 'required' ? fault('missing-resource') : undefined
  const wrong = texts.find((text) => rules.arnResources && !isResource(text, kind, checks))
  return wrong === undefined ? undefined : fault('invalid-resource', wrong)
}

function isResource(text: string, kind: PolicyKind, { bucketArn }: PolicyChecks): boolean {
  if (kind !== 'bucket') return text === '*' || text.startsWith('arn:')
  if (bucketArn === undefined) return text.startsWith('arn:')
  return text === bucketArn || text.startsWith(`${bucketArn}/`) || isBucketPattern(text, bucketArn)
}

/** A pattern for the bucket's own name and beyond: `arn:aws:s3:::bucket*`. */
const isBucketPattern = (text: string, bucketArn: string) =>
  text.startsWith(bucketArn) && text[bucketArn.length] === '*'

/** Of bucket policies: that what is listed as actions, resources and conditions belongs together. */
const fitting: Check = (statement, { kind, checks: { bucketArn } }) => {
  const listed = member(statement, 'Action')
  if (kind !== 'bucket' || bucketArn === undefined || !listed) return undefined
  const actions = textsOf(listed)
  const resources = member(statement, 'Resource')
  return (
    bucketActionFault(actions, resources && textsOf(resources), bucketArn) ??
    listingConditionFault(actions, conditionKeysOf(statement))
  )
}

function conditionKeysOf(statement: JsonNode): string[] {
  const node = member(statement, 'Condition')
  const operators = node?.kind === 'object' ? node.members : []
  return operators.flatMap(({ value }) => (value.kind === 'object' ? value.members.map(({ key }) => key) : []))
}

const sid: Check = (statement, { kind }) => {
  const node = member(statement, 'Sid')
  if (!node) return undefined
  if (node.kind !== 'string') return fault('invalid-syntax')
  return KINDS[kind].plainSids && !/^[0-9A-Za-z]*$/.test(node.text) ? fault('invalid-sid', node.text) : undefined
}

const condition: Check = (statement, { kind, variables }) =>
  conditionFault(member(statement, 'Condition'), kind, variables)

const CHECKS: readonly Check[] = [elements, effect, principal, action, resource, fitting, sid, condition]

function textsOf(node: JsonNode | undefined): string[] {
  if (!node) return []
  const items = node.kind === 'array' ? node.items : [node]
  return items.flatMap((item) => (item.kind === 'string' ? item.text : []))
}
