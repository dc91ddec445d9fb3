import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createEmulator } from '../server/app.ts'
import { DEFAULTS } from '../server/settings.ts'
import { playOn, type StepResult } from '../server/world/play.ts'
import { playScenario, readScenario, type Scenario } from '../server/world/scenario.ts'
import { WorldError } from '../server/world/world.ts'
import { CliError } from './cliError.ts'
import { emulatorUrl } from './door.ts'
import { decisionText } from '../audit/decisionText.ts'
import { inFreshAccounts } from './freshAccounts.ts'
import { wireStage } from './wireStage.ts'

const USAGE = `usage: twokey scenario list                the scenarios that come with Twokey
       twokey scenario run [name|file …]   play them, or all; each in an emulator of its own
Options: --url [http://…]   play them in a running emulator: that one, or where TWOKEY_URL says. Each plays in
                            accounts of its own, called by AWS's clients, and refusals are explained

A scenario is a world and calls with what AWS answers them. Without --url no emulator needs to be running.
`

/** `twokey scenario`: known denials as data, with what AWS answers. Exit status 1 when an answer differs. */
export async function run(args: readonly string[]): Promise<number> {
  const [verb, ...rest] = args
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(USAGE)
    return 0
  }
  switch (verb) {
    case 'list':
      process.stdout.write(listText(await Promise.all((await shipped()).map(entryOf))))
      return 0
    case 'run': {
      const { url, names } = optionsOf(rest)
      const files = names.length > 0 ? await Promise.all(names.map(locate)) : await shipped()
      let failed = 0
      for (const file of files) failed += await (url === undefined ? playFile(file) : playInRunning(file, url))
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

function optionsOf(args: readonly string[]): { url: string | undefined; names: readonly string[] } {
  const at = args.indexOf('--url')
  const given = at >= 0 && /^https?:\/\//.test(args[at + 1] ?? '') ? args[at + 1] : undefined
  const names = args.filter((arg, index) => index !== at && !(given !== undefined && index === at + 1))
  const stray = names.find((name) => name.startsWith('-'))
  if (stray !== undefined) throw new CliError(`there is no option \`${stray}\`\n\n${USAGE}`, 2)
  return { url: at < 0 ? undefined : (given ?? emulatorUrl()).replace(/\/$/, ''), names }
}

async function entryOf(file: string) {
  const { title, theme = 'Others' } = await load(file)
  return { name: basename(file, '.json'), title, group: theme }
}

function listText(entries: readonly Awaited<ReturnType<typeof entryOf>>[]): string {
  const width = Math.max(...entries.map(({ name }) => name.length))
  return [...new Set(entries.map(({ group }) => group))]
    .sort()
    .map((group) => {
      const lines = entries
        .filter((entry) => entry.group === group)
        .map(({ name, title }) => `  ${name.padEnd(width)}  ${title}\n`)
      return `${group}\n${lines.join('')}`
    })
    .join('\n')
}

/** Plays one file in a running emulator, in accounts of its own, and explains what is refused; returns how many answers differ. */
async function playInRunning(file: string, url: string): Promise<number> {
  const { scenario, accounts } = inFreshAccounts(await load(file))
  const stage = wireStage(url)
  process.stdout.write(`${scenario.title}\n`)
  for (const [id, fresh] of accounts) process.stdout.write(`  ${id} is ${fresh} here\n`)
  const results = await playOn(stage, scenario).catch((error: unknown) => {
    throw error instanceof CliError || error instanceof WorldError ? new CliError(`${file}: ${error.message}`) : error
  })
  for (const result of results) {
    process.stdout.write(resultText(result))
    const view = result.refused && result.requestId ? await stage.decision(result.requestId) : undefined
    if (view) process.stdout.write(decisionText(view, { color: false }).replace(/^(?=.)/gm, '       | '))
  }
  process.stdout.write('\n')
  return results.filter(({ passed }) => !passed).length
}

/** Plays one file; returns how many answers differ. */
async function playFile(file: string): Promise<number> {
  const scenario = await load(file)
  const emulator = await createEmulator({ ...DEFAULTS, dataDir: ':memory:', log: 'off', asyncDelay: 0 })
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

/** Beside the program, which runs as it was built (`dist/emulator/cli`) or as it is written. */
const FOLDER = ['../../../fixtures/scenarios/', '../../fixtures/scenarios/']
  .map((path) => fileURLToPath(new URL(path, import.meta.url)))
  .find((path) => existsSync(path))

async function shipped(): Promise<string[]> {
  if (FOLDER === undefined) throw new CliError('the scenarios that come with Twokey are not where it is installed')
  const names = await readdir(FOLDER)
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
