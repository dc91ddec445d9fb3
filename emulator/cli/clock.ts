import { CliError } from './cliError.ts'
import { ask } from './door.ts'

const USAGE = `usage: twokey clock                  what time it is there
       twokey clock advance P8D      move it by a duration (P8D, PT15M, -PT1H)
       twokey clock set <time>       move it to a time (2027-01-01T00:00:00Z)
       twokey clock reset            back to the machine's clock
`

/** `twokey clock`: what comes due on the way (deletions, expiries) happens at once. */
export async function run(args: readonly string[]): Promise<number> {
  const [verb, value] = args
  if (verb === '--help' || verb === '-h') {
    process.stdout.write(USAGE)
    return 0
  }
  const answer = (await ask('/clock', request(verb, value))) as { now: string; offsetMilliseconds: number }
  const offset =
    answer.offsetMilliseconds === 0
      ? "the machine's time"
      : `${String(answer.offsetMilliseconds / 1000)} s from the machine's time`
  process.stdout.write(`${answer.now} (${offset})\n`)
  return 0
}

function request(verb: string | undefined, value: string | undefined): Parameters<typeof ask>[1] {
  switch (verb) {
    case undefined:
      return {}
    case 'advance':
    case 'set':
      if (value === undefined) throw new CliError(USAGE, 2)
      return { method: 'POST', body: { [verb]: value } }
    case 'reset':
      return { method: 'POST', body: { reset: true } }
    default:
      throw new CliError(`there is no \`twokey clock ${verb}\`\n\n${USAGE}`, 2)
  }
}
