import { CliError } from './cliError.ts'
import { emulatorUrl } from './door.ts'
import { create } from './scenarios/create.ts'
import { load, locate, shipped, type Loaded } from './scenarios/files.ts'
import { entries, listText } from './scenarios/list.ts'
import { movesClock, playAlone, playRunning, type Played } from './scenarios/run.ts'

const USAGE = `usage: twokey scenario list                the scenarios that come with Twokey
       twokey scenario run [name|file …]   play them, or all; each in an emulator of its own
       twokey scenario new <name>          write <name>.json, a scenario to go on from
       twokey scenario new [name] --from <request-id> | --last-denied
                                           write what a running emulator denied: the policies and the call, not its contents
Options: --json           what is listed, or what came of it, as data
         --url [http://…] play them in a running emulator: that one, or where TWOKEY_URL says. Each plays in accounts of its
                          own, called by AWS's clients; refusals are explained, and what it made is cleared away
         --move-clock     with --url: play also those that move the clock, and put it back afterwards. Everything in that
                          emulator notices: keys that await their deletion may be gone

A scenario is a world and calls with what AWS answers them (docs/worlds.md). Without --url no emulator needs to be running.
The exit status is 1 when an answer differs.
`

/** `twokey scenario`: known denials as data, with what AWS answers. Exit status 1 when an answer differs. */
export async function run(args: readonly string[]): Promise<number> {
  const [verb, ...rest] = args
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(USAGE)
    return 0
  }
  switch (verb) {
    case 'list': {
      const { json } = optionsOf(rest)
      const list = await entries()
      process.stdout.write(json ? `${JSON.stringify(list, null, 2)}\n` : listText(list))
      return 0
    }
    case 'run':
      return await runAll(optionsOf(rest))
    case 'new':
      return await writeNew(rest)
    default:
      throw new CliError(USAGE, 2)
  }
}

async function writeNew(args: readonly string[]): Promise<number> {
  const given = args[0]?.startsWith('-') === false ? args[0] : undefined
  const [how, id, ...more] = given === undefined ? args : args.slice(1)
  const from = how === '--last-denied' && id === undefined ? 'last' : how === '--from' ? id : undefined
  const wrong = more.length > 0 || (from === undefined && (given === undefined || how !== undefined))
  if (wrong) throw new CliError(USAGE, 2)
  const file = await create(given, from)
  process.stdout.write(`wrote ${file}; \`twokey scenario run ${file}\` plays it\n`)
  return 0
}

interface Options {
  readonly json: boolean
  readonly moveClock: boolean
  readonly url: string | undefined
  readonly names: readonly string[]
}

function optionsOf(args: readonly string[]): Options {
  const at = args.indexOf('--url')
  const given = at >= 0 && /^https?:\/\//.test(args[at + 1] ?? '') ? args[at + 1] : undefined
  const flags = ['--json', '--move-clock']
  const names = args.filter(
    (arg, index) => index !== at && !(given !== undefined && index === at + 1) && !flags.includes(arg),
  )
  const stray = names.find((name) => name.startsWith('-'))
  if (stray !== undefined) throw new CliError(`there is no option \`${stray}\`\n\n${USAGE}`, 2)
  return {
    json: args.includes('--json'),
    moveClock: args.includes('--move-clock'),
    url: at < 0 ? undefined : (given ?? emulatorUrl()).replace(/\/$/, ''),
    names,
  }
}

async function runAll({ json, moveClock, url, names }: Options): Promise<number> {
  const named = names.length > 0
  const files = await Promise.all((named ? await Promise.all(names.map(locate)) : await shipped()).map(load))
  const held = url === undefined || moveClock ? [] : files.filter(movesClock)
  if (named && held.length > 0) throw new CliError(`${heldBack(held)}; say --move-clock if that is all right`)
  const played: Played[] = []
  const print = (text: string) => (json ? undefined : process.stdout.write(text))
  const wanted = files.filter((file) => !held.includes(file))
  for (const [index, file] of wanted.entries()) {
    print(`${progress(index, wanted.length)}${file.name}: ${file.scenario.title}\n`)
    played.push(await (url === undefined ? playAlone(file, print) : playRunning(file, url, print)))
    print('\n')
  }
  const failed = played.flatMap(({ steps }) => steps).filter(({ passed }) => !passed).length
  if (json) process.stdout.write(`${JSON.stringify(played, null, 2)}\n`)
  if (held.length > 0) print(`${heldBack(held)}: not played; --move-clock plays it\n`)
  const outcome = failed === 0 ? 'all as expected' : `${counted(failed, 'answer')} not as expected`
  print(`${counted(played.length, 'scenario')}, ${outcome}\n`)
  return failed === 0 ? 0 : 1
}

const progress = (index: number, total: number) => (total === 1 ? '' : `[${String(index + 1)}/${String(total)}] `)

const heldBack = (held: readonly Loaded[]) =>
  `${held.map(({ name }) => `\`${name}\``).join(', ')} would move the clock of the running emulator`

const counted = (count: number, what: string) => `${String(count)} ${what}${count === 1 ? '' : 's'}`
