import { spawn, spawnSync } from 'node:child_process'
import { it } from '@jest/globals'
import { REGION, type Credentials } from './emulator.ts'

export interface Ran {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs a program to its end. */
export function run(
  command: string,
  args: readonly string[],
  options: { readonly env?: Readonly<Record<string, string>>; readonly cwd?: string; readonly input?: string } = {},
): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: options.cwd, env: { ...process.env, ...options.env } })
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
    child.on('error', reject)
    child.on('close', (status) => {
      resolve({ status: status ?? -1, stdout, stderr })
    })
    child.stdin.end(options.input)
  })
}

/** What every AWS client reads. Nothing of the person's own configuration may leak in. */
export function awsEnvironment(url: string, credentials: Credentials): Record<string, string> {
  return {
    AWS_ENDPOINT_URL: url,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    ...(credentials.sessionToken !== undefined && { AWS_SESSION_TOKEN: credentials.sessionToken }),
    AWS_DEFAULT_REGION: REGION,
    AWS_REGION: REGION,
    AWS_CONFIG_FILE: '/nonexistent',
    AWS_SHARED_CREDENTIALS_FILE: '/nonexistent',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_CA_BUNDLE: '',
    AWS_MAX_ATTEMPTS: '1',
    AWS_PAGER: '',
  }
}

/** Whether a client can be run here: `probe` must exit with 0. */
export const canRun = (command: string, ...probe: readonly string[]): boolean =>
  spawnSync(command, probe, { stdio: 'ignore' }).status === 0

/** A test that needs a client; where that is absent it is skipped, and its name says why. */
export function needs(
  present: boolean,
  client: string,
): (name: string, test: () => Promise<void>, timeout?: number) => void {
  return (name, test, timeout) => {
    if (present) it(name, test, timeout)
    else it.skip(`${name} (skipped: ${client} is not installed here)`, test)
  }
}
