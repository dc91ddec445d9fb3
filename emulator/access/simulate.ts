import type { Question } from './match/statement.ts'
import { checkAction, checkResource, fits, resourceName } from './simulate/actions.ts'
import { ownerAccount, simulatedCaller, type SimulatedCaller } from './simulate/caller.ts'
import { simulatedContext, type SimulatedContext } from './simulate/context.ts'
import { BOUNDARY, IAM, matching, prepareAll, RESOURCE, type Prepared } from './simulate/policies.ts'
import {
  SimulationError,
  type MatchedStatement,
  type ResourceResult,
  type SimulationInput,
  type SimulationResult,
  type Verdict,
} from './simulate/types.ts'
import type { Principal } from './types.ts'

export * from './simulate/types.ts'

/**
 * What SimulateCustomPolicy and SimulatePrincipalPolicy compute (facts: captures 11.1–11.5): one result per action, in order.
 * Pages are the caller's business: markers are offsets into the actions.
 * @throws SimulationError
 */
export function simulate(input: SimulationInput): SimulationResult[] {
  const simulation = prepare(input)
  return input.actions.map((action) => simulateAction(action, simulation))
}

interface Simulation {
  readonly resources: readonly string[] | undefined
  readonly identity: readonly Prepared[]
  readonly boundary: readonly Prepared[] | undefined
  readonly resource: readonly Prepared[]
  readonly organization: readonly (readonly Prepared[])[] | undefined
  readonly principal: Principal
  readonly crossAccount: boolean
  readonly context: SimulatedContext
  /** Every key that some policy mentions and the request lacks. */
  readonly missing: readonly string[]
}

const NOBODY: Principal = { kind: 'anonymous' }

function prepare(input: SimulationInput): Simulation {
  const { actions, resources, boundary, organization, callerArn, resourceOwner, account } = input
  actions.forEach(checkAction)
  resources?.forEach(checkResource)
  checkLists(input)
  const caller: SimulatedCaller | undefined = callerArn === undefined ? undefined : simulatedCaller(callerArn)
  const identity = prepareAll(input.identity, IAM)
  const limits = boundary && prepareAll(boundary, BOUNDARY)
  const resource = resourcePolicy(input)
  const levels = organization?.map((level) => prepareAll(level, { ...IAM, layer: 'scp' }))
  const context = simulatedContext(input.context ?? [], caller, account)
  const all = [...identity, ...(limits ?? []), ...resource, ...(levels ?? []).flat()]
  return {
    resources,
    identity,
    boundary: limits,
    resource,
    organization: levels,
    principal: caller?.principal ?? NOBODY,
    crossAccount: resourceOwner !== undefined && ownerAccount(resourceOwner) !== (caller?.account ?? account),
    context,
    missing: [...new Set(all.flatMap(({ keys }) => keys))].filter(context.isMissing),
  }
}

function checkLists({ boundary, organization }: SimulationInput): void {
  if (boundary && boundary.length > 1)
    throw new SimulationError('The list of Permissions Boundary policies cannot exceed 1 items.')
  const empty = organization?.findIndex((level) => level.length === 0) ?? -1
  if (empty >= 0)
    throw new SimulationError(
      `Organization policy at index ${empty + 1} must contain at least one service control policy`,
    )
}

/** A resource policy needs a resource that is one, on both sides (facts: captures 11.4). */
function resourcePolicy({ resourcePolicy: text, resources }: SimulationInput): Prepared[] {
  if (text === undefined) return []
  if (!resources || resources.includes('*'))
    throw new SimulationError('Invalid Entity Arn: * does not clearly define entity type and name.')
  const prepared = prepareAll([{ id: 'ResourcePolicy', text }], RESOURCE)
  const written = prepared.flatMap(({ policy }) => policy.statements.flatMap((each) => each.resources?.written ?? []))
  if (written.includes('*')) throw new SimulationError('ResourceNames are not in a valid ARN format: *.')
  return prepared
}

/** One action on one resource. */
interface Outcome {
  readonly resource: string
  readonly decision: Verdict
  readonly matched: readonly MatchedStatement[]
  readonly details: Readonly<Record<string, Verdict>>
  readonly withinBoundary: boolean
  readonly withinOrganization: boolean
}

