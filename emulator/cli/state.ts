import { readFile, writeFile } from 'node:fs/promises'
import { CliError } from './cliError.ts'
import { ask } from './door.ts'

const USAGE = `usage: twokey state export [file] [--secrets]   write the state as JSON (to standard output without a file)
       twokey state import <file>                replace the state by an exported one
       twokey state reset                        empty everything

Without --secrets an export holds no key material and no credentials. The bytes of objects and snapshots are in none: to take them along,
stop the emulator and copy its data directory.
`

/** `twokey state`: what `GET` and `POST /_twokey/state` do, with files. */
export async function run(args: readonly string[]): Promise<number> {
  const secrets = args.includes('--secrets')
  const [verb, file] = args.filter((arg) => !arg.startsWith('--'))
  if (args.includes('--help') || verb === undefined) {
    process.stdout.write(USAGE)
    return verb === undefined && !args.includes('--help') ? 2 : 0
  }
  switch (verb) {
    case 'export':
      await write(`${JSON.stringify(await ask(`/state${secrets ? '?secrets=1' : ''}`), null, 1)}\n`, file)
      return 0
    case 'import':
      if (file === undefined) throw new CliError(USAGE, 2)
      process.stdout.write(imported(file, await ask('/state', { method: 'POST', body: await read(file) })))
      return 0
    case 'reset':
      await ask('/reset', { method: 'POST' })
      process.stdout.write('everything is empty\n')
      return 0
    default:
      throw new CliError(`there is no \`twokey state ${verb}\`\n\n${USAGE}`, 2)
  }
}

function imported(file: string, answer: unknown): string {
  const { missingBlobs } = answer as { readonly missingBlobs?: number }
  if (missingBlobs === undefined) return `imported ${file}\n`
  return `imported ${file}; bytes of objects or snapshots that it names are not in this data directory and cannot be read (blobs missing: ${String(missingBlobs)})\n`
}

async function write(text: string, file: string | undefined): Promise<void> {
  if (file === undefined) process.stdout.write(text)
  // It may hold secrets: for the owner's eyes only.
  else await writeFile(file, text, { mode: 0o600 })
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    throw new CliError(`cannot read \`${file}\`: ${error instanceof Error ? error.message : String(error)}`)
  }
}
