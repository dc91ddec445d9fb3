import { parseArgs } from 'node:util'
import { keepLargeBuffers } from '../lib/largeBuffers.ts'
import { createEmulator, type Emulator } from '../server/app.ts'
import { DEFAULTS, readSettings, SETTINGS, SettingsError, type Settings } from '../server/settings.ts'
import type { Upstreams } from '../server/gateway/upstreams.ts'
import { loadSeed } from '../server/world/seed.ts'
import { WorldError } from '../server/world/world.ts'
import { CliError } from './cliError.ts'

/** `TWOKEY_DATA_DIR` is `--data-dir`. */
const flagOf = (variable: string) =>
  variable
    .replace(/^TWOKEY_/, '')
    .toLowerCase()
    .replaceAll('_', '-')

/** RSA keys that clients have asked for, and wait for no longer, would delay the end by seconds each. */
export const endsAtOnce = true

/** `twokey start`: runs until it is told to stop. Resolves to the exit status. */
export async function run(args: readonly string[]): Promise<number> {
  const settings = settingsFrom(args)
  if (!settings) return 0
  const began = process.hrtime.bigint()
  keepLargeBuffers()
  const log = (line: string) => {
    process.stderr.write(`${line}\n`)
  }
  const emulator = await startOrExplain(settings, log)
  await seedOrExplain(emulator, log)
  const url = await emulator.listen().catch(async (error: unknown) => {
    await emulator.close()
    throw new CliError(listenFault(error, settings))
  })
  const milliseconds = Number((process.hrtime.bigint() - began) / 1_000_000n)
  process.stdout.write(welcome(url, settings, milliseconds, emulator.tls?.url))
  await stopSignal()
  process.stdout.write('Stopping …\n')
  await emulator.close()
  return 0
}

async function startOrExplain(settings: Settings, log: (line: string) => void) {
  try {
    return await createEmulator(settings, log)
  } catch (error) {
    throw new CliError(error instanceof Error ? error.message : String(error), error instanceof SettingsError ? 2 : 1)
  }
}

/** A world that cannot be built leaves nothing behind: what was empty is empty again for the next attempt. */
async function seedOrExplain(emulator: Emulator, log: (line: string) => void): Promise<void> {
  const wasEmpty = emulator.isEmpty()
  try {
    await loadSeed(emulator, log)
  } catch (error) {
    if (wasEmpty) emulator.reset()
    await emulator.close()
    if (error instanceof WorldError) throw new CliError(error.message)
    throw error
  }
}

function settingsFrom(args: readonly string[]): Settings | undefined {
  const options = Object.fromEntries(SETTINGS.map(({ variable }) => [flagOf(variable), { type: 'string' as const }]))
  let values: Record<string, string | boolean | undefined>
  try {
    values = parseArgs({ args: [...args], options: { ...options, help: { type: 'boolean', short: 'h' } } }).values
  } catch (error) {
    throw new CliError(`${error instanceof Error ? error.message : String(error)}\n\n${usage()}`, 2)
  }
  if (values['help'] === true) {
    process.stdout.write(usage())
    return undefined
  }
  const environment: Record<string, string | undefined> = { ...process.env }
  for (const { variable } of SETTINGS) {
    const value = values[flagOf(variable)]
    if (typeof value === 'string') environment[variable] = value
  }
  try {
    return readSettings(environment)
  } catch (error) {
    if (error instanceof SettingsError) throw new CliError(error.message, 2)
    throw error
  }
}

