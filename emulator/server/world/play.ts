import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { reasonText } from '../../access/explainText.ts'
import type { DecisionView } from '../../audit/decisionLog.ts'
import { parseDuration } from '../admin/duration.ts'
import { answerText, denialText, hasMembers, laterText, memberOf, readMembers, withoutChance } from './answers.ts'
import { resolve, type WorldKeys } from './build.ts'
import { inputOf } from './input.ts'
import type { Actor, Scenario, ScenarioStep } from './scenario.ts'
import type { Stage, StageAnswer } from './stage.ts'
import { WorldError } from './world.ts'

export interface StepResult {
  readonly says: string
  readonly expected: string
  readonly actual: string
  readonly passed: boolean
  /** For `twokey explain`. */
  readonly requestId: string | undefined
  /** Whether the call, or what it left for later, was refused. */
  readonly refused: boolean
  /** Why a policy refused it, in a sentence. */
  readonly why?: string
  /** What would let it through, in words: any one of these. */
  readonly wouldHelp?: readonly string[]
}

/** What a play has so far: the world's keys, and what earlier answers left for later steps. */
interface Play {
  readonly stage: Stage
  readonly keys: WorldKeys
  readonly kept: Map<string, string>
}

/** Builds the scenario's world on the stage and plays its steps. Throws WorldError when the world cannot be built. */
export async function playOn(stage: Stage, scenario: Scenario): Promise<StepResult[]> {
  const play: Play = { stage, keys: await stage.build(scenario.world), kept: new Map() }
  const results: StepResult[] = []
  for (const step of scenario.steps) results.push(await playStep(play, step))
  return results
}

async function playStep(play: Play, step: ScenarioStep): Promise<StepResult> {
  const { stage, kept } = play
  if (step.after !== undefined) await stage.moveClock(millisecondsOf(step.after))
  const filled = filler(play, accountOf(step.as))
  const expect = filled(step.expect)
  const answer = await answerTo(stage, step, filled)
  keep(step, answer, kept)

  const decision = answer.refusal && (await stage.decision(answer.requestId))
  const expected = [
    typeof expect === 'string' ? expect : 'answer' in expect ? answerText(expect.answer) : denialText(expect),
  ]
  const wanted = typeof expect !== 'string' && 'answer' in expect ? expect.answer : undefined
  const actual = [
    answer.refusal
      ? denialText({ ...answer.refusal, message: withoutChance(answer.refusal.message), ...layerOf(decision) })
      : wanted
        ? answerText(await readMembers(answer.output, Object.keys(wanted)))
        : 'allowed',
  ]
  if (step.afterwards) {
    expected.push(laterText(filled(step.afterwards)))
    actual.push(await laterRefusal(stage, answer.requestId))
  }
  return {
    says: step.says,
    expected: expected.join(AND_THEN),
    actual: actual.join(AND_THEN),
    passed: expected.join(AND_THEN) === actual.join(AND_THEN),
    requestId: answer.requestId,
    refused: answer.refusal !== undefined || step.afterwards !== undefined,
    ...reasonsOf(step.afterwards ? await stage.decision(answer.requestId) : decision),
  }
}

const AND_THEN = '; afterwards '

/** Makes the call, again and again while its answer says that something still goes on. */
async function answerTo(
  stage: Stage,
  step: ScenarioStep,
  filled: <T extends object>(value: T) => T,
): Promise<StageAnswer> {
  const [service = '', operation = ''] = step.do.split(':')
  const call = {
    as: filled({ as: step.as }).as,
    region: step.region ?? 'us-east-1',
    service,
    operation,
    input: { ...inputOf(filled(step.with)), ...(step.block !== undefined && blockOf(step.block)) },
    body: step.body === undefined ? undefined : Buffer.from(step.body),
    through: step.through,
  }
  let answer = await stage.perform(call)
  for (const pause of pauses()) {
    if (!step.while || !answer.output || !hasMembers(answer.output, step.while)) break
    await sleep(pause)
    answer = await stage.perform(call)
  }
  return answer
}

/** Milliseconds between looks: at first it has often been done already. About ten seconds in all. */
function* pauses(): Generator<number> {
  for (let pause = 1, total = 0; total < 10_000; pause = Math.min(pause * 2, 100)) {
    yield pause
    total += pause
  }
}

/** Keeps an answer's simple members under their own names, and what the step names. */
function keep({ keep: names = {} }: ScenarioStep, { output }: StageAnswer, kept: Map<string, string>): void {
  if (!output) return
  const named = Object.entries(names).map(([name, path]): [string, unknown] => [name, memberOf(output, path)])
  for (const [name, value] of [...Object.entries(output), ...named])
    if (typeof value === 'string' || typeof value === 'number') kept.set(name, String(value))
    else if (value instanceof Uint8Array) kept.set(name, Buffer.from(value).toString('base64'))
}

/** What ended the work that went on after the answer, as it is recorded under the request's id. */
async function laterRefusal(stage: Stage, requestId: string): Promise<string> {
  for (const pause of pauses()) {
    const view = await stage.decision(requestId)
    const gate = view?.gates.find(({ outcome }) => outcome !== 'allowed')
    if (view?.error && gate) {
      const { code, message } = view.error
      return laterText({ do: `${gate.service}:${gate.operation}`, code, message, ...layerOf(view) })
    }
    await sleep(pause)
  }
  return 'nothing was refused'
}

/** Why, and what would help: of the decision that refused. */
function reasonsOf(view: DecisionView | undefined): Pick<StepResult, 'why' | 'wouldHelp'> {
  const refused = refusalIn(view)
  if (!refused) return {}
  return { why: reasonText(refused), wouldHelp: refused.suggestions.map(({ title }) => title) }
}

const refusalIn = (view: DecisionView | undefined) =>
  view?.gates.flatMap(({ checks }) => checks).find(({ allowed }) => !allowed)

/** The layer of the decision that refused a request, its own or that of a call forwarded for it. */
function layerOf(view: DecisionView | undefined) {
  const refused = refusalIn(view)
  return refused && { layer: refused.decidedBy.layer }
}

const accountOf = (as: Actor) => (typeof as === 'string' ? as.split('/')[0] : as.role.split(':')[4]) ?? ''

/** Fills in references, in every string of a JSON value. A reference to what no answer gave stays as it is written. */
function filler({ keys, kept }: Play, account: string): <T>(value: T) => T {
  return <T>(value: T) => {
    const text = JSON.stringify(value).replace(/\{\{out:(\w+)\}\}/g, (reference, name: string) =>
      JSON.stringify(kept.get(name) ?? reference).slice(1, -1),
    )
    return JSON.parse(resolve({ account, keys }, text)) as T
  }
}

function millisecondsOf(duration: string): number {
  const milliseconds = parseDuration(duration)
  if (milliseconds === undefined) throw new WorldError(`\`${duration}\` is no duration; write \`P8D\` or \`PT15M\``)
  return milliseconds
}

const BLOCK_SIZE = 524_288

/** A text at the beginning of a block of a snapshot. */
function blockOf(text: string) {
  const BlockData = Buffer.alloc(BLOCK_SIZE)
  BlockData.write(text)
  const Checksum = createHash('sha256').update(BlockData).digest('base64')
  return { BlockData, DataLength: BLOCK_SIZE, Checksum, ChecksumAlgorithm: 'SHA256' }
}
