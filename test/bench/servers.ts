import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A server in a process of its own. */
export interface Running {
  readonly name: string
  readonly port: number
  readonly directory: string | undefined
  /** Resident memory in bytes, now. */
  memory(): Promise<number>
  stop(): Promise<void>
}

/** The bare server to compare with: reads the request, answers what it was told to. */
export interface Bare extends Running {
  answerWith(answer: { readonly status: number; readonly contentType: string; readonly length: number }): Promise<void>
}

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

export async function startBare(): Promise<Bare> {
  const child = spawn(process.execPath, [here('./bare.js')], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const [port] = (await once(child, 'message')) as [number]
  return {
    ...running('bare node:http', child, port, undefined),
    async answerWith(answer) {
      child.send(answer)
      await once(child, 'message')
    },
  }
}

/**
 * As `npm start` does.
 * @param root the checkout whose build is started
 */
export async function startTwokey(
  name: string,
  root = here('../../../'),
  directory?: string,
): Promise<Running & { readonly startedIn: number }> {
  const data = directory ?? (await mkdtemp(join(tmpdir(), 'twokey-bench-')))
  const began = performance.now()
  const child = spawn(process.execPath, [join(root, 'dist/emulator/cli/main.js'), 'start'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env['PATH'], TWOKEY_PORT: '0', TWOKEY_DATA_DIR: data, TWOKEY_LOG: 'error' },
  })
  const text = await readyLine(child)
  const port = Number(/http:\/\/[\d.]+:(\d+)/.exec(text)?.[1])
  return { ...running(name, child, port, data), startedIn: performance.now() - began }
}

function readyLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    child.stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      if (text.includes('Ready.')) resolve(text)
    })
    child.once('exit', (code) => {
      reject(new Error(`the server stopped with status ${String(code)} before it was ready: ${text}`))
    })
  })
}

/** Nothing outlives the bench. */
const children = new Set<ChildProcess>()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL')
})

function running(name: string, child: ChildProcess, port: number, directory: string | undefined): Running {
  children.add(child)
  return {
    name,
    port,
    directory,
    async memory() {
      const status = await readFile(`/proc/${String(child.pid)}/status`, 'utf8')
      return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? '0') * 1024
    },
    async stop() {
      const gone = child.exitCode !== null ? undefined : once(child, 'exit')
      child.kill('SIGTERM')
      await gone
    },
  }
}

export async function discard(directory: string | undefined): Promise<void> {
  if (directory !== undefined) await rm(directory, { recursive: true, force: true })
}
