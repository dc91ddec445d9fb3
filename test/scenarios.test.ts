import { describe, expect, it } from '@jest/globals'
import { readdir, readFile } from 'node:fs/promises'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { playScenario, readScenario, type Scenario, type ScenarioStep } from '../emulator/server/world/scenario.ts'
import { worldFile } from '../emulator/server/world/seed.ts'
import { buildWorld } from '../emulator/server/world/build.ts'
import { startEmulator } from './support/emulator.ts'
import { send } from './support/raw.ts'

const FIXTURES = new URL('../fixtures/', import.meta.url)
const jsonIn = async (folder: string) =>
  (await readdir(new URL(folder, FIXTURES))).filter((name) => name.endsWith('.json')).sort()
const parse = async (path: string): Promise<object> =>
  JSON.parse(await readFile(new URL(path, FIXTURES), 'utf8')) as object

const ajv = new Ajv2020({ allErrors: true, allowUnionTypes: true })
for (const name of ['world', 'operations']) ajv.addSchema(await parse(`${name}.schema.json`))
const fitsScenario = ajv.compile(await parse('scenario.schema.json'))
const fitsWorld = ajv.compile({ $ref: 'world.schema.json' })

const scenarios = await jsonIn('scenarios/')
const worlds = await jsonIn('worlds/')
const scenarioOf = async (name: string): Promise<Scenario> => readScenario(await parse(`scenarios/${name}`))

/** Refused at once, later, or by a state that tells of it. */
const isRefusal = ({ expect: answer, afterwards }: ScenarioStep) =>
  afterwards !== undefined || (typeof answer === 'object' && 'code' in answer)

const callOf = ({ as, do: operation, with: input }: ScenarioStep) => {
  // A session that is opened in another way is still a call of the same role's.
  const who = typeof as === 'string' ? as : as.role
  return JSON.stringify([who, operation, input])
}

/** Whether this call was refused before, and is allowed after a fix; or is the fix itself, by the same caller. */
const isOpened = (step: ScenarioStep, at: number, steps: readonly ScenarioStep[]): boolean => {
  if (isRefusal(step)) return false
  const before = steps.slice(0, at)
  const last = before.findLastIndex((other) => isRefusal(other) && callOf(other) === callOf(step))
  if (last >= 0) return step.fix === true || before.slice(last).some(({ fix }) => fix)
  return step.fix === true && before.some((other) => isRefusal(other) && other.as === step.as && other.do === step.do)
}

describe('every scenario', () => {
  it.each(scenarios)('%s fits its schema', async (name) => {
    fitsScenario(await parse(`scenarios/${name}`))
    expect(fitsScenario.errors).toBeNull()
  })

  it.each(scenarios)('%s names its schema, has a theme, and ends well or says why not', async (name) => {
    const { theme, noFix, steps, ...scenario } = await scenarioOf(name)
    expect(scenario).toHaveProperty('$schema', '../scenario.schema.json')
    expect(theme).toBeDefined()
    const refused = steps.filter(isRefusal)
    if (refused.length === 0 || noFix !== undefined) return
    expect(steps.filter(({ fix }) => fix).map(({ expect: answer }) => answer)).not.toEqual([])
    expect(steps.filter(isOpened)).not.toEqual([])
  })

  it.each(scenarios)('%s goes as AWS would have it', async (name) => {
    const scenario = await scenarioOf(name)
    const { emulator, stop } = await startEmulator({ asyncDelay: 0 })
    const results = await playScenario(emulator, scenario)
    expect(results.map(({ says, actual }) => [says, actual])).toEqual(
      results.map(({ says, expected }) => [says, expected]),
    )
    expect(results.map(({ passed }) => passed)).toEqual(scenario.steps.map(() => true))
    await stop()
  })
})

describe('every world', () => {
  it.each(worlds)('%s fits its schema and can be built', async (name) => {
    fitsWorld(await parse(`worlds/${name}`))
    expect(fitsWorld.errors).toBeNull()
    const { emulator, stop } = await startEmulator()
    await buildWorld(emulator, await worldFile(new URL(`worlds/${name}`, FIXTURES).pathname))
    expect(emulator.isEmpty()).toBe(false)
    await stop()
  })
})

const STEP = { says: 'x', as: '111111111111', do: 'kms:ListKeys', with: {}, expect: 'allowed' }