function simulateAction(action: string, simulation: Simulation): SimulationResult {
  const { resources, boundary, organization, missing } = simulation
  const outcomes = (resources ?? ['*']).map((resource) => simulateOne(action, resource, simulation))
  const decision = together(outcomes.map((each) => each.decision))
  const matched = outcomes.flatMap((each) =>
    decision === 'explicitDeny' && each.decision !== 'explicitDeny' ? [] : each.matched,
  )
  return {
    EvalActionName: action,
    EvalResourceName: resourceName(action, resources),
    EvalDecision: decision,
    MatchedStatements: distinct(matched),
    MissingContextValues: decision === 'implicitDeny' ? missing : [],
    ...(organization && {
      OrganizationsDecisionDetail: { AllowedByOrganizations: outcomes.every((each) => each.withinOrganization) },
    }),
    ...(boundary && boundaryDetail(outcomes.every((each) => each.withinBoundary))),
    ...(resources && {
      EvalDecisionDetails: detailsTogether(outcomes),
      ResourceSpecificResults: outcomes.map((outcome) => resourceResult(outcome, simulation)),
    }),
  }
}

const boundaryDetail = (allowed: boolean) => ({
  PermissionsBoundaryDecisionDetail: { AllowedByPermissionsBoundary: allowed },
})

function resourceResult(outcome: Outcome, { boundary, missing }: Simulation): ResourceResult {
  const lacking = outcome.decision === 'implicitDeny' ? missing : []
  return {
    EvalResourceName: outcome.resource,
    EvalResourceDecision: outcome.decision,
    ...(outcome.matched.length > 0 && { MatchedStatements: outcome.matched }),
    ...(lacking.length > 0 && { MissingContextValues: lacking }),
    EvalDecisionDetails: outcome.details,
    ...(boundary && boundaryDetail(outcome.withinBoundary)),
  }
}

function simulateOne(action: string, resource: string, simulation: Simulation): Outcome {
  const { identity, boundary, resource: policies, organization, principal, context, crossAccount } = simulation
  const question: Question = {
    principal,
    action: action.toLowerCase(),
    resource,
    context: context.context,
    simulated: true,
  }
  const part = (some: readonly Prepared[]): Part => ({
    allows: fits(action, resource) ? matching(some, 'allows', question) : [],
    denies: matching(some, 'denies', question),
  })
  const own = part(identity)
  const shared = part(policies)
  const limits = boundary && part(boundary)
  const levels = (organization ?? []).map(part)
  const withinBoundary = !limits || verdictOf(limits) === 'allowed'
  const within = levels.every((level) => verdictOf(level) === 'allowed')
  const denies = [own, shared, ...(limits ? [limits] : [])].flatMap((each) => each.denies)
  const decision = decide(own, shared, withinBoundary, within, crossAccount)
  const struck = denies.length > 0 || levels.some((level) => level.denies.length > 0)
  const final = struck ? 'explicitDeny' : decision
  const allows = [own, shared, ...(limits ? [limits] : [])].flatMap((each) => each.allows)
  return {
    resource,
    decision: final,
    matched: final === 'explicitDeny' ? denies : final === 'allowed' ? allows : [],
    details: crossAccount && !organization ? detailsOf(own, shared, limits) : {},
    withinBoundary,
    withinOrganization: within,
  }
}

interface Part {
  readonly allows: readonly MatchedStatement[]
  readonly denies: readonly MatchedStatement[]
}

const verdictOf = ({ allows, denies }: Part): Verdict =>
  denies.length > 0 ? 'explicitDeny' : allows.length > 0 ? 'allowed' : 'implicitDeny'

/** Within an account the resource's policy suffices, whatever the boundary says; across accounts everybody must agree. */
function decide(own: Part, shared: Part, boundary: boolean, organization: boolean, crossAccount: boolean): Verdict {
  const identity = own.allows.length > 0 && boundary
  const resource = shared.allows.length > 0
  const agreed = crossAccount ? identity && resource : identity || resource
  return agreed && organization ? 'allowed' : 'implicitDeny'
}

/** Each part's own answer; only across accounts (facts: captures 11.4). */
function detailsOf(own: Part, shared: Part, limits: Part | undefined): Record<string, Verdict> {
  return {
    [IAM.type]: verdictOf(own),
    [RESOURCE.type]: verdictOf(shared),
    ...(limits && { [BOUNDARY.type]: verdictOf(limits) }),
  }
}

/** The worst of several. */
function together(verdicts: readonly Verdict[]): Verdict {
  if (verdicts.includes('explicitDeny')) return 'explicitDeny'
  return verdicts.includes('implicitDeny') ? 'implicitDeny' : 'allowed'
}

function detailsTogether(outcomes: readonly Outcome[]): Record<string, Verdict> {
  const all: Record<string, Verdict[]> = {}
  for (const { details } of outcomes)
    for (const [part, verdict] of Object.entries(details)) (all[part] ??= []).push(verdict)
  return Object.fromEntries(Object.entries(all).map(([part, verdicts]) => [part, together(verdicts)]))
}

/** A statement that matched for several resources is listed once. */
function distinct(statements: readonly MatchedStatement[]): MatchedStatement[] {
  return [...new Map(statements.map((each) => [JSON.stringify(each), each])).values()]
}
