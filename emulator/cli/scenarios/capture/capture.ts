import type { DecisionView } from '../../../audit/decisionLog.ts'
import { withoutChance } from '../../../server/world/answers.ts'
import type { Scenario, ScenarioStep } from '../../../server/world/scenario.ts'
import type { AccountSpec, BucketSpec } from '../../../server/world/world.ts'
import { CliError } from '../../cliError.ts'
import { callerOf, type CallerPart } from './caller.ts'
import { callOf, type CallPart } from './calls.ts'
import { CANNOT, factsOf, parsed, policiesIn, textIn, type Facts } from './facts.ts'
import { organizationOf } from './organization.ts'
import { bucketsOf, endpointOf, keysOf, type BucketPart, type KeyPart } from './resources.ts'

/**
 * Scenarios in which a denied request may be refused in the same words, the simplest first: what a decision tells of the world around it
 * leaves some of it open, and only playing tells. Throws CliError for what cannot be written down at all.
 */
export function attempts(view: DecisionView): Scenario[] {
  const facts = factsOf(view)
  const keys = keysOf(facts)
  const owners = bucketsOf(facts).some(({ account }) => account === undefined)
    ? [...new Set([undefined, keys.at(0)?.account])]
    : [undefined]
  // A key policy that shuts its own account out is put in place after what needs the key.
  return [false, true].flatMap((late) => owners.map((owner) => scenarioOf(facts, keys, { late, owner })))
}

interface Variant {
  readonly late: boolean
  /** Whose a bucket is when nothing tells; undefined: the caller's. */
  readonly owner: string | undefined
}

function scenarioOf(facts: Facts, keys: readonly KeyPart[], variant: Variant): Scenario {
  const { view, checks, refused } = facts
  const inOrganization = [textIn(refused, 'aws:PrincipalOrgID'), textIn(refused, 'aws:ResourceOrgID')].some(Boolean)
  const management = checks.some(({ principal }) => principal.account === MANAGEMENT) ? '999999999998' : MANAGEMENT
  const caller = callerOf(facts, (account) => (inOrganization ? management : account))
  const call = callOf(facts, caller.as, keys)
  if (!call)
    throw new CliError(
      `${CANNOT}: how ${view.service}:${view.operation ?? '?'} was called is not known (docs/worlds.md lists what is)`,
    )

  const resource = textIn(refused, 'aws:ResourceAccount') ?? keys[0]?.account ?? caller.account
  const organization = organizationOf(facts, management, { caller: caller.account, resource })
  const accounts = accountsOf(facts, caller, keys, variant, organization && management)
  const before = call.before ?? []
  const steps: ScenarioStep[] = [
    ...before.filter(({ as }) => as !== caller.as),
    ...(variant.late ? keys.map(putPolicy) : []),
    ...(organization?.steps ?? []),
    ...before.filter(({ as }) => as === caller.as),
    deniedStep(facts, caller, call),
  ]
  const world = { ...(organization && { organization: organization.spec }), accounts }
  const title = `${view.service}:${view.operation ?? ''} is denied: ${refused.action}`
  const story = `Written from request ${view.requestId}, which ${view.principal} made. Contents are made up.`
  return named({ title, story, world, steps }, keys)
}

const deniedStep = (facts: Facts, caller: CallerPart, call: CallPart): ScenarioStep => ({
  says: facts.view.afterwards ? 'the call is answered, and comes to nothing' : 'the call is denied',
  as: caller.as,
  ...(facts.view.from.endpoint !== null && { through: facts.view.from.endpoint }),
  do: `${facts.view.service}:${facts.view.operation ?? ''}`,
  ...(facts.view.region !== 'us-east-1' && { region: facts.view.region }),
  with: call.with,
  ...(call.body !== undefined && { body: call.body }),
  ...expected(facts),
})

/** @param first the management account: it comes first, because what it holds others name */
function accountsOf(
  facts: Facts,
  caller: CallerPart,
  keys: readonly KeyPart[],
  { late, owner }: Variant,
  first: string | undefined,
): Record<string, AccountSpec> {
  const accounts = new Map<string, AccountSpec>()
  const add = (account: string, part: AccountSpec) => {
    accounts.set(account, merged(accounts.get(account) ?? {}, part))
  }
  if (first !== undefined) add(first, {})
  for (const [account, part] of caller.parts) add(account, part)
  if (caller.account !== undefined) add(caller.account, { region: facts.view.region })
  for (const key of keys) {
    const { region = key.region } = accounts.get(key.account) ?? {}
    if (region !== key.region) throw new CliError(`${CANNOT}: account ${key.account} has a part in two Regions`)
    add(key.account, { region, keys: { [key.name]: { ...key.spec, policy: late ? OPEN : key.policy } } })
  }
  const home = caller.account ?? keys[0]?.account
  for (const [account, part] of placesOf(facts, owner)) {
    const whose = account ?? home
    if (whose !== undefined) add(whose, part)
  }
  // What is known of somebody is more than a name.
  for (const [account, part] of strangers(facts)) {
    const there = accounts.get(account) ?? {}
    accounts.set(account, merged(part, there))
  }
  return Object.fromEntries(accounts)
}

