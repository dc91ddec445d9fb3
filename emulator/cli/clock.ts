import { CliError } from './cliError.ts'
import { ask } from './door.ts'

const USAGE = `usage: twokey clock                  what time it is in the emulator
       twokey clock advance P8D      move it by a duration (P8D, PT15M, -PT1H)
       twokey clock set <time>       move it to a time (2027-01-01T00:00:00Z)
       twokey clock reset            back to the machine's clock

What comes due on the way (a key's deletion, a rotation, an expiry) happens at once.
`

/** `twokey clock`: what comes due on the way (deletions, expiries) happens at once. */
export async function run(args: readonly string[]): Promise<number> {
  const [verb, value] = args
  if (verb === '--help' || verb === '-h') {
    process.stdout.write(USAGE)
    return 0
  }
  const answer = (await ask('/clock', request(verb, value))) as { now: string; offsetMilliseconds: number }
  process.stdout.write(`${answer.now} (${offsetText(answer.offsetMilliseconds)})\n`)
  return 0
}

const UNITS = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
] as const

/** `8 days ahead of the machine's clock`. */
export function offsetText(milliseconds: number): string {
  let rest = Math.round(Math.abs(milliseconds) / 1000)
  const parts: string[] = []
  for (const [name, seconds] of UNITS) {
    const count = Math.floor(rest / seconds)
    rest -= count * seconds
    if (count > 0) parts.push(`${String(count)} ${name}${count === 1 ? '' : 's'}`)
  }
  if (parts.length === 0) return "the machine's time"
  return `${parts.join(' ')} ${milliseconds > 0 ? 'ahead of' : 'behind'} the machine's clock`
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
