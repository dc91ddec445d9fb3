import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { seeded } from '../../support/seeded.ts'
import type { Explanation } from '../../../emulator/access/explain.ts'
import type { Suggestion } from '../../../emulator/access/suggest/types.ts'
import type { DecisionView } from '../../../emulator/audit/decisionLog.ts'
import { callInside, rootCaller } from '../../../emulator/server/inside.ts'
import { buildWorld, resolve, type WorldKeys } from '../../../emulator/server/world/build.ts'
import { insideStage } from '../../../emulator/server/world/insideStage.ts'
import type { Actor } from '../../../emulator/server/world/scenario.ts'
import type { StateDocument } from '../../../emulator/state/store.ts'
import { applySuggestion } from '../../support/applySuggestion.ts'
import { ACCOUNT, OTHER_ACCOUNT, startEmulator, type TestEmulator } from '../../support/emulator.ts'
import { asksOf, family, liveWorlds, MANAGEMENT, probesOf, type Ask, type LiveWorld } from './liveWorld.ts'

const RUNS = Number(process.env['SUGGEST_WORLDS'] ?? 40)

let twokey: TestEmulator
beforeAll(async () => {
  twokey = await startEmulator({ asyncDelay: 0 })
})
afterAll(() => twokey.stop())

/** As the root of an account. */
async function make(account: string, service: string, operation: string, input: object): Promise<object> {
  const caller = rootCaller(twokey.emulator, account)
  return (await callInside(twokey.emulator, { caller, region: 'us-east-1', service, operation, input })).output
}

/** A running world, to go back to. */
interface Built {
  readonly keys: WorldKeys
  readonly state: StateDocument
}

async function build(live: LiveWorld): Promise<Built> {
  const { emulator } = twokey
  emulator.reset()
  const keys = await buildWorld(emulator, live.world)
  const filled = (account: string, document: object) => resolve({ account, keys }, JSON.stringify(document))
  for (const [name, policy] of Object.entries(live.keyPolicies)) {
    const KeyId = keys.get(`${ACCOUNT}/${name}`)
    await make(ACCOUNT, 'kms', 'PutKeyPolicy', { KeyId, Policy: filled(ACCOUNT, policy) })
  }
  for (const [Bucket, policy] of Object.entries(live.bucketPolicies)) {
    const account = Bucket === 'theirs' ? OTHER_ACCOUNT : ACCOUNT
    await make(account, 's3', 'DeletePublicAccessBlock', { Bucket })
    if (policy) await make(account, 's3', 'PutBucketPolicy', { Bucket, Policy: filled(account, policy) })
    if (live.restrictPublic)
      await make(account, 's3', 'PutPublicAccessBlock', {
        Bucket,
        PublicAccessBlockConfiguration: {
          BlockPublicAcls: true,
          IgnorePublicAcls: true,
          BlockPublicPolicy: true,
          RestrictPublicBuckets: true,
        },
      })
  }
  if (live.onlyScp) await insteadOfFullAccess(live.onlyScp)
  return { keys, state: emulator.store.export({ secrets: true }) }
}

async function insteadOfFullAccess(document: object): Promise<void> {
  const organizations = (operation: string, input: object) => make(MANAGEMENT, 'organizations', operation, input)
  const { Roots } = (await organizations('ListRoots', {})) as { Roots: { Id: string; PolicyTypes?: object[] }[] }
  await organizations('EnablePolicyType', { RootId: Roots[0]?.Id, PolicyType: 'SERVICE_CONTROL_POLICY' }).catch(
    () => undefined,
  )
  const { Policy } = (await organizations('CreatePolicy', {
    Name: 'Only',
    Description: 'Only',
    Type: 'SERVICE_CONTROL_POLICY',
    Content: JSON.stringify(document),
  })) as { Policy: { PolicySummary: { Id: string } } }
  await organizations('AttachPolicy', { PolicyId: Policy.PolicySummary.Id, TargetId: ACCOUNT })
  await organizations('DetachPolicy', { PolicyId: 'p-FullAWSAccess', TargetId: ACCOUNT })
}

interface Answered {
  /** `allowed`, the permission that was refused, or the error that is not about permission. */
  readonly verdict: string
  readonly view: DecisionView | undefined
  readonly refused: Explanation | undefined
}

async function ask({ as, service, operation, input, body, through }: Ask): Promise<Answered> {
  const stage = insideStage(twokey.emulator)
  const answer = await stage.perform({
    as,
    region: 'us-east-1',
    service,
    operation,
    input,
    body: body === undefined ? undefined : Buffer.from(body),
    through,
  })
  if (!answer.refusal) return { verdict: 'allowed', view: undefined, refused: undefined }
  const view = await stage.decision(answer.requestId)
  const refused = view?.gates.flatMap(({ checks }) => checks).find(({ allowed }) => !allowed)
  const verdict = refused ? `${refused.action} on ${refused.resource}` : answer.refusal.code
  return { verdict, view, refused }
}

/** With the keys that are referred to; bytes stay bytes. */
function filled({ keys }: Built, { as, input, ...rest }: Ask): Ask {
  const text = <T>(value: T) => JSON.parse(resolve({ account: ACCOUNT, keys }, JSON.stringify(value))) as T
  const members = Object.entries(input).map(([name, value]: [string, unknown]) => [
    name,
    typeof value === 'string' ? text(value) : value,
  ])
  return { ...rest, as: text(as), input: Object.fromEntries(members) as object }
}

const permission = ({ action, resource }: Explanation, as: Actor, pairs: object | null) =>
  JSON.stringify([family(as), action, resource, pairs])

/** Two uses of a key differ in their encryption contexts, where a statement could say so. */
const permissions = (refused: Explanation, as: Actor) => [
  permission(refused, as, null),
  permission(refused, as, refused.encryptionContext ?? {}),
]

