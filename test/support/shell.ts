import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { awsEnvironment, run, type Ran } from './commands.ts'
import { ACCOUNT, rootOf, type Credentials, type TestEmulator } from './emulator.ts'

/** A person's shell: a folder with files, and programs that are run in it against the emulator. */
export interface Shell {
  /** Runs a program to its end, whatever that is. */
  readonly run: (command: string, ...args: readonly string[]) => Promise<Ran>
  /** What a program printed. Throws with what it complained of when it failed. */
  readonly ok: (command: string, ...args: readonly string[]) => Promise<string>
  /** The same folder in the hands of somebody else. */
  readonly as: (credentials: Credentials) => Pick<Shell, 'run' | 'ok'>
  /** `aws kms …`, parsed; nothing printed is an empty object. */
  readonly kms: (...args: readonly string[]) => Promise<Readonly<Record<string, unknown>>>
  /** One member of what `aws kms …` prints, as text. `query` is a JMESPath. */
  readonly text: (query: string, ...args: readonly string[]) => Promise<string>
  /** One member that is a blob, into a file of its bytes. */
  readonly blob: (file: string, query: string, ...args: readonly string[]) => Promise<void>
  /** What `aws kms …` complains of. */
  readonly refusal: (...args: readonly string[]) => Promise<string>
  readonly write: (file: string, content: string | Uint8Array) => Promise<void>
  readonly read: (file: string) => Promise<Buffer>
  /** Removes the folder. */
  readonly leave: () => Promise<void>
}

export async function openShell(twokey: TestEmulator): Promise<Shell> {
  const cwd = await mkdtemp(join(tmpdir(), 'twokey-shell-'))
  const as = (credentials: Credentials): Pick<Shell, 'run' | 'ok'> => {
    const env = { ...awsEnvironment(twokey.url, credentials), TWOKEY_URL: twokey.url }
    const start: Shell['run'] = (command, ...args) => run(command, args, { cwd, env })
    return {
      run: start,
      async ok(command, ...args) {
        const { status, stdout, stderr } = await start(command, ...args)
        if (status !== 0) {
          throw new Error(`${command} ${args.join(' ')} ended with ${String(status)}: ${stderr}${stdout}`)
        }
        return stdout.trim()
      },
    }
  }
  const { run: start, ok } = as(rootOf(ACCOUNT))
  const text: Shell['text'] = (query, ...args) => ok('aws', 'kms', ...args, '--query', query, '--output', 'text')
  return {
    run: start,
    ok,
    as,
    async kms(...args) {
      const printed = await ok('aws', 'kms', ...args, '--output', 'json')
      return (printed === '' ? {} : JSON.parse(printed)) as Readonly<Record<string, unknown>>
    },
    text,
    async blob(file, query, ...args) {
      await writeFile(join(cwd, file), Buffer.from(await text(query, ...args), 'base64'))
    },
    async refusal(...args) {
      const { status, stdout, stderr } = await start('aws', 'kms', ...args)
      if (status === 0) throw new Error(`${args.join(' ')} was not refused: ${stdout}`)
      return stderr.replace(/^\n|\n$/g, '')
    },
    write: (file, content) => writeFile(join(cwd, file), content),
    read: (file) => readFile(join(cwd, file)),
    leave: () => rm(cwd, { recursive: true }),
  }
}
