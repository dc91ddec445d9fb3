import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { builtProgram } from './built.ts'

/** The built program, running as `twokey start` in a process of its own. */
export interface ServerProcess {
  readonly url: string
  readonly pid: number
  readonly child: ChildProcess
  /** Everything it has written so far, to both outputs. */
  output(): string
  /** Whether `kill` has been asked for. */
  killed(): boolean
  /** Ends it at once, as `kill -9` does; nothing is written any more. It may have ended before. */
  kill(): Promise<void>
  /** Asks it to end and waits. @returns the exit status */
  stop(): Promise<number>
}

/** Without settings of the shell it was started from. */
export function bareEnvironment(settings: Readonly<Record<string, string>>): Record<string, string | undefined> {
  const rest = Object.entries(process.env).filter(([name]) => !name.startsWith('TWOKEY_') && name !== 'NODE_OPTIONS')
  return { ...Object.fromEntries(rest), ...settings }
}

/**
 * Starts the built program on a free port and waits until it is ready. Throws with what it wrote when it ends before that.
 * @param settings `TWOKEY_…` variables
 */
export async function startServer(settings: Readonly<Record<string, string>>): Promise<ServerProcess> {
  const child = spawn(process.execPath, [builtProgram(), 'start'], {
    env: bareEnvironment({ TWOKEY_PORT: '0', ...settings }),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  const exited = once(child, 'exit') as Promise<[number | null]>
  const ready = new Promise<void>((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        output += chunk.toString()
        if (output.includes('Ready.\n')) resolve()
      })
    }
  })
  await Promise.race([
    ready,
    exited.then(([status]) => {
      throw new Error(`the server ended with ${String(status)} before it was ready:\n${output}`)
    }),
  ])
  let killed = false
  const url = /listens on (\S+)/.exec(output)?.[1] ?? ''
  return {
    url,
    pid: child.pid ?? 0,
    child,
    output: () => output,
    killed: () => killed,
    async kill() {
      killed = true
      child.kill('SIGKILL')
      await exited
    },
    async stop() {
      child.kill('SIGTERM')
      const [status] = await exited
      return status ?? -1
    },
  }
}
