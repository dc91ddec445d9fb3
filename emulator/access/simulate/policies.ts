import { compilePolicy, PolicyError } from '../document.ts'
import { contextKeysOf } from '../contextKeys.ts'
import { statementReach, type CompiledStatement, type Question } from '../match/statement.ts'
import type { CompiledPolicy, Layer } from '../types.ts'
import { statementPositions, type StatementPosition } from './positions.ts'
import { SimulationError, type MatchedStatement, type SimulatedPolicy } from './types.ts'

/** A policy made ready, with where its statements stand. */
export interface Prepared {
  readonly id: string
  readonly layer: Layer
  readonly type: MatchedStatement['SourcePolicyType']
  readonly policy: CompiledPolicy
  readonly positions: readonly StatementPosition[]
  /** Every condition key it mentions. */
  readonly keys: readonly string[]
}

export const IAM = { layer: 'identity', type: 'IAM Policy' } as const
export const BOUNDARY = { layer: 'boundary', type: 'Permissions Boundary Policy' } as const
export const RESOURCE = { layer: 'resource', type: 'Resource Policy' } as const

/** @throws SimulationError naming the item that is no policy */
export function prepareAll(
  policies: readonly SimulatedPolicy[],
  { layer, type }: Pick<Prepared, 'layer' | 'type'>,
): Prepared[] {
  return policies.map(({ id, text }, index) => ({
    id,
    layer,
    type,
    policy: compiled(text, index),
    positions: statementPositions(text),
    keys: contextKeysOf(text) ?? [],
  }))
}

function compiled(text: string, index: number): CompiledPolicy {
  try {
    return compilePolicy(text)
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error
    throw new SimulationError(`Policy input list item ${index + 1} has invalid content`)
  }
}

/** The statements of one effect that apply. */
export function matching(
  policies: readonly Prepared[],
  effect: 'allows' | 'denies',
  question: Question,
): MatchedStatement[] {
  return policies.flatMap((prepared) =>
    prepared.policy[effect]
      .filter((statement) => statementReach(statement, question, prepared.layer) !== 'none')
      .flatMap((statement) => matched(prepared, statement)),
  )
}

function matched({ id, type, positions }: Prepared, { index }: CompiledStatement): MatchedStatement[] {
  const position = positions[index]
  return position ? [{ SourcePolicyId: id, SourcePolicyType: type, ...position }] : []
}