/** What is opened by a suggestion: limits and denies are about caller, action and resource. */
function openedBy({ changes }: Suggestion, refused: Explanation, as: Actor): string {
  const { encryptionContext } = refused
  const exact = changes.every(
    ({ kind, add, grant }) => (add ?? grant) && !['scp', 'boundary', 'session', 'endpoint'].includes(kind),
  )
  const named = exact && Object.keys(encryptionContext ?? {}).length > 0
  return permission(refused, as, named ? encryptionContext : null)
}

/** No request needs more gates. */
const MOST = 8

interface Followed {
  readonly outcome: 'allowed' | 'beyond'
  /** The permissions that were asked for, gate by gate. */
  readonly opened: ReadonlySet<string>
  readonly made: readonly string[]
  readonly alsoOpens: readonly string[]
}

/** Makes the request, follows a suggestion, makes it again, until it is let through. */
async function follow(built: Built, asked: Ask, which: number): Promise<Followed> {
  const { emulator } = twokey
  emulator.restore(built.state)
  const opened = new Set<string>()
  const made: string[] = []
  const alsoOpens: string[] = []
  let { as } = asked
  for (let times = 0; times < MOST; times++) {
    const { verdict, view, refused } = await ask({ ...asked, as })
    if (verdict === 'allowed') return { outcome: 'allowed', opened, made, alsoOpens }
    // No policy opens a key for callers without a name.
    if (as === 'anonymous' && verdict === 'InvalidArgument') return { outcome: 'beyond', opened, made, alsoOpens }
    const suggestions = view?.suggestions ?? []
    const suggestion = suggestions[(which + times) % suggestions.length]
    if (!suggestion || !refused) throw new Error(`${verdict} has no suggestion, after ${made.join('; ')}`)
    opened.add(openedBy(suggestion, refused, as))
    made.push(...suggestion.changes.map(({ where, what }) => `${where}: ${what}`))
    alsoOpens.push(...suggestion.changes.flatMap((change) => change.alsoOpens ?? []))
    if (suggestion.changes.some(({ kind, publicAccessBlock }) => kind === 'acl-or-other' && !publicAccessBlock))
      return { outcome: 'beyond', opened, made, alsoOpens }
    const owner = refused.context['aws:ResourceAccount']
    const owners = { resource: typeof owner === 'string' ? owner : '', organization: MANAGEMENT }
    as = await applySuggestion(emulator, suggestion, owners, as)
  }
  throw new Error(`still refused after ${made.join('; ')}`)
}

const verdicts = async (probes: readonly Ask[]): Promise<Answered[]> => {
  const all: Answered[] = []
  for (const probe of probes) all.push(await ask(probe))
  return all
}

/** What is answered otherwise than before, though nobody asked for it. */
function changed(
  probes: readonly Ask[],
  before: readonly Answered[],
  after: readonly Answered[],
  { as }: Ask,
  { opened, alsoOpens }: Followed,
): string[] {
  return probes.flatMap((probe, i) => {
    const [was, is] = [before[i], after[i]]
    if (!was || !is || was.verdict === is.verdict) return []
    if (was.refused && permissions(was.refused, probe.as).some((each) => opened.has(each))) return []
    // What a change says that it opens besides is for the same caller, unless it says more.
    const others = alsoOpens.some((each) => /to others|to other accounts/.test(each))
    if (was.refused && alsoOpens.length > 0 && (others || family(probe.as) === family(as))) return []
    return [`${family(probe.as)} ${probe.operation} ${JSON.stringify(probe.input)}: ${was.verdict} -> ${is.verdict}`]
  })
}

const worlds = liveWorlds.chain((live) =>
  fc.record({
    live: fc.constant(live),
    asks: fc.array(asksOf(live.session), { minLength: 2, maxLength: 2 }),
    looks: fc.shuffledSubarray([...probesOf(live.session)], { minLength: 40, maxLength: 40 }),
  }),
)

describe('suggestions in a running emulator, made with the operations of AWS', () => {
  it('each lets the request through, gate by gate, and nothing else', async () => {
    const seen = { denials: 0, followed: 0, beyond: 0, wider: 0, gates: 0 }
    await fc.assert(
      fc.asyncProperty(worlds, async ({ live, asks, looks }) => {
        const built = await build(live)
        const probes = looks.map((each) => filled(built, each))
        let before: readonly Answered[] | undefined
        for (const asked of asks.map((each) => filled(built, each))) {
          twokey.emulator.restore(built.state)
          const first = await ask(asked)
          if (!first.refused) continue
          seen.denials++
          for (let which = 0; which < (first.view?.suggestions.length ?? 0); which++) {
            const followed = await follow(built, asked, which)
            if (followed.outcome === 'beyond') {
              seen.beyond++
              continue
            }
            seen.followed++
            seen.gates += followed.opened.size
            if (followed.alsoOpens.length > 0) seen.wider++
            const after = await verdicts(probes)
            if (!before) {
              twokey.emulator.restore(built.state)
              before = await verdicts(probes)
            }
            const differ = changed(probes, before, after, asked, followed)
            expect({ asked, made: followed.made, differ }).toEqual({ asked, made: followed.made, differ: [] })
          }
        }
      }),
      { numRuns: RUNS, ...seeded() },
    )
    if (process.env['SUGGEST_WORLDS']) process.stderr.write(`${JSON.stringify(seen)}\n`)
    // It has not looked away: most are refused, most can be opened, and many have several gates.
    expect(seen.denials).toBeGreaterThan(RUNS)
    expect(seen.followed).toBeGreaterThan(seen.denials)
    expect(seen.gates).toBeGreaterThan(seen.followed)
    expect(seen.beyond).toBeLessThan(seen.denials / 3)
  })
})
