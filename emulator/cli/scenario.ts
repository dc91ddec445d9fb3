import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createEmulator } from '../server/app.ts'
import { DEFAULTS } from '../server/settings.ts'
import { playScenario, readScenario, type Scenario, type StepResult } from '../server/world/scenario.ts'
import { WorldError } from '../server/world/world.ts'
import { CliError } from './cliError.ts'

const USAGE = `usage: twokey scenario list                the scenarios that come with Twokey
       twokey scenario run [name|file …]   play them, or all; each in an emulator of its own

A scenario is a world and calls with what AWS answers them; no emulator needs to be running.
`

/** `twokey scenario`: known denials as data, with what AWS answers. Exit status 1 when an answer differs. */
export async function run(args: readonly string[]): Promise<number> {
  const [verb, ...names] = args
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(USAGE)
    return 0
  }
  switch (verb) {
    case 'list':
      for (const file of await shipped())
        process.stdout.write(`${basename(file, '.json').padEnd(36)} ${(await load(file)).title}\n`)
      return 0
    case 'run': {
      const files = names.length > 0 ? await Promise.all(names.map(locate)) : await shipped()
      let failed = 0
      for (const file of files) failed += await playFile(file)
      process.stdout.write(
        `${counted(files.length, 'scenario')}, ${failed === 0 ? 'all as expected' : `${counted(failed, 'answer')} not as expected`}\n`,
      )
      return failed === 0 ? 0 : 1
    }
    default:
      throw new CliError(USAGE, 2)
  }
}

const counted = (count: number, what: string) => `${String(count)} ${what}${count === 1 ? '' : 's'}`

/** Plays one file; returns how many answers differ. */
async function playFile(file: string): Promise<number> {
  const scenario = await load(file)
  const emulator = await createEmulator({ ...DEFAULTS, dataDir: ':memory:', log: 'off' })
  try {
    const results = await playScenario(emulator, scenario)
    process.stdout.write(`${scenario.title}\n${results.map(resultText).join('')}\n`)
    return results.filter(({ passed }) => !passed).length
  } catch (error) {
    if (error instanceof WorldError) throw new CliError(`${file}: ${error.message}`)
    throw error
  } finally {
    await emulator.close()
  }
}

function resultText({ says, expected, actual, passed }: StepResult): string {
  const detail = passed ? `     ${actual}\n` : `     expected ${expected}\n     actual   ${actual}\n`
  return `  ${passed ? 'ok ' : 'NOT'} ${says}\n${detail}`
}

const FOLDER = fileURLToPath(new URL('../../../fixtures/scenarios/', import.meta.url))

async function shipped(): Promise<string[]> {
  const names = await readdir(FOLDER).catch(() => [])
  return names
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => FOLDER + name)
}

async function locate(name: string): Promise<string> {
  const file = (await shipped()).find((path) => basename(path, '.json') === name)
  if (file !== undefined || existsSync(name)) return file ?? name
  throw new CliError(`there is no scenario and no file \`${name}\`; \`twokey scenario list\` names the scenarios`)
}

async function load(file: string): Promise<Scenario> {
  try {
    return readScenario(JSON.parse(await readFile(file, 'utf8')))
  } catch (error) {
    throw new CliError(`cannot use the scenario \`${file}\`: ${error instanceof Error ? error.message : String(error)}`)
  }
}
