#!/usr/bin/env node
import { CliError } from './cliError.ts'

/** Each command is a module with `run(args)`; loaded when asked for, so that starting is quick. */
const COMMANDS: Readonly<Record<string, { readonly says: string; readonly load: () => Promise<Command> }>> = {
  start: { says: 'start the emulator', load: () => import('./start.ts') },
  explain: { says: 'why a request was allowed or denied, gate by gate', load: () => import('./explain.ts') },
  usage: { says: 'what KMS was asked, by key and service, and what it would cost', load: () => import('./usage.ts') },
  policy: { says: 'the least policies for what a principal did', load: () => import('./policy.ts') },
  scenario: { says: 'known denials as data: list and play them', load: () => import('./scenario.ts') },
  state: { says: 'export, import or reset the state', load: () => import('./state.ts') },
  clock: { says: "show or move the emulator's clock", load: () => import('./clock.ts') },
}

export interface Command {
  /** Whether what is still going on when it has ended is of no interest to anybody. */
  readonly endsAtOnce?: boolean
  /** @returns the exit status */
  run(args: readonly string[]): Promise<number>
}

async function main(args: readonly string[]): Promise<number> {
  const [name = 'help', ...rest] = args
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (!command) {
    const asked = ['help', '--help', '-h'].includes(name)
    const lines = Object.entries(COMMANDS).map(([word, { says }]) => `  ${word.padEnd(10)}${says}`)
    const text = `usage: twokey <command> [options]\n\n${lines.join('\n')}\n\n\`twokey <command> --help\` says more.\n`
    if (asked) process.stdout.write(text)
    else process.stderr.write(`there is no command \`${name}\`\n\n${text}`)
    return asked ? 0 : 2
  }
  const loaded = await command.load()
  const status = await loaded.run(rest)
  if (loaded.endsAtOnce === true) process.exit(status)
  return status
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  if (!(error instanceof CliError)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = error.status
}
