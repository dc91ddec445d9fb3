import type { ConditionView, GrantView, LayerView, StatementView } from './explain.ts'
import type { Layer } from './types.ts'

/** What alone kept a statement or a grant from allowing. */
export type Failed = 'condition' | 'resource' | 'principal' | 'action' | 'grant'

export interface NearMiss {
  readonly layer: Layer
  readonly policy: string | null
  readonly statement: number | null
  readonly sid: string | null
  readonly grant: string | null
  readonly failed: Failed
  readonly because: string
  /** When only a condition failed. */
  readonly condition: Pick<ConditionView, 'operator' | 'key' | 'expected' | 'actual'> | null
}

/** The likeliest slip first: a condition that does not hold, then a wrong resource, principal, action. */
const LIKELIEST: readonly Failed[] = ['condition', 'grant', 'resource', 'principal', 'action']

/** The statement of the lacking layer (or the grant) in which exactly one part failed. */
export function nearMiss(lacking: Layer, layers: readonly LayerView[]): NearMiss | null {
  const found: NearMiss[] = []
  for (const view of layers) {
    if (view.layer === 'grant') found.push(...view.grants.flatMap((grant) => grantMiss(grant) ?? []))
    if (view.layer !== lacking || view.answer === 'allows') continue
    for (const policy of view.policies)
      for (const statement of policy.statements) {
        const miss = statementMiss(view.layer, policy.name, statement)
        if (miss) found.push(miss)
      }
  }
  for (const failed of LIKELIEST) {
    const miss = found.find((each) => each.failed === failed)
    if (miss) return miss
  }
  return null
}

function statementMiss(layer: Layer, policy: string, statement: StatementView): NearMiss | undefined {
  if (statement.effect !== 'Allow') return undefined
  const broken = statement.conditions.filter(({ matches }) => !matches)
  const parts = (['action', 'principal', 'resource'] as const).filter((part) => statement[part]?.matches === false)
  if (parts.length + Math.min(broken.length, 1) !== 1) return undefined
  const named = { layer, policy, statement: statement.index, sid: statement.sid, grant: null }
  const [condition] = broken
  if (condition) {
    const { operator, key, expected, actual, because } = condition
    return { ...named, failed: 'condition', because, condition: { operator, key, expected, actual } }
  }
  const [part] = parts
  return part && { ...named, failed: part, because: statement[part]?.because ?? '', condition: null }
}

/** A grant to this caller whose constraints, or whose operations, fell short. */
function grantMiss({ id, matches, because }: GrantView): NearMiss | undefined {
  if (matches || because === 'not-grantable' || because === 'not-the-grantee' || because === 'operation-not-granted')
    return undefined
  return {
    layer: 'grant',
    policy: null,
    statement: null,
    sid: null,
    grant: id,
    failed: 'grant',
    because,
    condition: null,
  }
}
