import type { Layer } from '../../access/types.ts'
import { AwsError } from '../../lib/awsError.ts'
import type { Caller } from '../../operation/call.ts'
import { parseDuration } from '../admin/duration.ts'
import type { Emulator } from '../app.ts'
import { callInside, rootCaller } from '../inside.ts'
import { buildWorld, resolve, type WorldKeys } from './build.ts'
import { readWorld, WorldError, type World } from './world.ts'

/** A scenario file: a world, and calls with what they must answer (docs/worlds.md, fixtures/scenario.schema.json). */
export interface Scenario {
  readonly title: string
  /** What happened to whom, and why: a sentence or two. */
  readonly story: string
  readonly world: World
  readonly steps: readonly ScenarioStep[]
}

export interface ScenarioStep {
  readonly says: string
  /** Moves the emulator's clock before the call: `P8D`, `PT10S`. */
  readonly after?: string
  readonly as: Actor
  /** `s3:GetObject`: service and operation. */
  readonly do: string
  readonly with: object
  /** The body of operations that stream theirs. */
  readonly body?: string
  readonly region?: string
  readonly expect: 'allowed' | Denial
}

/** An account id (its root), `<account>/<user>`, or a role session. */
export type Actor =
  string | { readonly role: string; readonly by: string; readonly session?: string; readonly policy?: object }

export interface Denial {
  readonly code: string
  readonly status: number
  /** The whole message, references allowed. */
  readonly message: string
  /** The layer that decided; left out where no policy did (a disabled key). */
  readonly layer?: Layer
}

export interface StepResult {
  readonly says: string
  readonly expected: string
  readonly actual: string
  readonly passed: boolean
  /** For `twokey explain`. */
  readonly requestId: string | undefined
}

/** Builds the scenario's world in the emulator and plays its steps. Throws WorldError when the world cannot be built. */
export async function playScenario(emulator: Emulator, scenario: Scenario): Promise<StepResult[]> {
  const keys = await buildWorld(emulator, scenario.world)
  const results: StepResult[] = []
  const outputs: Record<string, unknown> = {}
  for (const step of scenario.steps) results.push(await play(emulator, step, keys, outputs))
  return results
}

/** @param outputs members of earlier answers, which later steps may name: `{{out:UploadId}}` */
async function play(
  emulator: Emulator,
  step: ScenarioStep,
  keys: WorldKeys,
  outputs: Record<string, unknown>,
): Promise<StepResult> {
  if (step.after !== undefined) moveClock(emulator, step.after)
  const { caller, account } = await actor(emulator, step.as)
  const [service = '', operation = ''] = step.do.split(':')
  const site = { account, keys }
  const filled = JSON.stringify(step.with).replace(/\{\{out:(\w+)\}\}/g, (_whole, name: string) =>
    String(outputs[name]),
  )
  const input = JSON.parse(resolve(site, filled)) as object
  const body = step.body === undefined ? undefined : Buffer.from(step.body)
  const expected =
    step.expect === 'allowed' ? 'allowed' : describe({ ...step.expect, message: resolve(site, step.expect.message) })
  let actual = 'allowed'
  try {
    const { output } = await callInside(emulator, {
      caller,
      region: step.region ?? 'us-east-1',
      service,
      operation,
      input,
      body,
    })
    Object.assign(outputs, output)
  } catch (error) {
    if (!(error instanceof AwsError)) throw error
    actual = describe({ code: error.code, status: error.status, message: error.text, ...decidingLayer(emulator) })
  }
  const [latest] = emulator.decisions.list({ limit: 1 })
  return { says: step.says, expected, actual, passed: actual === expected, requestId: latest?.requestId }
}

function moveClock({ clock }: Emulator, duration: string): void {
  const milliseconds = parseDuration(duration)
  if (milliseconds === undefined) throw new WorldError(`\`${duration}\` is no duration; write \`P8D\` or \`PT15M\``)
  clock.setOffset(clock.offset + milliseconds)
}

const describe = ({ code, status, message, layer }: Denial) =>
  `${String(status)} ${code}: ${message}${layer === undefined ? '' : ` [decided by: ${layer}]`}`

/** The layer of the decision that refused the latest request. */
function decidingLayer(emulator: Emulator): { layer?: Layer } {
  const [latest] = emulator.decisions.list({ limit: 1 })
  const refused = latest && emulator.decisions.refusal(latest.requestId)
  return refused ? { layer: refused.layer } : {}
}

async function actor(emulator: Emulator, as: Actor): Promise<{ caller: Caller; account: string }> {
  if (typeof as !== 'string') return session(emulator, as)
  const [account = '', user] = as.split('/')
  if (user === undefined) return { caller: rootCaller(emulator, account), account }
  const key = {
    id: `AKIA${Buffer.from(as).toString('hex').toUpperCase().padEnd(16, '0').slice(-16)}`,
    secret: 'scenario',
  }
  emulator.env.directory.adoptAccessKey(account, user, key)
  return { caller: credential(emulator, key.id, undefined), account }
}

async function session(emulator: Emulator, as: Exclude<Actor, string>): Promise<{ caller: Caller; account: string }> {
  const by = await actor(emulator, as.by)
  const { output } = await callInside(emulator, {
    caller: by.caller,
    region: 'us-east-1',
    service: 'sts',
    operation: 'AssumeRole',
    input: {
      RoleArn: as.role,
      RoleSessionName: as.session ?? 'scenario',
      ...(as.policy && { Policy: JSON.stringify(as.policy) }),
    },
  })
  const { Credentials } = output as { Credentials: { AccessKeyId: string; SessionToken: string } }
  return {
    caller: credential(emulator, Credentials.AccessKeyId, Credentials.SessionToken),
    account: as.role.split(':')[4] ?? '',
  }
}

function credential(emulator: Emulator, accessKeyId: string, token: string | undefined): Caller {
  const found = emulator.env.directory.lookup(accessKeyId, token, emulator.clock.now())
  if (!found.found) throw new WorldError(`the credentials of a scenario's actor are not known: ${found.problem}`)
  return found.caller
}

/** Checks the shape of a parsed scenario file. Throws WorldError. */
export function readScenario(value: unknown): Scenario {
  const scenario = value as Partial<Scenario> | null
  if (
    typeof scenario !== 'object' ||
    scenario === null ||
    typeof scenario.title !== 'string' ||
    !Array.isArray(scenario.steps)
  ) {
    throw new WorldError('a scenario is an object with `title`, `story`, `world` and `steps`; see docs/worlds.md')
  }
  for (const [index, step] of (scenario.steps as Partial<ScenarioStep>[]).entries()) {
    for (const key of ['says', 'as', 'do', 'with', 'expect'] as const) {
      if (step[key] === undefined)
        throw new WorldError(`step ${String(index + 1)} of \`${scenario.title}\` lacks \`${key}\``)
    }
  }
  readWorld(scenario.world)
  return scenario as Scenario
}
