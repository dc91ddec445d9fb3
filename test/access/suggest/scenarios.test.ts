import { describe, expect, it } from '@jest/globals'
import { readdir, readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Emulator } from '../../../emulator/server/app.ts'
import { insideStage } from '../../../emulator/server/world/insideStage.ts'
import { playOn } from '../../../emulator/server/world/play.ts'
import { readScenario, type Actor, type Scenario, type ScenarioStep } from '../../../emulator/server/world/scenario.ts'
import type { Stage, StageAnswer } from '../../../emulator/server/world/stage.ts'
import { applySuggestion } from '../../support/applySuggestion.ts'
import { startEmulator } from '../../support/emulator.ts'

const FOLDER = new URL('../../../fixtures/scenarios/', import.meta.url)
const names = (await readdir(FOLDER)).filter((name) => name.endsWith('.json')).sort()

const scenarioOf = async (name: string): Promise<Scenario> =>
  readScenario(JSON.parse(await readFile(new URL(name, FOLDER), 'utf8')))

const isDenied = ({ expect: answer }: ScenarioStep) =>
  typeof answer === 'object' && 'code' in answer && answer.layer !== undefined

/** What the call leaves for later is denied: a copy, a volume, an attachment. */
const isDeniedLater = ({ afterwards }: ScenarioStep) => afterwards?.layer !== undefined

/** More gates than that no request has. */
const MOST = 6

/** Names and tokens are taken by the attempt that failed afterwards. */
const anew = (input: object, attempt: number): object =>
  Object.fromEntries(
    Object.entries(input).map(([name, value]: [string, unknown]) => [
      name,
      (name === 'Name' || name === 'ClientToken') && typeof value === 'string' ? `${value}-${String(attempt)}` : value,
    ]),
  )

/** Until nothing has been decided for a while. */
async function settled(emulator: Emulator): Promise<void> {
  let count = 0
  emulator.recorder.listen(() => {
    count++
  })
  for (let seen = -1; seen !== count;) {
    seen = count
    await sleep(60)
  }
}

interface Followed {
  readonly title: string | undefined
  readonly suggestions: number
  readonly outcome: string
}

/**
 * Plays a scenario up to a denial, follows one of its suggestions, makes the call again, and so on with the first suggestion of each
 * further denial. Each repetition begins by moving the clock by nothing: that is when the suggestion is followed.
 */
async function follow({ steps, ...scenario }: Scenario, at: number, which: number): Promise<Followed> {
  const { afterwards, ...step } = steps[at]!
  const { emulator, stop } = await startEmulator({ asyncDelay: 0 })
  const stage = insideStage(emulator)
  const followed: { title?: string; suggestions: number; as: Actor; times: number; answer?: StageAnswer } = {
    suggestions: 0,
    as: step.as,
    times: 0,
  }
  /** What has been let through is not done twice. */
  let through = false
  const latest = async () => {
    if (afterwards) await settled(emulator)
    return emulator.decisions.get(followed.answer?.requestId ?? '')
  }
  const repeat = { ...step, after: 'PT0S', expect: 'allowed' as const }
  const following: Stage = {
    ...stage,
    async perform(call) {
      if (!through || !followed.answer)
        followed.answer = await stage.perform(followed.times > 0 ? { ...call, as: followed.as } : call)
      return followed.answer
    },
    async moveClock(milliseconds) {
      if (milliseconds > 0) return stage.moveClock(milliseconds)
      const { outcome, suggestions = [], gates = [] } = (await latest()) ?? {}
      through = outcome === 'allowed'
      if (outcome !== 'denied') return
      const suggestion = suggestions[followed.times === 0 ? which : 0]
      if (followed.times === 0) Object.assign(followed, { title: suggestion?.title, suggestions: suggestions.length })
      followed.times++
      const refused = gates.flatMap(({ checks }) => checks).find(({ allowed }) => !allowed)
      const owner = refused?.context['aws:ResourceAccount']
      const owners = {
        resource: typeof owner === 'string' ? owner : '',
        organization: scenario.world.organization?.managementAccount,
      }
      if (suggestion) followed.as = await applySuggestion(emulator, suggestion, owners, followed.as)
    },
  }
  const repeats = Array.from({ length: MOST }, (_, i) => ({ ...repeat, with: anew(step.with, i) }))
  const outcome = await playOn(following, { ...scenario, steps: [...steps.slice(0, at + 1), ...repeats] }).then(
    (results) => results.at(-1)?.actual ?? '',
    (error: unknown) => String(error),
  )
  const later = afterwards && (await latest())?.error?.message
  await stop()
  if (later !== undefined) return { ...followed, title: followed.title, outcome: later }
  return { title: followed.title, suggestions: followed.suggestions, outcome }
}

/** Where no program can do what is suggested: what is needed is another key, or AWS's support. */
const BEYOND: Readonly<Record<string, RegExp>> = {
  'cross-account-aws-managed-key.json': /not for programs: nobody can change the policy of an AWS managed key/,
  'cross-account-kms.json': /not for programs: there is no such key in this Region/,
  'key-deleted.json': /not for programs: there is no such key in this Region/,
  'kms-another-region.json': /not for programs: there is no such key in this Region/,
  // Nobody is left who may put the key policy right.
  'key-policy-lock-out.json': /:root is not authorized to perform: kms:GetKeyPolicy /,
}

describe("each suggestion for a denial of a scenario, made with AWS's own operations, lets the call through", () => {
  it.each(names)('%s', async (name) => {
    const scenario = await scenarioOf(name)
    for (const [at, step] of scenario.steps.entries()) {
      if (!isDenied(step) && !isDeniedLater(step)) continue
      for (let which = 0, count = 1; which < count; which++) {
        const { title, suggestions, outcome } = await follow(scenario, at, which)
        count = suggestions
        expect(title).toBeDefined()
        if (BEYOND[name]?.test(outcome) !== true)
          expect([step.says, title, outcome]).toEqual([step.says, title, 'allowed'])
      }
    }
  })
})
