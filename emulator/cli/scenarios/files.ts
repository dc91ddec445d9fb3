import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { FIXTURES } from '../../server/world/format.ts'
import { readScenario, type Scenario } from '../../server/world/scenario.ts'
import { CliError } from '../cliError.ts'

/** A scenario and where it came from. */
export interface Loaded {
  readonly name: string
  readonly file: string
  readonly scenario: Scenario
}

/** The scenarios that come with Twokey, by name. */
export async function shipped(): Promise<string[]> {
  if (FIXTURES === undefined) throw new CliError('the scenarios that come with Twokey are not where it is installed')
  const folder = `${FIXTURES}scenarios/`
  const names = await readdir(folder)
  return names
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => folder + name)
}

/** The file of a scenario that comes with Twokey, or of the user's own. */
export async function locate(name: string): Promise<string> {
  const file = (await shipped()).find((path) => basename(path, '.json') === name)
  if (file !== undefined || existsSync(name)) return file ?? name
  throw new CliError(`there is no scenario and no file \`${name}\`; \`twokey scenario list\` names the scenarios`)
}

/** Reads a scenario file. Throws CliError: which file, where in it, and what to write there. */
export async function load(file: string): Promise<Loaded> {
  try {
    const scenario = await readScenario(JSON.parse(await readFile(file, 'utf8')))
    return { name: basename(file, '.json'), file, scenario }
  } catch (error) {
    const what = error instanceof SyntaxError ? `it is not JSON: ${error.message}` : messageOf(error)
    throw new CliError(`cannot use the scenario \`${file}\`: ${what}`)
  }
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error))