/** Buckets and the VPC endpoint, with whose they are as far as that is known. */
function placesOf(facts: Facts, owner: string | undefined): [string | undefined, AccountSpec][] {
  const endpoint = endpointOf(facts)
  return [
    ...bucketsOf(facts).map((bucket): [string | undefined, AccountSpec] => [
      bucket.account ?? owner,
      { buckets: { [bucket.name]: bucketSpec(bucket) } },
    ]),
    ...(endpoint ? [[endpoint.account, endpoint.part] as [string | undefined, AccountSpec]] : []),
  ]
}

const bucketSpec = ({ key, bucketKey, policy, objects }: BucketPart): BucketSpec => ({
  ...(key !== undefined && { key }),
  ...(bucketKey && { bucketKey }),
  ...(policy && { policy }),
  objects: Object.fromEntries(objects.map((name) => [name, 'not the real contents'])),
})

/** The management account of the organization; the real one's id is not in a decision. */
const MANAGEMENT = '999999999999'

/** Lets everybody with an account use a key, until its own policy is put in place. */
const OPEN = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { AWS: '*' }, Action: 'kms:*', Resource: '*' }],
}

const putPolicy = ({ arn, account, region, policy }: KeyPart): ScenarioStep => ({
  says: 'the key has its policy',
  as: account,
  do: 'kms:PutKeyPolicy',
  ...(region !== 'us-east-1' && { region }),
  with: { KeyId: arn, Policy: policy, BypassPolicyLockoutSafetyCheck: true },
  expect: 'allowed',
})

function expected({ view, error, refused, refusedCall }: Facts): Pick<ScenarioStep, 'expect' | 'afterwards'> {
  const message = withoutChance(error.message)
  const { layer } = refused.decidedBy
  if (view.afterwards) return { expect: 'allowed', afterwards: { do: refusedCall, code: error.code, message, layer } }
  return { expect: { code: error.code, status: view.status, message, layer } }
}

/** Users and roles that the policies of resources name: they have to be there, and need nothing. */
function strangers({ checks, refused }: Facts): [string, AccountSpec][] {
  const trust = policiesIn(checks, 'trust')
  const found: [string, AccountSpec][] = []
  const text = [...policiesIn(checks, 'resource'), ...trust].map(({ document }) => document).join(' ')
  for (const [, account = '', kind, path = '/', name = ''] of text.matchAll(
    /arn:aws:iam::(\d{12}):(user|role)(\/(?:[\w+=,.@/-]*\/)?)([\w+=,.@-]+)"/g,
  )) {
    const spec = { ...(path !== '/' && { path }) }
    found.push([
      account,
      kind === 'user' ? { users: { [name]: spec } } : { roles: { [name]: { trust: NOBODY, ...spec } } },
    ])
  }
  // The role that was to be assumed.
  const [, account, path = '/', name] = /^arn:aws:iam::(\d{12}):role(\/(?:.*\/)?)([^/]+)$/.exec(refused.resource) ?? []
  const [policy] = trust
  if (account !== undefined && name !== undefined && policy)
    found.push([account, { roles: { [name]: { trust: parsed(policy), ...(path !== '/' && { path }) } } }])
  return found
}

const NOBODY = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Deny', Principal: '*', Action: 'sts:AssumeRole' }],
}

/** Two parts of an account together; of things of the same name the second has it all. */
function merged(one: AccountSpec, two: AccountSpec): AccountSpec {
  const names = [...new Set([...Object.keys(one), ...Object.keys(two)])] as (keyof AccountSpec)[]
  return Object.fromEntries(
    names.map((name) => {
      const [a, b] = [one[name], two[name]]
      return [name, typeof a === 'object' && typeof b === 'object' ? { ...a, ...b } : (b ?? a)]
    }),
  )
}

/** Keys get new ids each time; so they are named. */
function named(scenario: Scenario, keys: readonly KeyPart[]): Scenario {
  const alone = Object.keys(scenario.world.accounts).length === 1
  let text = JSON.stringify(scenario)
  for (const { arn, account, name } of keys) text = text.replaceAll(arn, `{{key:${alone ? '' : `${account}/`}${name}}}`)
  return JSON.parse(text) as Scenario
}
