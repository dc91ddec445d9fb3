import type { StatementPosition } from './positions.ts'

/** AWS's context key types, in the order its enum message lists them. */
export const CONTEXT_TYPES = [
  'binary',
  'ipList',
  'booleanList',
  'ip',
  'boolean',
  'numericList',
  'dateList',
  'numeric',
  'date',
  'stringList',
  'string',
  'binaryList',
] as const
export type ContextType = (typeof CONTEXT_TYPES)[number]

/** One policy of a simulation, named as the answer names it. */
export interface SimulatedPolicy {
  /** `PolicyInputList.1`, `user_<name>_<policy>`, a managed policy's name. */
  readonly id: string
  readonly text: string
}

export interface SimulatedEntry {
  readonly name?: string | undefined
  readonly values?: readonly string[] | undefined
  readonly type?: ContextType | undefined
}

/** Everything a simulation depends on; the service has looked up principals and stored policies. */
export interface SimulationInput {
  /** As sent, in order, duplicates kept. */
  readonly actions: readonly string[]
  /** Undefined when the request names none. */
  readonly resources?: readonly string[] | undefined
  readonly identity: readonly SimulatedPolicy[]
  /** One at most; undefined when no boundary takes part. */
  readonly boundary?: readonly SimulatedPolicy[] | undefined
  readonly resourcePolicy?: string | undefined
  /** An IAM ARN of the account that owns the resources. */
  readonly resourceOwner?: string | undefined
  readonly callerArn?: string | undefined
  /** The account that asks: aws:PrincipalAccount when no caller is named. */
  readonly account: string
  /** Service control policies by level; undefined outside organizations. */
  readonly organization?: readonly (readonly SimulatedPolicy[])[] | undefined
  readonly context?: readonly SimulatedEntry[] | undefined
}

export type Verdict = 'allowed' | 'explicitDeny' | 'implicitDeny'

export interface MatchedStatement extends StatementPosition {
  readonly SourcePolicyId: string
  readonly SourcePolicyType: 'IAM Policy' | 'Permissions Boundary Policy' | 'Resource Policy'
}

export interface ResourceResult {
  readonly EvalResourceName: string
  readonly EvalResourceDecision: Verdict
  readonly MatchedStatements?: readonly MatchedStatement[]
  readonly MissingContextValues?: readonly string[]
  readonly EvalDecisionDetails: Readonly<Record<string, Verdict>>
  readonly PermissionsBoundaryDecisionDetail?: { readonly AllowedByPermissionsBoundary: boolean }
}

/** AWS's EvaluationResult, member for member. */
export interface SimulationResult {
  readonly EvalActionName: string
  readonly EvalResourceName: string
  readonly EvalDecision: Verdict
  readonly MatchedStatements: readonly MatchedStatement[]
  readonly MissingContextValues: readonly string[]
  readonly OrganizationsDecisionDetail?: { readonly AllowedByOrganizations: boolean }
  readonly PermissionsBoundaryDecisionDetail?: { readonly AllowedByPermissionsBoundary: boolean }
  readonly EvalDecisionDetails?: Readonly<Record<string, Verdict>>
  readonly ResourceSpecificResults?: readonly ResourceResult[]
}

/** AWS's refusal of a simulation's input (facts: captures 11.2, 11.4): code InvalidInput. */
export class SimulationError extends Error {
  readonly code = 'InvalidInput'

  constructor(text: string) {
    super(text)
    this.name = 'SimulationError'
  }
}
