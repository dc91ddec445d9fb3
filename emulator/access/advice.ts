import type { Explanation } from './explain.ts'
import type { Layer } from './types.ts'

/** One change that would help: where to make it, and what to write there (a policy statement, or a command). */
export interface Advice {
  readonly where: string
  readonly what: string
}

/** What would let a denied request through; any one of them, unless a line says that it is needed besides. */
export function advise(explanation: Explanation): readonly Advice[] {
  if (explanation.allowed) return []
  if (explanation.effect === 'explicit-deny')
    return [{ where: 'the Deny', what: 'remove or narrow that statement; no Allow outweighs it' }]
  const { layer } = explanation.decidedBy
  if (layer === 'identity') return [...identity(explanation), ...limits(explanation)]
  if (layer === 'resource' || layer === 'trust') return [...resourceSide(explanation), ...ownSide(explanation)]
  return [
    { where: `${MUST_ALLOW[layer] ?? layer}, too`, what: statement(explanation, layer === 'rcp' ? '*' : undefined) },
  ]
}

const MUST_ALLOW: Readonly<Partial<Record<Layer, string>>> = {
  boundary: 'in the permissions boundary',
  session: 'in the session policies',
  scp: 'in the service control policies of that level',
  rcp: 'in the resource control policies of that level',
  endpoint: 'in the VPC endpoint policy',
}

/** The caller's own policies; in the same account the resource may name it instead. */
function identity(explanation: Explanation): Advice[] {
  const own = { where: `in a policy of ${holder(explanation)}`, what: statement(explanation) }
  return explanation.crossAccount ? [own] : [own, ...resourceSide(explanation)]
}

/** What may be written at the resource: its policy, or a grant. */
function resourceSide(explanation: Explanation): Advice[] {
  const { guard, principal, grantOperation, resource } = explanation
  const whom = principalElement(explanation)
  if (guard === 'trust') return [{ where: "in the role's trust policy", what: statement(explanation, whom, false) }]
  if (guard === 'ordinary')
    return resource.startsWith('arn:aws:s3:')
      ? [{ where: 'in the bucket policy', what: statement(explanation, whom) }]
      : []
  if (guard !== 'key') return []
  const inPolicy = { where: 'in the key policy', what: statement({ ...explanation, resource: '*' }, whom) }
  if (grantOperation === null || principal.named === null || principal.kind === 'service') return [inPolicy]
  const command = `aws kms create-grant --key-id ${resource} --grantee-principal ${principal.named} --operations ${grantOperation}`
  return principal.kind === 'root' ? [inPolicy] : [inPolicy, { where: 'as a grant', what: command }]
}

/** Across accounts the caller's own account must agree, and may not do so yet. */
function ownSide(explanation: Explanation): Advice[] {
  if (!explanation.crossAccount || explanation.principal.kind === 'root' || allows(explanation, 'identity')) return []
  return [{ where: `and also in a policy of ${holder(explanation)}`, what: statement(explanation) }]
}

/** An identity policy alone does not help where a limit does not allow either. */
const limits = (explanation: Explanation): Advice[] =>
  (['boundary', 'session'] as const)
    .filter((layer) => allows(explanation, layer) === false)
    .map((layer) => ({ where: `and also ${MUST_ALLOW[layer] ?? layer}`, what: statement(explanation) }))

/** Whether a layer allows by itself; undefined when there is none. */
function allows({ layers }: Explanation, layer: Layer): boolean | undefined {
  const answer = layers.find((view) => view.layer === layer)?.answer
  return answer === undefined ? undefined : answer === 'allows'
}

/** `user reader`, `role app`, as IAM's console would call it. */
function holder({ principal: { kind, name, named } }: Explanation): string {
  return kind === 'user' || kind === 'role' ? `${kind} ${(named ?? name).replace(/^.*\//, '')}` : name
}

function principalElement({ principal: { kind, named } }: Explanation): unknown {
  if (named === null) return '*'
  return kind === 'service' ? { Service: named } : { AWS: named }
}

const statement = ({ action, resource }: Explanation, principal?: unknown, withResource = true) =>
  JSON.stringify({
    Effect: 'Allow',
    ...(principal !== undefined && { Principal: principal }),
    Action: action,
    ...(withResource && { Resource: resource }),
  })
