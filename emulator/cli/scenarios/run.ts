import { createEmulator } from '../../server/app.ts'
import { DEFAULTS } from '../../server/settings.ts'
import { playOn, type StepResult } from '../../server/world/play.ts'
import { playScenario, type ScenarioStep } from '../../server/world/scenario.ts'
import { WorldError } from '../../server/world/world.ts'
import { CliError } from '../cliError.ts'
import { decisionText } from '../../audit/decisionText.ts'
import type { Loaded } from './files.ts'
import { inFreshAccounts } from './freshAccounts.ts'
import { sweep } from './sweep.ts'
import { wireStage } from './wireStage.ts'

/** What came of playing one scenario. */
export interface Played {
  readonly name: string
  readonly title: string
  readonly steps: readonly StepResult[]
}

type Print = (text: string) => void

/** Plays one in an emulator of its own. */
export async function playAlone({ name, file, scenario }: Loaded, print: Print): Promise<Played> {
  const emulator = await createEmulator({ ...DEFAULTS, dataDir: ':memory:', log: 'off', asyncDelay: 0 })
  try {
    const steps = await inFile(file, playScenario(emulator, scenario))
    for (const [index, step] of steps.entries()) print(stepText(step, scenario.steps[index]))
    return { name, title: scenario.title, steps }
  } finally {
    await emulator.close()
  }
}

/** Whether it moves the clock, which everything in a running emulator notices. */
export const movesClock = ({ scenario: { steps } }: Loaded) => steps.some(({ after }) => after !== undefined)

/**
 * Plays one in a running emulator, in accounts of its own, explains what is refused, and clears away what it made; the clock goes back to
 * where it was.
 */
export async function playRunning(
  { name, file, scenario: written }: Loaded,
  url: string,
  print: Print,
): Promise<Played> {
  const { scenario, accounts } = inFreshAccounts(written)
  const wire = wireStage(url)
  for (const [id, fresh] of accounts) print(`  ${id} is ${fresh} here\n`)
  let moved = 0
  const stage = {
    ...wire,
    async moveClock(milliseconds: number) {
      await wire.moveClock(milliseconds)
      moved += milliseconds
    },
  }
  try {
    const steps = await inFile(file, playOn(stage, scenario))
    for (const [index, step] of steps.entries()) {
      print(stepText(step, scenario.steps[index]))
      const view = step.refused && step.requestId ? await wire.decision(step.requestId) : undefined
      if (view) print(decisionText(view, { color: false }).replace(/^(?=.)/gm, '       | '))
    }
    return { name, title: scenario.title, steps }
  } finally {
    if (moved !== 0) await wire.moveClock(-moved)
    await sweep(wire, scenario, url)
    wire.close()
  }
}

/** Names the file in what is wrong with it. */
async function inFile<T>(file: string, playing: Promise<T>): Promise<T> {
  try {
    return await playing
  } catch (error) {
    if (!(error instanceof CliError) && !(error instanceof WorldError)) throw error
    throw new CliError(`${file}: ${error.message}`)
  }
}

/** A step in a line; what was refused with AWS's words, why, and what would help. */
function stepText(
  { says, expected, actual, passed, why, wouldHelp }: StepResult,
  step: ScenarioStep | undefined,
): string {
  const mark = passed ? (step?.fix === true ? 'fix' : 'ok ') : 'NOT'
  const lines = [`  ${mark} ${says}`]
  if (!passed) lines.push(`     expected ${expected}`, `     actual   ${actual}`)
  else if (actual !== 'allowed') lines.push(`     ${actual}`)
  if (why !== undefined) lines.push(`     why: ${why}`)
  for (const help of wouldHelp ?? []) lines.push(`     would help: ${help}`)
  return lines.map((line) => `${line}\n`).join('')
}
