import type { Layer } from '../../access/types.ts'
import type { Emulator } from '../app.ts'
import { checkFormat } from './format.ts'
import { insideStage } from './insideStage.ts'
import { playOn, type StepResult } from './play.ts'
import { readWorld, WorldError, type World } from './world.ts'

/** A scenario file: a world, and calls with what they must answer (docs/worlds.md, fixtures/scenario.schema.json). */
export interface Scenario {
  readonly title: string
  /** What happened to whom, and why: a sentence or two. */
  readonly story: string
  /** Under which heading it is listed (fixtures/scenario.schema.json has them all). */
  readonly theme?: string
  readonly world: World
  /** Why no later step opens what is refused, where AWS has nothing that would. */
  readonly noFix?: string
  readonly steps: readonly ScenarioStep[]
}

/**
 * One call. In its texts `{{out:UploadId}}` is a member of an earlier answer, or what a step kept under that name; keys and accounts
 * are named as in worlds.
 */
export interface ScenarioStep {
  readonly says: string
  /** Whether this is (part of) what opens what was refused before: the same call is allowed afterwards. */
  readonly fix?: boolean
  /** Moves the emulator's clock before the call: `P8D`, `PT10S`. */
  readonly after?: string
  readonly as: Actor
  /** `s3:GetObject`: service and operation. */
  readonly do: string
  /** AWS's member names. Policy documents may be objects; `{ "text": … }` and `{ "base64": … }` are bytes. */
  readonly with: object
  /** The id of the VPC endpoint that the request comes through. */
  readonly through?: string
  /** The body of operations that stream theirs. */
  readonly body?: string
  /** A text to fill up to a block of a snapshot (ebs:PutSnapshotBlock), with its length and checksum. */
  readonly block?: string
  readonly region?: string
  /** Repeats the call for as long as its answer has these members: what happens after an answer takes a while. */
  readonly while?: Members
  /** Members of the answer that later steps may name, by those names. */
  readonly keep?: Readonly<Record<string, string>>
  readonly expect: 'allowed' | Denial | { readonly answer: Members }
  /** The refusal that ends the work that this call left for after its answer. */
  readonly afterwards?: LaterDenial
}

/** Members by their path, `Snapshots.0.State`; null: not there. A stream is its text, without the zeros that end a block. */
export type Members = Readonly<Record<string, string | number | boolean | null>>

/** An account id (its root), `<account>/<user>`, `anonymous`, or a role session. */
export type Actor =
  string | { readonly role: string; readonly by: string; readonly session?: string; readonly policy?: object }

export interface Denial {
  readonly code: string
  readonly status: number
  /** The whole message, references allowed; `{{encoded}}` is EC2's encoded message, `{{id}}` a request id, new each time. */
  readonly message: string
  /** The layer that decided; left out where no policy did (a disabled key). */
  readonly layer?: Layer
}

export interface LaterDenial {
  /** What was asked in the caller's name: `kms:CreateGrant`. */
  readonly do: string
  readonly code: string
  readonly message: string
  readonly layer?: Layer
}

/** Builds the scenario's world in the emulator and plays its steps. Throws WorldError when the world cannot be built. */
export const playScenario = (emulator: Emulator, scenario: Scenario): Promise<StepResult[]> =>
  playOn(insideStage(emulator), scenario)

/** Checks the shape of a parsed scenario file. Throws WorldError: where, and what to write there. */
export async function readScenario(value: unknown): Promise<Scenario> {
  const scenario = value as Partial<Scenario> | null
  if (typeof scenario !== 'object' || scenario === null || !Array.isArray(scenario.steps)) {
    throw new WorldError('a scenario is an object with `title`, `story`, `world` and `steps`; see docs/worlds.md')
  }
  readWorld(scenario.world)
  await checkFormat(scenario)
  return scenario as Scenario
}