describe('the schema', () => {
  it.each<[string, (scenario: Record<string, unknown>) => void]>([
    ['a member it does not know', (scenario) => (scenario['steps2'] = [])],
    [
      'an answer with nothing in it',
      (scenario) => ((scenario['steps'] as object[])[0] = { ...STEP, expect: { answer: {} } }),
    ],
    [
      'a later refusal without its code',
      (scenario) => ((scenario['steps'] as object[])[0] = { ...STEP, afterwards: { do: 'kms:Decrypt', message: 'x' } }),
    ],
    ['no steps', (scenario) => (scenario['steps'] = [])],
    ['a world without accounts', (scenario) => (scenario['world'] = {})],
    ['an account that is none', (scenario) => (scenario['world'] = { accounts: { me: {} } })],
  ])('refuses %s', async (_, change) => {
    const scenario = (await parse('scenarios/key-disabled.json')) as Record<string, unknown>
    change(scenario)
    expect(fitsScenario(scenario)).toBe(false)
  })
})

describe('playing a scenario', () => {
  it('says so when an answer differs, in code, words or deciding layer', async () => {
    const scenario = await scenarioOf('data-yes-key-no.json')
    const [denied] = scenario.steps
    if (!denied || typeof denied.expect === 'string') throw new Error('its first step is the denial')
    const steps = [
      { ...denied, expect: 'allowed' as const },
      { ...denied, expect: { ...denied.expect, message: 'Access Denied' } },
      { ...denied, expect: { ...denied.expect, layer: 'resource' as const } },
      denied,
    ]
    const { emulator, stop } = await startEmulator()
    expect((await playScenario(emulator, { ...scenario, steps })).map(({ passed }) => passed)).toEqual([
      false,
      false,
      false,
      true,
    ])
    await stop()
  })

  it('says so when a member of an answer differs, or what ended the work after it', async () => {
    const scenario = await scenarioOf('snapshot-key-policy-without-create-grant.json')
    const at = scenario.steps.findIndex(({ afterwards }) => afterwards)
    const copied = scenario.steps[at]
    const failed = scenario.steps[at + 1]
    if (!copied?.afterwards || !failed) throw new Error('a copy is followed by a look at it')
    const { afterwards } = copied
    const steps = [
      ...scenario.steps.slice(0, at),
      { ...copied, afterwards: { ...afterwards, do: 'kms:Decrypt' } },
      { ...copied, afterwards: { ...afterwards, message: 'Access Denied' } },
      { ...copied, afterwards: { ...afterwards, layer: 'identity' as const } },
      copied,
      { ...failed, expect: { answer: { 'Snapshots.0.State': 'completed' } } },
      { ...failed, expect: { answer: { 'Snapshots.0.KmsKeyId': null } } },
      { ...failed, with: { SnapshotIds: ['{{out:nothing}}'] } },
      failed,
    ]
    const { emulator, stop } = await startEmulator({ asyncDelay: 0 })
    const results = await playScenario(emulator, { ...scenario, steps })
    expect(results.slice(at).map(({ passed }) => passed)).toEqual([
      ...[false, false, false, true],
      ...[false, false, false, true],
    ])
    await stop()
  })

  it('waits for what goes on after an answer, and makes blocks of texts', async () => {
    const scenario = await scenarioOf('snapshot-shared.json')
    const { emulator, stop } = await startEmulator({ asyncDelay: 30 })
    const results = await playScenario(emulator, scenario)
    expect(results.filter(({ passed }) => !passed)).toEqual([])
    expect(results.at(-1)?.actual).toBe('allowed: BlockData = "the numbers"')
    await stop()
  })

  it('is also to be had at the admin door', async () => {
    const scenario = await scenarioOf('key-disabled.json')
    const { url, stop } = await startEmulator()
    const answer = await send(url, { path: '/_twokey/scenarios', body: JSON.stringify(scenario) })
    const { steps } = JSON.parse(answer.body) as { steps: { says: string; passed: boolean; requestId: string }[] }
    expect([answer.status, steps.map(({ says, passed }) => [says, passed])]).toEqual([
      200,
      scenario.steps.map(({ says }) => [says, true]),
    ])
    const decision = await send(url, { method: 'GET', path: `/_twokey/decisions/${steps[0]!.requestId}` })
    expect(decision.status).toBe(200)
    const broken = await send(url, {
      path: '/_twokey/scenarios',
      body: '{"title":"x","story":"y","world":{"accounts":{}},"steps":[{}]}',
    })
    expect([broken.status, JSON.parse(broken.body)]).toEqual([
      400,
      { error: '`steps[0]` lacks `says`: What happens, in a few words; see docs/worlds.md' },
    ])
    await stop()
  })
})
