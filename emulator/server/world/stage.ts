import type { DecisionView } from '../../audit/decisionLog.ts'
import type { WorldKeys } from './build.ts'
import type { Actor } from './scenario.ts'
import type { World } from './world.ts'

/** Where a scenario is played: in this process, or over the wire against a running emulator. */
export interface Stage {
  /** Builds the world. Throws WorldError. */
  build(world: World): Promise<WorldKeys>
  /** Makes one call, as a client of AWS would. */
  perform(call: StageCall): Promise<StageAnswer>
  /** Why a request, and what came of it later, was allowed or refused; undefined when it is not recorded (yet). */
  decision(requestId: string): Promise<DecisionView | undefined>
  /** Moves the emulator's clock forward by milliseconds. */
  moveClock(milliseconds: number): Promise<void>
}

export interface StageCall {
  readonly as: Actor
  readonly region: string
  readonly service: string
  readonly operation: string
  readonly input: object
  readonly body: Buffer | undefined
  /** The id of the VPC endpoint that it comes through. */
  readonly through?: string | undefined
}

export type StageAnswer = { readonly requestId: string } & (
  | { readonly output: object; readonly refusal?: undefined }
  | {
      readonly output?: undefined
      readonly refusal: { readonly code: string; readonly status: number; readonly message: string }
    }
)
