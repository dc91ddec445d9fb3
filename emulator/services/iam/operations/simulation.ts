import type { ContextEntry, EvaluationResult } from '@aws-sdk/client-iam'
import {
  simulate,
  SimulationError,
  type SimulatedEntry,
  type SimulatedPolicy,
  type SimulationInput,
} from '../../../access/simulate.ts'
import { invalidInput } from '../errors.ts'
import { checkExclusions, exclusionsOf } from '../exclusions.ts'
import { ACCOUNT, given, type IamCall } from '../names.ts'
import type { PageInput } from '../pages.ts'
import {
  boundaryOf,
  existingOwner,
  policyOwner,
  policyOwnerResource,
  storedManaged,
  storedPolicies,
  type PolicyOwner,
  type StoredPolicy,
} from '../policyOwner.ts'
import { iam } from '../service.ts'

interface CommonInput extends PageInput {
  readonly ActionNames: readonly string[] | undefined
  readonly ResourceArns?: readonly string[] | undefined
  readonly ResourcePolicy?: string | undefined
  readonly ResourceOwner?: string | undefined
  readonly CallerArn?: string | undefined
  readonly ContextEntries?: readonly ContextEntry[] | undefined
  readonly PolicyInputList?: readonly string[] | undefined
  readonly PermissionsBoundaryPolicyInputList?: readonly string[] | undefined
}

/** `PolicyInputList.1`, `PolicyInputList.2` … */
const numbered = (list: string, texts: readonly string[] = []): SimulatedPolicy[] =>
  texts.map((text, index) => ({ id: `${list}.${String(index + 1)}`, text }))

const entryOf = ({ ContextKeyName, ContextKeyValues, ContextKeyType }: ContextEntry): SimulatedEntry => ({
  name: ContextKeyName,
  values: ContextKeyValues,
  type: ContextKeyType,
})

/** What both simulations take from the request alone. */
function asked(input: CommonInput, call: IamCall) {
  const { ResourceArns, PermissionsBoundaryPolicyInputList: boundary } = input
  return {
    actions: given(input.ActionNames),
    resources: ResourceArns && ResourceArns.length > 0 ? ResourceArns : undefined,
    resourcePolicy: input.ResourcePolicy,
    resourceOwner: input.ResourceOwner,
    callerArn: input.CallerArn,
    account: call.account,
    context: input.ContextEntries?.map(entryOf),
    identity: numbered('PolicyInputList', input.PolicyInputList),
    boundary: boundary && boundary.length > 0 ? numbered('PermissionsBoundaryPolicyInputList', boundary) : undefined,
  }
}

const DEFAULT_ITEMS = 100

/** Markers are offsets into the actions; each page is evaluated afresh (captures 11.2). */
function answer(input: PageInput, simulation: SimulationInput) {
  const offset = input.Marker === undefined ? 0 : Number(/^\d{1,9}$/.exec(input.Marker)?.[0] ?? NaN)
  if (Number.isNaN(offset)) throw invalidInput('Invalid marker for pagination.')
  const end = offset + (input.MaxItems ?? DEFAULT_ITEMS)
  const { actions } = simulation
  const more = end < actions.length
  const results = simulated({ ...simulation, actions: actions.slice(offset, end) })
  return { EvaluationResults: results, IsTruncated: more, ...(more && { Marker: String(end) }) }
}

function simulated(simulation: SimulationInput): EvaluationResult[] {
  try {
    // AWS sends `IAM Policy` and the like, where the SDK's type knows `user`, `group` …
    return simulate(simulation) as unknown as EvaluationResult[]
  } catch (error) {
    throw error instanceof SimulationError ? invalidInput(error.message) : error
  }
}

const simulateCustomPolicy = iam.row('SimulateCustomPolicy', {
  action: 'iam:SimulateCustomPolicy',
  readOnly: true,
  resource: () => ACCOUNT,
  run(input, call) {
    const levels = input.OrderedOrganizationPolicyInputList?.map(({ ServiceControlPolicyInputList: texts }, index) =>
      numbered(`OrderedOrganizationPolicyInputList.${String(index + 1)}`, texts),
    )
    return answer(input, { ...asked(input, call), organization: levels })
  },
})

const idOf = (policy: StoredPolicy): string =>
  policy.kind === 'managed' ? policy.name : `${policy.owner}_${policy.ownerName}_${policy.name}`

const simulatePrincipalPolicy = iam.row('SimulatePrincipalPolicy', {
  action: 'iam:SimulatePrincipalPolicy',
  readOnly: true,
  subject(input, call) {
    checkExclusions(input.PolicyExclusionList)
    return policyOwner(given(input.PolicySourceArn), call)
  },
  resource: policyOwnerResource,
  run(input, call, source) {
    const own = existingOwner(source, call)
    const request = asked(input, call)
    const exclusions = exclusionsOf(input.PolicyExclusionList)
    const stored = storedPolicies(own, source.kind ?? 'user', call)
      .filter((policy) => !exclusions.leavesOut(policy))
      .map((policy) => ({ id: idOf(policy), text: policy.text }))
    const attached = boundaryOf(own)
    const boundary = attached === undefined || exclusions.boundary ? undefined : storedManaged(attached, call)
    return answer(input, {
      ...request,
      identity: [...stored, ...request.identity],
      // A boundary in the request takes the place of the attached one (captures 11.5).
      boundary: request.boundary ?? (boundary && [{ id: boundary.name, text: boundary.text }]),
      callerArn: input.CallerArn ?? own.arn,
      organization: exclusions.organization ? undefined : controlPolicies(source, exclusions, call),
    })
  },
})

/** The service control policies that bear on the account, less those left out. */
function controlPolicies(
  { account }: PolicyOwner,
  exclusions: ReturnType<typeof exclusionsOf>,
  call: IamCall,
): SimulationInput['organization'] {
  return call.env.directory.organization(account)?.scp?.map((level) => {
    const kept = level.filter(({ arn }) => !exclusions.leavesOutControlPolicy(arn))
    // A level that is left without policies allows nothing.
    return kept.length === 0 ? [NOTHING] : kept.map(({ name, text }) => ({ id: name, text }))
  })
}

const NOTHING: SimulatedPolicy = { id: '', text: '{"Version":"2012-10-17","Statement":[]}' }

export const simulationRows = [simulateCustomPolicy, simulatePrincipalPolicy]