const MEANING: Readonly<Record<keyof Settings, string>> = {
  host: 'where to listen',
  port: '0 takes any free one',
  tlsPort: 'HTTPS beside HTTP',
  dataDir: 'where the state is kept; `:memory:` keeps nothing',
  seed: 'a world file to load into an empty state',
  enforcement: '`soft` records denials, but lets the calls through',
  bootstrap: 'whether any account id with the secret "test" is that account\'s root',
  admin: 'whether /_twokey/ answers (`twokey explain` asks there)',
  fsync: 'wait for the disk before answering: a power cut loses nothing either',
  log: 'what is printed: `off`, `error`, `denials` or `requests`',
  idSeed: 'any text: the same identifiers in the same order',
  quotas: 'KMS quotas to enforce: `off`, `aws`, or a list like CreateKey=5,Keys=10',
  asyncDelay: 'how long EC2 takes for what it does after its answer, in milliseconds',
  nitroRoot: 'a PEM file of root certificates that attestation documents may chain to',
  xksEndpoints: 'where proxies of external key stores really are: https://xks.example.com=http://127.0.0.1:9000,…',
  upstreams: 'other mocks that authorized requests are forwarded to: http://moto:5000,sqs=http://elasticmq:9324',
  upstreamTimeout: 'how long a forwarded request waits for a sign of life, in milliseconds',
}

function usage(): string {
  const lines = SETTINGS.map(({ variable, key }) => {
    const fallback = DEFAULTS[key]
    const shown =
      fallback === undefined ? '' : ` (${typeof fallback === 'boolean' ? (fallback ? 'on' : 'off') : String(fallback)})`
    return `  --${flagOf(variable).padEnd(10)} ${variable.padEnd(17)} ${MEANING[key]}${shown}`
  })
  return `usage: twokey start [options]\n\nEach option is also an environment variable; what holds without it is in parentheses.\n\n${lines.join('\n')}\n`
}

/** What the terminal shows once requests are served. */
export function welcome(url: string, settings: Settings, milliseconds: number, tlsUrl?: string): string {
  const where = settings.dataDir === ':memory:' ? 'nothing is kept' : `state in ${settings.dataDir}`
  // Listening on every address is no address to call.
  const reached = url.replace('//0.0.0.0:', '//127.0.0.1:').replace('//[::]:', '//[::1]:')
  return [
    `Twokey listens on ${url} (${where}; ${settings.enforcement} enforcement; ${milliseconds} ms).`,
    settings.bootstrap
      ? `Credentials: any 12-digit account id with secret "test" is that account's root. Clients need AWS_ENDPOINT_URL=${reached}`
      : `Credentials: those that IAM made; the bootstrap door is closed. Clients need AWS_ENDPOINT_URL=${reached}`,
    ...(settings.upstreams ? [forwards(settings.upstreams)] : []),
    ...(settings.admin ? [`Console: ${reached}/_twokey/console shows each request, and why it was refused.`] : []),
    ...(tlsUrl === undefined
      ? []
      : [
          `HTTPS on ${tlsUrl}; clients trust it with AWS_CA_BUNDLE (node: NODE_EXTRA_CA_CERTS), from ${reached}/_twokey/ca.pem`,
        ]),
    'Ready.',
    '',
  ].join('\n')
}

function forwards({ byService, others }: Upstreams): string {
  const pairs = [...byService].map(([service, address]) => `${service} to ${address}`)
  if (others !== undefined) pairs.push(`what it does not have itself to ${others}`)
  return `Forwards, once authorized: ${pairs.join(', ')}.`
}

function listenFault(error: unknown, settings: Settings): string {
  const { host, tlsPort } = settings
  const { code, port = settings.port } = error as { code?: string; port?: number }
  const variable = port === tlsPort ? 'TWOKEY_TLS_PORT' : 'TWOKEY_PORT'
  if (code === 'EADDRINUSE')
    return `port ${port} on ${host} is taken; stop what listens there or choose another with ${variable} (0 = any free port)`
  if (code === 'EACCES') return `port ${port} may not be opened by this user; choose one above 1023 with ${variable}`
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    return `\`${host}\` is not an address of this machine; set TWOKEY_HOST to 127.0.0.1 or 0.0.0.0`
  return `cannot listen on ${host}:${port}: ${error instanceof Error ? error.message : String(error)}`
}

function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => {
        resolve()
      })
    }
  })
}
